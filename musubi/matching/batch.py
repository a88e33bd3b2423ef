"""The nationwide batch: every open challenge against all seeds, the first of them kept.

When it began stands in one row; a challenge refreshed since then is done. Killed at any moment it goes on where it
stopped, and what the worker did meanwhile is not done twice.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING

from django.db import Error, transaction

from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.matching import actions, ask, documents, keeping, live, queries
from musubi.matching.models import Refreshed
from musubi.people.models import Organisation
from musubi.solutions.models import Solution

if TYPE_CHECKING:
    from musubi.matching.engine import batch as engine
    from musubi.matching.engine.matcher import Match

# So many are read, kept and told of at once.
CHUNK = 50

log = logging.getLogger(__name__)


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
    before: datetime,
    *,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
    helpers: int | None = None,
) -> int:
    """Do what is left of the batch that began then, at most `limit`; `progress` gets how many are done. Returns how
    many were. The engine is asked by `helpers` other processes, None for as many as there are cores; this one reads and
    writes the rows, `CHUNK` at a time. Raises `engine.index.Preparing`; what was done stays done."""
    from musubi.matching.engine import batch as engine

    done, taken = 0, deque()

    def asked() -> Iterator[engine.Asking]:
        for claim, rows in _chunks(before, limit):
            weights = ask.weights_in({row.municipality_id for row in rows})
            for row in rows:
                taken.append((claim, row))
                yield ask.asking(row, weights=weights.get(row.municipality_id))

    answers = engine.answers(live.root(), asked(), helpers=helpers, embed=live.embed())
    for answered in batched(answers, CHUNK):
        done += _keep([(*taken.popleft(), matches) for matches in answered], before)
        progress(done)
    return done


def _chunks(before: datetime, limit: int | None) -> Iterator[tuple[datetime, list[Challenge]]]:
    """What is left, a few at a time, taken up (`claimed_at`) in the moment that comes with them. Who was at one before
    loses it: after a kill nobody waits for the dead."""
    rows = keeping.not_since(keeping.open_things()["challenge"], "challenge", before)
    last, left = 0, limit
    while left != 0:
        keys = list(
            rows.prefetch_related(None)
            .filter(pk__gt=last)
            .values_list("pk", flat=True)[: CHUNK if left is None else min(CHUNK, left)]
        )
        if not keys:
            return
        last, left = keys[-1], None if left is None else left - len(keys)
        claim = clock.now()
        there = Refreshed.objects.filter(kind="challenge", object_id__in=keys)
        missing = set(keys) - set(there.values_list("object_id", flat=True))
        Refreshed.objects.bulk_create(
            [Refreshed(kind="challenge", object_id=key, at=keeping.LONG_AGO) for key in sorted(missing)],
            ignore_conflicts=True,
        )
        there.update(claimed_at=claim)
        # Their words are read after that: who changes them from now on takes the claim away.
        yield claim, list(rows.filter(pk__in=keys))


def _keep(answered: Sequence[tuple[datetime, Challenge, list[Match] | None]], before: datetime) -> int:
    """Keep what was found for some challenges, those that are still ours; returns how many. Where it fails, it is tried
    one by one, and each failure is left until the next night."""
    found = [(claim, challenge, matches) for claim, challenge, matches in answered if matches is not None]
    try:
        lists = ask.from_matches(
            [(challenge, matches) for _claim, challenge, matches in found],
            solutions=documents.findable(Solution),
            organisations=documents.findable(Organisation),
        )
        pairs = [
            (claim, challenge, one) for (claim, challenge, _matches), one in zip(found, lists, strict=True)
        ]
        done = _write(pairs, before)
        alone = [challenge for _claim, challenge, matches in answered if matches is None]
    except Error:
        raise
    except Exception:
        log.exception("suggestions for several challenges could not be kept; trying one by one")
        done, alone = 0, [challenge for _claim, challenge, _matches in answered]
    if alone:
        keys = [challenge.pk for challenge in alone]
        Refreshed.objects.filter(kind="challenge", object_id__in=keys).update(claimed_at=None)
    return done + sum(keeping.refresh("challenge", challenge.pk, before) for challenge in alone)


@transaction.atomic
def _write(found: Sequence[tuple[datetime, Challenge, list[ask.Found]]], before: datetime) -> int:
    claims = {challenge.pk: claim for claim, challenge, _found in found}
    there = Refreshed.objects.filter(kind="challenge", object_id__in=claims)
    # Not where it was asked for anew or done meanwhile.
    ours = {
        row.object_id: row
        for row in there.select_for_update(no_key=True).order_by("object_id")
        if row.claimed_at == claims[row.object_id] and (row.at is None or row.at < before)
    }
    kept = [(challenge, one) for _claim, challenge, one in found if challenge.pk in ours]
    actions.keep_for_challenges(kept)
    for challenge, one in kept:
        if ours[challenge.pk].at is None:
            keeping.touch(one)
    there.filter(object_id__in=ours).update(at=clock.now(), claimed_at=None)
    return len(kept)
