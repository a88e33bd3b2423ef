import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from musubi.lib.tables import read, write_xlsx
from tests.lib.shared_data import shared


def workbook(build) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        build(book)
    return buffer.getvalue()


def sheet_of(rows, merges=()) -> bytes:
    def build(book):
        page = book.add_worksheet("一覧")
        for first_row, first_column, last_row, last_column in merges:
            page.merge_range(first_row, first_column, last_row, last_column, "")
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    page.write(r, c, value)

    return workbook(build)


def _refusal(data: bytes, filename: str = "一覧.xlsx") -> str:
    with pytest.raises(ValueError) as caught:
        read(data, filename)
    return str(caught.value)


def test_merged_two_row_header_under_titles_is_joined():
    rows = [
        ["補助金一覧", None, None, None],
        [None, "令和6年4月1日現在", None, None],
        [None, None, None, None],
        ["名称", "連絡先", None, "金額\n（円）"],
        [None, "電話", "メール\nアドレス", None],
        ["A社", "03-0000-0000", "a@example.jp", 1000],
        ["B社", None, "b@example.jp", 2500.5],
    ]
    (table,) = read(sheet_of(rows, [(0, 0, 0, 3), (3, 0, 4, 0), (3, 1, 3, 2), (3, 3, 4, 3)]), "a.xlsx")
    assert table.sheet == "一覧"
    assert table.header_rows == (4, 5)
    assert table.names == ["名称", "連絡先 電話", "連絡先 メールアドレス", "金額（円）"]
    assert [(row.number, row.cells) for row in table.rows] == [
        (6, ["A社", "03-0000-0000", "a@example.jp", 1000]),
        (7, ["B社", None, "b@example.jp", 2500.5]),
    ]
    assert [row.number for row in table.title_rows] == [1, 2]
    assert (table.blank_rows, table.total_rows) == (1, 7)


def test_group_headings_over_a_full_header_row_are_joined():
    rows = [
        ["基本情報", None, None, "連絡先", None],
        ["番号", "名称", "所在地", "電話", "メール"],
        [1, "A社", "汐風区", "03", "a@example.jp"],
    ]
    (table,) = read(sheet_of(rows, [(0, 0, 0, 2), (0, 3, 0, 4)]), "a.xlsx")
    assert table.header_rows == (1, 2)
    assert table.names == [
        "基本情報 番号",
        "基本情報 名称",
        "基本情報 所在地",
        "連絡先 電話",
        "連絡先 メール",
    ]


def test_a_title_merged_over_the_table_is_no_part_of_the_header():
    rows = [["会員一覧", None, None], ["名称", "所在地", "業種"], ["A社", "汐風区", "小売"]]
    (table,) = read(sheet_of(rows, [(0, 0, 0, 2)]), "a.xlsx")
    assert table.header_rows == (2,)
    assert table.names == ["名称", "所在地", "業種"]
    assert [row.cells for row in table.title_rows] == [["会員一覧", None, None]]


def test_a_value_merged_over_rows_of_data_stands_in_each():
    rows = [["担当課", "課題"], ["環境課", "海ごみ"], [None, "落ち葉"], [None, "騒音"], ["教育課", "講座"]]
    (table,) = read(sheet_of(rows, [(1, 0, 3, 0)]), "a.xlsx")
    assert [row.cells[0] for row in table.rows] == ["環境課", "環境課", "環境課", "教育課"]


def test_a_table_that_does_not_begin_in_a1_keeps_its_addresses():
    rows = [[], [None, None, "名称", "件数"], [None, None, "A社", 3]]
    (table,) = read(sheet_of(rows), "a.xlsx")
    assert [(c.letter, c.name) for c in table.columns] == [("A", ""), ("B", ""), ("C", "名称"), ("D", "件数")]
    assert table.rows[0].number == 3
    assert table.rows[0].cells == [None, None, "A社", 3]
    assert table.blank_rows == 1


def test_cells_keep_numbers_dates_and_text_as_they_are():
    def build(book):
        page = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy/mm/dd"})
        moment = book.add_format({"num_format": "yyyy/mm/dd hh:mm"})
        clock = book.add_format({"num_format": "hh:mm"})
        page.write_row(0, 0, ["番号", "割合", "日", "日時", "時刻", "和暦", "可否", "式"])
        page.write_number(1, 0, 2010005003854)
        page.write_number(1, 1, 0.5)
        page.write_datetime(1, 2, date(2024, 6, 15), day)
        page.write_datetime(1, 3, datetime(2024, 6, 15, 10, 30), moment)
        page.write_datetime(1, 4, time(9, 5), clock)
        page.write_string(1, 5, "令和６年\n６月")
        page.write_boolean(1, 6, True)
        page.write_formula(1, 7, "=1+1", None, 2)

    (table,) = read(workbook(build), "a.xlsx")
    assert table.rows[0].cells == [
        2010005003854,
        0.5,
        date(2024, 6, 15),
        datetime(2024, 6, 15, 10, 30),
        "09:05",
        "令和６年\n６月",
        "TRUE",
        2,
    ]
    assert [type(cell) for cell in table.rows[0].cells[:3]] == [int, float, date]


def test_every_sheet_with_content_is_a_table_and_hidden_ones_say_so():
    def build(book):
        for name in ("一", "空", "裏"):
            page = book.add_worksheet(name)
            if name != "空":
                page.write_column(0, 0, ["名称", name])
            if name == "裏":
                page.hide()
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=一!$A$1:$A$2"})
        book.add_chartsheet("図").set_chart(chart)

    tables = read(workbook(build), "a.xlsx")
    assert [(t.sheet, t.hidden, t.rows[0].cells) for t in tables] == [
        ("一", False, ["一"]),
        ("裏", True, ["裏"]),
    ]


def test_ods_is_read():
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(value) for value in row)}</table:table-row>"
        for row in (["名称", "所在地"], ["A社", "汐風区"])
    )
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="会員">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    (table,) = read(buffer.getvalue(), "a.ods")
    assert (table.sheet, table.names, [row.cells for row in table.rows]) == (
        "会員",
        ["名称", "所在地"],
        [["A社", "汐風区"]],
    )


def _zip_of(size: int) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as entry,
    ):
        for _ in range(size // 1_000_000):
            entry.write(b" " * 1_000_000)
    return buffer.getvalue()


def test_broken_and_foreign_workbooks_are_refused_with_a_sentence():
    good = sheet_of([["名称"], ["A社"]])
    assert "「一覧.xlsx」: Excelのブックとして読めません" in _refusal(good[:-200])
    assert "Excelのブックとして読めません" in _refusal(b"PK\x03\x04" + b"x" * 100)
    assert "Excelのブックとして読めません" in _refusal(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls"
    )
    assert "Excelのブックとして読めません" in _refusal(_zip_of(1_000_000), "a.docx")
    assert "表に何も入っていません" in _refusal(sheet_of([]))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = _zip_of(401_000_000)
    assert len(bomb) < 1_000_000
    assert "展開すると401MBになり、大きすぎます。" in _refusal(bomb)


def test_a_value_in_the_far_corner_is_refused_and_the_process_lives():
    def build(book):
        page = book.add_worksheet()
        page.write(0, 0, "名称")
        page.write(1_048_575, 16_383, "x")

    assert "シートが大きすぎます(離れたセルに値が残っていることがあります)" in _refusal(workbook(build))


def test_more_than_a_hundred_thousand_rows_are_refused():
    data = write_xlsx(["名称"], ([i] for i in range(100_000)))
    assert "シート「一覧」が大きすぎます(100,001行×1列)。100,000行" in _refusal(data)


def test_the_real_sheet_with_titles_and_merged_header_loses_no_row():
    (table,) = read(shared("importer/jp_subsidies_h30_merged_header.xlsx").read_bytes(), "h30.xlsx")
    assert table.header_rows == (3, 4)
    assert table.names[:4] == ["支出元府省", "事業名", "補助金交付先名", "法人番号"]
    assert table.names[8:] == ["公益法人の場合 公益法人の区分", "公益法人の場合 国認定、都道府県認定の区分"]
    assert [row.number for row in table.title_rows] == [1]
    assert (len(table.rows), table.blank_rows, table.total_rows) == (405, 6, 414)
    assert table.rows[0].number == 5
    assert table.rows[0].cells[3:5] == [4011005003009, 297978000]
    assert table.rows[0].cells[7] == date(2018, 4, 2)
    assert table.rows[2].cells[5] == "東日本大震災\n復興特別会計"


@settings(max_examples=15)
@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.sampled_from(["名称", "電話", "※注", " ", "3"]), st.integers(-9, 9)),
            max_size=4,
        ),
        min_size=1,
        max_size=10,
    )
)
def test_no_sheet_row_is_ever_lost(rows):
    filled = [
        i for i, row in enumerate(rows, 1) if any(str(cell).strip() for cell in row if cell is not None)
    ]
    if not filled:
        return
    (table,) = read(sheet_of(rows), "a.xlsx")
    seen = [row.number for row in (*table.title_rows, *table.rows, *table.notes)]
    assert sorted([*seen, *table.header_rows]) == filled
    assert filled[-1] <= table.total_rows <= len(rows)
