"""The one typesetter of the house: a template and data become a PDF that an archive takes (PDF/A-2a, PDF/UA-1).

Letters of a municipality are set as PDF/A-2b, as its rules ask, and tagged all the same; many of one template at once by
`pdfs`. Templates are typst files of the product (`musubi/…/documents/*.typ`; the common look is `services/documents/paper.typ`).
Data goes to them as JSON and is set as text: no word of a person is ever read as markup, and no template reads a file
or an address. The letters come from two packages of the set-up (Noto Sans CJK JP, 44,810 characters); the machine's own
fonts are not looked at, so every machine sets the same page. See docs/adr/0006-documents-and-fonts.md.
"""

import json
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import batched
from pathlib import Path

from musubi.lib import clock
from musubi.lib.errors import Refused

ROOT = Path(__file__).resolve().parent.parent
STANDARDS = ["a-2a", "ua-1"]
LETTER_STANDARDS = ["a-2b", "ua-1"]
LONGEST_SECONDS = 120
# How many documents one child sets before it ends and gives back its memory.
AT_ONCE = 100
# The typesetter keeps what it has set for the next time, some 80 MB for a book of a hundred cases: in a process of its
# own that memory comes back, and other requests are answered meanwhile.
_CHILD = Path(__file__).with_name("typesetting_child.py")
# 下駄: what Japanese printers put where a letter is missing.
STAND_IN = "〓"
_PACKAGES = ("noto_cjk_sans_jp_regular", "noto_cjk_sans_jp_bold")


@dataclass(frozen=True)
class Unknown:
    """A character the typefaces do not have, and how often it was met."""

    character: str
    times: int

    @property
    def words(self) -> str:
        """U+1F600(GRINNING FACE): it can be named, but not shown."""
        code = f"U+{ord(self.character):04X}"
        if unicodedata.category(self.character) == "Co":
            return f"{code}(外字)"
        name = unicodedata.name(self.character, "")
        return f"{code}({name})" if name else code


class TypesettingError(Exception):
    """A template that cannot be set: a fault of the product, told in the typesetter's words."""


class UnknownCharacters(Refused):
    """The text holds characters the typefaces do not have; `unknown` lists them."""

    def __init__(self, unknown: list[Unknown]):
        self.unknown = unknown
        named = "、".join(f"「{u.character}」{u.words}" for u in unknown)
        super().__init__(
            f"書類の書体にない文字があります: {named}。ほかの文字に置き換えてから、もう一度作ってください。"
        )


def pdf(template: str, data: dict, *, standards: list[str] = STANDARDS) -> bytes:
    """The document of `template`, a path inside `musubi/`, filled with `data` (JSON-serialisable; `title` is a must).

    Raises UnknownCharacters, which names them: a letter must be right to the last kanji of a name. A document that
    must come out whatever its text holds takes `settable(data)` first. Raises Refused where it takes over two minutes.
    Call it outside any transaction.
    """
    (made,) = pdfs(template, [data], standards=standards)
    if isinstance(made, UnknownCharacters):
        raise made
    return made


def pdfs(
    template: str, many: Iterable[dict], *, standards: list[str] = STANDARDS
) -> Iterator["bytes | UnknownCharacters"]:
    """As `pdf`, for many documents of one template, in order; the error of one stands in its place, and the others are
    made. Some hundred times as fast as one by one. Raises as `pdf` does for what concerns all of them.
    """
    for batch in batched(many, AT_ONCE):
        found = [settable(data) for data in batch]
        made = iter(_set(template, [data for data, unknown in found if not unknown], standards))
        for _data, unknown in found:
            yield UnknownCharacters(unknown) if unknown else next(made)


def _set(template: str, many: list[dict], standards: list[str]) -> list[bytes]:
    """Have a child set the documents, whose characters are all known."""
    if not many:
        return []
    order = {
        "root": str(ROOT),
        "template": str(ROOT / template),
        "fonts": [str(path) for path in font_folders()],
        "standards": standards,
        "timestamp": int(clock.now().timestamp()),
        "data": many,
    }
    try:
        child = subprocess.run(
            [sys.executable, str(_CHILD)],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(
            "書類が大きすぎて、時間内に作れませんでした。範囲を分けて作るか、しばらくしてからもう一度お試しください。"
        ) from error
    if child.returncode:
        raise TypesettingError(child.stderr.decode(errors="replace"))
    # Each document stands behind its length in eight bytes.
    made, at = [], 0
    while at < len(child.stdout):
        end = at + 8 + int.from_bytes(child.stdout[at : at + 8])
        made.append(child.stdout[at + 8 : end])
        at = end
    return made


def settable(data):
    """(`data` with 〓 for each character that cannot be set, the list of those characters).

    Goes through dicts, lists and texts. What has no shape at all (control characters, byte order marks) is left out.
    """
    met: Counter[str] = Counter()
    cleaned = _settable(data, characters(), met)
    return cleaned, [Unknown(character, times) for character, times in sorted(met.items())]


def _settable(value, known: frozenset[int], met: Counter[str]):
    if isinstance(value, dict):
        return {key: _settable(item, known, met) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(item, known, met) for item in value]
    if not isinstance(value, str):
        return value
    if all(ord(character) in known for character in value):
        return value
    found = []
    for character in value.replace("\r\n", "\n"):
        if ord(character) in known or character in "\n\t" or _selects_a_variant(character):
            found.append(character)
        elif unicodedata.category(character) not in ("Cc", "Cf", "Cs"):
            met[character] += 1
            found.append(STAND_IN)
    return "".join(found)


def _selects_a_variant(character: str) -> bool:
    """A variation selector follows a kanji: where the typeface has no such variant, the kanji itself is set."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@cache
def characters() -> frozenset[int]:
    """The code points every weight of the typeface has. Read once, a third of a second."""
    from fontTools.ttLib import TTFont

    held = []
    for folder in font_folders():
        for path in folder.glob("*.otf"):
            with TTFont(path, lazy=True) as font:
                held.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*held)


def font_folders() -> list[Path]:
    """Where the set-up has put the typefaces."""
    return [Path(import_module(name).__file__).parent for name in _PACKAGES]
