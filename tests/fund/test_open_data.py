"""A fund for machines: tables that say what the pages say, and 360Giving valid against the standard's own schema."""

import csv
import io
import json
from datetime import date

import jsonschema
import pytest
from python_calamine import CalamineWorkbook
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from musubi.fund import actions, shown
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.open_data import giving
from musubi.fund.open_data.tables import TABLES
from musubi.lib import clock
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_contribution,
    make_fund,
)
from tests.factories.people import make_municipality, make_organisation
from tests.lib.shared_data import shared

pytestmark = pytest.mark.django_db
JULY, AUGUST, MARCH = (clock.at(date(*day)) for day in ((2025, 7, 1), (2025, 8, 29), (2026, 3, 10)))
NUMBER = "7000012050002"


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市", code="900001")


def granted(city, **words):
    """One award of 800,000 yen in a call of its own."""
    with clock.standing_at(JULY):
        fund = city.funds.first() or make_fund(city)
        make_contribution(general(fund), yen=3_000_000)
        organisation = words.pop("organisation", None) or make_organisation(
            "うみかぜ会", corporate_number=NUMBER, url="https://umikaze.example.jp/", name_en="Umikaze"
        )
        application = make_application(make_call(fund), organisation=organisation, goals=[14], **words)
    with clock.standing_at(AUGUST):
        return make_award(application)


def advance(award, yen: int) -> None:
    by = award.application.filed_by
    actions.accept_award(award, by=by)
    actions.pay(actions.request_advance(award, by=by, yen=yen, reason="材料費"), by=None)


def report(award, spent: int) -> None:
    by = award.application.filed_by
    costs = [{"category": "wages", "label": "担当者", "yen": spent}]
    actions.save_report(award, by=by, done="した", effect="あった", costs=costs)
    actions.file_report(award, by=by)
    actions.fix_amount(
        award, by=None, inspection=dict.fromkeys(INSPECTION, True), without_evidence="現地で確認した"
    )


@pytest.fixture
def every_kind(city):
    """Awards that were just decided, settled with less, claimed back from, changed, stopped and revoked."""
    awards = [granted(city)]
    other = {"organisation": make_organisation("大島 なぎさ", kind="sole", url="https://nagisa.example.jp/")}
    awards += [granted(city, title=f"事業{n}" + "長" * 100, **other) for n in range(5)]
    _decided, less, back, changed, stopped, revoked = awards
    with clock.standing_at(AUGUST):
        advance(less, 400_000)
        advance(back, 800_000)
        for award, kind, yen in ((changed, "amount", 500_000), (stopped, "stop", None)):
            by = award.application.filed_by
            change = actions.request_change(award, by=by, kind=kind, yen=yen, reason="事情", content="減らす")
            actions.decide_change(change, by=None, approve=True, words="")
        advance(revoked, 300_000)
    with clock.standing_at(MARCH):
        report(less, 900_000)
        actions.pay(less.payments.get(kind="rest"), by=None)
        actions.report_outcome(less, by=less.application.filed_by, outcome="藻場が2ha増えた。")
        report(back, 500_000)
        actions.receive_return(back.claims.get(), by=None)
        actions.revoke(revoked, by=None, reason="目的外の使用")
    return awards


# --- 360Giving --------------------------------------------------------------------------------------------------


def test_every_award_is_valid_by_the_standards_own_schema(city, every_kind):
    folder = "standards/360giving"
    grants = json.loads(shared(f"{folder}/360-giving-schema.json").read_text())
    package = json.loads(shared(f"{folder}/360-giving-package-schema.json").read_text())
    for schema in (grants, package):
        # Written with http, where the draft's own name has https.
        assert schema.pop("$schema") == "http://json-schema.org/draft/2020-12/schema"
    resource = DRAFT202012.create_resource(grants)
    # The package names the schema of a grant by the version before.
    names = {grants["$id"], package["properties"]["grants"]["items"]["$ref"]}
    registry = Registry().with_resources([(name, resource) for name in names])
    for checker in (None, jsonschema.Draft202012Validator.FORMAT_CHECKER):
        validator = jsonschema.Draft202012Validator(package, registry=registry, format_checker=checker)
        found = giving.package(city)
        assert [error.message for error in validator.iter_errors(found)] == []
        del found["grants"][0]["amountAwarded"]
        assert not validator.is_valid(found)


def test_a_grant_says_who_got_how_much_when_and_why(city):
    award = granted(city, title="藻場の再生", purpose="海の環境が悪くなっている。")
    (grant,) = giving.package(city)["grants"]
    ref = award.application.ref
    assert {name: grant[name] for name in ("id", "title", "description", "currency", "awardDate")} == {
        "id": f"JP-LGCODE-900001-{ref}",
        "title": "藻場の再生",
        "description": "海の環境が悪くなっている。",
        "currency": "JPY",
        "awardDate": "2025-08-29T00:00:00+09:00",
    }
    assert [grant[f"amount{name}"] for name in ("AppliedFor", "Awarded", "Disbursed")] == [
        800_000,
        800_000,
        0,
    ]
    assert grant["url"].endswith(f"/minato/fund/awards/{ref}/")
    assert grant["recipientOrganization"] == [
        {
            "id": f"JP-JCN-{NUMBER}",
            "name": "うみかぜ会",
            "organisationType": "企業",
            "alternateName": "Umikaze",
            "url": "https://umikaze.example.jp/",
            "addressCountry": "Japan",
        }
    ]
    assert grant["fundingOrganization"][0]["name"] == "港見市"
    assert [(one["vocabulary"], one["code"]) for one in grant["classifications"]] == [
        ("SDGs", "14"),
        ("使いみち", "general"),
    ]


def test_what_was_committed_and_paid_adds_up_to_the_amounts(city, every_kind):
    found = {}
    for grant in giving.package(city)["grants"]:
        committed = sum(step["value"] for step in grant["commitmentTransaction"])
        paid = sum(step["value"] for step in grant["disbursementTransaction"])
        assert (committed, paid) == (grant["amountAwarded"], grant["amountDisbursed"])
        found[grant["id"].removeprefix("JP-LGCODE-900001-")] = (committed, paid)
    amounts = [found[award.application.ref] for award in every_kind]
    assert amounts == [
        (800_000, 0),
        (720_000, 720_000),
        (400_000, 400_000),
        (500_000, 0),
        (0, 0),
        # Revoked: to be given back, and not yet come.
        (0, 300_000),
    ]


def test_identifiers_are_unique_and_titles_fit(city, every_kind):
    grants = giving.package(city)["grants"]
    assert len(grants) == 6
    ids = [grant["id"] for grant in grants]
    ids += [
        step["id"] for one in grants for step in one["commitmentTransaction"] + one["disbursementTransaction"]
    ]
    assert len(ids) == len(set(ids))
    assert max(len(grant["title"]) for grant in grants) < 140


def test_a_person_in_business_alone_gives_nothing_but_the_name(city, every_kind):
    (who,) = [
        grant["recipientOrganization"][0]
        for grant in giving.package(city)["grants"]
        if grant["recipientOrganization"][0]["name"] == "大島 なぎさ"
    ][:1]
    assert sorted(who) == ["id", "name", "organisationType"]
    assert who["id"].startswith("JP-LGCODE-900001-ORG-")


def test_there_is_no_grant_before_the_release_and_no_file(city, client):
    with clock.standing_at(JULY):
        make_application(make_call(make_fund(city)))
    assert giving.package(city)["grants"] == []
    assert client.get("/minato/fund/360giving.json").status_code == 404


def test_the_file_is_the_package_and_may_be_read_from_anywhere(city, client):
    granted(city)
    answer = client.get("/minato/fund/360giving.json")
    assert json.loads(answer.content) == giving.package(city)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["ETag"] == client.get("/minato/fund/360giving.json")["ETag"]


def test_the_package_costs_the_same_for_one_and_for_many(city, django_assert_num_queries):
    granted(city)
    with django_assert_num_queries(7):
        giving.package(city)
    for _ in range(3):
        granted(city, organisation=make_organisation())
    with django_assert_num_queries(7):
        giving.package(city)


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_csv_and_excel_hold_the_same_rows(city, client, every_kind, name):
    table = TABLES[name](city, None)
    rows = [list(row) for row in table.rows]
    assert rows
    assert {len(row) for row in rows} == {len(table.columns)}
    text = client.get(f"/minato/fund/{name}.csv").content.decode("utf-8-sig")
    listed = list(csv.reader(io.StringIO(text)))
    assert listed[0] == [str(column) for column in table.columns]
    assert len(listed) == len(rows) + 1
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(client.get(f"/minato/fund/{name}.xlsx").content))
    assert len(sheet.get_sheet_by_index(0).to_python()) == len(rows) + 1


def test_the_ledger_as_a_file_balances_to_the_yen(city, client, every_kind):
    text = client.get("/minato/fund/ledger.csv").content.decode("utf-8-sig")
    held: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(text)):
        yen = int(row["金額(円)"])
        held[row["借方"]] = held.get(row["借方"], 0) + yen
        held[row["貸方"]] = held.get(row["貸方"], 0) - yen
    assert sum(held.values()) == 0
    assert held["現金預金"] == shown.sums(city)[2025].received - shown.sums(city)[2025].paid


def test_a_file_of_a_year_without_a_fund_is_not_found(city, client, every_kind):
    assert client.get("/minato/fund/ledger.csv?year=1999").status_code == 404
    assert client.get("/minato/fund/ledger.csv?year=zzz").status_code == 404
    assert client.get("/minato/fund/ledger.csv?year=令和7").status_code == 200
    assert client.get("/minato/fund/people.csv").status_code == 404
