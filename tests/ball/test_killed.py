"""A worker killed at any statement of its morning round, and the one that comes after it."""

import random
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connection

from musubi.ball.models import Digest, Reminder
from musubi.cases import actions
from musubi.cases import tasks as cases
from musubi.lib import clock
from musubi.lib.workdays import is_workday
from musubi.notify import tasks as worker
from musubi.notify.models import Chore, Delivery, Notice
from musubi.proposals import actions as proposals
from musubi.proposals import tasks as proposal_tasks
from tests.ball.conftest import days
from tests.factories.cases import make_contact
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, LAST = date(2026, 4, 24), date(2026, 5, 15)  # with the holidays of early May between


class Killed(BaseException):
    """As if the process had been ended: nothing after it runs but the rollback of the open transaction."""


class Killer:
    """Ends the work at the n-th statement from now."""

    def __init__(self, n: int):
        self.left = n

    def __call__(self, execute, sql, params, many, context):
        if self.left == 0:
            raise Killed
        self.left -= 1
        return execute(sql, params, many, context)


@pytest.fixture
def busy():
    """Two municipalities, twelve cases and six proposals, due at the end of April and in the first half of May."""
    made = SimpleNamespace(cities=[])
    for n in range(2):
        city = make_municipality()
        section = make_department(city)
        desk, officer, manager = make_staff(city), make_staff(city, "officer", section), None
        manager = make_staff(city, "manager", section)
        organisation = make_organisation()
        make_representative(organisation)
        made.cities.append(city)
        for k in range(6):
            due_on = date(2026, 4, 24 + k) if k < 4 else date(2026, 5, 3 + k)
            with clock.standing_at(date(2026, 4, 20)):
                case = make_contact(city, organisation, officer=officer)
                to = organisation if k % 3 == 0 else section
                actions.hand_ball(case, to, by=manager, next_step="返事をする", due_on=due_on)
        with clock.standing_at(date(2026, 4, 22 + n)):
            for _ in range(2):
                make_proposal(city, organisation)
            asked = make_proposal(city, organisation)
            proposals.route(asked, [section], by=desk, due_on=date(2026, 5, 7))
    return made


def round_of_the_day() -> None:
    proposal_tasks.remind()
    cases.remind()
    cases.write_digests()


def told() -> list[tuple]:
    """Everything people were told: (day, whom, words), in any order."""
    rows = Notice.objects.filter(kind="ball.reminded").values_list("at", "user_id", "title", "body")
    mails = Delivery.objects.values_list("created_at", "user_id", "subject", "body")
    return sorted((clock_day(at), *rest) for at, *rest in [*rows, *mails])


def clock_day(moment) -> date:
    return moment.astimezone(clock.TOKYO).date()


def forget() -> None:
    for model in (Reminder, Digest, Delivery, Notice, Chore):
        model.objects.all().delete()
    connection.cursor().execute("DELETE FROM ball_round")


@pytest.mark.parametrize("seed", range(4))
def test_round_killed_at_any_statement_and_done_again_says_everything_once(busy, seed):
    for day in days(FIRST, LAST):
        with clock.standing_at(clock.at(day, 9)):
            round_of_the_day()
    undisturbed = told()
    assert len(undisturbed) > 100
    forget()

    dice, kills = random.Random(seed), 0
    for day in days(FIRST, LAST):
        with clock.standing_at(clock.at(day, 9)):
            while True:
                try:
                    with connection.execute_wrapper(Killer(dice.randrange(3, 60))):
                        round_of_the_day()
                    break
                except Killed:
                    kills += 1
    assert kills > 10
    assert told() == undisturbed


def test_every_step_is_told_once_and_on_business_days_whenever_the_worker_was_there(busy):
    dice = random.Random(7)
    for day in days(FIRST, LAST):
        for hour in range(6, 20, 2):
            if dice.random() < 0.3:
                with clock.standing_at(clock.at(day, hour)):
                    round_of_the_day()
    steps = list(Reminder.objects.values_list("kind", "object_id", "since", "due_on", "step", "at"))
    assert len(steps) > 20
    assert len({row[:5] for row in steps}) == len(steps)
    moments = [row[5].astimezone(clock.TOKYO) for row in steps]
    assert all(is_workday(moment.date()) and moment.hour >= 8 for moment in moments)
    assert all(is_workday(day) for day in Digest.objects.values_list("day", flat=True))
    for user, day in Digest.objects.values_list("user", "day"):
        sent = Delivery.objects.filter(user=user)
        assert sum(clock_day(mail.created_at) == day for mail in sent) == 1


def test_worker_does_the_rounds_by_itself_in_a_year_that_is_played(busy, monkeypatch):
    """The registered work, on a clock that is set: each municipality's morning once a business day, late or not."""
    worker.discover()
    monkeypatch.setattr(
        worker,
        "PERIODIC",
        {
            name: task
            for name, task in worker.PERIODIC.items()
            if task.do in (proposal_tasks.remind, cases.remind, cases.write_digests)
        },
    )
    assert len(worker.PERIODIC) == 3
    for day in days(FIRST, LAST):
        with clock.standing_at(clock.at(day, 9)):
            round_of_the_day()
    undisturbed = told()
    forget()

    dice = random.Random(1)
    for day in days(FIRST, LAST):
        for minute in range(0, 24 * 60, 10):
            with clock.standing_at(clock.at(day, minute // 60, minute % 60)):
                if minute == 9 * 60 and dice.random() < 0.5:
                    try:
                        with connection.execute_wrapper(Killer(dice.randrange(60))):
                            worker.do_chores()
                    except Killed:
                        continue
                elif not 8 * 60 <= minute < 9 * 60:  # nobody works between eight and nine
                    worker.do_chores()
    assert told() == undisturbed
