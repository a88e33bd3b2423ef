"""Who is told what about suggestions: an organisation that a challenge is introduced to it, and every week each
representative of new challenges that match."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from musubi.challenges.models import Challenge
from musubi.lib.era import format_date
from musubi.matching import reasons
from musubi.matching.models import Suggestion
from musubi.notify.registry import KINDS, Kind, Letter, tells
from musubi.people.models import User
from musubi.people.queries import representatives_of

STOP_PATH = "/accounts/preferences/"
SEARCHES_PATH = "/my/searches/"


def challenge_path(challenge: Challenge) -> str:
    return f"/{challenge.municipality.slug}/challenges/{challenge.ref}/"


@tells("suggestion.introduced", gettext_lazy("自治体からの課題の紹介(団体)"))
def introduced(entry):
    suggestion = Suggestion.objects.get(pk=entry.object_id)
    challenge = suggestion.challenge
    for user in representatives_of([suggestion.organisation_id]):
        with translation.override(user.language):
            names = {
                "city": challenge.municipality,
                "organisation": suggestion.organisation,
                "title": challenge.title,
                "ref": challenge.ref,
            }
            parts = [
                _("%(city)sから、%(organisation)sに課題「%(title)s」(%(ref)s)の紹介がありました。") % names,
                entry.data["words"],
            ]
            if why := [reasons.say(reason) for reason in suggestion.reasons]:
                parts.append("\n".join([_("候補になった理由:"), *(f"・{line}" for line in why)]))
            if challenge.deadline:
                parts.append(_("提案の締切: %(day)s") % {"day": format_date(challenge.deadline)})
            title = _("課題の紹介: %(title)s") % names
            yield Letter(user, title, "\n\n".join(parts), challenge_path(challenge))


# --- every week ----------------------------------------------------------------------------------------------


def _by_nobody_else(entry):
    return ()


WEEKLY = Kind("matching.weekly", gettext_lazy("合いそうな新しい課題(週に1通)"), True, False, _by_nobody_else)
KINDS |= {WEEKLY.verb: WEEKLY}


@dataclass(frozen=True)
class Line:
    """One challenge of a weekly digest, and in one sentence why this person is told of it."""

    challenge: Challenge
    why: str
    is_search: bool = False


def weekly(user: User, lines: Sequence[Line]) -> Letter:
    """What one person is told in the morning of a week. `lines` are not empty; written in the person's language."""
    count = ngettext("%(n)d件", "%(n)d件", len(lines)) % {"n": len(lines)}
    parts = [_("合いそうな新しい課題が%(count)sあります。") % {"count": count}]
    for line in lines:
        challenge = line.challenge
        rows = [f"・{challenge.title}({challenge.municipality.display_name} {challenge.ref})"]
        rows.append("  " + _("お知らせする理由: %(why)s") % {"why": line.why})
        if challenge.deadline:
            rows.append("  " + _("提案の締切: %(day)s") % {"day": format_date(challenge.deadline)})
        rows.append(f"  {settings.ORIGIN}{challenge_path(challenge)}")
        parts.append("\n".join(rows))
    stop = [_("このお知らせを止める: %(url)s") % {"url": f"{settings.ORIGIN}{STOP_PATH}"}]
    if any(line.is_search for line in lines):
        stop.append(_("保存した検索を直す・消す: %(url)s") % {"url": f"{settings.ORIGIN}{SEARCHES_PATH}"})
    parts.append("\n".join(stop))
    return Letter(user, _("合いそうな新しい課題 %(count)s") % {"count": count}, "\n\n".join(parts), "")
