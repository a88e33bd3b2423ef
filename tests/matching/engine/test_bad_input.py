"""Whatever is pasted in: an answer or none, in bounded time, and never an error."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musubi.matching.engine.matcher import NEED, SEED, Document, Question
from musubi.matching.engine.payload import Facts
from tests.matching.engine.corpus import NEEDS, SEEDS, TOWN, keys, made

SECONDS = 3
# Lone surrogates too.
LETTERS = st.characters(exclude_categories=())


def pdf(letters: int) -> str:
    """What is left of a PDF that was read as text."""
    chance = random.Random(14)
    noise = "".join(chr(chance.randrange(0x110000)) for _ in range(letters))
    return f"%PDF-1.7\n%âãÏÓ\n1 0 obj\n<</Type/Catalog>>\nstream\n{noise}\nendstream\nendobj\n%%EOF"


BAD = {
    "nothing": "",
    "blanks": " \t\r\n\u3000" * 100,
    "a page of blanks": "\u3000" * 100_000,
    "one kanji": "海",
    "one kana": "あ",
    "one Latin letter": "a",
    "100,000 letters": "砂浜の漂着ごみを回収する。" * 7_700,
    "100,000 letters without an end": "海岸漂着物回収" * 14_300,
    "one kanji again and again": "海" * 100_000,
    "one kana again and again": "あ" * 100_000,
    "one katakana again and again": "ア" * 100_000,
    "one Latin word without an end": "a" * 100_000,
    "one number without an end": "1" * 100_000,
    "long vowels": "ー" * 100_000,
    "lines": "\n" * 100_000,
    "emoji": "😀🎉👨‍👩‍👧‍👦🇯🇵👍🏽" * 50,
    "Latin": "We are looking for someone to clean our beaches.",
    "accents": "Ça dépend: où, naïve, ÅÄÖ, straße, İstanbul",
    "Arabic": "نبحث عن من ينظف الشواطئ",
    "Hebrew": "אנחנו מחפשים מישהו שינקה את החופים",
    "turned round": "\u202e砂浜の漂着ごみ\u202c\u2066\u2069",
    "Hangul": "해변을 청소할 사람을 찾습니다",
    "null bytes": "砂浜\0の\0漂着ごみ",
    "null bytes only": "\0" * 1_000,
    "control letters": "".join(map(chr, range(32))) * 10,
    "lone surrogates": "砂浜の\ud83d漂着\udc00ごみ",
    "lone surrogates only": "\ud800\udfff" * 100,
    "letters of no meaning": "\ue000\uf8ff\uffff\U0010ffff" * 100,
    "letters beyond the first plane": "𠮷野家の𩸽" * 1_000,
    "letters that unfold": "\ufdfa㍿㌖ﬃ" * 5_000,
    "marks upon marks": "a" + "\u0301" * 50_000,
    "voiced marks apart": "か\u3099" * 20_000,
    "variants": "葛\U000e0100" * 5_000,
    "a PDF": pdf(100_000),
    "SQL": "'; DROP TABLE challenges; -- \" OR 1=1",
    "HTML": "<script>alert('砂浜')</script><img src=x onerror=alert(1)>&lt;b&gt;",
    "a query": 'words:砂浜 AND NOT (漂着^3 OR "ごみ") +* /.*/ [a TO z] \\',
    "template": "{{ 砂浜 }} {% if %} ${漂着} %s %(x)s {0}",
    "tabs and lines": "砂浜\tの\n漂着\r\nごみ",
    "the mark of synonyms": "≈脱炭素 ≈≈",
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return made(tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_question_of_any_text_is_answered(town, text):
    for question in (Question(NEED, "", text), Question(SEED, text, ""), Question(SEED, text, text)):
        begun = time.perf_counter()
        found = town.match(question, marks=[SEED])
        assert time.perf_counter() - begun < SECONDS
        assert set(keys(found)) <= set(SEEDS)
        for match in found:
            for one in match.shared:
                # What is shown can be written into a page.
                f"{one.here}{one.there}{one.word}".encode()


@pytest.mark.parametrize(
    "name",
    [
        "100,000 letters",
        "turned round",
        "null bytes",
        "lone surrogates",
        "HTML",
        "a query",
        "template",
        "tabs and lines",
    ],
)
def test_what_can_be_understood_of_it_is_answered(town, name):
    assert keys(town.match(Question(NEED, "", BAD[name]), marks=[SEED]))[0] == "seed:boat"


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "blanks",
        "one kana",
        "one Latin letter",
        "lines",
        "emoji",
        "null bytes only",
        "lone surrogates only",
    ],
)
def test_what_says_nothing_has_no_answer(town, name):
    assert town.match(Question(NEED, BAD[name], BAD[name])) == []


def test_title_of_ten_thousand_letters_is_answered(town):
    title = "砂浜の漂着ごみ" * 1_500
    begun = time.perf_counter()
    assert keys(town.match(Question(NEED, title, ""), marks=[SEED]))[0] == "seed:boat"
    assert time.perf_counter() - begun < SECONDS


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """An index that holds all of it, and how many seconds that took."""
    bad = []
    for number, text in enumerate(BAD.values()):
        facts = Facts(owner=text[:50], regions=frozenset({text[:9]}), fields=frozenset({text[:5]}))
        bad += [
            Document(f"seed:title{number}", SEED, text, ""),
            Document(f"seed:text{number}", SEED, "", text),
            Document(f"seed:both{number}", SEED, text, text, facts=facts),
        ]
    begun = time.perf_counter()
    full = made(tmp_path_factory.mktemp("full"), [*TOWN, *bad], helpers=0)
    return full, {document.key for document in bad}, time.perf_counter() - begun


def test_documents_of_any_text_can_be_in_the_index(full):
    full, bad, seconds = full
    assert seconds < SECONDS * len(BAD) / 2
    assert full.reader.keys() == {document.key for document in TOWN} | bad


@pytest.mark.parametrize(("number", "text"), list(enumerate(BAD.values())), ids=BAD)
def test_text_finds_itself_where_it_says_anything(full, number, text):
    full, *_ = full
    if found := keys(full.match(Question(NEED, text, text), limit=60, marks=[SEED])):
        assert {f"seed:title{number}", f"seed:text{number}", f"seed:both{number}"} & set(found)


def test_others_are_found_beside_it(full):
    full, bad, _seconds = full
    for need, seed in (
        ("need:house", "seed:reform"),
        ("need:elders", "seed:sensor"),
        ("need:bus", "seed:taxi"),
    ):
        assert keys(full.match(Question(NEED, *NEEDS[need], key=need), marks=[SEED], without=bad))[0] == seed


@pytest.mark.parametrize(
    "name",
    ["nothing", "blanks", "one kanji", "emoji", "one number without an end", "lone surrogates only", "a PDF"],
)
def test_index_of_nothing_else_can_be_made(tmp_path, name):
    text = BAD[name]
    town = made(tmp_path, [Document("seed:1", SEED, text, text), Document("need:1", NEED, "", text)])
    assert set(keys(town.match(Question(NEED, text, text)))) <= {"seed:1", "need:1"}


@given(st.text(LETTERS, max_size=300), st.text(LETTERS, max_size=50))
@settings(max_examples=100)
def test_any_text_at_all_is_answered(town, text, title):
    for match in town.match(Question(SEED, title, text)):
        assert match.key in {document.key for document in TOWN}
        assert match.score == match.score


@given(st.lists(st.tuples(st.text(LETTERS, max_size=40), st.text(LETTERS, max_size=80)), max_size=6))
@settings(max_examples=20)
def test_any_texts_at_all_make_an_index(tmp_path_factory, texts):
    documents = [Document(f"seed:{n}", SEED, title, text) for n, (title, text) in enumerate(texts)]
    town = made(tmp_path_factory.mktemp("any"), documents)
    assert town.reader.keys() == {document.key for document in documents}
    for document in documents:
        assert len(town.match(Question(NEED, document.title, document.text))) <= len(documents)
