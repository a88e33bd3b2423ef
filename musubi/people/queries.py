"""Finding people, departments and organisations."""

from collections.abc import Iterable

from django.db import connection, models
from django.db.models import Q

from musubi.lib import clock, fulltext
from musubi.people.models import ClosingDay, Department, Member, Municipality, Organisation, Staff, User
from musubi.people.permissions import Can, authority


def desk_of(municipality_id: int) -> Department:
    """The municipality's desk. Every municipality has one; its set-up makes it."""
    return Department.objects.get(municipality_id=municipality_id, is_desk=True)


def section_names(municipality_id: int) -> list[tuple[int, str, str]]:
    """(id, name, English name) of the departments at work, in order. Plain SQL: every filter asks for them, and a
    queryset takes five times as long to be put together as to answer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name, name_en FROM people_department WHERE municipality_id = %s AND is_active "
            "ORDER BY position, id",
            [municipality_id],
        )
        return cursor.fetchall()


def people_of(department: Department) -> models.QuerySet[User]:
    """Who works in a department now; at the desk, everyone with the desk's role."""
    roles = Q(staff__department=department, staff__role__in=["officer", "manager", "desk"])
    if department.is_desk:
        roles |= Q(staff__municipality_id=department.municipality_id, staff__role="desk")
    return User.objects.filter(roles, staff__ended_at=None, is_active=True).distinct()


def answering_for(thing, *, owner: User, department: Department, can: Can) -> list[User]:
    """Whom to tell what happens to `thing`: its owner; or, where the owner's work lies elsewhere now (people rotate
    every April) and no seat in the municipality grants them `can` on it any more, the people of its department."""
    cities, sections, _organisations = authority(owner).where(can)
    if thing.municipality_id in cities or not sections.isdisjoint(thing.department_ids):
        return [owner]
    return list(people_of(department))


def representatives_of(organisations: Iterable[int]) -> models.QuerySet[User]:
    """Who acts now for any of the organisations (ids)."""
    return User.objects.filter(
        represents__organisation__in=organisations, represents__ended_at=None, is_active=True
    ).distinct()


def members_of(municipality: Municipality, *, on=None) -> models.QuerySet[Member]:
    """The members on a day (default today): joined on it or before, and not left by then."""
    day = on or clock.today()
    return Member.objects.filter(municipality=municipality, joined_on__lte=day).filter(
        Q(left_on=None) | Q(left_on__gt=day)
    )


def applications(municipality: Municipality) -> models.QuerySet[Member]:
    """Who waits for the desk's answer, longest first."""
    return (
        Member.objects.filter(municipality=municipality, state="applied")
        .select_related("organisation")
        .order_by("applied_at", "pk")
    )


def staff_of(municipality: Municipality) -> models.QuerySet[Staff]:
    """The roles held now, by department, with the people."""
    return (
        Staff.objects.filter(municipality=municipality, ended_at=None)
        .select_related("user", "department")
        .order_by("department__position", "department", "role", "pk")
    )


def is_member(user, municipality_id: int) -> bool:
    """Whether the person represents an active member of the municipality."""
    mine = authority(user).organisation_ids
    return (
        bool(mine)
        and Member.objects.filter(
            municipality_id=municipality_id, organisation__in=mine, state="active"
        ).exists()
    )


def organisations_of(user) -> models.QuerySet[Organisation]:
    """The organisations the person acts for."""
    return Organisation.objects.filter(pk__in=authority(user).organisation_ids)


def memberships_visible_to(user, municipality: Municipality) -> models.QuerySet[Member]:
    """Everyone reads the active members; who manages members also reads applications and former ones."""
    rows = Member.objects.filter(municipality=municipality)
    if authority(user).may_in(Can.MANAGE_MEMBERS, municipality.pk):
        return rows
    return rows.filter(Q(state="active") | Q(organisation__in=authority(user).organisation_ids))


def find_organisations(text: str) -> models.QuerySet[Organisation]:
    return fulltext.search(Organisation.objects.all(), text)


def closing_days(municipality_id: int) -> frozenset:
    """The municipality's own closing days, as dates."""
    return frozenset(ClosingDay.objects.filter(municipality_id=municipality_id).values_list("day", flat=True))
