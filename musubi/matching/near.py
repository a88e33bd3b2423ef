"""Texts that are in no index (proposals, cases, answers, duties), compared with the engine.

What a text's terms are is kept by this process, by the text itself; which of a municipality's texts hold them as well,
until one of them changes. So a list of twenty costs little more than reading the rows.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from musubi.matching.engine.analysis import Analysed
    from musubi.matching.engine.model import Model, Sample, Vector

# What a text is about is said in its first lines: twice as many letters find nothing more (docs/matching.md).
LONGEST = 300
MOST_WORDS = 3
# About three kilobytes each.
KEPT_TEXTS, KEPT_SHELVES = 6_000, 12

_shelves: dict[tuple, Shelf] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Text:
    """A title, which counts twice, and what follows."""

    title: str
    body: str

    def cut(self) -> Text:
        return Text(self.title[:LONGEST], self.body[:LONGEST])

    def __str__(self) -> str:
        return f"{self.title}\n{self.body}"


@dataclass(frozen=True)
class Asked:
    """A text that is compared with others. `tells`: number of a word → (the word, its weight)."""

    text: Text
    analysed: Analysed
    vector: Vector
    tells: dict[int, tuple[str, float]]


class Shelf:
    """Texts in one place, to be asked which of them are like another."""

    def __init__(self, texts: Sequence[Text], model: Model | None):
        from musubi.matching.engine.model import Model

        self.texts = [text.cut() for text in texts]
        terms = [_terms(text) for text in self.texts]
        self.model = model or Model(*_counted(terms))
        self._held = [frozenset(ids[:words].tolist()) for ids, _times, words in terms]
        self._sample = _sample(terms, self.model)

    def ask(self, title: str, body: str) -> Asked:
        from musubi.matching.engine.model import word_id

        text = Text(title, body).cut()
        analysed = _analysed(text)
        vector = self.model.vector(analysed)
        weights = dict(zip(vector.ids.tolist(), vector.weights.tolist(), strict=True))
        numbers = {word_id(word): word for word in analysed.words}
        tells = {number: (word, weights.get(number, 0.0)) for number, word in numbers.items()}
        return Asked(text, analysed, vector, tells)

    def likeness(self, asked: Asked) -> np.ndarray:
        """How like each of the texts is, 0 to 2."""
        return self._sample.likeness(asked.vector)

    def share(self, asked: Asked, place: int) -> float:
        """The part, 0 to 1, of what a text's words tell that the text at a place holds too."""
        both = asked.tells.keys() & self._held[place]
        if not both:
            return 0.0
        total = sum(weight**2 for _word, weight in asked.tells.values())
        return sum(asked.tells[number][1] ** 2 for number in both) / total if total else 0.0

    def words(self, asked: Asked, place: int) -> list[str]:
        """What both hold, those words first that tell most, as they are written in the text asked about."""
        from musubi.matching import reasons
        from musubi.matching.engine.analysis import is_synonym
        from musubi.matching.engine.matcher import Shared

        both = [asked.tells[number] for number in asked.tells.keys() & self._held[place]]
        surfaces = asked.analysed.surfaces
        shared = [
            Shared(word, surfaces[word], surfaces[word])
            for word, _weight in sorted(both, key=lambda pair: (-pair[1], pair[0]))
            if word in surfaces and not is_synonym(word)
        ]
        if not shared:
            return []
        told = reasons.of_match(
            SimpleNamespace(shared=shared[: 2 * MOST_WORDS]), str(asked.text), str(self.texts[place])
        )
        return reasons.words_of(told)[:MOST_WORDS]


def shelf(texts: Sequence[Text]) -> Shelf:
    """The texts to be asked, made anew only where one of them, or what is learned of words, has changed.

    How rare a word is is known from the index; while there is none, from these texts alone.
    """
    from musubi.matching import live
    from musubi.matching.engine.index import Preparing

    try:
        matcher = live.matcher()
        model, source = matcher.model, str(matcher.reader.folder)
    except Preparing:
        model, source = None, ""
    key = (source, hash(tuple(texts)), len(texts))
    with _lock:
        if found := _shelves.pop(key, None):
            _shelves[key] = found
            return found
    made = Shelf(texts, model)
    with _lock:
        _shelves[key] = made
        while len(_shelves) > KEPT_SHELVES:
            _shelves.pop(next(iter(_shelves)))
    return made


@lru_cache(maxsize=256)
def _analysed(text: Text) -> Analysed:
    from musubi.matching.engine.analysis import analyse

    return analyse(text.body, title=text.title)


@lru_cache(maxsize=KEPT_TEXTS)
def _terms(text: Text) -> tuple[np.ndarray, np.ndarray, int]:
    """(ids of words, then of pairs; how often each, 1 + log; how many of them are words)."""
    import numpy as np

    from musubi.matching.engine.model import pair_id, word_id

    found = _analysed(text)
    ids = [*map(word_id, found.words), *map(pair_id, found.pairs)]
    times = [*found.words.values(), *found.pairs.values()]
    return (
        np.array(ids, np.uint32),
        (1 + np.log(np.array(times, np.float32))).astype(np.float32),
        len(found.words),
    )


def _counted(terms: Sequence[tuple]) -> tuple[int, np.ndarray, np.ndarray]:
    """(how many texts, the terms they hold, how many hold each)."""
    import numpy as np

    if not terms:
        return 0, np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    ids, seen = np.unique(np.concatenate([np.unique(each[0]) for each in terms]), return_counts=True)
    return len(terms), ids, seen.astype(np.uint32)


def _sample(terms: Sequence[tuple], model: Model) -> Sample:
    """The texts as the engine compares them: the words' and the pairs' halves of length one each."""
    import numpy as np

    from musubi.matching.engine.model import Sample

    keys = [str(place) for place in range(len(terms))]
    if not terms:
        return Sample(keys)
    ids = np.concatenate([each[0] for each in terms])
    weights = np.concatenate([each[1] for each in terms]) * model.rarity(ids)
    # Two halves a text, numbered one after the other.
    lengths = [part for each in terms for part in (each[2], len(each[0]) - each[2])]
    halves = np.repeat(np.arange(2 * len(terms)), lengths)
    norms = np.sqrt(np.bincount(halves, weights**2, minlength=2 * len(terms)))
    order = np.argsort(ids, kind="stable")
    return Sample(
        keys,
        (halves // 2)[order].astype(np.int32),
        ids[order],
        (weights / norms[halves])[order].astype(np.float32),
    )
