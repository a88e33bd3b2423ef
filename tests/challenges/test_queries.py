from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from musubi.challenges import queries
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.people.permissions import Can, may
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db
ANYONE = AnonymousUser()


@pytest.fixture
def city():
    return make_municipality()


def titles(rows):
    return sorted(rows.values_list("title", flat=True))


def test_visible_to_widens_step_by_step(city):
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    other_officer = make_staff(city, "officer")
    company = make_organisation()
    make_member(city, company)
    member, stranger = make_representative(company), make_representative()
    for step in Visibility:
        make_challenge(city, by=officer, desk=desk, visibility=step, title=step.name)
    make_challenge(city, by=officer, state="draft", title="DRAFT")

    def seen(user):
        return set(titles(queries.visible_to(user, city)))

    assert seen(ANYONE) == {"PUBLIC"}
    assert seen(stranger) == {"PUBLIC"}
    assert seen(member) == {"PUBLIC", "MEMBERS"}
    assert seen(other_officer) == {"PUBLIC", "MEMBERS", "MUNICIPALITY"}
    assert seen(officer) == {"PUBLIC", "MEMBERS", "MUNICIPALITY", "DEPARTMENT", "DRAFT"}
    assert seen(desk) == seen(officer)


def test_visible_to_stays_inside_the_municipality(city):
    desk = make_staff(city, "desk")
    elsewhere = make_municipality()
    make_challenge(elsewhere, visibility=Visibility.MUNICIPALITY)
    assert queries.visible_to(desk, elsewhere).count() == 0


@pytest.mark.parametrize("role", ["desk", "officer", "manager", "administrator", "auditor"])
def test_visible_to_holds_all_that_may_be_seen(city, role):
    make_challenge(city, state="draft")
    person = make_staff(city, role)
    own = person.staff.get().department
    if own and role != "desk":
        make_challenge(city, state="draft", by=make_staff(city, "officer", own))
    for challenge in city.challenges.all():
        assert queries.visible_to(person, city).filter(pk=challenge.pk).exists() == may(
            person, Can.SEE_CHALLENGE, challenge
        )


def test_listed_leaves_out_what_has_expired(city):
    with clock.standing_at(date(2025, 3, 30)):
        make_challenge(city, title="期限内")
        assert titles(queries.listed(city)) == ["期限内"]
    with clock.standing_at(date(2025, 4, 1)):
        assert titles(queries.listed(city)) == []


def test_find_by_japanese_text_finds_inside_words(city):
    make_challenge(city, title="地域防災計画の見直し", problem="避難所が足りない。")
    make_challenge(city, title="読書の時間を増やしたい", problem="図書館の利用が減った。")
    rows = queries.listed(city)
    assert titles(queries.find(rows, text="防災", municipality=city)) == ["地域防災計画の見直し"]
    assert titles(queries.find(rows, text="図書館　利用", municipality=city)) == ["読書の時間を増やしたい"]
    assert titles(queries.find(rows, text="防災 図書館", municipality=city)) == []
    assert titles(queries.find(rows, text="書", municipality=city)) == ["読書の時間を増やしたい"]
    assert len(titles(queries.find(rows, text="   ", municipality=city))) == 2


@pytest.mark.parametrize("text", ["'", '"', "* OR", "\x00", "😀", "a" * 5000, ") (", "NEAR(", "\\", "%s"])
def test_find_by_odd_text_answers_without_an_error(city, text):
    make_challenge(city)
    assert queries.find(queries.listed(city), text=text, municipality=city).count() in (0, 1)


def test_find_by_goal_field_department_and_scale(city):
    officer = make_staff(city, "officer")
    make_challenge(city, title="海の課題", goals=[14], by=officer)
    make_challenge(city, title="陸の課題", goals=[15], scale="large")
    rows = queries.listed(city)
    assert titles(queries.find(rows, goal=14)) == ["海の課題"]
    assert titles(queries.find(rows, scale="large")) == ["陸の課題"]
    assert titles(queries.find(rows, department=officer.staff.get().department_id)) == ["海の課題"]


def test_for_cards_costs_the_same_for_one_and_for_many(city, django_assert_num_queries):
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    make_challenge(city, by=officer, desk=desk, goals=[1])
    for many in (1, 5):
        with django_assert_num_queries(3):
            for challenge in queries.for_cards(queries.listed(city)):
                assert challenge.department.name
                assert [goal.number for goal in challenge.goals.all()] == [1]
                assert list(challenge.fields.all()) == []
        if many == 1:
            for _ in range(4):
                make_challenge(city, by=officer, desk=desk, goals=[1])
