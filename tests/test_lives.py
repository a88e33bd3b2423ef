"""Random lives of challenges, proposals and cases, one move after the other: what must hold, holds at every step."""

from datetime import date, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests import lives

# Even chances: what Hypothesis draws itself leans to the first of a list, and lives stay short.
CHANCE = st.randoms(use_true_random=True)


class Lives(RuleBasedStateMachine):
    """A city founded on 1 July 2025. Every example is undone at its end."""

    def __init__(self):
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.moment = clock.at(date(2025, 7, 1))
        with clock.standing_at(self.moment):
            self.city = lives.City.busy()
        self.before = lives.states()
        self.made: list[str] = []
        self.news = True

    def teardown(self):
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    def play(self, name: str, rng: Random) -> None:
        entries = Entry.objects.count()
        self.moment += timedelta(minutes=1)
        note(name)
        try:
            with clock.standing_at(self.moment):
                lives.MOVES[name](self.city, rng.choice)
        except lives.Nothing:
            return
        except Refused as refusal:
            # A refusal says something, changes nothing and leaves no entry.
            assert (str(refusal) != "", Entry.objects.count(), lives.states()) == (True, entries, self.before)  # noqa: PT017
            return
        self.made.append(name)
        self.news = True

    @rule(rng=CHANCE)
    def anything(self, rng):
        self.play(rng.choice(sorted(lives.MOVES)), rng)

    # What usually follows, so that lives become long ones.

    @rule(rng=CHANCE)
    def a_proposal_goes_on(self, rng):
        names = ["submit_a_proposal", "route_a_proposal", "answer_a_question", "open_a_case"]
        self.play(rng.choice(names), rng)

    @rule(rng=CHANCE)
    def a_case_goes_on(self, rng):
        self.play(rng.choice(["say_something", "hand_the_ball", "advance_a_case"]), rng)

    @rule(rng=CHANCE)
    def a_case_bears_fruit(self, rng):
        self.play(rng.choice(["plan_a_trial", "carry_a_trial_on", "record_an_outcome"]), rng)

    @rule(days=st.sampled_from([1, 7, 90, 300]))
    def days_pass(self, days):
        self.moment += timedelta(days=days)

    @invariant()
    def all_holds(self):
        if not self.news:
            return
        self.news = False
        with clock.standing_at(self.moment):
            lives.check(self.city)
        now = lives.states()
        lives.check_moves(self.before, now)
        self.before = now


@pytest.mark.django_db
def test_random_lives_never_break_a_rule():
    played: set[str] = set()

    class Counted(Lives):
        def teardown(self):
            played.update(self.made)
            super().teardown()

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # The lives were lives: half of the moves went through at least once, and a case came as far as an outcome.
    assert {"open_a_case", "say_something", "advance_a_case", "record_an_outcome"} <= played
    assert len(played) > len(lives.MOVES) // 2, sorted(set(lives.MOVES) - played)
    print(len(played), sorted(set(lives.MOVES) - played))
