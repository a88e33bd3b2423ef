"""The figures for everyone: each number leads to its records, and nobody is named who did not publish."""

import csv
import io
import json
import re
from datetime import date

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions as cases
from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from musubi.outcomes.figures import figures
from musubi.outcomes.figures_queries import SOURCES
from musubi.proposals import actions as proposals
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.people import make_member, make_municipality, make_organisation, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def whole(city, desk, officer):
    """One of everything: a challenge met at an event and realised, another declined, a walk-in."""
    with clock.standing_at(date(2024, 10, 1)):
        event = make_gathering(
            city, kind="matching", title="出会いの日", starts_at=clock.at(date(2024, 12, 5))
        )
        bags = make_challenge(city, by=officer, desk=desk, title="ごみ袋を届けたい", code="litter_bags")
        secret = make_challenge(city, by=officer, desk=desk, title="庁内だけの課題", visibility=20)
    company = make_organisation("ひみつ化成株式会社")
    with clock.standing_at(date(2024, 12, 2)):
        proposal = make_proposal(
            city, company, challenge=bags, track="challenge", title="ひみつの提案", state="routing",
            departments=[officer.staff.get().department], desk=desk,
        )  # fmt: skip
        case = make_case(city, proposal=proposal, officer=officer)
    with clock.standing_at(clock.at(date(2024, 12, 5), 17)):
        cases.record_meeting(
            case, by=officer, held_at=clock.at(date(2024, 12, 5), 11), minutes="見本を見た。", gathering=event
        )
    with clock.standing_at(date(2025, 4, 7)):
        outcomes.record_outcome(
            case, by=officer, kind="donation", title="ひみつの成果", summary="配った。", started_on=date(2025, 4, 7)
        )  # fmt: skip
        declined = make_proposal(city, company, title="ひみつの自由提案")
    with clock.standing_at(date(2025, 4, 9)):
        proposals.decline(declined, by=desk, reason="timing", feedback="来年度にご相談ください。")
        make_contact(city, company, officer=officer, title="ひみつの相談")
        make_member(city, make_organisation("名のる株式会社"))
    return {"bags": bags, "secret": secret, "case": case, "proposal": proposal}


def test_page_shows_the_funnel_with_its_table_and_links(client, city, whole):
    page = client.get("/minato/figures/")
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert [(s["label"], s["value"]) for s in page.context["funnel_steps"]] == [
        ("登録した課題", 2),
        ("届いた提案", 1),
        ("対話した団体", 1),
        ("実現した課題", 1),
    ]
    assert 'class="figure funnel"' in page.text
    assert "ごみ袋を届けたい" in page.text
    assert "4か月" in page.text
    hrefs = set(re.findall(r'href="/minato/figures/([\w-]+)/"', page.text))
    assert {"members", "cases_open", "funnel-dialogues", "first_answer", "trials-trial"} <= hrefs
    assert not any(key.startswith("declines") for key in hrefs)
    for key in hrefs:
        assert client.get(f"/minato/figures/{key}/").status_code == 200


def test_year_narrows_page_and_links(client, city, whole):
    page = client.get("/minato/figures/?year=2025")
    assert [s["value"] for s in page.context["funnel_steps"]] == [0, 0, 0, 0]
    assert 'href="/minato/figures/proposals/?year=2025"' in page.text
    assert client.get("/minato/figures/?year=令和7").context["found"] == page.context["found"]
    assert client.get("/minato/figures/proposals/?year=2025").context["page"].paginator.count == 1


def test_unreadable_year_says_how_to_write_one(client, city):
    page = client.get("/minato/figures/?year=平成x")
    assert page.status_code == 200
    assert "「平成x」は年度として読めないため" in page.text
    assert client.get("/minato/figures.json?year=x").status_code == 404
    assert client.get("/minato/figures.csv?year=x").status_code == 404


def test_downloads_are_what_the_command_prints_but_for_small_numbers(client, city, whole):
    page = client.get("/minato/figures.json?year=2024")
    out = io.StringIO()
    call_command("figures", "minato", "--fiscal-year", "2024", "--json", stdout=out)
    public, exact = json.loads(page.text), json.loads(out.getvalue())
    assert public == figures(city, 2024, public=True)
    assert list(public) == list(exact)
    careful = {
        "declines",
        "second_matches",
        "proposal_funnel",
        "proposals_by",
        "times",
        "stage_times",
        "times_by_fiscal_year",
    }
    assert {key for key in exact if public[key] != exact[key]} <= careful
    assert page["Content-Disposition"] == 'attachment; filename="minato-figures-2024.json"'
    table = client.get("/minato/figures.csv")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0] == ["自治体", "期間", "項目", "値", "単位", "データの名前"]
    assert ["港見市", "全期間", "課題の実現率", "50.0", "%", "challenges_realised_share"] in rows
    assert ["港見市", "全期間", "会員", "1", "団体", "members"] in rows


def test_nothing_private_is_told(client, city, whole):
    pages = ["/minato/figures/", "/minato/figures.json", "/minato/figures.csv"]
    for path in pages + [f"/minato/figures/{key}/" for key, source in SOURCES.items() if not source.internal]:
        text = client.get(path).content.decode()
        assert "ひみつ" not in text, path
        assert "庁内だけの課題" not in text, path
        assert "/staff/" not in text, path


def test_evidence_lists_the_very_records(client, city, whole):
    def rows(key):
        caches["pages"].clear()  # a kept page has no context
        return client.get(f"/minato/figures/{key}/").context["rows"]

    bags, case = whole["bags"], whole["case"]
    assert rows("funnel-challenges")[0] == [
        {"text": "ごみ袋を届けたい", "href": f"/minato/challenges/{bags.ref}/"},
        bags.ref,
        "令和6年10月",
        "解決",
    ]
    assert rows("funnel-challenges")[1][0] == "(公開していない課題)"
    assert rows("funnel-dialogues") == [["企業", "令和6年12月", "マッチングイベント", case.ref]]
    assert rows("first_answer")[-1][-2:] == [2, 2]
    assert rows("members")[0][0]["text"] == "名のる株式会社"
    assert rows("cases_open")[0][:2] == [case.ref, "対話"]
    assert "この期間の記録はありません" in client.get("/minato/figures/agreements/").text


@pytest.mark.parametrize("key", [key for key, source in SOURCES.items() if source.internal])
def test_which_proposals_ended_how_is_for_staff(client, city, desk, whole, key):
    assert client.get(f"/minato/figures/{key}/").status_code == 404
    client.force_login(make_staff(make_municipality(), "desk"))
    assert client.get(f"/minato/figures/{key}/").status_code == 404
    client.force_login(desk)
    page = client.get(f"/minato/figures/{key}/")
    assert page.status_code == 200
    if key in ("declines", "declines-timing", "proposal-declined"):
        assert "時期が合わない" in page.context["rows"][0]


def test_staff_find_their_own_pages(client, city, desk, officer, whole):
    client.force_login(desk)
    page = client.get("/minato/figures/cases_open/")
    assert f'href="/minato/staff/cases/{whole["case"].ref}/"' in page.text
    assert "ひみつの自由提案(ひみつ化成株式会社)" in client.get("/minato/figures/proposals/").text
    assert "ひみつ化成株式会社" in client.get("/minato/figures/funnel-dialogues/").text
    assert "no-cache" in page["Cache-Control"]
    # An officer reads the title of what the own department takes part in, and of nothing else.
    client.force_login(make_staff(city, "officer"))
    for key in ("cases_open", "funnel-dialogues", "outcomes"):
        assert "ひみつ" not in client.get(f"/minato/figures/{key}/").text
    assert "ひみつの自由提案" not in client.get("/minato/figures/proposals/").text


def test_staff_of_another_municipality_see_what_everyone_sees(client, city, whole):
    client.force_login(make_staff(make_municipality(), "desk"))
    for key in ("cases_open", "proposals", "funnel-dialogues", "outcomes"):
        assert "ひみつ" not in client.get(f"/minato/figures/{key}/").text


def test_staff_page_is_for_staff(client, city, desk, whole):
    assert client.get("/minato/staff/figures/").status_code == 302
    client.force_login(desk)
    page = client.get("/minato/staff/figures/?year=2024")
    assert page.status_code == 200
    assert page.context["found"] == figures(city, 2024)
    assert 'href="/minato/figures/proposal-accepted/' in client.get("/minato/staff/figures/").text
    client.force_login(make_staff(make_municipality(), "desk"))
    assert client.get("/minato/staff/figures/").status_code == 403


def test_unknown_city_or_number_is_not_found(client, city):
    assert client.get("/minato/figures/nope/").status_code == 404
    assert client.get("/nowhere/figures/").status_code == 404


def test_page_is_kept_until_something_happens(client, city, whole):
    first = client.get("/minato/figures/")
    assert client.get("/minato/figures/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    make_contact(city, officer=make_staff(city, "officer"))
    again = client.get("/minato/figures/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200


@pytest.mark.parametrize("key", ["cases_open", "proposals", "funnel-dialogues", "outcomes", "members"])
def test_evidence_costs_the_same_for_one_row_and_for_many(client, city, desk, officer, whole, key):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/minato/figures/{key}/")
        return len(queries)

    client.force_login(desk)
    once = statements()
    for _ in range(3):
        case = make_case(city, challenge=None, officer=officer, desk=desk, title="別の提案")
        outcomes.record_outcome(
            case, by=officer, kind="publicity", title="公開", summary="載せた。", started_on=clock.today()
        )
        make_member(city)
    assert statements() == once


def test_figures_page_costs_a_constant_number_of_statements(client, city, desk, officer, whole):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            client.get("/minato/figures/?year=2024")
        return len(queries)

    once = statements()
    make_case(city, officer=officer, desk=desk)
    make_member(city)
    assert statements() == once <= 30
