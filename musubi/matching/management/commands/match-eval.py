"""`script/musubi match-eval FILE.csv`: how often the right one comes first. Touches no database."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from musubi.lib.tables import write_csv
from musubi.lib.tables.csv_text import read_csv

COLUMNS = ("id", "need", "solution")
WRONG_INPUT = 2
EXAMPLE = "見出しの行に id,need,solution を書き、その下に1行に1組ずつ並べてください。"
DIRECTIONS = {"need_to_solution": "課題→解決策", "solution_to_need": "解決策→課題"}
CONDITIONS = {
    "indexed": "Musubi",
    "unseen": "Musubi(問う側の半分を索引から外して)",
    "reference": "文字2〜3連のTF-IDF(比較用)",
}


class Command(BaseCommand):
    help = "課題と解決策の組(CSV)で、候補の精度と速さを測る"
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            metavar="FILE",
            help="列 id, need, solution のあるCSV(UTF-8、Shift_JIS)。ほかの列は見ません",
        )
        parser.add_argument("--json", action="store_true", help="結果を一つのJSONで出力する")
        parser.add_argument("--misses", metavar="FILE", help="10位までに入らなかった組をこのCSVに書き出す")

    def handle(self, *args, file, json: bool, misses: str | None, **options):
        try:
            pairs, left_out = read_pairs(file)
            if misses:
                _check_writable(Path(misses))
        except ValueError as error:
            raise CommandError(str(error), returncode=WRONG_INPUT) from error

        from musubi.matching.engine.evaluation import evaluate

        answers = evaluate(pairs, tell=self._tell)
        found = report(file, pairs, left_out, answers)
        rows = missed(pairs, answers)
        found["misses"] = len(rows)
        if misses:
            Path(misses).write_bytes(write_csv(MISSES, rows))
        if json:
            self._json(found)
        else:
            self._table(found, rows, misses)

    def _tell(self, text: str) -> None:
        for name, label in (DIRECTIONS | CONDITIONS).items():
            text = text.replace(name, label)
        self.stderr.write(text)

    def _json(self, found: dict) -> None:
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))

    def _table(self, found: dict, rows: list, misses: str | None) -> None:
        say = self.stdout.write
        say(
            f"{found['file']}: {found['pairs']:,}組"
            + (f"(うち難しい {found['hard']:,}組)" if found["hard"] else "")
        )
        if found["left_out"]:
            say(f"needかsolutionが空の{found['left_out']:,}行は数えていません。")
        say("値のあとの[ ]は95%区間(組の再抽出による)")
        for direction, label in DIRECTIONS.items():
            one = found[direction]
            speed = one["ms_per_query"]
            say(f"\n{label}  1問 {speed['median']:.1f} ms(中央値)、{speed['p95']:.1f} ms(95%点)")
            for condition, name in CONDITIONS.items():
                say(f"  {name}")
                say(f"    {_line(one if condition == 'indexed' else one[condition])}")
                hard = (one if condition == "indexed" else one[condition]).get("hard")
                if hard:
                    say(f"    難しい組だけ: {_line(hard)}")
        if not rows:
            say("\n10位までに入らなかった組はありません。")
        elif misses:
            say(f"\n10位までに入らなかった{len(rows):,}件を {misses} に書き出しました。")
        else:
            say(f"\n10位までに入らなかったもの {len(rows):,}件(--misses FILE で書き出せます)")


def _line(one: dict) -> str:
    return "  ".join(
        f"{name} {one[key]:.3f} [{one['intervals'][key][0]:.3f}–{one['intervals'][key][1]:.3f}]"
        for key, name in (("recall@1", "recall@1"), ("recall@10", "recall@10"), ("mrr", "MRR"))
    )


# --- the file ------------------------------------------------------------------------------------------------


def read_pairs(name: str) -> tuple[list, int]:
    """(the pairs, how many rows were left out for an empty need or solution). Raises ValueError with what to do."""
    from musubi.matching.engine.evaluation import Pair

    grid = read_csv(_bytes(name))
    rows = [(number, row) for number, row in enumerate(grid.rows, 1) if any(_text(cell) for cell in row)]
    if not rows:
        raise ValueError(f"「{name}」は空です。{EXAMPLE}")
    heading = [_text(cell).casefold() for cell in rows[0][1]]
    if missing := [column for column in COLUMNS if column not in heading]:
        raise ValueError(f"「{name}」に列 {'、'.join(missing)} がありません。{EXAMPLE}")
    places = {column: heading.index(column) for column in (*COLUMNS, "difficulty") if column in heading}
    pairs, left_out, seen = [], 0, {}
    for number, row in rows[1:]:
        cells = {column: _text(row[place]) for column, place in places.items()}
        if not cells["id"]:
            raise ValueError(f"「{name}」の{number}行目のidが空です。組ごとに違うidを書いてください。")
        if cells["id"] in seen:
            raise ValueError(
                f"「{name}」の{number}行目のid「{cells['id']}」は{seen[cells['id']]}行目と同じです。組ごとに違うidにしてください。"
            )
        seen[cells["id"]] = number
        if not cells["need"] or not cells["solution"]:
            left_out += 1
            continue
        hard = cells["difficulty"] == "hard" if "difficulty" in cells else None
        pairs.append(Pair(cells["id"], cells["need"], cells["solution"], hard))
    if not pairs:
        raise ValueError(f"「{name}」に、needとsolutionの両方が書かれた行がありません。{EXAMPLE}")
    return pairs, left_out


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


def _check_writable(path: Path) -> None:
    """Before minutes of work: that what comes out of it can be put away."""
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise ValueError(
            f"「{path}」に書き出せません。フォルダーがあるか、書く権限があるか確かめてください。"
        ) from error


# --- what came out -------------------------------------------------------------------------------------------

MISSES = ("direction", "id", "rank", "need", "solution", "first_id", "first", "shared")


def report(name: str, pairs: list, left_out: int, answers: dict) -> dict:
    """The figures as one object: per direction those of the index as it is, with `unseen` and `reference` beside."""
    import numpy as np

    found = {
        "file": name,
        "pairs": len(pairs),
        "left_out": left_out,
        "hard": sum(bool(pair.hard) for pair in pairs),
    }
    for direction in DIRECTIONS:
        times = [asked.milliseconds for asked in answers[direction, "indexed"]]
        one = _figures(pairs, answers[direction, "indexed"])
        one["ms_per_query"] = {
            "median": round(float(np.median(times)), 2),
            "p95": round(float(np.percentile(times, 95)), 2),
        }
        one["unseen"] = _figures(pairs, answers[direction, "unseen"])
        one["reference"] = _figures(pairs, answers[direction, "reference"])
        found[direction] = one
    return found


def _figures(pairs: list, asked: list) -> dict:
    ranks = [one.rank for one in asked]
    figures = _measured(ranks)
    if hard := [rank for pair, rank in zip(pairs, ranks, strict=True) if pair.hard]:
        figures["hard"] = _measured(hard)
    return figures


def _measured(ranks: list) -> dict:
    from musubi.matching.engine.evaluation import measures

    found = measures(ranks)
    return {
        "pairs": len(ranks),
        **{name: round(one.value, 4) for name, one in found.items()},
        "intervals": {name: [round(one.low, 4), round(one.high, 4)] for name, one in found.items()},
    }


def missed(pairs: list, answers: dict) -> list[list]:
    """A row for each question whose right answer did not come among the first ten, as in `MISSES`. The rank is empty
    where it was not listed at all; `first` is what came first instead, `shared` the words it has in common."""
    from musubi.matching.engine.evaluation import MISSED

    rows = []
    for direction in DIRECTIONS:
        for pair, asked in zip(pairs, answers[direction, "indexed"], strict=True):
            if asked.rank is not None and asked.rank <= MISSED:
                continue
            first = pairs[asked.first] if asked.first is not None else None
            text = (first.solution if direction == "need_to_solution" else first.need) if first else ""
            rows.append(
                [
                    direction,
                    pair.key,
                    asked.rank,
                    pair.need,
                    pair.solution,
                    first.key if first else "",
                    text,
                    "、".join(asked.shared),
                ]
            )
    return rows
