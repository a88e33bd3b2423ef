"""Japanese text as the terms it is compared by: words in their normal form, and pairs of letters.

Words (Sudachi, short units, normalised forms: 引越し and 引っ越し are one) carry the reasons; pairs of kanji and katakana
find what the dictionary cuts otherwise. Both side by side are better than either. The field's synonyms
(`data/synonyms.tsv`) count as one more word. The dictionary is loaded at the first text, once a process.
"""

import csv
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
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    surfaces: dict[str, str] = {}
    for part, times in ((title, 2), (text, 1)):
        if part := fold(part):
            for word, surface in _words(part):
                words[word] += times
                if surface:
                    surfaces.setdefault(word, surface)
            for pair, count in terms(part).items():
                pairs[pair] += times * count
    return Analysed(words, pairs, surfaces)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Changes when a text would be analysed otherwise than before: then an index has to be made anew. Of what this
    process has loaded: files that are replaced beneath it count for the next one."""
    from importlib.metadata import version

    parts = [Path(__file__).read_bytes(), version("sudachidict-core").encode()]
    parts += [(DATA / name).read_bytes() for name in ("synonyms.tsv", "stop_words.txt")]
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def _words(text: str) -> list[tuple[str, str]]:
    """(normal form, as written) of the content words of a folded text, and the synonyms it holds. What says nothing by
    itself is written as nothing."""
    stop = _stop_words()
    found = []
    # Most of a text is grammar; its kinds are few and known by number after the first of each.
    tells = _here.__dict__.setdefault("tells", {})
    for start in range(0, len(text), PIECE):
        for morpheme in _tokenizer().tokenize(text[start : start + PIECE]):
            kind = morpheme.part_of_speech_id()
            if (telling := tells.get(kind)) is None:
                telling = tells[kind] = _tells(morpheme.part_of_speech())
            tells_something, says_it = telling
            if not tells_something:
                continue
            word = morpheme.normalized_form().casefold().translate(_AS_HIRAGANA)
            if word in stop or (len(word) == 1 and not _ONE_LETTER.match(word)):
                continue
            found.append((word, morpheme.surface() if says_it else ""))
    pattern, group = _synonyms()
    for match in pattern.finditer(text.translate(_AS_HIRAGANA)):
        found.append((_MARK + group[match[0]], text[match.start() : match.end()]))
    return found


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
    from sudachipy import Dictionary

    return Dictionary(dict="core")


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    lines = (DATA / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def _synonyms() -> tuple[re.Pattern, dict[str, str]]:
    """(a pattern that finds any of the words, word → the first word of its group)."""
    group = {}
    with (DATA / "synonyms.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            words = [normalise(word.casefold()) for word in row if word.strip()]
            group.update({word.translate(_AS_HIRAGANA): words[0] for word in words})
    # Latin words stand alone: "ict" is not in "district".
    latin = _any_of([word for word in group if word.isascii()])
    other = _any_of([word for word in group if word and not word.isascii()])
    # Most letters begin no word: one look into a set tells.
    begins = "".join({re.escape(word[0]) for word in group if word}) or "^\\s\\S"
    return re.compile(rf"(?=[{begins}])(?:{other}|(?<![a-z0-9]){latin}(?![a-z0-9]))"), group


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
