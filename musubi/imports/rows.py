"""One row under its mapping, and what rows of every kind have in common."""

from django.db.models import Model
from django.utils.translation import gettext as _

from musubi.imports import cells
from musubi.imports.columns import fold
from musubi.imports.report import Line, Problem, Report, SheetReport
from musubi.imports.states import Result
from musubi.lib import clock, corporate_number
from musubi.lib.era import parse_date
from musubi.lib.tables import Row, cell_address
from musubi.people.models import Organisation


class Reader:
    """One row under its mapping: values by field name, and problems told with the address of their cell."""

    def __init__(self, report: Report, sheet: SheetReport, row: Row, line: Line):
        self.report, self.sheet, self.row, self.line = report, sheet, row, line
        self.columns = {guess.field: index for index, guess in enumerate(sheet.guesses) if guess.field}

    def cell(self, name: str):
        """The raw cell of a field; None where the sheet has no such column."""
        index = self.columns.get(name)
        return self.row.cells[index] if index is not None else None

    def heading(self, name: str) -> str:
        """The heading of a field's column; "" where the sheet has none."""
        index = self.columns.get(name)
        return self.sheet.table.columns[index].name if index is not None else ""

    def has(self, name: str) -> bool:
        return name in self.columns

    def address(self, *names: str) -> str:
        """The address of the first of the fields that has a column, else of the row's first cell."""
        index = next((self.columns[name] for name in names if name in self.columns), 0)
        return cell_address(self.row, self.sheet.table.columns[index])

    def error(self, message: str, *names: str) -> None:
        self.line.result = Result.ERROR
        self._tell("error", message, names)

    def warn(self, message: str, *names: str) -> None:
        self._tell("warning", message, names)

    def leave_out(self, message: str, *names: str) -> None:
        self.line.result = Result.LEFT_OUT
        self.line.reason = message
        self._tell("warning", message, names)

    def duplicate(self, message: str, of: str, *names: str) -> None:
        """This row repeats `of`. A row with an error stays one: it must be mended first."""
        if self.line.result != Result.ERROR:
            self.line.result = Result.DUPLICATE
            self.line.of, self.line.cell, self.line.reason = of, self.address(*names), message
        self._tell("warning", message, names)

    def _tell(self, level: str, message: str, names: tuple[str, ...]) -> None:
        self.report.problems.append(
            Problem(self.line.sheet, self.address(*names), level, str(message), self.row.number)
        )


def where(line: Line) -> str:
    """Where a row stands, for a person."""
    return _("シート「%(sheet)s」%(row)d行目") % {"sheet": line.sheet, "row": line.row}


def place(reader: Reader) -> str:
    return where(reader.line)


def title(reader: Reader, name: str, model: type[Model], label: str) -> str:
    """The name of the thing, on one line; an error where it is missing or longer than the product keeps."""
    found = cells.line(reader.cell(name))
    longest = model._meta.get_field("name" if name in ("organisation", "name") else "title").max_length
    if not fold(found):
        reader.error(_("%(label)sが空です。入力するか、この行を消してください。") % {"label": label}, name)
        return ""
    if len(found) > longest:
        reader.error(
            _("%(label)sが%(length)d字あります。%(longest)d字までに縮めてください(自動では切りません)。")
            % {"label": label, "length": len(found), "longest": longest},
            name,
        )
    return found


def goals(reader: Reader) -> list[int]:
    found, strange = cells.goals(reader.cell("goals"))
    for sentence in strange:
        reader.warn(_("SDGsゴール: %(text)s。この値を除いて取り込みます。") % {"text": sentence}, "goals")
    return found


def fields(reader: Reader, codes: dict[str, str]) -> list[str]:
    """Codes of the fields of work; an unknown one is told and left out."""
    found = []
    if cells.is_nothing(reader.cell("fields")):
        return found
    for part in cells.parts(reader.cell("fields")):
        if fold(part) in codes:
            found.append(codes[fold(part)])
        else:
            reader.warn(
                _("分野「%(text)s」は登録がないため、除いて取り込みます。") % {"text": part[:30]}, "fields"
            )
    return list(dict.fromkeys(found))


def number(reader: Reader) -> str:
    """The 13 digits, or "" where none is given; a damaged one is an error at its cell."""
    cell = reader.cell("corporate_number")
    if cells.is_nothing(cell):
        return ""
    try:
        return corporate_number.check(cell)
    except ValueError as error:
        reader.error(str(error), "corporate_number")
        return ""


def kind(reader: Reader, name: str) -> str:
    """From its column, else from the name; 企業 where neither tells, and a warning says so."""
    cell = reader.cell("kind")
    found = None if cells.is_nothing(cell) else cells.organisation_kind(cell)
    found = found or cells.kind_from_name(cells.line(reader.cell(name)))
    if found:
        return found
    if not cells.is_nothing(cell):
        reader.warn(
            _("種別「%(text)s」は分かりません。「企業」として取り込みます。")
            % {"text": cells.line(cell)[:20]},
            "kind",
        )
    else:
        reader.warn(_("種別が名前から分からないため、「企業」として取り込みます。"), name)
    return Organisation.Kind.COMPANY


def past_day(reader: Reader, name: str, label: str):
    """A day up to today, or None where the cell is empty; anything else is an error at its cell."""
    cell = reader.cell(name)
    if cells.is_nothing(cell):
        return None
    try:
        day = parse_date(cell)
    except ValueError as error:
        reader.error(str(error), name)
        return None
    if day > clock.today():
        reader.error(
            _("%(label)sが先の日付(%(day)s)です。今日までの日付に直してください。")
            % {"label": label, "day": day},
            name,
        )
    return day
