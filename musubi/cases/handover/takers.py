"""Who can be given which case, read for a whole municipality at once: three statements, whatever its size."""

from dataclasses import dataclass

from musubi.cases.models import Case
from musubi.people.models import Department, Municipality, Representative, Staff, User
from musubi.people.permissions import STAFF_ROLES, Can, Reach


@dataclass(frozen=True)
class Taker:
    """A person at work here, and how far their roles let them move cases. Says what `actions.can_take` says."""

    user: User
    everywhere: bool
    sections: frozenset[int]
    organisations: frozenset[int]

    def can_take(self, case: Case) -> bool:
        works_in_it = self.everywhere or not self.sections.isdisjoint(case.department_ids)
        return works_in_it and self.organisations.isdisjoint(case.organisation_ids)


def takers(municipality: Municipality) -> list[Taker]:
    """Everybody who can be given cases there, by name."""
    below: dict[int | None, list[int]] = {}
    tree = Department.objects.filter(municipality=municipality).values_list("pk", "parent_id")
    for pk, parent in tree:
        below.setdefault(parent, []).append(pk)

    def covered(pk: int) -> set[int]:
        found, queue = set(), [pk]
        while queue:
            here = queue.pop()
            if here not in found:
                found.add(here)
                queue += below.get(here, [])
        return found

    people: dict[int, User] = {}
    everywhere: set[int] = set()
    sections: dict[int, set[int]] = {}
    seats = Staff.objects.filter(municipality=municipality, ended_at=None, user__is_active=True)
    for seat in seats.select_related("user"):
        reach = STAFF_ROLES[seat.role].grants.get(Can.MOVE_CASE)
        if reach is None:
            continue
        people[seat.user_id] = seat.user
        if reach is Reach.MUNICIPALITY:
            everywhere.add(seat.user_id)
        elif seat.department_id:
            sections.setdefault(seat.user_id, set()).update(covered(seat.department_id))
    acting: dict[int, set[int]] = {}
    rows = Representative.objects.filter(user__in=people, ended_at=None)
    for user_id, organisation_id in rows.values_list("user_id", "organisation_id"):
        acting.setdefault(user_id, set()).add(organisation_id)
    return [
        Taker(user, pk in everywhere, frozenset(sections.get(pk, ())), frozenset(acting.get(pk, ())))
        for pk, user in sorted(people.items(), key=lambda pair: (str(pair[1]), pair[0]))
    ]
