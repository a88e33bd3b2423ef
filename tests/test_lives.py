"""Random lives of challenges, proposals and cases, one move after the other: what must hold, holds at every step."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests import lives

# What usually follows, so that lives become long ones.
OFTEN = [
    "ask_for_check",
    "publish_a_challenge",
    "draft_a_proposal",
    "submit_a_proposal",
    "route_a_proposal",
    "answer_a_question",
    "open_a_case",
    "say_something",
    "advance_a_case",
    "record_an_outcome",
]


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

    @initialize(rng=st.randoms(use_true_random=True))
    def is_given_its_luck(self, rng):
        # Even chances: what Hypothesis draws move by move repeats itself, and lives stay short.
        self.rng = rng

    def play(self, names: list[str]) -> None:
        name = self.rng.choice(names)
        entries = Entry.objects.count()
        self.moment += timedelta(minutes=1)
        note(name)
        try:
            with clock.standing_at(self.moment):
                lives.MOVES[name](self.city, self.rng.choice)
        except lives.Nothing:
            return
        except Refused as refusal:
            # A refusal says something, changes nothing and leaves no entry.
            assert (str(refusal) != "", Entry.objects.count(), lives.states()) == (True, entries, self.before)  # noqa: PT017
            return
        self.made.append(name)
        self.news = True

    @rule()
    def somebody_does_something(self):
        self.moment += timedelta(days=self.rng.choice([0] * 12 + [1, 7, 30, 200]))
        self.play(sorted(lives.MOVES) + 2 * OFTEN)

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
            max_examples=14,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # The lives were lives: half of the moves went through at least once, and a case came as far as an outcome.
    assert {"open_a_case", "say_something", "advance_a_case", "record_an_outcome"} <= played
    assert len(played) > len(lives.MOVES) // 2, sorted(set(lives.MOVES) - played)
