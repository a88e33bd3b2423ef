"""The figures of a municipality, counted from its records at the moment somebody asks. Nothing is ever stored.

Each number has a named query in `figures_queries.py`; `evidence` hands out the very records it counted.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from statistics import median

from django.db import models
from django.db.models import Count

from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year as fiscal_year_of
from musubi.lib.workdays import workdays_between
from musubi.outcomes import figures_queries as records
from musubi.outcomes.figures_queries import SOURCES, Period, Source
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Municipality
from musubi.people.queries import closing_days
from musubi.proposals.models import Proposal
from musubi.proposals.states import Track


def figures(municipality: Municipality, fiscal_year: int | None = None) -> dict:
    """All figures of one fiscal year (2024 is 令和6年度), or of all time, as plain values for JSON.

    Fixed keys: `municipality` (slug), `fiscal_year`, `members`, `gatherings`, `proposals`, `trials`, `agreements`,
    `cases_open`, `funnel`, `dialogues_by_channel`, `challenges_realised_share` (0–1, None without challenges) and
    `months_to_start` (months by challenge code). More: `outcomes` and `declines` (totals and by kind or reason),
    `median_workdays` (business days from receipt to first answer and to decision, None without any) and
    `by_fiscal_year` (rows of every year up to this one, whatever year was asked). A constant number of statements.
    """
    period = Period(fiscal_year)
    funnel = _funnel(municipality, period)
    channels = Counter(one.channel for one in records.dialogues(municipality, period))
    funnel["dialogues"] = channels.total()
    funnel["realised"] = records.realised(municipality, period).count()
    share = round(funnel["realised"] / funnel["challenges"], 4) if funnel["challenges"] else None
    history = _history(municipality)
    return {
        "municipality": municipality.slug,
        "fiscal_year": fiscal_year,
        "members": records.members(municipality, period).count(),
        "gatherings": {
            kind.value: n
            for kind, n in _by(records.gatherings(municipality, period), "kind", records.GATHERINGS)
        },
        "proposals": _with_total(records.proposals(municipality, period), "track", Track),
        "trials": _with_total(
            records.trials(municipality, period), "case__proposal__track", records.TRIAL_TRACKS
        ),
        "agreements": records.agreements(municipality, period).count(),
        "cases_open": records.cases_open(municipality, period).count(),
        "funnel": {key: funnel[key] for key in ("challenges", "proposals", "dialogues", "realised")},
        "dialogues_by_channel": {
            records.EVENT: channels[records.EVENT],
            records.OTHER: channels[records.OTHER],
        },
        "challenges_realised_share": share,
        "months_to_start": records.months_to_start(municipality, period),
        "outcomes": _with_total(records.outcomes(municipality, period), "kind", OutcomeKind),
        "declines": _reasons(records.declines(municipality, period)),
        "median_workdays": _medians(
            [row for row in history if fiscal_year in (None, row[0])], closing_days(municipality.pk)
        ),
        "by_fiscal_year": _by_fiscal_year(municipality, history),
    }


def evidence(
    municipality: Municipality, key: str, fiscal_year: int | None = None
) -> tuple[Source, models.QuerySet]:
    """What number `key` counted: its source (with a label) and the records, as many as the number says.

    Raises KeyError for a key that is not in `SOURCES`. What of a record may be shown to whom is the page's to say.
    """
    source = SOURCES[key]
    return source, source.rows(municipality, Period(fiscal_year))


def years(municipality: Municipality) -> list[int]:
    """The fiscal years there may be figures for, this one first."""
    this = fiscal_year_of(clock.today())
    return list(range(this, min(records.first_year(municipality), this) - 1, -1))


def _funnel(municipality: Municipality, period: Period) -> dict[str, int]:
    return {
        "challenges": records.challenges(municipality, period).count(),
        "proposals": records.answers(municipality, period).count(),
    }


def _tally(rows: models.QuerySet, field: str) -> Counter:
    return Counter(dict(rows.order_by().values_list(field).annotate(Count("pk"))))


def _by(rows: models.QuerySet, field: str, choices: Iterable) -> list[tuple]:
    tally = _tally(rows, field)
    return [(choice, tally[choice.value]) for choice in choices]


def _with_total(rows: models.QuerySet, field: str, choices: Iterable) -> dict[str, int]:
    """The total of all rows (also of those that fall under no choice), then each choice's."""
    tally = _tally(rows, field)
    return {"total": tally.total(), **{choice.value: tally[choice.value] for choice in choices}}


def _reasons(rows: models.QuerySet) -> dict[str, int]:
    """Only the reasons that were given, the commonest first."""
    tally = _tally(rows, "decline_reason")
    return {"total": tally.total(), **dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))}


# --- how long it took -----------------------------------------------------------------------------------------

_Times = tuple[int, date, date | None, date | None]


def _history(municipality: Municipality) -> list[_Times]:
    """Per proposal received: its fiscal year, and the days it was received, first answered and decided on.

    A withdrawal is the proposer's, not a decision.
    """
    rows = Proposal.objects.filter(municipality=municipality, submitted_at__isnull=False)
    found = []
    for *moments, decided_at, state in rows.order_by("submitted_at").values_list(
        "submitted_at", "first_answered_at", "decided_at", "state"
    ):
        moments.append(decided_at if state in records.DECIDED else None)
        received, answered, decided = (at.astimezone(clock.TOKYO).date() if at else None for at in moments)
        found.append((fiscal_year_of(received), received, answered, decided))
    return found


def _medians(rows: list[_Times], closed) -> dict[str, float | None]:
    def middle(days: list[int]) -> float | int | None:
        if not days:
            return None
        value = median(days)
        return int(value) if value == int(value) else value

    return {
        "first_answer": middle(
            [workdays_between(r, answered, closed) for _year, r, answered, _d in rows if answered]
        ),
        "decision": middle(
            [workdays_between(r, decided, closed) for _year, r, _a, decided in rows if decided]
        ),
    }


def _by_fiscal_year(municipality: Municipality, history: list[_Times]) -> list[dict]:
    """One row per fiscal year, oldest first: proposals received and how long answers took, challenges, outcomes."""
    everything = Period()
    published = Counter(
        fiscal_year_of(at.astimezone(clock.TOKYO).date())
        for at in records.challenges(municipality, everything).values_list("published_at", flat=True)
    )
    started = Counter(
        fiscal_year_of(day)
        for day in records.outcomes(municipality, everything).values_list("started_on", flat=True)
    )
    received = Counter(year for year, *_days in history)
    closed = closing_days(municipality.pk)
    found = {*published, *started, *received}
    return (
        [
            {
                "fiscal_year": year,
                "challenges": published[year],
                "proposals": received[year],
                "outcomes": started[year],
                **{
                    f"median_workdays_to_{name}": value
                    for name, value in _medians([row for row in history if row[0] == year], closed).items()
                },
            }
            for year in range(min(found), max(found) + 1)
        ]
        if found
        else []
    )
