"""The figures of a municipality, counted from its records at the moment somebody asks. Nothing is ever stored.

Each number has a named query in `figures_queries.py`; `evidence` hands out the very records it counted. What is told
of every single proposal, challenge and stage (`facts`) is read once and counted in Python: how far they came and
along which way (`breakdowns`), how long it took (`times`). `small` is what of it everybody may see.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from statistics import median

from django.db import models
from django.db.models import Count

from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year as fiscal_year_of
from musubi.lib.fiscal import span
from musubi.lib.workdays import workdays_between
from musubi.outcomes import figures_queries as records
from musubi.outcomes.figures import breakdowns, effort, facts, small, times
from musubi.outcomes.figures_queries import SOURCES, Period, Source
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Municipality
from musubi.people.queries import closing_days
from musubi.proposals.states import REFERRAL, Track

SECOND_MATCHES = list(REFERRAL.states.values())


def figures(
    municipality: Municipality,
    fiscal_year: int | None = None,
    *,
    department: int | None = None,
    public: bool = False,
) -> dict:
    """All figures of one fiscal year (2024 is 令和6年度), or of all time, as plain values for JSON.

    `department` (an id) narrows them to what one department is in charge of; `public` leaves what everybody may see
    (`small.published`), in the same shape. A constant number of statements.

    Fixed keys: `municipality` (slug), `fiscal_year`, `members`, `gatherings`, `proposals`, `trials`, `agreements`,
    `cases_open`, `funnel`, `dialogues_by_channel`, `challenges_realised_share` (0–1, None without challenges) and
    `months_to_start` (months by challenge code). More: `outcomes` and `declines` (totals and by kind or reason),
    `median_workdays` (business days from receipt to first answer and to decision, None without any),
    `by_fiscal_year` (rows of every year up to this one, whatever year was asked), `department` (its name, None for
    all), `challenge_funnel` and `proposal_funnel` (how many came to each step), `challenges_by` and `proposals_by`
    (the same by channel, track, department and year; see `breakdowns`), `times` and `stage_times` (see `times`),
    `times_by_fiscal_year`, `effort` (money and hours by group of outcomes; see `effort`) and `second_matches`
    (declined proposals offered elsewhere, in total and by what the organisation said).
    """
    period = Period(fiscal_year, department)
    channels = Counter(one.channel for one in records.dialogues(municipality, period))
    names = breakdowns.departments_of(municipality)
    every_proposal = _of(facts.proposal_facts(municipality), department)
    proposals = _of(every_proposal, department, fiscal_year)
    every_challenge = _of(facts.challenge_facts(municipality), department)
    challenges = _of(every_challenge, department, fiscal_year)
    challenge_funnel = breakdowns.funnel(challenges, breakdowns.CHALLENGE_STEPS)
    funnel = {
        "challenges": challenge_funnel["published"],
        "proposals": records.answers(municipality, period).count(),
        "dialogues": channels.total(),
        "realised": challenge_funnel["realised"],
    }
    share = round(funnel["realised"] / funnel["challenges"], 4) if funnel["challenges"] else None
    stays = [
        visit
        for visit in _of(facts.visits(municipality), department)
        if fiscal_year in (None, facts.year_of(visit.since))
    ]
    kinds = effort.by_kind(records.outcomes(municipality, period), public=public)
    closed = closing_days(municipality.pk)
    found = {
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
        "funnel": funnel,
        "dialogues_by_channel": {
            records.EVENT: channels[records.EVENT],
            records.OTHER: channels[records.OTHER],
        },
        "challenges_realised_share": share,
        "months_to_start": records.months_to_start(municipality, period),
        "outcomes": {"total": sum(row["count"] for row in kinds.values())}
        | {kind.value: kinds[kind]["count"] if kind in kinds else 0 for kind in OutcomeKind},
        "declines": _reasons(records.declines(municipality, period)),
        "median_workdays": _medians(proposals, closed),
        "by_fiscal_year": _by_fiscal_year(municipality, every_challenge, every_proposal, closed, department),
        "department": names[department] if department else None,
        "challenge_funnel": challenge_funnel,
        "challenges_by": breakdowns.challenges_by(challenges, names),
        "proposal_funnel": breakdowns.funnel(proposals, breakdowns.PROPOSAL_STEPS),
        "proposals_by": breakdowns.proposals_by(proposals, names),
        "times": times.steps(proposals),
        "stage_times": times.stages(stays),
        "times_by_fiscal_year": times.by_year(every_proposal),
        "effort": effort.by_group(kinds),
        "second_matches": _with_total(records.second_matches(municipality, period), "state", SECOND_MATCHES),
    }
    return small.published(found) if public else found


def answer_times(municipality: Municipality) -> list[dict]:
    """This fiscal year's and the last one's rows of `times_by_fiscal_year`, as everybody may see them. One statement."""
    last = fiscal_year_of(clock.today()) - 1
    recent = facts.proposal_facts(municipality, since=clock.at(span(last)[0], 0))
    return small.published_times(times.by_year(recent))


def evidence(
    municipality: Municipality,
    key: str,
    fiscal_year: int | None = None,
    *,
    department: int | None = None,
    **narrow: str,
) -> tuple[Source, models.QuerySet]:
    """What number `key` counted: its source (with a label) and the records, as many as the number says.

    `narrow` (`channel`, `track`) leaves one row of a breakdown, where the records have such a column. Raises KeyError
    for a key that is not in `SOURCES`. What of a record may be shown to whom is the page's to say.
    """
    source = SOURCES[key]
    rows = source.rows(municipality, Period(fiscal_year, department))
    columns = {field.name for field in rows.model._meta.fields}
    return source, rows.filter(**{name: value for name, value in narrow.items() if name in columns})


def years(municipality: Municipality) -> list[int]:
    """The fiscal years there may be figures for, this one first."""
    this = fiscal_year_of(clock.today())
    return list(range(this, min(records.first_year(municipality), this) - 1, -1))


def _tally(rows: models.QuerySet, field: str) -> Counter:
    return Counter(dict(rows.order_by().values_list(field).annotate(Count("pk"))))


def _by(rows: models.QuerySet, field: str, choices: Iterable) -> list[tuple]:
    tally = _tally(rows, field)
    return [(choice, tally[choice.value]) for choice in choices]


def _with_total(rows: models.QuerySet, field: str, choices: Iterable) -> dict[str, int]:
    """The total of all rows (also of those that fall under no choice), then each choice's (a `State` is one too)."""
    tally = _tally(rows, field)
    return {"total": tally.total(), **{choice.value: tally[choice.value] for choice in choices}}


def _reasons(rows: models.QuerySet) -> dict[str, int]:
    """Only the reasons that were given, the commonest first."""
    tally = _tally(rows, "decline_reason")
    return {"total": tally.total(), **dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))}


def _of(things: list, department: int | None, year: int | None = None) -> list:
    """The facts of one department and year, or all of them."""
    return [
        thing
        for thing in things
        if (department is None or thing.department == department) and (year is None or thing.year == year)
    ]


# --- in business days, and by year ----------------------------------------------------------------------------


def _medians(proposals: list[facts.Fact], closed) -> dict[str, float | None]:
    """Of those answered and decided, in the municipality's business days. A withdrawal is the proposer's, not a
    decision."""

    def middle(steps: list[tuple[int, int | None]]) -> float | int | None:
        days = [_workdays(came, ended, closed) for came, ended in steps if ended]
        if not days:
            return None
        value = median(days)
        return int(value) if value == int(value) else value

    return {
        "first_answer": middle([(one.received, one.answered) for one in proposals]),
        "decision": middle([(one.received, one.decided) for one in proposals]),
    }


@lru_cache(maxsize=50_000)
def _workdays(start: int, end: int, closed: frozenset) -> int:
    return workdays_between(date.fromordinal(start), date.fromordinal(end), closed)


def _by_fiscal_year(
    municipality: Municipality, needs: list, proposals: list, closed, department: int | None
) -> list[dict]:
    """One row per fiscal year, oldest first: proposals received and how long answers took, challenges, outcomes."""
    published = Counter(need.year for need in needs)
    received = Counter(one.year for one in proposals)
    started = Counter(
        fiscal_year_of(day)
        for day in records.outcomes(municipality, Period(department=department)).values_list(
            "started_on", flat=True
        )
    )
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
                    for name, value in _medians([p for p in proposals if p.year == year], closed).items()
                },
            }
            for year in range(min(found), max(found) + 1)
        ]
        if found
        else []
    )
