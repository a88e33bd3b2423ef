"""The budget calendar: from a trial's end back through budget request, review and the March assembly.

A municipality adopts what a trial showed with next year's money, and next year's money is asked for in autumn. A
trial that ends in January has missed it by three months; whoever plans it should know on that day, not after.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from musubi.ball.rules import limit
from musubi.cases.models import BudgetCalendar, Case, Trial
from musubi.cases.states import BUDGET_DAYS
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.era import era_year, format_date
from musubi.lib.errors import Refused
from musubi.lib.fiscal import fiscal_year, span
from musubi.lib.workdays import add_workdays, is_workday, workdays_between
from musubi.people.models import Municipality, User
from musubi.people.queries import closing_days
from musubi.people.rules import require_management

LABELS = {
    "trial_ends": "実証の終了",
    "decided": "報告と判定(見込み)",
    "hearing": "庁内ヒアリング",
    "request": "予算要求の締切",
    "review": "査定",
    "assembly_opens": "3月議会の開会",
    "assembly_votes": "予算の議決",
    "executed": "予算の執行",
}


@dataclass(frozen=True)
class Step:
    """One day on the way from the trial to the money. `workdays` counts from the trial's end, negative before it.

    `in_time` says whether the trial is decided by that day; None for the trial's own days.
    """

    kind: str
    on: date
    workdays: int
    in_time: bool | None

    @property
    def label(self) -> str:
        return LABELS[self.kind]

    @property
    def distance(self) -> int:
        """Business days between the trial's end and this day, whichever comes first."""
        return abs(self.workdays)


@dataclass(frozen=True)
class Timeline:
    """What next year's initial budget asks of a trial.

    `budget_year` is the fiscal year whose initial budget is prepared in the year the trial ends in; `decide_on` the
    day by which report and decision can be expected, `decide_days` business days after the end; `latest_end` the
    last day on which the trial could end and still be decided by the request. `is_usual` where the municipality
    has not set its own days.
    """

    starts_on: date
    ends_on: date
    decide_on: date
    decide_days: int
    budget_year: int
    steps: list[Step]
    latest_end: date
    is_usual: bool

    def day(self, kind: str) -> date:
        return next(step.on for step in self.steps if step.kind == kind)

    @property
    def request_on(self) -> date:
        return self.day("request")

    @property
    def is_late(self) -> bool:
        """Whether the decision comes after the request for the next year's initial budget."""
        return self.decide_on > self.request_on

    @property
    def reachable_year(self) -> int:
        """The first fiscal year whose initial budget can rest on what the trial shows."""
        return self.budget_year + self.is_late

    @property
    def words(self) -> str:
        """In words whether the next year's initial budget can rest on the trial, and what to do where it cannot."""
        year, request_on = _year(self.budget_year), _day(self.request_on)
        if not self.is_late:
            return (
                f"この実証は{_day(self.ends_on)}に終わり、報告と判定は{_day(self.decide_on)}までにできる見込みです。"
                f"{year}当初予算の要求締切({request_on})に間に合います。"
            )
        if self.ends_on > self.request_on:
            found = f"この実証は{_day(self.ends_on)}に終わるため、"
        else:
            found = (
                f"この実証は{_day(self.ends_on)}に終わり、報告と判定({self.decide_days}営業日)は"
                f"{_day(self.decide_on)}になるため、"
            )
        found += f"{year}当初予算の要求締切({request_on})に間に合いません。"
        later = f"補正予算か{_year(self.budget_year + 1)}当初予算での導入になります。"
        if self.latest_end <= self.starts_on:
            return found + later
        return found + f"{_last_whole_month(self.latest_end)}までに終えられなければ、{later}"


def calendar_of(municipality_id: int) -> tuple[dict[str, str], bool]:
    """({step: month and day}, whether these are the usual days because the municipality has not set its own)."""
    row = BudgetCalendar.objects.filter(municipality_id=municipality_id).values(*BUDGET_DAYS).first()
    return (dict(row), False) if row else (dict(BUDGET_DAYS), True)


@dataclass(frozen=True)
class Facts:
    """What a municipality's timelines rest on: its days, closing days, and business days for report and decision."""

    days: dict[str, str]
    is_usual: bool
    closed: frozenset[date]
    decide_days: int


def facts(municipality_id: int) -> Facts:
    """Read once for any number of timelines of one municipality. Three statements."""
    days, is_usual = calendar_of(municipality_id)
    closed = frozenset(closing_days(municipality_id))
    return Facts(days, is_usual, closed, limit(municipality_id, "case", "evaluation"))


def timeline(
    starts_on: date, ends_on: date, municipality: Municipality | int, *, known: Facts | None = None
) -> Timeline:
    """The steps from a trial with this period to the money, for a municipality (or its id), by its `facts`.

    The days of the calendar that fall on a holiday move to the business day before (the assembly opens on the one
    after). Report and decision are given the municipality's own limit for evaluation.
    """
    known = known or facts(municipality if isinstance(municipality, int) else municipality.pk)
    days, closed, decide_days = known.days, known.closed, known.decide_days
    decide_on = add_workdays(ends_on, decide_days, closed)
    year = fiscal_year(ends_on)
    on = {
        kind: _in_year(year, day, forward=kind == "assembly_opens", closed=closed)
        for kind, day in days.items()
    }
    on["executed"] = span(year + 1)[0]
    steps = [
        Step("trial_ends", ends_on, 0, None),
        Step("decided", decide_on, workdays_between(ends_on, decide_on, closed), None),
        *(
            Step(kind, day, workdays_between(ends_on, day, closed), decide_on <= day)
            for kind, day in on.items()
        ),
    ]
    order = list(LABELS)
    steps.sort(key=lambda step: (step.on, order.index(step.kind)))
    latest = on["request"]
    while add_workdays(latest, decide_days, closed) > on["request"]:
        latest -= timedelta(days=1)
    return Timeline(starts_on, ends_on, decide_on, decide_days, year + 1, steps, latest, known.is_usual)


def of_trial(trial: Trial, *, known: Facts | None = None) -> Timeline:
    """The timeline of a trial that is on the record."""
    return timeline(trial.starts_on, trial.ends_on, trial.municipality_id, known=known)


def next_request(municipality_id: int, *, known: Facts | None = None) -> tuple[date, int]:
    """(the next day on which an initial budget is requested, today included, and that budget's fiscal year)."""
    known, today = known or facts(municipality_id), clock.today()
    year = fiscal_year(today)
    found = _in_year(year, known.days["request"], forward=False, closed=known.closed)
    if found < today:
        year += 1
        found = _in_year(year, known.days["request"], forward=False, closed=known.closed)
    return found, year + 1


def warnings(line: Timeline, case: Case, *, deadline: date | None = None) -> list[str]:
    """What the plan's period and the case's adoption route (or another `deadline`) do not agree on, in words."""
    found = [line.words] if line.is_late else []
    deadline = deadline or case.adoption_deadline
    if deadline and deadline < line.decide_on:
        found.append(
            f"導入判断の期限({_day(deadline)})は、報告と判定ができる見込みの日({_day(line.decide_on)})より前です。"
            "期限を延ばすか、実証を早く終える必要があります。"
        )
    elif deadline and not line.is_late and deadline > line.request_on:
        found.append(
            f"導入判断の期限({_day(deadline)})が、{_year(line.budget_year)}当初予算の要求締切"
            f"({_day(line.request_on)})より後です。締切までの判断が必要です。"
        )
    return found


@transaction.atomic
def set_calendar(municipality: Municipality, *, by: User | None, **days: str) -> BudgetCalendar:
    """An administrator sets the days (`hearing="09-15"` and so on, all of `states.BUDGET_DAYS`).

    Raises NotAllowed unless `by` manages the municipality, Refused for a day that is none or comes before the
    step it follows. Timelines shown from now on go by it.
    """
    require_management(by, municipality)
    labels = {kind: str(BudgetCalendar._meta.get_field(kind).verbose_name) for kind in BUDGET_DAYS}
    before = None
    for kind, label in labels.items():
        try:
            month, number = map(int, days[kind].split("-"))
            # A year that is not a leap year: 29 February would be missing in three of four.
            day = date(2026 if month >= 4 else 2027, month, number)
        except (KeyError, ValueError) as error:
            raise Refused(
                f"「{label}」には、毎年ある月と日を入力してください。例: 10-31", field=kind
            ) from error
        if before and day < before[1]:
            raise Refused(
                f"「{label}」は「{before[0]}」より後の日にしてください(4月から3月の順に進みます)。",
                field=kind,
            )
        before = (label, day)
        days[kind] = f"{month:02d}-{number:02d}"
    row, _made = BudgetCalendar.objects.update_or_create(
        municipality=municipality, defaults={kind: days[kind] for kind in BUDGET_DAYS}
    )
    journal.write("budget_calendar.set", row, by=by, days={kind: days[kind] for kind in BUDGET_DAYS})
    return row


def _in_year(year: int, month_and_day: str, *, forward: bool, closed) -> date:
    """The day of a fiscal year, moved off a day on which the town hall is closed."""
    month, number = map(int, month_and_day.split("-"))
    day = date(year + (month < 4), month, number)
    while not is_workday(day, closed):
        day += timedelta(days=1 if forward else -1)
    return day


def _year(year: int) -> str:
    """`令和9年度`"""
    return f"{era_year(date(year, 10, 1))}度"


def _day(day: date) -> str:
    return format_date(day, weekday=False)


def _last_whole_month(day: date) -> str:
    """The last end of a month on or before a day: 9 October → 9月末."""
    following = day + timedelta(days=1)
    month = day.month if following.day == 1 else day.replace(day=1) - timedelta(days=1)
    return f"{month if isinstance(month, int) else month.month}月末"
