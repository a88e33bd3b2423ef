"""What the index keeps of a document."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.matching.engine.model import Vector
from musubi.matching.engine.payload import Facts, Payload, pack, unpack

EMPTY = Vector(np.zeros(0, np.uint32), *(np.zeros(0, np.float32) for _ in range(3)))


def floats(least, most, **size):
    return st.lists(st.floats(least, most, width=32), **size).map(lambda found: np.array(found, np.float32))


vectors = st.integers(0, 100).flatmap(
    lambda terms: st.builds(
        Vector,
        st.lists(st.integers(0, 2**32 - 1), min_size=terms, max_size=terms).map(
            lambda found: np.array(sorted(found), np.uint32)
        ),
        floats(0, 1, min_size=terms, max_size=terms),
        floats(-1, 1, max_size=130),
        floats(-1, 1, max_size=40),
    )
)
# Whatever letters: those of rows are checked where they are typed, not here.
names = st.text(max_size=12)
facts = st.builds(
    Facts,
    goals=st.frozensets(st.integers(1, 17)),
    fields=st.frozensets(names),
    regions=st.frozensets(names),
    owner=names,
    on=st.integers(0, 800_000),
    worked=st.integers(0, 10_000),
)
words = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=10),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=10),
    max_size=20,
)


@given(vectors, facts, words, st.floats(-1, 3, width=32), st.floats(-1, 3, width=32))
def test_payload_is_the_same_after_it_was_kept(vector, known, spelled, need, seed):
    text = "\n".join(f"{word}\t{surface}" for word, surface in spelled.items())
    kept = unpack(pack(Payload(vector, (need, seed), known, text)))
    assert kept.facts == known
    assert kept.hubness == (need, seed)
    assert {word: kept.spelling(word) for word in spelled} == spelled
    assert kept.vector.ids.tolist() == vector.ids.tolist()
    assert kept.vector.weights == pytest.approx(vector.weights, abs=1 / 50_000)
    assert kept.vector.topics == pytest.approx(vector.topics, abs=1 / 250)
    assert kept.vector.dense == pytest.approx(vector.dense, abs=1 / 1_000)


def test_word_written_as_it_is_spelled_takes_no_place():
    payload = Payload(EMPTY, (0, 0), text="海岸\nごみ\tゴミ")
    kept = unpack(pack(payload))
    assert [kept.spelling(word) for word in ("海岸", "ごみ", "ゴミ", "海", "")] == [
        "海岸",
        "ゴミ",
        "",
        "",
        "",
    ]


def test_payload_of_nothing_is_small():
    kept = pack(Payload(EMPTY, (0, 0)))
    assert len(kept) < 50
    assert unpack(kept).facts == Facts()
    assert unpack(kept).spelling("海岸") == ""


@given(st.binary(max_size=80))
def test_what_is_no_payload_is_refused(data):
    with pytest.raises(ValueError):
        unpack(data)


def test_torn_payload_is_refused_wherever_it_is_torn():
    vector = Vector(np.arange(5, dtype=np.uint32), np.ones(5, np.float32), np.ones(4), np.ones(2))
    whole = pack(Payload(vector, (0.5, 0.25), Facts(frozenset({14}), owner="o1"), "海岸"))
    for end in range(len(whole)):
        with pytest.raises(ValueError):
            unpack(whole[:end])
