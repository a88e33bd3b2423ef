"""After the award: acceptance, advances, changes, how the work goes, what was bought."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from musubi.fund import actions
from musubi.fund.models import Award, Change, Payment
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.fund import general, make_fund
from tests.factories.people import make_municipality, make_representative, make_staff
from tests.fund.after import accept, advance, award_of, fix, held, on, report, state
from tests.fund.interrupted import interrupted_at_each_posting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with on(9, 1):
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
def manager(city):
    return make_staff(city, "manager")


@pytest.fixture
def award(fund):
    return award_of(fund)


@pytest.fixture
def person(award):
    return award.application.filed_by


@pytest.fixture
def stranger():
    return make_representative()


def ask(award, yen: int = 600_000, **words) -> Payment:
    by = award.application.filed_by
    return actions.request_advance(award, **{"by": by, "yen": yen, "reason": "準備に資金が要るため", **words})


def change(award, kind: str = "amount", **words) -> Change:
    by = award.application.filed_by
    return actions.request_change(award, **{"by": by, "kind": kind, "reason": "規模の縮小", **words})


def shares(award) -> list[int]:
    return list(award.shares.order_by("pot").values_list("yen", flat=True))


def verbs(award):
    return [entry.verb for entry in history(award)]


# --- acceptance ----------------------------------------------------------------------------------------------


def test_an_award_is_accepted_once(award, person, desk):
    for other in (desk, make_representative()):
        with pytest.raises(NotAllowed):
            actions.accept_award(award, by=other)
    actions.accept_award(award, by=person)
    assert (award.accepted_at, award.accepted_by) == (clock.now(), person)
    assert verbs(award) == ["award.accepted"]
    with pytest.raises(Conflict):
        actions.accept_award(award, by=person)


def test_an_award_that_was_revoked_is_not_accepted(award, person):
    actions.revoke(award, by=None, reason="条件に違反したため")
    with pytest.raises(Refused, match="承諾できる段階ではありません"):
        actions.accept_award(award, by=person)


# --- advances ------------------------------------------------------------------------------------------------


def test_an_advance_is_asked_for(award, person):
    accept(award)
    payment = ask(award, reason=" 準備に資金が要るため ")
    assert (payment.kind, payment.yen, payment.state) == ("advance", 600_000, "requested")
    assert (payment.reason, payment.requested_by) == ("準備に資金が要るため", person)
    assert verbs(award)[-1] == "payment.requested"
    assert held(award.application.call.fund) == {"cash": 3_500_000, "free": 2_700_000, "committed": 800_000}


def test_a_form_sent_twice_asks_once(award):
    accept(award)
    key = uuid.uuid4()
    assert ask(award, key=key) == ask(award, key=key)
    assert Payment.objects.count() == 1


def test_a_form_of_another_award_asks_for_nothing(award, fund):
    other = award_of(make_fund(fund.municipality, name="もう一つのファンド"))
    for one in (award, other):
        accept(one)
    key = uuid.uuid4()
    ask(other, key=key)
    with pytest.raises(Conflict, match="請求し直してください"):
        ask(award, key=key)
    assert not award.payments.exists()


def test_an_advance_is_refused_before_acceptance_without_a_reason_and_to_others(award, desk, stranger):
    with pytest.raises(Refused, match="承諾してください"):
        ask(award)
    accept(award)
    with pytest.raises(Missing) as refusal:
        ask(award, reason=" ")
    assert refusal.value.field == "reason"
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            ask(award, by=other)


def test_no_more_is_asked_for_than_is_left(award):
    accept(award)
    ask(award, 600_000)
    for yen in (200_001, 0, -1):
        with pytest.raises(Refused, match="残りの200,000円以下"):
            ask(award, yen)
    ask(award, 200_000)


def test_no_advance_is_asked_for_once_it_is_reported(award):
    accept(award)
    report(award, 1_000_000)
    with pytest.raises(Refused, match="段階ではありません"):
        ask(award)


def test_an_advance_is_paid_from_the_pots_in_their_shares(fund, award, desk):
    accept(award)
    payment = ask(award)
    actions.pay(payment, by=desk, on=date(2025, 8, 31))
    assert (payment.state, payment.paid_on, payment.paid_by) == ("paid", date(2025, 8, 31), desk)
    assert state(award) == "advanced"
    assert [row.yen for row in award.postings.filter(debit="advances").order_by("pot")] == [225_000, 375_000]
    assert held(fund) == {"cash": 2_900_000, "advances": 600_000, "free": 2_700_000, "committed": 800_000}
    assert verbs(award)[-1] == "payment.paid"


@pytest.mark.parametrize("day", [date(2025, 9, 2), date(2025, 8, 24)])
def test_pay_on_a_day_that_cannot_be_is_refused(award, day):
    accept(award)
    with pytest.raises(Missing) as refusal:
        actions.pay(ask(award), by=None, on=day)
    assert refusal.value.field == "on"


def test_pay_is_the_secretariats_and_happens_once(award, person, manager):
    accept(award)
    payment = ask(award)
    for other in (person, manager):
        with pytest.raises(NotAllowed):
            actions.pay(payment, by=other)
    actions.pay(payment, by=None)
    with pytest.raises(Refused):
        actions.pay(Payment.objects.get(), by=None)
    assert held(award.application.call.fund)["advances"] == 600_000


def test_several_advances_add_up_to_the_yen(fund, award):
    accept(award)
    for yen in (1, 333_333, 466_666):
        actions.pay(ask(award, yen), by=None)
    assert held(fund) == {"cash": 2_700_000, "advances": 800_000, "free": 2_700_000, "committed": 800_000}


def test_a_payment_that_breaks_off_leaves_nothing_half_done(award):
    accept(award)
    ask(award)
    assert interrupted_at_each_posting(lambda: actions.pay(Payment.objects.get(), by=None)) == 2
    assert state(award) == "advanced"


@pytest.mark.parametrize("who", ["person", "desk"])
def test_a_request_is_put_aside(award, who, request):
    accept(award)
    payment = ask(award)
    actions.cancel_payment(payment, by=request.getfixturevalue(who), reason=" 自己資金で足りたため ")
    assert payment.state == "cancelled"
    assert verbs(award)[-1] == "payment.cancelled"
    ask(award, 800_000)


def test_cancel_payment_is_refused_without_a_reason_once_paid_and_to_others(award, manager, stranger):
    accept(award)
    payment = ask(award)
    with pytest.raises(Missing):
        actions.cancel_payment(payment, by=None, reason=" ")
    for other in (manager, stranger):
        with pytest.raises(NotAllowed):
            actions.cancel_payment(payment, by=other, reason="取りやめるため")
    actions.pay(payment, by=None)
    with pytest.raises(Refused):
        actions.cancel_payment(payment, by=None, reason="取りやめるため")


def test_what_is_left_to_pay_at_the_end_is_not_put_aside(award):
    report(award, 1_000_000)
    fix(award)
    with pytest.raises(Refused, match="精算払は取り消せません"):
        actions.cancel_payment(Payment.objects.get(kind="rest"), by=None, reason="取りやめるため")


# --- changes -------------------------------------------------------------------------------------------------


def test_a_change_is_asked_for(award, person):
    found = change(award, yen=500_000, content=" 回数を減らす。 ")
    assert (found.kind, found.before_yen, found.after_yen, found.content) == (
        "amount",
        800_000,
        500_000,
        "回数を減らす。",
    )
    assert (found.came_from, state(award)) == ("awarded", "change_requested")
    assert verbs(award)[-1] == "change.requested"


def test_a_form_sent_twice_asks_for_one_change(award):
    key = uuid.uuid4()
    assert change(award, yen=1, key=key) == change(award, yen=1, key=key)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"reason": " ", "yen": 1}, "reason"),
        ({"kind": "more", "yen": 1}, "kind"),
        ({}, "yen"),
        ({"yen": 0}, "yen"),
        ({"yen": 800_001}, "yen"),
    ],
)
def test_a_change_that_cannot_be_is_refused(award, words, field):
    with pytest.raises(Refused) as refusal:
        change(award, **words)
    assert refusal.value.field == field
    assert state(award) == "awarded"


def test_a_second_change_waits_for_the_first(award):
    change(award, yen=1)
    with pytest.raises(Refused):
        change(award, yen=2)
    assert Change.objects.count() == 1


def test_request_change_is_the_organisations(award, desk, stranger):
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            change(award, yen=1, by=other)


def test_the_amount_is_no_more_than_the_terms_give_for_the_new_budget(award):
    half = [{"category": "wages", "label": "担当者", "yen": 500_000}]
    with pytest.raises(Refused, match="400,000円まで") as refusal:
        change(award, yen=400_001, costs=half)
    assert refusal.value.field == "yen"
    with pytest.raises(Refused, match="400,000円まで"):
        change(award, "content", costs=half)
    assert (state(award), award.application.costs.filter(phase="change").count()) == ("awarded", 0)
    assert change(award, yen=400_000, costs=half).after_yen == 400_000


def test_a_change_of_content_leaves_the_amount(fund, award):
    actions.decide_change(change(award, "content", yen=1), by=None, approve=True, words="")
    assert (award.yen, shares(award), held(fund)["committed"]) == (800_000, [300_000, 500_000], 800_000)


def test_an_approved_change_sets_money_free_in_the_pots_it_came_from(fund, award, desk):
    found = change(award, yen=600_000)
    actions.decide_change(found, by=desk, approve=True, words="")
    assert (found.state, found.decided_by, found.decided_on) == ("approved", desk, date(2025, 9, 1))
    assert (award.yen, award.first_yen, state(award)) == (600_000, 800_000, "awarded")
    assert shares(award) == [225_000, 375_000]
    assert [pot.available for pot in fund.pots.order_by("pk")] == [2_775_000, 125_000]
    assert held(fund) == {"cash": 3_500_000, "free": 2_900_000, "committed": 600_000}
    assert verbs(award)[-1] == "change.approved"


def test_a_refused_change_is_told_why(award, desk):
    found = change(award, yen=500_000)
    with pytest.raises(Missing) as refusal:
        actions.decide_change(found, by=desk, approve=False, words=" ")
    assert refusal.value.field == "words"
    actions.decide_change(found, by=desk, approve=False, words=" 計画どおり進められるため ")
    assert (found.state, found.words, award.yen, state(award)) == (
        "refused",
        "計画どおり進められるため",
        800_000,
        "awarded",
    )
    assert verbs(award)[-1] == "change.refused"


@pytest.mark.parametrize("approve", [True, False])
def test_an_advance_paid_while_a_change_waits_is_not_forgotten(award, approve):
    accept(award)
    payment = ask(award, 100_000)
    found = change(award, yen=500_000)
    actions.pay(payment, by=None)
    actions.decide_change(found, by=None, approve=approve, words="確認したため")
    assert state(award) == "advanced"


def test_decide_change_is_the_secretariats_and_happens_once(award, person, manager):
    found = change(award, yen=500_000)
    for other in (person, manager):
        with pytest.raises(NotAllowed):
            actions.decide_change(found, by=other, approve=True, words="")
    actions.decide_change(found, by=None, approve=True, words="")
    with pytest.raises(Refused):
        actions.decide_change(Change.objects.get(), by=None, approve=True, words="")
    assert Award.objects.get().yen == 500_000


def test_an_award_is_not_lowered_below_what_was_paid_or_asked_for(award):
    advance(award, 300_000)
    ask(award, 200_000)
    found = change(award, yen=499_999)
    with pytest.raises(Refused, match="収まりません"):
        actions.decide_change(found, by=None, approve=True, words="")
    actions.cancel_payment(Payment.objects.get(state="requested"), by=None, reason="減額するため")
    actions.decide_change(found, by=None, approve=True, words="")
    assert (award.yen, state(award)) == (499_999, "advanced")
    found = change(award, yen=299_999)
    with pytest.raises(Refused, match="すでに300,000円を概算払"):
        actions.decide_change(found, by=None, approve=True, words="")


def test_stopping_sets_everything_free_and_takes_back_what_was_asked_for(fund, award):
    accept(award)
    payment = ask(award, 800_000)
    actions.decide_change(change(award, "stop"), by=None, approve=True, words="")
    payment.refresh_from_db()
    assert (award.yen, shares(award), payment.state) == (0, [0, 0], "cancelled")
    assert (state(award), award.application.reason) == ("withdrawn", "規模の縮小")
    assert held(fund) == {"cash": 3_500_000, "free": 3_500_000}


def test_a_change_that_breaks_off_leaves_nothing_half_done(award):
    change(award, yen=500_000)
    decide = lambda: actions.decide_change(Change.objects.get(), by=None, approve=True, words="")  # noqa: E731
    assert interrupted_at_each_posting(decide) == 2
    assert state(award) == "awarded"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_paying_and_lowering_at_once_never_pays_more_than_the_award():
    fund = make_fund(make_municipality("shiokaze"))
    award = award_of(fund)
    accept(award)
    payment, found = ask(award, 600_000), change(award, yen=500_000)

    def act(step) -> bool:
        try:
            with on(9, 1):
                if step == "pay":
                    actions.pay(Payment.objects.get(pk=payment.pk), by=None)
                else:
                    actions.decide_change(Change.objects.get(pk=found.pk), by=None, approve=True, words="")
            return True
        except Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(act, ["pay", "lower"])) == [True, False]
    assert held(fund) == {"cash": 2_900_000, "advances": 600_000, "free": 2_700_000, "committed": 800_000}


# --- how it goes, and what was bought ------------------------------------------------------------------------


def test_how_the_work_goes_is_told(award, person, desk, stranger):
    found = actions.report_status(award, by=person, text=" 苗を植えた。 ")
    assert (found.text, found.on, found.by) == ("苗を植えた。", date(2025, 9, 1), person)
    assert verbs(award)[-1] == "award.status_reported"
    with pytest.raises(Missing):
        actions.report_status(award, by=person, text=" ")
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            actions.report_status(award, by=other, text="苗を植えた。")
    report(award, 1_000_000)
    with pytest.raises(Refused):
        actions.report_status(award, by=person, text="苗を植えた。")


def bought(award, **words):
    right = {"name": "水中カメラ", "yen": 500_000, "bought_on": date(2025, 9, 1)}
    return actions.register_asset(award, **{"by": award.application.filed_by, **right, **words})


def test_what_was_bought_is_registered(award):
    asset = bought(award, name=" 水中カメラ ", place=" 事務所 ", keep_until=date(2030, 8, 31))
    assert (asset.name, asset.yen, asset.place) == ("水中カメラ", 500_000, "事務所")
    assert verbs(award)[-1] == "award.asset_registered"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"name": " "}, "name"),
        ({"yen": 499_999}, "yen"),
        ({"yen": 10**30}, "yen"),
        ({"bought_on": date(2025, 9, 2)}, "bought_on"),
        ({"keep_until": date(2025, 8, 31)}, "keep_until"),
    ],
)
def test_a_thing_that_cannot_be_registered_is_refused(award, words, field):
    with pytest.raises(Refused) as refusal:
        bought(award, **words)
    assert refusal.value.field == field
    assert not award.assets.exists()


def test_register_asset_is_the_organisations_while_the_award_stands(award, desk, stranger):
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            bought(award, by=other)
    actions.revoke(award, by=None, reason="条件に違反したため")
    with pytest.raises(Refused, match="登録できません"):
        bought(award)


def test_what_an_award_was_stays_to_be_read(fund, award):
    actions.decide_change(change(award, "stop"), by=None, approve=True, words="")
    assert (Award.objects.get().first_yen, general(fund).available) == (800_000, 3_000_000)
