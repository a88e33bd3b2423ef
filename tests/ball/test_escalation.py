"""Setting when people are reminded."""

import pytest

from musubi.ball.actions import set_escalation
from musubi.ball.models import Escalation
from musubi.journal.models import Entry
from musubi.lib.errors import NotAllowed, Refused
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db
RIGHT = {"soon_days": 2, "manager_days": 4, "desk_days": 9, "hour": 7}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def admin(city):
    return make_staff(city, "administrator")


def test_escalation_is_set_and_set_again(city, admin):
    set_escalation(city, by=admin, **RIGHT)
    row = set_escalation(city, by=admin, **RIGHT | {"hour": 9})
    assert list(Escalation.objects.values_list("pk", "soon_days", "manager_days", "desk_days", "hour")) == [
        (row.pk, 2, 4, 9, 9)
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"soon_days": -1}, "soon_days"),
        ({"soon_days": 21}, "soon_days"),
        ({"manager_days": 0}, "manager_days"),
        ({"manager_days": 61}, "manager_days"),
        ({"desk_days": 4}, "desk_days"),
        ({"desk_days": 61}, "desk_days"),
        ({"hour": -1}, "hour"),
        ({"hour": 24}, "hour"),
    ],
)
def test_escalation_out_of_range_is_refused_with_its_field(city, admin, wrong, field):
    with pytest.raises(Refused) as refusal:
        set_escalation(city, by=admin, **RIGHT | wrong)
    assert refusal.value.field == field
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("role", ["desk", "manager", "officer", "auditor"])
def test_escalation_is_for_the_administrator(city, role):
    with pytest.raises(NotAllowed):
        set_escalation(city, by=make_staff(city, role), **RIGHT)


def test_escalation_is_not_for_another_municipalitys_administrator(city):
    with pytest.raises(NotAllowed):
        set_escalation(city, by=make_staff(make_municipality(), "administrator"), **RIGHT)


def test_escalation_is_in_the_journal(city, admin):
    row = set_escalation(city, by=admin, **RIGHT)
    entry = Entry.objects.get(verb="escalation.set")
    assert (entry.actor_id, entry.municipality, entry.object_id, entry.data) == (
        admin.pk,
        city.code,
        row.pk,
        RIGHT,
    )
