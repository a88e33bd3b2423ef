"""Which of the seventeen goals a text speaks of: the official words of goals and targets, and everyday ones.

The everyday words (`data/goal_words.tsv`) are our own: what municipal texts say where the official ones speak of
ecosystems and inclusion.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from pathlib import Path

from musubi.lib.text import normalise, terms
from musubi.matching.index import cut
from musubi.plan.models import Goal, Target

_WORDS = Path(__file__).parent / "data" / "goal_words.tsv"
LEAST = 1.0
OFFICIAL = 6.0


@dataclass(frozen=True)
class Suggestion:
    """A goal (its number), how strongly the text speaks of it, and the words of the text that say so."""

    goal: int
    score: float
    words: list[str]


def suggest_goals(text: str, *, limit: int = 3) -> list[Suggestion]:
    """The goals a text speaks of, strongest first; none where it says too little to tell."""
    text = normalise(cut(text).casefold())
    if len(text) < 2:
        return []
    everyday, owners = _everyday()
    found: dict[int, dict[str, float]] = {}
    for word, goals in everyday.items():
        if count := len(_pattern(word).findall(text)):
            weight = (1 + log(count)) * log(1 + 17 / len(goals)) * sqrt(len(word) / 3)
            for goal in goals:
                found.setdefault(goal, {})[word] = weight
    official = _official_likeness(terms(text))
    scored = []
    for goal in set(found) | set(official):
        said = found.get(goal, {})
        total = sum(said.values()) + OFFICIAL * official.get(goal, 0)
        if said and total >= LEAST:
            words = sorted(said, key=lambda word: (-said[word], word))
            kept = [word for word in words if not any(word != other and word in other for other in words)]
            scored.append(Suggestion(goal, round(total, 3), kept[:4]))
    scored.sort(key=lambda suggestion: (-suggestion.score, suggestion.goal))
    # A goal far behind the first is named in passing.
    return [s for s in scored[:limit] if s.score >= 0.3 * scored[0].score]


@lru_cache(maxsize=1)
def _everyday() -> tuple[dict[str, list[int]], int]:
    """{word: [goals]} of the file, words folded like the texts."""
    words: dict[str, list[int]] = {}
    with _WORDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for word in row["words"].split("、"):
                words.setdefault(normalise(word.casefold()), []).append(int(row["goal"]))
    return words, len(words)


@lru_cache(maxsize=2000)
def _pattern(word: str) -> re.Pattern:
    if word.isascii():
        return re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])")
    return re.compile(re.escape(word))


_official_kept: dict[int, dict[str, float]] = {}


def _official() -> dict[int, dict[str, float]]:
    """Per goal its official terms, weighted and of length one; kept, for the official words do not change."""
    if not _official_kept:
        texts: dict[int, Counter] = {}
        for goal in Goal.objects.all():
            texts[goal.number] = terms(f"{goal.short}\n{goal.short}\n{goal.official}")
        for number, text in Target.objects.values_list("goal_id", "text"):
            texts[number].update(terms(text))
        spread = Counter(term for counts in texts.values() for term in counts)
        for number, counts in texts.items():
            weighted = {t: (1 + log(n)) * log(17 / spread[t]) for t, n in counts.items() if spread[t] < 9}
            length = sqrt(sum(w * w for w in weighted.values())) or 1
            _official_kept[number] = {t: w / length for t, w in weighted.items()}
    return _official_kept


def _official_likeness(counts: Counter) -> dict[int, float]:
    length = sqrt(sum((1 + log(n)) ** 2 for n in counts.values())) or 1
    return {
        goal: sum((1 + log(counts[t])) / length * w for t, w in weighted.items() if t in counts)
        for goal, weighted in _official().items()
    }
