"""What the index keeps of a document for the second stage, in few bytes.

Layout, little-endian: how many terms, topics, dense numbers and bytes of text; the two hubnesses; the ids; their weights
in thousandths; the topics in 1/127; the dense numbers as halves; the text: facts, and the words with their spellings.
"""

import json
import struct
from dataclasses import dataclass, field

import numpy as np

from musubi.matching.engine.model import Vector

_HEAD = struct.Struct("<HHHIff")
_SCALE = 30_000
_UNIT, _PLACE = np.float32(1 / _SCALE), np.float32(1 / 127)
_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Facts:
    """What else is known of a document. `on`: the day it was last changed (proleptic ordinal, 0 unknown); `worked`:
    how often what is like it led to an outcome; `owner`: whose it is (no more than two of one owner in a row of ten)."""

    goals: frozenset[int] = frozenset()
    fields: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    owner: str = ""
    on: int = 0
    worked: int = 0


@dataclass(frozen=True)
class Payload:
    """A document as the second stage reads it. `hubness`: against needs, against seeds."""

    vector: Vector
    hubness: tuple[float, float]
    facts: Facts = field(default_factory=Facts)
    text: str = ""

    def spelling(self, word: str) -> str:
        """A word as it is written in the document, "" where it is not among those kept."""
        if not word:
            return ""
        lines = f"\n{self.text}\n"
        if (at := lines.find(f"\n{word}\t")) >= 0:
            start = at + len(word) + 2
            return lines[start : lines.index("\n", start)]
        return word if f"\n{word}\n" in lines else ""


def pack(payload: Payload) -> bytes:
    facts = payload.facts
    head = [
        sorted(facts.goals),
        sorted(facts.fields),
        sorted(facts.regions),
        facts.owner,
        facts.on,
        facts.worked,
    ]
    text = f"{json.dumps(head, separators=(',', ':'))}\n{payload.text}".encode()
    vector = payload.vector
    return b"".join(
        [
            _HEAD.pack(len(vector.ids), len(vector.topics), len(vector.dense), len(text), *payload.hubness),
            vector.ids.astype("<u4").tobytes(),
            np.round(vector.weights * _SCALE).astype("<u2").tobytes(),
            np.round(vector.topics * 127).astype("i1").tobytes(),
            vector.dense.astype("<f2").tobytes(),
            text,
        ]
    )


def unpack(data: bytes) -> Payload:
    """Raises ValueError for what `pack` did not make."""
    if len(data) < _HEAD.size:
        raise ValueError("too short")
    terms, topics, dense, length, *hubness = _HEAD.unpack_from(data)
    at = _HEAD.size
    ids = np.frombuffer(data, "<u4", terms, at)
    weights = np.frombuffer(data, "<u2", terms, at := at + 4 * terms)
    places = np.frombuffer(data, "i1", topics, at := at + 2 * terms)
    halves = np.frombuffer(data, "<f2", dense, at := at + topics)
    at += 2 * dense
    if len(data) != at + length:
        raise ValueError("not whole")
    head, _newline, text = data[at : at + length].decode().partition("\n")
    goals, fields, regions, owner, on, worked = json.loads(head)
    facts = Facts(frozenset(goals), frozenset(fields), frozenset(regions), owner, on, worked)
    vector = Vector(ids, weights * _UNIT, places * _PLACE, halves.astype(np.float32) if dense else _NONE)
    return Payload(vector, tuple(hubness), facts, text)
