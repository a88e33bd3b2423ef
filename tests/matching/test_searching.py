"""What a search finds."""

from datetime import timedelta

import pytest

from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching.engine.index import Preparing
from musubi.matching.searching import find
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("nagisa")


@pytest.fixture
def company():
    return make_organisation()


def titles(found) -> list[str]:
    return [row.title for row, _why in found]


def test_words_are_found_by_nearness_with_reasons(city, company, index):
    make_challenge(city, title="海岸のごみを減らしたい", goals=[14])
    make_challenge(city, title="紙の伝票を減らしたい", problem="紙が多い。", goal_image="紙をなくす。")
    index()
    ((row, why),) = find(company, text="海岸のごみ", goals=[14, 15], limit=5)
    assert row.title == "海岸のごみを減らしたい"
    assert {"kind": "goals", "goals": [14]} in why
    assert why[0]["kind"] == "words"


def test_words_without_an_index_wait(city, company):
    with pytest.raises(Preparing):
        find(company, text="海岸のごみ", limit=5)


@pytest.mark.parametrize("text", ["", "海岸のごみ"])
def test_nothing_is_found_that_may_not_be_read_or_answered(city, company, index, text):
    yesterday = clock.today() - timedelta(days=1)
    make_challenge(city, title="海岸のごみ 会員", visibility=Visibility.MEMBERS)
    make_challenge(city, title="海岸のごみ 庁内", visibility=Visibility.MUNICIPALITY)
    make_challenge(city, title="海岸のごみ 締切", deadline=yesterday)
    make_challenge(city, title="海岸のごみ 終了", state="closed")
    index()
    assert find(company, text=text, municipalities=[city.pk], limit=9) == []
    make_member(city, company)
    assert titles(find(company, text=text, municipalities=[city.pk], limit=9)) == ["海岸のごみ 会員"]


def test_without_words_the_newest_come_first_and_say_what_they_share(city, company):
    other = make_municipality("hoka")
    for title, where, goals in [
        ("一", city, [14]),
        ("二", city, [14, 4]),
        ("三", other, [4]),
        ("四", city, [1]),
    ]:
        make_challenge(where, title=title, goals=goals, fields=["environment"])
    found = find(company, goals=[4, 14], fields=["environment"], limit=9)
    assert titles(found) == ["三", "二", "一"]
    assert found[1][1] == [{"kind": "goals", "goals": [4, 14]}, {"kind": "fields", "fields": ["environment"]}]
    assert titles(find(company, goals=[4], municipalities=[city.pk], limit=9)) == ["二"]
    assert titles(find(company, goals=[4, 14], limit=2)) == ["三", "二"]
    assert titles(find(company, goals=[4, 14], without=[found[0][0].pk], limit=9)) == ["二", "一"]
