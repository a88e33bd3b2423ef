"""Comparing two texts, and saying in words what they share."""

import re
from collections import Counter
from functools import lru_cache

from musubi.lib.text import normalise, terms
from musubi.matching.index import cut

K1, B, USUAL_LENGTH = 1.2, 0.5, 120
_RUN = re.compile(r"[一-鿿々〆ァ-ヺー]{2,}|[a-z][a-z0-9.+-]+")
# Words every municipal text holds: sharing them says nothing.
_EMPTY = {"課題", "事業", "提案", "内容", "必要", "現在", "実施", "市民", "地域", "取組", "対応", "活用", "支援", "推進", "団体", "企業",
          "職員", "状況", "方法", "目的", "連携", "検討", "可能", "向上", "促進", "市内", "区内", "町内", "自治体", "担当"}  # fmt: skip


@lru_cache(maxsize=20_000)
def terms_of(text: str) -> Counter:
    """As `lib.text.terms`, remembered: the same proposals and challenges are compared again and again."""
    return terms(cut(text))


def score(query: dict[str, float], document: Counter) -> float:
    """BM25 of a document for weighted query terms; the weights carry the rarity."""
    length = document.total() or 1
    found = 0.0
    for term, weight in query.items():
        if count := document.get(term, 0):
            found += weight * count * (K1 + 1) / (count + K1 * (1 - B + B * length / USUAL_LENGTH))
    return found


def likeness(query: dict[str, float], document: Counter) -> float:
    """The share of a query's weight that a document holds, 0 to 1."""
    total = sum(query.values())
    return sum(weight for term, weight in query.items() if term in document) / total if total else 0.0


def shared_words(one: str, other: str, *, limit: int = 4) -> list[str]:
    """The longest words (runs of kanji, katakana or letters) that both texts hold, as reasons to show."""
    haystack = normalise(cut(other).casefold())
    found: dict[str, None] = {}
    for run in dict.fromkeys(_RUN.findall(normalise(cut(one).casefold()))):
        word = _longest_common(run, haystack)
        if word and word not in _EMPTY:
            found[word] = None
        if len(found) >= 60:
            break
    words = sorted(found, key=lambda word: -len(word))
    kept: list[str] = []
    for word in words:
        if not any(word in longer for longer in kept):
            kept.append(word)
    return kept[:limit]


def _longest_common(run: str, haystack: str) -> str:
    if run.isascii():
        return run if re.search(rf"(?<![a-z0-9]){re.escape(run)}(?![a-z0-9])", haystack) else ""
    run = run[:20]
    for length in range(len(run), 1, -1):
        for start in range(len(run) - length + 1):
            part = run[start : start + length]
            if part in haystack and part not in _EMPTY:
                return part
    return ""
