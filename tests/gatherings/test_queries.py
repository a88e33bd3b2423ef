from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from musubi.gatherings import actions, queries
from musubi.gatherings.rules import is_readable
from musubi.lib import clock
from musubi.people.permissions import Can, may
from tests.factories.gatherings import make_gathering
from tests.factories.people import make_member, make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db
STATES = ["draft", "open", "closed", "held", "reported", "cancelled"]


@pytest.mark.parametrize(
    "role", ["desk", "officer", "manager", "administrator", "auditor", "representative", "anyone"]
)
def test_visible_to_and_may_agree(role):
    city, elsewhere = make_municipality(), make_municipality()
    person = {
        "representative": lambda: make_representative(make_member(city).organisation),
        "anyone": AnonymousUser,
    }.get(role, lambda: make_staff(city, role))()
    rows = [make_gathering(place, state=state) for place in (city, elsewhere) for state in STATES]
    never_opened = make_gathering(city, state="draft")
    actions.cancel(never_opened, by=None, reason="取りやめ")
    rows.append(never_opened)
    seen = set(queries.visible_to(person, city)) | set(queries.visible_to(person, elsewhere))
    for row in rows:
        assert (row in seen) == is_readable(person, row)
        opened = row.opened_at is not None
        assert (row in seen) == (opened or may(person, Can.MANAGE_GATHERINGS, row))


def test_listed_leaves_out_drafts_and_other_municipalities():
    city = make_municipality()
    rows = {state: make_gathering(city, state=state) for state in STATES}
    make_gathering()
    assert set(queries.listed(city)) == set(rows.values()) - {rows["draft"]}
    assert queries.listed().count() == 6


def test_upcoming_and_past_meet_at_the_end_of_a_gathering():
    city = make_municipality()
    with clock.standing_at(date(2025, 6, 1)):
        first, second = make_gathering(city), make_gathering(city, starts_at=clock.at(date(2025, 6, 5)))
        rows = queries.listed(city)
        assert list(queries.upcoming(rows)) == [second, first]
        assert list(queries.past(rows)) == []
    with clock.standing_at(second.ends_at - timedelta(seconds=1)):
        assert list(queries.upcoming(rows)) == [second, first]
    with clock.standing_at(second.ends_at):
        assert (list(queries.upcoming(rows)), list(queries.past(rows))) == ([first], [second])


def test_took_place_counts_days_in_japan():
    city = make_municipality()
    with clock.standing_at(date(2025, 3, 1)):
        late = make_gathering(city, state="held", starts_at=clock.at(date(2025, 3, 31), 22))
        early = make_gathering(city, state="reported", starts_at=clock.at(date(2025, 4, 1), 0, 30))
        make_gathering(city, state="cancelled", starts_at=clock.at(date(2025, 3, 20)))
    year = {"first": date(2024, 4, 1), "last": date(2025, 3, 31)}
    assert list(queries.took_place(city, **year)) == [late]
    assert list(queries.took_place(city, first=date(2025, 4, 1), last=date(2026, 3, 31))) == [early]


def test_find_by_kind_series_and_department():
    city = make_municipality()
    sitting = make_gathering(city, kind="subcommittee", series="専門部会(環境)")
    meeting = make_gathering(city)
    rows = queries.listed(city)
    assert list(queries.find(rows, kind="exchange")) == [meeting]
    assert list(queries.find(rows, series="専門部会(環境)")) == [sitting]
    assert set(queries.find(rows, department=sitting.department_id)) == {sitting, meeting}


def test_for_cards_costs_one_statement(django_assert_num_queries):
    city = make_municipality()
    for _ in range(3):
        make_gathering(city)
    with django_assert_num_queries(1):
        assert {
            row.department.name + row.municipality.name for row in queries.for_cards(queries.listed(city))
        }
