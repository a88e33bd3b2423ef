from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.fiscal import end_of_fiscal_year, fiscal_year, label, span


def test_fiscal_year_begins_on_1_april():
    assert fiscal_year(date(2024, 4, 1)) == 2024
    assert fiscal_year(date(2024, 3, 31)) == 2023
    assert fiscal_year(date(2024, 12, 31)) == 2024
    assert fiscal_year(date(2025, 1, 1)) == 2024


def test_end_of_fiscal_year_is_the_next_31_march():
    assert end_of_fiscal_year(date(2024, 4, 1)) == date(2025, 3, 31)
    assert end_of_fiscal_year(date(2025, 3, 31)) == date(2025, 3, 31)


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2026, "令和8年度(2026年度)"),
        (2019, "令和元年度(2019年度)"),
        (2018, "平成30年度(2018年度)"),
        (1989, "平成元年度(1989年度)"),
        (1988, "昭和63年度(1988年度)"),
        (1926, "大正15年度(1926年度)"),
        (1860, "1860年度"),
    ],
)
def test_label_names_era_and_western_year(year, expected):
    assert label(year) == expected


@given(st.dates(min_value=date(2, 1, 1), max_value=date(9998, 12, 31)))
def test_every_day_lies_in_the_span_of_its_fiscal_year(day):
    first, last = span(fiscal_year(day))
    assert first <= day <= last
    assert last - first in (timedelta(days=364), timedelta(days=365))
