"""Random lives of calls and applications, from money in to the last yen back.

After every single action: the books balance in every pot and say of each award what its records say, nothing is
committed that is not there, every application moved along the table or not at all, and no applicant sees a result
before the release.
"""

import contextlib
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from musubi.fund import actions, ledger
from musubi.fund.models import Application, Assignment, Award, Change, Claim, Contribution, Payment, Posting
from musubi.fund.queries import applications_for, sheets_of
from musubi.fund.states import APPLICATION, Account, Stage
from musubi.fund.ties import ties
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
)
from tests.factories.fund import (
    screen as screen_all,
)
from tests.factories.people import make_organisation, make_user
from tests.fund.after import INSPECTED

BEFORE_A_RESULT = {"draft", "submitted", "returned", "withdrawn"}
# One action, two moves: nothing is left to be paid or to come back.
AT_ONCE = {("reported", "settled")}
# What is likely to come next, so that lives get old; now and then anything at all is tried.
NEXT = {
    "submitted": ["check", "check", "hand_back"],
    "returned": ["file", "withdraw"],
    "second_passed": ["prepare"],
    "reserve": ["award", "award", "drop"],
    "awarded": ["accept", "ask", "pay", "report", "change", "revoke"],
    "change_requested": ["decide_change", "decide_change", "pay", "unpay"],
    "advanced": ["ask", "pay", "unpay", "report", "report", "change", "revoke"],
    "reported": ["pay", "unpay", "fix", "fix", "fix", "revoke"],
    "fixed": ["pay", "give_back", "give_back", "revoke"],
    "settled": ["tax", "outcome", "give_back", "unpay", "take_again", "revoke"],
    "outcome_reported": ["tax", "give_back", "take_again", "revoke"],
    "revoked": ["give_back", "take_again"],
}
ANYTHING = sorted({verb for verbs in NEXT.values() for verb in verbs})
percents = st.integers(1, 100)


class Lives(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.life = transaction.atomic()
        self.life.__enter__()
        self.moment = clock.at(date(2025, 5, 1))
        with clock.standing_at(self.moment):
            self.fund = make_fund()
            self.pots = [general(self.fund), actions.earmark(self.fund, by=None, theme="海の環境")]
            self.edition = make_edition(self.fund.municipality, has_reserve=True, tax="report")
            self.organisations = [make_organisation() for _ in range(3)]
            self.members = make_committee(self.fund, 3)
            employed = {"user": make_user(), "employer": self.organisations[0]}
            self.members.append(actions.appoint_member(self.fund, by=None, **employed))
        self.states: dict[int, str] = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.life.__exit__(None, None, None)

    def attempt(self, act):
        """One action, which may be refused; whatever else it raises is a fault. Then everything is looked at."""
        with clock.standing_at(self.moment), contextlib.suppress(Refused):
            act()
        self.look()

    # --- what happens --------------------------------------------------------------------------------------------

    @rule(pot=st.integers(0, 1), yen=st.integers(1, 30), state=st.sampled_from(["pledged", "received"]))
    def give(self, pot, yen, state):
        giver = self.organisations[yen % 3]
        self.attempt(
            lambda: make_contribution(self.pots[pot], yen=yen * 99_999, state=state, organisation=giver)
        )

    @rule(number=st.integers(0, 9))
    def give_a_contribution_back(self, number):
        if rows := list(Contribution.objects.filter(state="received")):
            row = rows[number % len(rows)]
            self.attempt(lambda: actions.return_contribution(row, by=None, reason="振込先の誤り"))

    @precondition(lambda self: self.fund.calls.count() < 2)
    @rule(
        states=st.lists(
            st.sampled_from(["draft", "submitted", "returned", "withdrawn", *["checked"] * 5]),
            min_size=3,
            max_size=5,
        )
    )
    def call_for_applications(self, states):
        def act():
            call = make_call(self.fund, edition=self.edition)
            for number, state in enumerate(states):
                make_application(call, organisation=self.organisations[number % 3], state=state)

        self.attempt(act)

    @rule(days=st.integers(1, 40))
    def wait(self, days):
        self.moment += timedelta(days=days)

    @precondition(lambda self: self.fund.calls.filter(state="published").exists())
    @rule()
    def end_the_window(self):
        call = self.fund.calls.filter(state="published").first()
        self.attempt(lambda: actions.begin_screening(call, by=None))
        self.moment = max(self.moment, call.closes_at)
        self.attempt(lambda: actions.begin_screening(call, by=None))

    @precondition(lambda self: self.fund.calls.filter(state="screening").exists())
    @rule(member=st.integers(0, 3), organisation=st.integers(0, 2))
    def declare(self, member, organisation):
        who, what = self.members[member], self.organisations[organisation]
        if member == organisation:  # not everybody with everybody: somebody has to be left to score
            self.attempt(
                lambda: actions.declare_interest(who, by=who.user, organisation=what, words="親族が勤める")
            )

    @precondition(lambda self: self.fund.calls.filter(state="screening").exists())
    @rule(data=st.data(), stages=st.sampled_from([[Stage.FIRST], list(Stage), list(Stage), list(Stage)]))
    def screen(self, data, stages):
        call = self.fund.calls.filter(state="screening").first()
        for stage in stages:
            self.score(call, stage, data)
            state = {Stage.FIRST: "checked", Stage.SECOND: "first_passed"}[stage]
            here = list(call.applications.filter(state=state).order_by("pk").values_list("pk", flat=True))
            fails = data.draw(st.sampled_from([None, None, *here]))
            # Whoever fails, and whoever passes below the marks.
            reasons = dict.fromkeys(here, "委員会で話し合った。")
            self.attempt(
                lambda passed={*here} - {fails}, reasons=reasons, stage=stage: actions.decide_stage(
                    call, by=None, stage=stage, passed=passed, reasons=reasons
                )
            )

    def score(self, call, stage, data):
        self.attempt(lambda: actions.assign(call, by=None, stage=stage))
        sheets = Assignment.objects.filter(application__call=call, stage=stage, state="assigned").order_by(
            "pk"
        )
        criteria = list(self.edition.criteria.filter(stage=stage))
        given = data.draw(st.integers(0, 5))
        # Now and then the first sheet is not scored, and the stage cannot be decided.
        for number, sheet in enumerate(sheets[data.draw(st.sampled_from([0, 0, 0, 1])) :]):
            points = {row.pk: (given + number) % 6 for row in criteria}
            self.attempt(
                lambda one=sheet, points=points: actions.score(one, by=one.member.user, points=points)
            )

    @precondition(lambda self: self.fund.calls.filter(state="screening", first_released_at=None).exists())
    @rule(data=st.data(), is_ready=st.sampled_from([True, True, False]))
    def release_first(self, data, is_ready):
        call = self.fund.calls.filter(state="screening", first_released_at=None).first()
        if is_ready:
            for application in call.applications.filter(state__in=["submitted", "returned", "checked"]):
                self.withdraw(application, data)
        self.attempt(lambda: actions.release_first(call, by=None))

    @precondition(lambda self: self.fund.calls.filter(state="screening").exists())
    @rule(data=st.data(), is_ready=st.sampled_from([True, True, True, False]))
    def release(self, data, is_ready):
        call = self.fund.calls.filter(state="screening").first()
        if is_ready:
            for application in call.applications.filter(state__in=["submitted", "returned"]):
                self.withdraw(application, data)
            for application in call.applications.filter(state="second_passed"):
                self.prepare(application, data)
        self.attempt(lambda: actions.release(call, by=None))

    @precondition(lambda self: Application.objects.exists())
    @rule(data=st.data(), steps=st.integers(5, 12))
    def live(self, data, steps):
        for _ in range(steps):
            application = data.draw(st.sampled_from(list(Application.objects.order_by("pk"))))
            likely = NEXT.get(application.state, [])
            verb = data.draw(st.sampled_from([*likely * 4, *ANYTHING]))
            getattr(self, verb)(application, data)

    # --- what may become of an application -----------------------------------------------------------------------

    def check(self, application, data):
        self.attempt(lambda: actions.check_application(application, by=None))

    def hand_back(self, application, data):
        self.attempt(
            lambda: actions.return_application(application, by=None, remarks="内訳を書いてください。")
        )

    def file(self, application, data):
        self.attempt(
            lambda: actions.file_application(application, by=application.filed_by or self.person(application))
        )

    def withdraw(self, application, data):
        self.attempt(lambda: actions.withdraw_application(application, by=self.person(application)))

    def split(self, data) -> tuple[int, dict[int, int]]:
        yen = 8_000 * data.draw(percents)
        sea = yen * data.draw(st.integers(0, 100)) // 100
        return yen, {self.pots[0].pk: yen - sea, self.pots[1].pk: sea}

    def prepare(self, application, data):
        yen, shares = self.split(data)
        outcome = data.draw(st.sampled_from(["awarded", "awarded", "reserve", "not_awarded"]))
        self.attempt(
            lambda: actions.prepare_decision(
                application, by=None, outcome=outcome, reasons="講評。", yen=yen, shares=shares, serves=shares
            )
        )

    def award(self, application, data):
        yen, shares = self.split(data)
        self.attempt(
            lambda: actions.award_from_reserve(application, by=None, yen=yen, shares=shares, serves=shares)
        )

    def drop(self, application, data):
        self.attempt(lambda: actions.drop_reserve(application, by=None, reason="財源がないため"))

    def accept(self, application, data):
        self.of_award(application, lambda award, by: actions.accept_award(award, by=by))

    def ask(self, application, data):
        def act(award, by):
            if award.accepted_at is None:
                actions.accept_award(award, by=by)
            actions.request_advance(award, by=by, yen=award.yen * part // 100, reason="準備のため")

        part = data.draw(percents)
        self.of_award(application, act)

    def pay(self, application, data):
        if payment := Payment.objects.filter(award__application=application, state="requested").first():
            if data.draw(st.integers(0, 5)):
                self.attempt(lambda: actions.pay(payment, by=None))
            else:
                self.attempt(lambda: actions.cancel_payment(payment, by=None, reason="取りやめるため"))

    def unpay(self, application, data):
        """A payment was recorded by mistake."""
        if rows := list(Payment.objects.filter(award__application=application, state="paid").order_by("pk")):
            row = data.draw(st.sampled_from(rows))
            self.attempt(lambda: actions.reverse_payment(row, by=None, reason="日付の誤り"))

    def take_again(self, application, data):
        """A return was recorded by mistake."""
        rows = list(
            Claim.objects.filter(award__application=application, returned_on__isnull=False).order_by("pk")
        )
        if rows:
            row = data.draw(st.sampled_from(rows))
            self.attempt(lambda: actions.reverse_return(row, by=None, reason="相手の誤り"))

    def change(self, application, data):
        kind, part = data.draw(st.sampled_from(["amount", "amount", "content", "stop"])), data.draw(percents)
        self.of_award(
            application,
            lambda award, by: actions.request_change(
                award, by=by, kind=kind, reason="規模の縮小", yen=award.yen * part // 100
            ),
        )

    def decide_change(self, application, data):
        approve = data.draw(st.booleans())
        if change := Change.objects.filter(award__application=application).order_by("pk").last():
            self.attempt(
                lambda: actions.decide_change(change, by=None, approve=approve, words="確認したため")
            )

    def report(self, application, data):
        spent = 12_345 * data.draw(percents)
        costs = [{"category": "wages", "label": "担当者", "yen": spent}]

        def act(award, by):
            actions.save_report(award, by=by, done="藻場を増やした。", effect="1ha増えた。", costs=costs)
            actions.file_report(award, by=by)

        self.of_award(application, act)

    def fix(self, application, data):
        self.of_award(
            application,
            lambda award, by: actions.fix_amount(
                award, by=None, inspection=INSPECTED, without_evidence="現地で確認した"
            ),
        )

    def give_back(self, application, data):
        if claim := Claim.objects.filter(award__application=application, returned_on=None).first():
            self.moment += timedelta(days=data.draw(st.sampled_from([0, 10, 40])))
            self.attempt(lambda: actions.receive_return(claim, by=None))

    def tax(self, application, data):
        part = data.draw(st.integers(0, 100))
        self.of_award(
            application,
            lambda award, by: actions.report_tax(award, by=by, yen=(award.final_yen or 0) * part // 100),
        )

    def outcome(self, application, data):
        self.of_award(
            application, lambda award, by: actions.report_outcome(award, by=by, outcome="1ha増えた。")
        )

    def revoke(self, application, data):
        if not data.draw(st.integers(0, 3)):
            self.of_award(application, lambda award, by: actions.revoke(award, by=None, reason="違反のため"))

    def of_award(self, application, act):
        if award := Award.objects.filter(application=application).first():
            self.attempt(lambda: act(award, application.filed_by))

    def person(self, application):
        return application.filed_by or application.organisation.representatives.first().user

    # --- what must hold ------------------------------------------------------------------------------------------

    def look(self):
        self.look_at_pots()
        for award in Award.objects.all():
            self.look_at_award(award)
        calls = {call.pk: call for call in self.fund.calls.all()}
        for application in Application.objects.select_related("call"):
            before = self.states.get(application.pk)
            step = before, application.state
            assert before in (None, application.state) or APPLICATION.allows(*step) or step in AT_ONCE, step
            self.states[application.pk] = application.state
            call = calls[application.call_id]
            if call.released_at is None:
                self.look_behind_the_curtain(application, call)
            if application.filed_by:
                own = applications_for(application.filed_by).get(pk=application.pk)
                assert own.shown == application.shown_state
        crossed = ties(self.members, Application.objects.all())
        for member in self.members:
            for sheet in sheets_of(member.user):
                assert (member.pk, sheet.application_id) not in crossed

    def look_behind_the_curtain(self, application, call):
        """Before the release nobody knows a result: after that of the first screening, who failed it knows just that."""
        assert not hasattr(application, "award")
        if application.state == "first_failed" and call.first_released_at:
            assert application.shown_state == "first_failed"
            assert application.reason == application.decision.reasons
            return
        assert application.state == "withdrawn" or application.reason == ""
        may_be_known = {"withdrawn", "first_passed"} if call.first_released_at else BEFORE_A_RESULT
        assert application.shown_state in may_be_known or application.state == "draft"
        if call.first_released_at:
            assert application.state not in ("submitted", "returned", "checked")

    def look_at_pots(self):
        for pot in self.pots:
            pot.refresh_from_db()
            held = ledger.balances(Posting.objects.filter(pot=pot))
            assert ledger.is_balanced(held)
            assert held[Account.FREE] == pot.available
            assert min(held.values()) >= 0
            received = sum(row.yen for row in Contribution.objects.filter(pot=pot, state="received"))
            stands = Posting.objects.filter(pot=pot, reversed_by=None)
            late = sum(row.yen for row in stands.filter(verb="claim.late_charge"))
            spent = sum(row.yen for row in stands.filter(verb="payment.paid"))
            back = sum(row.yen for row in stands.filter(verb="claim.returned", debit="cash"))
            assert held[Account.CASH] == received + late - spent + back
            assert held[Account.COMMITTED] + held[Account.PAYABLE] <= received + late

    def look_at_award(self, award):
        held = ledger.balances(award.postings.exclude(verb__startswith="claim.late_charge"))
        paid = sum(row.yen for row in award.payments.filter(state="paid"))
        claims = list(award.claims.all())
        owed = sum(row.yen for row in claims if row.returned_on is None)
        returned = sum(row.yen for row in claims if row.returned_on is not None)
        rest = sum(row.yen for row in award.payments.filter(kind="rest", state="requested"))
        assert sum(share.yen for share in award.shares.all()) == award.yen
        assert -held[Account.CASH] == paid - returned
        assert held[Account.CLAIMS] == owed
        assert held[Account.PAYABLE] == rest
        assert returned + owed <= paid <= award.first_yen
        if award.final_yen is None and award.revoked_on is None:
            assert (held[Account.COMMITTED], held[Account.ADVANCES]) == (award.yen, paid)
        else:
            assert (held[Account.COMMITTED], held[Account.ADVANCES]) == (owed, 0)
        if award.application.state in ("settled", "outcome_reported") and not owed:
            tax = sum(row.yen for row in claims if row.kind == "tax")
            assert paid - returned == award.final_yen - tax
        if award.application.state == "revoked":
            assert paid == returned + owed


class Awarded(Lives):
    """Lives that begin where four were awarded and one waits in reserve."""

    def __init__(self):
        super().__init__()
        with clock.standing_at(self.moment):
            for pot in self.pots:
                make_contribution(pot, yen=2_000_000)
            call = make_call(self.fund, edition=self.edition)
            for _ in range(5):
                make_application(call)
        self.moment = clock.at(date(2025, 8, 25))
        shares = {self.pots[0].pk: 333_333, self.pots[1].pk: 466_667}
        with clock.standing_at(self.moment):
            for number, application in enumerate(screen_all(call)):
                words = (
                    {"outcome": "awarded", "yen": 800_000, "shares": shares, "serves": shares}
                    if number
                    else {"outcome": "reserve"}
                )
                actions.prepare_decision(application, by=None, reasons="講評。", **words)
            actions.release(call, by=None)
        self.look()


def run(machine, *, examples: int, steps: int):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_whatever_happens_the_books_balance_and_the_curtain_holds():
    run(Lives, examples=8, steps=40)


@pytest.mark.django_db
def test_whatever_becomes_of_awards_the_books_balance():
    run(Awarded, examples=6, steps=25)
