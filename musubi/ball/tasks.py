"""The rounds of a business morning: reminding of every ball that is due, and one digest for each person.

The tables are handed in by the apps above (`proposals.tasks`, `cases.tasks`). Either round may be killed at any
statement and be done again, by the same worker or by another at the same time: what makes a reminder happen once is
the row that is written in one transaction with its notices. After days without a worker only the step that has been
reached is told. Nothing happens on a day, or before the hour, on which a municipality does no business.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from uuid import uuid4

from django.db import transaction

from musubi.ball.models import Digest, Escalation, Reminder, Round
from musubi.ball.notices import DIGEST, REMINDED, Group, Line, Part, digest, page, reminder
from musubi.ball.queries import Directory, Lying, Marks, Watched, mornings, working_today
from musubi.ball.rules import marks
from musubi.ball.states import Step
from musubi.lib import clock
from musubi.lib.workdays import workdays_between
from musubi.notify import direct
from musubi.notify.queries import who_want_mail
from musubi.notify.registry import Letter
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.queries import closing_days

# How often the worker looks whether a municipality's morning has come.
EVERY = timedelta(minutes=10)
CHUNK = 500
SHOWN = 20


class City:
    """What a round needs to know of one municipality on one day."""

    def __init__(self, municipality: Municipality, escalation: Escalation):
        self.row, self.day = municipality, clock.today()
        self.closed = closing_days(municipality.pk)
        self.marks: Marks = marks(escalation, self.day, self.closed)
        self.directory = Directory(municipality)
        self._late: dict[date, int] = {}

    def late(self, due_on: date) -> int:
        """How many business days late it is; below one where it is not."""
        if due_on not in self._late:
            self._late[due_on] = workdays_between(due_on, self.day, self.closed)
        return self._late[due_on]

    def told(self, thing: Lying, step: Step) -> dict[int, Part]:
        """Whom to tell of the thing at the step, each once."""
        people: dict[int, Part] = {}

        def add(part: Part, users: Iterable[int]) -> None:
            for user in users:
                people.setdefault(user, part)

        add(Part.MINE, self.directory.must_act(thing))
        if step >= Step.MANAGER:
            if thing.organisation_id:
                add(Part.FOLLOWED, self.directory.follows(thing))
            else:
                add(Part.MANAGED, self.directory.managers_of(thing.department_id))
        if step >= Step.DESK:
            add(Part.DESK, self.directory.desk())
        return people

    def step(self, due_on: date) -> Step | None:
        """The step that a ball due on this day has reached, if any. `Watched.to_remind` asks the same in SQL."""
        here = self.marks
        if due_on >= here.soon_end:
            return None
        if due_on > here.day:
            return Step.SOON
        if due_on == here.day:
            return Step.TODAY
        if due_on >= here.manager_before:
            return Step.LATE
        return Step.MANAGER if due_on >= here.desk_before else Step.DESK


def _chunks(rows: Iterable, size: int = CHUNK) -> Iterator[list]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def _done(name: str, cities: Iterable[Municipality]) -> None:
    """The round was done to its end there today."""
    Round.objects.bulk_create(
        [Round(municipality=city, name=name, day=clock.today()) for city in cities],
        update_conflicts=True,
        unique_fields=["municipality", "name"],
        update_fields=["day"],
    )


def _names(batch: Iterable[Lying]) -> dict[tuple[str, int], str]:
    """What the holders are called."""
    batch = list(batch)
    departments = Department.objects.filter(pk__in={t.department_id for t in batch if t.department_id})
    organisations = Organisation.objects.filter(
        pk__in={t.organisation_id for t in batch if t.organisation_id}
    )
    return {("d", pk): name for pk, name in departments.values_list("pk", "name")} | {
        ("o", pk): name for pk, name in organisations.values_list("pk", "name")
    }


def _holder(thing: Lying, names: dict[tuple[str, int], str]) -> str:
    return names.get(
        ("o", thing.organisation_id) if thing.organisation_id else ("d", thing.department_id), ""
    )


def _path(watched: Watched, city: Municipality, thing: Lying, user: int, directory: Directory) -> str:
    """The page on which this person sees the thing."""
    acts_there = thing.organisation_id and user in directory.represent(thing.organisation_id)
    return page(watched.partner_page if acts_there else watched.staff_page, city.slug, thing)


# --- reminding ---------------------------------------------------------------------------------------------------


def remind(watched: Watched) -> int:
    """Remind of what is due in one table, wherever it is a business day, the hour has come, and it is not done yet
    today. Returns how many things were reminded of."""
    count = 0
    for municipality, escalation in mornings(watched.kind):
        closed = closing_days(municipality.pk)
        days = marks(escalation, clock.today(), closed)
        waiting = list(watched.to_remind(municipality, days).order_by("pk").values_list("pk", flat=True))
        if waiting:
            city = City(municipality, escalation)
            for chunk in _chunks(waiting):
                count += _remind_of(watched, city, chunk)
        _done(watched.kind, [municipality])
    return count


@transaction.atomic
def _remind_of(watched: Watched, city: City, ids: list[int]) -> int:
    """Of these rows, those that are still waiting to be reminded of."""
    rows = watched.to_remind(city.row, city.marks).filter(pk__in=ids).order_by("pk")
    things = list(watched.lying(rows))
    claim, now = uuid4(), clock.now()
    Reminder.objects.bulk_create(
        [
            Reminder(
                kind=watched.kind,
                object_id=thing.pk,
                since=thing.since,
                due_on=thing.due_on,
                step=city.step(thing.due_on),
                at=now,
                claim=claim,
            )
            for thing in things
        ],
        ignore_conflicts=True,
    )
    # Another worker may have been faster with some: it tells of those.
    ours = set(
        Reminder.objects.filter(kind=watched.kind, object_id__in=ids, claim=claim).values_list(
            "object_id", flat=True
        )
    )
    things = [thing for thing in things if thing.pk in ours]
    city.directory.learn(watched, things)
    told = [
        (thing, step, user, part)
        for thing in things
        for step in [city.step(thing.due_on)]
        for user, part in city.told(thing, step).items()
    ]
    users = User.objects.in_bulk({user for _thing, _step, user, _part in told})
    names = _names(things)
    direct.inform(
        REMINDED,
        [
            reminder(
                users[user],
                thing,
                step,
                part,
                name=watched.name,
                holder=_holder(thing, names),
                late=city.late(thing.due_on),
                path=_path(watched, city.row, thing, user, city.directory),
            )
            for thing, step, user, part in told
        ],
    )
    return len(things)


# --- the digest --------------------------------------------------------------------------------------------------

ROUND = "digest"


@dataclass
class Book:
    """What there is to say to one person: per group how many, and the first due of them."""

    counts: dict[Group, int] = field(default_factory=lambda: defaultdict(int))
    first: dict[Group, list[tuple]] = field(default_factory=lambda: defaultdict(list))
    cities: set[int] = field(default_factory=set)

    def add(self, group: Group, city: int, table: int, thing: Lying) -> None:
        self.counts[group] += 1
        self.cities.add(city)
        rows = self.first[group]
        rows.append((thing.due_on, city, table, thing.pk))
        if len(rows) >= 2 * SHOWN:
            rows.sort()
            del rows[SHOWN:]

    def shown(self, group: Group) -> list[tuple]:
        return sorted(self.first[group])[:SHOWN]

    @property
    def has_reason(self) -> bool:
        return any(group is not Group.OTHER for group in self.counts)


def digests(tables: Sequence[Watched]) -> int:
    """Write to everybody who has something to do, or somebody to look after, one mail about all of `tables`.

    From the hour of the municipality concerned, on its business days; a person of several municipalities or
    organisations gets one, in the morning of the first. Returns how many mails were queued.
    """
    waking = {municipality.pk for municipality, _escalation in mornings(ROUND)}
    if not waking:
        return 0
    cities, books = {}, defaultdict(Book)
    busy = [set(t.rows().order_by().values_list(t.municipality, flat=True).distinct()) for t in tables]
    for municipality, escalation in working_today():
        if any(municipality.pk in there for there in busy):
            city = cities[municipality.pk] = City(municipality, escalation)
            for number, watched in enumerate(tables):
                _gather(books, city, number, watched)
    wanted = sorted(
        pk for pk, book in books.items() if book.has_reason and not book.cities.isdisjoint(waking)
    )
    count = sum(_write(chunk, books, cities, tables) for chunk in _chunks(wanted, 200))
    _done(ROUND, Municipality.objects.filter(pk__in=waking))
    return count


def _gather(books: dict[int, Book], city: City, number: int, watched: Watched) -> None:
    for batch in _chunks(watched.lying(watched.of(city.row)), 2000):
        city.directory.learn(watched, batch)
        for thing in batch:
            step = city.step(thing.due_on)
            for user, part in city.told(thing, step or Step.SOON).items():
                books[user].add(_group(step, part), city.row.pk, number, thing)


def _group(step: Step | None, part: Part) -> Group:
    if part is not Part.MINE:
        return {Part.MANAGED: Group.MANAGED, Part.FOLLOWED: Group.FOLLOWED, Part.DESK: Group.DESK}[part]
    return {None: Group.OTHER, Step.SOON: Group.SOON, Step.TODAY: Group.TODAY}.get(step, Group.LATE)


@transaction.atomic
def _write(ids: list[int], books: dict[int, Book], cities: dict[int, City], tables: Sequence[Watched]) -> int:
    day, claim = clock.today(), uuid4()
    users = User.objects.filter(is_active=True).in_bulk(who_want_mail(DIGEST, ids))
    Digest.objects.bulk_create(
        [Digest(user=user, day=day, at=clock.now(), claim=claim) for user in users.values()],
        ignore_conflicts=True,
    )
    ours = Digest.objects.filter(user__in=users, day=day, claim=claim).order_by("user_id")
    ours = list(ours.values_list("user_id", flat=True))
    texts = _texts(ours, books, cities, tables)
    return direct.mail(
        DIGEST, filter(None, (_letter(users[pk], books[pk], texts, cities, tables) for pk in ours))
    )


type Texts = dict[tuple[int, int], tuple[Lying, str]]


def _texts(ids: list[int], books: dict[int, Book], cities, tables: Sequence[Watched]) -> Texts:
    """What the digests of these people show: (table, row id) to the thing and its holder's name."""
    wanted = defaultdict(set)
    for pk in ids:
        for group in books[pk].counts:
            for _due_on, _city, number, thing in books[pk].shown(group):
                wanted[number].add(thing)
    found: Texts = {}
    for number, things in wanted.items():
        batch = list(tables[number].lying(tables[number].rows().filter(pk__in=things)))
        names = _names(batch)
        found |= {(number, thing.pk): (thing, _holder(thing, names)) for thing in batch}
    return found


def _letter(user: User, book: Book, texts: Texts, cities: dict[int, City], tables) -> Letter | None:
    groups = []
    for group in Group:
        shown = book.shown(group)
        lines = []
        for _due_on, pk, number, thing_id in shown:
            if (number, thing_id) not in texts:  # closed a moment ago
                continue
            (thing, holder), city = texts[number, thing_id], cities[pk]
            path = _path(tables[number], city.row, thing, user.pk, city.directory)
            lines.append(
                Line(thing, tables[number].name, str(city.row), holder, city.late(thing.due_on), path)
            )
        if lines:
            groups.append((group, book.counts[group] - len(shown) + len(lines), lines))
    has_reason = any(group is not Group.OTHER for group, _count, _lines in groups)
    return digest(user, clock.today(), groups) if has_reason else None
