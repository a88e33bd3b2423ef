from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from musubi.lib import clock
from musubi.people.permissions import Can, may
from musubi.people.queries import applications, memberships_visible_to, staff_of
from musubi.people.states import MEMBERSHIP
from tests.factories.people import make_member, make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "role",
    [
        "desk",
        "officer",
        "manager",
        "administrator",
        "auditor",
        "owner",
        "representative",
        "stranger",
        "anyone",
    ],
)
def test_memberships_visible_to_and_may_agree(role):
    city = make_municipality()
    rows = [make_member(city, state=state) for state in MEMBERSHIP.states]
    own = make_member(city, state="applied", joined_on=None)
    elsewhere = make_member(make_municipality(), state="applied", joined_on=None)
    person = {
        "owner": lambda: make_representative(own.organisation),
        "representative": lambda: make_representative(own.organisation, is_owner=False),
        "stranger": make_representative,
        "anyone": AnonymousUser,
    }.get(role, lambda: make_staff(city, role))()
    seen = set(memberships_visible_to(person, city))
    assert elsewhere not in seen
    for member in [*rows, own]:
        allowed = may(person, Can.MANAGE_MEMBERS, member) or may(person, Can.JOIN_MUNICIPALITY, member)
        assert (member in seen) == (member.state == "active" or allowed)


def test_applications_wait_longest_first():
    city = make_municipality()
    with clock.standing_at(date(2025, 6, 1)):
        later = make_member(city, state="applied", joined_on=None)
    with clock.standing_at(date(2025, 5, 1)):
        earlier = make_member(city, state="applied", joined_on=None)
    make_member(city)
    make_member(make_municipality(), state="applied", joined_on=None)
    assert list(applications(city)) == [earlier, later]


def test_staff_of_leaves_out_ended_roles(django_assert_num_queries):
    city = make_municipality()
    desk, gone = make_staff(city, "desk"), make_staff(city, "auditor")
    gone.staff.update(ended_at=clock.now())
    make_staff(make_municipality(), "desk")
    with django_assert_num_queries(1):
        assert [(row.user, row.department.name) for row in staff_of(city)] == [(desk, "公民連携デスク")]
