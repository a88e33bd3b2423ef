"""Japanese era dates (和暦): written out for people, read from whatever people write.

Era starts are those in force by cabinet order (改元の政令; 明治 by the edict of 1868). Japan kept a lunisolar
calendar until 明治5年12月2日, so an era date before 明治6年1月1日 (1873-01-01) cannot be turned into a western
one by arithmetic: it is refused when read, and such a day is written in western style alone.
"""

import calendar
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Era(NamedTuple):
    name: str
    letter: str
    start: date


ERAS = (
    Era("明治", "M", date(1868, 1, 25)),
    Era("大正", "T", date(1912, 7, 30)),
    Era("昭和", "S", date(1926, 12, 25)),
    Era("平成", "H", date(1989, 1, 8)),
    Era("令和", "R", date(2019, 5, 1)),
)
SOLAR_CALENDAR = date(1873, 1, 1)
WEEKDAYS = "月火水木金土日"

_TOKYO = ZoneInfo("Asia/Tokyo")
_HOW = "「令和6年6月15日」「R6.6.15」「2024/6/15」のように書いてください。"

_SPELLINGS = {spelling: era for era in ERAS for spelling in (era.name, era.name[0], era.letter)}
_YEAR = rf"(?:(?P<era>{'|'.join(sorted(_SPELLINGS, key=len, reverse=True))})(?P<era_year>元|\d{{1,4}})|(?P<year>\d{{4}}))"
# The same year may be given twice, as we write it ourselves: 2026年(令和8年)6月15日.
_AGAIN = r"(?:\((?P<again>[^()\d]{0,2}(?:元|\d{1,4}))年?\)年?)?"
_MONTH_DAY = r"(?P<month>\d{1,2})(?:月|(?P<mark>[/.\-]))(?P<day>\d{1,2}|末日?)日?"
_WEEKDAY = rf"(?:\((?P<weekday>[{WEEKDAYS}])(?:曜日?)?(?:[・·,]?[祝休]日?)?\))?"
_DATE = re.compile(rf"(?:{_YEAR}(?:年|[/.\-])?{_AGAIN}(?:年|[/.\-])?)?{_MONTH_DAY}{_WEEKDAY}", re.IGNORECASE)
_TIME = re.compile(r"(?:\s+|T)\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$")


def era_of(day: date) -> Era | None:
    """The era a day lies in; None before 1868-01-25."""
    return next((era for era in reversed(ERAS) if era.start <= day), None)


def era_year(day: date) -> str | None:
    """`令和8年`, `令和元年`; None where the era calendar cannot be reckoned from the western one (before 1873)."""
    era = era_of(day)
    if era is None or day < SOLAR_CALENDAR:
        return None
    number = day.year - era.start.year + 1
    return f"{era.name}{'元' if number == 1 else number}年"


def format_date(day: date, western: bool = False, weekday: bool = True) -> str:
    """`令和8年6月15日(月)`; with `western`, `2026年(令和8年)6月15日(月)`."""
    day = _plain(day)
    in_era = era_year(day)
    if in_era is None:
        year = f"{day.year}年"
    elif western:
        year = f"{day.year}年({in_era})"
    else:
        year = in_era
    return f"{year}{day.month}月{day.day}日" + (f"({WEEKDAYS[day.weekday()]})" if weekday else "")


def format_date_long(day: date, weekday: bool = True) -> str:
    """`2026年(令和8年)6月15日(月)`."""
    return format_date(day, western=True, weekday=weekday)


def excel_serial(number: float) -> date:
    """The day of a spreadsheet's serial number (1900 date system; the time of day is dropped).

    Excel believes in a 29 February 1900 (serial 60), so the numbers before it are one day off. Raises ValueError
    for 60 itself and for anything outside 1–2,958,465 (9999-12-31).
    """
    serial = int(number) if 1 <= number < 2_958_466 else 60
    if serial == 60:
        raise ValueError(f"{number:g}は表計算ソフトの日付の通し番号として読めません。{_HOW}")
    return date(1899, 12, 30 if serial > 60 else 31) + timedelta(days=serial)


def parse_date(value: object, today: date | None = None) -> date:
    """Read a date as municipalities write it.

    Takes date and datetime objects (an aware datetime counts as its day in Japan), spreadsheet serial numbers,
    and text: 令和6年6月15日, R6.6.15, 令和元年5月1日, 2024/6/15, 2024-06-15, 2024年6月15日(土), 20240615,
    令和7年3月末; full-width digits, spaces and a time of day behind do no harm. With `today`, a date without a
    year lies in the fiscal year of `today`.

    Raises ValueError with a Japanese sentence that says what to write instead: when it is not understood, when
    the day does not exist, when it lies outside the era it names, when its weekday is another one.
    """
    if isinstance(value, date):
        return _plain(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value)
    if not isinstance(value, str):
        raise ValueError(f"日付として読めません。{_HOW}")
    return _parse_text(value, today)


def _plain(day: date) -> date:
    if not isinstance(day, datetime):
        return day
    return (day.astimezone(_TOKYO) if day.tzinfo else day).date()


def _parse_number(number: float) -> date:
    """A bare number: 20240615, or a serial number that cannot be mistaken for a year."""
    if 1868_01_01 <= number <= 9999_12_31 and number == int(number):
        return _parse_text(str(int(number)), None)
    if not number >= 10_000:  # serial 10,000 is 1927-05-18; below it stand years (2024) and counts, not dates
        raise ValueError(f"「{number:g}」は日付として読めません。年・月・日をそろえて、{_HOW}")
    return excel_serial(number)


def _parse_text(raw: str, today: date | None) -> date:
    shown = " ".join(raw.split())[:40]
    text = _TIME.sub("", unicodedata.normalize("NFKC", raw).strip().lstrip("'"))
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1/\2/\3", text)
    if not text:
        raise ValueError(f"日付が空です。{_HOW}")
    if re.fullmatch(r"[1-9]\d{4}(\.\d+)?", text):
        meant = format_date(excel_serial(float(text)), western=True)
        raise ValueError(
            f"「{shown}」は表計算ソフトの日付の通し番号のようです({meant})。セルの書式を日付に直すか、{_HOW}"
        )
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"「{shown}」は日付として読めません。{_HOW}")

    era = None
    month = int(match["month"])
    if match["era"]:
        era = _SPELLINGS.get(match["era"]) or _SPELLINGS[match["era"].upper()]
        number = 1 if match["era_year"] == "元" else int(match["era_year"])
        if number == 0:
            raise ValueError(
                f"「{shown}」は読めません。元号の年は元年(1年)から始まります。{era.name}元年の日付でしょうか。"
            )
        year = era.start.year + number - 1
    elif match["year"]:
        year = int(match["year"])
    elif today is not None:
        # The first such month at or after 1 April of today's fiscal year; written out, because `fiscal` uses this file.
        year = today.year - (today.month < 4) + (month < 4)
    else:
        raise ValueError(f"「{shown}」には年がありません。{_HOW}")

    day = _existing_day(shown, year, month, match["day"])
    if era is not None:
        _refuse_outside_era(shown, era, day)
    if match["again"] and match["again"] not in _names_of_year(day):
        raise ValueError(
            f"「{shown}」は西暦と和暦の年が合いません。{format_date(day, western=True)}でしょうか。"
        )
    if match["weekday"] and match["weekday"] != WEEKDAYS[day.weekday()]:
        raise ValueError(
            f"「{shown}」は曜日が合いません。正しくは{format_date(day, western=True)}です。日か曜日を直してください。"
        )
    return day


def _existing_day(shown: str, year: int, month: int, day: str) -> date:
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        raise ValueError(f"「{shown}」という日付はありません。月は1から12までです。{_HOW}")
    last = calendar.monthrange(year, month)[1]
    number = last if day.startswith("末") else int(day)
    if not 1 <= number <= last:
        raise ValueError(f"「{shown}」という日付はありません。{year}年{month}月は{last}日までです。")
    return date(year, month, number)


def _refuse_outside_era(shown: str, era: Era, day: date) -> None:
    if day < SOLAR_CALENDAR:
        raise ValueError(
            f"「{shown}」は旧暦の日付です(太陽暦は明治6年1月1日から)。西暦に直して「1872/11/5」のように書いてください。"
        )
    right = era_of(day)
    if right is not era:
        meant = format_date(day, western=True)
        raise ValueError(
            f"「{shown}」は{era.name}の期間に入りません。{right.name}の日付なら{meant}です。正しい元号で書いてください。"
        )


def _names_of_year(day: date) -> set[str]:
    era = era_of(day)
    if era is None:
        return {str(day.year)}
    number = day.year - era.start.year + 1
    numbers = {str(number), "元"} if number == 1 else {str(number)}
    return {str(day.year)} | {f"{s}{n}" for s, e in _SPELLINGS.items() if e is era for n in numbers}
