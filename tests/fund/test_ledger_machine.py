"""Random lives of a fund's money: the books balance after every step, and no pot is overdrawn."""

import contextlib
from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from musubi.fund import actions, ledger
from musubi.fund.models import Contribution, Posting
from musubi.fund.states import Account
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests.factories.fund import general, make_contribution, make_fund


class Money(RuleBasedStateMachine):
    contributions = Bundle("contributions")

    def __init__(self):
        super().__init__()
        self.day = clock.standing_at(date(2025, 5, 1))
        self.life = transaction.atomic()
        self.day.__enter__()
        self.life.__enter__()
        self.fund = make_fund()
        self.pots = [general(self.fund), actions.earmark(self.fund, by=None, theme="海の環境")]
        self.committed = [0, 0]

    def teardown(self):
        transaction.set_rollback(True)
        self.life.__exit__(None, None, None)
        self.day.__exit__(None, None, None)

    @rule(target=contributions, pot=st.integers(0, 1), yen=st.integers(1, 10**15))
    def pledge(self, pot, yen):
        return make_contribution(self.pots[pot], yen=yen, state="pledged").pk

    @rule(pk=contributions)
    def receive(self, pk):
        self.attempt(lambda: actions.receive(Contribution.objects.get(pk=pk), by=None))

    @rule(pk=contributions)
    def cancel(self, pk):
        self.attempt(lambda: actions.cancel_pledge(Contribution.objects.get(pk=pk), by=None, reason="事情"))

    @rule(pk=contributions)
    def give_back(self, pk):
        self.attempt(
            lambda: actions.return_contribution(Contribution.objects.get(pk=pk), by=None, reason="事情")
        )

    @rule(pot=st.integers(0, 1), yen=st.integers(1, 10**15))
    def commit(self, pot, yen):
        def act():
            ledger.post(self.pots[pot], Account.FREE, Account.COMMITTED, yen, verb="award.decided", by=None)
            self.committed[pot] += yen

        self.attempt(act)

    def attempt(self, act):
        with contextlib.suppress(Refused):
            act()

    @invariant()
    def books_balance(self):
        for pot, committed in zip(self.pots, self.committed, strict=True):
            pot.refresh_from_db()
            held = ledger.balances(Posting.objects.filter(pot=pot))
            assert ledger.is_balanced(held)
            assert held[Account.FREE] == pot.available >= 0
            assert held[Account.COMMITTED] == committed
            received = sum(c.yen for c in Contribution.objects.filter(pot=pot, state="received"))
            assert pot.available == received - committed
            pledged = sum(c.yen for c in Contribution.objects.filter(pot=pot, state="pledged"))
            assert held[Account.PLEDGES] == pledged


@pytest.mark.django_db
def test_the_books_balance_whatever_happens():
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
