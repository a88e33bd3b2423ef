"""Real rows with invented names. Each factory takes what the test cares about and makes up the rest."""

from itertools import count

from musubi.lib import clock
from musubi.lib.text import organisation_key
from musubi.people.models import Department, Member, Municipality, Organisation, Representative, Staff, User

_number = count(1)


def make_user(name: str = "", **fields) -> User:
    n = next(_number)
    return User.objects.create_user(
        fields.pop("email", f"user{n}@example.jp"), name=name or f"職員{n}", **fields
    )


def make_municipality(slug: str = "", *, desk: bool = True, **fields) -> Municipality:
    """A municipality with its desk department."""
    n = next(_number)
    row = Municipality.objects.create(
        **{
            "code": f"{n:06d}",
            "slug": slug or f"city{n}",
            "name": f"見本{n}市",
            "prefecture": "見本県",
            **fields,
        }
    )
    if desk:
        make_department(row, "公民連携デスク", is_desk=True)
    return row


def make_department(municipality: Municipality, name: str = "", **fields) -> Department:
    return Department.objects.create(municipality=municipality, name=name or f"第{next(_number)}課", **fields)


def make_staff(
    municipality: Municipality, role: str = "desk", department: Department | None = None, **user
) -> User:
    """A user with one role; a desk officer sits at the desk, others in a department made for them if none is given."""
    person = make_user(**user)
    if role == "desk":
        department = municipality.departments.get(is_desk=True)
    elif role in ("officer", "manager") and department is None:
        department = make_department(municipality)
    Staff.objects.create(user=person, municipality=municipality, department=department, role=role)
    return person


def make_organisation(name: str = "", **fields) -> Organisation:
    name = name or f"見本{next(_number)}株式会社"
    return Organisation.objects.create(
        **{
            "name": name,
            "name_key": organisation_key(name),
            "kind": Organisation.Kind.COMPANY,
            "created_at": clock.now(),
            **fields,
        }
    )


def make_representative(organisation: Organisation | None = None, *, is_owner: bool = True, **user) -> User:
    """A user who acts for the organisation (made if none is given)."""
    person = make_user(**user)
    Representative.objects.create(
        user=person, organisation=organisation or make_organisation(), is_owner=is_owner
    )
    return person


def make_member(municipality: Municipality, organisation: Organisation | None = None, **fields) -> Member:
    """An active member, joined today unless told otherwise."""
    return Member.objects.create(
        **{
            "municipality": municipality,
            "organisation": organisation or make_organisation(),
            "state": "active",
            "applied_at": clock.now(),
            "joined_on": clock.today(),
            **fields,
        }
    )
