"""Looking through files later: those taken in while clamd could not be reached, or before it was configured."""

import logging

from django.db import models, transaction

from musubi.cases.models import AgreementFile, CaseFile
from musubi.journal import actions as journal
from musubi.proposals.models import Attachment
from musubi.services.virus_scan import Verdict, is_configured, scan

log = logging.getLogger(__name__)

# Each kind of file, and the record it belongs to.
FILES: dict[type[models.Model], str] = {CaseFile: "case", Attachment: "proposal", AgreementFile: "agreement"}


def scan_waiting() -> int:
    """Look through every file nobody has looked through; returns how many were. Stops where clamd does not answer.

    One in which something is found is blocked from that moment on, and the desk is told. A file clamd declines to look
    through (larger than its own limit) stays marked as it is. Twice at once does no harm.
    """
    if not is_configured():
        return 0
    done = 0
    for model, owner in FILES.items():
        waiting = model.objects.filter(scanned=Verdict.NOT_SCANNED).order_by("pk")
        for pk in list(waiting.values_list("pk", flat=True)):
            row = waiting.filter(pk=pk).select_related(owner).first()
            if row is None:
                continue
            try:
                with row.file.open("rb") as content:
                    result = scan(content)
            except FileNotFoundError:
                log.warning("file %s of %s %s is not on the disk", row.pk, owner, getattr(row, f"{owner}_id"))
                continue
            if not result.reached:
                return done
            if result.verdict != Verdict.NOT_SCANNED:
                done += _note(row, owner, result)
    return done


@transaction.atomic
def _note(row, owner: str, result) -> bool:
    mine = type(row).objects.filter(pk=row.pk, scanned=Verdict.NOT_SCANNED).update(scanned=result.verdict)
    if mine and result.verdict == Verdict.INFECTED:
        thing = getattr(row, owner)
        journal.write(
            f"{owner}.file_blocked", thing, by=None, file=row.pk, name=row.name, found=result.detail
        )
    return bool(mine)
