"""How often the right one comes first: pairs of a need and the solution that was chosen for it, asked both ways.

The same index, questions and ranking as the screens use, in a folder that goes afterwards. Each direction is asked
twice: with the askers in the index themselves (a published challenge is), and *unseen*: half of them are left out of
the index and of all that is learned from it, and ask as a new one does; then the other half.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musubi.lib.text import normalise
from musubi.matching.engine.index import Reader, current
from musubi.matching.engine.matcher import CANDIDATES, NEED, SEED, Document, Match, Matcher, Question, build

FORWARD, BACKWARD = "need_to_solution", "solution_to_need"
DIRECTIONS = (FORWARD, BACKWARD)
INDEXED, UNSEEN, REFERENCE = "indexed", "unseen", "reference"
# As many as can be listed without asking the index for more candidates than the screens do.
LISTED = CANDIDATES // 3
MISSED = 10
FOLDS = 2
RESAMPLES, SEED_OF_CHANCE = 2_000, 20_240_401


@dataclass(frozen=True)
class Pair:
    """A need and the solution that was chosen for it. `hard`: None where the file does not tell."""

    key: str
    need: str
    solution: str
    hard: bool | None = None


@dataclass(frozen=True)
class Asked:
    """One question: the place of the right answer (None: not among those listed), how long it took, what came first."""

    rank: int | None
    milliseconds: float
    first: int | None = None
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A measure and the interval it lies in with a probability of 95 %."""

    value: float
    low: float
    high: float


Answers = dict[tuple[str, str], list[Asked]]


def evaluate(pairs: Sequence[Pair], *, tell: Callable[[str], None] = lambda _text: None) -> Answers:
    """(direction, condition) → what each pair's question came to, in the order of the pairs."""
    found: Answers = {}
    everyone = range(len(pairs))
    with _index(pairs, everyone, everyone) as matcher:
        for direction in DIRECTIONS:
            tell(f"{direction}, {INDEXED}")
            found[direction, INDEXED] = [_ask(matcher, pairs, direction, i, known=True) for i in everyone]
    for direction in DIRECTIONS:
        asked: dict[int, Asked] = {}
        for fold in range(FOLDS):
            hidden = list(everyone[fold::FOLDS])
            seen = sorted(set(everyone) - set(hidden))
            tell(f"{direction}, {UNSEEN}, {fold + 1}/{FOLDS}")
            needs, solutions = (seen, everyone) if direction == FORWARD else (everyone, seen)
            with _index(pairs, needs, solutions) as matcher:
                asked |= {i: _ask(matcher, pairs, direction, i, known=False) for i in hidden}
        found[direction, UNSEEN] = [asked[i] for i in everyone]
    tell(REFERENCE)
    for direction, ranks in zip(DIRECTIONS, reference_ranks(pairs), strict=True):
        found[direction, REFERENCE] = [Asked(rank, 0.0) for rank in ranks]
    return found


def need_of(pairs: Sequence[Pair], number: int) -> Document:
    return Document(f"challenge:{number}", NEED, "", pairs[number].need)


def solution_of(pairs: Sequence[Pair], number: int) -> Document:
    return Document(f"solution:{number}", SEED, "", pairs[number].solution)


class _index:
    """A throw-away index of some of the needs and solutions, as a context."""

    def __init__(self, pairs: Sequence[Pair], needs: Sequence[int], solutions: Sequence[int]):
        self.documents = [need_of(pairs, i) for i in needs] + [solution_of(pairs, i) for i in solutions]
        self.folder = tempfile.TemporaryDirectory(prefix="musubi-match-eval.")

    def __enter__(self) -> Matcher:
        root = Path(self.folder.name)
        build(root, self.documents, sample=self.documents)
        return Matcher(Reader(current(root)))

    def __exit__(self, *error) -> None:
        self.folder.cleanup()


def _ask(matcher: Matcher, pairs: Sequence[Pair], direction: str, number: int, *, known: bool) -> Asked:
    asker, other = (need_of, solution_of) if direction == FORWARD else (solution_of, need_of)
    document, right = asker(pairs, number), other(pairs, number)
    question = Question(document.side, "", document.text, key=document.key if known else "")
    start = time.perf_counter()
    matches = matcher.match(question, marks=[right.side], limit=LISTED)
    milliseconds = (time.perf_counter() - start) * 1000
    keys = [match.key for match in matches]
    rank = keys.index(right.key) + 1 if right.key in keys else None
    if not matches:
        return Asked(rank, milliseconds)
    return Asked(rank, milliseconds, int(keys[0].partition(":")[2]), shared_words(matches[0]))


def shared_words(match: Match) -> tuple[str, ...]:
    """The words both hold, as they are written; the two spellings of a synonym with ≈ between."""
    return tuple(one.here if one.here == one.there else f"{one.here}≈{one.there}" for one in match.shared)


# --- measures ------------------------------------------------------------------------------------------------


def reciprocal(ranks: Sequence[int | None]) -> np.ndarray:
    """1/rank of each, 0 for what was not found."""
    return np.array([1 / rank if rank else 0.0 for rank in ranks])


def hits(ranks: Sequence[int | None], most: int) -> np.ndarray:
    """1 for each within the first `most`, else 0."""
    return np.array([float(rank is not None and rank <= most) for rank in ranks])


def measures(ranks: Sequence[int | None]) -> dict[str, Measured]:
    """recall@1, recall@10 and MRR of at least one rank."""
    return {
        "recall@1": interval(hits(ranks, 1)),
        "recall@10": interval(hits(ranks, 10)),
        "mrr": interval(reciprocal(ranks)),
    }


def interval(values: np.ndarray) -> Measured:
    """The mean, and where the means of so many values drawn from these with repetition lie; always the same draws."""
    dice = np.random.default_rng(SEED_OF_CHANCE)
    means = [values[dice.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Measured(float(values.mean()), float(low), float(high))


# --- a plain reference ---------------------------------------------------------------------------------------


def reference_ranks(pairs: Sequence[Pair]) -> tuple[list[int], list[int]]:
    """The ranks that tf-idf of all runs of two and three letters gives, (need → solution, solution → need)."""
    from scipy import sparse

    grams = [Counter(_grams(text)) for pair in pairs for text in (pair.need, pair.solution)]
    numbers: dict[str, int] = {}
    for counts in grams:
        for gram in counts:
            numbers.setdefault(gram, len(numbers))
    rows = np.repeat(np.arange(len(grams)), [len(counts) for counts in grams])
    columns = np.array([numbers[gram] for counts in grams for gram in counts], np.int64)
    times = 1 + np.log([count for counts in grams for count in counts.values()])
    rarity = np.log((1 + len(grams)) / (1 + np.bincount(columns, minlength=len(numbers)))) + 1
    weights = times * rarity[columns]
    lengths = np.sqrt(np.bincount(rows, weights**2, minlength=len(grams)))
    table = sparse.csr_matrix(
        (weights / lengths[rows], (rows, columns)), shape=(len(grams), max(len(numbers), 1))
    )
    needs, solutions = table[0::2], table[1::2]
    return ranks_of_own(needs, solutions), ranks_of_own(solutions, needs)


def _grams(text: str) -> Iterator[str]:
    text = normalise(text.casefold())
    for size in (2, 3):
        yield from (text[i : i + size] for i in range(len(text) - size + 1))


def ranks_of_own(askers, others) -> list[int]:
    """For each row of `askers` the place of the same row of `others` by dot product; of equals the later place."""
    ranks = []
    for start in range(0, askers.shape[0], 500):
        likeness = (askers[start : start + 500] @ others.T).toarray()
        own = likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))]
        ranks += (likeness >= own[:, None]).sum(axis=1).tolist()
    return ranks
