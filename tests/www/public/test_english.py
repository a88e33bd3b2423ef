"""The English of the public pages: nothing is left out, and what is shown is English."""

import re
from datetime import date, timedelta

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from musubi.fund import actions as fund
from musubi.fund.actions import Parts
from musubi.fund.models import Award
from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_contribution,
    make_fund,
    screen,
)
from tests.factories.gatherings import make_gathering
from tests.factories.notify import make_notice
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_staff,
    make_user,
)
from tests.factories.solutions import make_solution
from tests.www.public.messages import ROOT, messages

CATALOGUE = ROOT / "locale/en/LC_MESSAGES/django.po"
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]+")
PLACE = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture(scope="module")
def catalogue():
    with CATALOGUE.open("rb") as file:
        return read_po(file)


@pytest.fixture
def english(catalogue, tmp_path, settings, client):
    """A visitor who reads English, from the catalogue as it is in the source (script/setup compiles it elsewhere)."""
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    settings.LOCALE_PATHS = [tmp_path]
    client.cookies["django_language"] = "en"
    return client


def english_of(catalogue, text: str) -> list[str]:
    message = catalogue.get(text)
    if message is None or message.fuzzy:
        return []
    return list(message.string) if message.pluralizable else [message.string]


def test_every_string_of_the_public_pages_has_its_english(catalogue):
    lacking = [text for text in messages() if not all(english_of(catalogue, text) or [""])]
    assert lacking == [], f"add them to {CATALOGUE.relative_to(ROOT.parent)}"


def test_counted_strings_have_a_plural(catalogue):
    for text, counted in messages().items():
        assert len(english_of(catalogue, text)) == (2 if counted else 1), text


def test_the_english_keeps_every_place_for_a_value(catalogue):
    for text in messages():
        for words in english_of(catalogue, text):
            assert sorted(PLACE.findall(words)) == sorted(PLACE.findall(text)), text


@pytest.mark.django_db
def test_an_english_reader_sees_no_japanese_beside_what_people_wrote(english):
    """All data of this test is in Latin letters, so every Japanese letter would be the product's own."""
    city = make_municipality("minato", name="Minato", name_en="Minato City", prefecture="Shiomi", desk=False)
    make_department(city, "Desk", is_desk=True)
    section = make_department(city, "Environment")
    desk, officer = make_staff(city, "desk", name="Nao"), make_staff(city, "officer", section, name="Kazuko")
    words = {
        "problem": "40 times a year",
        "goal_image": "half by 2027",
        "conditions": "in town",
        "offer_note": "field",
    }
    words |= {"goals": [14, 4], "fields": ["environment"], "offers_field": True, "offers_budget": True}
    with clock.standing_at(date(2026, 8, 3)):
        shown = make_challenge(
            city, by=officer, desk=desk, title="Bags", deadline=date(2027, 1, 5), scale="large", **words
        )
        make_challenge(city, by=officer, desk=desk, title="Bags again", **words)
        closed = make_challenge(city, by=officer, desk=desk, title="Closed", state="closed", **words)
    organisation = make_organisation("Umikaze", prefecture="Shiomi", founded_on=date(2001, 5, 1))
    make_member(city, organisation)
    solution = make_solution(
        organisation, title="Nets", summary="From nets", results="42 schools", needs="a beach"
    )
    case = make_case(
        city,
        organisation,
        officer=officer,
        desk=desk,
        track="challenge",
        challenge=shown,
        title="Offer",
        content="x",
    )
    outcome = outcomes.record_outcome(
        case, by=desk, kind="implemented", title="In use", summary="x", started_on=clock.today()
    )
    story = outcomes.write_story(
        outcome, by=desk, title="Clean beach", lead="In 4 months", body="Told", goals=[14]
    )
    outcomes.publish_story(story, by=desk)
    coming = make_gathering(city, title="Meeting", place="Hall")
    make_gathering(
        city, title="Before", kind="matching", state="held", starts_at=clock.now() - timedelta(days=9)
    )
    pages = [
        "/", "/?q=Bags", "/?q=nothing", "/minato/", "/minato/challenges/", "/minato/challenges/?goal=14&q=Bags",
        "/minato/challenges/?goal=3", f"/minato/challenges/{shown.ref}/", f"/minato/challenges/{closed.ref}/",
        "/minato/solutions/", "/minato/solutions/?goal=3", f"/minato/solutions/{solution.pk}/", "/minato/members/",
        "/minato/members/?kind=npo", f"/minato/members/{organisation.pk}/", "/minato/gatherings/",
        "/minato/gatherings/?kind=briefing", f"/minato/gatherings/{coming.ref}/", "/minato/stories/",
        f"/minato/stories/{story.ref}/", "/minato/propose/", "/accessibility/", "/privacy/", "/terms/", "/nowhere/",
    ]  # fmt: skip
    left = {path: japanese_in(english.get(path).text) for path in pages}
    assert {path: found for path, found in left.items() if found} == {}


@pytest.mark.django_db
def test_an_english_reader_sees_no_japanese_on_the_pages_of_a_fund(english):
    city = make_municipality("minato", name="Minato", name_en="Minato City", prefecture="Shiomi", desk=False)
    latin = {"name": "Grant", "code": "grant"}
    parts = Parts(
        years=[
            {"year": 1, "rate_above": 4, "rate_below": 5, "cap": 5_000_000},
            {"year": 2, "direction": "up"},
            {"year": 3, "rate_above": 1, "rate_below": 1, "direction": "half_up"},
        ],
        categories=[
            {"code": "wages", "name": "Wages", "cap": 900_000, "share": 50},
            {"code": "food", "name": "Food", "is_eligible": False},
        ],
        criteria=[{"stage": "first", "name": "Effect"}, {"stage": "second", "name": "Talk"}],
        papers=[
            {"code": "accounts", "name": "Accounts", "form_number": 1, "is_required": False},
            {"code": "report", "name": "Report", "for_report": True, "is_required": False},
        ],
    )
    with clock.standing_at(date(2026, 8, 3)):
        edition = fund.draft_programme(city, by=None, **latin)
        rules = {"kinds": ["npo", "company"], "startup_years": 5, "scorers": 2, "criterion_share": 40}
        rules |= {"own_above": 1, "own_below": 5, "tax": "report", "has_reserve": True, "pass_share": 10}
        fund.save_edition(edition, by=None, parts=parts, **rules)
        fund.use_edition(edition, by=None)
        row = make_fund(city, year=2026, name="Minato fund")
        pot = fund.earmark(row, by=None, theme="Youth")
        giver = make_organisation("Aoba")
        for state in ("pledged", "received", "cancelled", "returned"):
            make_contribution(pot, organisation=giver, state=state, is_anonymous=state == "received")
        make_contribution(general(row), organisation=giver, yen=9_000_000)
        days = {name: date(2026, 9, 1) for name in ("first_on", "second_on", "decision_on", "report_on")}
        call = make_call(row, edition=edition, title="Autumn call", **days)
        words = dict.fromkeys(("content", "schedule", "structure", "effect", "future"), "words")
        words |= {"title": "Seagrass", "purpose": "for the sea", "goals": [14]}
        words["costs"] = [{"category": "wages", "label": "one", "yen": 1_000_000}]
        words["requested"] = 300_000
        for name in ("Umikaze", "Yamakaze"):
            application = make_application(call, organisation=make_organisation(name, kind="npo"), **words)
        fund.answer(fund.ask(call, by=make_user("Yu"), question="When?"), by=None, words="Soon.")
    pages = [
        "",
        "calls/",
        f"calls/{call.ref}/",
        "awards/",
        "contributions/",
        "ledger/",
        "ledger/?account=all",
    ]
    pages += [f"calls/{call.ref}/applications/", "calls/?year=2026"]

    def left(*more) -> dict:
        shown = {path: english.get(f"/minato/fund/{path}") for path in [*pages, *more]}
        assert {answer.status_code for answer in shown.values()} == {200}
        return {path: found for path, answer in shown.items() if (found := japanese_in(answer.text))}

    with clock.standing_at(date(2026, 8, 4)):
        assert left() == {}
        assert japanese_in(english.get("/minato/").text) == []
    with clock.standing_at(date(2026, 8, 30)):
        screen(call)
        shares = {general(row).pk: 300_000}
        words = {"outcome": "awarded", "reasons": "It helps.", "yen": 300_000, "shares": shares}
        fund.prepare_decision(application, by=None, **words)
        other = call.applications.exclude(pk=application.pk).get()
        fund.prepare_decision(other, by=None, outcome="reserve", reasons="No money left.")
        fund.release(call, by=None)
        application.refresh_from_db()
        by = application.filed_by
        fund.accept_award(application.award, by=by)
        fund.pay(fund.request_advance(application.award, by=by, yen=100_000, reason="x"), by=None)
        fund.register_asset(application.award, by=by, name="Camera", yen=500_000, bought_on=clock.today())
        # The number of a letter is written as the municipality writes it.
        Award.objects.update(number="1-2")
        assert left(f"awards/{application.ref}/") == {}
        fund.revoke(application.award, by=None, reason="x")
        assert left(f"awards/{application.ref}/") == {}
        english.force_login(make_user("Yu"))
        assert english.get(f"/minato/fund/calls/{call.ref}/ask/").status_code == 200
        assert japanese_in(english.get(f"/minato/fund/calls/{call.ref}/ask/").text) == []


@pytest.mark.django_db
def test_an_english_reader_finds_the_own_pages_in_english(english, settings):
    settings.DEMO = True
    user = make_user("Yu")
    english.force_login(user)
    make_notice(user, title="It arrived")
    for path in (
        "home/",
        "notices/",
        "notices/?show=unread",
        "preferences/",
        "profile/",
        "demo/",
        "demo/outbox/",
    ):
        assert japanese_in(english.get(f"/accounts/{path}").text) == [], path


def japanese_in(html: str) -> list[str]:
    # The brand, the examples of what to search for, and the switch to Japanese keep their letters.
    for kept in ("Musubi 結", "日本語", "海ごみ", "省エネ"):
        html = html.replace(kept, "")
    return JAPANESE.findall(html)
