"""`script/musubi import KIND FILE --city X`: a table from a municipality's drawer, whole or not at all."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from musubi.imports.actions import carry_out, preview
from musubi.imports.columns import slots
from musubi.imports.queries import funds
from musubi.imports.rules import Options, examine
from musubi.imports.states import Kind, Result
from musubi.lib.era import parse_date
from musubi.lib.errors import Refused
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, authority

DONE, REFUSED, USAGE = 0, 1, 2


class Usage(Exception):
    """The command was called wrongly; the message says how to call it."""


class Command(BaseCommand):
    help = (
        "表(CSV、xlsx)から課題・団体・提案・ファンドへの拠出を取り込みます。--dry-run は確認だけを行います。"
    )

    def add_arguments(self, parser):
        parser.add_argument("kind", metavar="KIND", help=" / ".join(f"{k.value} {k.label}" for k in Kind))
        parser.add_argument("file", metavar="FILE", help="CSV(UTF-8、Shift_JIS)または xlsx")
        parser.add_argument(
            "--city", required=True, metavar="X", help="取り込み先の自治体(アドレスの名前か団体コード)"
        )
        parser.add_argument("--dry-run", action="store_true", help="確認だけ。何も登録しません")
        parser.add_argument("--json", action="store_true", help="結果を一つのJSONで出します")
        parser.add_argument("--sheet", default="", metavar="NAME", help="このシートだけを取り込みます")
        parser.add_argument(
            "--by", default="", metavar="EMAIL", help="だれの操作として取り込むか(既定:最初のデスク職員)"
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="列の読み取り方を直します。例: --map B=title --map D=(使わない)",
        )
        parser.add_argument(
            "--department",
            default="",
            metavar="NAME",
            help="課題: 担当課が分からない行を置く部署(既定:デスク)",
        )
        parser.add_argument(
            "--strict", action="store_true", help="課題: 担当課が分からない行をエラーにします"
        )
        parser.add_argument(
            "--state",
            default="draft",
            choices=["draft", "checking", "published"],
            help="課題: 取り込んだあとの状態",
        )
        parser.add_argument(
            "--no-members", action="store_true", help="団体: 会員にはせず、団体の登録だけをします"
        )
        parser.add_argument(
            "--joined-on", default="", metavar="DATE", help="団体: 入会日の列がない行の入会日(既定:今日)"
        )

        parser.add_argument(
            "--fund",
            type=int,
            metavar="YEAR",
            help="拠出: 取り込むファンドの年度(既定:いちばん新しいファンド)",
        )

    def handle(self, *args, **given):
        try:
            try:
                code = self._run(given)
            except (OperationalError, ProgrammingError) as error:
                # A database without its tables, or one that somebody holds locked.
                raise Refused(
                    f"データベースを使えません({error})。script/musubi migrate を実行してから、もう一度お試しください。"
                ) from error
        except (Usage, Refused) as refusal:
            code = USAGE if isinstance(refusal, Usage) else REFUSED
            if given["json"]:
                self._print({"kind": given["kind"], "file": given["file"], "ok": False, "imported": False,
                             "rows_in": 0, "rows_imported": 0, "rows_reported": 0, "sheets": [], "duplicates": [],
                             "rows": [], "error": str(refusal),
                             "problems": [{"sheet": "", "cell": "", "row": None, "level": "error",
                                           "message": str(refusal)}]})  # fmt: skip
            else:
                self.stderr.write(str(refusal))
        if code:
            sys.exit(code)

    def _run(self, given: dict) -> int:
        if given["kind"] not in Kind.values:
            raise Usage(
                f"取り込む種類「{given['kind']}」はありません。{'、'.join(Kind.values)} のどれかにしてください。"
            )
        city = _city(given["city"])
        data, name = _file(given["file"])
        options = _options(given, city)
        kind = Kind(given["kind"])
        mapping = _mapping(given["map"], kind, data, name, city)
        if given["dry_run"]:
            report = examine(kind, data, name, city, mapping=mapping, options=options).as_json()
            self._show(report, given, city, dry=True)
            return DONE if report["ok"] else REFUSED
        by = _person(given["by"], city)
        run = preview(kind, data, name, city, by=by, mapping=mapping, options=options)
        report = run.report
        if report["ok"] and report["rows_imported"]:
            try:
                carry_out(run, by=by)
                report = run.report
            except Refused as refusal:
                report = _held(report, str(refusal))
        self._show(report, given, city, by=by)
        return DONE if report["ok"] else REFUSED

    def _print(self, found: dict) -> None:
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))

    # --- for a person ------------------------------------------------------------------------------------------

    def _show(
        self, report: dict, given: dict, city: Municipality, *, by: User | None = None, dry: bool = False
    ):
        if given["json"]:
            self._print(report | {"city": city.slug, "dry_run": dry})
            return
        say = self.stdout.write
        say(f"{city.name} {Kind(report['kind']).label}の取り込み: {report['file']}")
        if by:
            say(f"操作した人: {by}")
        for sheet in report["sheets"]:
            say(
                f"\nシート「{sheet['name']}」 {sheet['rows']}行"
                + ("" if sheet["used"] else " (取り込みません)")
            )
            if sheet["used"]:
                for column in sheet["columns"]:
                    heading = column["heading"] or "(見出しなし)"
                    say(
                        f"  {column['letter']:>3} {heading} → {column['label'] or '使わない'} ({column['why']})"
                    )
        for level, label in (("error", "エラー"), ("warning", "注意")):
            found = [problem for problem in report["problems"] if problem["level"] == level]
            if found:
                say(f"\n{label} {len(found)}件")
            for cells, problem in _grouped(found):
                where = " ".join(filter(None, [problem["sheet"], cells])) or "ファイル"
                say(f"  {where}: {problem['message']}")
        counts = report["counts"]
        say(
            f"\n表の行 {report['rows_in']} = 取り込み{'' if report['imported'] else '予定'} {report['rows_imported']}"
            f" + 報告 {report['rows_reported']}"
            f" (重複 {counts[Result.DUPLICATE]}、エラー {counts[Result.ERROR]}、"
            f"対象外 {counts[Result.LEFT_OUT]}、見合わせ {counts[Result.HELD]})"
        )
        if report["imported"]:
            say(f"{report['rows_imported']}行を取り込みました。")
        elif not report["ok"]:
            say("エラーがあるため、1行も取り込みません。上のセルを直してから、もう一度実行してください。")
        elif not report["rows_imported"]:
            say("新しく取り込む行はありません。")
        else:
            say("確認だけを行いました。--dry-run を外すと取り込みます。")


def _grouped(problems: list[dict]) -> list[tuple[str, dict]]:
    """The same sentence once, with its cells; all of them are in the JSON."""
    groups: dict[tuple, list[dict]] = {}
    for problem in problems:
        groups.setdefault((problem["sheet"], problem["message"]), []).append(problem)
    return [
        (
            "、".join(p["cell"] for p in some[:8]) + (f" ほか{len(some) - 8}件" if len(some) > 8 else ""),
            some[0],
        )
        for some in groups.values()
    ]


def _held(report: dict, sentence: str) -> dict:
    """The report of rows that passed, but whose import was refused as a whole."""
    counts = report["counts"]
    counts[Result.HELD] += counts[Result.IMPORTED]
    counts[Result.IMPORTED] = 0
    for row in report["rows"]:
        if row["result"] == Result.IMPORTED:
            row["result"] = Result.HELD.value
    problem = {"sheet": "", "cell": "", "row": None, "level": "error", "message": sentence}
    return report | {
        "ok": False,
        "rows_imported": 0,
        "rows_reported": report["rows_in"],
        "problems": [problem, *report["problems"]],
    }


# --- what was asked for -----------------------------------------------------------------------------------------


def _city(name: str) -> Municipality:
    found = Municipality.objects.filter(slug=name).first() or Municipality.objects.filter(code=name).first()
    if found is None:
        slugs = "、".join(Municipality.objects.values_list("slug", flat=True)[:10]) or "(まだありません)"
        raise Usage(f"自治体「{name}」は登録されていません。登録されている自治体: {slugs}")
    return found


def _file(name: str) -> tuple[bytes, str]:
    path = Path(name)
    try:
        if path.is_dir():
            raise Usage(f"「{name}」はフォルダーです。CSVかxlsxのファイルを指定してください。")
        return path.read_bytes(), path.name
    except FileNotFoundError as error:
        raise Usage(f"ファイル「{name}」が見つかりません。場所と名前を確かめてください。") from error
    except (OSError, ValueError) as error:
        raise Usage(f"ファイル「{name}」を開けません。読む権限があるか確かめてください。") from error


def _options(given: dict, city: Municipality) -> Options:
    department = None
    if given["department"]:
        department = city.departments.filter(name=given["department"], is_active=True).first()
        if department is None:
            names = "、".join(city.departments.filter(is_active=True).values_list("name", flat=True)[:20])
            raise Usage(
                f"部署「{given['department']}」は{city.name}に登録されていません。登録済みの部署: {names}"
            )
    joined_on = None
    if given["joined_on"]:
        try:
            joined_on = parse_date(given["joined_on"])
        except ValueError as error:
            raise Usage(f"--joined-on: {error}") from error
    fund = None
    if given["fund"]:
        fund = funds(city).filter(fiscal_year=given["fund"]).first()
        if fund is None:
            raise Usage(f"--fund: {city.name}に{given['fund']}年度のファンドはありません。")
    return Options(
        sheet=given["sheet"],
        department=department.pk if department else None,
        strict=given["strict"],
        state=given["state"],
        members=not given["no_members"],
        joined_on=joined_on,
        fund=fund.pk if fund else None,
    )


def _mapping(pairs: list[str], kind: str, data: bytes, name: str, city: Municipality) -> dict:
    """`B=title` for every sheet of the file; an empty field or 使わない leaves the column out."""
    if not pairs:
        return {}
    known = slots(kind)
    by_label = {str(slot.label): slot.name for slot in known.values()} | {
        "使わない": "",
        "(使わない)": "",
        "": "",
    }
    chosen = {}
    for pair in pairs:
        letter, sign, field = pair.partition("=")
        field = by_label.get(field, field)
        if not sign or not letter.isalpha() or not letter.isascii() or (field and field not in known):
            raise Usage(f"--map {pair}: 「B=title」のように書いてください。項目: {'、'.join(known)}")
        chosen[letter.upper()] = field
    return {sheet.table.sheet: chosen for sheet in examine(kind, data, name, city).sheets}


def _person(email: str, city: Municipality) -> User | None:
    """Who imports: the person named, else the first desk officer here; None where the city has none yet."""
    if email:
        person = User.objects.filter(email=email.lower(), is_active=True).first()
        if person is None:
            raise Usage(f"「{email}」という利用者は登録されていません。")
        if not authority(person).may_in(Can.IMPORT, city.pk):
            raise Usage(
                f"「{email}」には{city.name}で表を取り込む権限がありません。デスク職員を指定してください。"
            )
        return person
    desk = User.objects.filter(
        staff__municipality=city, staff__role="desk", staff__ended_at=None, is_active=True
    )
    return desk.order_by("staff__id").first()
