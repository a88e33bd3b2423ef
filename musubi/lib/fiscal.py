"""The Japanese fiscal year (年度): 1 April to 31 March, named after the calendar year it begins in (地方自治法208条)."""

from datetime import date

from musubi.lib.era import era_year


def fiscal_year(day: date) -> int:
    """2024-04-01 → 2024, 2025-03-31 → 2024."""
    return day.year - (day.month < 4)


def span(year: int) -> tuple[date, date]:
    """First and last day of a fiscal year: 2024 → (2024-04-01, 2025-03-31)."""
    return date(year, 4, 1), date(year + 1, 3, 31)


def end_of_fiscal_year(day: date) -> date:
    """The 31 March on or after a day."""
    return span(fiscal_year(day))[1]


def label(year: int) -> str:
    """`令和8年度(2026年度)`.

    A year in which the era changed takes the era of its middle (1 October), which is how budgets were named:
    1988 昭和63年度 (平成 from January), 2019 令和元年度 (令和 from May).
    """
    in_era = era_year(date(year, 10, 1))
    return f"{in_era}度({year}年度)" if in_era else f"{year}年度"
