"""Many questions at once, over all cores: each answer is a line of a file, and what is there is not asked again."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from musubi.matching.engine.helpers import Helpers
from musubi.matching.engine.index import Reader, current
from musubi.matching.engine.matcher import Matcher, Question

# Starting a helper takes as long as so many answers.
ALONE = 100


@dataclass(frozen=True)
class Asking:
    """One question under a `name` of its own."""

    name: str
    question: Question
    marks: Sequence[str] = ()
    limit: int = 20


def answer_all(
    root: Path,
    asked: Iterable[Asking],
    file: Path,
    *,
    progress: Callable[[int], None] | None = None,
    helpers: int | None = None,
) -> int:
    """Appends to `file` for each question a line {"name", "found": [[key, score, [shared word, …]], …]}, in their order.

    Killed at any moment and called again with the same file, it goes on where it was. Returns how many were asked
    now. Raises index.Preparing where there is no index to read.
    """
    folder = current(root)
    done = _answered(file)
    count = 0
    with Helpers(helpers, alone=ALONE) as others, file.open("a", encoding="utf-8") as lines:
        for line in others.each(_line, (one for one in asked if one.name not in done), folder):
            lines.write(line)
            count += 1
            if progress:
                progress(count)
    return count


def _answered(file: Path) -> set[str]:
    """The names of the questions that have a whole line; what follows the last one goes."""
    names, whole = set(), 0
    if not file.exists():
        return names
    with file.open("r+b") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            names.add(json.loads(line)["name"])
            whole += len(line)
        lines.truncate(whole)
    return names


def _line(asking: Asking, folder: Path) -> str:
    matches = _matcher(folder).match(asking.question, marks=asking.marks, limit=asking.limit)
    found = [[match.key, round(match.score, 4), [one.there for one in match.shared]] for match in matches]
    return json.dumps({"name": asking.name, "found": found}, ensure_ascii=False) + "\n"


@lru_cache(maxsize=1)
def _matcher(folder: Path) -> Matcher:
    return Matcher(Reader(folder))
