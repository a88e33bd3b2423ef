import pytest
from django.contrib.auth.models import AnonymousUser

from musubi.people.permissions import Can, may
from musubi.solutions import queries
from musubi.solutions.rules import is_readable
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db
STAFF = ["desk", "officer", "manager", "administrator", "auditor"]


@pytest.mark.parametrize("role", [*STAFF, "owner", "representative", "stranger", "anyone"])
def test_visible_to_and_may_agree(role):
    city, company = make_municipality(), make_organisation()
    make_member(city, company)
    person = {
        "owner": lambda: make_representative(company),
        "representative": lambda: make_representative(company, is_owner=False),
        "stranger": make_representative,
        "anyone": AnonymousUser,
    }.get(role, lambda: make_staff(city, role))()
    seen = set(queries.visible_to(person))
    for state in ("draft", "published", "withdrawn"):
        solution = make_solution(company, state=state)
        seen = set(queries.visible_to(person))
        assert (solution in seen) == is_readable(person, solution)
        assert (solution in seen) == (state == "published" or may(person, Can.WRITE_SOLUTION, solution))
    assert len(seen) == (3 if role in ("owner", "representative") else 1)


def test_find_by_text_goal_field_and_organisation():
    sea = make_solution(title="海の教室", goals=[14], fields=["education"])
    energy = make_solution(title="省エネ診断", goals=[7], fields=["environment"])
    rows = queries.published()
    assert list(queries.find(rows, text="省エネ")) == [energy]
    assert list(queries.find(rows, text=sea.organisation.name)) == [sea]
    assert list(queries.find(rows, goal=14)) == [sea]
    assert list(queries.find(rows, field="environment")) == [energy]
    assert list(queries.find(rows, organisation=sea.organisation_id)) == [sea]
    assert list(queries.find(rows, text="省エネ", goal=14)) == []
    assert set(queries.find(rows)) == {sea, energy}


def test_find_by_members_leaves_those_of_the_municipality():
    city = make_municipality()
    ours, _theirs = make_solution(), make_solution()
    make_member(city, ours.organisation)
    make_member(make_municipality())
    assert list(queries.find(queries.published(), members=city)) == [ours]


def test_for_cards_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    for many in (1, 4):
        for _ in range(many):
            make_solution(goals=[3], fields=["health"])
        with django_assert_num_queries(3):
            for row in queries.for_cards(queries.published()):
                assert row.organisation.name
                assert [goal.number for goal in row.goals.all()] == [3]
                assert [field.code for field in row.fields.all()] == ["health"]
