"""One application from the call to the outcome, and what each end does to the money, to the yen."""

from contextlib import contextmanager
from datetime import date

import pytest

from musubi.fund import actions, ledger
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import Claim, Payment, Posting
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.people.models import User
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_contribution,
    make_edition,
    make_fund,
)

pytestmark = pytest.mark.django_db
INSPECTED = dict.fromkeys(INSPECTION, True)


@contextmanager
def on(month: int, day: int, year: int = 2025):
    with clock.standing_at(date(year, month, day)):
        yield


def held(fund) -> dict[str, int]:
    balances = ledger.balances(Posting.objects.filter(fund=fund))
    assert ledger.is_balanced(balances)
    return {account.value: yen for account, yen in balances.items() if yen}


@pytest.fixture
def fund():
    with on(5, 1):
        fund = make_fund()
        make_contribution(general(fund), yen=3_000_000)
        actions.earmark(fund, by=None, theme="海の環境")
        make_contribution(fund.pots.get(theme="海の環境"), yen=500_000)
    return fund


@pytest.fixture
def award(fund):
    sea = fund.pots.get(theme="海の環境")
    with on(6, 12):
        application = make_application(make_call(fund))
    with on(8, 25):
        return make_award(application, shares={general(fund).pk: 300_000, sea.pk: 500_000})


@pytest.fixture
def person(award) -> User:
    return award.application.filed_by


def advance(award, person, yen):
    with on(9, 1):
        actions.accept_award(award, by=person)
        payment = actions.request_advance(award, by=person, yen=yen, reason="準備に資金が要るため")
        actions.pay(payment, by=None)


def report(award, person, yen):
    with on(3, 10, 2026):
        actions.save_report(
            award,
            by=person,
            done="藻場を増やした。",
            effect="1ha増えた。",
            costs=[{"category": "wages", "label": "担当者", "yen": yen}],
        )
        actions.file_report(award, by=person)


def fix(award) -> int:
    with on(3, 20, 2026):
        return actions.fix_amount(award, by=None, inspection=INSPECTED, without_evidence="現地で確認した")


def state(award) -> str:
    award.application.refresh_from_db()
    return award.application.state


def test_an_award_commits_its_money_by_pot(fund, award):
    assert held(fund) == {"cash": 3_500_000, "free": 2_700_000, "committed": 800_000}
    assert sorted(fund.pots.values_list("available", flat=True)) == [0, 2_700_000]
    assert award.number.endswith("第1号")


def test_all_of_it_spent_and_the_rest_paid(fund, award, person):
    advance(award, person, 600_000)
    assert held(fund) == {"cash": 2_900_000, "advances": 600_000, "free": 2_700_000, "committed": 800_000}
    report(award, person, 1_000_000)
    assert fix(award) == 800_000
    assert held(fund) == {"cash": 2_900_000, "free": 2_700_000, "payable": 200_000}
    with on(3, 25, 2026):
        actions.pay(Payment.objects.get(kind="rest"), by=None)
    assert (held(fund), state(award)) == ({"cash": 2_700_000, "free": 2_700_000}, "settled")
    with on(3, 28, 2026):
        actions.report_outcome(award, by=person, outcome="藻場が1ha増えた。")
    assert state(award) == "outcome_reported"


def test_less_was_spent_and_the_rest_comes_back_late(fund, award, person):
    advance(award, person, 800_000)
    report(award, person, 700_001)
    assert fix(award) == 560_000
    assert held(fund) == {"cash": 2_700_000, "claims": 240_000, "free": 2_700_000, "committed": 240_000}
    claim = Claim.objects.get()
    assert (claim.yen, claim.due_on) == (240_000, date(2026, 4, 9))
    with on(4, 19, 2026):
        late = actions.receive_return(claim, by=None)
    # 240,000 × 10.95 % × 10 ÷ 365
    assert late == 720
    assert held(fund) == {"cash": 2_940_720, "free": 2_940_720}
    assert state(award) == "settled"


def test_nothing_is_left_over_and_it_is_settled_at_once(fund, award, person):
    advance(award, person, 800_000)
    report(award, person, 1_000_000)
    fix(award)
    assert (held(fund), state(award)) == ({"cash": 2_700_000, "free": 2_700_000}, "settled")


def test_a_change_sets_money_free(fund, award, person):
    with on(10, 1):
        change = actions.request_change(award, by=person, kind="amount", reason="規模の縮小", yen=500_000)
        actions.decide_change(change, by=None, approve=True, words="")
    assert (award.yen, award.first_yen, state(award)) == (500_000, 800_000, "awarded")
    assert held(fund) == {"cash": 3_500_000, "free": 3_000_000, "committed": 500_000}


def test_a_refused_change_leaves_all_as_it_was(fund, award, person):
    with on(10, 1):
        change = actions.request_change(award, by=person, kind="stop", reason="人手の不足")
        assert state(award) == "change_requested"
        with pytest.raises(Missing):
            actions.decide_change(change, by=None, approve=False, words=" ")
        actions.decide_change(change, by=None, approve=False, words="続けられる見込みがあるため")
    assert (award.yen, state(award)) == (800_000, "awarded")


def test_stopping_after_an_advance_waits_for_the_report(fund, award, person):
    advance(award, person, 100_000)
    with on(10, 1):
        change = actions.request_change(award, by=person, kind="stop", reason="人手の不足")
        with pytest.raises(Refused, match="概算払"):
            actions.decide_change(change, by=None, approve=True, words="")


@pytest.mark.parametrize("paid", [0, 300_000, 800_000])
def test_revoking_claims_what_was_paid(fund, award, person, paid):
    if paid:
        advance(award, person, paid)
    with on(11, 1):
        actions.revoke(award, by=None, reason="条件に違反したため")
    claims = {"claims": paid, "committed": paid} if paid else {}
    assert held(fund) == {"cash": 3_500_000 - paid, "free": 3_500_000 - paid, **claims}
    if paid:
        with on(11, 5):
            actions.receive_return(Claim.objects.get(), by=None)
    assert held(fund) == {"cash": 3_500_000, "free": 3_500_000}
    assert state(award) == "revoked"


def test_revoking_after_settlement_claims_all_of_it(fund, award, person):
    advance(award, person, 800_000)
    report(award, person, 700_000)
    fix(award)
    with on(4, 19, 2026):
        actions.receive_return(Claim.objects.get(), by=None)
    with on(5, 1, 2026):
        actions.revoke(award, by=None, reason="虚偽の報告のため")
    assert Claim.objects.get(kind="revoked").yen == 560_000
    with on(5, 2, 2026):
        actions.receive_return(Claim.objects.get(kind="revoked"), by=None)
    assert held(fund) == {"cash": 3_500_720, "free": 3_500_720}


def test_tax_reported_later_is_claimed(fund):
    with on(6, 12):
        application = make_application(make_call(fund, edition=make_edition(fund.municipality, tax="report")))
    with on(8, 25):
        award = make_award(application)
    person = application.filed_by
    advance(award, person, 800_000)
    report(award, person, 1_000_000)
    fix(award)
    with on(6, 1, 2026):
        actions.report_tax(award, by=person, yen=72_727)
        assert held(fund) == {"cash": 2_700_000, "claims": 72_727, "free": 2_700_000, "committed": 72_727}
        actions.receive_return(Claim.objects.get(), by=None)
    assert held(fund) == {"cash": 2_772_727, "free": 2_772_727}


def test_nothing_of_a_result_is_seen_before_the_release(fund):
    from musubi.fund.states import Stage
    from tests.factories.fund import make_committee, score_all

    with on(6, 12):
        call = make_call(fund)
        one = make_application(call)
    with on(7, 14):
        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        actions.decide_stage(
            call, by=None, stage=Stage.FIRST, passed=[], reasons={one.pk: "効果の裏付けが足りない。"}
        )
        one.refresh_from_db()
        assert (one.state, one.shown_state) == ("first_failed", "submitted")
        actions.release(call, by=None)
    one = type(one).objects.get(pk=one.pk)
    assert (one.shown_state, one.reason) == ("first_failed", "効果の裏付けが足りない。")
