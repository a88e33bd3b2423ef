"""Learning from the record, anew every night: how long stages take, and what helped where a case lay too long.

One pass over all stays and one over the lines of the threads; everything between is done on arrays, because a
whole country's record has to be gone through in seconds.
"""

import logging
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, Case, Func, IntegerField, Value, When
from django.db.models.functions import Coalesce

from musubi.cases.models import LastWord, Pace, Post, Remedy, RemedyAct, Stay
from musubi.cases.radar.curves import curves
from musubi.cases.radar.pace import ENOUGH_MOVED, ENOUGH_STAYS
from musubi.cases.states import PATH, PostKind, Side, StayEnd
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.proposals.states import Track

ENOUGH_ALIKE = 10
"""Of fewer cases that were slow alike, no share is told."""
SOON_DAYS = 7
"""An act helped when the case went on within this many days after it."""

CHUNK = 20_000
DAY = 86_400
STAGES = {stage: number for number, stage in enumerate(PATH[:-1])}
TRACKS = {track: number for number, track in enumerate(["", *Track.values])}
ENDS = {"": 0, StayEnd.MOVED: 1, StayEnd.CLOSED: 2, StayEnd.PAUSED: 3}
ACTS = [RemedyAct.MESSAGE, RemedyAct.MEETING, RemedyAct.BALL, RemedyAct.DEPARTMENT]
ENDINGS = [RemedyAct.SKIP, RemedyAct.CLOSE]
WORDS = list(LastWord)
# What is kept apart beside the stage, the nearest kinds first: the steps of the fallback in `pace.Paces`.
LEVELS = [
    ("track", "department", "municipality"),
    ("track", "municipality"),
    ("municipality",),
    ("track",),
    (),
]

log = logging.getLogger(__name__)


class Plain:
    """An expression whose whole numbers are taken as the database gives them: turning each of two million into an
    `int` once more costs a second."""

    def get_db_converters(self, connection):
        return []


class Seconds(Plain, Func):
    """A moment as whole seconds since 1970: half a million rows arrive as numbers, not as half a million dates."""

    output_field = BigIntegerField()

    def __init__(self, moment: str):
        super().__init__(moment)

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        )

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, template="CAST(FLOOR(EXTRACT(EPOCH FROM %(expressions)s)) AS BIGINT)"
        )


def learn() -> dict[str, int]:
    """Fit everything anew and replace what was known, whole. Returns the counts `stays`, `paces` and `remedies`.

    Two that run at once do no harm: the one that commits second finds the other's figures there, and leaves them.
    """
    now = clock.now()
    stays = _read_stays(now)
    paces, slow_days = _fit(stays, now)
    remedies = _remedies(stays, slow_days, now)
    try:
        with transaction.atomic():
            Pace.objects.all().delete()
            Remedy.objects.all().delete()
            Pace.objects.bulk_create(paces, batch_size=2000)
            Remedy.objects.bulk_create(remedies, batch_size=2000)
    except IntegrityError:
        log.warning("somebody else learned at the same time; their figures stand")
    return {"stays": len(stays["case"]), "paces": len(paces), "remedies": len(remedies)}


def japanese_day(seconds):
    """The number of the Japanese calendar day a moment lies in. (Japan has kept UTC+9 without summer time since 1951.)"""
    return (seconds + 9 * 3600) // DAY


def first_second(day):
    """The second with which a Japanese calendar day begins."""
    return day * DAY - 9 * 3600


# --- reading -------------------------------------------------------------------------------------------------


def _columns(rows, count: int) -> list:
    """The rows of a `values_list` of `count` whole numbers, as one array per column, read chunk by chunk."""
    import numpy as np

    parts, chunk = [], []
    for row in rows.iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            parts.append(np.array(chunk, dtype=np.int64))
            chunk = []
    parts.append(np.array(chunk, dtype=np.int64).reshape(-1, count))
    return list(np.concatenate(parts).T)


class Number(Plain, Case):
    pass


class OrNow(Plain, Coalesce):
    pass


def _number(column: str, numbers: dict[str, int]) -> Number:
    """A short text column as the number its value has in `numbers`, so that text never leaves the database."""
    whens = [When(**{column: value}, then=Value(number)) for value, number in numbers.items()]
    return Number(*whens, default=Value(0), output_field=IntegerField())


def _read_stays(now: datetime) -> dict:
    """All stays as arrays, in the order of each case's life: `case`, `municipality`, `department`, `track`, `stage`,
    `end` (numbers), `since` and `until` (seconds; an open one lasts until now) and `days`."""
    names = ["case", "municipality", "department", "track", "stage", "end", "since", "until"]
    rows = (
        Stay.objects.order_by("case_id", "since", "id")
        .annotate(
            n_track=_number("track", TRACKS),
            n_stage=_number("stage", STAGES),
            n_end=_number("end", ENDS),
            n_since=Seconds("since"),
            n_until=OrNow(Seconds("until"), Value(int(now.timestamp()))),
        )
        .values_list(
            "case_id", "municipality_id", "department_id", "n_track", "n_stage", "n_end", "n_since", "n_until"
        )
    )
    stays = dict(zip(names, _columns(rows, len(names)), strict=True))
    stays["days"] = (japanese_day(stays["until"]) - japanese_day(stays["since"])).clip(min=0)
    return stays


# --- how long it takes ---------------------------------------------------------------------------------------


def _fit(stays: dict, now: datetime) -> tuple:
    """The figures of every kind with enough history as `Pace` rows; and, for each stay, an array of the `slow_days` of
    the nearest such kind (NaN: none)."""
    import numpy as np

    observed = (stays["end"] == ENDS[StayEnd.MOVED]) | (stays["end"] == ENDS[StayEnd.CLOSED])
    slow_days = np.full(len(observed), np.nan)
    paces = []
    for level in LEVELS:
        _values, first, kind = np.unique(_kinds(stays, level), return_index=True, return_inverse=True)
        count, moved = np.bincount(kind), np.bincount(kind, weights=observed)
        enough = (count >= ENOUGH_STAYS) & (moved >= ENOUGH_MOVED)
        shares = curves(kind, enough, stays["days"], observed)
        # The levels come nearest first: what a nearer one has said stands.
        slow_days = np.where(np.isnan(slow_days), shares[kind, 1], slow_days)
        for number in np.flatnonzero(enough):
            of = {name: int(stays[name][first[number]]) for name in ("stage", *level)}
            median, slow = (None if np.isnan(share) else float(share) for share in shares[number])
            paces.append(
                Pace(
                    municipality_id=of.get("municipality"),
                    department_id=of.get("department"),
                    track=list(TRACKS)[of["track"]] if "track" in of else None,
                    stage=PATH[of["stage"]],
                    stays=int(count[number]),
                    moved=int(moved[number]),
                    median_days=median,
                    slow_days=slow,
                    fitted_at=now,
                )
            )
    return paces, slow_days


def _kinds(stays: dict, level: tuple[str, ...]):
    """One number for each stay that is the same for those of one kind."""
    kind = stays["stage"].copy()
    for name in level:
        kind += stays[name] * (int(kind.max(initial=0)) + 1)
    return kind


def _groups(kind) -> list:
    """The row numbers of each group of equal `kind`."""
    import numpy as np

    order = np.argsort(kind, kind="stable")
    _values, starts = np.unique(kind[order], return_index=True)
    return np.split(order, starts[1:])


# --- what helped ---------------------------------------------------------------------------------------------


def _remedies(stays: dict, slow_days, now: datetime) -> list[Remedy]:
    """For every stay that ended after it had become slow: who had spoken last by then, what was done after, and
    whether it went on soon after that."""
    import numpy as np

    ended = (stays["end"] == ENDS[StayEnd.MOVED]) | (stays["end"] == ENDS[StayEnd.CLOSED])
    was_slow = ended & (stays["days"] > slow_days)
    if not was_slow.any():
        return []
    slow = {name: column[was_slow] for name, column in stays.items()}
    # It became slow with the first day past the usual ones.
    day = japanese_day(slow["since"]) + np.floor(slow_days[was_slow]).astype(np.int64) + 1
    slow["from"] = first_second(day)
    moved = slow["end"] == ENDS[StayEnd.MOVED]
    lines = _read_lines()
    done, soon = _acts_within(slow, lines)
    soon = {act: found & moved for act, found in soon.items()}
    everyone = np.ones(len(day), dtype=bool)
    for act, found in ((RemedyAct.SKIP, _skipped(stays)[was_slow]), (RemedyAct.CLOSE, ~moved)):
        done[act], soon[act] = everyone, found
    last_word = _last_words(slow, lines)
    remedies = []
    for everywhere in (False, True):
        kind = (slow["stage"] * len(WORDS)) + last_word
        if not everywhere:
            kind = kind + slow["municipality"] * (len(PATH) * len(WORDS))
        for rows in _groups(kind):
            if len(rows) < ENOUGH_ALIKE:
                continue
            for act in (*ACTS, *ENDINGS):
                if done[act][rows].any():
                    remedies.append(
                        Remedy(
                            municipality_id=None if everywhere else int(slow["municipality"][rows[0]]),
                            stage=PATH[int(slow["stage"][rows[0]])],
                            last_word=WORDS[int(last_word[rows[0]])],
                            act=act,
                            stays=len(rows),
                            done=int(done[act][rows].sum()),
                            moved=int(soon[act][rows].sum()),
                            fitted_at=now,
                        )
                    )
    return remedies


def _skipped(stays: dict):
    """Whether each stay was left for a stage further on than the next; after the last one comes completion."""
    import numpy as np

    following = np.append(stays["stage"][1:], 0)
    same_case = np.append(stays["case"][1:] == stays["case"][:-1], False)
    to = np.where(same_case, following, len(PATH) - 1)
    return (stays["end"] == ENDS[StayEnd.MOVED]) & (to > stays["stage"] + 1)


def _moment(case, seconds):
    """One number that orders (case, second) pairs. Seconds since 1970 stay below 2³⁴ until the year 2514."""
    return (case << 34) + seconds


def _acts_within(slow: dict, lines: dict) -> tuple[dict, dict]:
    """For each act: in which of the slow stays it was done while slow, and in which the stay ended soon after the last."""
    import numpy as np

    starts = _moment(slow["case"], slow["from"])
    order = np.argsort(starts)
    starts = starts[order]
    done, soon = {}, {}
    for act in ACTS:
        case, at = _added_departments() if act is RemedyAct.DEPARTMENT else lines[act]
        place = np.searchsorted(starts, _moment(case, at), side="right") - 1
        row = order[place]
        # Stays of a case follow each other, so the last one begun before the act is the only one it can lie in.
        inside = (place >= 0) & (slow["case"][row] == case) & (at <= slow["until"][row])
        last = np.full(len(order), -1, dtype=np.int64)
        np.maximum.at(last, row[inside], at[inside])
        done[act] = last >= 0
        soon[act] = done[act] & (slow["until"] - last <= SOON_DAYS * DAY)
    return done, soon


def _read_lines() -> dict:
    """(cases, seconds) of the lines of all threads, by what they are: the organisations' messages, and our acts."""
    rows = (
        Post.objects.filter(kind__in=[PostKind.MESSAGE, PostKind.MEETING, PostKind.BALL])
        .order_by()
        .annotate(
            n_kind=_number("kind", {PostKind.MESSAGE: 0, PostKind.MEETING: 1, PostKind.BALL: 2}),
            n_side=_number("side", {Side.ORGANISATION: 1}),
            n_at=Seconds("at"),
        )
        .values_list("n_kind", "n_side", "case_id", "n_at")
    )
    kinds, theirs, cases, seconds = _columns(rows, 4)
    lines = {
        LastWord.ORGANISATION: (kinds == 0) & (theirs == 1),
        RemedyAct.MESSAGE: (kinds == 0) & (theirs == 0),
        RemedyAct.MEETING: kinds == 1,
        RemedyAct.BALL: kinds == 2,
    }
    return {what: (cases[chosen], seconds[chosen]) for what, chosen in lines.items()}


def _added_departments() -> tuple:
    """(cases, seconds) of every department that was added to a case."""
    rows = (
        Entry.objects.filter(kind="case", verb="case.department_added")
        .order_by()
        .annotate(n_at=Seconds("at"))
        .values_list("object_id", "n_at")
    )
    return tuple(_columns(rows, 2))


def _last_words(slow: dict, lines: dict):
    """For each slow stay the place in `WORDS` of whose message was the last when it became slow."""
    import numpy as np

    when = _moment(slow["case"], slow["from"])
    theirs, ours = (
        _last_before(when, slow["case"], *lines[what]) for what in (LastWord.ORGANISATION, RemedyAct.MESSAGE)
    )
    by = np.where(theirs > ours, WORDS.index(LastWord.ORGANISATION), WORDS.index(LastWord.MUNICIPALITY))
    return np.where((theirs < 0) & (ours < 0), WORDS.index(LastWord.NOBODY), by)


def _last_before(when, cases, line_cases, line_seconds):
    """For each of `when` (moments of `cases`) the second of the case's last line before it; -1 where there is none."""
    import numpy as np

    if not len(line_cases):
        return np.full(len(when), -1, dtype=np.int64)
    order = np.argsort(_moment(line_cases, line_seconds))
    place = np.searchsorted(_moment(line_cases, line_seconds)[order], when) - 1
    line = order[place]
    return np.where((place >= 0) & (line_cases[line] == cases), line_seconds[line], -1)
