"""What the engine learns from its own corpus, both sides of it and no pair: how rare a term is, which terms go
together (latent topics), and a sample of each kind of document, against which a match must stand out.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np

from musubi.matching.engine.analysis import Analysed

# Terms kept of a document for the second stage, of words and of pairs each: the heaviest ones.
MOST_TERMS = 96
TOPICS = 128
# Topics learned from a handful of texts are those texts.
LEAST_FOR_TOPICS = 60
LEAST_STRENGTH = 0.01
LARGEST_FIT = 20_000
# Of those, as many for the topics: what they are about does not change with more of the same.
LARGEST_TOPIC_FIT = 5_000
SAMPLE = 512
# Sum of two cosines, plus topics: how much these count.
TOPIC_WEIGHT = 0.3
DENSE_WEIGHT = 0.6

# The log-mean-exp over the sample: its temperature, and what stands for samples too small to tell.
TEMPERATURE = 0.06
USUAL, USUAL_COUNT = 0.15, 8

_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Vector:
    """A text for comparing: its heaviest terms (`ids` ascending uint32, `weights` float32; the words' and the pairs'
    halves of length one each), its place among the topics (float32, length one) and the optional dense one."""

    ids: np.ndarray
    weights: np.ndarray
    topics: np.ndarray
    dense: np.ndarray

    def holds(self, ids: np.ndarray) -> np.ndarray:
        """Whether each of the terms is kept of this text."""
        return self.ids[self._at(ids)] == ids if len(self.ids) else np.zeros(len(ids), bool)

    def weight_of(self, ids: np.ndarray) -> np.ndarray:
        """What each of the terms weighs here, 0 where it is not kept."""
        held = self.holds(ids)
        return (
            np.where(held, self.weights[self._at(ids)], np.float32(0)) if held.any() else held * np.float32(0)
        )

    def _at(self, ids: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self.ids, ids)
        at[at == len(self.ids)] = 0
        return at


class _Numbers(dict[str, int]):
    """Term → its number. Texts say the same terms again and again: looking one up is ten times as fast as computing it.
    What does not fit in any more is computed each time."""

    MOST = 200_000

    def __init__(self, kind: bytes):
        super().__init__()
        self.kind = kind

    def __missing__(self, term: str) -> int:
        number = crc32(self.kind + term.encode())
        if len(self) < self.MOST:
            self[term] = number
        return number


_words, _pairs = _Numbers(b"w"), _Numbers(b"p")


def word_id(word: str) -> int:
    return _words[word]


def pair_id(pair: str) -> int:
    return _pairs[pair]


def word_ids(words: Iterable[str]) -> np.ndarray:
    """The numbers of words, in their order (uint32)."""
    return np.array(list(map(_words.__getitem__, words)), np.uint32)


def pair_ids(pairs: Iterable[str]) -> np.ndarray:
    """The numbers of pairs, in their order (uint32)."""
    return np.array(list(map(_pairs.__getitem__, pairs)), np.uint32)


@dataclass
class Sample:
    """Some documents of one kind, as rows: `keys`, and their terms as parallel arrays of row, id and weight."""

    keys: list[str] = field(default_factory=list)
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    topics: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    dense: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @classmethod
    def of(cls, keys: Sequence[str], vectors: Sequence[Vector]) -> "Sample":
        if not vectors:
            return cls()
        ids = np.concatenate([vector.ids for vector in vectors])
        order = np.argsort(ids, kind="stable")
        rows = np.repeat(np.arange(len(vectors), dtype=np.int32), [len(vector.ids) for vector in vectors])
        weights = np.concatenate([vector.weights for vector in vectors])
        return cls(
            list(keys),
            rows[order],
            ids[order],
            weights[order],
            np.stack([vector.topics for vector in vectors]),
            np.stack([vector.dense for vector in vectors]),
        )

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """(each id once, where its run begins, with the end of all runs last)."""
        ids, starts = np.unique(self.ids, return_index=True)
        return ids, np.append(starts, len(self.ids))

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each key."""
        return {key: row for row, key in enumerate(self.keys)}

    def likeness(self, vector: Vector) -> np.ndarray:
        """How like each row is to a text."""
        found = np.zeros(len(self.keys), np.float32)
        if not len(self.ids):
            return found + closeness(self.topics, self.dense, vector)
        ids, starts = self._bounds
        at = np.searchsorted(ids, vector.ids)
        at[at == len(ids)] = 0
        known = ids[at] == vector.ids
        first, lengths = starts[at[known]], (starts[1:] - starts[:-1])[at[known]]
        # The runs of all the terms the text holds, one after the other.
        before = np.cumsum(lengths) - lengths
        runs = np.arange(int(lengths.sum())) + np.repeat(first - before, lengths)
        likeness = np.repeat(vector.weights[known], lengths) * self.weights[runs]
        found += np.bincount(self.rows[runs], likeness, minlength=len(self.keys)).astype(np.float32)
        return found + closeness(self.topics, self.dense, vector)


def closeness(topics: np.ndarray, dense: np.ndarray, vector: Vector) -> np.ndarray | float:
    """What topics and dense vectors add to the likeness of each row."""
    found = 0.0
    if topics.size and vector.topics.size == topics.shape[1]:
        found = TOPIC_WEIGHT * (topics @ vector.topics)
    if dense.size and vector.dense.size == dense.shape[1]:
        found = found + DENSE_WEIGHT * (dense @ vector.dense)
    return found


@dataclass
class Model:
    """`ids` ascending, with `seen[i]` of the `documents` looked at holding term `ids[i]`, and its row of `topics`."""

    documents: int = 0
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    seen: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    topics: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    samples: dict[str, Sample] = field(default_factory=dict)
    embed: object = None

    def rarity(self, ids: np.ndarray) -> np.ndarray:
        """How telling each term is: 1 for one that all hold, more for a rarer one. Unknown ones are rare."""
        seen = np.zeros(len(ids), np.float32)
        if len(self.ids):
            at = np.searchsorted(self.ids, ids)
            at[at == len(self.ids)] = 0
            seen = np.where(self.ids[at] == ids, self.seen[at], 0).astype(np.float32)
        return np.log((1 + self.documents) / (1 + seen)) + 1

    def weigh(self, ids: np.ndarray, times: Iterable[int]) -> np.ndarray:
        """The weights of one half of a text, of length one: of all its terms, each said so many `times`."""
        if not len(ids):
            return np.zeros(0, np.float32)
        weights = (1 + np.log(np.fromiter(times, np.float32, len(ids)))) * self.rarity(ids)
        return weights / np.sqrt(weights @ weights)

    def vector(self, text: Analysed, *, raw: str = "") -> Vector:
        """A text as the second stage compares it. `raw` is what a dense model reads, where there is one."""
        halves = []
        for counts, numbers in ((text.words, word_ids), (text.pairs, pair_ids)):
            ids = numbers(counts)
            weights = self.weigh(ids, counts.values())
            if len(ids) > MOST_TERMS:
                best = np.argpartition(-weights, MOST_TERMS)[:MOST_TERMS]
                ids, weights = ids[best], weights[best]
            halves.append((ids, weights))
        ids = np.concatenate([half[0] for half in halves])
        weights = np.concatenate([half[1] for half in halves])
        order = np.argsort(ids)
        ids, weights = ids[order], weights[order]
        dense = self.embed([raw])[0] if self.embed is not None else _NONE
        return Vector(ids, weights, self.project(ids, weights), dense)

    def project(self, ids: np.ndarray, weights: np.ndarray) -> np.ndarray:
        if not self.topics.size:
            return np.zeros(0, np.float32)
        at = np.searchsorted(self.ids, ids)
        at[at == len(self.ids)] = 0
        known = self.ids[at] == ids
        place = weights[known] @ self.topics[at[known]].astype(np.float32)
        length = np.sqrt(place @ place)
        return place / length if length > 0 else place

    def hubness(self, vector: Vector, against: str, *, key: str = "") -> float:
        """How well a document fits the sampled documents of kind `against` anyway (itself left out).

        What fits everything must fit better to come first: the correction of Smith et al. (2017), "inverted
        softmax", with a sample and a prior.
        """
        sample = self.samples.get(against)
        like = sample.likeness(vector) if sample else np.zeros(0, np.float32)
        if sample and key in sample.places:
            like = np.delete(like, sample.places[key])
        top = max(float(like.max(initial=0)), USUAL)
        total = float(np.exp((like - top) / TEMPERATURE).sum())
        total += USUAL_COUNT * float(np.exp((USUAL - top) / TEMPERATURE))
        return top + TEMPERATURE * float(np.log(total / (len(like) + USUAL_COUNT)))

    # --- on disk ---------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        arrays = {"ids": self.ids, "seen": self.seen, "topics": self.topics}
        for kind, sample in self.samples.items():
            for name in ("rows", "ids", "weights", "topics", "dense"):
                arrays[f"{kind}.{name}"] = getattr(sample, name)
        about = {
            "documents": self.documents,
            "embedding": name_of(self.embed),
            "keys": {kind: s.keys for kind, s in self.samples.items()},
        }
        with path.open("wb") as file:
            np.savez(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)

    @classmethod
    def load(cls, path: Path, *, embed=None) -> "Model":
        """Raises ValueError where it was learned with another dense model, and whatever a file that is not whole leads to."""
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            if about["embedding"] != name_of(embed):
                raise ValueError("learned with another dense model")
            samples = {
                kind: Sample(
                    keys, *(arrays[f"{kind}.{n}"] for n in ("rows", "ids", "weights", "topics", "dense"))
                )
                for kind, keys in about["keys"].items()
            }
            return cls(about["documents"], arrays["ids"], arrays["seen"], arrays["topics"], samples, embed)


def name_of(embed) -> str:
    """Which dense model an `embed` is: its `name`, empty without one."""
    return "" if embed is None else getattr(embed, "name", "unnamed")


def learn(documents: Sequence[tuple[str, str, Analysed, str]], *, embed=None) -> Model:
    """A model of the (key, kind, terms, raw text) given: all of a small corpus, an even sample of a large one."""
    if not documents:
        return Model(embed=embed)
    model = Model(documents=len(documents))
    held = [
        np.unique(np.concatenate([word_ids(text.words), pair_ids(text.pairs)]))
        for _key, _kind, text, _raw in documents
    ]
    ids, seen = np.unique(np.concatenate(held), return_counts=True)
    # What one document alone holds is as rare as what none holds.
    model.ids, model.seen = ids[seen > 1], seen[seen > 1].astype(np.uint32)
    model.topics = _topics(
        model, [model.vector(text) for _key, _kind, text, _raw in evenly(documents, LARGEST_TOPIC_FIT)]
    )
    by_kind: dict[str, list[int]] = {}
    for number, (_key, kind, _text, _raw) in enumerate(documents):
        by_kind.setdefault(kind, []).append(number)
    for kind, numbers in by_kind.items():
        chosen = evenly(numbers, SAMPLE)
        # Slow: asked for the sample alone.
        dense = embed([documents[number][3] for number in chosen]) if embed else [_NONE] * len(chosen)
        placed = [
            replace(model.vector(documents[number][2]), dense=dense[row]) for row, number in enumerate(chosen)
        ]
        model.samples[kind] = Sample.of([documents[number][0] for number in chosen], placed)
    model.embed = embed
    return model


def evenly[Thing](things: Sequence[Thing], most: int) -> list[Thing]:
    """At most so many of them, in their order, with the same distance between."""
    step = max(len(things) / most, 1)
    return [things[int(i * step)] for i in range(min(len(things), most))]


def _topics(model: Model, vectors: Sequence[Vector]) -> np.ndarray:
    """For each known term its place among the topics: the right singular vectors of documents × terms."""
    from scipy import sparse
    from scipy.sparse.linalg import ArpackError, svds

    if len(vectors) < LEAST_FOR_TOPICS or len(model.ids) < LEAST_FOR_TOPICS:
        return np.zeros((0, 0), np.float16)
    rows = np.repeat(np.arange(len(vectors)), [len(vector.ids) for vector in vectors])
    ids = np.concatenate([vector.ids for vector in vectors])
    weights = np.concatenate([vector.weights for vector in vectors])
    at = np.searchsorted(model.ids, ids)
    at[at == len(model.ids)] = 0
    known = model.ids[at] == ids
    table = sparse.csr_matrix(
        (weights[known], (rows[known], at[known])), shape=(len(vectors), len(model.ids)), dtype=np.float32
    )
    count = min(TOPICS, min(table.shape) // 3)
    start = np.ones(min(table.shape), np.float32)
    try:
        _left, strengths, right = svds(table, k=count, v0=start)
    except ArpackError:
        # An odd corpus does without.
        return np.zeros((0, 0), np.float16)
    # What is left where a corpus has fewer topics than that is noise, and another each time.
    right = right[strengths > LEAST_STRENGTH * strengths.max()]
    # Start and signs are fixed: the same corpus makes the same topics.
    right *= np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])[:, None]
    return np.ascontiguousarray(right.T).astype(np.float16)
