"""The whole way of a question: terms, first stage in the index, second stage over the candidates, reasons."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from musubi.matching.engine.analysis import Analysed, analyse, is_synonym
from musubi.matching.engine.helpers import Helpers
from musubi.matching.engine.index import PAIRS, WORDS, Entry, Generation, Preparing, Reader, spelled
from musubi.matching.engine.model import (
    LARGEST_FIT,
    Model,
    Vector,
    closeness,
    learn,
    pair_ids,
    word_ids,
)
from musubi.matching.engine.payload import Facts, Payload, pack, unpack

NEED, SEED = "need", "seed"
# Per field as many terms of largest rarity × count as the first stage asks for, and what its score counts.
ASKED = 64
FIELD_WEIGHTS = {WORDS: 1.0, PAIRS: 0.5}
CANDIDATES = 120
OF_ONE_OWNER, FIRST = 2, 10
SHARED_WORDS = 6


@dataclass(frozen=True)
class Document:
    """Something to be found. `side` is NEED or SEED; `marks` are what questions may be narrowed to."""

    key: str
    side: str
    title: str
    text: str
    marks: frozenset[str] = frozenset()
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True)
class Question:
    """What is asked for: a text with its facts. `key` where it is in the index itself (it is not its own answer)."""

    side: str
    title: str
    text: str
    facts: Facts = field(default_factory=Facts)
    key: str = ""


@dataclass(frozen=True)
class Weights:
    """What each feature adds to a score. The text's likeness counts one; the rest is in its units (sum of two
    cosines: 0.1 for texts that have nothing to do with each other, 0.4 for a good match, 2 for the same text)."""

    hubness: float = 0.8
    goals: float = 0.03
    fields: float = 0.03
    region: float = 0.05
    fresh: float = 0.02
    worked: float = 0.02


@dataclass(frozen=True)
class Shared:
    """A word both hold: its normal form, and as it is written `here` (in the question) and `there`."""

    word: str
    here: str
    there: str
    synonym: bool = False


@dataclass(frozen=True)
class Match:
    """A document that answers. `score` is comparable between the answers of one question; `features` are its parts
    before they are weighted; `likeness` (0 to 2) is comparable everywhere."""

    key: str
    score: float
    likeness: float
    features: Mapping[str, float]
    shared: Sequence[Shared]
    facts: Facts


class Matcher:
    """Answers questions from one index."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.model = reader.model

    def match(
        self,
        question: Question,
        *,
        limit: int = 20,
        marks: Iterable[str | Iterable[str]] = (),
        without: Iterable[str] = (),
        weights: Weights | None = None,
        candidates: int = CANDIDATES,
    ) -> list[Match]:
        """The documents that answer best, at most `limit`; none for a text without terms. Raises index.Preparing."""
        text = analyse(question.text, title=question.title)
        if not text:
            return []
        own = [question.key] if question.key else []
        found = self.reader.search(
            wanted(text, self.model), marks=marks, without=[*own, *without], limit=max(candidates, 3 * limit)
        )
        if not found:
            return []
        vector = self.model.vector(text, raw=raw(question))
        try:
            answers = [(key, unpack(payload)) for key, payload, _score in found]
        except ValueError as problem:
            raise Preparing(str(problem)) from problem
        return self.rank(question, text, vector, answers, limit, weights)

    def rank(
        self,
        question: Question,
        text: Analysed,
        vector: Vector,
        found: Sequence[tuple[str, Payload]],
        limit: int,
        weights: Weights | None = None,
    ) -> list[Match]:
        """The second stage."""
        payloads = [payload for _key, payload in found]
        features = _features(question, vector, payloads)
        total = score(features, weights or Weights())
        told = _Told(text, vector)
        order = _spread(np.argsort(-total, kind="stable"), [payload.facts.owner for payload in payloads])
        return [
            Match(
                found[i][0],
                float(total[i]),
                float(features["likeness"][i]),
                {name: float(values[i]) for name, values in features.items()},
                told.shared(payloads[i]),
                payloads[i].facts,
            )
            for i in order[:limit]
        ]


def score(features: Mapping[str, np.ndarray], weights: Weights) -> np.ndarray:
    """The weighted sum of the features, one number a candidate."""
    return (
        features["likeness"]
        - weights.hubness * features["hubness"]
        + weights.goals * features["goals"]
        + weights.fields * features["fields"]
        + weights.region * features["region"]
        + weights.fresh * features["fresh"]
        + weights.worked * features["worked"]
    )


def wanted(text: Analysed, model: Model) -> dict[str, dict[str, float]]:
    """What the first stage is asked: per field the terms that tell most, weighted by how often they are said."""
    asked = {}
    for name, counts, numbers in ((WORDS, text.words, word_ids), (PAIRS, text.pairs, pair_ids)):
        terms = list(counts)
        rarity = model.rarity(numbers(terms))
        telling = sorted(
            zip(terms, rarity, strict=True), key=lambda pair: (-pair[1] * counts[pair[0]], pair[0])
        )
        asked[name] = {
            term.replace(" ", "_"): counts[term] * FIELD_WEIGHTS[name] for term, _rarity in telling[:ASKED]
        }
    return asked


def likenesses(vector: Vector, others: Sequence[Vector]) -> np.ndarray:
    """How like each of the others is to a text: the cosines of words and of pairs, and what topics add."""
    lengths = [len(other.ids) for other in others]
    found = np.zeros(len(others), np.float32)
    if len(vector.ids) and sum(lengths):
        ids = np.concatenate([other.ids for other in others])
        weights = np.concatenate([other.weights for other in others])
        rows = np.repeat(np.arange(len(others)), lengths)
        at = np.searchsorted(vector.ids, ids)
        at[at == len(vector.ids)] = 0
        held = vector.ids[at] == ids
        found += np.bincount(
            rows[held], weights[held] * vector.weights[at[held]], minlength=len(others)
        ).astype(np.float32)
    topics = np.stack([other.topics for other in others])
    dense = np.stack([other.dense for other in others])
    return found + closeness(topics, dense, vector)


def _features(question: Question, vector: Vector, payloads: Sequence[Payload]) -> dict[str, np.ndarray]:
    facts = question.facts
    side = 0 if question.side == NEED else 1
    today = facts.on or date.today().toordinal()

    def each(value) -> np.ndarray:
        return np.array([value(payload.facts) for payload in payloads], np.float32)

    return {
        "likeness": likenesses(vector, [payload.vector for payload in payloads]),
        "hubness": np.array([payload.hubness[side] for payload in payloads], np.float32),
        "goals": each(lambda other: min(len(facts.goals & other.goals), 2)),
        "fields": each(lambda other: min(len(facts.fields & other.fields), 2)),
        "region": each(lambda other: bool(facts.regions & other.regions)),
        # One for today, a half after a year.
        "fresh": each(lambda other: 0.5 ** (max(today - other.on, 0) / 365) if other.on else 0.0),
        "worked": each(lambda other: np.log1p(other.worked)),
    }


def _spread(order: np.ndarray, owners: Sequence[str]) -> list[int]:
    """The same order, but no owner takes more than two of the first ten places while others wait."""
    first, later, taken = [], [], {}
    for i in order:
        owner = owners[i]
        if owner and len(first) < FIRST and taken.get(owner, 0) >= OF_ONE_OWNER:
            later.append(int(i))
            continue
        taken[owner] = taken.get(owner, 0) + 1
        first.append(int(i))
        if len(first) == FIRST:
            break
    placed = set(first)
    return first + [int(i) for i in order if int(i) not in placed]


class _Told:
    """The words of a question, to be looked for in many documents."""

    def __init__(self, text: Analysed, vector: Vector):
        self.text = text
        self.words = list(text.words)
        self.ids = word_ids(self.words)
        self.weights = vector.weight_of(self.ids)

    def shared(self, payload: Payload) -> list[Shared]:
        """The words both hold that say something by themselves, those that tell most first; of a word within a longer
        one only the longer."""
        held = np.flatnonzero(payload.vector.holds(self.ids))
        tells = -(self.weights[held] * payload.vector.weight_of(self.ids[held]))
        both = sorted(zip(tells.tolist(), (self.words[i] for i in held), strict=True))
        shared: list[Shared] = []
        for _tells, word in both:
            here, there = self.text.surfaces.get(word), payload.spelling(word)
            if not here or not there:
                continue
            one = Shared(word, here, there, is_synonym(word))
            if one.synonym and one.here == one.there:
                continue
            if not any(one.here in known.here or known.here in one.here for known in shared):
                shared.append(one)
            if len(shared) == SHARED_WORDS:
                break
        return shared


# --- documents into the index --------------------------------------------------------------------------------


def entry(document: Document, model: Model, text: Analysed | None = None) -> Entry:
    """A document as the index takes it."""
    text = text or analysed(document)
    vector = model.vector(text, raw=raw(document))
    hubness = tuple(model.hubness(vector, side, key=document.key) for side in (NEED, SEED))
    kept = vector.holds(word_ids(text.surfaces)).tolist()
    words = "\n".join(
        word if word == surface else f"{word}\t{surface}"
        for (word, surface), is_kept in zip(text.surfaces.items(), kept, strict=True)
        if is_kept
    )
    payload = pack(Payload(vector, hubness, document.facts, words))
    marks = document.marks | {document.side, f"kind:{document.key.partition(':')[0]}"}
    return Entry(document.key, frozenset(marks), spelled(text.words), spelled(text.pairs), payload)


def build(
    root,
    documents,
    *,
    sample: Iterable[Document],
    embed=None,
    progress=None,
    learning=None,
    helpers=None,
    **about,
) -> None:
    """Make the index anew from `documents` (any iterable, read once), learning first from `sample` of them.

    `learning` gets how many of the sample were read so far, `progress` how many documents are in. `helpers`: how many
    other processes may help where there are many documents; None for the machine's cores.
    """
    with Helpers(0 if embed else helpers) as others:
        chosen, texts, terms = list(islice(sample, LARGEST_FIT)), [], {}
        for text in others.each(analysed, chosen):
            texts.append(_with_shared_terms(text, terms))
            if learning:
                learning(len(texts))
        model = learn(
            [
                (one.key, one.side, text, raw(one) if embed else "")
                for one, text in zip(chosen, texts, strict=True)
            ],
            embed=embed,
        )
        # What was analysed is not analysed again.
        known = {(one.title, one.text): text for one, text in zip(chosen, texts, strict=True)}
        learned = len(chosen)
        del chosen, texts, terms
        generation = Generation(root, model)
        count = 0
        pairs = ((document, known.pop((document.title, document.text), None)) for document in documents)
        if others.count:
            made = others.each(_entry, pairs, generation.model_path)
        else:
            made = (entry(document, model, text) for document, text in pairs)
        try:
            for count, one in enumerate(made, 1):
                generation.writer.add(one)
                if progress:
                    progress(count)
            generation.adopt(documents=count, learned=learned, **about)
        except BaseException:
            generation.drop()
            raise


def _with_shared_terms(text: Analysed, terms: dict[str, str]) -> Analysed:
    """The same, with each term held once for all texts: of twenty thousand that makes half a gigabyte."""
    one = terms.setdefault
    return Analysed(
        Counter({one(word, word): count for word, count in text.words.items()}),
        Counter({one(pair, pair): count for pair, count in text.pairs.items()}),
        {one(word, word): one(surface, surface) for word, surface in text.surfaces.items()},
    )


def analysed(document: Document) -> Analysed:
    return analyse(document.text, title=document.title)


def raw(document: Document | Question) -> str:
    """What a dense model reads of it."""
    return f"{document.title}\n{document.text}"


def _entry(pair: tuple[Document, Analysed | None], model_path: Path) -> Entry:
    document, text = pair
    return entry(document, _model(model_path), text)


@lru_cache(maxsize=1)
def _model(path: Path) -> Model:
    return Model.load(path)
