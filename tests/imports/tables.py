"""Small tables for the tests of the import."""

import csv
import io

from musubi.lib.tables import write_xlsx


def csv_of(*rows, encoding: str = "utf-8") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode(encoding)


def xlsx_of(header, *rows, sheet: str = "一覧") -> bytes:
    return write_xlsx(header, rows, sheet)
