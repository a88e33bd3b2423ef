"""What was recorded by mistake is taken back: by lines that mirror those that stand, and only while nothing builds on it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise

import pytest
from django.db import connection

from musubi.fund import actions, ledger
from musubi.fund.award_books import by_pot
from musubi.fund.models import Award, Claim, Payment, Posting
from musubi.fund.states import Account
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from tests.factories.fund import general, make_fund
from tests.factories.people import make_municipality, make_staff
from tests.fund.after import accept, advance, award_of, fix, held, on, report, state
from tests.fund.interrupted import interrupted_at_each_posting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with on(3, 20, 2026):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def others(award, city):
    return [award.application.filed_by, make_staff(city, "manager")]


@pytest.fixture
def award(fund):
    return award_of(fund, tax="report")


@pytest.fixture
def rest(award) -> Payment:
    """Of 800,000 yen 300,000 were paid in advance and 500,000 at the end."""
    advance(award, 300_000)
    report(award, 1_000_000)
    fix(award)
    payment = Payment.objects.get(kind="rest")
    actions.pay(payment, by=None)
    return payment


@pytest.fixture
def claim(award) -> Claim:
    """240,000 yen of 800,000 came back on 1 June 2026, 53 days late."""
    advance(award, 800_000)
    report(award, 700_000)
    fix(award)
    claim = Claim.objects.get()
    with on(6, 1, 2026):
        actions.receive_return(claim, by=None)
    return claim


def reverse(payment, **words) -> None:
    actions.reverse_payment(payment, **{"by": None, "reason": "支払日の誤り", **words})


def reopen(claim, **words) -> None:
    actions.reverse_return(claim, **{"by": None, "reason": "振込元の誤り", **words})


def verbs(award) -> list[str]:
    return [entry.verb for entry in history(award)]


# --- payments ------------------------------------------------------------------------------------------------


def test_an_advance_recorded_by_mistake_waits_again(fund, award, desk):
    accept(award)
    before = held(fund)
    advance(award, 300_000)
    payment = Payment.objects.get()
    reverse(payment, by=desk, reason=" 支払日の誤り ")
    payment.refresh_from_db()
    assert (payment.state, payment.paid_on, payment.paid_by, state(award)) == (
        "requested",
        None,
        None,
        "awarded",
    )
    assert held(fund) == before
    mirrored = [(line.verb, line.words, line.on) for line in award.postings.exclude(reverses=None)]
    assert mirrored == [("payment.paid.reversed", "支払日の誤り", date(2026, 3, 20))] * 2
    (entry,) = [one for one in history(award) if one.verb == "payment.reversed"]
    assert (entry.data["reason"], entry.data["yen"]) == ("支払日の誤り", 300_000)
    actions.pay(payment, by=desk, on=date(2025, 9, 2))
    assert (state(award), held(fund)["advances"]) == ("advanced", 300_000)
    reverse(payment)
    actions.cancel_payment(payment, by=None, reason="別の団体の請求のため")
    assert (state(award), held(fund)) == ("awarded", before)


def test_of_several_advances_of_one_day_the_right_one_is_taken_back(fund, award):
    for yen in (1, 333_333, 466_666):
        advance(award, yen)
    advanced = {pot: one[Account.ADVANCES] for pot, one in by_pot(award).items()}
    of_second = {}
    for line in Posting.objects.filter(award=award, verb="payment.paid").order_by("pk")[1:3]:
        of_second[line.pot_id] = line.yen
    assert sum(of_second.values()) == 333_333
    reverse(Payment.objects.get(yen=333_333))
    assert {pot: one[Account.ADVANCES] for pot, one in by_pot(award).items()} == {
        pot: yen - of_second[pot] for pot, yen in advanced.items()
    }
    assert state(award) == "advanced"
    for yen in (466_666, 1):
        reverse(Payment.objects.get(yen=yen))
    assert (state(award), held(fund)["committed"], held(fund).get("advances")) == ("awarded", 800_000, None)


def test_an_advance_is_taken_back_while_a_change_or_a_report_waits(fund, award):
    advance(award, 300_000)
    change = actions.request_change(award, by=award.application.filed_by, kind="content", reason="天候")
    reverse(Payment.objects.get())
    assert state(award) == "change_requested"
    actions.decide_change(change, by=None, approve=True, words="")
    assert state(award) == "awarded"
    actions.pay(Payment.objects.get(), by=None)
    report(award, 1_000_000)
    reverse(Payment.objects.get())
    assert (state(award), fix(award)) == ("reported", 800_000)
    assert Payment.objects.get(kind="rest").yen == 800_000


def test_the_rest_recorded_by_mistake_is_paid_anew(fund, award, rest):
    settled = held(fund)
    reverse(rest)
    assert (rest.state, state(award), held(fund)["payable"]) == ("requested", "fixed", 500_000)
    actions.pay(rest, by=None)
    assert (state(award), held(fund)) == ("settled", settled)


def test_reverse_payment_is_the_secretariats_with_a_reason_and_happens_once(award, others):
    advance(award, 300_000)
    payment, seen = Payment.objects.get(), Payment.objects.get()
    with pytest.raises(Missing):
        reverse(payment, reason=" ")
    for other in others:
        with pytest.raises(NotAllowed):
            reverse(payment, by=other)
    reverse(payment)
    for again in (seen, Payment.objects.get()):
        with pytest.raises(Refused):
            reverse(again)
    assert award.postings.exclude(reverses=None).count() == 2


def test_a_payment_that_others_build_on_stays(fund, award, rest):
    with pytest.raises(Refused, match="額を確定したあと"):
        reverse(Payment.objects.get(kind="advance"))
    actions.report_tax(award, by=award.application.filed_by, yen=0)
    with pytest.raises(Refused, match="報告が出ている"):
        reverse(Payment.objects.get(kind="rest"))
    actions.revoke(award, by=None, reason="虚偽の報告のため")
    for payment in Payment.objects.all():
        with pytest.raises(Refused, match="取り消したあと"):
            reverse(payment)


def test_a_payment_whose_reversal_breaks_off_stays(award):
    advance(award, 300_000)
    assert interrupted_at_each_posting(lambda: reverse(Payment.objects.get())) == 2
    assert state(award) == "awarded"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_takes_back_and_who_pays_at_once_take_turns():
    fund = make_fund(make_municipality("shiokaze"))
    award = award_of(fund)
    advance(award, 300_000)

    def act(number) -> bool:
        try:
            with clock.standing_at(date(2025, 9, 3)):
                payment = Payment.objects.get()
                if number % 2:
                    actions.pay(payment, by=None)
                else:
                    reverse(payment)
            return True
        except Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert any(threads.map(act, range(24)))
    steps = list(award.postings.order_by("pk").filter(pot=general(fund)).values_list("verb", flat=True))
    assert all(one != other for one, other in pairwise(steps[1:]))
    is_paid = Payment.objects.get().state == "paid"
    assert (held(fund).get("advances"), state(award)) == (
        (300_000, "advanced") if is_paid else (None, "awarded")
    )


# --- returns -------------------------------------------------------------------------------------------------


def test_a_return_recorded_by_mistake_is_claimed_still(fund, award, claim, desk):
    back = held(fund)
    assert (claim.late_yen, state(award)) == (3_816, "settled")
    with on(6, 2, 2026):
        reopen(claim, by=desk, reason=" 振込元の誤り ")
    claim.refresh_from_db()
    assert (claim.returned_on, claim.late_yen, state(award)) == (None, 0, "fixed")
    # What is claimed stays committed; the late charge is no longer there.
    assert held(fund) == {"cash": 2_700_000, "claims": 240_000, "free": 2_700_000, "committed": 240_000}
    (entry,) = [one for one in history(award) if one.verb == "claim.return_reversed"]
    assert (entry.data["reason"], entry.data["yen"]) == ("振込元の誤り", 240_000)
    with on(6, 2, 2026):
        actions.receive_return(claim, by=None, on=date(2026, 6, 1))
    assert (state(award), held(fund)) == ("settled", back)


def test_returns_after_a_revocation_are_taken_back_one_by_one(fund, award, claim):
    actions.revoke(award, by=None, reason="虚偽の報告のため")
    revoked = Claim.objects.get(kind="revoked")
    with on(6, 1, 2026):
        actions.receive_return(revoked, by=None)
        for row in (claim, revoked):
            reopen(row)
    assert state(award) == "revoked"
    assert held(fund) == {"cash": 2_700_000, "claims": 800_000, "free": 2_700_000, "committed": 800_000}


def test_reverse_return_is_the_secretariats_with_a_reason_and_happens_once(award, claim, others):
    with pytest.raises(Missing):
        reopen(claim, reason=" ")
    for other in others:
        with pytest.raises(NotAllowed):
            reopen(claim, by=other)
    seen = Claim.objects.get()
    reopen(claim)
    for again in (seen, Claim.objects.get()):
        with pytest.raises(Refused):
            reopen(again)
    assert verbs(award).count("claim.return_reversed") == 1


def test_a_return_that_others_build_on_stays(fund, award, claim):
    pot = general(fund)
    ledger.post(pot, Account.FREE, Account.COMMITTED, pot.available - 1, verb="award.decided", by=None)
    with pytest.raises(Refused, match="もう使われています"):
        reopen(Claim.objects.get())
    actions.report_outcome(award, by=award.application.filed_by, outcome="1ha増えた。")
    with pytest.raises(Refused, match="報告が出ている"):
        reopen(Claim.objects.get())
    assert Claim.objects.get().returned_on == date(2026, 6, 1)


def test_a_return_whose_reversal_breaks_off_stays(award, claim):
    assert interrupted_at_each_posting(lambda: reopen(Claim.objects.get())) == 5
    assert state(Award.objects.get()) == "fixed"
