import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from musubi.lib.tables import read, write_csv, write_xlsx

MOMENT = datetime(2024, 6, 15, 1, 30, tzinfo=UTC)


def test_csv_has_a_bom_and_plain_values():
    data = write_csv(
        ["名称", "値"], [["海", None], [date(2024, 6, 15), MOMENT], [-5, Decimal("-0.5")], [True, "a\nb"]]
    )
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig") == (
        '名称,値\r\n海,\r\n2024-06-15,2024-06-15 10:30\r\n-5,-0.5\r\nTrue,"a\nb"\r\n'
    )


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_csv_text_that_could_be_a_formula_is_neutralised(first):
    text = f"{first}cmd|' /C calc'!A0"
    (table,) = read(write_csv(["名称", text], [["a", text]]), "a.csv")
    assert table.rows[0].cells == ["a", f"'{text}"]


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4)
)
def test_no_csv_cell_begins_like_a_formula(values):
    text = write_csv(["a"] * len(values), [values]).decode("utf-8-sig")
    row = text.split("\r\n", 1)[1]
    assert not row.lstrip('"').startswith(("=", "+", "-", "@"))


def test_xlsx_keeps_text_as_text_and_numbers_as_numbers():
    values = [
        "=1+1",
        "0312345678",
        4011005003009,
        -5,
        0.5,
        date(2024, 6, 15),
        MOMENT,
        None,
        10**17,
        True,
        "https://example.jp",
    ]
    data = write_xlsx([f"列{i}" for i in range(len(values))], [values])
    (table,) = read(data, "a.xlsx")
    assert table.sheet == "一覧"
    assert table.rows[0].cells == [
        "=1+1",
        "0312345678",
        4011005003009,
        -5,
        0.5,
        date(2024, 6, 15),
        datetime(2024, 6, 15, 10, 30),
        None,
        str(10**17),
        "True",
        "https://example.jp",
    ]


def test_xlsx_text_too_long_for_a_cell_is_cut_and_says_so():
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx(["a"], [["あ" * 40_000]])))
    text = book.get_sheet_by_index(0).to_python()[1][0]
    assert len(text) == 32_767
    assert text.endswith("あ…(長いため省略。全文はCSVにあります)")


def test_xlsx_day_before_the_calendar_of_excel_is_text():
    (table,) = read(write_xlsx(["a", "b"], [[date(1889, 4, 1), "x"]]), "a.xlsx")
    assert table.rows[0].cells == ["1889-04-01", "x"]
