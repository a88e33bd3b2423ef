"""Saved searches: made, changed, stopped, dropped, and what each finds now."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching import actions
from musubi.matching.models import SavedSearch, WeeklyDigest
from musubi.notify.actions import set_preference
from musubi.plan.models import Field
from musubi.www.partner.searches import next_digest_on
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_representative, make_user

pytestmark = pytest.mark.django_db

LIST, NEW, PREVIEW = "/my/searches/", "/my/searches/new/", "/my/searches/preview/"


@pytest.fixture
def words(company):
    return {"organisation": company.pk, "name": "海岸の仕事", "text": "海岸のごみ", "most": 5, "do": "save"}


@pytest.fixture
def search(company, person):
    return actions.save_search(company, by=person, name="海岸の仕事", text="海岸のごみ", goals=[14], most=3)


def test_search_is_saved_for_the_person(here, person, company, city, words):
    words |= {"goals": [14], "fields_of_work": ["environment"], "municipalities": [city.pk], "most": 7}
    response = here.post(NEW, words)
    assert (response.status_code, response["Location"]) == (302, LIST)
    search = SavedSearch.objects.get()
    assert (search.user, search.organisation, search.name, search.text) == (
        person,
        company,
        "海岸の仕事",
        "海岸のごみ",
    )
    assert [goal.pk for goal in search.goals.all()] == [14]
    assert [field.pk for field in search.fields.all()] == ["environment"]
    assert list(search.municipalities.all()) == [city]
    assert (search.most, search.is_active) == (7, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "検索の名前"),
        ({"text": ""}, "ゴール・分野・自治体のどれか"),
        ({"most": "0"}, "1"),
        ({"most": "21"}, "20"),
        ({"text": "海" * 2001}, "2000"),
        ({"goals": ["99"]}, "選択"),
        ({"municipalities": ["9" * 40]}, "選択"),
    ],
)
def test_search_that_makes_no_sense_is_refused_and_the_words_stay(here, text, words, change, said):
    response = here.post(NEW, words | change)
    assert response.status_code == 422
    assert said in text(response)
    assert ("海岸の仕事" if "name" not in change else "海岸のごみ") in text(response)
    assert not SavedSearch.objects.exists()


def test_search_begins_with_what_a_list_was_narrowed_by(here, city, text):
    page = text(
        here.get(f"{NEW}?q=海ごみ&goal=14&field=environment&city={city.slug}&goal=x&goal=99&city=nowhere")
    )
    assert ">海ごみ</textarea>" in page.replace("\n", "")
    assert f'value="「海ごみ」 ゴール14 {Field.objects.get(pk="environment").name} 汐浜市"' in page
    checked = [part.split('"')[0] for part in page.split('value="')[1:] if "checked" in part.split(">")[0]]
    assert checked == ["14", "environment", str(city.pk)]


def test_search_begins_with_nonsense_as_if_nothing_was_given(here):
    odd = "%00", "9" * 5000, "%F0%9F%8C%8A", "'--"
    for query in (f"q={x}&goal={x}&field={x}&city={x}" for x in odd):
        assert here.get(f"{NEW}?{query}").status_code == 200


def test_search_of_an_unsigned_person_is_not_lost(client, text, words):
    response = client.post(NEW, words)
    assert response.status_code == 401
    assert "海岸のごみ" in text(response)


def test_search_is_changed_and_stays_stopped(here, person, search):
    here.post(f"{LIST}{search.pk}/act/", {"do": "stop"})
    response = here.post(f"{LIST}{search.pk}/", {"name": "浜の仕事", "text": "砂浜", "most": 2, "do": "save"})
    assert response.status_code == 302
    search.refresh_from_db()
    assert (search.name, search.text, search.most, search.is_active) == ("浜の仕事", "砂浜", 2, False)
    assert not search.goals.exists()


def test_search_is_stopped_resumed_and_dropped(here, search, text):
    here.post(f"{LIST}{search.pk}/act/", {"do": "stop"})
    assert "止めています" in text(here.get(LIST))
    here.post(f"{LIST}{search.pk}/act/", {"do": "resume"})
    search.refresh_from_db()
    assert (search.is_active, search.most, [goal.pk for goal in search.goals.all()]) == (True, 3, [14])
    here.post(f"{LIST}{search.pk}/act/", {"do": "nonsense"})
    here.post(f"{LIST}{search.pk}/act/", {"do": "drop"})
    assert not SavedSearch.objects.exists()
    assert "保存した検索はまだありません" in text(here.get(LIST))


def test_search_of_somebody_else_is_not_there(there, client, company, search):
    colleague = make_representative(company, email="mate@example.jp")
    client.force_login(colleague)
    for browser in (there, client):
        assert browser.get(f"{LIST}{search.pk}/").status_code == 404
        assert browser.post(f"{LIST}{search.pk}/", {"name": "x", "text": "y", "most": 1}).status_code == 404
        assert browser.post(f"{LIST}{search.pk}/act/", {"do": "drop"}).status_code == 404
    assert SavedSearch.objects.get().name == "海岸の仕事"


def test_searches_are_capped(here, company, person, words, text):
    for n in range(20):
        actions.save_search(company, by=person, name=f"検索{n}", text="海岸")
    response = here.post(NEW, words)
    assert response.status_code == 422
    assert "20件まで" in text(response)
    page = text(here.get(LIST))
    assert 'href="/my/searches/new/"' not in page


def test_searches_say_when_the_next_digest_comes_and_how_to_stop_it(here, person, search, text):
    with clock.standing_at(clock.at(date(2026, 6, 20), 10)):
        page = text(here.get(LIST))
    assert "令和8年6月22日(月)の朝に" in page
    assert 'href="/accounts/preferences/"' in page
    set_preference(person, "matching.weekly", by_mail=False)
    assert "メールは受け取らない設定です" in text(here.get(LIST))


@pytest.mark.parametrize(
    ("today", "is_written", "day"),
    [
        (date(2026, 6, 15), False, date(2026, 6, 15)),
        (date(2026, 6, 15), True, date(2026, 6, 22)),
        (date(2026, 6, 17), False, date(2026, 6, 17)),  # the worker slept
        (date(2026, 6, 20), False, date(2026, 6, 22)),
        (date(2026, 7, 15), True, date(2026, 7, 21)),  # Monday the 20th is a holiday
    ],
)
def test_next_digest_is_on_the_first_business_day_of_a_week(person, today, is_written, day):
    with clock.standing_at(clock.at(today, 10)):
        if is_written:
            monday = today - timedelta(days=today.weekday())
            WeeklyDigest.objects.create(user=person, week=monday, at=clock.now(), claim=uuid4())
        assert next_digest_on(person) == day


def test_searches_cost_the_same_for_one_and_for_many(here, company, person, city, search):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.get(LIST).status_code == 200
        return len(queries)

    one = cost()
    for n in range(19):
        actions.save_search(
            company, by=person, name=f"検索{n}", goals=[14], fields=["environment"], municipalities=[city.pk]
        )
    assert cost() == one


# --- what is found now -------------------------------------------------------------------------------------------


def test_preview_without_an_index_says_so(here, words, text):
    assert "候補を準備しています" in text(here.post(PREVIEW, words))


def test_preview_finds_what_is_near_with_its_reasons(here, city, index, words, text):
    make_challenge(city, title="海岸のごみを減らしたい", goals=[14])
    make_challenge(
        city, title="会計の伝票を減らしたい", problem="紙の伝票が多い。", goal_image="紙をなくす。"
    )
    index()
    page = text(here.post(PREVIEW, words | {"goals": [14]}))
    assert "海岸のごみを減らしたい" in page
    assert "会計の伝票" not in page
    assert "どちらの文章にも" in page
    assert "同じSDGsゴール" in page
    assert not SavedSearch.objects.exists()


def test_preview_without_words_shows_the_newest_that_one_may_read(here, city, company, words, text):
    other = make_municipality(name="北浜市")
    make_challenge(city, title="海の話", goals=[14])
    make_challenge(city, title="会員の話", goals=[14], visibility=Visibility.MEMBERS)
    make_challenge(city, title="陸の話", goals=[15])
    make_challenge(other, title="よその海の話", goals=[14])
    words |= {"text": "", "goals": [14]}

    def shown(**more) -> list[str]:
        page = text(here.post(PREVIEW, words | more))
        return [title for title in ("海の話", "会員の話", "陸の話", "よその海の話") if f">{title}<" in page]

    assert shown() == ["海の話", "よその海の話"]
    assert shown(municipalities=[city.pk]) == ["海の話"]
    make_member(city, company)
    assert shown(municipalities=[city.pk]) == ["海の話", "会員の話"]
    assert "探していることを書くか" in text(here.post(PREVIEW, words | {"goals": []}))


def test_preview_without_a_script_keeps_nothing_and_shows_no_errors(here, city, words, text):
    make_challenge(city, title="海の話", goals=[14])
    response = here.post(NEW, {"organisation": words["organisation"], "goals": [14], "do": "look"})
    assert response.status_code == 200
    assert "海の話" in text(response)
    assert 'class="error' not in text(response)
    assert not SavedSearch.objects.exists()


def test_preview_costs_the_same_for_one_and_for_many(here, city, index, words):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.post(PREVIEW, words).status_code == 200
        return len(queries)

    make_challenge(city, title="海岸のごみ", goals=[14], fields=["environment"])
    index()
    one = cost()
    for n in range(6):
        make_challenge(city, title=f"海岸のごみ{n}", goals=[14], fields=["environment"])
    index.follow()
    assert cost() == one


def test_preferences_lead_representatives_to_their_searches(here, client, text):
    assert 'href="/my/searches/"' in text(here.get("/accounts/preferences/"))
    client.force_login(make_user())
    assert 'href="/my/searches/"' not in text(client.get("/accounts/preferences/"))
