"""The two files an installation may edit: what means the same, and what tells nothing."""

import unicodedata

import pytest

from musubi.lib.text import normalise
from musubi.matching.engine import analysis
from musubi.matching.engine.analysis import DATA, analyse

SYNONYMS, STOP = DATA / "synonyms.tsv", DATA / "stop_words.txt"


def groups() -> list[list[str]]:
    lines = SYNONYMS.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def as_compared(word: str) -> str:
    return normalise(word.casefold())


@pytest.mark.parametrize("path", [SYNONYMS, STOP], ids=lambda path: path.name)
def test_file_is_plain_text(path):
    data = path.read_bytes()
    text = data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert "\r" not in text
    assert text.endswith("\n")
    assert text.startswith("#")
    assert not [line for line in text.splitlines() if line != line.strip()]
    assert text == unicodedata.normalize("NFC", text)


def test_synonyms_are_tab_separated_words():
    for group in groups():
        assert len(group) >= 2, group
        for word in group:
            assert word == word.strip() != "", group
            assert not set(" 、,\u3000\uff0c") & set(word), group


def test_synonym_is_in_one_group_once():
    seen: dict[str, list[str]] = {}
    for group in groups():
        for word in group:
            assert as_compared(word) not in seen, f"{word}: {group} / {seen[as_compared(word)]}"
            seen[as_compared(word)] = group


def test_synonym_has_two_letters_or_more():
    assert not [word for group in groups() for word in group if len(as_compared(word)) < 2]


def test_first_word_names_its_group():
    for group in groups():
        for word in group:
            assert f"≈{as_compared(group[0])}" in analyse(word).words, word


def test_synonym_stands_in_no_word_of_another_group_without_being_overruled():
    """A word within a longer one of another group does not count there: only the longer one does."""
    for group in groups():
        for word in group:
            stood_for = {term for term in analyse(f"、{word}、").words if analysis.is_synonym(term)}
            assert stood_for == {f"≈{as_compared(group[0])}"}, word


def test_words_that_tell_nothing_are_listed_once():
    lines = STOP.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    assert len(words) == len(set(words))
    assert not [word for word in words if word != as_compared(word)]


def test_words_that_tell_nothing_name_no_group():
    stop = analysis._stop_words()
    assert not [word for group in groups() for word in group if as_compared(word) in stop]
