"""Who is told when cases change hands: each person once, with a list, however many cases there are."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Case
from musubi.cases.queries import for_rows
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.models import Municipality, Representative, User

MOST_NAMED = 50


def _named(cases: Iterable[Case], *, due: bool) -> str:
    cases = list(cases)
    lines = []
    for case in cases[:MOST_NAMED]:
        line = f"・{case.ref} {case.title}"
        if due and case.ball_due_on:
            line += f"(ボール: {case.holder}、{format_date(case.ball_due_on)}まで)"
        lines.append(line)
    if len(cases) > MOST_NAMED:
        lines.append(f"ほか{len(cases) - MOST_NAMED}件")
    return "\n".join(lines)


def _cases(pks: list[int]) -> list[Case]:
    return list(for_rows(Case.objects.filter(pk__in=pks)).order_by("ball_due_on", "pk"))


def _book(slug: str, user: User) -> str:
    return f"/{slug}/staff/handover/people/{user.pk}/"


@tells("municipality.cases_handed_over", _("案件をまとめて引き継いだとき"))
def handed_over(entry):
    city = Municipality.objects.get(pk=entry.object_id)
    owner = User.objects.get(pk=entry.data["owner_id"])
    cases = _cases(entry.data["cases"])
    yield Letter(
        owner,
        f"案件{len(cases)}件の担当になりました",
        f"{entry.data['before']}さんから、次の案件を引き継ぎました。{entry.data['reason']}\n\n{_named(cases, due=True)}\n\n"
        "引継書に、約束したことと次の期限がまとめてあります。",
        _book(city.slug, owner),
    )


@tells("municipality.department_moved", _("担当課が変わったとき"))
def department_moved(entry):
    city = Municipality.objects.get(pk=entry.object_id)
    cases = _cases(entry.data["cases"])
    before, after = entry.data["before"], entry.data["department"]
    given = set(entry.data["given"])
    if entry.data["owner_id"]:
        owner = User.objects.get(pk=entry.data["owner_id"])
        mine = [case for case in cases if case.pk in given]
        yield Letter(
            owner,
            f"案件{len(mine)}件の担当になりました",
            f"{before}の仕事を{after}が引き継ぎ、次の案件の担当になりました。{entry.data['reason']}\n\n{_named(mine, due=True)}",
            _book(city.slug, owner),
        )
    for user, theirs in _by_representative(cases).items():
        first = theirs[0]
        path = f"/my/cases/{city.slug}/{first.ref}/" if len(theirs) == 1 else "/my/cases/"
        yield Letter(
            user,
            f"担当課が変わりました: {city} {after}",
            f"次の連携案件の担当課が、{before}から{after}に変わりました。これまでのやり取りと約束は、{after}が引き継ぎます。\n\n"
            f"{_named(theirs, due=False)}",
            path,
        )


def _by_representative(cases: list[Case]) -> dict[User, list[Case]]:
    acting: dict[int, list[User]] = {}
    ids = {pk for case in cases for pk in case.organisation_ids}
    rows = Representative.objects.filter(organisation__in=ids, ended_at=None, user__is_active=True)
    for row in rows.select_related("user").order_by("pk"):
        acting.setdefault(row.organisation_id, []).append(row.user)
    found: dict[User, list[Case]] = {}
    for case in cases:
        for user in dict.fromkeys(u for pk in case.organisation_ids for u in acting.get(pk, [])):
            found.setdefault(user, []).append(case)
    return found
