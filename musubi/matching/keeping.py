"""Keeps suggestions current: at once for what the journal tells of, every night for all that is open.

What was found when stands in `Refreshed`, written in one transaction with what was found: whatever stops in between is
done again, and nothing twice. Any number of workers may do this at once; each claims what it takes up.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from musubi.challenges.models import Challenge
from musubi.journal import following
from musubi.journal.following import Position
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.matching import actions, ask, documents, queries, weekly
from musubi.matching.models import Followed, Ranking, Refreshed, Suggestion
from musubi.people.models import Member, Organisation
from musubi.proposals.models import Proposal
from musubi.solutions.models import Solution

log = logging.getLogger(__name__)

# The hour of the night (Japanese time) from which on everything open is found anew.
NIGHT = 2
# At most so many of one kind before the journal is looked at again.
ROUND = 50
# A reader of the index sees what the journal told of within this many seconds.
LAG = 3.0
IDLE, FAULT = 5.0, 60.0
# So many lose their places at once.
ENDED = 500
# What is new or changed may now come first for so many of those found for it: they are due again.
NEAR = 10
# A claim older than this belongs to a dead worker.
LEASE = timedelta(minutes=10)
LONG_AGO = datetime(2000, 1, 1, tzinfo=clock.TOKYO)

FOLLOWER = "suggestions"
CHALLENGE_VERBS = [
    f"challenge.{verb}"
    for verb in ("published", "widened", "saved", "reopened", "renewed", "closed", "resolved")
]
MODELS: dict[str, type[models.Model]] = documents.MODELS


def keep(stop: Callable[[], bool], *, once: bool = False) -> None:
    """Keep suggestions current, and write the weekly digests when their morning has come, until `stop` says so; with
    `once`, what waits. Never raises."""
    if settings.INDEX_DIR is None:
        return
    try:
        while not stop():
            wait = _turn(stop, once=once)
            if once and wait:
                return
            _rest(wait, stop)
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _turn(stop: Callable[[], bool], *, once: bool) -> float:
    """Do what is next; returns the seconds to wait before the next turn."""
    from musubi.matching.engine.index import Preparing

    try:
        asked = follow()
        if asked and not once:
            _rest(LAG, stop)
        return 0.0 if refresh_due(stop) + weekly.write(stop) else IDLE
    except Preparing:
        return IDLE
    except Exception:
        log.exception("suggestions could not be kept current; trying again soon")
        if not connection.in_atomic_block:
            connection.close()
        return FAULT


def _rest(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stop() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))


# --- what is due ---------------------------------------------------------------------------------------------


def follow() -> int:
    """Read what happened since, and ask anew for what it changed; returns for how many."""
    count = 0
    while True:
        with transaction.atomic():
            Followed.objects.bulk_create(
                [Followed(name=FOLLOWER, position=following.now().as_json())], ignore_conflicts=True
            )
            row = Followed.objects.select_for_update().get(name=FOLLOWER)
            position = Position.from_json(row.position)
            entries, further = following.after(position)
            if further == position:
                return count
            things = changed_by(entries)
            for kind, keys in things.items():
                ask_anew(kind, keys)
                count += len(keys)
            look_again(spoken_of_by(entries))
            row.position = further.as_json()
            row.save(update_fields=["position"])


def changed_by(entries: Iterable[Entry]) -> dict[str, set[int]]:
    """For what suggestions are to be found anew after what happened, by kind."""
    things: dict[str, set[int]] = defaultdict(set)
    members, owners, rankings = set(), set(), set()
    for entry in entries:
        if entry.verb in CHALLENGE_VERBS:
            things["challenge"].add(entry.object_id)
        elif entry.kind == "solution" and entry.verb != "solution.drafted":
            things["solution"].add(entry.object_id)
        elif entry.verb == "organisation.changed":
            owners.add(entry.object_id)
        elif entry.kind == "member":
            members.add(entry.object_id)
        elif entry.verb == "ranking.adopted":
            rankings.add(entry.object_id)
    if members:
        owners.update(Member.objects.filter(pk__in=members).values_list("organisation", flat=True))
    if things["solution"]:
        # One without a published solution is looked up by itself.
        own = Solution.objects.filter(pk__in=things["solution"])
        things["organisation"].update(own.values_list("organisation", flat=True))
    if owners:
        things["organisation"] |= owners
        own = Solution.objects.filter(organisation__in=owners, state="published")
        things["solution"].update(own.values_list("pk", flat=True))
    if rankings:
        cities = Ranking.objects.filter(pk__in=rankings).values("municipality")
        there = queries.open_challenges().filter(municipality__in=cities)
        things["challenge"].update(there.values_list("pk", flat=True))
    return {kind: keys for kind, keys in things.items() if keys}


def spoken_of_by(entries: Iterable[Entry]) -> models.QuerySet[Challenge]:
    """The open challenges whose suggestions say something, for or against a pair, that what happened has changed: who is
    a member and where, what was declined, what was judged."""
    happened: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        if entry.kind in ("member", "organisation") or entry.verb in (
            "proposal.declined",
            "suggestion.judged",
        ):
            happened[entry.kind].add(entry.object_id)
    members = Member.objects.filter(pk__in=happened["member"])
    shown = Suggestion.objects.filter(
        Q(organisation__in=happened["organisation"]) | Q(organisation__in=members.values("organisation")),
        need_rank__isnull=False,
    )
    return queries.open_challenges().filter(
        Q(pk__in=shown.values("challenge"))
        | Q(pk__in=Proposal.objects.filter(pk__in=happened["proposal"]).values("challenge"))
        | Q(pk__in=Suggestion.objects.filter(pk__in=happened["suggestion"]).values("challenge"))
    )


def look_again(challenges: models.QuerySet[Challenge]) -> None:
    """Have these found anew in their turn, after what was asked for."""
    keys = challenges.order_by().values("pk")
    Refreshed.objects.filter(kind="challenge", object_id__in=keys, at__isnull=False).update(at=LONG_AGO)


def ask_anew(kind: str, keys: Iterable[int]) -> None:
    """Have the suggestions of these found anew at the next turn, whatever the hour."""
    keys = sorted(keys)
    rows = [Refreshed(kind=kind, object_id=key) for key in keys]
    Refreshed.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    # Who is at it just now has read the old words.
    Refreshed.objects.filter(kind=kind, object_id__in=keys).update(at=None, claimed_at=None)


def night() -> datetime:
    """When the last night's round was to begin."""
    now = clock.now()
    begin = clock.at(clock.today(), NIGHT)
    return begin if begin <= now else begin - timedelta(days=1)


def open_things() -> dict[str, models.QuerySet]:
    """All that suggestions are kept for, by kind."""
    found = {"challenge": queries.open_challenges(), **queries.seeds()}
    relations = {
        "challenge": (["municipality"], ["goals", "fields"]),
        "solution": (["organisation"], ["goals", "fields"]),
        "organisation": ([], []),
    }
    for kind, (related, fetched) in relations.items():
        found[kind] = found[kind].select_related(*related) if related else found[kind]
        found[kind] = found[kind].prefetch_related(*fetched)
    return found


def not_since(rows: models.QuerySet, kind: str, before: datetime) -> models.QuerySet:
    """Those of the rows for which nothing was found since `before`, or was asked for anew."""
    done = Refreshed.objects.filter(kind=kind, object_id=OuterRef("pk"), at__gte=before)
    return rows.filter(~Exists(done)).order_by("pk")


def due(before: datetime) -> Iterator[tuple[str, int]]:
    """What is next, at most `ROUND` of a kind: first what was asked for, then what is as old as that."""
    for kind in MODELS:
        asked = Refreshed.objects.filter(kind=kind, at=None).order_by("pk")
        for key in asked.values_list("object_id", flat=True)[:ROUND]:
            yield kind, key
    for kind, rows in open_things().items():
        for key in not_since(rows.prefetch_related(None), kind, before).values_list("pk", flat=True)[:ROUND]:
            yield kind, key


def refresh_due(stop: Callable[[], bool] = lambda: False) -> int:
    """Find anew what is due, one round of it; returns how many were. Raises `engine.index.Preparing`."""
    before = night()
    count = 0
    for kind, key in due(before):
        if stop():
            break
        count += refresh(kind, key, before)
    end(before, stop)
    return count


def end(before: datetime, stop: Callable[[], bool]) -> None:
    """Once a night: what came to an end without an entry in the journal (a day has passed) loses its places."""
    Refreshed.objects.bulk_create([Refreshed(kind="ended", object_id=0, at=LONG_AGO)], ignore_conflicts=True)
    mark = Refreshed.objects.filter(kind="ended", object_id=0)
    if not mark.filter(at__lt=before).exists():
        return
    ended = queries.ended().filter(Q(need_rank__isnull=False) | Q(seed_rank__isnull=False), state="suggested")
    while keys := list(ended.order_by("pk").values_list("pk", flat=True)[:ENDED]):
        if stop():
            return
        actions.end_undecided(queries.ended().filter(pk__in=keys))
    mark.update(at=clock.now())


def refresh(kind: str, key: int, before: datetime) -> bool:
    """Find the suggestions of one challenge, solution or organisation anew, unless that was done since `before` or
    another worker is at it. Nothing is locked while the engine looks. Raises `engine.index.Preparing`.

    One that cannot be done is left until the next night, and keeps nobody from the others.
    """
    from musubi.matching.engine.index import Preparing

    claim = clock.now()
    rows = Refreshed.objects.filter(kind=kind, object_id=key)
    if not rows.exists():
        Refreshed.objects.bulk_create(
            [Refreshed(kind=kind, object_id=key, at=LONG_AGO)], ignore_conflicts=True
        )
    free = Q(claimed_at=None) | Q(claimed_at__lt=claim - LEASE)
    if not rows.filter(free, Q(at=None) | Q(at__lt=before)).update(claimed_at=claim):
        return False
    mine = rows.filter(claimed_at=claim)
    try:
        _find_anew(kind, key, mine)
    except Preparing:
        mine.update(claimed_at=None)
        raise
    except Error:
        raise
    except Exception:
        log.exception("suggestions for %s %s could not be found", kind, key)
        mine.update(at=clock.now(), claimed_at=None)
    return True


def _find_anew(kind: str, key: int, mine: models.QuerySet[Refreshed]) -> None:
    was_asked = mine.filter(at=None).exists()
    thing = open_things()[kind].filter(pk=key).first()
    found = [] if thing is None else find(thing)
    with transaction.atomic():
        if thing is None:
            if kind != "challenge" and (gone := MODELS[kind].objects.filter(pk=key).first()):
                actions.keep_for_seed(gone, [])
            if kind in ("challenge", "solution"):
                actions.end_undecided(queries.ended().filter(**{kind: key}))
            mine.delete()
            return
        if isinstance(thing, Challenge):
            actions.keep_for_challenge(thing, found)
        else:
            actions.keep_for_seed(thing, found)
        if was_asked:
            touch(found)
        # Not where it was asked for anew meanwhile: then it is still to be done.
        mine.update(at=clock.now(), claimed_at=None)


def find(thing: Challenge | Solution | Organisation) -> list[ask.Found]:
    """Who could do a challenge; or which challenges a solution or an organisation could help with, among those its
    people may read. Raises `engine.index.Preparing`."""
    if isinstance(thing, Challenge):
        return ask.for_challenge(
            thing,
            solutions=documents.findable(Solution),
            organisations=documents.findable(Organisation),
        )
    owner = thing.organisation if isinstance(thing, Solution) else thing
    marks = [documents.OPEN, ask.readable_marks(owner)]
    return ask.for_seed(thing, challenges=queries.challenges_for(owner), marks=marks)


def keep_now(challenge: Challenge, key: str) -> Suggestion | None:
    """Keep what is found for a challenge at this moment, for somebody who wants to act on one of them (the `key` of its
    document) before the worker came by; None where that is not among them. Raises `engine.index.Preparing`."""
    found = find(challenge)
    things = {documents.key_of(one.thing): one.thing for one in found}
    if (thing := things.get(key)) is None:
        return None
    actions.keep_for_challenge(challenge, found)
    rows = challenge.suggestions.select_related("organisation", "solution", "challenge__municipality")
    if isinstance(thing, Solution):
        return rows.get(solution=thing)
    return rows.get(organisation=thing, solution=None)


def touch(found: Sequence[ask.Found]) -> None:
    """Something new is near the first of these: it may come first for them, too. Not `None`, which would go to and fro
    for ever."""
    keys: dict[str, list[int]] = defaultdict(list)
    for one in found[:NEAR]:
        if one.strength != "weak":
            keys[one.thing._meta.model_name].append(one.thing.pk)
    for kind, near in sorted(keys.items()):
        Refreshed.objects.filter(kind=kind, object_id__in=near, at__isnull=False).update(at=LONG_AGO)
