"""The index this installation reads: where it lies, and this process's own view of it, opened at the first question."""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from musubi.matching.engine.embedding import Embedder
    from musubi.matching.engine.matcher import Matcher

LOOK_SECONDS = 1.0
WAIT_SECONDS = 1.0

log = logging.getLogger(__name__)

_lock = threading.Lock()
_kept: dict[Path, tuple[float, Matcher]] = {}


def root() -> Path:
    """The folder of the index of this database: each machine has a copy of its own. Raises `Preparing` where the
    machine is to have none."""
    if settings.INDEX_DIR is None:
        from musubi.matching.engine.index import Preparing

        raise Preparing("this machine has no folder for an index (MUSUBI_INDEX)")
    # A demo and the real thing may share a folder of files.
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        name = os.path.abspath(name)
    return settings.INDEX_DIR / f"{Path(name).stem}-{sha256(name.encode()).hexdigest()[:6]}"


def is_made() -> bool:
    """Whether there is an index on this machine, by a glance. It may turn out not to be readable all the same."""
    return settings.INDEX_DIR is not None and (root() / "CURRENT").exists()


def matcher() -> Matcher:
    """This process's matcher, on the newest index. Raises `engine.index.Preparing` while there is none to read.

    One thread looks and opens; the others go on with what is kept meanwhile, and where nothing is kept yet wait
    `WAIT_SECONDS`, which is longer than opening takes once the libraries are loaded (`warm_up` sees to that).
    """
    from musubi.matching.engine.index import Preparing, Reader, current
    from musubi.matching.engine.matcher import Matcher

    place = root()
    kept = _kept.get(place)
    if kept and time.monotonic() - kept[0] < LOOK_SECONDS:
        return kept[1]
    if not _lock.acquire(timeout=0 if kept else WAIT_SECONDS):
        if kept:
            return kept[1]
        raise Preparing("the index is being opened")
    try:
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
    finally:
        _lock.release()


def warm_up() -> None:
    """Load libraries, dictionary, index and the words of the goals beside a new process's first requests, so that none
    has to wait for them. A machine without a folder for an index names goals all the same."""
    from musubi.matching import goals
    from musubi.matching.engine.analysis import analyse
    from musubi.matching.engine.index import Preparing

    analyse("準備")
    try:
        matcher()
    except Preparing as problem:
        log.info("no index yet: %s", problem)
    goals.load()


def forget() -> None:
    """Open the index anew at the next question: what is kept turned out not to be readable."""
    _kept.clear()


def embed() -> Embedder | None:
    """The dense model of `MUSUBI_EMBEDDING_MODEL`, read at the first question; None without one that can be used."""
    return _embedder(settings.EMBEDDING_MODEL) if settings.EMBEDDING_MODEL else None


@lru_cache(maxsize=1)
def _embedder(path: str) -> Embedder | None:
    from musubi.matching.engine.embedding import Unusable, load

    try:
        return load(path)
    except Unusable as problem:
        log.warning("MUSUBI_EMBEDDING_MODEL: %s", problem)
        return None
