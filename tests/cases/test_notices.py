"""Who is told what happens in a case, and who no longer is."""

import pytest

from musubi.cases import actions
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.actions import tell
from tests.factories.cases import make_case
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
    return make_municipality("nagisa")


@pytest.fixture
def env(city):
    return make_department(city, "環境課")


@pytest.fixture
def officer(city, env):
    return make_staff(city, "officer", env)


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(city, officer, person):
    return make_case(city, person.represents.get().organisation, officer=officer)


def told() -> list:
    """Tell the last entry; whom, in the order of their accounts."""
    notices = tell(Entry.objects.order_by("-pk").first())
    return sorted((notice.user for notice in notices), key=lambda user: user.pk)


def test_message_of_the_organisation_is_told_to_the_owner(case, officer, person):
    actions.say(case, by=person, body="来週うかがえます。")
    assert told() == [officer]


def test_message_is_not_told_to_an_owner_who_left_the_municipality(city, env, case, officer, person):
    colleague = make_staff(city, "officer", env)
    officer.staff.update(ended_at=clock.now())
    actions.say(case, by=person, body="来週うかがえます。")
    assert told() == [colleague]


def test_message_is_not_told_to_an_owner_who_works_in_another_department_now(
    city, env, case, officer, person
):
    manager = make_staff(city, "manager", env)
    officer.staff.update(department=make_department(city, "税務課"))
    actions.say(case, by=person, body="来週うかがえます。")
    assert told() == [manager]


def test_internal_note_is_told_to_nobody_outside(case, officer):
    actions.note(case, by=officer, body="予算は厳しい。")
    assert told() == []
