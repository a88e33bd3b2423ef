"""Tables on the way out: CSV and xlsx that Excel opens as they are, and in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import xlsxwriter

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_TOKYO = ZoneInfo("Asia/Tokyo")
_EXCEL_ROWS = 1_048_576
_EXCEL_LETTERS = 32_767
_EXCEL_DIGITS = 10**15
_CUT = "…(長いため省略。全文はCSVにあります)"


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with BOM, CRLF. Dates as 2024-06-15, datetimes as 2024-06-15 09:30 in Japan, None as empty; a text that a spreadsheet would take for a formula gets an
    apostrophe in front (numbers stay numbers, negative ones too)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_csv_cell(name) for name in columns])
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig", errors="replace")


def _csv_cell(value: object) -> object:
    if value is None or _is_number(value):
        return value
    if isinstance(value, datetime):
        return f"{_local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_xlsx(columns: Sequence[str], rows: Iterable[Sequence[object]], sheet: str = "一覧") -> bytes:
    """One sheet, header frozen, written row by row (memory does not grow with the rows). Texts are written as texts, so
    「=1+1」 stays what it is; integers beyond Excel's 15 digits as texts.

    Raises ValueError when there are more rows than a sheet can hold.
    """
    return write_workbook([(sheet, columns, rows)])


def write_workbook(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> bytes:
    """Several sheets of (name, columns, rows), each as `write_xlsx` writes its one. A name has 31 characters at most
    and none of `[]:*?/\\`.

    Raises ValueError when there are more rows than a sheet can hold.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        day = book.add_format({"num_format": "yyyy/mm/dd"})
        moment = book.add_format({"num_format": "yyyy/mm/dd hh:mm"})
        for name, columns, rows in sheets:
            _write_sheet(book.add_worksheet(name), columns, rows, bold, day, moment)
    return buffer.getvalue()


def _write_sheet(page, columns, rows, bold, day, moment) -> None:
    page.freeze_panes(1, 0)
    for c, name in enumerate(columns):
        page.set_column(c, c, min(40, max(10, 2 * len(str(name)) + 2)))
        page.write_string(0, c, str(name), bold)
    for r, row in enumerate(rows, start=1):
        if r >= _EXCEL_ROWS:
            raise ValueError(
                f"Excelの1シートには{_EXCEL_ROWS - 1:,}行までしか書けません。CSVを使うか、条件で絞ってください。"
            )
        for c, value in enumerate(row):
            _write_cell(page, r, c, value, day, moment)


def _write_cell(page, r: int, c: int, value: object, day, moment) -> None:
    if value is None:
        return
    if isinstance(value, datetime) and value.year >= 1900:
        page.write_datetime(r, c, _local(value), moment)
    elif isinstance(value, date) and value.year >= 1900:
        page.write_datetime(r, c, value, day)
    elif _is_number(value) and abs(value) < _EXCEL_DIGITS:
        page.write_number(r, c, value)
    else:
        text = str(value)
        page.write_string(
            r, c, text if len(text) <= _EXCEL_LETTERS else text[: _EXCEL_LETTERS - len(_CUT)] + _CUT
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _local(moment: datetime) -> datetime:
    """The time on a clock in Japan; neither file format keeps a time zone."""
    return moment.astimezone(_TOKYO).replace(tzinfo=None) if moment.tzinfo else moment
