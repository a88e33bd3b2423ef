from datetime import date
from decimal import Decimal

import pytest

from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.plan import actions
from musubi.plan.models import Indicator, Plan
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.plan import make_indicator, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def test_adopt_plan_sets_the_term_and_the_day(city, desk):
    with clock.standing_at(date(2024, 10, 15)):
        plan = actions.adopt_plan(
            city,
            title="見本SDGs未来都市計画",
            first_year=2024,
            last_year=2026,
            headquarters_since=2023,
            by=desk,
        )
    plan.refresh_from_db()
    assert (plan.first_year, plan.last_year, plan.adopted_on, plan.headquarters_since) == (
        2024,
        2026,
        date(2024, 10, 15),
        2023,
    )
    entry = history(plan).get()
    assert (entry.verb, entry.actor, entry.municipality) == ("plan.adopted", str(desk), city.code)


def test_adopt_plan_that_ends_before_it_begins_is_refused(city, desk):
    with pytest.raises(Refused) as refusal:
        actions.adopt_plan(city, title="計画", first_year=2026, last_year=2024, by=desk)
    assert refusal.value.field == "last_year"
    assert not Plan.objects.exists()


def test_adopt_plan_tomorrow_is_refused(city, desk):
    with clock.standing_at(date(2024, 10, 15)), pytest.raises(Refused) as refusal:
        actions.adopt_plan(
            city, title="計画", first_year=2024, last_year=2026, adopted_on=date(2024, 10, 16), by=desk
        )
    assert refusal.value.field == "adopted_on"


def test_adopt_plan_without_a_title_is_refused(city, desk):
    with pytest.raises(Missing):
        actions.adopt_plan(city, title=" ", first_year=2024, last_year=2026, by=desk)


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_adopt_plan_by_others_than_the_desk_is_not_allowed(city, role):
    with pytest.raises(NotAllowed):
        actions.adopt_plan(city, title="計画", first_year=2024, last_year=2026, by=make_staff(city, role))


def test_add_indicator_keeps_numbers_exactly(city, desk):
    section = make_department(city, "環境課")
    row = actions.add_indicator(
        make_plan(city),
        name="温室効果ガスの排出量",
        unit="千t-CO2",
        direction="down",
        baseline="1820.125",
        baseline_year=2023,
        target=Decimal("1400"),
        target_year=2026,
        goals=[13, 7],
        department=section,
        by=desk,
    )
    row.refresh_from_db()
    assert (row.baseline, row.target, row.department) == (Decimal("1820.125"), Decimal("1400"), section)
    assert [goal.number for goal in row.goals.all()] == [7, 13]
    assert history(row).get().data == {
        "unit": "千t-CO2",
        "direction": "down",
        "baseline": "1820.125",
        "baseline_year": 2023,
        "target": "1400",
        "target_year": 2026,
    }


def test_add_indicator_that_only_keeps_what_is_good_is_allowed():
    row = make_indicator(direction="up", baseline=100, target=100)
    assert row.baseline == row.target == Decimal(100)


@pytest.mark.parametrize(("direction", "baseline", "target"), [("up", 10, 9), ("down", 9, 10)])
def test_add_indicator_with_a_target_on_the_wrong_side_is_refused(direction, baseline, target):
    with pytest.raises(Refused) as refusal:
        make_indicator(direction=direction, baseline=baseline, target=target)
    assert refusal.value.field == "target"
    assert not Indicator.objects.exists()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"baseline": "たくさん"}, "baseline"),
        ({"target": "nan"}, "target"),
        ({"target": "0.0001"}, "target"),
        ({"target_year": 2023}, "target_year"),
        ({"baseline_year": 2020, "target_year": 2023}, "target_year"),
        ({"name": " "}, "name"),
        ({"unit": "長" * 21}, "unit"),
        ({"goals": [18]}, "goals"),
    ],
)
def test_add_indicator_with_bad_input_says_where(words, field):
    with pytest.raises(Refused) as refusal:
        make_indicator(**words)
    assert refusal.value.field == field
    assert not Indicator.objects.exists()


def test_add_indicator_for_a_department_elsewhere_is_refused(city):
    with pytest.raises(Refused, match="この自治体の部署"):
        make_indicator(make_plan(city), department=make_department(make_municipality()))


def test_add_indicator_by_an_administrator_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        actions.add_indicator(
            make_plan(city),
            name="指標",
            unit="件",
            direction="up",
            baseline=0,
            baseline_year=2023,
            target=1,
            target_year=2026,
            by=make_staff(city, "administrator"),
        )
