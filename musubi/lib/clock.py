"""The one clock of the product.

Actions ask `now()` and `today()`, never the system, so that a year of a city can be played through the
actions in date order (the demo) and a deadline can be tested on its day.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils import timezone

TOKYO = ZoneInfo("Asia/Tokyo")
_set: ContextVar[datetime | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The present moment, aware."""
    return _set.get() or timezone.now()


def today() -> date:
    """The calendar day in Japan."""
    return now().astimezone(TOKYO).date()


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """A moment on `day`, Japanese time."""
    return datetime.combine(day, time(hour, minute), TOKYO)


@contextmanager
def standing_at(moment: datetime | date) -> Iterator[datetime]:
    """Within the block `now()` is `moment`; a bare date means ten in the morning in Japan."""
    if not isinstance(moment, datetime):
        moment = at(moment)
    token = _set.set(moment)
    try:
        yield moment
    finally:
        _set.reset(token)
