"""Many questions at once, over all cores. What comes of the answers, and what is left after a kill, is the caller's."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from musubi.matching.engine.helpers import Helpers
from musubi.matching.engine.index import Preparing, Reader, current
from musubi.matching.engine.matcher import Match, Matcher, Question, Weights

# Starting a helper takes as long as so many answers; a helper is given so many questions at once.
ALONE, BATCH = 60, 20

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asking:
    """One question with all that `Matcher.match` takes."""

    question: Question
    marks: Sequence[str] = ()
    limit: int = 20
    weights: Weights | None = None


def answers(
    root: Path, asked: Iterable[Asking], *, helpers: int | None = None, embed=None
) -> Iterator[list[Match] | None]:
    """What the index under `root` answers, in the order of what is asked; None where a question could not be answered.
    A little more is read of `asked` than was answered. Raises index.Preparing where there is no index to read."""
    with Helpers(0 if embed else helpers, alone=ALONE, batch=BATCH) as others:
        yield from others.each(_answer, asked, root, embed)


def _answer(asking: Asking, root: Path, embed) -> list[Match] | None:
    matcher = _matcher(current(root), embed)
    try:
        return matcher.match(asking.question, marks=asking.marks, limit=asking.limit, weights=asking.weights)
    except Preparing:
        raise
    except Exception:
        # One must not keep all others waiting.
        log.exception("a question could not be answered: %s", asking.question.key)
        return None


@lru_cache(maxsize=1)
def _matcher(folder: Path, embed) -> Matcher:
    return Matcher(Reader(folder, embed=embed))
