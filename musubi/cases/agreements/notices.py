"""Who is told what about agreements: the desk, and the department they belong to."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Agreement
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.queries import desk_of, people_of


def _path(agreement: Agreement) -> str:
    return f"/{agreement.municipality.slug}/staff/agreements/{agreement.ref}/"


def _to_desk(agreement: Agreement, title: str, body: str, *, department: bool = False):
    """The desk, and the department where it is to act too; nobody twice."""
    told = list(people_of(desk_of(agreement.municipality_id)))
    if department and not agreement.department.is_desk:
        told += [user for user in people_of(agreement.department) if user not in told]
    for user in told:
        yield Letter(user, title, body, _path(agreement))


@tells("agreement.expiring", _("協定の満了が近い"))
def expiring(entry):
    agreement = Agreement.objects.get(pk=entry.object_id)
    if agreement.state != "active":
        return
    day = format_date(date.fromisoformat(entry.data["expires_on"]))
    if successor := Agreement.objects.filter(succeeds=agreement).first():
        what = f"更新の協定({successor.ref})を手続中です。それまでに締結してください。"
    else:
        what = "更新するか、満了で終えるかを決めてください。更新は協定の画面の「更新する」で始められます。"
    yield from _to_desk(
        agreement,
        f"協定の満了まであと{entry.data['days']}日: {agreement.title}",
        f"協定「{agreement.title}」({agreement.ref})は{day}に満了します。\n{what}",
        department=True,
    )


@tells("agreement.expired", _("協定の満了"))
def expired(entry):
    agreement = Agreement.objects.get(pk=entry.object_id)
    yield from _to_desk(
        agreement,
        f"協定が満了しました: {agreement.title}",
        f"協定「{agreement.title}」({agreement.ref})は満了しました。続けるときは、協定の画面の「更新する」から新しい協定を作れます。",
        department=True,
    )


@tells("agreement.lulled", _("協定の休眠"))
def lulled(entry):
    agreement = Agreement.objects.get(pk=entry.object_id)
    if agreement.dormant_since is None:
        return
    day = format_date(date.fromisoformat(entry.data["moved_on"]))
    yield from _to_desk(
        agreement,
        f"休眠している協定: {agreement.title}",
        f"協定「{agreement.title}」({agreement.ref})の下の案件に、{day}から180日以上動きがありません。\n"
        "相手の団体に声をかけるか、次の案件を開くか、終えるかを所管課と話してください。案件が動けば、休眠は自動で解けます。",
    )
