"""Japanese text as the terms it is compared by: words in their normal form, and pairs of letters.

Words (Sudachi, short units, normalised forms: 引越し and 引っ越し are one) carry the reasons; pairs of kanji and katakana
find what the dictionary cuts otherwise. Both side by side are better than either. The field's synonyms
(`data/synonyms.tsv`) count as one more word. The dictionary is loaded at the first text, once a process.
"""

import csv
import json
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from musubi.lib.text import normalise, terms

DATA = Path(__file__).parent.parent / "data"
# Whatever is pasted in (a whole PDF), the time stays bounded; what a text is about is said in its first pages.
LONGEST = 8_000
# One letter can become eighteen in NFKC, and a page may begin with blanks: more is read than is looked at.
READ = 3 * LONGEST
# Sudachi takes 49,149 bytes at once.
PIECE = 4_000
CONTENT = {"名詞", "動詞", "形容詞", "形状詞", "副詞", "接頭辞", "接尾辞"}
_ONE_LETTER = re.compile(r"[\u4e00-\u9fff々]")
_MARK = "≈"
# ゴミ and ごみ are one word, but two in the dictionary.
_AS_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(ord("ァ"), ord("ヶ") + 1)}
_KATAKANA = re.compile("[ァ-ヶ]+")
# Entries of the dictionary that were met, as `_word` gives them: a text says few words again and again. What is in no
# dictionary has a number that says no more than its part of speech.
MOST_KNOWN = 100_000
_NOT_IN_DICTIONARY = 0xF000_0000
_words_known: dict[int, tuple[str, bool]] = {}

_here = threading.local()
_loading = threading.Lock()


@dataclass(frozen=True)
class Analysed:
    """The terms of a text. `words` and `pairs`: term → how often; `surfaces`: word → as it is written there, of those
    words that say something by themselves: nouns and synonyms, not verbs and counters (「分」, 「知っ」)."""

    words: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    surfaces: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.words or self.pairs)


def fold(text: str) -> str:
    """The part of a text that is looked at, in one spelling: NFKC, small letters, nothing invisible."""
    return normalise(text[:READ].casefold())[:LONGEST]


def analyse(text: str, *, title: str = "") -> Analysed:
    """The terms of a text; those of its title count twice."""
    title, text = fold(title), fold(text)
    surfaces: dict[str, str] = {}
    words = Counter(2 * _words(title, surfaces))
    words.update(_words(text, surfaces))
    return Analysed(words, terms(title, title, text), surfaces)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Changes when a text would be analysed otherwise than before: then an index has to be made anew. Of what this
    process has loaded: files that are replaced beneath it count for the next one."""
    from importlib.metadata import version

    parts = [Path(__file__).read_bytes(), version("sudachidict-core").encode()]
    parts += [(DATA / name).read_bytes() for name in ("synonyms.tsv", "stop_words.txt")]
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def _words(text: str, surfaces: dict[str, str]) -> list[str]:
    """The content words of a folded text in their normal form, and the synonyms it holds. How those are written that say
    something by themselves is added to `surfaces` where it is not known yet."""
    found = []
    for start in range(0, len(text), PIECE):
        for morpheme in _tokenizer().tokenize(text[start : start + PIECE]):
            entry = morpheme.word_id()
            if (known := _words_known.get(entry)) is None:
                known = _word(morpheme)
                if entry < _NOT_IN_DICTIONARY and len(_words_known) < MOST_KNOWN:
                    _words_known[entry] = known
            word, says_it = known
            if word:
                found.append(word)
                if says_it and word not in surfaces:
                    surfaces[word] = morpheme.surface()
    ways, group = _synonyms()
    as_hiragana, end = _KATAKANA.sub(_in_hiragana, text), 0
    for place, letter in enumerate(as_hiragana):
        if letter in ways and place >= end and (match := ways[letter].match(as_hiragana, place)):
            end = match.end()
            found.append(word := _MARK + group[match[0]])
            surfaces.setdefault(word, text[place:end])
    return found


def _word(morpheme) -> tuple[str, bool]:
    """(normal form, empty for what tells nothing; whether it says something by itself)."""
    tells_something, says_it = _tells(morpheme.part_of_speech())
    if not tells_something:
        return "", False
    word = morpheme.normalized_form().casefold().translate(_AS_HIRAGANA)
    if word in _stop_words() or (len(word) == 1 and not _ONE_LETTER.match(word)):
        return "", False
    return word, says_it


def _in_hiragana(match: re.Match) -> str:
    return match[0].translate(_AS_HIRAGANA)


def _tells(kind: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether words of a part of speech say what a text is about, and whether one alone says it to a reader."""
    tells = kind[0] in CONTENT and kind[1] not in ("数詞", "助動詞語幹")
    return tells, tells and kind[0] == "名詞" and kind[2] not in ("助数詞可能", "副詞可能")


def is_synonym(word: str) -> bool:
    """Whether a word of `Analysed.words` stands for a group of synonyms."""
    return word.startswith(_MARK)


def _tokenizer():
    """One a thread: a tokenizer cannot be used by two at once."""
    if not hasattr(_here, "tokenizer"):
        from sudachipy import SplitMode

        _here.tokenizer = _dictionary().tokenizer(mode=SplitMode.A)
    return _here.tokenizer


def _dictionary():
    with _loading:
        return _load_dictionary()


@lru_cache(maxsize=1)
def _load_dictionary():
    from importlib.resources import files

    from sudachipy import Dictionary

    settings = json.loads((files("sudachipy") / "resources" / "sudachi.json").read_text(encoding="utf-8"))
    # Joining the figures of a number takes a fifth of the time, and numbers tell nothing here.
    settings["pathRewritePlugin"] = [
        plugin
        for plugin in settings["pathRewritePlugin"]
        if not plugin["class"].endswith(".JoinNumericPlugin")
    ]
    return Dictionary(config=json.dumps(settings), dict="core")


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    lines = (DATA / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def _synonyms() -> tuple[dict[str, re.Pattern], dict[str, str]]:
    """(first letter → a pattern of the words that begin with it, word → the first word of its group)."""
    group = {}
    with (DATA / "synonyms.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            words = [normalise(word.casefold()) for word in row if word.strip()]
            group.update({word.translate(_AS_HIRAGANA): words[0] for word in words})
    begun: dict[str, list[str]] = {}
    for word in filter(None, group):
        begun.setdefault(word[0], []).append(word)
    ways = {}
    for letter, words in begun.items():
        # Latin words stand alone: "ict" is not in "district".
        latin = _any_of([word for word in words if word.isascii()])
        other = _any_of([word for word in words if not word.isascii()])
        ways[letter] = re.compile(rf"{other}|(?<![a-z0-9]){latin}(?![a-z0-9])")
    return ways, group


def _any_of(words: Sequence[str]) -> str:
    """A pattern that finds the longest of the words that begin at a place; those of one beginning are tried together."""
    if not any(words):
        return "" if words else r"(?!)"
    tails: dict[str, list[str]] = {}
    for word in words:
        if word:
            tails.setdefault(word[0], []).append(word[1:])
    begun = "|".join(re.escape(letter) + _any_of(rest) for letter, rest in tails.items())
    return f"(?:{begun})?" if "" in words else f"(?:{begun})"
