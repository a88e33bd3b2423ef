"""Placeholders: which are known, and what stands in their place."""

import re
from collections.abc import Mapping

from musubi.lib.errors import Refused
from musubi.people.permissions import Can, may
from musubi.people.rules import is_operator
from musubi.wordings.defaults import BY_CODE
from musubi.wordings.models import Wording
from musubi.wordings.states import BLANK, PLACEHOLDERS

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_WIDE = str.maketrans("｛｝", "{}")


def may_change(by, municipality) -> bool:
    """The desk, the administrators, and the operator."""
    return is_operator(by) or may(by, Can.WRITE_WORDINGS, municipality)


def check_body(body: str) -> str:
    """The text as it is kept: wide braces made plain. Raises `Refused` for a placeholder nobody can fill."""
    body = body.translate(_WIDE).strip()
    names = [name.strip() for name in _PLACEHOLDER.findall(body)]
    usable = "".join(f"{{{name}}}" for name in PLACEHOLDERS)
    if unknown := [f"{{{name}}}" for name in dict.fromkeys(names) if name not in PLACEHOLDERS]:
        raise Refused(
            f"{'、'.join(unknown)}は使えません。差し込めるのは{usable}です。つづりを確かめてください。",
            field="body",
        )
    rest = _PLACEHOLDER.sub("", body)
    if "{" in rest or "}" in rest:
        raise Refused(
            "「{」と「}」の組が合っていません。差し込みは{団体名}のように、両側をかっこで囲んでください。",
            field="body",
        )
    return _PLACEHOLDER.sub(lambda found: f"{{{found[1].strip()}}}", body)


def fill(body: str, facts: Mapping[str, str]) -> str:
    """`body` with its placeholders filled; a fact that is not known becomes 「（　　）」, to be written in by hand."""
    return _PLACEHOLDER.sub(lambda found: facts.get(found[1]) or BLANK, body)


def is_changed(wording: Wording) -> bool:
    """Whether the municipality has its own words in the place of a product default."""
    default = BY_CODE.get(wording.default)
    return default is not None and (wording.title, wording.body) != (default.title, default.body)
