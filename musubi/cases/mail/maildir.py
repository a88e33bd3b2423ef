"""Emptying a maildir: each mail in `new/` is taken in and moved to `cur/`.

Two processes at once share the work through a lock on each file, which the system lets go of when a process dies; a mail
taken in by one that died before it moved it is known again by its key. What cannot be dealt with goes to the maildir's
folder `.failed`, where it stays to be looked at.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DataError, Error

log = logging.getLogger(__name__)


def deal_with(
    maildir: Path,
    take_in: Callable[[bytes], object],
    *,
    most_bytes: int,
    is_broken: Callable[[object], bool],
    give_up: Callable[[bytes, Exception], object],
) -> Iterator[tuple[str, object]]:
    """Hand every mail in `new/` to `take_in`, oldest first; yields (file name, what it returned).

    A mail is read up to `most_bytes` and one more, so that `take_in` sees that it is too large. One on which it raises
    is handed to `give_up` with the exception; like one whose result `is_broken` it goes to `.failed`. Trouble with the
    database or the disk comes through: the mail stays where it is, to be taken up next time.
    """
    for path in sorted((maildir / "new").iterdir(), key=lambda path: path.name):
        if path.name.startswith(".") or not path.is_file():
            continue
        with _locked(path) as file:
            if file is None:
                continue
            raw = file.read(most_bytes + 1)
            try:
                result = take_in(raw)
            except Exception as error:
                # What the database can never hold is this mail's trouble, and must not keep back those behind it.
                if isinstance(error, Error | OSError) and not isinstance(error, DataError):
                    raise
                log.exception("mail %s could not be dealt with", path.name)
                result, failed = give_up(raw, error), True
            else:
                failed = is_broken(result)
            _move(path, maildir / ".failed/new" / path.name if failed else maildir / "cur" / _seen(path.name))
            yield path.name, result


@contextmanager
def _locked(path: Path):
    """The open file, locked; None where another process has it, or had it and moved it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Between opening and locking, the other may have moved it.
        yield file if path.exists() else None


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.parent.parent.name == ".failed":
        for folder in ("cur", "tmp"):
            (target.parent.parent / folder).mkdir(exist_ok=True)
    os.replace(path, target)


def _seen(name: str) -> str:
    """The name with the flag of a mail that was read (`:2,S`)."""
    base, mark, flags = name.partition(":2,")
    return f"{base}:2,{''.join(sorted({*flags, 'S'}))}" if mark else f"{name}:2,S"
