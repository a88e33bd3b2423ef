"""What every bench says at its end: the figures as one object, or as a table, and which of those wanted were held."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from bench.lib.house import describe_database


class Wanted(list):
    """The list `wanted` of a bench: `{"name", "value", "limit", "ok"}` each."""

    def at_most(self, name: str, value: float, limit: float) -> None:
        self.append({"name": name, "value": value, "limit": limit, "ok": value <= limit})


def growth(small: dict, large: dict, name: str) -> float:
    """How much more a page costs at the larger size, both counted in bare views of their own time, so that a busier
    machine later does not count as growth."""
    return round(large["pages"][name]["ratio"] / small["pages"][name]["ratio"], 2)


def page_lines(pages: dict[str, dict]) -> Iterable[str]:
    """A table of the pages measured by `bench.lib.measure.compare`."""
    yield f"{'page':<30}{'x bare':>8}{'CPU ms':>9}{'ms':>9}{'SQL':>5}{'bytes':>9}{'gzip':>8}"
    for name, page in pages.items():
        wide = sum(ord(letter) > 0x2E7F for letter in name)  # such letters take two columns
        yield (
            f"{name:<{30 - wide}}{page['ratio']:>8.2f}{page['cpu_milliseconds']:>9.2f}{page['milliseconds']:>9.2f}"
            f"{page['statements']:>5}{page['html_bytes']:>9,}{page['html_bytes_gzip']:>8,}"
        )


def run(
    doc: str,
    *,
    sizes: str,
    rounds: int,
    measure: Callable[[int, int], dict],
    wanted: Callable[[list[dict]], Wanted],
    lines: Callable[[dict], Iterable[str]],
    runs_on: Callable[[], str] = describe_database,
    more: Callable[[], dict] = dict,
    write: Callable[[dict], None] | None = None,
) -> None:
    """Reads the command line, measures each size, prints. `measure(size, rounds)` gives one size's figures, `wanted`
    judges them all, `lines` puts one size into words; `more` are figures of no size; `write` puts the result into a
    page of the documentation, with `--write`."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each page is asked for")
    parser.add_argument("--sizes", default=sizes, help="how many to load, one number after the other")
    if write:
        parser.add_argument("--write", action="store_true", help="put the figures into docs/ as well")
    given = parser.parse_args()
    measured = [measure(int(size), given.rounds) for size in given.sizes.split(",")]
    result = {
        "database": runs_on(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
        "rounds": given.rounds,
        "sizes": measured,
        **more(),
        "wanted": wanted(measured),
    }
    if write and given.write:
        write(result)
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{result['database']}, {result['machine']}, {result['date']}")
    for size in measured:
        print("", *lines(size), sep="\n")
    print("", "Wanted", "", sep="\n")
    for want in result["wanted"]:
        held = "yes" if want["ok"] else "NO "
        print(f"{held:<4}{want['value']:>9,} <= {want['limit']:<8,} {want['name']}")


def put_between(path: Path, name: str, lines: Iterable[str]) -> None:
    """Replaces what stands in a page between `<!-- name -->` and `<!-- /name -->`. Raises ValueError without them."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(f"<!-- {name} -->\n")
    _old, end, after = rest.partition(f"<!-- /{name} -->")
    if not begin or not end:
        raise ValueError(f"{path} has no place for {name}")
    path.write_text(f"{before}{begin}{chr(10).join(lines)}\n{end}{after}", encoding="utf-8")
