"""Following the journal: reading, in batches and for ever, what was committed since, without missing anything.

A follower keeps its `Position` itself, written down after what it read has taken effect; what it read last it may so
read twice. SQLite commits entries in the order of their ids. PostgreSQL hands out ids before the commit: entry 101 may
be seen before entry 100. The ids left out on the way are kept as `late` and looked for again, until no transaction is
left that could still bring them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from musubi.journal.models import Entry
from musubi.lib import clock

BATCH = 500
# How far back a new follower looks for entries that are not committed yet.
LOOK_BACK = 20_000
# A transaction takes its number right after the entry's id; this is more than enough between the two.
SETTLES = timedelta(seconds=10)


@dataclass(frozen=True)
class Late:
    """Ids from `first` to `last` that were not there when a later one was. `noticed` is when; `horizon` is, some time
    after, the first transaction number not given out yet: once all before it have ended, nobody can bring them."""

    first: int
    last: int
    noticed: datetime
    horizon: int | None = None


@dataclass(frozen=True)
class Position:
    """How far a follower has read: up to `top`, written at `at`, but for the `late` ones."""

    top: int = 0
    at: datetime | None = None
    late: tuple[Late, ...] = ()

    def as_json(self) -> dict:
        return {
            "top": self.top,
            "at": self.at.isoformat() if self.at else None,
            "late": [[one.first, one.last, one.noticed.isoformat(), one.horizon] for one in self.late],
        }

    @classmethod
    def from_json(cls, told: dict) -> Position:
        """Raises KeyError, TypeError or ValueError for what `as_json` never wrote."""
        late = [
            Late(int(first), int(last), datetime.fromisoformat(noticed), horizon)
            for first, last, noticed, horizon in told["late"]
        ]
        return cls(int(told["top"]), datetime.fromisoformat(told["at"]) if told["at"] else None, tuple(late))

    @property
    def is_of_this_journal(self) -> bool:
        """Whether this journal holds what was read last: not after a restored backup, nor in another database."""
        return not self.top or Entry.objects.filter(pk=self.top, at=self.at).exists()


def now() -> Position:
    """The position behind everything committed so far: what is read from the database after this call holds it all."""
    newest = Entry.objects.order_by("-id").values_list("id", "at").first()
    if newest is None:
        return Position()
    top, at = newest
    return Position(top, at, _gaps(top, max(top - LOOK_BACK, 0), top))


def after(position: Position, most: int = BATCH) -> tuple[list[Entry], Position]:
    """What was committed since: at most `most` entries and those that were late, and the position behind them."""
    oldest, _next = _transactions() if position.late else (None, None)
    entries, waiting = [], []
    if position.late:
        wanted = Q()
        for one in position.late:
            wanted |= Q(id__gte=one.first, id__lte=one.last)
        entries = list(Entry.objects.filter(wanted).order_by("id"))
        for one in position.late:
            if one.horizon is None or one.horizon > oldest:
                waiting += _without(one, [e.pk for e in entries if one.first <= e.pk <= one.last])
    new = list(Entry.objects.filter(id__gt=position.top).order_by("id")[:most])
    top, at = (new[-1].pk, new[-1].at) if new else (position.top, position.at)
    if new:
        waiting += _gaps(top, position.top, top, [entry.pk for entry in new])
    return entries + new, Position(top, at, _with_horizons(waiting))


def behind(position: Position) -> int:
    """How many entries were committed since."""
    return Entry.objects.filter(id__gt=position.top).count()


def _gaps(top: int, over: int, to: int, seen: Sequence[int] | None = None) -> tuple[Late, ...]:
    """The ids above `over` and below `to` that are not there."""
    if connection.vendor != "postgresql":
        return ()
    if seen is None:
        seen = list(Entry.objects.filter(id__gt=over, id__lte=to).order_by("id").values_list("id", flat=True))
    noticed, gaps, expected = clock.now(), [], over + 1
    for pk in seen:
        if pk > expected:
            gaps.append(Late(expected, pk - 1, noticed))
        expected = pk + 1
    return tuple(gaps)


def _without(late: Late, seen: Sequence[int]) -> list[Late]:
    """What is left of a run of ids without those seen (ascending)."""
    rest, first = [], late.first
    for pk in [*seen, late.last + 1]:
        if pk > first:
            rest.append(replace(late, first=first, last=pk - 1))
        first = pk + 1
    return rest


def _with_horizons(waiting: Sequence[Late]) -> tuple[Late, ...]:
    settled = clock.now() - SETTLES
    if all(one.horizon is not None or one.noticed > settled for one in waiting):
        return tuple(waiting)
    _oldest, following = _transactions()
    return tuple(
        replace(one, horizon=following) if one.horizon is None and one.noticed <= settled else one
        for one in waiting
    )


def _transactions() -> tuple[int, int]:
    """(the oldest transaction number still at work, the next to be given out)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
            " FROM pg_current_snapshot() AS s"
        )
        return cursor.fetchone()
