"""What the matching bench does in processes of their own: each reads one index and says what it saw.

python -m bench.lib.matching_child watch|answer|weigh ROOT …
"""

import json
import sys
import time
from pathlib import Path

from bench.lib.matching import MARKS, questions
from musubi.matching.engine.index import Reader, current
from musubi.matching.engine.matcher import Matcher

POLL_SECONDS = 0.002


def watch(root: Path) -> None:
    """For each key on standard input: when it was first there, by the clock that all processes share."""
    reader = Reader(current(root))
    print("ready", flush=True)
    for line in sys.stdin:
        while reader.get(line.strip()) is None:
            time.sleep(POLL_SECONDS)
        print(time.monotonic(), flush=True)


def answer(root: Path, first: str, count: str, seconds: str) -> None:
    """Answers so many questions from the `first` on, over and over until the time is up, once with no `seconds`:
    how many, how long it took, and how many found nothing."""
    matcher = Matcher(Reader(current(root)))
    asked = questions(int(first) + int(count))[int(first) :]
    matcher.match(asked[0], marks=MARKS)
    print("ready", flush=True)
    sys.stdin.readline()
    start, done, empty = time.monotonic(), 0, 0
    while True:
        for question in asked:
            empty += not matcher.match(question, marks=MARKS)
            done += 1
            if float(seconds) and time.monotonic() - start > float(seconds):
                break
        if time.monotonic() - start >= float(seconds):
            break
    print(json.dumps({"done": done, "empty": empty, "seconds": time.monotonic() - start}), flush=True)


def weigh(root: Path) -> None:
    """How long it took to open the index, and the megabytes of the process after fifty answers: `anonymous` is its own,
    `resident` is with the pages of index and dictionary, which all processes share."""
    start = time.monotonic()
    matcher = Matcher(Reader(current(root)))
    opened = time.monotonic() - start
    for question in questions(50):
        matcher.match(question, marks=MARKS)
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    kilobytes = {name: int(rest.split()[0]) for name, _colon, rest in (line.partition(":") for line in lines)}
    print(
        json.dumps(
            {
                "open_seconds": round(opened, 2),
                "resident": round(kilobytes["Rss"] / 1024),
                "anonymous": round(kilobytes["Anonymous"] / 1024),
            }
        )
    )


if __name__ == "__main__":
    {"watch": watch, "answer": answer, "weigh": weigh}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
