"""The quick ways of the analysis give what the plain ones give: the same terms in the same order, the same entries."""

import csv
import re
from collections import Counter
from functools import lru_cache
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musubi.lib.text import normalise
from musubi.matching.engine import analysis
from musubi.matching.engine.analysis import CONTENT, DATA, Analysed, analyse, fold
from musubi.matching.engine.matcher import SEED, Document, entry
from musubi.matching.engine.model import learn, pair_ids, word_ids
from musubi.matching.engine.payload import unpack
from tests.lib.shared_data import shared

HIRAGANA = {katakana: katakana - 0x60 for katakana in range(ord("ァ"), ord("ヶ") + 1)}
RUNS = re.compile(
    "(?P<japanese>[々〆〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffffァ-ヺー-ヿ]+)"
    "|[^\\W_々〆〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffffァ-ヺー-ヿぁ-ゖゝ-ゟ]+"
)


# --- the plain ways ------------------------------------------------------------------------------------------


def plain(text: str, title: str = "") -> Analysed:
    """Each morpheme looked at by itself, each pair cut out by itself, one pattern of all synonyms."""
    words, pairs, surfaces = Counter(), Counter(), {}
    for part, times in ((title, 2), (text, 1)):
        part = fold(part)
        for word, surface in plain_words(part):
            words[word] += times
            if surface:
                surfaces.setdefault(word, surface)
        for match in RUNS.finditer(normalise(part.casefold())):
            run = match[0]
            cut = (
                [run]
                if not match["japanese"] or len(run) == 1
                else [run[i : i + 2] for i in range(len(run) - 1)]
            )
            for pair in cut:
                if not pair.isdecimal():
                    pairs[pair] += times
    return Analysed(words, pairs, surfaces)


def plain_words(text: str):
    stop = {
        word
        for line in (DATA / "stop_words.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for word in line.split()
    }
    for start in range(0, len(text), analysis.PIECE):
        for morpheme in tokenizer().tokenize(text[start : start + analysis.PIECE]):
            kind = morpheme.part_of_speech()
            word = morpheme.normalized_form().casefold().translate(HIRAGANA)
            if kind[0] not in CONTENT or kind[1] in ("数詞", "助動詞語幹") or word in stop:
                continue
            if len(word) == 1 and not re.match(r"[\u4e00-\u9fff々]", word):
                continue
            says_it = kind[0] == "名詞" and kind[2] not in ("助数詞可能", "副詞可能")
            yield word, morpheme.surface() if says_it else ""
    pattern, group = synonyms()
    for match in pattern.finditer(text.translate(HIRAGANA)):
        yield f"≈{group[match[0]]}", text[match.start() : match.end()]


@lru_cache
def tokenizer():
    """As it comes, the figures of a number joined."""
    from sudachipy import Dictionary, SplitMode

    return Dictionary(dict="core").tokenizer(mode=SplitMode.A)


@lru_cache
def synonyms():
    group = {}
    with (DATA / "synonyms.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            words = [normalise(word.casefold()) for word in row if word.strip()]
            group |= {word.translate(HIRAGANA): words[0] for word in words}
    longest_first = sorted(group, key=len, reverse=True)
    latin = "|".join(re.escape(word) for word in longest_first if word.isascii())
    other = "|".join(re.escape(word) for word in longest_first if not word.isascii())
    return re.compile(rf"(?:{other})|(?<![a-z0-9])(?:{latin})(?![a-z0-9])"), group


# --- compared ------------------------------------------------------------------------------------------------


def said(text: Analysed) -> list:
    """All of it, in its order: the order of terms decides the last bit of a weight."""
    return [list(part.items()) for part in (text.words, text.pairs, text.surfaces)]


def shared_texts() -> list[tuple[str, str]]:
    with shared("matching/rs2024_need_solution_shared.csv").open(encoding="utf-8-sig", newline="") as file:
        pairs = [(row["name"], row[name]) for row in csv.DictReader(file) for name in ("need", "solution")]
    with shared("needs/municipal_needs_shared.csv").open(encoding="utf-8-sig", newline="") as file:
        return pairs + [(row["title"], row["body"]) for row in csv.DictReader(file)]


def test_terms_of_the_shared_texts_are_those_of_the_plain_way():
    texts = shared_texts()
    assert len(texts) > 550
    for title, text in texts:
        assert said(analyse(text, title=title)) == said(plain(text, title)), title


@pytest.mark.parametrize(
    "text",
    [
        "令和6年度に1,000万円、三十二人、第2回、一千二百三十四、2.5倍、3DプリンターとAI",
        "district内のICT  教育\n\n\n(AI)・IoT DXing ＤＸ 4DX2 it人材",
        "海ゴミ、海ごみ、ウミゴミと漂着ｺﾞﾐ",
        "ヴァルカンホゲとスマートゴミ箱でコンピューターを利用",
        "A  B\tC\r\nD\u200bE か\u3099い ℂ ﷺ",
        "海" * 9_000 + "AI",
    ],
)
def test_terms_of_odd_texts_are_those_of_the_plain_way(text):
    assert said(analyse(text, title=text[:20])) == said(plain(text, text[:20]))


@given(st.text(max_size=80), st.text(alphabet="海岸ゴミごみAIictdx 1,0三十\n生成を", max_size=60))
@settings(max_examples=60, deadline=None)
def test_terms_of_any_text_are_those_of_the_plain_way(one, other):
    assert said(analyse(one + other, title=other)) == said(plain(one + other, other))


def test_what_is_known_of_a_word_by_then_changes_nothing(monkeypatch):
    texts = [text for _title, text in shared_texts()[:40]]
    met = [said(analyse(text)) for text in texts]
    monkeypatch.setattr(analysis, "_words_known", {})
    monkeypatch.setattr(analysis, "MOST_KNOWN", 0)
    assert [said(analyse(text)) for text in texts] == met
    assert analysis._words_known == {}


def test_entries_of_the_shared_texts_hold_the_plain_terms():
    texts = shared_texts()[:200]
    model = learn([(str(i), SEED, analyse(text, title=title), "") for i, (title, text) in enumerate(texts)])
    for i, (title, text) in enumerate(texts):
        terms = plain(text, title)
        made = entry(Document(f"solution:{i}", SEED, title, text), model)
        assert made.words == " ".join(word.replace(" ", "_") for word in terms.words.elements())
        assert made.pairs == " ".join(pair.replace(" ", "_") for pair in terms.pairs.elements())
        kept = unpack(made.payload)
        held = set(kept.vector.ids.tolist())
        assert held <= {*plain_numbers(b"w", terms.words), *plain_numbers(b"p", terms.pairs)}
        for word, surface in terms.surfaces.items():
            assert kept.spelling(word) == (surface if crc32(b"w" + word.encode()) in held else "")


def plain_numbers(kind: bytes, terms) -> list[int]:
    return [crc32(kind + term.encode()) for term in terms]


def test_numbers_of_terms_are_their_checksums():
    terms = ["海岸", "dx", "≈人工知能", "海岸"]
    assert word_ids(terms).tolist() == plain_numbers(b"w", terms)
    assert pair_ids(dict.fromkeys(terms)).tolist() == plain_numbers(b"p", terms[:3])
    assert word_ids([]).dtype == np.uint32
