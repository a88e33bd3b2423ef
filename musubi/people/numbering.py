"""Reference numbers: `2025-012`, counted per municipality, kind and fiscal year without a gap."""

from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F

from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.people.models import Numbering


def next_ref(municipality_id: int, kind: str, on: date | None = None) -> str:
    """The next number of `kind` in the fiscal year of `on`, or of today. Call it inside the action's transaction: a rolled-back action gives it back.

    The counter's row is counted up by an UPDATE, which holds the row until commit: two people at once wait
    for each other and get different numbers.
    """
    year = fiscal_year(on or clock.today())
    key = {"municipality_id": municipality_id, "kind": kind, "year": year}
    if not Numbering.objects.filter(**key).update(last=F("last") + 1):
        try:
            with transaction.atomic():
                Numbering.objects.create(**key, last=1)
        except IntegrityError:
            Numbering.objects.filter(**key).update(last=F("last") + 1)
    return f"{year}-{Numbering.objects.get(**key).last:03d}"
