"""Keeps the index like the database: made anew by `rebuild`, kept up to date from the journal by `follow`.

Each machine has an index of its own and a position in the journal of its own, kept inside the generation: what is
switched to brings its position along. What was read is put first and the position written afterwards, so whatever
stops in between is done again, and nothing is missed.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from musubi.journal import following
from musubi.journal.following import Position
from musubi.matching import documents, live

log = logging.getLogger(__name__)

POSITION = "position.json"


def rebuild(progress: Callable[[int], None] | None = None, *, helpers: int | None = None) -> None:
    """Make the index anew beside the one in use, and switch to it. `progress` gets how many documents are in.

    `helpers`: how many other processes may help, None for as many as there are cores. Raises `engine.index.Busy` while
    another process does the same, OSError where the folder cannot be written.
    """
    from musubi.matching.engine.matcher import build
    from musubi.matching.engine.model import LARGEST_FIT

    root = live.root()
    with _alone(root):
        # Noted before anything is read: what happens meanwhile is read again by `follow`.
        position = following.now()
        build(
            root,
            documents.every_document(),
            sample=documents.even_sample(LARGEST_FIT // len(documents.MODELS)),
            embed=live.embed(),
            progress=progress,
            helpers=helpers,
            journal=position.as_json(),
        )


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Only one process of this machine makes an index in a folder; the lock goes with the process, however it ends."""
    from musubi.matching.engine.index import Busy

    root.mkdir(parents=True, exist_ok=True)
    with (root / "LOCK").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("another process is making the index") from error
        yield


def follow() -> int:
    """Take in what happened since; returns how many documents were put or removed. Raises `engine.index.Preparing`
    without an index, `engine.index.Busy` while another process feeds it."""
    from musubi.matching.engine.index import Reader, Writer, current, write_whole
    from musubi.matching.engine.matcher import entry

    folder = current(live.root())
    changed = 0
    model = Reader(folder, embed=live.embed()).model
    writer = Writer(folder)
    try:
        position = _position(folder)
        while True:
            entries, further = following.after(position)
            if further == position:
                return changed
            keys = documents.keys_of(entries)
            found = documents.documents_of(keys)
            for key in keys - {document.key for document in found}:
                writer.remove(key)
            for document in found:
                writer.put(entry(document, model))
            if keys:
                writer.commit()
            write_whole(folder / POSITION, json.dumps(further.as_json()))
            position = further
            changed += len(keys)
    finally:
        writer.close()


def _position(folder: Path) -> Position:
    """How far a generation has been fed."""
    if (folder / POSITION).exists():
        return Position.from_json(json.loads((folder / POSITION).read_text(encoding="utf-8")))
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return Position.from_json(about["journal"])
