"""Workbooks (xlsx, xlsm, xls, ods) to grids, by python-calamine in a process of its own.

A file of a few kilobytes can ask for gigabytes: a zip bomb, or two cells in opposite corners of a sheet, for which
the whole rectangle is allocated and the process aborted. So a child with a limit on memory and time reads it, and if
it dies the person is told and the server lives.
"""

import io
import pickle
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

from musubi.lib.tables.limits import CHILD_MEMORY_BYTES, CHILD_SECONDS, MAX_CELLS, MAX_UNPACKED_BYTES
from musubi.lib.tables.table import Cell, Grid

_CHILD = Path(__file__).with_name("workbook_child.py")
_REFUSALS = {
    "password": "パスワードで保護されています。Excelで開き、パスワードを外して保存し直してください。",
    "damaged": "Excelのブックとして読めません(壊れているか、別の形式です)。Excelで開き、.xlsx形式で保存し直してください。",
    "large": "シートが大きすぎます(離れたセルに値が残っていることがあります)。表だけを新しいブックに貼り付けて保存してください。",
}


def read_workbook(data: bytes) -> list[Grid]:
    """Every worksheet, charts left out, in order. Raises ValueError with a Japanese sentence."""
    _refuse_zip_bomb(data)
    command = [sys.executable, str(_CHILD), str(CHILD_MEMORY_BYTES), str(CHILD_SECONDS), str(MAX_CELLS)]
    try:
        child = subprocess.run(
            command, input=data, capture_output=True, timeout=2 * CHILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(_REFUSALS["large"]) from error
    if child.returncode != 0:
        raise ValueError(_REFUSALS["large"])
    refusal, sheets = pickle.loads(child.stdout)  # written by our own child, never by a file
    if refusal:
        raise ValueError(_REFUSALS[refusal])
    return [
        Grid(sheet=name, rows=[[_plain(cell) for cell in row] for row in rows], merged=merged, hidden=hidden)
        for name, hidden, rows, merged in sheets
    ]


def _refuse_zip_bomb(data: bytes) -> None:
    """By the sizes the archive declares; one that lies about them meets the child's limits."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ValueError(_REFUSALS["damaged"]) from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"展開すると{unpacked / 1e6:,.0f}MBになり、大きすぎます。表を分けて保存してください。"
        )


def _plain(cell: object) -> Cell:
    """A cell as text, number, date or nothing. Spreadsheets hold every number as a float: 2010005003854.0 is an int."""
    match cell:
        case "" | None:
            return None
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return int(cell)
        case datetime() if cell.time() == time():
            return cell.date()
        case date() | str() | float() | int():
            return cell
        case time():
            return cell.strftime("%H:%M" if cell.second == 0 else "%H:%M:%S")
        case timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(cell)
