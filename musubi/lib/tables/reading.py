"""A file's bytes to its tables: what kind it is shows in its first bytes, since names and endings are often wrong."""

from musubi.lib.tables.csv_text import read_csv
from musubi.lib.tables.header import find_table
from musubi.lib.tables.limits import MAX_BYTES, MAX_CELLS, MAX_ROWS
from musubi.lib.tables.table import Grid, Table
from musubi.lib.tables.workbook import read_workbook

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HOW = "ExcelのブックかCSV(UTF-8またはShift_JIS)で保存して、もう一度選んでください。"


def read(data: bytes, filename: str) -> list[Table]:
    """The tables of a CSV, xlsx, xlsm, xls or ods file, one per sheet that holds anything, in the file's order.

    Formulas and macros are not run: the values last saved are read (an error such as #N/A reads as empty).
    Raises ValueError with a Japanese sentence that names the file: empty, too large (20 MB, 100,000 rows a sheet),
    damaged, protected by a password, or not a table at all.
    """
    try:
        tables = [find_table(_within_limits(grid)) for grid in _grids(data, filename) if grid.rows]
        if not tables:
            raise ValueError("表に何も入っていません。内容のあるファイルを選んでください。")
        return tables
    except ValueError as error:
        raise ValueError(f"「{filename}」: {error}") from error


def _grids(data: bytes, filename: str) -> list[Grid]:
    if not data.strip(b"\x00 \r\n\t"):
        raise ValueError("ファイルが空です。内容のあるファイルを選んでください。")
    if len(data) > MAX_BYTES:
        raise ValueError(f"ファイルが大きすぎます({len(data) / 1e6:.1f}MB)。20MBまでに分けてください。")
    if data.startswith((*_ZIP, _OLE)):
        return read_workbook(data)
    if data.startswith(b"%PDF"):
        raise ValueError(f"PDFは表として読めません。{_HOW}")
    if (
        data.lstrip(b"\xef\xbb\xbf \r\n\t")[:64]
        .lower()
        .startswith((b"<!doctype", b"<html", b"<?xml", b"<table"))
    ):
        raise ValueError(f"中身がExcelの表ではなくHTMLかXMLです。一度Excelで開き、{_HOW}")
    return [read_csv(data, tab=filename.lower().endswith((".tsv", ".txt")))]


def _within_limits(grid: Grid) -> Grid:
    if len(grid.rows) > MAX_ROWS or len(grid.rows) * len(grid.rows[0]) > MAX_CELLS:
        raise ValueError(
            f"シート「{grid.sheet}」が大きすぎます({len(grid.rows):,}行×{len(grid.rows[0]):,}列)。"
            f"{MAX_ROWS:,}行、{MAX_CELLS:,}セルまでに分けてください。"
        )
    return grid
