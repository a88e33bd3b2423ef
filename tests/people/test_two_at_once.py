"""Two people press at the same moment: one wins, the other is told, nothing doubles."""

import threading

import pytest
from django.db import connection

from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.models import Department, Member, Municipality, Organisation, Representative, Staff, User
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def race(*steps) -> list:
    """Each step in a thread of its own with its own connection, started together: what each returned, or raised."""
    results, gate = [None] * len(steps), threading.Barrier(len(steps))

    def run(place, step):
        try:
            connection.ensure_connection()
            gate.wait(10)
            results[place] = step()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def refusals(results) -> int:
    unexpected = [each for each in results if isinstance(each, Exception) and not isinstance(each, Refused)]
    assert unexpected == []
    return sum(isinstance(each, Refused) for each in results)


def test_register_the_same_corporate_number_makes_one_organisation():
    people = [make_user() for _ in range(4)]

    def register(person):
        return lambda: actions.register_organisation(
            name="見本株式会社", kind="company", corporate_number="7000012050002", by=person
        )

    assert refusals(race(*map(register, people))) == 3
    assert (Organisation.objects.count(), Representative.objects.count()) == (1, 1)


def test_apply_for_membership_makes_one_application():
    city, company = make_municipality(), make_organisation()
    people = [make_representative(company) for _ in range(4)]
    results = race(*(lambda p=person: actions.apply_for_membership(company, city, by=p) for person in people))
    assert refusals(results) == 3
    assert Member.objects.get().state == "applied"


def test_admit_and_refuse_leave_one_answer():
    city = make_municipality()
    first, second = make_staff(city, "desk"), make_staff(city, "desk")
    member = actions.apply_for_membership(make_organisation(), city, by=None)
    seen = [Member.objects.get(pk=member.pk) for _ in range(2)]
    results = race(
        lambda: actions.admit_member(seen[0], by=first),
        lambda: actions.refuse_member(seen[1], "理由", by=second),
    )
    assert refusals(results) == 1
    member.refresh_from_db()
    assert member.state == ("active" if results[0] is None else "refused")


def test_two_owners_who_remove_each_other_leave_one():
    company = make_organisation()
    people = [make_representative(company) for _ in range(2)]
    rows = [Representative.objects.get(user=person) for person in reversed(people)]
    results = race(
        lambda: actions.remove_representative(rows[0], by=people[0]),
        lambda: actions.remove_representative(rows[1], by=people[1]),
    )
    assert refusals(results) == 1
    assert Representative.objects.filter(organisation=company, ended_at=None, is_owner=True).count() == 1


def test_two_administrators_who_end_each_other_leave_one():
    city = make_municipality()
    people = [make_staff(city, "administrator") for _ in range(2)]
    rows = [Staff.objects.get(user=person) for person in reversed(people)]
    results = race(
        lambda: actions.end_role(rows[0], by=people[0]),
        lambda: actions.end_role(rows[1], by=people[1]),
    )
    assert refusals(results) == 1
    assert Staff.objects.filter(municipality=city, role="administrator", ended_at=None).count() == 1


def test_two_departments_moved_below_each_other_make_no_circle():
    city = make_municipality()
    a, b = make_department(city), make_department(city)
    results = race(
        lambda: actions.change_department(Department.objects.get(pk=a.pk), by=None, parent=b),
        lambda: actions.change_department(Department.objects.get(pk=b.pk), by=None, parent=a),
    )
    assert refusals(results) == 1
    assert Department.objects.filter(municipality=city, parent__isnull=False).count() == 1


def test_found_the_same_municipality_makes_one():
    words = {"code": "142999", "slug": "minato", "name": "見本みなと市", "prefecture": "見本県", "by": None}
    assert refusals(race(*[lambda: actions.found_municipality(**words)] * 3)) == 2
    assert (Municipality.objects.count(), Department.objects.count()) == (1, 1)
    assert not User.objects.exists()
