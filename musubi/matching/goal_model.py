"""What the words of a text say of goals and targets: a linear model fitted in memory on passages with known labels.

The passages are the official words of the seventeen goals and their 169 targets, and the everyday words of
`data/goal_words.tsv`, each a passage of its own. A text is compared by three halves of equal weight: words, pairs of
letters (`engine.analysis`), and the everyday words as they stand. Regularised least squares on them gives every term
a weight for every goal and target, so a score is the sum of what its words say.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from musubi.lib.text import normalise
from musubi.matching.engine.analysis import Analysed, analyse, fold
from musubi.plan.loading import read

WORDS_FILE = Path(__file__).parent / "data" / "goal_words.tsv"
# How much a passage may be missed: anything from 0.3 to 10 serves as well (docs/matching.md).
RIDGE = 3.0
# Conjugate gradients stop when a thousandth is left to gain: a dozen rounds.
ROUNDS, CLOSE = 200, 1e-3
TELLING = 0.12
MOST_WORDS = 4


@dataclass(frozen=True)
class Passage:
    """A text that is known to speak of `labels`: goals as numbers, targets as codes. `source` is what it was taken
    from: a target's code where it is that target's own wording or its everyday words, else empty."""

    text: str
    labels: frozenset[int | str]
    title: str = ""
    official: bool = True
    sources: frozenset[str] = frozenset()


def official() -> list[Passage]:
    """A passage for each goal, and one for each target."""
    found = [
        Passage(row["official"], frozenset({int(row["number"])}), title=row["short"])
        for row in read("goals.tsv")
    ]
    found += [
        Passage(row["text"], frozenset({int(row["goal"]), row["code"]}), sources=frozenset({row["code"]}))
        for row in read("targets.csv")
    ]
    return found


def everyday() -> list[Passage]:
    """A passage for each everyday word, with all goals and targets that name it."""
    labels: dict[str, set[int | str]] = {}
    with WORDS_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"):
            said = {int(row["goal"]), row["target"]} - {""}
            for word in row["words"].split("、"):
                labels.setdefault(word, set()).update(said)
    return [
        Passage(
            word,
            frozenset(said),
            official=False,
            sources=frozenset(label for label in said if isinstance(label, str)),
        )
        for word, said in labels.items()
    ]


@dataclass(frozen=True)
class Said:
    """What a text says: `scores` of every label (about 0 for nothing, 1 for a passage that is all about it), the
    model's terms it holds (`columns`, with their `values` in the text), and how those are written that can be shown, folded."""

    scores: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    shown: dict[int, str]


class GoalModel:
    """Fitted on the passages; `labels` says what each column of the scores stands for."""

    def __init__(self, passages: Sequence[Passage], *, ridge: float = RIDGE):
        self.passages = list(passages)
        self.ridge = ridge
        numbers = sorted({label for p in self.passages for label in p.labels if isinstance(label, int)})
        codes = sorted({label for p in self.passages for label in p.labels if isinstance(label, str)})
        self.labels: list[int | str] = [*numbers, *codes]
        self.goals = len(numbers)
        self._phrases = {normalise(p.text.casefold()): p.text for p in self.passages if not p.official}
        self._pattern = _pattern(self._phrases)
        # Three halves: for each its columns, and the counts (1 + log) of every passage.
        self._columns: list[dict[str, int]] = [{}, {}, {}]
        self._counts = self._count([self._terms(p.text, p.title)[0] for p in self.passages])
        self._answers = self._known()
        self.fit()

    def fit(self, without: Collection[int] = (), *, only_goals: bool = False) -> None:
        """Learn anew from all passages but those of the given places; `only_goals` leaves the targets unlearned."""
        kept = np.ones(len(self.passages), bool)
        kept[list(without)] = False
        counts = [half[kept] for half in self._counts]
        self._rarity = [_rarity(half) for half in counts]
        table = sparse.hstack(
            [_unit(half.multiply(rarity).tocsr()) for half, rarity in zip(counts, self._rarity, strict=True)],
            format="csr",
        )
        answers = self._answers[kept, : self.goals if only_goals else None]
        goals = answers[:, : self.goals]
        # Every goal counts the same, however many passages speak of it.
        weight = (goals / np.maximum(goals.sum(0), 1e-9)).sum(1) / goals.sum(1)
        share = self.ridge * weight.mean() / weight
        self.weights = (table.T @ _solve(table, share, answers)).astype(np.float32)

    def read(self, text: str, *, title: str = "") -> Said:
        """What a text says."""
        halves, analysed = self._terms(text, title)
        columns, values, shown, start = [], [], {}, 0
        for place, (half, known, rarity) in enumerate(zip(halves, self._columns, self._rarity, strict=True)):
            held = [(known[term], term, count) for term, count in half.items() if term in known]
            if held:
                at = np.array([column for column, _term, _count in held])
                weighted = (1 + np.log([count for *_rest, count in held])) * rarity[at]
                columns.append(at + start)
                values.append(weighted / np.sqrt(weighted @ weighted))
                if place != 1:
                    spelt = analysed.surfaces if place == 0 else dict.fromkeys(half)
                    shown.update(
                        {
                            column + start: spelt[term] or term
                            for column, term, _count in held
                            if term in spelt
                        }
                    )
            start += len(known)
        if not columns:
            return Said(np.zeros(self.weights.shape[1], np.float32), np.zeros(0, int), np.zeros(0), {})
        columns, values = np.concatenate(columns), np.concatenate(values)
        return Said(values @ self.weights[columns], columns, values, shown)

    def score(self, said: Said, label: int | str) -> float:
        return float(said.scores[self.labels.index(label)])

    def words(self, said: Said, label: int | str) -> list[str]:
        """The words of the text that speak for a label, the most telling first; of one within another the longer."""
        parts = said.values * self.weights[said.columns, self.labels.index(label)]
        total = parts[parts > 0].sum()
        spoken: dict[str, float] = {}
        for column, part in zip(said.columns.tolist(), parts.tolist(), strict=True):
            if part > 0 and (word := said.shown.get(column)):
                spoken[word] = spoken.get(word, 0) + part
        # A compound also has what its parts say: 空き家 speaks through 空き and 家.
        joined = {word: sum(part for other, part in spoken.items() if other in word) for word in spoken}
        kept: list[str] = []
        for word, part in sorted(joined.items(), key=lambda pair: (-pair[1], pair[0])):
            if part < TELLING * total or len(kept) == MOST_WORDS:
                break
            if not any(word in other or other in word for other in kept):
                kept.append(word)
        return [self._phrases.get(word, word) for word in kept]

    def _terms(self, text: str, title: str) -> tuple[list[dict[str, int]], Analysed]:
        analysed = analyse(text, title=title)
        phrases = Counter(match[0] for match in self._pattern.finditer(fold(text)))
        for match in self._pattern.finditer(fold(title)):
            phrases[match[0]] += 2
        # One letter out of a compound (人, 前) says nothing, unless it is an everyday word itself (海, 水).
        words = {word: n for word, n in analysed.words.items() if len(word) > 1 or word in self._phrases}
        return [words, analysed.pairs, phrases], analysed

    def _count(self, rows: Sequence[list[dict[str, int]]]) -> list[sparse.csr_matrix]:
        found = []
        for place, known in enumerate(self._columns):
            at, columns, values = [], [], []
            for number, row in enumerate(rows):
                for term, count in row[place].items():
                    at.append(number)
                    columns.append(known.setdefault(term, len(known)))
                    values.append(1 + np.log(count))
            found.append(sparse.csr_matrix((values, (at, columns)), shape=(len(rows), len(known))))
        return found

    def _known(self) -> np.ndarray:
        """One row a passage: what it says of every label. Who speaks of several says less of each."""
        place = {label: number for number, label in enumerate(self.labels)}
        answers = np.zeros((len(self.passages), len(self.labels)))
        for number, passage in enumerate(self.passages):
            for kind in (int, str):
                said = [place[label] for label in passage.labels if isinstance(label, kind)]
                answers[number, said] = 1 / np.sqrt(max(len(said), 1))
        return answers


def _pattern(phrases: Iterable[str]) -> re.Pattern:
    """Finds the longest of the phrases; Latin ones stand alone."""
    parts = [
        rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word)
        for word in sorted(phrases, key=len, reverse=True)
    ]
    return re.compile("|".join(parts) or r"(?!)")


def _rarity(counts: sparse.csr_matrix) -> np.ndarray:
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.log((1 + counts.shape[0]) / (1 + seen)) + 1


def _unit(table: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(1)).ravel())
    lengths[lengths == 0] = 1
    return sparse.diags(1 / lengths) @ table


def _solve(table: sparse.csr_matrix, share: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(table tableᵀ + diag(share))⁻¹ answers, by conjugate gradients for all columns at once."""
    found = np.zeros_like(answers)
    left = answers.copy()
    step = left / share[:, None]
    size = (left * step).sum(0)
    first = np.maximum(size, 1e-12)
    for _round in range(ROUNDS):
        moved = table @ (table.T @ step) + share[:, None] * step
        length = size / np.maximum((step * moved).sum(0), 1e-12)
        found += length * step
        left -= length * moved
        eased = left / share[:, None]
        size, before = (left * eased).sum(0), size
        if np.all(size <= CLOSE**2 * first):
            break
        step = eased + (size / np.maximum(before, 1e-12)) * step
    return found
