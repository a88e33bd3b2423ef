import csv
from datetime import date, timedelta

import jpholiday
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.workdays import add_workdays, is_workday, workdays_between
from tests.lib.shared_data import shared

DAYS = st.dates(min_value=date(1960, 1, 1), max_value=date(2060, 12, 31))
FRIDAY = date(2024, 6, 14)


def _published_holidays() -> list[date]:
    rows = csv.reader(shared("calendar_ids/syukujitsu_cp932.csv").read_text(encoding="cp932").splitlines())
    next(rows)
    return [date(*map(int, row[0].split("/"))) for row in rows]


def test_no_published_holiday_is_a_workday():
    published = _published_holidays()
    assert len(published) == 1067
    assert [day for day in published if is_workday(day)] == []


def test_workdays_are_exactly_the_weekdays_without_published_holidays_and_new_year():
    published = set(_published_holidays())
    new_year = {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}
    # Before 1986 jpholiday already counts 4 May, a day off only since the law of 27 December 1985.
    first, last = date(1986, 1, 1), date(2027, 12, 31)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    wrong = [
        day
        for day in days
        if is_workday(day)
        != (day.weekday() < 5 and day not in published and (day.month, day.day) not in new_year)
    ]
    assert wrong == []


def test_is_workday_on_a_closing_day_of_the_municipality():
    assert is_workday(FRIDAY)
    assert not is_workday(FRIDAY, closed={FRIDAY})
    assert not is_workday(FRIDAY, closed=[FRIDAY])


def test_add_workdays_over_the_weekend_and_the_new_year():
    assert add_workdays(FRIDAY, 1) == date(2024, 6, 17)
    assert add_workdays(date(2024, 12, 27), 1) == date(2025, 1, 6)
    assert add_workdays(date(2024, 4, 26), 3) == date(2024, 5, 2)
    assert add_workdays(date(2024, 5, 2), 1) == date(2024, 5, 7)


def test_add_workdays_zero_stays_or_moves_to_the_next_workday():
    assert add_workdays(FRIDAY, 0) == FRIDAY
    assert add_workdays(date(2024, 6, 15), 0) == date(2024, 6, 17)
    assert add_workdays(FRIDAY, 0, closed=[FRIDAY]) == date(2024, 6, 17)


def test_add_workdays_skips_closing_days_next_to_each_other():
    closed = [date(2024, 6, 17), date(2024, 6, 18), date(2024, 6, 16), date(2024, 6, 17)]
    assert add_workdays(FRIDAY, 1, closed) == date(2024, 6, 19)
    assert add_workdays(FRIDAY, 3, closed) == date(2024, 6, 21)


def test_add_workdays_refuses_a_negative_number():
    with pytest.raises(ValueError, match="0以上"):
        add_workdays(FRIDAY, -1)


def test_workdays_between_counts_the_end_and_not_the_start():
    assert workdays_between(FRIDAY, FRIDAY) == 0
    assert workdays_between(FRIDAY, date(2024, 6, 17)) == 1
    assert workdays_between(date(2024, 6, 17), FRIDAY) == -1
    assert workdays_between(date(2024, 4, 1), date(2025, 3, 31)) == 242


@given(DAYS, st.integers(1, 300), st.sets(st.integers(-5, 400), max_size=12))
def test_add_and_between_agree(day, n, offsets):
    closed = {day + timedelta(days=offset) for offset in offsets}
    reached = add_workdays(day, n, closed)
    assert is_workday(reached, closed)
    assert workdays_between(day, reached, closed) == n
    assert workdays_between(day, reached - timedelta(days=1), closed) == n - 1


@given(DAYS, st.integers(0, 900))
def test_workdays_between_equals_counting_day_by_day(start, length):
    end = start + timedelta(days=length)
    counted = sum(is_workday(start + timedelta(days=i)) for i in range(1, length + 1))
    assert workdays_between(start, end) == counted


def test_a_hundred_thousand_calls_ask_the_holiday_table_once_a_year(monkeypatch):
    from musubi.lib import workdays

    asked = []
    real = jpholiday.year_holidays
    monkeypatch.setattr(jpholiday, "year_holidays", lambda year: asked.append(year) or real(year))
    workdays._workdays.cache_clear()
    workdays._workday_set.cache_clear()
    for i in range(100_000):
        add_workdays(date(2024, 1, 1) + timedelta(days=i % 700), 14)
    assert sorted(asked) == [2024, 2025]
