"""What a table read from a sheet is, and how its cells are named."""

from dataclasses import dataclass, field
from datetime import date

type Cell = str | float | int | date | None
type MergedRange = tuple[
    tuple[int, int], tuple[int, int]
]  # (first row, first column), (last row, last column), from 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is empty where the sheet gives none; the letter always tells it apart."""

    name: str
    letter: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of data. `number` is the sheet's own (from 1); `cells[i]` belongs to `Table.columns[i]`, raw as found."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet, with nothing dropped: every row is a title, a header, a data row, a note, or blank.

    Columns begin with the sheet's column A. Row numbers are the sheet's own (from 1); in CSV, a record's.
    """

    sheet: str
    header_rows: tuple[int, ...]
    columns: list[Column]
    rows: list[Row]
    title_rows: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    blank_rows: int = 0
    hidden: bool = False

    @property
    def total_rows(self) -> int:
        return (
            len(self.title_rows) + len(self.header_rows) + len(self.rows) + len(self.notes) + self.blank_rows
        )

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet as it came out of a file: rows of equal length from the sheet's first cell, and its merged ranges."""

    sheet: str
    rows: list[list[Cell]]
    merged: list[MergedRange] = field(default_factory=list)
    hidden: bool = False


def column_letter(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_address(row: Row | int, col: Column | int | str) -> str:
    """`B12`: the row (or its number) and the column (or its index from 0, or its letter)."""
    number = row.number if isinstance(row, Row) else row
    if isinstance(col, Column):
        return f"{col.letter}{number}"
    return f"{col if isinstance(col, str) else column_letter(col)}{number}"


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
