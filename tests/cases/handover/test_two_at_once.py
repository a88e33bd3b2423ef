"""A case is given to somebody while their role ends: one of the two is refused, and no case is left without an owner."""

import pytest

from musubi.cases import actions as case_actions
from musubi.cases.handover.actions import reassign_many
from musubi.cases.handover.carried import left_without
from musubi.cases.models import Case
from musubi.people.actions import end_role, stop_user
from musubi.people.models import Staff, User
from tests.cases.handover.conftest import contact
from tests.factories.people import make_staff
from tests.people.test_two_at_once import race, refusals

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = 6


def again(row):
    """As another browser would read it."""
    return type(row).objects.get(pk=row.pk)


def nobody_is_missing(town):
    for user in User.objects.filter(staff__municipality=town.city):
        assert list(left_without(again(user), town.city)) == []


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_case_is_opened_for_a_person_whose_role_ends(town, _round):
    results = race(
        lambda: contact(town, owner=again(town.successor)),
        lambda: end_role(Staff.objects.get(user=town.successor), by=again(town.administrator)),
    )
    assert refusals(results) == 1
    nobody_is_missing(town)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_case_is_handed_to_a_person_whose_role_ends(town, case, _round):
    results = race(
        lambda: reassign_many([again(case)], again(town.successor), by=again(town.manager), reason="異動"),
        lambda: end_role(Staff.objects.get(user=town.successor), by=again(town.administrator)),
    )
    assert refusals(results) == 1
    nobody_is_missing(town)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_case_is_given_one_by_one_to_a_person_whose_account_is_stopped(town, case, _round):
    results = race(
        lambda: case_actions.change_owner(again(case), again(town.successor), by=again(town.manager)),
        lambda: stop_user(again(town.successor), by=None),
    )
    assert refusals(results) == 1
    nobody_is_missing(town)


def test_two_hand_overs_of_the_same_cases(town):
    cases = [contact(town, f"相談{n}") for n in range(6)]
    third = make_staff(town.city, "officer", town.env)
    results = race(
        lambda: reassign_many(
            [again(c) for c in cases], again(town.successor), by=again(town.desk), reason="異動"
        ),
        lambda: reassign_many(
            [again(c) for c in reversed(cases)], again(third), by=again(town.manager), reason="異動"
        ),
    )
    assert refusals(results) == 1
    assert len(set(Case.objects.values_list("owner", flat=True))) == 1
