"""The index this installation reads: where it lies, and this process's own view of it, opened at the first question."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from musubi.matching.engine.matcher import Matcher

LOOK_SECONDS = 1.0

_lock = threading.Lock()
_kept: dict[Path, tuple[float, Matcher]] = {}


def root() -> Path:
    """The folder of the index: each node has a copy of its own."""
    return settings.VAR_DIR / "index"


def matcher() -> Matcher:
    """This process's matcher, on the newest index. Raises `engine.index.Preparing` while there is none to read."""
    from musubi.matching.engine.index import Reader, current
    from musubi.matching.engine.matcher import Matcher

    place = root()
    with _lock:
        kept = _kept.get(place)
        if kept and time.monotonic() - kept[0] < LOOK_SECONDS:
            return kept[1]
        folder = current(place)
        if kept and kept[1].reader.folder == folder:
            matcher = kept[1]
        else:
            matcher = Matcher(Reader(folder, embed=embed()))
        _kept[place] = (time.monotonic(), matcher)
        return matcher


def forget() -> None:
    """Open the index anew at the next question: what is kept turned out not to be readable."""
    with _lock:
        _kept.pop(root(), None)


@lru_cache(maxsize=1)
def embed():
    """The dense model of `MUSUBI_EMBEDDING_MODEL`, None without one."""
    return None
