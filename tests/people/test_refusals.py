"""What the other tests of people leave out: refusals by permission or input, and entries nobody looked for."""

from datetime import date

import pytest

from musubi.journal.queries import history
from musubi.lib.errors import NotAllowed, Refused
from musubi.people import actions
from musubi.people.models import ClosingDay, Department
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.mark.parametrize("role", ["desk", "manager", "officer", "auditor"])
def test_change_and_close_department_by_others_than_administrators_are_not_allowed(city, role):
    department, person = make_department(city, "環境課"), make_staff(city, role)
    with pytest.raises(NotAllowed):
        actions.change_department(department, name="海浜課", by=person)
    with pytest.raises(NotAllowed):
        actions.close_department(department, by=person)
    assert Department.objects.filter(pk=department.pk, name="環境課", is_active=True).exists()


def test_set_closing_day_with_a_name_that_is_too_long_is_refused(city):
    with pytest.raises(Refused) as refusal:
        actions.set_closing_day(
            city, date(2025, 10, 1), name="あ" * 500, by=make_staff(city, "administrator")
        )
    assert (refusal.value.field, ClosingDay.objects.count()) == ("name", 0)


def test_change_ownership_is_in_the_journal():
    organisation = make_organisation()
    owner = make_representative(organisation)
    row = organisation.representatives.get(user=make_representative(organisation, is_owner=False))
    actions.change_ownership(row, is_owner=True, by=owner)
    entry = history(row).last()
    assert (entry.verb, entry.actor_id, entry.data["is_owner"]) == ("representative.changed", owner.pk, True)
