"""What a text is compared by."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.matching.engine import analysis
from musubi.matching.engine.analysis import LONGEST, analyse, fingerprint, fold, is_synonym

DIGITAL, AI = "≈デジタル化", "≈人工知能"


def words(text: str) -> set[str]:
    """The words of a text, without the synonyms it stands for."""
    return {word for word in analyse(text).words if not is_synonym(word)}


def synonyms(text: str) -> set[str]:
    return {word for word in analyse(text).words if is_synonym(word)}


# --- spelling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ﾄﾞﾛｰﾝで測量", "ドローンで測量"),
        ("ＩＣＴ教育", "ict教育"),
        ("ゴミの回収", "ごみの回収"),
        ("クマの出没", "くまの出没"),
        ("㈱みなと", "(株)みなと"),
        ("引越しの手続", "引っ越しの手続"),
        ("子供の居場所", "子どもの居場所"),
        ("附属の設備", "付属の設備"),
        ("コンピューターの利用", "コンピュータの利用"),
        ("見守\u200bり", "見守り"),
        ("か\u3099いこく人", "がいこく人"),
    ],
)
def test_words_written_in_two_ways_are_one(one, other):
    assert words(one) == words(other) != set()


def test_words_are_the_normal_forms_of_what_tells_something():
    found = analyse("引越しで出た粗大ごみを、早く無料で運んでいます。")
    assert set(found.words) == {"引っ越し", "出る", "粗大", "ごみ", "早い", "無料", "運ぶ"}


def test_words_remember_how_they_are_written_here():
    found = analyse("引越しの手伝い")
    assert found.surfaces == {"引っ越し": "引越し", "手伝い": "手伝い"}


def test_word_said_three_times_counts_three_times():
    assert analyse("漁港と漁港と漁港").words["漁港"] == 3


def test_words_and_pairs_of_the_title_count_twice():
    found = analyse("漁港の清掃", title="漁港")
    assert (found.words["漁港"], found.words["清掃"]) == (3, 1)
    assert (found.pairs["漁港"], found.pairs["清掃"]) == (3, 1)


@pytest.mark.parametrize("text", ["2024年12月に３件", "第１回", "1,000円", "三十"])
def test_numbers_tell_nothing(text):
    assert not {word for word in words(text) if any(c.isdecimal() or c in "一二三十" for c in word)}
    assert not [pair for pair in analyse(text).pairs if pair.isdecimal()]


def test_grammar_and_what_every_municipal_text_holds_tells_nothing():
    assert words("これらの事業について、それぞれ必要なことなどを行うものとする。") == {"事業", "必要"}
    assert words("令和6年度においては、そのようなことにより、引き続き図るものとする。") == set()


def test_single_letters_count_where_they_are_kanji():
    assert words("海と森") == {"海", "森"}
    assert words("あ い A b ア") == set()


def test_pairs_are_of_kanji_and_katakana_without_grammar():
    assert dict(analyse("海岸清掃をデジタルで").pairs) == {
        "海岸": 1, "岸清": 1, "清掃": 1, "デジ": 1, "ジタ": 1, "タル": 1,
    }  # fmt: skip


# --- synonyms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["デジタル化を進める", "庁内のDX", "ＤＸ推進", "dxの相談", "ICTを使う"])
def test_synonyms_stand_for_their_group(text):
    assert DIGITAL in synonyms(text)


@pytest.mark.parametrize("text", ["district", "DXing", "addiction", "predict", "4DX2"])
def test_latin_synonyms_stand_alone(text):
    assert DIGITAL not in synonyms(text)


@pytest.mark.parametrize("text", ["AIで判定", "生成AIの導入", "AI・IoT", "(AI)", "最新AI技術", "人工知能"])
def test_latin_synonyms_stand_beside_japanese(text):
    assert AI in synonyms(text)


def test_latin_synonym_is_not_found_within_other_words():
    assert synonyms("AIR CHAIN maid") == set()


def test_synonym_is_found_in_hiragana_and_katakana():
    assert synonyms("海ゴミ") == synonyms("うみの海ごみ") == {"≈海洋ごみ"}
    assert analyse("海ゴミの回収").surfaces["≈海洋ごみ"] == "海ゴミ"


def test_of_synonyms_within_each_other_the_longest_counts():
    found = analyse("生成AI")
    assert found.words[AI] == 1
    assert found.surfaces[AI] == "生成ai"


# --- any text ------------------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_analysis_takes_any_text(text):
    found = analyse(text, title=text[:20])
    assert set(found.surfaces) <= set(found.words)
    assert min([*found.words.values(), *found.pairs.values()], default=1) >= 1
    # Terms go into the index with spaces between, and into the payload as lines with a tab.
    assert not [term for term in (*found.words, *found.pairs) if "\n" in term or "\t" in term or not term]
    assert not [term for term in found.surfaces.values() if "\n" in term or "\t" in term]
    # What is found can be written to a file, whatever came in.
    " ".join([*found.words, *found.pairs, *found.surfaces.values()]).encode()


@given(st.text(alphabet=st.characters(categories=("Cs", "Cc", "Cf", "Lo")), max_size=60))
def test_what_cannot_be_seen_is_not_in_the_folded_text(text):
    fold(text).encode()
    assert "\0" not in fold(text)
    assert fold(fold(text)) == fold(text)


def test_folded_text_is_never_longer_than_what_is_looked_at():
    assert len(fold("\ufdfa" * 100_000)) <= LONGEST
    assert len(fold("海" * 100_000)) == LONGEST


def test_text_after_a_page_of_blanks_is_read():
    assert "漁港" in analyse("\u3000" * LONGEST + "漁港の清掃").words


def test_what_is_read_of_a_long_text_is_its_beginning():
    text = "海岸" * (LONGEST // 2) + "空き家"
    assert set(analyse(text).pairs) == {"海岸", "岸海"}


def test_nothing_comes_of_nothing():
    for text in ("", " ", "。、!?", "\0", "\ud800", "ことなど"):
        assert not analyse(text)


# --- many at once ---------------------------------------------------------------------------------------------


def test_eight_threads_analyse_at_once():
    texts = [f"{place}の{thing}を{act}する" for place in ("海岸", "空き家", "学校", "公園")
             for thing in ("ごみ", "センサー", "高齢者", "情報") for act in ("回収", "活用", "点検", "発信")]  # fmt: skip
    alone = [analyse(text) for text in texts]
    begin = threading.Barrier(8)

    def work(_number):
        begin.wait()
        return [analyse(text) for text in texts]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [alone] * 8


def test_fingerprint_changes_with_the_synonyms(tmp_path, monkeypatch):
    for name in ("synonyms.tsv", "stop_words.txt"):
        (tmp_path / name).write_bytes((analysis.DATA / name).read_bytes())
    before = fingerprint()
    monkeypatch.setattr(analysis, "DATA", tmp_path)
    # A process keeps to what it has loaded: each of these stands for a new one.
    fingerprint.cache_clear()
    assert fingerprint() == before
    with (tmp_path / "synonyms.tsv").open("a") as file:
        file.write("町会\t隣組\n")
    fingerprint.cache_clear()
    assert fingerprint() != before
    fingerprint.cache_clear()


def test_only_what_says_something_alone_can_be_told_as_a_reason():
    text = analyse("10分歩いて知った道を、現在3人で清掃し、脱炭素を進める")
    assert {"知る", "分", "人", "現在"} & set(text.surfaces) == set()
    assert {"道", "清掃"} <= set(text.surfaces)
    assert any(word.startswith("≈") for word in text.surfaces)
    # They are counted all the same.
    assert text.words["知る"] == 1
