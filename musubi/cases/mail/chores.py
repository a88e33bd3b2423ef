"""What the worker does about mail and files by itself: tells the desk, forgets, looks through files for viruses."""

from datetime import timedelta

from django.db import transaction

from musubi.cases import scanning
from musubi.cases.models import RefusedMail
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.notify.tasks import periodic

EXCERPTS_KEPT = timedelta(days=30)
ROWS_KEPT = timedelta(days=180)


@periodic("受け付けなかったメールのお知らせ", every=timedelta(hours=1))
def tell_of_refused() -> int:
    """One entry, and so one notice, per municipality for all that was refused since; returns how many entries.

    Once an hour at most, whatever is sent here: the worker calls this once per hour.
    """
    waiting = RefusedMail.objects.filter(told_at=None)
    told = 0
    for city in set(waiting.order_by().values_list("municipality", flat=True)):
        with transaction.atomic():
            # Held, so that of two workers one waits here and then finds nothing left to tell.
            rows = list(waiting.filter(municipality=city).order_by("id").select_for_update(of=("self",)))
            if not rows:
                continue
            RefusedMail.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=clock.now())
            journal.write(
                "refusedmail.reported",
                rows[-1],
                by=None,
                count=len(rows),
                newest=[row.pk for row in rows[-5:]],
            )
            told += 1
    return told


@periodic("受け付けなかったメールの整理")
def forget_refused() -> int:
    """What refused mails said is kept for a month, that they came for half a year. Returns how many were forgotten."""
    now = clock.now()
    gone, _ = RefusedMail.objects.filter(at__lt=now - ROWS_KEPT).delete()
    emptied = RefusedMail.objects.filter(at__lt=now - EXCERPTS_KEPT).exclude(excerpt="").update(excerpt="")
    return gone + emptied


@periodic("資料のウイルス検査", every=timedelta(minutes=10))
def scan_files() -> int:
    """Have the files looked through that came while clamd was away, or before it was there."""
    return scanning.scan_waiting()
