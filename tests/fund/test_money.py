"""Money in: promised, received, given back; each yen in the ledger, and nothing there is ever changed."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from musubi.fund import actions, ledger
from musubi.fund.models import Contribution, Fund, Posting, Pot
from musubi.fund.states import Account, Source
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.plan.models import Goal
from tests.factories.fund import general, make_contribution, make_fund
from tests.factories.people import make_municipality, make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 5, 1)):
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


def held(fund) -> dict[str, int]:
    return {
        account.value: yen
        for account, yen in ledger.balances(Posting.objects.filter(fund=fund)).items()
        if yen
    }


def verbs(thing):
    return [entry.verb for entry in history(thing)]


# --- a fund and its pots -------------------------------------------------------------------------------------


def test_open_fund_has_a_general_pot(city, desk):
    fund = actions.open_fund(city, by=desk, name=" 潮風ファンド ", fiscal_year=2025)
    assert (fund.name, fund.fiscal_year) == ("潮風ファンド", 2025)
    assert [(str(pot), pot.available) for pot in fund.pots.all()] == [("使いみちを指定しない", 0)]
    assert verbs(fund) == ["fund.opened"]


def test_open_fund_without_a_name_is_refused(city, desk):
    with pytest.raises(Missing):
        actions.open_fund(city, by=desk, name=" ", fiscal_year=2025)


def test_open_fund_twice_is_a_conflict(fund, city, desk):
    with pytest.raises(Conflict):
        actions.open_fund(city, by=desk, name=fund.name, fiscal_year=2025)
    assert Fund.objects.count() == 1


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_open_fund_is_the_desks(city, role):
    with pytest.raises(NotAllowed):
        actions.open_fund(city, by=make_staff(city, role), name="ファンド", fiscal_year=2025)


def test_rename_fund_keeps_its_year_and_the_words_there_were(fund, desk):
    actions.rename_fund(fund, by=desk, name=" 海と暮らしのファンド ", lead=" 海のために。 ")
    fund.refresh_from_db()
    assert (fund.name, fund.lead, fund.fiscal_year) == ("海と暮らしのファンド", "海のために。", 2025)
    entry = history(fund).last()
    assert (entry.verb, entry.data["name"], entry.data["lead"]) == ("fund.renamed", "見本ファンド", "")


def test_rename_fund_is_refused_without_a_name_of_its_own(fund, city, desk):
    other = make_fund(city, name="別のファンド")
    for name, lead, error in (
        (" ", "海", Missing),
        ("見本ファンド", "", Conflict),
        ("別のファンド", " ", Refused),
        ("海" * 81, "", Refused),
    ):
        with pytest.raises(error):
            actions.rename_fund(other, by=desk, name=name, lead=lead)
        other.refresh_from_db()
        assert (other.name, other.lead) == ("別のファンド", "")


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_rename_fund_is_the_desks(fund, city, role):
    with pytest.raises(NotAllowed):
        actions.rename_fund(fund, by=make_staff(city, role), name="別の名", lead="")


def test_earmark_makes_one_pot_for_one_thing(fund, desk):
    pot = actions.earmark(fund, by=desk, goal=Goal.objects.get(pk=14))
    assert actions.earmark(fund, by=desk, goal=Goal.objects.get(pk=14)) == pot
    assert actions.earmark(fund, by=desk, theme="海の環境") != pot
    assert fund.pots.count() == 3
    assert verbs(fund) == ["fund.opened", "fund.earmarked", "fund.earmarked"]


def test_earmark_names_exactly_one_thing(fund, desk):
    for what in ({}, {"theme": " "}, {"theme": "海", "goal": Goal.objects.get(pk=14)}):
        with pytest.raises(Missing):
            actions.earmark(fund, by=desk, **what)


def test_earmark_is_not_for_others(fund, city):
    with pytest.raises(NotAllowed):
        actions.earmark(fund, by=make_staff(city, "manager"), theme="海")


# --- contributions -------------------------------------------------------------------------------------------


def test_a_pledge_cannot_be_spent(fund, desk):
    contribution = make_contribution(general(fund), yen=300_000, state="pledged")
    assert (contribution.state, contribution.ref) == ("pledged", "2025-001")
    assert held(fund) == {"pledges": 300_000, "promised": 300_000}
    assert general(fund).available == 0
    assert verbs(contribution) == ["contribution.pledged"]


def test_a_form_sent_twice_pledges_once(fund, desk):
    key = uuid.uuid4()
    words = {"by": desk, "source": Source.PUBLIC, "yen": 5_000_000, "name": "一般会計", "key": key}
    contribution = actions.pledge(general(fund), **words)
    assert actions.pledge(general(fund), **words) == contribution
    assert verbs(contribution) == ["contribution.pledged"]
    assert Contribution.objects.count() == Posting.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"yen": 0}, "yen"),
        ({"yen": -1}, "yen"),
        ({"yen": 10**15 + 1}, "yen"),
        ({"name": " ", "source": Source.PERSON}, "name"),
        ({"source": Source.ORGANISATION}, "organisation"),
    ],
)
def test_pledge_says_what_is_missing(fund, desk, words, field):
    with pytest.raises(Missing) as refusal:
        actions.pledge(
            general(fund), by=desk, **{"source": Source.PERSON, "yen": 1, "name": "潮見 渚", **words}
        )
    assert refusal.value.field == field
    assert not Posting.objects.exists()


def test_pledge_is_recorded_by_the_secretariat_only(fund, city):
    with pytest.raises(NotAllowed):
        actions.pledge(
            general(fund), by=make_staff(city, "officer"), source=Source.PUBLIC, yen=1, name="一般会計"
        )


def test_received_money_can_be_spent(fund, desk):
    contribution = make_contribution(general(fund), yen=10**15, state="pledged")
    actions.receive(contribution, by=desk, on=date(2025, 4, 30))
    assert held(fund) == {"cash": 10**15, "free": 10**15}
    assert general(fund).available == 10**15
    assert (contribution.state, contribution.received_on) == ("received", date(2025, 4, 30))
    assert verbs(contribution)[-1] == "contribution.received"


def test_receive_twice_is_refused(fund, desk):
    contribution = make_contribution(general(fund))
    with pytest.raises(Refused):
        actions.receive(contribution, by=desk)
    assert general(fund).available == 1_000_000


@pytest.mark.parametrize("on", [date(2025, 5, 2), date(2025, 3, 31)])
def test_receive_on_a_day_that_cannot_be_is_refused(fund, desk, on):
    contribution = make_contribution(general(fund), state="pledged")
    with pytest.raises(Missing) as refusal:
        actions.receive(contribution, by=desk, on=on)
    assert refusal.value.field == "on"


def test_receive_is_not_for_others(fund, city):
    with pytest.raises(NotAllowed):
        actions.receive(make_contribution(general(fund), state="pledged"), by=make_staff(city, "auditor"))


def test_a_cancelled_pledge_leaves_no_promise(fund, desk):
    contribution = make_contribution(general(fund), state="pledged")
    actions.cancel_pledge(contribution, by=desk, reason="事情が変わったため")
    assert (contribution.state, held(fund)) == ("cancelled", {})
    assert Posting.objects.count() == 2
    assert verbs(contribution)[-1] == "contribution.cancelled"


def test_cancel_pledge_needs_a_reason_and_a_promise(fund, desk, city):
    pledged, received = make_contribution(general(fund), state="pledged"), make_contribution(general(fund))
    with pytest.raises(Missing):
        actions.cancel_pledge(pledged, by=desk, reason=" ")
    with pytest.raises(Refused):
        actions.cancel_pledge(received, by=desk, reason="誤り")
    with pytest.raises(NotAllowed):
        actions.cancel_pledge(pledged, by=make_staff(city, "manager"), reason="誤り")


def test_money_is_given_back_while_it_is_free(fund, desk):
    contribution = make_contribution(general(fund))
    actions.return_contribution(contribution, by=desk, reason="振込先の誤り")
    assert (contribution.state, held(fund), general(fund).available) == ("returned", {}, 0)
    assert verbs(contribution)[-1] == "contribution.returned"


def test_money_that_is_committed_is_not_given_back(fund, desk):
    pot = general(fund)
    contribution = make_contribution(pot)
    with transaction.atomic():
        ledger.post(pot, Account.FREE, Account.COMMITTED, 1, verb="award.decided", by=None)
    with pytest.raises(Refused, match="足りません"):
        actions.return_contribution(contribution, by=desk, reason="振込先の誤り")
    contribution.refresh_from_db()
    assert contribution.state == "received"


def test_return_contribution_is_refused_before_and_after(fund, desk, city):
    pledged, returned = make_contribution(general(fund), state="pledged"), make_contribution(state="returned")
    for contribution in (pledged, returned):
        with pytest.raises(Refused):
            actions.return_contribution(contribution, by=None, reason="誤り")
    with pytest.raises(Missing):
        actions.return_contribution(make_contribution(general(fund)), by=desk, reason="")
    with pytest.raises(NotAllowed):
        actions.return_contribution(pledged, by=make_staff(city, "manager"), reason="誤り")


@pytest.mark.parametrize("yen", [None, 0, -1, 0.5, 1.5, "1000", True, 10**15 + 1])
def test_a_pledge_is_whole_yen_that_the_ledger_can_hold(fund, yen):
    with pytest.raises(Missing) as refusal:
        make_contribution(general(fund), yen=yen, state="pledged")
    assert (refusal.value.field, Contribution.objects.count()) == ("yen", 0)


def test_names_without_end_are_refused(fund, city, desk):
    long = "海" * 100_000
    for act in (
        lambda: actions.open_fund(city, by=desk, name=long, fiscal_year=2026),
        lambda: actions.earmark(fund, by=desk, theme=long),
        lambda: make_contribution(general(fund), name=long),
        lambda: actions.pledge(general(fund), by=desk, source="nobody", yen=1, name="一般会計"),
    ):
        with pytest.raises(Refused):
            act()
    assert (Fund.objects.count(), Pot.objects.count(), Contribution.objects.count()) == (1, 1, 0)


def test_the_key_of_another_fund_does_not_show_its_contribution(fund):
    key = uuid.uuid4()
    make_contribution(general(make_fund()), key=key)
    with pytest.raises(Conflict):
        make_contribution(general(fund), key=key)
    assert (fund.contributions.count(), held(fund)) == (0, {})


# --- the ledger ----------------------------------------------------------------------------------------------


def test_a_pot_is_never_overdrawn(fund):
    make_contribution(general(fund), yen=100)
    with pytest.raises(Refused, match="いま使える額は100円"):
        ledger.post(general(fund), Account.FREE, Account.COMMITTED, 101, verb="award.decided", by=None)
    assert general(fund).available == 100


def test_money_of_one_pot_is_not_spent_by_another(fund, desk):
    sea = actions.earmark(fund, by=desk, theme="海の環境")
    make_contribution(sea, yen=100)
    with pytest.raises(Refused):
        ledger.post(general(fund), Account.FREE, Account.COMMITTED, 1, verb="award.decided", by=None)


@pytest.mark.parametrize("change", [lambda rows: rows.update(yen=1), lambda rows: rows.delete()])
def test_the_database_refuses_to_change_a_posting(fund, change):
    make_contribution(general(fund))
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        change(Posting.objects.all())


def test_the_database_refuses_a_second_reversal(fund):
    posting = make_contribution(general(fund), state="cancelled").postings.get(reverses=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        ledger.reverse(posting, by=None, words="もう一度")


def insert(like: Posting, **words) -> None:
    """A line past the actions, as `like` but for `words`."""
    columns = {field.column: getattr(like, field.attname) for field in Posting._meta.fields}
    columns = {**columns, "reverses_id": None, **words}
    del columns["id"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO fund_posting ({', '.join(f'"{name}"' for name in columns)}) "
            f"VALUES ({', '.join(['%s'] * len(columns))})",
            list(columns.values()),
        )


MONEY = ["cash", "advances", "claims", "free", "committed", "payable"]
PROMISES = ["pledges", "promised"]


@pytest.mark.parametrize("debit", Account.values)
def test_the_database_takes_the_pairs_that_keep_the_balance_and_no_other(fund, debit):
    make_contribution(general(fund), yen=100)
    like = Posting.objects.filter(credit="free").get()
    for credit in [*Account.values, "purse"]:
        keeps = any(debit in group and credit in group for group in (MONEY, PROMISES)) and debit != credit
        if keeps:
            insert(like, debit=debit, credit=credit, yen=1)
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                insert(like, debit=debit, credit=credit, yen=1)
        assert ledger.is_balanced(ledger.balances(Posting.objects.filter(fund=fund)))
        assert general(fund).available == held(fund)["free"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"yen": 99},
        {"debit": "claims"},
        {"credit": "cash", "debit": "free"},
        {"pot_id": "sea"},
        {"contribution_id": None},
    ],
)
def test_the_database_refuses_a_reversal_that_is_no_mirror(fund, wrong):
    """What is reversed is 100 yen from cash to advances."""
    sea = actions.earmark(fund, by=None, theme="海の環境")
    make_contribution(general(fund), yen=100)
    make_contribution(sea, yen=100)
    like = general(fund).postings.get(credit="free")
    insert(like, debit="advances", credit="cash")
    paid = Posting.objects.get(debit="advances")
    wrong = {name: sea.pk if value == "sea" else value for name, value in wrong.items()}
    mirror = {"debit": "cash", "credit": "advances", "reverses_id": paid.pk}
    with pytest.raises(DatabaseError, match="mirrors"), transaction.atomic():
        insert(paid, **{**mirror, **wrong})
    insert(paid, **mirror)
    assert Posting.objects.get(reverses=paid).debit == "cash"


def test_what_is_free_moves_with_a_posting_and_with_nothing_else(fund):
    pot = general(fund)
    make_contribution(pot, yen=100)
    for yen in (0, 99, 101):
        with pytest.raises(DatabaseError, match="postings only"), transaction.atomic():
            Pot.objects.filter(pk=pot.pk).update(available=yen)
    with pytest.raises(DatabaseError, match="postings only"), transaction.atomic():
        Pot.objects.create(fund=fund, earmark="theme", theme="海の環境", available=1)
    like = pot.postings.get(credit="free")
    insert(like, debit="free", credit="committed", yen=60)
    assert general(fund).available == 40
    with pytest.raises(DatabaseError), transaction.atomic():
        insert(like, debit="free", credit="committed", yen=41)
    assert (general(fund).available, held(fund)["free"]) == (40, 40)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_spend_the_last_yen_at_once():
    pot = general(make_fund())
    make_contribution(pot, yen=10)

    def spend(_number) -> bool:
        try:
            with transaction.atomic():
                ledger.post(pot, Account.FREE, Account.COMMITTED, 1, verb="award.decided", by=None)
            return True
        except Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(spend, range(50)))
    assert sum(done) == 10
    assert Pot.objects.get(pk=pot.pk).available == 0
    assert ledger.is_balanced(ledger.balances(Posting.objects.filter(fund=pot.fund)))


def test_an_organisation_that_gave_is_named(fund):
    company = make_organisation("見本海運株式会社")
    assert make_contribution(general(fund), organisation=company).name == "見本海運株式会社"
