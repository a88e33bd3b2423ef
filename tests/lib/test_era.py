import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.era import (
    ERAS,
    SOLAR_CALENDAR,
    era_of,
    excel_serial,
    format_date,
    format_date_long,
    parse_date,
)
from tests.lib.shared_data import shared

SATURDAY = date(2024, 6, 15)


def test_eras_equal_the_published_list():
    listed = json.loads(shared("calendar_ids/eras.json").read_text(encoding="utf-8"))
    assert [(e.name, e.letter, e.start.isoformat()) for e in ERAS] == [
        (row["era"], row["letter"], row["start"]) for row in listed
    ]


def test_format_date_compact_long_and_without_weekday():
    day = date(2026, 6, 15)
    assert format_date(day) == "令和8年6月15日(月)"
    assert format_date(day, weekday=False) == "令和8年6月15日"
    assert format_date(day, western=True) == "2026年(令和8年)6月15日(月)"
    assert format_date_long(day) == "2026年(令和8年)6月15日(月)"


def test_format_date_in_the_first_year_of_an_era_says_gannen():
    assert format_date(date(2019, 5, 1)) == "令和元年5月1日(水)"
    assert format_date(date(2019, 4, 30)) == "平成31年4月30日(火)"


def test_format_date_before_the_solar_calendar_is_western():
    assert format_date(date(1872, 12, 31)) == "1872年12月31日(火)"
    assert format_date(date(1873, 1, 1)) == "明治6年1月1日(水)"
    assert format_date_long(date(1603, 3, 24)) == "1603年3月24日(月)"


@pytest.mark.parametrize(
    "text",
    [
        "令和6年6月15日",
        "令和６年６月１５日",
        " 令和 6 年 6 月 15 日 ",
        "令和6年\n6月15日",
        "令和06年06月15日(土)",
        "令和6年6月15日（土曜日）",
        "㋿6年6月15日",
        "令6.6.15",
        "R6.6.15",
        "r6/6/15",
        "R06-06-15",
        "Ｒ６．６．１５",
        "2024/6/15",
        "2024-06-15",
        "2024.6.15",
        "2024年6月15日",
        "2024年6月15日(土)",
        "2024年6月15日(土・祝)",
        "2024年(令和6年)6月15日(土)",
        "令和6年(2024年)6月15日",
        "令和6(2024)年6月15日",
        "20240615",
        "'2024/6/15",
        "2024/06/15 00:00:00",
        "2024-06-15T09:30:00+09:00",
        SATURDAY,
        datetime(2024, 6, 15, 23, 59),
        datetime(2024, 6, 14, 15, 0, tzinfo=UTC),
        45458,
        45458.75,
        20240615,
        20240615.0,
    ],
)
def test_parse_date_reads_every_usual_form(text):
    assert parse_date(text) == SATURDAY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("㍻元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("S1.12.25", date(1926, 12, 25)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("明治45年7月29日", date(1912, 7, 29)),
        ("明治6年1月1日", date(1873, 1, 1)),
        ("令和7年3月末", date(2025, 3, 31)),
        ("令和6年2月末日", date(2024, 2, 29)),
    ],
)
def test_parse_date_reads_each_era(text, expected):
    assert parse_date(text) == expected


def test_parse_date_without_year_lies_in_the_fiscal_year_of_today():
    assert parse_date("6月15日", today=date(2025, 2, 1)) == date(2024, 6, 15)
    assert parse_date("2/3", today=date(2025, 6, 1)) == date(2026, 2, 3)
    with pytest.raises(ValueError, match="「6月15日」には年がありません。「令和6年6月15日」"):
        parse_date("6月15日")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("平成40年6月1日", "平成の期間に入りません。令和の日付なら2028年(令和10年)6月1日(木)です。"),
        ("平成31年5月1日", "平成の期間に入りません。令和の日付なら2019年(令和元年)5月1日(水)です。"),
        ("昭和64年1月8日", "昭和の期間に入りません。平成の日付なら1989年(平成元年)1月8日(日)です。"),
        ("令和元年4月30日", "令和の期間に入りません。平成の日付なら2019年(平成31年)4月30日(火)です。"),
        ("令和0年6月1日", "元号の年は元年(1年)から始まります。"),
        ("明治5年11月5日", "旧暦の日付です"),
        ("2023/2/29", "2023年2月は28日までです。"),
        ("令和6年13月1日", "月は1から12までです。"),
        ("2024/6/0", "2024年6月は30日までです。"),
        ("2024年6月15日(日)", "曜日が合いません。正しくは2024年(令和6年)6月15日(土)です。"),
        ("2024年(令和7年)6月15日", "西暦と和暦の年が合いません。"),
        ("45458", "通し番号のようです(2024年(令和6年)6月15日(土))。"),
        ("6.6.15", "「6.6.15」は日付として読めません。「令和6年6月15日」"),
        ("令和6年6月", "日付として読めません。「令和6年6月15日」"),
        ("随時", "「随時」は日付として読めません。"),
        ("", "日付が空です。"),
        ("  　", "日付が空です。"),
        (2024, "「2024」は日付として読めません。年・月・日をそろえて"),
        (float("nan"), "日付として読めません。"),
        (float("inf"), "日付の通し番号として読めません。"),
        (None, "日付として読めません。"),
        (True, "日付として読めません。"),
    ],
)
def test_parse_date_refuses_with_a_sentence_that_mends(value, sentence):
    with pytest.raises(ValueError) as caught:
        parse_date(value)
    assert sentence in str(caught.value)


def test_excel_serial_around_the_day_that_never_was():
    assert excel_serial(1) == date(1900, 1, 1)
    assert excel_serial(59) == date(1900, 2, 28)
    assert excel_serial(61) == date(1900, 3, 1)
    assert excel_serial(2_958_465.9) == date(9999, 12, 31)
    for number in (0, 60, -1, 2_958_466, float("nan")):
        with pytest.raises(ValueError, match="通し番号として読めません"):
            excel_serial(number)


@given(st.dates(), st.booleans(), st.booleans())
def test_parse_date_reads_back_what_format_date_writes(day, western, weekday):
    written = format_date(day, western=western, weekday=weekday)
    if day.year >= 1000:
        assert parse_date(written) == day


@given(st.dates(min_value=SOLAR_CALENDAR))
def test_every_day_has_exactly_the_era_that_began_last(day):
    assert era_of(day).start == max(era.start for era in ERAS if era.start <= day)


@given(st.text(alphabet="令和平成元RHS年月日末0123456789/.-()土 ", max_size=20))
def test_parse_date_gives_a_day_or_a_japanese_sentence(text):
    try:
        answer = parse_date(text)
    except ValueError as error:
        answer = str(error)
    assert isinstance(answer, date) or answer.endswith("。")
