"""The rows of the radar's list: one case each, with its sign, why, and the one thing to do next."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.ball.rules import nudged_today
from musubi.cases.models import Case
from musubi.cases.queries import for_rows
from musubi.cases.radar.pace import Paces
from musubi.cases.radar.reasons import Reason, Record, reasons_of
from musubi.cases.radar.remedies import Help, Remedies
from musubi.cases.radar.signs import Standing, standings
from musubi.cases.states import CASE
from musubi.people.models import Municipality
from musubi.people.permissions import Can, may
from musubi.www.case_record import is_mine
from musubi.www.staff.cases import NEEDS
from musubi.www.staff.radar_line import chips
from musubi.www.staff.trials import ACTS as TRIAL_ACTS

WAITING = ("no_reply", "not_asked", "unanswered", "elsewhere", "ball_late")
"""The reasons for which others wait for whoever has the ball."""


@dataclass(frozen=True)
class Row:
    case: Case
    standing: Standing
    state: object
    href: str
    reasons: list[Reason]
    help: Help | None
    button: tuple[str, str]
    """The address and the words of the one button."""
    nudge: str = ""
    """Where to ask whoever lets the others wait once more (POST); blank where that is not what is missing."""
    is_nudged: bool = False
    """Whether they were asked today already."""

    @property
    def signs(self) -> list[tuple]:
        """(label, tone, shape) of each sign."""
        return chips(self.standing)

    @property
    def usual(self) -> str:
        return self.standing.usual_words(self.case.lead.name)


def rows(ids: list[int], paces: Paces, municipality: Municipality, user) -> list[Row]:
    """The rows for one page of cases, in their order: a constant number of statements."""
    chosen = Case.objects.filter(pk__in=ids)
    cases = {case.pk: case for case in for_rows(chosen.order_by())}
    where = {each.case_id: each for each in standings(chosen, paces)}
    record, remedies = Record(cases.values()), Remedies(municipality.pk)
    nudged = nudged_today(cases.values(), "case.nudged", municipality.pk)
    # One that ended between two readings is simply not there any more.
    return [
        _row(cases[pk], where[pk], municipality, user, record, remedies, pk in nudged)
        for pk in ids
        if pk in cases and pk in where
    ]


def _row(
    case: Case,
    standing: Standing,
    municipality,
    user,
    record: Record,
    remedies: Remedies,
    is_nudged: bool,
) -> Row:
    reasons = reasons_of(case, standing, record)
    help = remedies.help(standing.stage, record.last_word(case), reasons[0]) if reasons else None
    href = reverse("staff-case", args=[municipality.slug, case.ref])
    button = _button(case, help, href, user) or (href, _("案件を開く"))
    nudge = _nudge(case, standing, reasons, user)
    return Row(case, standing, CASE[case.stage], href, reasons, help, button, nudge, is_nudged)


def _nudge(case: Case, standing: Standing, reasons: list[Reason], user) -> str:
    if not standing.is_overdue or not reasons or reasons[0].code not in WAITING or is_mine(case, user):
        return ""
    if not may(user, NEEDS["nudge"], case):
        return ""
    return reverse("staff-case-act", args=[case.municipality.slug, case.ref, "nudge"])


def _button(case: Case, help: Help | None, href: str, user) -> tuple[str, str] | None:
    """Straight to the form that does it, standing open; None where there is nothing to do or it is not theirs to do."""
    if help is None:
        return None
    if help.trial is not None:
        if not may(user, TRIAL_ACTS[help.act][0], case):
            return None
        address = reverse("staff-trial", args=[case.municipality.slug, case.ref, help.trial])
        return f"{address}#act-{help.act}", help.label
    if help.agreement:
        return reverse("staff-agreement", args=[case.municipality.slug, help.agreement]), help.label
    if help.act == "meetings":
        return (f"{href}#meetings", help.label) if may(user, Can.SPEAK_IN_CASE, case) else None
    if not may(user, NEEDS[help.act], case):
        return None
    return f"{href}?act={help.act}#act-{help.act}", help.label
