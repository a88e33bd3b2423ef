"""What is wrong with a table before it is let in: `examine` reads a file and says so, and changes nothing."""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from musubi.imports import challenge_rows, contribution_rows, organisation_rows, proposal_rows, queries
from musubi.imports.cells import line as one_line
from musubi.imports.columns import Guess, fold, guess, required, slots
from musubi.imports.report import Line, Problem, Report, SheetReport
from musubi.imports.rows import Reader
from musubi.imports.states import Kind, Result
from musubi.lib import lgcode
from musubi.lib.era import format_date
from musubi.lib.errors import Refused
from musubi.lib.tables import Row, Table, cell_address, read
from musubi.lib.text import normalise
from musubi.people.models import Municipality

_ROWS = {
    Kind.CHALLENGES: challenge_rows.judge,
    Kind.ORGANISATIONS: organisation_rows.judge,
    Kind.PROPOSALS: proposal_rows.judge,
    Kind.CONTRIBUTIONS: contribution_rows.judge,
}
_TOTALS = {"合計", "小計", "総計", "計", "総合計"}


@dataclass(frozen=True)
class Options:
    """How to import.

    `sheet`: only this sheet. Challenges: rows without a known department go to `department` (its id; default the
    desk), with `strict` they are errors; `state` they are brought to: draft, checking or published. Organisations:
    with `members` they join the municipality on the day in their row, else on `joined_on`, else today. Contributions:
    they go into `fund` (its id; default the newest).
    """

    sheet: str = ""
    department: int | None = None
    strict: bool = False
    state: str = "draft"
    members: bool = True
    joined_on: date | None = None
    fund: int | None = None

    def as_json(self) -> dict:
        return asdict(self) | {"joined_on": self.joined_on.isoformat() if self.joined_on else None}

    @classmethod
    def from_json(cls, found: dict) -> "Options":
        day = found.get("joined_on")
        return cls(**(found | {"joined_on": date.fromisoformat(day) if day else None}))


def examine(
    kind: str,
    data: bytes,
    filename: str,
    municipality: Municipality,
    *,
    mapping: dict[str, dict[str, str]] | None = None,
    options: Options | None = None,
    run_id: int | None = None,
) -> Report:
    """Read a file and say what an import of it would do.

    `mapping` holds what a person chose: sheet → column letter → field name, "" for 使わない; columns it does not
    name are guessed. `run_id` is the run this is done for. Raises Refused where the file is no table at all, or has no sheet of the name asked for.
    """
    options = options or Options()
    try:
        tables = read(data, filename)
    except ValueError as error:
        raise Refused(str(error), field="file") from error
    report = Report(kind, filename)
    for table in tables:
        report.sheets.append(SheetReport(table, _mapped(kind, table, (mapping or {}).get(table.sheet, {}))))
    _choose_sheets(report, options)
    readers = []
    for sheet in report.sheets:
        for row in sheet.table.rows:
            line = Line(sheet.table.sheet, row.number)
            report.lines.append(line)
            if not sheet.used:
                line.result, line.reason = Result.LEFT_OUT, _("取り込まないシートの行")
                continue
            if _missing(kind, sheet):
                continue  # the sheet has an error: its rows are held back, and none can be judged
            reader = Reader(report, sheet, row, line)
            reason = _not_data(kind, sheet, row, reader)
            if reason:
                reader.leave_out(reason)
            else:
                readers.append(reader)
        if sheet.used:
            _tell_other_municipalities(report, sheet, municipality)
    if not report.lines:
        report.problems.append(
            Problem("", "", "error", _("データの行がありません。見出しの下に1行以上入力してください。"))
        )
    _tell_earlier(report, data, municipality, run_id)
    _ROWS[kind](readers, municipality, options)
    report.in_order()
    return report


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tell_earlier(report: Report, data: bytes, municipality: Municipality, run_id: int | None) -> None:
    earlier = queries.earlier_imports(municipality, report.kind, digest(data)).exclude(pk=run_id).first()
    if earlier:
        report.problems.append(
            Problem(
                "",
                "",
                "warning",
                _(
                    "このファイルは%(day)sに取り込み済みです。登録済みの行は重複として報告し、二重には登録しません。"
                )
                % {"day": format_date(earlier.done_at)},
            )
        )


# --- columns and sheets ----------------------------------------------------------------------------------------


def _mapped(kind: str, table: Table, chosen: dict[str, str]) -> list[Guess]:
    """The guesses, with what a person chose in their place. A field a person gave to one column leaves the others."""
    known = slots(kind)
    chosen = {letter: name for letter, name in chosen.items() if not name or name in known}
    claimed = {name for name in chosen.values() if name}
    found = []
    for one in guess(kind, table):
        if one.column.letter in chosen:
            name = chosen[one.column.letter]
            if name != one.field:
                one = replace(
                    one, field=name, why=_("画面で選んだ項目") if name else _("画面で「使わない」を選択")
                )
        elif one.field in claimed:
            one = replace(one, field="", why=_("画面で別の列を選んだため、使いません"))
        found.append(one)
    return found


def _choose_sheets(report: Report, options: Options) -> None:
    """Which sheets hold what is to be imported. Every sheet that is not looked at is told of, with its rows."""
    names = [sheet.table.sheet for sheet in report.sheets]
    if options.sheet:
        if options.sheet not in names:
            raise Refused(
                _("「%(sheet)s」というシートはありません。このファイルのシート: %(names)s")
                % {"sheet": options.sheet, "names": "、".join(names)},
                field="sheet",
            )
        for sheet in report.sheets:
            if sheet.table.sheet != options.sheet:
                _leave_sheet(report, sheet, _("選ばれていないシート"))
        _check_columns(report, next(s for s in report.sheets if s.table.sheet == options.sheet))
        return
    for sheet in report.sheets:
        if sheet.table.hidden and len(report.sheets) > 1:
            _leave_sheet(report, sheet, _("非表示のシート"))
    shown = [sheet for sheet in report.sheets if sheet.used]
    complete = [sheet for sheet in shown if not _missing(report.kind, sheet)]
    for sheet in shown:
        if complete and sheet not in complete:
            labels = "、".join(f"「{slot.label}」" for slot in _missing(report.kind, sheet))
            _leave_sheet(report, sheet, _("%(labels)sの列がないシート") % {"labels": labels})
        else:
            _check_columns(report, sheet)


def _missing(kind: str, sheet: SheetReport) -> list:
    taken = {one.field for one in sheet.guesses}
    return [slot for slot in required(kind) if slot.name not in taken]


def _leave_sheet(report: Report, sheet: SheetReport, why: str) -> None:
    sheet.used = False
    report.problems.append(
        Problem(
            sheet.table.sheet,
            "",
            "warning",
            _("このシートは取り込みません(%(why)s、%(rows)d行)。取り込むときはシートを選んでください。")
            % {"why": why, "rows": len(sheet.table.rows)},
        )
    )


def _check_columns(report: Report, sheet: SheetReport) -> None:
    header = sheet.table.header_rows[-1] if sheet.table.header_rows else 1
    for slot in _missing(report.kind, sheet):
        report.problems.append(
            Problem(
                sheet.table.sheet,
                f"A{header}",
                "error",
                _(
                    "「%(label)s」の列が見つかりません。どの列かを選ぶか、見出しを「%(label)s」にしてください。"
                )
                % {"label": slot.label},
                header,
            )
        )
    taken: dict[str, str] = {}
    for one in sheet.guesses:
        if one.field and one.field in taken:
            report.problems.append(
                Problem(
                    sheet.table.sheet,
                    cell_address(header, one.column),
                    "error",
                    _("「%(label)s」に%(first)s列と%(second)s列の二つが選ばれています。一つにしてください。")
                    % {
                        "label": slots(report.kind)[one.field].label,
                        "first": taken[one.field],
                        "second": one.column.letter,
                    },
                    header,
                )
            )
        taken.setdefault(one.field, one.column.letter)


# --- rows that are no data, rows of another municipality ---------------------------------------------------------


def _not_data(kind: str, sheet: SheetReport, row: Row, reader: Reader) -> str:
    """Why a row of the table is not a row of data; "" when it is."""
    known = slots(kind)
    filled = [one_line(cell) for cell in row.cells if one_line(cell)]
    if not filled:
        return _("見える文字がないため、取り込みません。")
    if fold(filled[0]) in _TOTALS:
        return _("合計の行とみて、取り込みません。")
    headings = [fold(column.name) for column in sheet.table.columns if column.name]
    if len(filled) > 1 and [fold(value) for value in filled] == headings:
        return _("見出しの繰り返しとみて、取り込みません。")
    if len(filled) == 1 and filled[0][0] in "※＊*":
        return _("注記とみて、取り込みません。")
    key = one_line(reader.cell(required(kind)[0].name))
    if fold(key).startswith("記入例"):
        return _("記入例とみて、取り込みません。")
    if not any(one_line(row.cells[index]) for name, index in reader.columns.items() if known[name].stored):
        return _("取り込む列がすべて空のため、取り込みません(「%(text)s」)。") % {"text": filled[0][:30]}
    return ""


def _tell_other_municipalities(report: Report, sheet: SheetReport, municipality: Municipality) -> None:
    """Once per sheet: that rows name another municipality than the one they are brought into."""
    index = {one.field: i for i, one in enumerate(sheet.guesses)}
    name = "lgcode" if "lgcode" in index else "municipality"
    if name not in index:
        return
    same = _same_code if name == "lgcode" else _same_name
    others = [
        row
        for row in sheet.table.rows
        if one_line(row.cells[index[name]]) and not same(one_line(row.cells[index[name]]), municipality)
    ]
    if others:
        column = sheet.table.columns[index[name]]
        report.problems.append(
            Problem(
                sheet.table.sheet,
                cell_address(others[0], column),
                "warning",
                _(
                    "%(count)d行は別の自治体の行のようです(最初は「%(value)s」)。すべて%(here)sに取り込みます。"
                    "違うときは、その行を除いてください。"
                )
                % {
                    "count": len(others),
                    "value": one_line(others[0].cells[index[name]])[:30],
                    "here": municipality.name,
                },
                others[0].number,
            )
        )


def _same_code(value: str, municipality: Municipality) -> bool:
    try:
        return lgcode.check(value) == municipality.code
    except ValueError:
        digits = normalise(value)
        return digits in (
            municipality.code.lstrip("0"),
            municipality.code[:5],
            municipality.code[:5].lstrip("0"),
        )


def _same_name(value: str, municipality: Municipality) -> bool:
    value, name = fold(value), fold(municipality.name)
    return value.endswith(name) or name.endswith(value)
