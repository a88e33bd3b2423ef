"""Keeps the index like the database: made anew by `rebuild`, kept up to date from the journal by a `Feeder`.

Each machine has an index of its own. How far the journal has been read stands inside the generation it was read into,
so that what is switched to brings its position along. Documents are put first and the position is written afterwards:
whatever stops in between is done again, and nothing is missed.

    <generation>/fed.json       how far, how much, when compared with the database
    <generation>/again/*.json   keys another process wants looked at again
"""

from __future__ import annotations

import fcntl
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from musubi.journal import following
from musubi.journal.following import Position
from musubi.lib import clock
from musubi.matching import documents, live

log = logging.getLogger(__name__)

# A writer without work gives its memory and its lock back.
IDLE_SECONDS = 600
# A reader looks for a new generation every second; the last one stays this long.
LEFT_BEHIND_SECONDS = 60


# --- made anew -----------------------------------------------------------------------------------------------


def rebuild(
    progress: Callable[[int], None] | None = None,
    *,
    learning: Callable[[int], None] | None = None,
    helpers: int | None = None,
) -> None:
    """Make the index anew beside the one in use, and switch to it. `learning` gets how many documents it has read to
    learn from, `progress` how many are in.

    `helpers`: how many other processes may help, None for as many as there are cores. Raises `engine.index.Busy` while
    another process does the same; OSError, or `engine.index.Preparing`, where it cannot be written.
    """
    from musubi.matching.engine.matcher import build
    from musubi.matching.engine.model import LARGEST_FIT

    root = live.root()
    with alone(root):
        _sweep(root)
        # Noted before anything is read: what happens meanwhile is read again by the feeder.
        position = following.now()
        try:
            build(
                root,
                documents.every_document(),
                sample=documents.even_sample(LARGEST_FIT // len(documents.MODELS)),
                embed=live.embed(),
                progress=progress,
                learning=learning,
                helpers=helpers,
                journal=position.as_json(),
                made_at=clock.now().isoformat(),
            )
        except BaseException:
            _sweep(root)
            raise


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Only one process of this machine makes an index in a folder; the lock goes with the process, however it ends.
    Raises `engine.index.Busy`."""
    from musubi.matching.engine.index import Busy

    root.mkdir(parents=True, exist_ok=True)
    with (root / "LOCK").open("w") as file:
        # Who only sweeps is done in a moment.
        for pause in (0.1, 0.3, 0.6, None):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if pause is None:
                    raise Busy("another process is making the index") from error
                time.sleep(pause)
        yield


def sweep() -> None:
    """Remove what generations were left behind: half-made ones of a process that was killed, and the one before this."""
    from musubi.matching.engine.index import Busy

    root = live.root()
    try:
        with alone(root):
            _sweep(root)
    except Busy:
        pass


def _sweep(root: Path) -> None:
    try:
        pointer = root / "CURRENT"
        used, age = pointer.read_text(encoding="utf-8").strip(), time.time() - pointer.stat().st_mtime
    except OSError:
        used, age = "", LEFT_BEHIND_SECONDS
    for folder in root.iterdir():
        whole = (folder / "about.json").exists()
        if folder.is_dir() and folder.name != used and (not whole or age >= LEFT_BEHIND_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)


# --- how far -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fed:
    """What became of a generation since it was made: how far the journal was read, how many documents were put or
    removed, when it was last compared with the database."""

    position: Position
    changed: int
    compared_at: datetime

    @classmethod
    def read(cls, folder: Path) -> Fed:
        """Raises `engine.index.Preparing` where the files do not say."""
        from musubi.matching.engine.index import Preparing

        try:
            if (folder / "fed.json").exists():
                told = json.loads((folder / "fed.json").read_text(encoding="utf-8"))
                return cls(
                    Position.from_json(told["journal"]),
                    int(told["changed"]),
                    datetime.fromisoformat(told["compared_at"]),
                )
            told = about(folder)
            return cls(Position.from_json(told["journal"]), 0, datetime.fromisoformat(told["made_at"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Preparing(f"what was fed is not known: {error}") from error

    def write(self, folder: Path) -> None:
        from musubi.matching.engine.index import write_whole

        told = {
            "journal": self.position.as_json(),
            "changed": self.changed,
            "compared_at": self.compared_at.isoformat(),
        }
        write_whole(folder / "fed.json", json.dumps(told))


def about(folder: Path) -> dict:
    """What was noted when a generation was made. Raises OSError or ValueError."""
    return json.loads((folder / "about.json").read_text(encoding="utf-8"))


# --- fed -----------------------------------------------------------------------------------------------------


class Feeder:
    """One process's way of feeding this machine's index. Of several the first to have work feeds; when it has had none
    for a while, or has ended in whatever way, the next one does."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._writer = self._model = self._fed = None
        self._used_at = 0.0

    def open(self) -> None:
        """Begin to feed now, rather than with the first work. Raises as `step` does."""
        from musubi.matching.engine.index import current

        self.close()
        self._folder = current(live.root())
        self._open(self._folder)

    def step(self) -> int:
        """Take in one batch of what happened since; returns how much was taken up, 0 when nothing is left.

        Raises `engine.index.Busy` while another process feeds, `engine.index.Preparing` where there is no index to feed,
        it is of another journal, or cannot be written to.
        """
        from musubi.matching.engine.index import Preparing, current

        folder = current(live.root())
        if folder != self._folder:
            self.close()
            self._folder = folder
        try:
            return self._step(folder)
        except Preparing:
            self.close()
            raise

    def _step(self, folder: Path) -> int:
        from musubi.matching.engine.index import Preparing

        fed = self._fed or Fed.read(folder)
        if not fed.position.is_of_this_journal:
            raise Preparing("the index is of another journal")
        entries, further = following.after(fed.position)
        wanted = _wanted_again(folder)
        if further == fed.position and not wanted:
            if self._writer and time.monotonic() - self._used_at > IDLE_SECONDS:
                self.close()
            return 0
        if self._writer is None:
            # Read once more: until this moment another process may have fed.
            self._open(folder)
            return self._step(folder)
        keys = documents.keys_of(entries).union(*wanted.values())
        self._put(keys)
        self._note(replace(fed, position=further, changed=fed.changed + len(keys)))
        for path in wanted:
            path.unlink(missing_ok=True)
        return len(entries) + len(wanted)

    def mend(self, keys: set[str], *, compared_at: datetime | None = None) -> None:
        """Have documents like the database again, whatever the journal says. Raises as `step` does."""
        if self._writer is None:
            self.open()
        self._put(keys)
        fed = replace(self._fed, changed=self._fed.changed + len(keys))
        self._note(replace(fed, compared_at=compared_at) if compared_at else fed)

    def close(self) -> None:
        """Let another process feed."""
        if self._writer is not None:
            self._writer.close()
        self._folder = self._writer = self._model = self._fed = None

    def _open(self, folder: Path) -> None:
        from musubi.matching.engine.index import Preparing, Writer
        from musubi.matching.engine.model import Model

        self._writer = Writer(folder)
        try:
            self._model = Model.load(folder / "model.npz", embed=live.embed())
        except Exception as error:  # all that a torn file can lead to
            raise Preparing(f"model.npz cannot be read: {error}") from error
        self._fed = Fed.read(folder)
        self._used_at = time.monotonic()

    def _put(self, keys: set[str]) -> None:
        from musubi.matching.engine.index import Preparing
        from musubi.matching.engine.matcher import entry

        if not keys:
            return
        found = documents.documents_of(keys)
        for key in keys - {document.key for document in found}:
            self._writer.remove(key)
        for document in found:
            try:
                made = entry(document, self._model)
            except Preparing:
                raise
            except Exception:
                # One that cannot be read must not keep all others waiting.
                log.exception("%s cannot be taken into the index", document.key)
                self._writer.remove(document.key)
            else:
                self._writer.put(made)
        self._writer.commit()

    def _note(self, fed: Fed) -> None:
        fed.write(self._folder)
        self._fed, self._used_at = fed, time.monotonic()


def follow() -> int:
    """Take in all that happened since; returns how many journal entries that were. Raises as `Feeder.step` does."""
    feeder, taken = Feeder(), 0
    try:
        feeder.open()
        while count := feeder.step():
            taken += count
        return taken
    finally:
        feeder.close()


# --- compared ------------------------------------------------------------------------------------------------


def compared() -> Iterator[tuple[int, set[str]]]:
    """Compare the index with the database, a few hundred documents at a time; gives how many were looked at so far, and
    the keys of those that differ among the last.

    Texts and who may read them change with an entry in the journal; so what is compared is that the documents are
    there, and the facts that other tables bring in. Raises `engine.index.Preparing`.
    """
    from musubi.matching.engine.index import Reader, current
    from musubi.matching.engine.payload import unpack

    reader = Reader(current(live.root()), embed=live.embed())
    yield 0, reader.keys() - documents.every_key()
    looked_at = 0
    for chunk in documents.in_chunks():
        payloads = {document.key: reader.get(document.key) for document in chunk}
        looked_at += len(chunk)
        yield (
            looked_at,
            {
                document.key
                for document in chunk
                if payloads[document.key] is None or unpack(payloads[document.key]).facts != document.facts
            },
        )


def want_again(keys: set[str]) -> Path:
    """Ask the process that feeds to look at documents again; the file is gone once it has."""
    from musubi.matching.engine.index import current, write_whole

    folder = current(live.root()) / "again"
    folder.mkdir(exist_ok=True)
    path = folder / f"{uuid4().hex}.json"
    write_whole(path, json.dumps(sorted(keys)))
    return path


def _wanted_again(folder: Path) -> dict[Path, set[str]]:
    wanted = {}
    if (folder / "again").is_dir():
        for path in (folder / "again").glob("*.json"):
            try:
                wanted[path] = set(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError):
                wanted[path] = set()
    return wanted


# --- when to make it anew ------------------------------------------------------------------------------------

SMALL = 2_000
DAY, WEEK = timedelta(days=1), timedelta(days=7)
# When nobody minds a busy machine.
NIGHT = range(1, 5)
GROWN = 1.2
LEAST_AGE = timedelta(minutes=10)


def why_learn_again() -> str:
    """Why the index in use should be made anew though nothing is wrong with it: what is rare, what belongs together and
    what matches everything is learned when it is made. Empty while it need not be. Raises `engine.index.Preparing`."""
    from musubi.matching.engine.index import Preparing, current

    folder = current(live.root())
    fed = Fed.read(folder)
    if not fed.changed:
        return ""
    try:
        told = about(folder)
        made_at, count = datetime.fromisoformat(told["made_at"]), int(told["documents"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Preparing(f"when it was made is not known: {error}") from error
    now = clock.now()
    age, life = now - made_at, DAY if count < SMALL else WEEK
    if age >= life and (now.astimezone(clock.TOKYO).hour in NIGHT or age >= life + DAY):
        return f"what it learned is {age.days} days old"
    if age < LEAST_AGE:
        return ""
    # As many changes may have been one document changed often.
    if fed.changed >= (GROWN - 1) * count and (there := documents.count()) > count and there >= GROWN * count:
        return f"it learned from {count} documents, and there are {there} now"
    return ""


def is_to_be_compared() -> bool:
    """Whether it is time for the nightly comparison. Raises `engine.index.Preparing`."""
    from musubi.matching.engine.index import current

    now = clock.now()
    age = now - Fed.read(current(live.root())).compared_at
    return age >= 2 * DAY or (age >= DAY / 2 and now.astimezone(clock.TOKYO).hour in NIGHT)
