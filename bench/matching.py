"""How well and how fast needs find seeds: the shared pairs, and 10,000 to 1,000,000 invented seeds beside raw Tantivy.

    script/bench matching [--json] [--rounds N] [--sizes 10000,100000,1000000] [--write]

Needs ../shared/data, whose texts the seeds are made of. `--write` puts the figures into docs/matching.md.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import tantivy

from bench.lib.house import tell
from bench.lib.matching import FILTER, MARKS, PAIRS, even_sample, questions, seed, seeds
from bench.lib.report import Wanted, put_between, run
from musubi.matching.engine.analysis import analyse
from musubi.matching.engine.batch import Asking, answers
from musubi.matching.engine.index import Reader, Writer, current
from musubi.matching.engine.matcher import Matcher, build, entry
from musubi.matching.engine.matcher import wanted as asked_for
from musubi.matching.engine.model import LARGEST_FIT

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "matching.md"
# `match-all` keeps the best twenty of three times as many.
LIMIT, CANDIDATES = 20, 60
READERS, BUSY_SECONDS, UPDATES, WARM_UP = 8, 10, 20, 5
BUILD_MILLISECONDS, VISIBLE_MILLISECONDS, TIMES_RAW, BESIDE_RAW = 1.0, 2_000, 2, 10


def measure(count: int, rounds: int) -> dict:
    """Builds an index of so many seeds in a folder that goes afterwards, and measures it."""
    with tempfile.TemporaryDirectory(prefix="musubi-bench.") as name:
        root = Path(name)
        figures = {"seeds": count, **built(root, count)}
        reader = Reader(current(root))
        tell(f"Asking {rounds} questions each way")
        figures["query"] = asking(reader, MARKS, rounds)
        figures["query_filtered"] = asking(reader, (*MARKS, FILTER), rounds)
        tell("Weighing a reader")
        figures["reader"] = json.loads(_child("weigh", root).communicate()[0])
        tell("Every need against all seeds")
        figures["batch"] = nationwide(root, rounds)
        tell("From an update to its reader")
        figures["visible_milliseconds"] = visible(root, count)
        tell(f"{READERS} readers beside a writer, {BUSY_SECONDS} s")
        figures["busy"] = busy(root, count)
        return figures


def built(root: Path, count: int) -> dict:
    """Seconds to build, and megabytes on disk."""
    started = told = time.perf_counter()

    def say(words: str) -> None:
        nonlocal told
        if time.perf_counter() - told > 10:
            told = time.perf_counter()
            tell(words)

    def learning(done: int) -> None:
        say(f"  learning from {done:,} seeds")

    def progress(done: int) -> None:
        say(f"  {done:,} of {count:,} seeds")

    tell(f"Building an index of {count:,} seeds")
    cpu = _processor_seconds()
    sample = even_sample(count, LARGEST_FIT)
    build(root, seeds(count), sample=sample, progress=progress, learning=learning)
    seconds, cpu = time.perf_counter() - started, _processor_seconds() - cpu
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    return {
        "build_seconds": round(seconds, 1),
        "build_milliseconds_each": round(seconds * 1000 / count, 3),
        "build_cpu_milliseconds_each": round(cpu * 1000 / count, 3),
        "disk_megabytes": round(size / 1e6, 1),
    }


def _processor_seconds() -> float:
    """Of this process and of its helpers that have ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def asking(reader: Reader, marks: tuple[str, ...], rounds: int) -> dict:
    """Milliseconds of the whole way of a question, reasons included, and of its first stage alone as plain Tantivy
    answers it, in turn: the analysed question to the keys of the best twenty. `cpu` is the median of processor time."""
    matcher = Matcher(reader)
    whole, raw, whole_cpu, raw_cpu = [], [], [], []
    for number, question in enumerate(questions(WARM_UP + rounds)):
        terms = asked_for(analyse(question.text, title=question.title), reader.model)
        query = reader.query(terms, marks=marks)
        start, cpu = time.perf_counter(), time.process_time()
        searcher = reader.searcher()
        keys = [
            searcher.doc(address).get_first("key")
            for _score, address in searcher.search(query, LIMIT, count=False).hits
        ]
        between, cpu_between = time.perf_counter(), time.process_time()
        found = matcher.match(question, marks=marks, limit=LIMIT)
        end, cpu_end = time.perf_counter(), time.process_time()
        if len(keys) != len(found):
            raise RuntimeError(f"{len(keys)} from Tantivy, {len(found)} from the matcher: {question.title}")
        if number >= WARM_UP:
            raw.append((between - start) * 1000)
            whole.append((end - between) * 1000)
            raw_cpu.append((cpu_between - cpu) * 1000)
            whole_cpu.append((cpu_end - cpu_between) * 1000)
    return {
        "whole": _spread(whole) | {"cpu": round(median(whole_cpu), 2)},
        "raw": _spread(raw) | {"cpu": round(median(raw_cpu), 2)},
    }


def nationwide(root: Path, rounds: int) -> dict:
    """Needs a second over all cores, as `match-all` has them answered: as many candidates as it takes, each with its
    words. What it does with them in the database is not in it."""
    asked = [Asking(question, MARKS, CANDIDATES) for question in questions(5 * rounds)]
    start, done = time.perf_counter(), 0
    for found in answers(root, asked):
        if not found:
            raise RuntimeError(f"No answer: {asked[done].question.title}")
        done += 1
        if done % 100 == 0:
            tell(f"  {done:,} needs, {done / (time.perf_counter() - start):.1f} a second")
    return {"needs": done, "needs_per_second": round(done / (time.perf_counter() - start), 1)}


def visible(root: Path, count: int) -> dict:
    """Milliseconds from the moment a new document is at hand to the moment another process finds it."""
    reader = Reader(current(root))
    took = []
    with _running("watch", root) as [watcher]:
        writer = Writer(current(root))
        for number in range(UPDATES):
            document = seed(count + number)
            watcher.stdin.write(f"{document.key}\n")
            watcher.stdin.flush()
            start = time.monotonic()
            writer.put(entry(document, reader.model))
            writer.commit()
            took.append((float(watcher.stdout.readline()) - start) * 1000)
        writer.close()
    return _spread(took)


def busy(root: Path, count: int) -> dict:
    """Questions a second of several readers together while this process writes all the time."""
    reader = Reader(current(root))
    each = [(str(100 * number), "100", str(BUSY_SECONDS)) for number in range(READERS)]
    written, commits = 0, 0
    with _running("answer", root, each) as children:
        writer = Writer(current(root))
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        end = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < end:
            for number in range(10):
                writer.put(entry(seed(count + 1_000 + written + number), reader.model))
            written += 10
            writer.commit()
            commits += 1
        answers = [json.loads(child.stdout.readline()) for child in children]
        writer.close()
    return {
        "questions_per_second": round(sum(one["done"] / one["seconds"] for one in answers), 1),
        "without_answer": sum(one["empty"] for one in answers),
        "documents_written": written,
        "commits": commits,
    }


def _child(what: str, root: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "bench.lib.matching_child", what, str(root), *more]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@contextmanager
def _running(what: str, root: Path, each: Iterable[tuple[str, ...]] = ((),)) -> Iterator[list]:
    """Children that said that they are ready; they end with the block."""
    children = [_child(what, root, *more) for more in each]
    try:
        for child in children:
            if child.stdout.readline() != "ready\n":
                raise RuntimeError(f"A process to {what} did not start")
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _spread(milliseconds: list[float]) -> dict:
    return {
        "p50": round(median(milliseconds), 2),
        "p95": round(quantiles(milliseconds, n=20)[-1], 2),
    }


# --- what came out -------------------------------------------------------------------------------------------


def quality() -> dict:
    """What `match-eval` says of the shared pairs."""
    tell("Asking the shared pairs")
    command = [sys.executable, ROOT / "manage.py", "match-eval", str(PAIRS), "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    return {"quality": {name: value for name, value in found.items() if name != "file"}}


def wanted(sizes: list[dict]) -> Wanted:
    found = Wanted()
    for size in sizes:
        n = f"{size['seeds']:,}"
        found.at_most(f"ms to build each of {n}", size["build_milliseconds_each"], BUILD_MILLISECONDS)
        for name in ("query", "query_filtered"):
            for part in ("p50", "p95", "cpu"):
                limit = round(TIMES_RAW * size[name]["raw"][part] + BESIDE_RAW, 2)
                found.at_most(f"{name} {part} ms, {n} seeds", size[name]["whole"][part], limit)
        found.at_most(f"ms until seen, {n} seeds", size["visible_milliseconds"]["p95"], VISIBLE_MILLISECONDS)
        found.at_most(f"questions without answer, {n} seeds", size["busy"]["without_answer"], 0)
    return found


def rows(size: dict) -> Iterator[tuple[str, str]]:
    """One size as (what, figure)."""

    def both(name: str) -> str:
        whole, raw = size[name]["whole"], size[name]["raw"]
        return (
            f"{whole['p50']:.1f} / {whole['p95']:.1f} / {whole['cpu']:.1f} ms "
            f"(raw Tantivy {raw['p50']:.1f} / {raw['p95']:.1f} / {raw['cpu']:.1f} ms)"
        )

    memory, load = size["reader"], size["busy"]
    yield (
        "build",
        f"{size['build_seconds']:,.1f} s, {size['build_milliseconds_each']:.2f} ms each "
        f"({size['build_cpu_milliseconds_each']:.2f} ms of processor time), {size['disk_megabytes']:,.0f} MB on disk",
    )
    yield "a whole text, p50 / p95 / processor", both("query")
    yield "the same with a goal required", both("query_filtered")
    seen = size["visible_milliseconds"]
    yield "from an update to another process", f"{seen['p50']:.0f} / {seen['p95']:.0f} ms"
    yield (
        "a reader",
        f"{memory['anonymous']} MB its own, {memory['resident']} MB with the pages all share; "
        f"opened in {memory['open_seconds']:.1f} s, every checksum looked at",
    )
    yield (
        f"{READERS} readers beside a writer",
        f"{load['questions_per_second']:.0f} questions a second, {load['commits']} commits in {BUSY_SECONDS} s, "
        f"{load['without_answer']} without an answer",
    )
    yield "every need × all seeds, best 60", f"{size['batch']['needs_per_second']:.0f} needs a second"


def lines(size: dict) -> Iterator[str]:
    yield from (f"{size['seeds']:,} seeds", "")
    yield from (f"{what:<36}{figure}" for what, figure in rows(size))


def write(result: dict) -> None:
    """Into docs/matching.md."""
    for size in result["sizes"]:
        table = [
            f"**{size['seeds']:,} seeds**, {result['date']}, {result['machine']}",
            "",
            "| | |",
            "| --- | --- |",
        ]
        table += [f"| {what} | {figure} |" for what, figure in rows(size)]
        put_between(PAGE, f"seeds {size['seeds']}", table)
    put_between(PAGE, "quality", quality_lines(result["quality"], result["date"]))


def quality_lines(found: dict, day: str) -> Iterator[str]:
    yield f"{found['pairs']} pairs, {found['hard']} of them hard, {day}; in brackets where 95 % of resamples lie."
    yield ""
    yield "| direction | | recall@1 | recall@10 | MRR | hard: recall@10 |"
    yield "| --- | --- | --- | --- | --- | --- |"
    ways = {"need_to_solution": "need → solution", "solution_to_need": "solution → need"}
    conditions = {"": "Musubi", "unseen": "Musubi, asker not in the index", "reference": "2–3-letter TF-IDF"}
    for way, called in ways.items():
        for condition, name in conditions.items():
            one = found[way][condition] if condition else found[way]
            cells = [_cell(one, key) for key in ("recall@1", "recall@10", "mrr")]
            yield f"| {called} | {name} | {' | '.join(cells)} | {_cell(one['hard'], 'recall@10')} |"


def _cell(one: dict, key: str) -> str:
    low, high = one["intervals"][key]
    return f"{one[key]:.3f} [{low:.3f}–{high:.3f}]"


if __name__ == "__main__":
    if not PAIRS.exists():
        sys.exit(f"The seeds are made of the texts in {PAIRS}, which is not there.")
    run(
        __doc__,
        sizes="10000,100000,1000000",
        rounds=100,
        measure=measure,
        wanted=wanted,
        lines=lines,
        runs_on=lambda: f"Tantivy {tantivy.__version__}",
        more=quality,
        write=write,
    )
