"""Placeholders: which are known, and what stands in their place."""

import re
from collections.abc import Iterable, Mapping

from musubi.lib.errors import Refused
from musubi.people.permissions import Can, may
from musubi.people.rules import is_operator
from musubi.wordings.defaults import BY_CODE
from musubi.wordings.models import Wording
from musubi.wordings.states import BLANK, PLACEHOLDERS

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
# Only the lines in which a letter says who writes to whom name people.
_PEOPLE = ("{担当者名}", "{職員名}")
_WIDE = str.maketrans("｛｝", "{}")


def may_change(by, municipality) -> bool:
    """The desk, the administrators, and the operator."""
    return is_operator(by) or may(by, Can.WRITE_WORDINGS, municipality)


def check_body(body: str, known: Iterable[str] = PLACEHOLDERS, field: str = "body") -> str:
    """The text as it is kept: wide braces made plain. Raises `Refused` for a placeholder that is not among the `known`."""
    body = body.translate(_WIDE).strip()
    names = [name.strip() for name in _PLACEHOLDER.findall(body)]
    usable = "".join(f"{{{name}}}" for name in known)
    if unknown := [f"{{{name}}}" for name in dict.fromkeys(names) if name not in known]:
        raise Refused(
            f"{'、'.join(unknown)}は使えません。差し込めるのは{usable}です。つづりを確かめてください。",
            field=field,
        )
    rest = _PLACEHOLDER.sub("", body)
    if "{" in rest or "}" in rest:
        raise Refused(
            "「{」と「}」の組が合っていません。差し込みは{団体名}のように、両側をかっこで囲んでください。",
            field=field,
        )
    return _PLACEHOLDER.sub(lambda found: f"{{{found[1].strip()}}}", body)


def fill(body: str, facts: Mapping[str, str]) -> str:
    """`body` with its placeholders filled; a fact that is not known becomes 「（　　）」, to be written in by hand."""
    return _PLACEHOLDER.sub(lambda found: facts.get(found[1]) or BLANK, body)


def gist(body: str, others: Iterable[str]) -> str:
    """What tells the text from `others`: without its salutation, who writes, and the sentences they share with it.

    Placeholders stand by their names. A text that is all salutation is its own gist.
    """
    shared = {sentence for other in others for sentence in _sentences(other)}
    own = [
        sentence
        for sentence in _sentences(body)
        if sentence not in shared and not any(name in sentence for name in _PEOPLE)
    ]
    return _PLACEHOLDER.sub(r"\1", "".join(own or _sentences(body)))


def _sentences(body: str) -> list[str]:
    found = (part.strip() for line in body.splitlines() for part in re.split(r"(?<=。)", line))
    # A line that is nothing but a name addresses somebody.
    return [part for part in found if _PLACEHOLDER.sub("", part).strip(" 様御中\u3000")]


def is_changed(wording: Wording) -> bool:
    """Whether the municipality has its own words in the place of a product default."""
    default = BY_CODE.get(wording.default)
    return default is not None and (wording.title, wording.body) != (default.title, default.body)
