"""What happened to every proposal, challenge and stage, read in one statement each: the raw material of the times and
of the breakdowns.

Days come out of the database as text and are kept as ordinals (`date.toordinal`): turning a hundred thousand moments
into datetimes would take longer than everything else on the page.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Subquery

from musubi.cases.models import Case, Stay
from musubi.challenges.models import Challenge
from musubi.journal.models import Entry
from musubi.lib.fiscal import fiscal_year
from musubi.notify.models import Notice
from musubi.outcomes.figures_queries import DECIDED, in_charge
from musubi.outcomes.models import Outcome
from musubi.outcomes.states import REALISED
from musubi.people.models import Municipality
from musubi.proposals.models import Proposal
from musubi.proposals.states import OPEN


class TokyoDay(Func):
    """The calendar day in Japan of a moment, as text: 2024-06-15. Japan has no summer time."""

    output_field = models.CharField()

    def as_sqlite(self, compiler, connection, **context):
        return super().as_sql(compiler, connection, template="date(%(expressions)s, '+9 hours')", **context)

    def as_postgresql(self, compiler, connection, **context):
        template = "to_char(%(expressions)s AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD')"
        return super().as_sql(compiler, connection, template=template, **context)


class Fact(NamedTuple):
    """One proposal received: the days (ordinals) of its steps, None where it did not come so far, and its marks.

    `decided` is the day it was accepted or declined, `left` the day it was withdrawn; `department` is the id of the
    one it is counted for (`figures_queries.in_charge`), None where none has it yet.
    """

    received: int
    acknowledged: int | None
    answered: int | None
    talked: int | None
    decided: int | None
    left: int | None
    track: str
    channel: str
    department: int | None
    accepted: bool
    declined: bool
    realised: bool

    @property
    def year(self) -> int:
        return year_of(self.received)

    @property
    def is_open(self) -> bool:
        return self.decided is None and self.left is None


class Need(NamedTuple):
    """One published challenge: its fiscal year, its marks, and how far it came."""

    year: int
    channel: str
    department: int
    answered: bool
    talked: bool
    realised: bool


class Visit(NamedTuple):
    """One stay of a case at a stage: the days (ordinals) it began and ended, None while it lasts, and how it ended."""

    stage: str
    since: int
    until: int | None
    end: str
    department: int
    track: str


def proposal_facts(city: Municipality, since: datetime | None = None) -> list[Fact]:
    """Every proposal the municipality received (`since` a moment), in the order they came."""
    receipt = Entry.objects.filter(
        kind="proposal", object_id=OuterRef(OuterRef("pk")), verb="proposal.submitted"
    ).values("id")
    told = (
        Notice.objects.filter(entry_id__in=receipt, path__startswith="/my/")
        .order_by("at")
        .values(day=TokyoDay("at"))[:1]
    )
    came = {"submitted_at__gte": since} if since else {"submitted_at__isnull": False}
    rows = (
        Proposal.objects.filter(municipality=city, **came)
        .order_by("submitted_at", "pk")
        .values_list(
            TokyoDay("submitted_at"),
            Subquery(told),
            TokyoDay("first_answered_at"),
            TokyoDay("case__opened_at"),
            TokyoDay("decided_at"),
            "state",
            "track",
            "channel",
            in_charge(),
            Exists(Outcome.objects.filter(case__proposal=OuterRef("pk"), kind__in=REALISED)),
        )
    )
    found = []
    for received, receipt_day, answer, talk, end, state, track, channel, department, realised in rows:
        ended = _ordinal(end) if end and state not in OPEN else None
        decided = state in DECIDED
        found.append(
            Fact(
                _ordinal(received),
                _ordinal(receipt_day),
                _ordinal(answer),
                _ordinal(talk),
                ended if decided else None,
                None if decided else ended,
                track,
                channel,
                department,
                state == "accepted",
                state == "declined",
                realised,
            )
        )
    return found


def challenge_facts(city: Municipality) -> list[Need]:
    """Every challenge the municipality published, in the order they came out."""
    cases = Case.objects.filter(challenge=OuterRef("pk"))
    rows = (
        Challenge.objects.filter(municipality=city, published_at__isnull=False)
        .order_by("published_at", "pk")
        .values_list(
            TokyoDay("published_at"),
            "channel",
            "department_id",
            Exists(Proposal.objects.filter(challenge=OuterRef("pk"), submitted_at__isnull=False)),
            Exists(cases),
            Exists(Outcome.objects.filter(case__challenge=OuterRef("pk"), kind__in=REALISED)),
        )
    )
    return [Need(year_of(_ordinal(day)), *rest) for day, *rest in rows]


def visits(city: Municipality) -> list[Visit]:
    """Every stay of the municipality's cases at a stage of the path."""
    rows = Stay.objects.filter(municipality=city).values_list(
        "stage", TokyoDay("since"), TokyoDay("until"), "end", F("department_id"), "track"
    )
    return [
        Visit(stage, _ordinal(since), _ordinal(until), end, department, track)
        for stage, since, until, end, department, track in rows.order_by("id")
    ]


@lru_cache(maxsize=20_000)
def _ordinal(day: str | None) -> int | None:
    return date.fromisoformat(day).toordinal() if day else None


@lru_cache(maxsize=20_000)
def year_of(ordinal: int) -> int:
    return fiscal_year(date.fromordinal(ordinal))
