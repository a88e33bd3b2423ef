"""Who is told what about a fund: the committee, of what it has to score. Nothing of an application is said by mail."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from musubi.fund.models import Assignment, Call
from musubi.journal.models import Entry
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.models import User


@tells("call.assigned", _("採点のお願い"))
def assigned(entry: Entry) -> Iterator[Letter]:
    yield from _to_scorers(
        entry, "採点をお願いします: {call}", "「{call}」の採点表を、{count}件お渡ししました。{due}"
    )


@tells("call.nudged", _("採点の催促"), always=True)
def nudged(entry: Entry) -> Iterator[Letter]:
    yield from _to_scorers(
        entry, "採点をお待ちしています: {call}", "「{call}」の採点表が、まだ{count}件残っています。{due}"
    )


def _to_scorers(entry: Entry, title: str, body: str) -> Iterator[Letter]:
    """Each member named in the entry who has something to score now."""
    call = Call.objects.select_related("fund__municipality").get(pk=entry.object_id)
    waiting = Assignment.objects.filter(
        application__call=call, stage=entry.data["stage"], state="assigned"
    ).exclude(application__state="withdrawn")
    rows = list(waiting.values_list("member__user", "due_on"))
    for user in User.objects.filter(pk__in=entry.data.get("users", []), is_active=True).order_by("pk"):
        days = [due for pk, due in rows if pk == user.pk]
        if not days:
            continue
        due = min(filter(None, days), default=None)
        words = {
            "call": call.title,
            "count": len(days),
            "due": f"期限は{format_date(due)}です。" if due else "",
        }
        yield Letter(
            user,
            title.format(**words),
            body.format(**words) + "\n利害関係のある団体があれば、読み進める前に届け出てください。",
            f"/{call.fund.municipality.slug}/committee/",
        )
