"""Japanese working days (開庁日): not Saturdays and Sundays, not national holidays, not 29 December to 3 January
(地方自治法4条の2 and the ordinances made under it), not a municipality's own closing days.

Holidays come from jpholiday; they equal the Cabinet Office's list from 1986 on.
"""

from bisect import bisect_right
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

_NEW_YEAR = {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}


def is_workday(day: date, closed: Collection[date] = ()) -> bool:
    """Whether the town hall works that day. `closed`: the municipality's own closing days."""
    return day in _workday_set(day.year) and day not in closed


def add_workdays(day: date, n: int, closed: Collection[date] = ()) -> date:
    """The n-th working day after `day`, which itself is not counted (民法140条); n = 0 is the day, or the next working day.

    Raises ValueError for a negative n.
    """
    if n < 0:
        raise ValueError("営業日数には0以上を指定してください。")
    if n == 0:
        return day if is_workday(day, closed) else add_workdays(day, 1, closed)
    # Count without the town's own closing days, then once more for each of them met on the way.
    wanted = n
    while True:
        reached = _nth_after(day, wanted)
        met = _closed_between(day, reached, closed)
        if wanted == n + met:
            return reached
        wanted = n + met


def workdays_between(start: date, end: date, closed: Collection[date] = ()) -> int:
    """Working days after `start` up to and including `end`; negative when `end` comes first.

    So that workdays_between(day, add_workdays(day, n)) == n for n ≥ 1.
    """
    if end < start:
        return -workdays_between(end, start, closed)
    return _count(start, end) - _closed_between(start, end, closed)


def _count(start: date, end: date) -> int:
    up_to = bisect_right(_workdays(end.year), end)
    whole_years = sum(len(_workdays(year)) for year in range(start.year, end.year))
    return whole_years + up_to - bisect_right(_workdays(start.year), start)


def _nth_after(day: date, n: int) -> date:
    year = day.year
    index = bisect_right(_workdays(year), day) + n - 1
    while index >= len(_workdays(year)):
        index -= len(_workdays(year))
        year += 1
    return _workdays(year)[index]


def _closed_between(start: date, end: date, closed: Collection[date]) -> int:
    if not closed:
        return 0
    return sum(start < day <= end and day in _workday_set(day.year) for day in set(closed))


@lru_cache(maxsize=256)
def _workdays(year: int) -> tuple[date, ...]:
    """A year's working days in order, closing days of single municipalities not considered."""
    holidays = {day for day, _ in jpholiday.year_holidays(year)}
    first = date(year, 1, 1)
    days = (first + timedelta(days=i) for i in range((date(year, 12, 31) - first).days + 1))
    return tuple(
        day
        for day in days
        if day.weekday() < 5 and day not in holidays and (day.month, day.day) not in _NEW_YEAR
    )


@lru_cache(maxsize=256)
def _workday_set(year: int) -> frozenset[date]:
    return frozenset(_workdays(year))
