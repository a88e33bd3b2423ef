"""A year of a busy city, day by day through the actions, with a worker that dies at any statement and comes back.

The size is what one prefecture reported of a year: 901 activities with 74 organisations. `live` plays it for a seed;
whatever must hold is checked on the way, and what the worker should have reminded of is counted beside it from the
balls themselves, in plain business days, to be compared with what it did.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from django.db import connection
from django.db.models import Q

from musubi.ball.models import Reminder
from musubi.ball.queries import Lying, Watched
from musubi.ball.states import Step
from musubi.cases.models import Case
from musubi.cases.states import OPEN as OPEN_STAGES
from musubi.cases.tasks import CASES
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.workdays import is_workday, workdays_between
from musubi.notify import tasks as worker
from musubi.people.models import Organisation
from musubi.proposals.models import Proposal
from musubi.proposals.states import WAITING
from musubi.proposals.tasks import PROPOSALS, QUESTIONS
from tests import lives
from tests.factories.people import make_organisation, make_representative

ACTIVITIES, ORGANISATIONS = 901, 74
TRIES = 25
# Longer than any lease: what a dead worker had claimed is free again.
AFTER_A_DEATH = worker.CHORE_LEASE + timedelta(minutes=1)
TABLES: list[Watched] = [PROPOSALS, QUESTIONS, CASES]
# What a working day is made of; everything else that people can do happens now and then.
USUAL = {
    "draft_a_proposal": 6,
    "submit_a_proposal": 8,
    "route_a_proposal": 8,
    "answer_a_question": 9,
    "open_a_case": 6,
    "say_something": 30,
    "write_a_note": 5,
    "record_a_meeting": 8,
    "hand_the_ball": 5,
    "advance_a_case": 12,
    "agree_on_adoption": 3,
    "plan_a_trial": 3,
    "carry_a_trial_on": 4,
    "record_an_outcome": 3,
}


class Killed(BaseException):
    """The worker is gone, between two statements. No `except Exception` of the product may stop it."""


@contextmanager
def dying(at: int) -> Iterator[None]:
    """Within the block the statement number `at` (from 1) is not executed any more: the worker is dead."""
    left = at

    def count(execute, sql, params, many, context):
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield


@dataclass
class Year:
    """What happened so far, and what the reminders should be."""

    city: lives.City
    rng: Random
    activities: int = 0
    deaths: int = 0
    days_down: int = 0
    made: Counter = field(default_factory=Counter)
    # (table, id, since, due day) of a ball: the step it was last seen at by a worker that came through.
    seen: dict[tuple, int] = field(default_factory=dict)
    expected: set[tuple] = field(default_factory=set)

    @classmethod
    def begun(cls, seed: int) -> "Year":
        city = lives.City.founded()
        for _ in range(ORGANISATIONS - len(city.companies)):
            company = make_organisation()
            city.companies.append(company)
            city.representatives.append(make_representative(company))
        return cls(city, Random(seed))

    # --- people ----------------------------------------------------------------------------------------------

    def act(self) -> None:
        """One activity: a move is chosen and tried on this and that until it goes through, or another is chosen."""
        while True:
            usual = self.rng.random() < 0.85
            names = list(USUAL) if usual else sorted(lives.MOVES)
            name = self.rng.choices(names, [USUAL[n] for n in names] if usual else None)[0]
            if any(self._try(name) for _ in range(TRIES)):
                self.made[name] += 1
                self.activities += 1
                check_holders()
                return

    def _try(self, name: str) -> bool:
        try:
            lives.MOVES[name](self._near(), self.rng.choice)
        except (lives.Nothing, Refused):
            return False
        return True

    def _near(self) -> lives.City:
        """The city as one organisation sees it: mostly one that is in the middle of something."""
        busy = list(
            Organisation.objects.filter(
                Q(proposals__state__in=["draft", *WAITING]) | Q(cases__stage__in=OPEN_STAGES)
            )
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        companies = self.city.companies
        chosen = self.rng.randrange(len(companies))
        if busy and self.rng.random() < 0.8:
            wanted = self.rng.choice(busy)
            chosen = next(n for n, company in enumerate(companies) if company.pk == wanted)
        return replace(
            self.city,
            companies=[companies[chosen]],
            representatives=[self.city.representatives[chosen]],
        )

    # --- the worker ------------------------------------------------------------------------------------------

    def work(self) -> None:
        """The worker's round; it may die at any statement, and comes back once its claims have run out."""
        moment = clock.now()
        while True:
            with clock.standing_at(moment):
                try:
                    with dying(self.rng.randrange(1, 150) if self.rng.random() < 0.5 else 0):
                        self._round()
                except Killed:
                    self.deaths += 1
                    check_holders()
                    moment += AFTER_A_DEATH
                    continue
                self._see()
                return

    def _round(self) -> None:
        while worker.do_chores() + worker.tell_waiting() + worker.send_waiting():
            pass

    def _see(self) -> None:
        """What a worker that came through this morning must have reminded of, by the balls as they lie."""
        today = clock.today()
        if not is_workday(today):
            return
        for watched in TABLES:
            for thing in watched.lying(watched.of(self.city.municipality)):
                ball = (watched.kind, thing.pk, thing.since, thing.due_on)
                step = step_of(thing, today)
                if step and step > self.seen.get(ball, 0):
                    self.seen[ball] = step
                    self.expected.add((*ball, step))


def step_of(thing: Lying, today: date) -> Step | None:
    """The step of the reminders, said anew: one day before, on the day, and 1, 3 and 5 business days after it."""
    if thing.due_on > today:
        return Step.SOON if workdays_between(today, thing.due_on) <= 1 else None
    late = workdays_between(thing.due_on, today)
    if thing.due_on == today:
        return Step.TODAY
    for step, days in ((Step.DESK, 5), (Step.MANAGER, 3)):
        if late >= days:
            return step
    return Step.LATE


def check_holders() -> None:
    """Nothing that is open is without its one holder, and nothing that is closed has one."""
    for model, column, held in ((Proposal, "state", WAITING), (Case, "stage", OPEN_STAGES)):
        one = Q(ball_department=None, ball_organisation__isnull=False) | Q(
            ball_department__isnull=False, ball_organisation=None
        )
        nobody = Q(ball_department=None, ball_organisation=None)
        is_open = Q(**{f"{column}__in": held})
        assert not model.objects.exclude((is_open & one) | (~is_open & nobody)).exists()


def live(
    seed: int,
    *,
    start: date = date(2025, 4, 1),
    days: int = 365,
    activities: int = ACTIVITIES,
    made: type[Year] = Year,
) -> Year:
    """Play `days` days from `start` with so many activities, spread over the business days."""
    moment = clock.at(start, 9)
    with clock.standing_at(moment):
        year = made.begun(seed)
    down_until = moment
    working = [day for n in range(days) if is_workday(day := start + timedelta(days=n))]
    plan = Counter(year.rng.choices(working, k=activities))
    for n in range(days):
        day = start + timedelta(days=n)
        # About six times a year nobody notices for some days that the worker stands still.
        if year.rng.random() < 6 / 365:
            down_until = clock.at(day + timedelta(days=year.rng.randrange(2, 9)), 7)
        _one_day(year, day, down=clock.at(day, 8) < down_until, acts=plan[day])
    return year


def _one_day(year: Year, day: date, *, down: bool, acts: int) -> None:
    if down:
        year.days_down += 1
    else:
        with clock.standing_at(clock.at(day, 8, 5)):
            year.work()
    moment: datetime = clock.at(day, 13)
    for _ in range(acts):
        moment += timedelta(minutes=year.rng.randrange(1, 60))
        with clock.standing_at(moment):
            year.act()


def reminded(kinds: list[str]) -> set[tuple]:
    """What the worker has reminded of: (table, id, since, due day, step)."""
    return set(
        Reminder.objects.filter(kind__in=kinds).values_list("kind", "object_id", "since", "due_on", "step")
    )
