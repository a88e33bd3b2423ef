"""What an import found: sheets, columns, rows and problems, and the same as one JSON object."""

from dataclasses import dataclass, field

from musubi.imports.columns import Guess, slots
from musubi.imports.states import Result
from musubi.lib.tables import Table

SAMPLES = 3


@dataclass(frozen=True)
class Problem:
    """One thing a person should know. `cell` is the sheet's own address (B12), "" for the whole sheet or file.
    `level`: an error stops the whole import, a warning does not."""

    sheet: str
    cell: str
    level: str
    message: str
    row: int | None = None

    def as_json(self) -> dict:
        return {
            "sheet": self.sheet,
            "cell": self.cell,
            "row": self.row,
            "level": self.level,
            "message": self.message,
        }


@dataclass
class Line:
    """One row of the table and what becomes of it. `values` are what the action takes; `of` is what it repeats."""

    sheet: str
    row: int
    result: Result = Result.IMPORTED
    title: str = ""
    of: str = ""
    cell: str = ""
    reason: str = ""
    ref: str = ""
    values: dict = field(default_factory=dict)


@dataclass
class SheetReport:
    """A sheet, what its columns were taken for, and whether its rows are looked at at all."""

    table: Table
    guesses: list[Guess]
    used: bool = True

    def as_json(self, kind: str) -> dict:
        known = slots(kind)
        return {
            "name": self.table.sheet,
            "used": self.used,
            "hidden": self.table.hidden,
            "header_rows": list(self.table.header_rows),
            "title": [" ".join(_shown(row)) for row in self.table.title_rows],
            "notes": [" ".join(_shown(row)) for row in self.table.notes],
            "blank_rows": self.table.blank_rows,
            "rows": len(self.table.rows),
            "columns": [
                {
                    "letter": guess.column.letter,
                    "heading": guess.column.name,
                    "field": guess.field or None,
                    "label": str(known[guess.field].label) if guess.field else None,
                    "stored": bool(guess.field) and known[guess.field].stored,
                    "why": guess.why,
                    "samples": self._samples(index),
                }
                for index, guess in enumerate(self.guesses)
            ],
        }

    def _samples(self, index: int) -> list[str]:
        found = []
        for row in self.table.rows[:50]:
            shown = _short(row.cells[index])
            if shown and shown not in found:
                found.append(shown)
            if len(found) == SAMPLES:
                break
        return found


def _short(cell) -> str:
    shown = " ".join(str(cell).split()) if cell is not None else ""
    return shown if len(shown) <= 40 else f"{shown[:39]}…"


def _shown(row) -> list[str]:
    return [_short(cell) for cell in row.cells if _short(cell)]


@dataclass
class Report:
    """Everything found. Rows in = rows imported + rows reported, whatever happens."""

    kind: str
    filename: str
    sheets: list[SheetReport] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def importable(self) -> list[Line]:
        """The rows that would be written if nothing stood in the way."""
        return [line for line in self.lines if line.result == Result.IMPORTED]

    @property
    def ok(self) -> bool:
        """Whether an import would be let through: no error anywhere (all or nothing)."""
        return not self.errors

    def outcome(self, line: Line) -> Result:
        """What becomes of a row in the end: with an error anywhere, a good row is held back with the others."""
        return Result.HELD if line.result == Result.IMPORTED and not self.ok else line.result

    def in_order(self) -> None:
        """Problems as a person goes through the file: sheet by sheet, row by row."""
        place = {sheet.table.sheet: index for index, sheet in enumerate(self.sheets)}
        self.problems.sort(key=lambda problem: (place.get(problem.sheet, -1), problem.row or 0))

    def count(self, result: Result) -> int:
        return sum(self.outcome(line) == result for line in self.lines)

    def as_json(self, *, imported: bool = False) -> dict:
        """One JSON object. `rows_imported` counts what was imported, or before that (`imported` false) would be; `yen` is
        the sum of these rows where they are money."""
        rows_imported = self.count(Result.IMPORTED)
        return _storable(
            {
                "kind": str(self.kind),
                "file": self.filename,
                "ok": self.ok,
                "imported": imported,
                "rows_in": len(self.lines),
                "rows_imported": rows_imported,
                "rows_reported": len(self.lines) - rows_imported,
                "yen": sum(line.values.get("yen") or 0 for line in self.importable),
                "counts": {result.value: self.count(result) for result in Result},
                "sheets": [sheet.as_json(self.kind) for sheet in self.sheets],
                "problems": [problem.as_json() for problem in self.problems],
                "duplicates": [
                    {
                        "sheet": line.sheet,
                        "row": line.row,
                        "cell": line.cell,
                        "title": line.title,
                        "of": line.of,
                    }
                    for line in self.lines
                    if line.result == Result.DUPLICATE
                ],
                "rows": [
                    {
                        "sheet": line.sheet,
                        "row": line.row,
                        "result": self.outcome(line).value,
                        "title": line.title,
                        "ref": line.ref,
                        "reason": line.reason,
                    }
                    for line in self.lines
                ],
            }
        )


def _storable(found):
    """Without the characters that no database keeps in a JSON column: NUL and halves of surrogate pairs."""
    if isinstance(found, dict):
        return {_storable(name): _storable(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_storable(value) for value in found]
    if isinstance(found, str):
        return found.replace("\x00", "").encode("utf-8", "replace").decode()
    return found
