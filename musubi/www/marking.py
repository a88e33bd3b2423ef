"""Words marked where they stand in a text, whatever width and case they are written in there."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

# Half-width voicing marks are letters of their own; they belong to the letter before.
_VOICED = "\uff9e\uff9f"


def marked(text: str, words: Iterable[str]) -> SafeString:
    """`text` as HTML, with each of `words` (as the matching engine folds them) in `<mark>`."""
    folded, places = _fold(text)
    found = {
        (places[start][0], places[end - 1][1])
        for word in words
        if word
        for start, end in _spans(folded, word)
    }
    parts, at = [], 0
    for start, end in _joined(sorted(found)):
        parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))


def marked_paragraphs(text: str, words: Iterable[str]) -> SafeString:
    """The same in paragraphs; "" for no text."""
    return mark_safe(linebreaks(marked(text, words), autoescape=False)) if text else mark_safe("")


def _fold(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text letter by letter in one spelling, and for each letter of that where it stands in the text."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _letters(text):
        letters = unicodedata.normalize("NFKC", text[start:end].casefold())
        if letters.isspace() and letters != "\n":
            letters = " " if folded[-1:] != [" "] else ""
        for letter in letters:
            if unicodedata.category(letter) != "Cf":
                folded.append(letter)
                places.append((start, end))
    return "".join(folded), places


def _letters(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not (text[end] in _VOICED or unicodedata.combining(text[end])):
            yield start, end
            start = end


def _spans(folded: str, word: str) -> Iterator[tuple[int, int]]:
    """Where a word stands; Latin words stand alone: "ict" is not in "district"."""
    pattern = re.escape(word)
    if word.isascii():
        pattern = rf"(?<![a-z0-9]){pattern}(?![a-z0-9])"
    return (match.span() for match in re.finditer(pattern, folded))


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, overlapping ones as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
