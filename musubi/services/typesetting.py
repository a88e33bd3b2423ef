"""The one typesetter of the house: a template and data become a PDF that an archive takes (PDF/A-2a, PDF/UA-1).

Templates are typst files of the product (`musubi/…/documents/*.typ`; the common look is `services/documents/paper.typ`).
Data goes to them as JSON and is set as text: no word of a person is ever read as markup, and no template reads a file
or an address. The letters come from two packages of the set-up (Noto Sans CJK JP, 44,810 characters); the machine's own
fonts are not looked at, so every machine sets the same page. See docs/adr/0006-documents-and-fonts.md.
"""

import json
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from musubi.lib import clock
from musubi.lib.errors import Refused

ROOT = Path(__file__).resolve().parent.parent
STANDARDS = ["a-2a", "ua-1"]
LONGEST_SECONDS = 120
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


def pdf(template: str, data: dict) -> bytes:
    """The document of `template`, a path inside `musubi/`, filled with `data` (JSON-serialisable; `title` is a must).

    Raises UnknownCharacters, which names them: a letter must be right to the last kanji of a name. A document that
    must come out whatever its text holds takes `settable(data)` first. Raises Refused where it takes over two minutes.
    Call it outside any transaction.
    """
    data, unknown = settable(data)
    if unknown:
        raise UnknownCharacters(unknown)
    order = {
        "root": str(ROOT),
        "template": str(ROOT / template),
        "fonts": [str(path) for path in font_folders()],
        "standards": STANDARDS,
        "timestamp": int(clock.now().timestamp()),
        "data": data,
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
    return child.stdout


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
