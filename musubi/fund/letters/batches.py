"""Many letters of a call in one archive: asked for on a page, made by the worker, fetched when they are ready."""

import io
import logging
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import Q

from musubi.fund.letters.files import pdfs_of
from musubi.fund.letters.issuing import letters_in
from musubi.fund.models import LetterBatch
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.services.typesetting import AT_ONCE, UnknownCharacters

log = logging.getLogger(__name__)
POLL = 2.0
# A worker that died is taken for dead after so long without a step.
LEASE = timedelta(minutes=5)
State = LetterBatch.State


def make_waiting(stop: Callable[[], bool], *, once: bool) -> None:
    """Make what was asked for until `stop` says so; with `once`, what waits now. Never raises."""
    try:
        while not stop():
            try:
                made = make_one(stop)
            except Exception:
                log.exception("letters could not be made")
                made = False
                if not once:
                    connection.close()
            if made:
                continue
            if once:
                return
            end = time.monotonic() + POLL
            while not stop() and (left := end - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
    finally:
        # A thread of its own has a connection of its own.
        if not once:
            connection.close()


def make_one(stop: Callable[[], bool] = lambda: False) -> bool:
    """Make the oldest batch that waits, or that was left lying; False where there is none."""
    now = clock.now()
    open_ = LetterBatch.objects.filter(
        Q(state=State.QUEUED) | Q(state=State.WORKING, claimed_at__lt=now - LEASE)
    )
    batch = open_.order_by("pk").first()
    if batch is None or not open_.filter(pk=batch.pk).update(state=State.WORKING, claimed_at=now, done=0):
        return False
    _make(batch, stop)
    return True


def _make(batch: LetterBatch, stop: Callable[[], bool]) -> None:
    mine = LetterBatch.objects.filter(pk=batch.pk, state=State.WORKING)
    letters = letters_in(batch.call, batch.kind)
    mine.update(total=len(letters))
    archive, problems, names = io.BytesIO(), [], set()
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
            for count, (name, made) in enumerate(pdfs_of(letters), 1):
                if isinstance(made, UnknownCharacters):
                    problems.append(f"{name}: {made}")
                else:
                    package.writestr(_once(name, names), made)
                if count % (AT_ONCE // 4) == 0:
                    mine.update(done=count, claimed_at=clock.now())
                if stop():
                    mine.update(state=State.QUEUED, claimed_at=None, done=0)
                    return
    except Refused as refusal:
        mine.update(state=State.FAILED, problems=[str(refusal)])
        return
    name = f"{batch.call.ref}_{batch.get_kind_display()}.zip"
    batch.refresh_from_db()
    batch.file.save(name, ContentFile(archive.getvalue()), save=False)
    mine.update(state=State.READY, done=len(letters), problems=problems, file=batch.file.name)


def _once(name: str, names: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    found, number = name, 2
    while found in names:
        found, number = f"{stem}_{number}{dot}{ending}", number + 1
    names.add(found)
    return found
