"""The other public pages: front pages, solutions, members, gatherings, stories, feeds, statements, language."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import icalendar
import pytest

from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from musubi.people import actions as people
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市", name_en="Minato City", prefecture="潮見県")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def story(city, desk):
    """A published story of a challenge that うみかぜ株式会社 met."""
    challenge = make_challenge(city, desk=desk, title="ごみ袋を用意したい")
    organisation = make_organisation("うみかぜ株式会社")
    make_member(city, organisation)
    case = make_case(
        city, organisation, desk=desk, track="challenge", challenge=challenge, title="内輪の題名"
    )
    outcome = outcomes.record_outcome(
        case, by=desk, kind="implemented", title="袋の導入", summary="導入。", started_on=clock.today()
    )
    row = outcomes.write_story(
        outcome, by=desk, title="浜がきれいになった", lead="4か月で実現。", body="**本文**", goals=[14]
    )
    outcomes.publish_story(row, by=desk)
    return row


# --- front pages ------------------------------------------------------------------------------------------------


def test_the_front_page_lists_municipalities_with_their_open_challenges(client, city, desk):
    make_challenge(city, desk=desk)
    make_challenge(city, desk=desk, state="resolved")
    make_municipality("tonari", name="隣町", prefecture="山見県")
    response = client.get("/")
    assert [(c["title"], c["meta"][-1][1]) for c in response.context["cities"]] == [
        ("港見市", "公開中の課題 1件"),
        ("隣町", "公開中の課題 0件"),
    ]
    assert [c["title"] for c in client.get("/?prefecture=山見県").context["cities"]] == ["隣町"]


def test_the_search_looks_in_every_municipality(client, city, desk):
    make_challenge(city, desk=desk, title="防災無線を届けたい")
    make_challenge(make_municipality("tonari", name="防災町"), title="避難所の防災倉庫を整えたい")
    make_challenge(city, desk=desk, title="読み聞かせを広げたい")
    response = client.get("/?q=防災")
    assert {c["title"] for c in response.context["cards"]} == {
        "防災無線を届けたい",
        "避難所の防災倉庫を整えたい",
    }
    assert [c["title"] for c in response.context["cities"]] == ["防災町"]
    assert "合う課題は見つかりませんでした" in client.get("/?q=ペンギン").text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=" + "あ" * 500, "prefecture=どこか", "page=999", "page=-1", "q=%25%27"]
)
def test_odd_parameters_never_break_the_front_page(client, city, query):
    assert client.get(f"/?{query}").status_code == 200


def test_a_municipalitys_front_page_shows_what_is_new(
    client, city, desk, story, django_assert_max_num_queries
):
    make_challenge(city, desk=desk, title="新しい課題", goals=[4])
    make_gathering(city, title="交流会", state="open")
    with django_assert_max_num_queries(12):
        response = client.get("/minato/")
    for words in ("新しい課題", "交流会", "浜がきれいになった"):
        assert words in response.text
    assert [stat["value"] for stat in response.context["stats"]] == [1, 1, 1, 1]


def test_a_municipality_nobody_knows_is_not_found(client):
    assert client.get("/nowhere/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/%00/", "/%00/challenges/", "/%ff%fe/", "/minato/challenges/%00/", "/" + "a" * 500 + "/"]
)
def test_an_address_of_odd_signs_is_not_found(client, city, path):
    assert client.get(path).status_code == 404


# --- solutions and members --------------------------------------------------------------------------------------


def test_solutions_are_the_published_ones_of_members(client, city, django_assert_max_num_queries):
    member = make_organisation()
    make_member(city, member)
    shown = make_solution(member, title="見守りセンサー", goals=[3])
    hidden = [make_solution(member, title="下書き", state="draft"), make_solution(title="会員でない団体")]
    with django_assert_max_num_queries(8):
        response = client.get("/minato/solutions/?q=見守り&goal=3")
    assert [c["title"] for c in response.context["cards"]] == ["見守りセンサー"]
    assert len(client.get("/minato/solutions/").context["cards"]) == 1
    with django_assert_max_num_queries(8):
        assert client.get(f"/minato/solutions/{shown.pk}/").status_code == 200
    for row in hidden:
        assert client.get(f"/minato/solutions/{row.pk}/").status_code == 404


def test_a_solution_leaves_with_its_organisation(client, city):
    organisation = make_organisation()
    member = make_member(city, organisation)
    solution = make_solution(organisation)
    assert client.get(f"/minato/solutions/{solution.pk}/").status_code == 200
    people.leave(member, by=make_representative(organisation), reason="事業の終了")
    assert client.get(f"/minato/solutions/{solution.pk}/").status_code == 404
    assert client.get(f"/minato/members/{organisation.pk}/").status_code == 404


def test_numbers_beyond_the_database_are_not_found(client, city):
    assert client.get("/minato/solutions/99999999999999999999999/").status_code == 404
    assert client.get("/minato/members/99999999999999999999999/").status_code == 404


def test_members_are_the_active_ones_and_can_be_searched(client, city, django_assert_max_num_queries):
    for name, kind in (("うみかぜ株式会社", "company"), ("まなびの灯", "npo")):
        organisation = make_organisation(name, kind=kind)
        make_member(city, organisation)
        make_solution(organisation)
    people.register_organisation(by=None, name="申込中の会", kind="npo")
    make_member(city, make_organisation("申込中の団体"), state="applied", joined_on=None)
    with django_assert_max_num_queries(8):
        response = client.get("/minato/members/")
    assert {c["title"] for c in response.context["cards"]} == {"うみかぜ株式会社", "まなびの灯"}
    assert [c["title"] for c in client.get("/minato/members/?kind=npo").context["cards"]] == ["まなびの灯"]


def test_a_members_page_shows_its_solutions_and_stories_but_no_person(client, city, story):
    organisation = story.outcome.case.organisations.get()
    make_solution(organisation, title="漁網の袋")
    person = make_representative(organisation, name="代表の潮見")
    text = client.get(f"/minato/members/{organisation.pk}/").text
    assert "漁網の袋" in text
    assert "浜がきれいになった" in text
    assert person.name not in text
    assert person.email not in text


def test_the_street_of_a_sole_proprietor_stays_private(client, city):
    home = make_organisation("個人の店", kind="sole", prefecture="潮見県", address="海辺町1-2-3")
    firm = make_organisation("会社", kind="company", prefecture="潮見県", address="港町4-5-6")
    for organisation in (home, firm):
        make_member(city, organisation)
    assert "海辺町" not in client.get(f"/minato/members/{home.pk}/").text
    assert "港町4-5-6" in client.get(f"/minato/members/{firm.pk}/").text


# --- gatherings -------------------------------------------------------------------------------------------------


def test_gatherings_are_split_into_coming_and_past(client, city, django_assert_max_num_queries):
    make_gathering(city, title="次の会", kind="exchange")
    make_gathering(city, title="先の会", kind="briefing", starts_at=clock.now() + timedelta(days=30))
    make_gathering(
        city, title="前の会", kind="exchange", state="reported", starts_at=clock.now() - timedelta(days=9)
    )
    make_gathering(city, title="準備中の会", state="draft")
    with django_assert_max_num_queries(8):
        response = client.get("/minato/gatherings/")
    assert [row["title"] for row in response.context["coming"]] == ["次の会", "先の会"]
    assert [row["title"] for row in response.context["past"]] == ["前の会"]
    narrowed = client.get("/minato/gatherings/?kind=briefing")
    assert [row["title"] for row in narrowed.context["coming"]] == ["先の会"]
    assert client.get("/minato/gatherings/?kind=abc&page=-3").status_code == 200


def test_a_gathering_shows_its_report_and_why_it_was_cancelled(client, city):
    held = make_gathering(city, state="reported", starts_at=clock.now() - timedelta(days=9))
    off = make_gathering(city, state="cancelled")
    draft = make_gathering(city, state="draft")
    assert "32団体が参加しました。" in client.get(f"/minato/gatherings/{held.ref}/").text
    assert "台風のため" in client.get(f"/minato/gatherings/{off.ref}/").text
    assert client.get(f"/minato/gatherings/{draft.ref}/").status_code == 404


def test_a_day_that_is_not_settled_is_shown_in_words(client, city):
    row = make_gathering(city, date_note="9月上旬")
    text = client.get(f"/minato/gatherings/{row.ref}/").text
    assert "9月上旬" in text
    assert f"{row.starts_at.astimezone(clock.TOKYO):%H:%M}" not in text


def test_the_calendar_holds_the_gatherings(client, city):
    with clock.standing_at(date(2026, 6, 1)):
        sure = make_gathering(
            city, title="交流会, 第1回", place="市民ホール", starts_at=clock.at(date(2026, 6, 9), 14)
        )
        make_gathering(city, title="専門部会", date_note="7月上旬", starts_at=clock.at(date(2026, 7, 1), 10))
        make_gathering(city, title="中止の会", state="cancelled", starts_at=clock.at(date(2026, 6, 20), 10))
        make_gathering(city, title="準備中", state="draft")
        response = client.get("/minato/gatherings.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    events = {str(e["summary"]): e for e in icalendar.Calendar.from_ical(response.content).walk("VEVENT")}
    assert set(events) == {"交流会, 第1回", "専門部会(7月上旬)", "中止の会"}
    first = events["交流会, 第1回"]
    assert first["dtstart"].dt == sure.starts_at
    assert str(first["location"]) == "市民ホール"
    assert str(first["url"]).endswith(f"/minato/gatherings/{sure.ref}/")
    assert events["専門部会(7月上旬)"]["dtstart"].dt == date(2026, 7, 1)
    assert str(events["中止の会"]["status"]) == "CANCELLED"


# --- stories and feeds ------------------------------------------------------------------------------------------


def test_stories_show_the_whole_chain_with_links(client, city, story, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        assert [c["title"] for c in client.get("/minato/stories/").context["cards"]] == ["浜がきれいになった"]
    with django_assert_max_num_queries(8):
        response = client.get(f"/minato/stories/{story.ref}/")
    challenge = story.outcome.case.challenge
    chain = response.context["chain"]
    assert [step["kind"] for step in chain] == ["課題", "提案", "連携案件", "成果"]
    assert chain[0]["href"] == f"/minato/challenges/{challenge.ref}/"
    assert "<strong>本文</strong>" in response.text
    assert "うみかぜ株式会社" in response.text
    assert "内輪の題名" not in response.text


def test_a_withdrawn_story_is_gone(client, city, desk, story):
    path = f"/minato/stories/{story.ref}/"
    assert client.get(path).status_code == 200
    outcomes.withdraw_story(story, by=desk)
    assert client.get(path).status_code == 404
    assert "うみかぜ株式会社" not in client.get("/minato/stories/").text


def test_the_feed_holds_challenges_and_stories_newest_first(client, city, desk, story):
    challenge = make_challenge(city, desk=desk, title="あたらしい課題 & 相談")
    make_challenge(city, desk=desk, title="庁内の課題", visibility=20)
    response = client.get("/minato/feed.atom")
    assert response["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(response.content)
    entries = {e.findtext(f"{ATOM}title"): e for e in feed.iter(f"{ATOM}entry")}
    assert list(entries) == [
        "[課題] あたらしい課題 & 相談",
        "[連携事例] 浜がきれいになった",
        "[課題] ごみ袋を用意したい",
    ]
    link = entries["[課題] あたらしい課題 & 相談"].find(f"{ATOM}link").get("href")
    assert link == f"http://testserver/minato/challenges/{challenge.ref}/"


def test_the_feed_survives_a_pasted_control_character(client, city, desk):
    make_challenge(city, desk=desk, title="落ち\x0b葉", problem="年に\x0c40回")
    feed = ElementTree.fromstring(client.get("/minato/feed.atom").content)
    assert "[課題] 落ち葉" in [each.findtext(f"{ATOM}title") for each in feed.iter(f"{ATOM}entry")]


# --- statements, language, robots -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/accessibility/", "/privacy/", "/terms/", "/robots.txt"])
def test_statements_need_no_sign_in(client, db, path):
    assert client.get(path).status_code == 200


def test_the_language_is_remembered_and_the_visitor_goes_back(client, city):
    response = client.get("/language/", {"to": "en", "next": "/minato/challenges/?q=海"})
    assert response.status_code == 302
    assert response["Location"] == "/minato/challenges/?q=%E6%B5%B7"
    assert client.cookies["django_language"].value == "en"
    assert "Minato City" in client.get("/minato/").text


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil",
        "",
        "\x00",
    ],
)
def test_the_language_switch_leads_nowhere_else(client, db, there):
    assert client.get("/language/", {"to": "en", "next": there})["Location"] == "/"


def test_an_unknown_language_changes_nothing(client, db):
    client.get("/language/", {"to": "../../etc", "next": "/"})
    assert "django_language" not in client.cookies


def test_every_link_of_the_public_navigation_leads_to_a_page(client, city, story):
    for start in ("/", "/minato/"):
        for href in set(re.findall(r'href="(/[^"#]*)"', client.get(start).text)):
            if not href.startswith("/static/"):
                assert client.get(href.replace("&amp;", "&")).status_code in (200, 302), href
