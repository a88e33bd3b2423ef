"""Word templates: ours are filled here, those that people send in a process of its own, which trusts them with nothing."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from musubi.lib.errors import Refused

LONGEST_SECONDS = 30
LARGEST = 5_000_000
_CHILD = Path(__file__).with_name("typesetting_word_child.py")


def fill_ours(template: bytes, data: dict) -> bytes:
    """A template of the product filled with `data`, as a .docx file."""
    from musubi.services import typesetting_word_child

    return typesetting_word_child.fill(template, plain(data))


def fill_theirs(template: bytes, data: dict, names: Iterable[str] = ()) -> bytes:
    """A template somebody sent, filled with `data`; `names` may be named besides, and stand empty.

    Raises Refused, with a sentence for the person, for one that is no plain Word document, names what is not there,
    tries more than to name and repeat, or takes too long. Call it outside any transaction.
    """
    if len(template) > LARGEST:
        raise Refused(f"ひな形は{LARGEST // 1_000_000} MBまでです。画像を小さくしてください。", field="word")
    order = {"template": base64.b64encode(template).decode(), "data": plain(data), "names": sorted(names)}
    too_much = "ひな形が複雑すぎて、時間内に作れませんでした。表や繰り返しを減らしてください。"
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
            env={"LANG": "C.UTF-8", "PYTHONUTF8": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(too_much, field="word") from error
    if child.returncode == 3:
        raise Refused(child.stderr.decode(errors="replace").strip().splitlines()[-1], field="word")
    if child.returncode:
        # Over the limits of time or memory, or a fault nobody thought of: the template is not used either way.
        raise Refused(too_much, field="word")
    return child.stdout


def plain(value):
    """Without what XML cannot hold."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        c
        for c in value
        if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
