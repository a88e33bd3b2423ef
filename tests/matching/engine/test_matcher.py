"""Who answers a question, in what order, and why."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.matching.engine.analysis import analyse
from musubi.matching.engine.matcher import (
    FIRST,
    NEED,
    OF_ONE_OWNER,
    SEED,
    SHARED_WORDS,
    Document,
    Question,
    Weights,
    _spread,
    entry,
    score,
    wanted,
)
from musubi.matching.engine.model import Model
from musubi.matching.engine.payload import Facts, unpack
from tests.matching.engine.corpus import NEEDS, SEEDS, TOWN, keys, made

TODAY = date(2026, 5, 1).toordinal()
ANSWER = {
    "need:beach": "seed:boat",
    "need:house": "seed:reform",
    "need:elders": "seed:sensor",
    "need:bus": "seed:taxi",
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return made(tmp_path_factory.mktemp("town"))


def asked(key: str, **more) -> Question:
    title, text = (NEEDS | SEEDS)[key]
    return Question(key.partition(":")[0], title, text, key=key, **more)


def shared(match) -> dict[str, tuple[str, str]]:
    return {one.word: (one.here, one.there) for one in match.shared}


# --- order ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("need", "seed"), ANSWER.items())
def test_need_finds_its_seed_and_seed_its_need(town, need, seed):
    assert keys(town.match(asked(need), marks=[SEED]))[0] == seed
    assert keys(town.match(asked(seed), marks=[NEED]))[0] == need


def test_question_is_not_its_own_answer(town):
    assert "need:beach" not in keys(town.match(asked("need:beach")))
    title, text = NEEDS["need:beach"]
    assert keys(town.match(Question(NEED, title, text)))[0] == "need:beach"


def test_question_may_leave_out_what_was_seen(town):
    assert "seed:boat" not in keys(town.match(asked("need:beach"), marks=[SEED], without=["seed:boat"]))


def test_answers_are_narrowed_to_marks(town):
    assert all(key.startswith("need:") for key in keys(town.match(asked("seed:taxi"), marks=[NEED])))
    assert all(key.startswith("seed:") for key in keys(town.match(asked("seed:taxi"), marks=["kind:seed"])))
    assert town.match(asked("seed:taxi"), marks=["nobody"]) == []


def test_answers_are_at_most_as_many_as_asked_for_and_best_first(town):
    every = town.match(asked("need:bus"))
    assert [match.score for match in every] == sorted((match.score for match in every), reverse=True)
    assert keys(town.match(asked("need:bus"), limit=2)) == keys(every)[:2]


def test_question_about_nothing_known_has_no_answer(town):
    assert town.match(Question(NEED, "", "鯨")) == []
    assert town.match(Question(NEED, "", "")) == []


def test_likeness_is_two_for_the_same_text_and_none_for_another(town):
    title, text = NEEDS["need:beach"]
    best = town.match(Question(NEED, title, text))[0]
    assert best.likeness == pytest.approx(2, abs=0.01)
    others = [
        match for need, seed in ANSWER.items() for match in town.match(asked(need)) if match.key != seed
    ]
    assert 0 < max(match.likeness for match in others) < 0.4


def test_synonyms_find_what_shares_no_word(tmp_path):
    texts = [Document("seed:1", SEED, "", "ゼロカーボンの助言"), Document("seed:2", SEED, "", "歴史の助言")]
    (best,) = made(tmp_path, texts).match(Question(NEED, "", "脱炭素"))
    assert best.key == "seed:1"
    assert shared(best) == {"≈脱炭素": ("脱炭素", "ゼロカーボン")}
    assert best.shared[0].synonym


def test_what_matches_everything_must_match_better(tmp_path):
    places = ["海岸", "公園", "学校", "河川", "商店街", "農地", "図書館", "駅前"]
    texts = [Document(f"need:{n}", NEED, "", f"{place}の清掃と点検と草刈") for n, place in enumerate(places)]
    texts += [Document(f"seed:{n}", SEED, "", f"{place}の灯台と鉄塔と水門") for n, place in enumerate(places)]
    hub = Document("seed:hub", SEED, "", "清掃と点検と草刈と見回り")
    local = Document("seed:local", SEED, "", "灯台と鉄塔と水門と見回り")
    town = made(tmp_path, [*texts, hub, local])
    first, second = town.match(Question(NEED, "", "見回り"))
    assert first.likeness == pytest.approx(second.likeness, abs=1e-3)
    assert (first.key, second.key) == ("seed:local", "seed:hub")
    assert first.features["hubness"] < second.features["hubness"]
    # A seed that asks is looked at the other way round.
    assert keys(town.match(Question(SEED, "", "見回り"))) == ["seed:hub", "seed:local"]


def test_same_question_has_the_same_answer(town):
    assert town.match(asked("need:bus", facts=Facts(on=TODAY))) == town.match(
        asked("need:bus", facts=Facts(on=TODAY))
    )


def test_first_stage_asks_for_what_tells_most():
    text = analyse("、".join(chr(0x4E00 + n) + chr(0x5E00 + n) for n in range(200)), title="海岸")
    of_words, of_pairs = wanted(text, Model()).values()
    assert len(of_words) == len(of_pairs) == 64
    for weights in (of_words, of_pairs):
        assert "海岸" in weights
        assert list(weights.values()) == sorted(weights.values(), reverse=True)


# --- reasons -------------------------------------------------------------------------------------------------


def test_shared_words_are_told_as_each_text_writes_them(tmp_path):
    town = made(tmp_path, [Document("seed:1", SEED, "引っ越し", "引っ越しのゴミを運びます。付属の箱も。")])
    (match,) = town.match(Question(NEED, "", "引越しで出たごみと、附属の家具。"))
    found = shared(match)
    assert found["引っ越し"] == ("引越し", "引っ越し")
    assert found["ごみ"] == ("ごみ", "ゴミ")
    assert found["付属"] == ("附属", "付属")


def test_shared_words_tell_most_first_and_are_few(tmp_path):
    common = "市民と学校と公園と病院と図書館と商店街と河川と農地と海岸と空港"
    texts = [Document(f"seed:{n}", SEED, "", common) for n in range(5)]
    texts.append(Document("seed:rare", SEED, "", f"灯台。{common}"))
    best = made(tmp_path, texts).match(Question(NEED, "", f"{common}と灯台"))[0]
    assert best.key == "seed:rare"
    assert best.shared[0].word == "灯台"
    assert len(best.shared) == SHARED_WORDS


def test_of_a_shared_word_within_another_only_the_longer_is_told(town):
    for need, seed in ANSWER.items():
        match = next(match for match in town.match(asked(need), marks=[SEED]) if match.key == seed)
        written = [one.here for one in match.shared]
        assert not [(a, b) for a in written for b in written if a != b and a in b]


def test_answer_told_by_pairs_of_letters_alone_shares_no_word(tmp_path):
    (match,) = made(tmp_path, [Document("seed:1", SEED, "", "ヴォラプク")]).match(
        Question(NEED, "", "ヴォラピュク")
    )
    assert match.shared == []
    assert match.likeness > 0


# --- what else is known --------------------------------------------------------------------------------------


def twins(tmp_path, facts: Facts, other: Facts | None = None, *, side: str = SEED):
    """Two documents of the same text, of which one has the facts."""
    texts = [
        Document(f"{side}:1", side, "漁港の清掃", "漁港を清掃します。", facts=other or Facts()),
        Document(f"{side}:2", side, "漁港の清掃", "漁港を清掃します。", facts=facts),
    ]
    return made(tmp_path, texts)


@pytest.mark.parametrize(
    ("mine", "theirs", "feature", "value"),
    [
        (Facts(goals=frozenset({14, 11})), Facts(goals=frozenset({14})), "goals", 1),
        (Facts(goals=frozenset({14, 11, 3})), Facts(goals=frozenset({14, 11, 3})), "goals", 2),
        (Facts(fields=frozenset({"sea"})), Facts(fields=frozenset({"sea", "town"})), "fields", 1),
        (Facts(regions=frozenset({"東京都", "m1"})), Facts(regions=frozenset({"m1", "東京都"})), "region", 1),
        (Facts(on=TODAY), Facts(on=TODAY), "fresh", 1),
        (Facts(on=TODAY), Facts(on=TODAY - 365), "fresh", 0.5),
        (Facts(on=TODAY), Facts(on=TODAY + 30), "fresh", 1),
        (Facts(), Facts(worked=1), "worked", np.log(2)),
    ],
)
def test_what_is_in_common_puts_one_before_its_twin(tmp_path, mine, theirs, feature, value):
    town = twins(tmp_path, theirs)
    first, second = town.match(Question(NEED, "", "漁港の清掃", facts=mine))
    assert (first.key, second.key) == ("seed:2", "seed:1")
    assert first.features[feature] == pytest.approx(value)
    assert second.features[feature] == 0
    assert first.score - second.score == pytest.approx(getattr(Weights(), feature) * value, abs=1e-5)
    assert first.likeness == second.likeness
    assert first.facts == theirs


def test_what_is_in_common_counts_as_much_as_it_is_given(tmp_path):
    town = twins(tmp_path, Facts(worked=3), Facts(goals=frozenset({14})))
    question = Question(NEED, "", "漁港の清掃", facts=Facts(goals=frozenset({14})))
    assert keys(town.match(question, weights=Weights(worked=1, goals=0))) == ["seed:2", "seed:1"]
    assert keys(town.match(question, weights=Weights(worked=0, goals=1))) == ["seed:1", "seed:2"]


def test_facts_alone_find_nothing(tmp_path):
    town = twins(tmp_path, Facts(goals=frozenset({14}), regions=frozenset({"m1"})))
    assert (
        town.match(Question(NEED, "", "鯨", facts=Facts(goals=frozenset({14}), regions=frozenset({"m1"}))))
        == []
    )


def test_score_is_the_sum_of_its_weighted_parts(town):
    weights = Weights(0.5, 0.1, 0.2, 0.3, 0.4, 0.6)
    for match in town.match(asked("need:bus"), weights=weights):
        parts = match.features
        assert match.score == pytest.approx(
            parts["likeness"] - 0.5 * parts["hubness"] + 0.1 * parts["goals"] + 0.2 * parts["fields"]
            + 0.3 * parts["region"] + 0.4 * parts["fresh"] + 0.6 * parts["worked"]
        )  # fmt: skip
        assert match.score == pytest.approx(float(score(parts, weights)))


def test_hubness_is_told_of_the_side_that_asks(town):
    """A document has two: how it fits needs anyway, and how it fits seeds."""
    title, text = SEEDS["seed:boat"]
    document = next(one for one in TOWN if one.key == "seed:boat")
    kept = unpack(entry(document, town.model).payload).hubness
    for side, expected in zip((NEED, SEED), kept, strict=True):
        match = next(m for m in town.match(Question(side, title, text)) if m.key == "seed:boat")
        assert match.features["hubness"] == pytest.approx(expected)


# --- many of one owner ---------------------------------------------------------------------------------------


def test_one_owner_takes_two_of_the_first_ten_places(tmp_path):
    texts = [Document(f"seed:big{n}", SEED, "漁港の清掃", "漁港を清掃します。", facts=Facts(owner="o1", on=TODAY))
             for n in range(12)]  # fmt: skip
    texts += [
        Document(f"seed:small{n}", SEED, "港", f"漁港の{n}番。", facts=Facts(owner=f"o{n + 2}"))
        for n in range(5)
    ]
    found = keys(
        made(tmp_path, texts).match(
            Question(NEED, "漁港の清掃", "漁港を清掃したい。", facts=Facts(on=TODAY)), limit=20
        )
    )
    assert len(found) == 17
    assert [key.startswith("seed:big") for key in found[:7]] == [True, True] + [False] * 5
    assert all(key.startswith("seed:big") for key in found[7:])


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e", "f"]), max_size=40))
def test_spreading_keeps_everyone_and_the_order_of_each_owner(owners):
    order = _spread(np.arange(len(owners)), owners)
    assert sorted(order) == list(range(len(owners)))
    for owner in set(owners):
        mine = [place for place in order if owners[place] == owner]
        assert mine == sorted(mine)
    # Whoever waits behind the tenth place while an owner has three of the ten is of an owner that has two or more.
    first, later = [owners[i] for i in order[:FIRST]], [owners[i] for i in order[FIRST:]]
    if any(owner and first.count(owner) > OF_ONE_OWNER for owner in first):
        assert all(owner and first.count(owner) >= OF_ONE_OWNER for owner in later)


def test_those_without_an_owner_are_not_spread():
    assert _spread(np.arange(6), [""] * 6) == [0, 1, 2, 3, 4, 5]
