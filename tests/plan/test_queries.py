from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from musubi.lib import clock
from musubi.people.permissions import Can, may
from musubi.plan import queries
from musubi.plan.models import Plan
from tests.factories.people import make_municipality, make_representative, make_staff
from tests.factories.plan import make_indicator, make_plan

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "role", ["desk", "officer", "manager", "administrator", "auditor", "representative", "anyone"]
)
def test_visible_to_shows_a_plan_in_the_making_to_who_may_manage_it(role):
    city = make_municipality()
    adopted = make_plan(city)
    making = Plan.objects.create(municipality=city, title="次の計画", first_year=2027, last_year=2029)
    elsewhere = make_plan()
    person = {"representative": make_representative, "anyone": AnonymousUser}.get(
        role, lambda: make_staff(city, role)
    )()
    seen = list(queries.visible_to(person, city))
    assert adopted in seen
    assert elsewhere not in seen
    assert (making in seen) == may(person, Can.MANAGE_PLAN, making)


def test_current_is_the_plan_of_the_fiscal_year():
    city = make_municipality()
    with clock.standing_at(date(2024, 10, 1)):
        first = make_plan(city, first_year=2024, last_year=2026)
        assert queries.current(city) == first
    with clock.standing_at(date(2027, 3, 31)):
        second = make_plan(city, first_year=2027, last_year=2029)
        assert queries.current(city) == first
        assert queries.current(city, 2028) == second
    with clock.standing_at(date(2027, 4, 1)):
        assert queries.current(city) == second
    with clock.standing_at(date(2024, 9, 30)):
        assert queries.current(city) is None


def test_indicators_of_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    plan = make_plan()
    for many in (1, 4):
        for _ in range(many):
            make_indicator(plan, goals=[11])
        with django_assert_num_queries(2):
            for row in queries.indicators_of(plan):
                assert [goal.number for goal in row.goals.all()] == [11]
                assert row.department is None
