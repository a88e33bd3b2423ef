"""What lies with whom: tables whose balls are watched, the mornings to be done, and who works where."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import models
from django.db.models import Case, Exists, OuterRef, Value, When

from musubi.ball.models import Escalation, Reminder, Round
from musubi.ball.states import Step
from musubi.lib import clock
from musubi.lib.workdays import is_workday
from musubi.people.models import ClosingDay, Department, Municipality, Representative, Staff, User
from musubi.people.permissions import STAFF_ROLES, Can, Reach


class Lying(NamedTuple):
    """One thing that lies with somebody, and whom on the municipality's side it belongs to."""

    pk: int
    since: datetime
    due_on: date
    department_id: int | None
    organisation_id: int | None
    lead_id: int | None
    owner_id: int | None
    ref: str
    title: str
    next_step: str


# For a column of `Watched` that the table does not have.
NOBODY = Value(None, output_field=models.BigIntegerField())


@dataclass(frozen=True)
class Watched:
    """A table whose rows have a holder and a day.

    `columns` gives the column (or expression) of each field of `Lying` but `pk`; `rows` those that are open.
    `name` is what people call one.
    The pages are addresses with `{city}`, `{ref}` and `{pk}` in them. `sections` tells of some rows (ids) which
    departments take part, for owners who sit neither at the holder nor at the lead.
    """

    kind: str
    name: str
    rows: Callable[[], models.QuerySet]
    columns: dict[str, str | models.Expression]
    municipality: str
    staff_page: str
    partner_page: str = ""
    sections: Callable[[Collection[int]], Iterable[tuple[int, int]]] | None = None

    def of(self, municipality: Municipality) -> models.QuerySet:
        return self.rows().filter(**{self.municipality: municipality.pk})

    def lying(self, rows: models.QuerySet) -> Iterable[Lying]:
        """`rows` as tuples; streamed, since there may be a hundred thousand."""
        columns = [self.columns[name] for name in Lying._fields[1:]]
        return map(Lying._make, rows.values_list("pk", *columns).iterator(chunk_size=2000))

    def to_remind(self, municipality: Municipality, marks: "Marks") -> models.QuerySet:
        """The rows whose next step is due today, annotated with it (`wanted`): the highest one reached."""
        since, due = self.columns["since"], self.columns["due_on"]
        reached = Case(
            When(**{f"{due}__lt": marks.desk_before}, then=Value(Step.DESK.value)),
            When(**{f"{due}__lt": marks.manager_before}, then=Value(Step.MANAGER.value)),
            When(**{f"{due}__lt": marks.day}, then=Value(Step.LATE.value)),
            When(**{due: marks.day}, then=Value(Step.TODAY.value)),
            default=Value(Step.SOON.value),
            output_field=models.PositiveSmallIntegerField(),
        )
        told = Reminder.objects.filter(
            kind=self.kind,
            object_id=OuterRef("pk"),
            since=OuterRef(since),
            due_on=OuterRef(due),
            step__gte=OuterRef("wanted"),
        )
        rows = self.of(municipality).filter(**{f"{due}__lt": marks.soon_end})
        return rows.annotate(wanted=reached).filter(~Exists(told))


@dataclass(frozen=True)
class Marks:
    """The days that part the steps, for one municipality and one of its business days.

    Due before `desk_before`: the desk is told; before `manager_before`: the manager; before `day`: late; on `day`:
    today; after it and before `soon_end`: soon.
    """

    day: date
    soon_end: date
    manager_before: date
    desk_before: date


def escalation_of(municipality: Municipality) -> Escalation:
    """The municipality's own settings of reminding, or the product's."""
    return Escalation.objects.filter(municipality=municipality).first() or Escalation(
        municipality=municipality
    )


def mornings(name: str) -> list[tuple[Municipality, Escalation]]:
    """The municipalities where it is a business day, its hour has come, and round `name` is not done yet today.

    Four statements at most, however many municipalities there are.
    """
    now, day = clock.now().astimezone(clock.TOKYO), clock.today()
    done = set(Round.objects.filter(name=name, day__gte=day).values_list("municipality_id", flat=True))
    return [
        (city, escalation)
        for city, escalation in working_today()
        if city.pk not in done and escalation.hour <= now.hour
    ]


def working_today() -> list[tuple[Municipality, Escalation]]:
    """The municipalities where today is a business day, with their settings of reminding."""
    day = clock.today()
    if not is_workday(day):
        return []
    closed = set(ClosingDay.objects.filter(day=day).values_list("municipality_id", flat=True))
    own = {row.municipality_id: row for row in Escalation.objects.all()}
    return [
        (city, own.get(city.pk) or Escalation(municipality=city))
        for city in Municipality.objects.order_by("pk")
        if city.pk not in closed
    ]


class Directory:
    """Who works where in one municipality now, read once for a pass: three statements, then one per batch of
    organisations and of owners."""

    def __init__(self, municipality: Municipality):
        self._parents: dict[int, int | None] = {}
        self._named: dict[int, int | None] = {}
        self._desk = 0
        for row in Department.objects.filter(municipality=municipality).only(
            "pk", "parent_id", "manager_id", "is_desk"
        ):
            self._parents[row.pk], self._named[row.pk] = row.parent_id, row.manager_id
            self._desk = row.pk if row.is_desk else self._desk
        self._people: dict[int, dict[int, str]] = defaultdict(dict)
        self._everywhere: set[int] = set()
        self._within: dict[int, set[int]] = defaultdict(set)
        seats = Staff.objects.filter(municipality=municipality, ended_at=None, user__is_active=True)
        for user, department, role in seats.order_by("pk").values_list("user_id", "department_id", "role"):
            if role == Staff.Role.DESK:
                self._people[self._desk].setdefault(user, role)
            works = department and role in (Staff.Role.OFFICER, Staff.Role.MANAGER, Staff.Role.DESK)
            if works and (role == Staff.Role.MANAGER or user not in self._people[department]):
                self._people[department][user] = role
            reach = STAFF_ROLES[role].grants.get(Can.SEE_CASE)
            if reach is Reach.MUNICIPALITY:
                self._everywhere.add(user)
            elif reach is Reach.DEPARTMENT and department:
                self._within[user].add(department)
        self._represent: dict[int, list[int]] = {}
        self._sections: dict[int, set[int]] = defaultdict(set)

    def learn(self, watched: Watched, batch: list[Lying]) -> None:
        """Read what is needed of the batch: its organisations' people, and departments that take part."""
        unknown = {thing.organisation_id for thing in batch if thing.organisation_id} - self._represent.keys()
        if unknown:
            self._represent |= {pk: [] for pk in unknown}
            rows = Representative.objects.filter(
                organisation__in=unknown, ended_at=None, user__is_active=True
            )
            for organisation, user in rows.order_by("pk").values_list("organisation_id", "user_id"):
                self._represent[organisation].append(user)
        self._sections.clear()
        if watched.sections:
            outside = [
                t.pk for t in batch if t.owner_id and not self._sits(t.owner_id, {t.department_id, t.lead_id})
            ]
            for pk, section in watched.sections(outside) if outside else ():
                self._sections[pk].add(section)

    def people_of(self, department_id: int) -> list[int]:
        return list(self._people[department_id])

    def represent(self, organisation_id: int) -> list[int]:
        """Who acts for the organisation; `learn` has read them."""
        return self._represent.get(organisation_id, [])

    def desk(self) -> list[int]:
        return self.people_of(self._desk)

    def managers_of(self, department_id: int | None) -> list[int]:
        """The manager named for the department while they still sit there, else all its managers, else those of
        the department above."""
        for pk in self._and_above(department_id):
            people = self._people[pk]
            if self._named.get(pk) in people:
                return [self._named[pk]]
            if managers := [user for user, role in people.items() if role == Staff.Role.MANAGER]:
                return managers
        return []

    def must_act(self, thing: Lying) -> list[int]:
        """With whom it lies in person. Never nobody, where anybody is left: a department without people falls to
        its manager, an organisation without representatives to whoever follows the case."""
        if thing.organisation_id:
            return self.represent(thing.organisation_id) or self.follows(thing)
        if thing.owner_id in self._people[thing.department_id]:
            return [thing.owner_id]
        if thing.department_id == thing.lead_id:
            return self.follows(thing)
        return self._staffed(thing.department_id)

    def follows(self, thing: Lying) -> list[int]:
        """Who answers for it in the municipality: its owner while their work still lies there, else its lead."""
        if thing.owner_id and self._answers(thing):
            return [thing.owner_id]
        return self._staffed(thing.lead_id)

    def _staffed(self, department_id: int | None) -> list[int]:
        return self.people_of(department_id) or self.managers_of(department_id) or self.desk()

    def _answers(self, thing: Lying) -> bool:
        parts = {thing.department_id, thing.lead_id} | self._sections.get(thing.pk, set())
        return self._sits(thing.owner_id, parts)

    def _sits(self, user: int, parts: set[int | None]) -> bool:
        """Whether a seat of theirs reaches one of the departments."""
        if user in self._everywhere:
            return True
        own = self._within.get(user)
        return bool(own) and any(not own.isdisjoint(self._and_above(part)) for part in parts if part)

    def _and_above(self, department_id: int | None) -> list[int]:
        found = []
        while department_id and department_id not in found:
            found.append(department_id)
            department_id = self._parents.get(department_id)
        return found


def holding(watched: Watched, municipality: Municipality, pk: int) -> list[User]:
    """With whom one thing lies in person now; nobody where it is not open."""
    things = list(watched.lying(watched.of(municipality).filter(pk=pk)))
    if not things:
        return []
    directory = Directory(municipality)
    directory.learn(watched, things)
    return list(User.objects.filter(pk__in=directory.must_act(things[0])).order_by("pk"))
