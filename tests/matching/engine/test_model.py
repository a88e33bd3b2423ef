"""What is learned of the own corpus."""

import numpy as np
import pytest

from musubi.matching.engine.analysis import analyse
from musubi.matching.engine.model import (
    LEAST_FOR_TOPICS,
    MOST_TERMS,
    SAMPLE,
    TOPICS,
    USUAL,
    Model,
    Sample,
    Vector,
    learn,
    pair_id,
    word_id,
)
from tests.matching.engine.corpus import TOWN

THINGS = ["海岸", "空き家", "学校", "公園", "農地", "路線", "図書館", "病院", "商店", "河川"]
ACTS = ["清掃", "改修", "見学", "点検", "耕作", "運行", "貸出", "診療", "開店", "測量"]
WAYS = ["小型船", "足場", "双眼鏡", "懐中電灯", "耕運機", "時刻表", "目録", "聴診器", "看板", "望遠鏡"]


def learned(texts: list[tuple[str, str]], *, embed=None) -> Model:
    """A model of (kind, text)."""
    return learn(
        [(f"{kind}:{number}", kind, analyse(text), text) for number, (kind, text) in enumerate(texts)],
        embed=embed,
    )


def town() -> Model:
    return learn([(one.key, one.side, analyse(one.text, title=one.title), one.text) for one in TOWN])


def many(count: int = 200) -> list[tuple[str, str]]:
    """Texts of ten themes: a thing with the acts that go with it."""
    return [
        (
            "need" if number % 2 else "seed",
            f"{THINGS[number % 10]}の{ACTS[number % 10]}を{WAYS[number % 10]}で{number}回する",
        )
        for number in range(count)
    ]


def terms(*words: str) -> np.ndarray:
    return np.array([word_id(word) for word in words], np.uint32)


# --- rarity --------------------------------------------------------------------------------------------------


def test_rarity_is_one_for_what_all_hold_and_more_for_what_few_hold():
    model = learned(
        [("need", "海岸の清掃"), ("need", "海岸の点検"), ("need", "海岸の測量"), ("need", "海岸の清掃")]
    )
    everywhere, half, once, never = model.rarity(terms("海岸", "清掃", "点検", "空き家")).tolist()
    assert everywhere == pytest.approx(1)
    assert half == pytest.approx(np.log(5 / 3) + 1)
    # What one document alone holds is as rare as what none does.
    assert once == never == pytest.approx(np.log(5) + 1)


def test_rarity_counts_documents_not_mentions():
    model = learned([("need", "海岸と海岸と海岸"), ("need", "公園と公園"), ("need", "公園")])
    coast, park = model.rarity(terms("海岸", "公園")).tolist()
    assert coast > park


def test_model_without_documents_finds_everything_equally_rare():
    model = learn([])
    assert model.rarity(terms("海岸", "清掃")).tolist() == [1, 1]
    assert model.vector(analyse("海岸の清掃")).topics.size == 0
    assert model.hubness(model.vector(analyse("海岸の清掃")), "need") == pytest.approx(USUAL, abs=0.01)


# --- vectors -------------------------------------------------------------------------------------------------


def test_vector_holds_words_and_pairs_each_of_length_one():
    vector = town().vector(analyse("砂浜に流れ着く漂着ごみを回収する"))
    words = terms(*analyse("砂浜に流れ着く漂着ごみを回収する").words)
    of_words = np.isin(vector.ids, words)
    assert np.sum(vector.weights[of_words] ** 2) == pytest.approx(1, abs=1e-5)
    assert np.sum(vector.weights[~of_words] ** 2) == pytest.approx(1, abs=1e-5)
    assert np.all(np.diff(vector.ids.astype(np.int64)) > 0)


def test_vector_of_a_long_text_keeps_its_heaviest_terms():
    text = analyse("、".join(f"{a}{b}" for a in THINGS for b in ACTS for _ in "ab") + "海" * 300)
    vector = town().vector(text)
    assert len(vector.ids) <= 2 * MOST_TERMS
    assert pair_id("海海") in vector.ids


def test_vector_of_nothing_is_empty():
    vector = town().vector(analyse(""))
    assert [len(part) for part in (vector.ids, vector.weights, vector.topics, vector.dense)] == [0, 0, 0, 0]


def test_word_and_pair_of_the_same_letters_are_two_terms():
    assert word_id("海岸") != pair_id("海岸")


# --- topics --------------------------------------------------------------------------------------------------


def test_topics_bring_words_together_that_go_together():
    model = learned(many())
    assert len(model.topics) == len(model.ids)
    assert 8 <= model.topics.shape[1] <= 12
    coast, cleaning, books = (model.vector(analyse(text)).topics for text in ("海岸", "清掃", "図書館の貸出"))
    assert coast @ cleaning > 0.9
    assert abs(coast @ books) < 0.2
    assert np.sqrt(coast @ coast) == pytest.approx(1, abs=1e-3)


def test_topics_are_bounded_in_number():
    texts = [("need", f"{THINGS[a]}の{ACTS[b]}を{WAYS[c]}で") for a in range(10) for b in range(10)
             for c in range(10)]  # fmt: skip
    assert 10 < learned(texts).topics.shape[1] <= TOPICS


def test_same_corpus_makes_the_same_topics():
    # Themes of different weight: of equal ones the order is nobody's.
    texts = [text for number, text in enumerate(many(400)) if number % 97 < 30 + 6 * (number % 10)]
    assert learned(texts).topics == pytest.approx(learned(texts).topics, abs=1e-3)


def test_topics_are_not_learned_from_a_handful():
    assert learned(many(LEAST_FOR_TOPICS - 1)).topics.size == 0


def test_text_of_unknown_words_has_no_place_among_the_topics():
    model = learned(many())
    assert not model.vector(analyse("鯨")).topics.any()


def test_corpus_whose_topics_cannot_be_computed_does_without(monkeypatch):
    from scipy.sparse import linalg

    def fail(*_given, **_named):
        raise linalg.ArpackNoConvergence("no", [], [])

    monkeypatch.setattr(linalg, "svds", fail)
    model = learned(many())
    assert model.topics.size == 0
    assert model.vector(analyse("海岸の清掃")).topics.size == 0


def test_texts_that_are_all_the_same_can_be_learned():
    model = learned([("need", "海岸の清掃")] * 100)
    assert np.isfinite(model.vector(analyse("海岸の清掃")).topics).all()


# --- hubness -------------------------------------------------------------------------------------------------


def test_what_is_like_everything_has_more_hubness_than_what_is_like_one():
    model = learned([("need", f"{thing}の清掃") for thing in THINGS] + [("need", "鯨の観察")])
    everybody = model.hubness(model.vector(analyse("清掃を請け負う")), "need")
    one = model.hubness(model.vector(analyse("鯨の専門家")), "need")
    nobody = model.hubness(model.vector(analyse("俳句")), "need")
    assert everybody > nobody
    assert one > nobody


def test_hubness_leaves_out_the_document_itself():
    model = town()
    vector = model.vector(
        analyse("砂浜に流れ着く漂着ごみが増え、回収する人手が足りない。", title="海岸のごみ")
    )
    assert model.hubness(vector, "need") > 1
    assert model.hubness(vector, "need", key="need:beach") < 0.5
    assert model.hubness(vector, "need", key="need:gone") == model.hubness(vector, "need")


def test_hubness_against_a_kind_nobody_has_is_the_usual():
    model = town()
    assert model.hubness(model.vector(analyse("海岸")), "course") == pytest.approx(USUAL)


def test_hubness_of_a_small_sample_stays_near_the_usual():
    text = analyse("砂浜の漂着ごみ")
    few = learned([("need", "砂浜の漂着ごみ")])
    several = learned([("need", "砂浜の漂着ごみ")] * 40)
    assert USUAL < few.hubness(few.vector(text), "need") < several.hubness(several.vector(text), "need")


def test_sample_of_a_large_corpus_is_even():
    model = learned(many(3 * SAMPLE))
    rows = [int(key.partition(":")[2]) for key in model.samples["need"].keys]
    assert len(rows) == SAMPLE
    assert rows == sorted(set(rows))
    assert rows[0] == 1
    assert rows[-1] > 3 * SAMPLE - 8


def test_sample_of_texts_without_terms_is_like_nothing():
    model = learned([("need", ""), ("need", "。")])
    assert model.samples["need"].likeness(model.vector(analyse("海岸"))).tolist() == [0, 0]


def test_likeness_of_a_sample_is_what_two_cosines_make():
    one, other = (
        Vector(np.array(ids, np.uint32), np.array(weights, np.float32), np.zeros(0), np.zeros(0))
        for ids, weights in (([1, 5, 9], [0.6, 0.8, 1]), ([2, 5], [1, 1]))
    )
    sample = Sample.of(["a", "b"], [one, other])
    asked = Vector(
        np.array([1, 5, 7], np.uint32), np.array([0.5, 0.25, 1], np.float32), np.zeros(0), np.zeros(0)
    )
    assert sample.likeness(asked).tolist() == pytest.approx([0.6 * 0.5 + 0.8 * 0.25, 0.25])


# --- on disk -------------------------------------------------------------------------------------------------


def test_model_is_the_same_after_it_was_kept(tmp_path):
    model = learned(many())
    model.save(tmp_path / "model.npz")
    kept = Model.load(tmp_path / "model.npz")
    assert kept.documents == model.documents
    assert set(kept.samples) == {"need", "seed"}
    for name in ("ids", "seen", "topics"):
        assert np.array_equal(getattr(kept, name), getattr(model, name))
    for kind, sample in model.samples.items():
        assert kept.samples[kind].keys == sample.keys
    vector = model.vector(analyse("海岸の清掃"))
    same = kept.vector(analyse("海岸の清掃"))
    assert np.array_equal(vector.topics, same.topics)
    assert kept.hubness(same, "seed") == model.hubness(vector, "seed")


def test_model_learned_with_another_dense_model_is_not_read(tmp_path):
    class Embed:
        name = "one"

        def __call__(self, texts):
            return np.ones((len(texts), 4), np.float32) / 2

    learned([("need", "海岸")], embed=Embed()).save(tmp_path / "model.npz")
    other = Embed()
    other.name = "other"
    assert Model.load(tmp_path / "model.npz", embed=Embed()).samples["need"].dense.shape == (1, 4)
    for embed in (other, None):
        with pytest.raises(ValueError, match="another dense model"):
            Model.load(tmp_path / "model.npz", embed=embed)


def test_dense_model_is_asked_for_the_sample_alone():
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.ones((len(texts), 2), np.float32)

    learned(many(3 * SAMPLE), embed=embed)
    assert len(asked) == 2 * SAMPLE
