"""`script/musubi goal-eval FILE.csv`: how often the goals suggested for a text are those people gave it."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from musubi.lib.tables.csv_text import read_csv

COLUMNS = ("title", "body", "sdgs_by_municipality")
WRONG_INPUT = 2
EXAMPLE = "見出しの行に title,body,sdgs_by_municipality を書き、その下に1行に1件ずつ並べてください。"


class Command(BaseCommand):
    requires_system_checks = []
    help = "SDGsゴールの候補がどれだけ当たるかを、ゴールの付いた文章(CSV)と公式のターゲットで測る"

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            metavar="FILE",
            help="列 title, body, sdgs_by_municipality のあるCSV(UTF-8、Shift_JIS)。ほかの列は見ません",
        )
        parser.add_argument("--json", action="store_true", help="結果を一つのJSONで出力する")

    def handle(self, *args, file, json: bool, **options):
        try:
            rows, left_out = read_rows(file)
        except ValueError as error:
            raise CommandError(str(error), returncode=WRONG_INPUT) from error
        from musubi.matching import goal_eval

        found = {
            "labelled": goal_eval.labelled(rows, records=False),
            "labelled_with_records": self._with_records(rows),
            "targets": goal_eval.targets(tell=self.stderr.write),
            "targets_strict": goal_eval.targets(strict=True, tell=self.stderr.write),
        }
        found = {name: outcome for name, outcome in found.items() if outcome}
        if json:
            self._json(file, left_out, found)
        else:
            self._table(file, left_out, found)

    def _with_records(self, rows: list):
        """None where there is no index of records to ask, or none of them is like any of the texts."""
        from musubi.matching import goal_eval

        try:
            outcome = goal_eval.labelled(rows, records=True)
        except Error:
            return None
        return outcome if any(one.records for one in outcome.asked) else None

    def _json(self, file: str, left_out: int, found: dict) -> None:
        told = {"file": file, "left_out": left_out, "misses": _misses(found["labelled"])}
        for name, outcome in found.items():
            told[name] = {"count": outcome.count}
            for measure in ("top1", "top3", "recall"):
                if one := getattr(outcome, measure):
                    told[name][measure] = round(one.value, 4)
                    told[name][f"{measure}_interval"] = [round(one.low, 4), round(one.high, 4)]
            if outcome.asked:
                told[name]["ms"] = round(_median(outcome), 2)
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))

    def _table(self, file: str, left_out: int, found: dict) -> None:
        say = self.stdout.write
        rows = found["labelled"]
        say(f"{file}: ゴールの付いた文章 {rows.count:,}件(1件 {_median(rows):.1f} ms)")
        if left_out:
            say(f"ゴールか文章が空の{left_out:,}行は数えていません。")
        say("値のあとの[ ]は95%区間(再抽出による)")
        for name, label in (
            ("labelled", "文章→ゴール 言葉だけで"),
            ("labelled_with_records", "文章→ゴール 似た記録のゴールも見て"),
            ("targets", "ターゲット→ゴール(自分の文を除く)"),
            ("targets_strict", "ターゲット→ゴール(自分の文と身近な言葉を除く)"),
        ):
            if not (one := found.get(name)):
                continue
            parts = [f"1位 {_shown(one.top1)}", f"3位まで {_shown(one.top3)}"]
            if one.recall:
                parts.append(f"付いたゴールのうち {_shown(one.recall)}")
            say(f"  {label} {one.count:,}件: {'  '.join(parts)}")
        for miss in _misses(rows):
            say(
                f"  外れ {miss['line']}行目「{miss['title']}」 付いたゴール {miss['goals']} 候補 {miss['suggested']}"
            )


def _shown(one) -> str:
    return f"{one.value:.3f} [{one.low:.3f}–{one.high:.3f}]"


def _median(outcome) -> float:
    times = sorted(one.milliseconds for one in outcome.asked)
    return times[len(times) // 2]


def _misses(outcome) -> list[dict]:
    """The texts none of whose goals was suggested."""
    return [
        {
            "line": one.row.line,
            "title": one.row.title,
            "goals": sorted(one.row.goals),
            "suggested": one.suggested,
            "words": one.words,
        }
        for one in outcome.asked
        if not one.row.goals & set(one.suggested)
    ]


def read_rows(name: str) -> tuple[list, int]:
    """(the labelled rows, how many were left out for want of a goal or a text). Raises ValueError with what to do."""
    from musubi.matching.goal_eval import Labelled, goals_in

    lines = [
        (number, [_text(cell) for cell in row]) for number, row in enumerate(read_csv(_bytes(name)).rows, 1)
    ]
    lines = [(number, row) for number, row in lines if any(row)]
    if not lines:
        raise ValueError(f"「{name}」は空です。{EXAMPLE}")
    heading = [cell.casefold() for cell in lines[0][1]]
    if missing := [column for column in COLUMNS if column not in heading]:
        raise ValueError(f"「{name}」に列 {'、'.join(missing)} がありません。{EXAMPLE}")
    places = [heading.index(column) for column in COLUMNS]
    rows = []
    for number, row in lines[1:]:
        title, body, label = (row[place] for place in places)
        if (goals := goals_in(label)) and (title or body):
            rows.append(Labelled(number, title, body, goals))
    if not rows:
        raise ValueError(
            f"「{name}」に、文章とゴールの番号の両方が書かれた行がありません。ゴールは 3、11 のように番号で書いてください。"
        )
    return rows, len(lines) - 1 - len(rows)


def _text(cell) -> str:
    return str(cell).strip() if cell is not None else ""


def _bytes(name: str) -> bytes:
    path = Path(name)
    try:
        if path.is_dir():
            raise ValueError(f"「{name}」はフォルダーです。CSVのファイルを指定してください。")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"ファイル「{name}」が見つかりません。場所と名前を確かめてください。") from error
    except OSError as error:
        raise ValueError(f"ファイル「{name}」を開けません。読む権限があるか確かめてください。") from error
