"""How long the ball may lie, on which day it is due, and which days part the steps of reminding."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from django.db import models

from musubi.ball.models import Escalation, Held, Limit
from musubi.ball.queries import Marks
from musubi.ball.states import DEFAULT_LIMITS
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.workdays import add_workdays, is_workday
from musubi.people.queries import closing_days


def limit(municipality_id: int, kind: str, stage: str) -> int:
    """Business days the ball may lie at this stage in this municipality."""
    own = Limit.objects.filter(municipality_id=municipality_id, kind=kind, stage=stage).values_list(
        "days", flat=True
    )
    return own.first() or DEFAULT_LIMITS[kind, stage]


def due(municipality_id: int, kind: str, stage: str, *, start: date | None = None) -> date:
    """The day the ball is due when it is taken up on `start` (default today)."""
    return add_workdays(
        start or clock.today(), limit(municipality_id, kind, stage), closed=closing_days(municipality_id)
    )


def marks(escalation: Escalation, day: date, closed: Collection[date]) -> Marks:
    """The days that part the steps on `day`, a business day of the municipality.

    A ball is n business days late where n of them lie after its due day, `day` among them; so is it n days ahead.
    """
    ahead = (
        add_workdays(day, escalation.soon_days + 1, closed) if escalation.soon_days else day + timedelta(1)
    )
    return Marks(
        day=day,
        soon_end=ahead,
        manager_before=_back(day, escalation.manager_days - 1, closed),
        desk_before=_back(day, escalation.desk_days - 1, closed),
    )


def reminding_days(escalation: Escalation, due_on: date, closed: Collection[date]) -> list[date | None]:
    """The days of the five steps for a ball due on `due_on`, a business day; the first is None where nobody is
    warned before."""
    return [
        _back(due_on, escalation.soon_days, closed) if escalation.soon_days else None,
        due_on,
        *(add_workdays(due_on, days, closed) for days in (1, escalation.manager_days, escalation.desk_days)),
    ]


def is_nudged_today(thing: models.Model, verb: str, *, since: datetime, **data) -> bool:
    """Whether whoever has the ball since then was nudged on this business day (a weekend belongs to the Friday
    before). Asked of the journal, while the thing is held."""
    morning = clock.at(last_workday(clock.today(), closing_days(thing.municipality_id)), 0)
    wanted = {f"data__{name}": value for name, value in data.items()}
    return history(thing).filter(verb=verb, at__gte=max(since, morning), **wanted).exists()


def nudged_today(things: Iterable[Held], verb: str, municipality_id: int) -> set[int]:
    """The ids of those of one kind and municipality that were nudged on this business day while they lay where they
    lie now. One statement."""
    since = {thing.pk: (thing._meta.model_name, thing.ball_since) for thing in things}
    morning = clock.at(last_workday(clock.today(), closing_days(municipality_id)), 0)
    found = Entry.objects.filter(verb=verb, object_id__in=since, at__gte=morning).order_by()
    return {
        pk
        for kind, pk, at in found.values_list("kind", "object_id", "at")
        if kind == since[pk][0] and at >= since[pk][1]
    }


def last_workday(day: date, closed: Collection[date]) -> date:
    """`day`, or the business day before it."""
    while not is_workday(day, closed):
        day -= timedelta(1)
    return day


def _back(day: date, n: int, closed: Collection[date]) -> date:
    """The n-th business day before `day`, itself one."""
    for _ in range(n):
        day = last_workday(day - timedelta(1), closed)
    return day
