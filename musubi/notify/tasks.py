"""What the worker does: tells of journal entries, sends mails, does periodic work, and what goes on beside these.

Any number of workers may run, and each may die at any moment. What one takes up it first claims in the
database (`claimed_at`); a claim older than `LEASE` belongs to a dead worker and is taken up by the next. Notices
are made in one transaction with the mark on their entry, so each exists once. A mail is counted as tried before
it is sent and marked as sent afterwards: a worker that dies between the two makes it go out once more, under the
same Message-ID.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Protocol

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.module_loading import module_has_submodule

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Conflict
from musubi.lib.lifecycle import move
from musubi.notify.actions import tell
from musubi.notify.models import Chore, Delivery
from musubi.notify.registry import KINDS
from musubi.notify.states import DELIVERY, ENTRY_TRIES, ENTRY_WAITS, LEASE, MAIL_TRIES, MAIL_WAITS
from musubi.services import mail

BATCH = 50
CHORE_LEASE = timedelta(minutes=30)
MAIL_PAUSE = timedelta(minutes=1)
DIED = "処理の途中で作業プロセスが止まりました。"

log = logging.getLogger(__name__)


def never() -> bool:
    return False


def _claim(rows: models.QuerySet, now: datetime, **changes) -> list[int]:
    """Claim up to `BATCH` of `rows` for this worker; returns their ids. Two workers never get the same one."""
    if not rows.exists():  # so that an idle worker takes no lock
        return []
    with transaction.atomic():
        # On SQLite the transaction itself keeps the others out, on PostgreSQL the row locks do.
        ids = list(
            rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:BATCH]
        )
        rows.model.objects.filter(pk__in=ids).update(claimed_at=now, **changes)
    return ids


# --- journal entries -----------------------------------------------------------------------------------------


def tell_waiting(stop: Callable[[], bool] = never) -> int:
    """Tell of one batch of journal entries; returns how many were taken up. `stop` is asked between two."""
    now = clock.now()
    waiting = (
        Entry.objects.filter(done_at=None, attempts__lt=ENTRY_TRIES)
        .filter(Q(claimed_at=None) | Q(claimed_at__lte=now - LEASE))
        .order_by("id")
    )
    ids = _claim(waiting, now)
    mine = Entry.objects.filter(pk__in=ids, claimed_at=now, done_at=None)
    entries = list(mine.order_by("id"))
    # Most of what happens is told to nobody.
    if silent := [entry.pk for entry in entries if entry.verb not in KINDS]:
        mine.filter(pk__in=silent).update(done_at=clock.now(), error="")
    for entry in entries:
        if entry.verb not in KINDS:
            continue
        if stop():
            mine.update(claimed_at=None)
            break
        _tell_one(entry, now)
    return len(ids)


def _tell_one(entry: Entry, claim: datetime) -> None:
    now = clock.now()
    mine = Entry.objects.filter(pk=entry.pk, claimed_at=claim, done_at=None)
    # Counted beforehand, and one by one: an entry that kills its worker must neither do so for ever nor use up
    # the tries of its neighbours.
    if not mine.update(attempts=F("attempts") + 1, claimed_at=now, error=DIED):
        return
    try:
        tell(entry)
    except Exception as error:
        attempts = entry.attempts + 1
        changes = {"error": f"{type(error).__name__}: {error}"}
        if attempts < ENTRY_TRIES:
            # A claim that runs out when the next try is due.
            changes["claimed_at"] = clock.now() + ENTRY_WAITS[attempts - 1] - LEASE
            log.warning("journal entry %s (%s) could not be told", entry.pk, entry.verb, exc_info=True)
        else:
            log.exception("journal entry %s (%s) given up after %s tries", entry.pk, entry.verb, attempts)
        Entry.objects.filter(pk=entry.pk, done_at=None).update(**changes)


# --- mails ---------------------------------------------------------------------------------------------------


def send_waiting(stop: Callable[[], bool] = never) -> int:
    """Send one batch of due mails; returns how many were taken up (0 while no mail server is configured).

    Raises `mail.Unreachable` where the server cannot be spoken to; what was taken up waits `MAIL_PAUSE`, with no
    try counted for what was not begun.
    """
    if not settings.MAIL_CONFIGURED:
        return 0
    now = clock.now()
    due = (
        Delivery.objects.filter(sent_at=None)
        .filter(Q(state="queued", next_try_at__lte=now) | Q(state="sending", claimed_at__lte=now - LEASE))
        .order_by("next_try_at", "id")
    )
    ids = _claim(due, now, state="sending")
    mine = Delivery.objects.filter(pk__in=ids, state="sending", claimed_at=now)
    deliveries = list(mine.select_related("user").order_by("next_try_at", "id"))
    if not deliveries:
        return 0
    try:
        with mail.connection() as line:
            for delivery in deliveries:
                if stop():
                    mine.update(state="queued", claimed_at=None)
                    break
                _send_one(delivery, now, line)
    except mail.Unreachable as error:
        mine.update(state="queued", claimed_at=None, next_try_at=clock.now() + MAIL_PAUSE, error=str(error))
        raise
    return len(ids)


def _send_one(delivery: Delivery, claim: datetime, line) -> None:
    try:
        if delivery.attempts >= MAIL_TRIES:  # each try ended with its worker
            move(delivery, DELIVERY, "failed", guard={"claimed_at": claim}, error=delivery.error or DIED)
            return
        if delivery.user and not delivery.user.is_active:
            error = "宛先の利用者は無効になっています。"
            move(delivery, DELIVERY, "cancelled", guard={"claimed_at": claim}, error=error)
            return
        now = clock.now()
        mine = Delivery.objects.filter(pk=delivery.pk, state="sending", claimed_at=claim)
        if not mine.update(claimed_at=now, attempts=F("attempts") + 1):
            return
        delivery.claimed_at, delivery.attempts = now, delivery.attempts + 1
        _try(delivery, line)
    except Conflict:
        log.warning("mail %s was taken up by another worker meanwhile", delivery.pk)


def _try(delivery: Delivery, line) -> None:
    guard = {"claimed_at": delivery.claimed_at}
    try:
        mail.send(delivery, line)
    except mail.RefusedForGood as error:
        log.warning("mail %s refused for good: %s", delivery.pk, error)
        move(delivery, DELIVERY, "failed", guard=guard, error=str(error))
    except Exception as error:
        words = (
            str(error)
            if isinstance(error, (mail.NotNow, mail.Unreachable))
            else f"{type(error).__name__}: {error}"
        )
        if delivery.attempts >= MAIL_TRIES:
            log.error("mail %s failed after %s tries: %s", delivery.pk, delivery.attempts, words)
            move(delivery, DELIVERY, "failed", guard=guard, error=words)
        else:
            log.warning("mail %s not sent, will be tried again: %s", delivery.pk, words)
            # Spread, so that what failed together does not come back together.
            wait = MAIL_WAITS[delivery.attempts - 1] * random.uniform(1, 1.25)
            again = clock.now() + wait
            move(delivery, DELIVERY, "queued", guard=guard, next_try_at=again, claimed_at=None, error=words)
        if isinstance(error, mail.Unreachable):
            raise
    else:
        # An account mail may hold a secret link, which nobody should find in a table later.
        emptied = {} if delivery.notice_id or settings.DEMO else {"body": ""}
        move(delivery, DELIVERY, "sent", guard=guard, sent_at=clock.now(), error="", **emptied)


# --- periodic work -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Periodic:
    name: str
    every: timedelta
    do: Callable[[], object]

    def period(self, now: datetime) -> datetime:
        """The beginning of the period that `now` lies in; days begin at midnight in Japan."""
        origin = datetime(2000, 1, 1, tzinfo=clock.TOKYO)
        return origin + (now - origin) // self.every * self.every


PERIODIC: dict[str, Periodic] = {}


def periodic(name: str, every: timedelta = timedelta(days=1)):
    """Register the decorated function to be called once per `every` by whichever worker comes first.

    It takes no arguments and is called outside any transaction. One that raises, or whose worker dies, is called
    again after half an hour: it must do no harm when it runs twice.
    """

    def register(do: Callable[[], object]):
        if name in PERIODIC:
            raise ValueError(f"{name} is already done by {PERIODIC[name].do}")
        PERIODIC[name] = Periodic(name, every, do)
        return do

    return register


# --- beside ----------------------------------------------------------------------------------------------------


class Beside(Protocol):
    def __call__(self, stop: Callable[[], bool], *, once: bool) -> None: ...


BESIDE: dict[str, Beside] = {}


def beside(name: str):
    """Register the decorated function to run beside all else, in a thread of each worker's own, for what must wait
    neither for mails nor for periodic work.

    It returns soon after `stop` says so; with `once` it does what waits and returns. It never raises.
    """

    def register(do: Beside):
        if name in BESIDE:
            raise ValueError(f"{name} is already done by {BESIDE[name]}")
        BESIDE[name] = do
        return do

    return register


def discover() -> None:
    """Import every app's `tasks`, so that what they do periodically, or beside, is registered."""
    for config in apps.get_app_configs():
        if config.name.startswith("musubi.") and module_has_submodule(config.module, "tasks"):
            import_module(f"{config.name}.tasks")


def do_chores(stop: Callable[[], bool] = never) -> int:
    """Do what is due of the periodic work; returns how many were done."""
    now, done = clock.now(), 0
    known = {row.name: row for row in Chore.objects.all()}
    for task in list(PERIODIC.values()):
        if stop():
            break
        row = known.get(task.name)
        if row and row.last_run_at and row.last_run_at >= task.period(now):
            continue
        Chore.objects.get_or_create(name=task.name)
        done += _do_one(task)
    return done


def _do_one(task: Periodic) -> bool:
    now = clock.now()
    mine = (
        Chore.objects.filter(name=task.name)
        .filter(Q(last_run_at=None) | Q(last_run_at__lt=task.period(now)))
        .filter(Q(claimed_at=None) | Q(claimed_at__lte=now - CHORE_LEASE))
        .update(claimed_at=now, error=DIED)
    )
    if not mine:
        return False
    held = Chore.objects.filter(name=task.name, claimed_at=now)
    try:
        task.do()
    except Exception as error:
        log.exception("periodic work %s failed", task.name)
        held.update(error=f"{type(error).__name__}: {error}")
        return False
    held.update(last_run_at=now, claimed_at=None, error="")
    return True
