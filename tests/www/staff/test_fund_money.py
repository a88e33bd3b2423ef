"""The secretariat's money pages: a fund and its pots, contributions from promise to return, the ledger by account."""

import csv
import io
from datetime import date

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Contribution, Fund
from musubi.lib import clock
from tests.factories.fund import general, make_contribution, make_fund
from tests.factories.people import make_member, make_municipality, make_organisation, make_staff

pytestmark = pytest.mark.django_db
KEY = "9f6b1f0e-6f0e-4a53-9a3c-0d8f1f0e6f01"


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="しおかぜ市")


@pytest.fixture
def desk(city, client):
    person = make_staff(city)
    client.force_login(person)
    return person


@pytest.fixture
def fund(city):
    return make_fund(city)


def at(name: str, *parts) -> str:
    return reverse(name, args=["shiokaze", *parts])


def text(response) -> str:
    return response.content.decode()


def test_a_fund_is_opened_with_its_pots(client, city, desk):
    answer = client.post(
        at("staff-fund-new"), {"fiscal_year": "2025", "name": "海のファンド", "lead": "海のために"}
    )
    fund = Fund.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, at("staff-fund-fund", fund.pk))
    again = client.post(at("staff-fund-new"), {"fiscal_year": "2025", "name": "海のファンド"})
    assert (again.status_code, "同じ名称のファンド" in text(again), "海のファンド" in text(again)) == (
        422,
        True,
        True,
    )
    answer = client.post(at("staff-fund-pot-new", fund.pk), {"theme": "子どもの居場所"})
    assert answer.status_code == 302
    assert [str(pot) for pot in fund.pots.all()] == ["使いみちを指定しない", "子どもの居場所"]
    none = client.post(at("staff-fund-pot-new", fund.pk), {"theme": ""})
    assert (none.status_code, "1つを選んでください" in text(none)) == (422, True)
    assert "子どもの居場所" in text(client.get(at("staff-fund-fund", fund.pk)))


def test_what_a_fund_is_called_is_put_right(client, city, desk, fund):
    address = at("staff-fund-edit", fund.pk)
    assert address in text(client.get(at("staff-fund-fund", fund.pk)))
    page = text(client.get(address))
    assert f'value="{fund.name}"' in page
    assert 'name="fiscal_year"' not in page
    empty = client.post(address, {"name": " ", "lead": "海のために"})
    assert (empty.status_code, "海のために" in text(empty)) == (422, True)
    same = client.post(address, {"name": fund.name, "lead": fund.lead})
    assert (same.status_code, "変わっていません" in text(same)) == (422, True)
    answer = client.post(address, {"name": "海と暮らしのファンド", "lead": "海のために"})
    assert answer["Location"] == at("staff-fund-fund", fund.pk)
    assert "海と暮らしのファンド" in text(client.get(answer["Location"]))


def test_a_contribution_goes_from_promise_to_receipt_and_back(client, city, desk, fund):
    company = make_organisation("うみかぜ商事株式会社")
    make_member(city, company)
    words = {
        "key": KEY,
        "source": "organisation",
        "organisation": company.pk,
        "name": "",
        "is_anonymous": "on",
        "pot": general(fund).pk,
        "yen": "１,２００,０００円",
    }
    for _ in range(2):
        answer = client.post(at("staff-fund-contribution-new", fund.pk), words)
    row = Contribution.objects.get()
    page = at("staff-fund-contribution", row.ref)
    assert answer["Location"] == page
    assert (row.name, row.yen, row.state, row.is_anonymous, row.recorded_by) == (
        "うみかぜ商事株式会社", 1_200_000, "pledged", True, desk,
    )  # fmt: skip
    early = client.post(f"{page}receive/{row.pk}/", {"on": "2025-07-01"})
    assert (early.status_code, "先の日付" in text(early), "2025-07-01" in text(early)) == (422, True, True)
    assert client.post(f"{page}receive/{row.pk}/", {"on": "2025-05-30"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.received_on, general(fund).available) == ("received", date(2025, 5, 30), 1_200_000)
    # What was sent to a contribution that has moved on is refused in words.
    late = client.post(f"{page}receive/{row.pk}/", {"on": "2025-05-30"})
    assert (late.status_code, "受領済み" in text(late)) == (422, True)
    assert client.post(f"{page}return/{row.pk}/", {"reason": ""}).status_code == 422
    assert client.post(f"{page}return/{row.pk}/", {"reason": "振込先の誤り"}).status_code == 302
    row.refresh_from_db()
    shown = text(client.get(page))
    assert (row.state, general(fund).available, "拠出の受領の取消し" in shown) == ("returned", 0, True)
    assert "振込先の誤り" in shown


def test_public_money_is_promised_and_received_in_one_go(client, city, desk, fund):
    address = at("staff-fund-contribution-new", fund.pk) + "?source=public"
    assert 'value="public" ' in text(client.get(address))
    words = {"source": "public", "pot": general(fund).pk, "yen": "12000000", "received_on": "2025-04-15"}
    assert client.post(address, words).status_code == 302
    row = Contribution.objects.get()
    assert (row.name, row.state, row.pledged_on, row.received_on) == (
        "しおかぜ市", "received", date(2025, 4, 15), date(2025, 4, 15),
    )  # fmt: skip
    wrong = client.post(address, {**words, "received_on": "2024-04-15", "yen": "77"})
    # Neither the promise nor the receipt is kept where one of them is refused.
    assert (wrong.status_code, "2025年度の日付" in text(wrong), "77" in text(wrong)) == (422, True, True)
    assert Contribution.objects.count() == 1


def test_a_promise_is_cancelled_with_a_reason(client, desk, fund):
    row = make_contribution(general(fund), state="pledged", yen=5000)
    page = at("staff-fund-contribution", row.ref)
    assert client.post(f"{page}cancel/{row.pk}/", {"reason": "事情が変わったため"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "cancelled"


def test_the_ledger_runs_by_account_and_carries_a_year_over(client, city, desk):
    with clock.standing_at(date(2025, 3, 1)):
        old = make_fund(city, year=2024, name="昨年のファンド")
        make_contribution(general(old), yen=1_000, on=date(2025, 3, 1))
    fund = make_fund(city, name="今年のファンド")
    for yen in (200, 30):
        make_contribution(general(fund), yen=yen)
    page = client.get(at("staff-fund-ledger"), {"account": "cash", "year": "2025"})
    assert [line["balance"] for line in page.context["lines"]] == [1_200, 1_230]
    assert (page.context["opening"], page.context["opening_on"]) == (1_000, date(2025, 4, 1))
    assert "前年度からの繰越" in text(page)
    free = client.get(at("staff-fund-ledger"), {"account": "free", "fund": str(fund.pk)})
    assert [(line["signed"], line["balance"]) for line in free.context["lines"]] == [(200, 200), (30, 230)]
    everything = client.get(at("staff-fund-ledger"))
    assert everything.context["page"].paginator.count == 9
    assert everything.context["is_balanced"]
    none = client.get(at("staff-fund-ledger"), {"account": "claims"})
    assert "条件に合う仕訳はありません" in text(none)


def test_the_ledger_is_saved_as_a_table_to_the_yen(client, desk, fund):
    make_contribution(general(fund), yen=999_999_999_999_999, name="=1+1")
    answer = client.get(at("staff-fund-ledger-file", "csv"), {"account": "cash"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["金額(円)"], row["残高(円)"], row["相手"]) for row in rows] == [
        ("999999999999999", "999999999999999", "'=1+1")
    ]
    assert answer["Cache-Control"] == "private, no-store"
    assert client.get(at("staff-fund-ledger-file", "xlsx")).content[:2] == b"PK"
    assert client.get(at("staff-fund-ledger-file", "exe")).status_code == 404


@pytest.mark.parametrize(
    "name", ["staff-fund", "staff-fund-money", "staff-fund-contributions", "staff-fund-ledger"]
)
def test_a_list_asks_no_more_for_more_rows(client, city, desk, django_assert_max_num_queries, name):
    for number in range(25):
        fund = make_fund(city, name=f"ファンド{number}")
        make_contribution(general(fund), state="pledged" if number % 2 else "received")
    client.get(at(name))
    with django_assert_max_num_queries(12):
        page = client.get(at(name), {"account": "cash", "year": "2025"})
    assert page.status_code == 200


def test_contributions_are_found_by_name_and_state(client, desk, fund):
    one = make_contribution(general(fund), name="海のなかま", state="pledged")
    make_contribution(general(fund), name="山のなかま")
    page = at("staff-fund-contributions")
    assert [row.pk for row, _state in client.get(page, {"q": "海の"}).context["rows"]] == [one.pk]
    assert [row.pk for row, _state in client.get(page, {"state": "pledged"}).context["rows"]] == [one.pk]
    assert "条件に合う拠出はありません" in text(client.get(page, {"q": "川"}))


def test_what_lies_with_the_secretariat_stands_oldest_first(client, city, desk, fund):
    assert "いま、事務局の番になっているものはありません" in text(client.get(at("staff-fund")))
    young = make_contribution(general(fund), state="pledged", name="あとの会社", on=date(2025, 5, 20))
    old = make_contribution(general(fund), state="pledged", name="さきの会社", on=date(2025, 5, 1))
    page = client.get(at("staff-fund"))
    assert [row["ref"] for row in page.context["rows"]] == [old.ref, young.ref]
    assert page.context["count"] == 2
    assert [tile["value"] for tile in page.context["tiles"]] == ["2"]
    # Another city's is its own.
    make_contribution(general(make_fund(make_municipality("hoka"))), state="pledged")
    assert client.get(at("staff-fund")).context["count"] == 2


def test_an_auditor_reads_without_forms(client, city, fund):
    make_contribution(general(fund), state="pledged", name="海のなかま")
    client.force_login(make_staff(city, "auditor"))
    row = Contribution.objects.get()
    page = text(client.get(at("staff-fund-contribution", row.ref)))
    assert ("海のなかま" in page, "act-receive" in page) == (True, False)
    refused = client.post(at("staff-fund-contribution", row.ref) + f"receive/{row.pk}/", {"on": "2025-05-30"})
    assert refused.status_code == 403


def test_balances_by_a_column_are_those_of_each(city):
    from musubi.fund import ledger
    from musubi.fund.models import Posting

    one, other = make_fund(city, name="一"), make_fund(city, name="二")
    make_contribution(general(one), yen=700)
    make_contribution(general(other), yen=11, state="pledged")
    found = ledger.balances_by(Posting.objects.all(), "fund")
    assert {pk: {name.value: yen for name, yen in held.items() if yen} for pk, held in found.items()} == {
        one.pk: {"cash": 700, "free": 700},
        other.pk: {"pledges": 11, "promised": 11},
    }
    assert found[one.pk] == ledger.balances(Posting.objects.filter(fund=one))
    actions.receive(Contribution.objects.get(yen=11), by=None)
    assert ledger.is_balanced(ledger.balances(Posting.objects.all()))


def test_the_list_of_contributions_leads_to_their_import_for_who_may(client, city, desk):
    here = at("staff-fund-contributions")
    there = at("staff-import") + "?kind=contributions"
    assert there in text(client.get(here))
    page = client.get(there)
    assert page.context["form"]["kind"].value() == "contributions"
