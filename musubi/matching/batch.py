"""The nationwide batch: every open challenge against all seeds, the first of them kept.

When it began stands in one row; a challenge refreshed since then is done. Killed at any moment it goes on where it
stopped, and what the worker did meanwhile is not done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from musubi.lib import clock
from musubi.matching import keeping, queries
from musubi.matching.models import Refreshed

CHUNK = 200


def began(*, again: bool) -> datetime:
    """When the batch began that is to be gone on with: now, for the first time or `again`."""
    row, _is_new = Refreshed.objects.get_or_create(kind="batch", object_id=0, defaults={"at": clock.now()})
    if again:
        row.at = clock.now()
        row.save(update_fields=["at"])
    return row.at


def left(before: datetime) -> int:
    """How many challenges the batch that began then has left."""
    return keeping.not_since(queries.open_challenges(), "challenge", before).count()


def run(
    before: datetime, *, limit: int | None = None, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Do what is left of the batch that began then, at most `limit`; `progress` gets how many are done. Returns how
    many were. Raises `engine.index.Preparing`; what was done stays done."""
    done = last = 0
    rows = keeping.not_since(queries.open_challenges(), "challenge", before)
    while keys := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        for key in keys:
            if limit is not None and done >= limit:
                return done
            done += keeping.refresh("challenge", key, before)
            progress(done)
        last = keys[-1]
    return done
