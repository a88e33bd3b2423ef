"""The records behind the figures: one named query per number, so that a number and its evidence cannot differ.

Every query takes a municipality and a `Period`. Counts *of a year* (proposals, gatherings, trials, agreements,
outcomes) take what happened in it; *stocks* (members, open cases) are read at its end, or today where it is not
over; the funnel follows the challenges published in the year, whenever the later steps came. `docs/figures.md`
says the same for readers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Agreement, Case, Meeting, Post, Trial
from musubi.cases.states import CONCLUDED, OPEN, RAN, PostKind
from musubi.challenges.models import Challenge
from musubi.gatherings.models import Gathering
from musubi.gatherings.states import TOOK_PLACE
from musubi.gatherings.states import Kind as GatheringKind
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year, span
from musubi.outcomes.models import Outcome
from musubi.outcomes.states import REALISED, OutcomeKind
from musubi.people.models import Member, Municipality, Organisation
from musubi.people.queries import members_of
from musubi.proposals.models import Proposal, Referral, Routing
from musubi.proposals.states import OPEN as OPEN_PROPOSALS
from musubi.proposals.states import DeclineReason, Track

GATHERINGS = [GatheringKind.EXCHANGE, GatheringKind.MATCHING, GatheringKind.SUBCOMMITTEE]
TRIAL_TRACKS = [Track.CHALLENGE, Track.TRIAL]
DECIDED = ["accepted", "declined"]
EVENT, OTHER = "event", "other"


@dataclass(frozen=True)
class Period:
    """One fiscal year, or all time (`year` is None); of the whole municipality, or of one department (its id).

    A department narrows what has one: challenges, proposals, cases and what hangs on them, agreements, gatherings.
    Members belong to the municipality, whatever department is asked for.
    """

    year: int | None = None
    department: int | None = None

    @property
    def last_day(self) -> date:
        """The day stocks are read on: the year's last, or today where it is not over."""
        today = clock.today()
        return min(span(self.year)[1], today) if self.year else today

    @property
    def end(self) -> datetime:
        """The first moment after `last_day`."""
        return clock.at(self.last_day + timedelta(days=1), 0)

    def moments(self, field: str) -> Q:
        """The moment in `field` lies in the period, Japanese time; an empty field never does."""
        if self.year is None:
            return Q(**{f"{field}__isnull": False})
        first, last = span(self.year)
        return Q(
            **{f"{field}__gte": clock.at(first, 0), f"{field}__lt": clock.at(last + timedelta(days=1), 0)}
        )

    def days(self, field: str) -> Q:
        """The same for a column of days."""
        if self.year is None:
            return Q(**{f"{field}__isnull": False})
        return Q(**{f"{field}__range": span(self.year)})

    def section(self, field: str) -> Q:
        """The department in `field` is the one asked for."""
        return Q(**{field: self.department}) if self.department else Q()


def in_charge() -> Coalesce:
    """The one department a proposal is counted for: its case's lead, else its challenge's, else the first asked."""
    asked = Routing.objects.filter(proposal=OuterRef("pk")).order_by("id").values("department")[:1]
    return Coalesce(
        "case__lead",
        "challenge__department",
        models.Subquery(asked),
        output_field=models.BigIntegerField(),
    )


def of_section(rows: models.QuerySet[Proposal], period: Period) -> models.QuerySet[Proposal]:
    """Proposals narrowed to the department asked for; untouched, and as cheap as before, where none is."""
    return (
        rows.alias(in_charge=in_charge()).filter(in_charge=period.department) if period.department else rows
    )


# --- stocks and counts of a year ------------------------------------------------------------------------------


def members(city: Municipality, period: Period) -> models.QuerySet[Member]:
    return members_of(city, on=period.last_day).order_by("organisation__name_key", "pk")


def proposals(city: Municipality, period: Period, track: str = "") -> models.QuerySet[Proposal]:
    """Received in the period, whatever became of them; a draft was never received."""
    rows = of_section(Proposal.objects.filter(period.moments("submitted_at"), municipality=city), period)
    return (rows.filter(track=track) if track else rows).order_by("submitted_at", "pk")


def trials(city: Municipality, period: Period, track: str = "") -> models.QuerySet[Trial]:
    """Begun in the period and not given up. By the track of the proposal their case came from."""
    rows = Trial.objects.filter(
        period.moments("started_at"), period.section("case__lead"), case__municipality=city, state__in=RAN
    )
    return (rows.filter(case__proposal__track=track) if track else rows).order_by("started_at", "pk")


def gatherings(city: Municipality, period: Period, kind: str = "") -> models.QuerySet[Gathering]:
    """Those that took place."""
    rows = Gathering.objects.filter(
        period.moments("starts_at"), period.section("department"), municipality=city, state__in=TOOK_PLACE
    )
    return (rows.filter(kind=kind) if kind else rows).order_by("starts_at", "pk")


def agreements(city: Municipality, period: Period) -> models.QuerySet[Agreement]:
    """In force, and signed in the period."""
    rows = Agreement.objects.filter(
        period.days("signed_on"), period.section("department"), municipality=city, state__in=CONCLUDED
    )
    return rows.order_by("signed_on", "pk")


def cases_open(city: Municipality, period: Period) -> models.QuerySet[Case]:
    """Cases that had begun and had not ended when the period did."""
    rows = Case.objects.filter(period.section("lead"), municipality=city)
    if period.year is None:
        rows = rows.filter(stage__in=OPEN)
    else:
        rows = rows.filter(opened_at__lt=period.end).filter(Q(closed_at=None) | Q(closed_at__gte=period.end))
    return rows.order_by("opened_at", "pk")


def outcomes(city: Municipality, period: Period, kind: str = "") -> models.QuerySet[Outcome]:
    """By the day the undertaking began."""
    rows = Outcome.objects.filter(
        period.days("started_on"), period.section("case__lead"), case__municipality=city
    )
    return (rows.filter(kind=kind) if kind else rows).order_by("started_on", "pk")


def declines(city: Municipality, period: Period, reason: str = "") -> models.QuerySet[Proposal]:
    """Proposals declined in the period and not taken up again since."""
    rows = Proposal.objects.filter(period.moments("decided_at"), municipality=city, state="declined")
    rows = of_section(rows, period)
    return (rows.filter(decline_reason=reason) if reason else rows).order_by("decided_at", "pk")


def second_matches(city: Municipality, period: Period) -> models.QuerySet[Referral]:
    """Declined proposals offered in the period to another department or challenge."""
    rows = Referral.objects.filter(period.moments("offered_at"), proposal__municipality=city)
    if period.department:
        mine = of_section(Proposal.objects.filter(municipality=city), period)
        rows = rows.filter(proposal__in=mine.values("pk"))
    return rows.order_by("offered_at", "pk")


def first_answers(city: Municipality, period: Period) -> models.QuerySet[Proposal]:
    """Proposals of the period that have had an answer in substance."""
    return proposals(city, period).filter(first_answered_at__isnull=False)


def decisions(city: Municipality, period: Period) -> models.QuerySet[Proposal]:
    """Proposals of the period that were accepted or declined."""
    return proposals(city, period).filter(decided_at__isnull=False, state__in=DECIDED)


# --- the funnel: what hangs on the challenges of the period ---------------------------------------------------


def challenges(city: Municipality, period: Period) -> models.QuerySet[Challenge]:
    """Registered and published (to members or everyone) in the period; closed and resolved ones stay counted."""
    rows = Challenge.objects.filter(
        period.moments("published_at"), period.section("department"), municipality=city
    )
    return rows.order_by("published_at", "pk")


def answers(city: Municipality, period: Period) -> models.QuerySet[Proposal]:
    """Proposals to those challenges, whenever they came."""
    rows = Proposal.objects.filter(
        challenge__in=challenges(city, period).order_by(), submitted_at__isnull=False
    )
    return rows.order_by("submitted_at", "pk")


def realised(city: Municipality, period: Period) -> models.QuerySet[Challenge]:
    """Those of the challenges that an outcome met (`outcomes.states.REALISED`)."""
    met = Outcome.objects.filter(case__challenge=OuterRef("pk"), kind__in=REALISED)
    return challenges(city, period).filter(Exists(met))


@dataclass
class Dialogue:
    """One organisation that was talked with about the challenges of the period.

    `channel` is `event` where its first talk was at a matching event, else `other`; `first_at` the moment of that
    talk or, where there was no meeting, of the first message; `refs` the cases it was talked with in.
    """

    organisation_id: int
    channel: str
    first_at: datetime
    refs: list[str]


def dialogues(city: Municipality, period: Period, channel: str = "") -> list[Dialogue]:
    """Organisations with a meeting or message on the record of a case on those challenges, first talk first.

    A meeting still to come is not a dialogue. Three statements, whatever the number of cases.
    """
    hanging = Case.objects.filter(challenge__in=challenges(city, period).order_by())
    meetings = _first_meetings(hanging)
    messages = dict(
        Post.objects.filter(case__in=hanging.order_by(), kind=PostKind.MESSAGE)
        .values_list("case")
        .annotate(first=Min("at"))
        .order_by()
    )
    parties = Case.organisations.through.objects.filter(case__in=hanging.order_by())
    talks: dict[int, list[tuple]] = {}
    for organisation, case, ref in parties.order_by("case").values_list(
        "organisation_id", "case_id", "case__ref"
    ):
        meeting = meetings.get(case)
        if meeting or case in messages:
            talks.setdefault(organisation, []).append((meeting, messages.get(case), ref))
    found = [_dialogue(organisation, rows) for organisation, rows in talks.items()]
    found.sort(key=lambda one: (one.first_at, one.organisation_id))
    return [one for one in found if one.channel == channel] if channel else found


def _first_meetings(cases: models.QuerySet[Case]) -> dict[int, tuple[datetime, str, datetime]]:
    """Per case (id): its first meeting's moment, the kind of gathering it was at ("" for none) and its start."""
    found: dict[int, tuple] = {}
    held = Meeting.objects.filter(case__in=cases.order_by(), state="held", held_at__lte=clock.now())
    columns = ("case_id", "held_at", "gathering__kind", "gathering__starts_at")
    for case, at, kind, starts_at in held.order_by("held_at", "pk").values_list(*columns):
        found.setdefault(case, (at, kind or "", starts_at or at))
    return found


def _dialogue(organisation: int, rows: list[tuple]) -> Dialogue:
    met = sorted(meeting[:2] for meeting, _message, _ref in rows if meeting)
    if met:
        first_at, kind = met[0]
    else:
        first_at, kind = min(message for _meeting, message, _ref in rows), ""
    channel = EVENT if kind == GatheringKind.MATCHING else OTHER
    return Dialogue(organisation, channel, first_at, [ref for _meeting, _message, ref in rows])


def months_to_start(city: Municipality, period: Period) -> dict[str, int]:
    """Whole calendar months from a matching event to the start of what it led to: December to April is 4.

    Per realised challenge, by its code (its number where it has none, or one given twice): the shortest among
    its cases with such an outcome whose first meeting was at a matching event. Two statements.
    """
    rows = (
        Outcome.objects.filter(
            case__challenge__in=challenges(city, period).order_by(),
            kind__in=REALISED,
        )
        .order_by("case__challenge__published_at", "case__challenge_id", "started_on", "pk")
        .values_list(
            "case__challenge_id", "case__challenge__code", "case__challenge__ref", "case_id", "started_on"
        )
    )
    rows = list(rows)
    meetings = _first_meetings(Case.objects.filter(pk__in={case for *_rest, case, _day in rows}))
    best: dict[int, tuple[str, str, int]] = {}
    for challenge, code, ref, case, started_on in rows:
        _at, kind, event_at = meetings.get(case, (None, "", None))
        if kind != GatheringKind.MATCHING:
            continue
        event = event_at.astimezone(clock.TOKYO).date()
        months = (started_on.year - event.year) * 12 + started_on.month - event.month
        if challenge not in best or months < best[challenge][2]:
            best[challenge] = (code, ref, months)
    found: dict[str, int] = {}
    for code, ref, months in best.values():
        found[code if code and code not in found else ref] = months
    return found


# --- what a reader may ask the evidence of --------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """The records behind one number: what it is called, and how they are found. `internal` ones are for staff: which
    proposal was declined is its proposer's business (docs/adr/0010)."""

    label: str
    rows: Callable[[Municipality, Period], models.QuerySet]
    internal: bool = False


def _narrowed(query, label, choice, *, internal: bool = False) -> Source:
    # A lazy label joined to a choice's own one, in the language of whoever reads it.
    return Source(
        _Joined(label, choice.label), lambda city, period: query(city, period, choice.value), internal
    )


def _ended(label, **condition) -> Source:
    """Proposals of the period for which `condition` holds."""
    return Source(
        _Joined(_("提案"), label),
        lambda city, period: proposals(city, period).filter(**condition),
        internal=True,
    )


def _realised_proposals(city: Municipality, period: Period) -> models.QuerySet[Proposal]:
    met = Outcome.objects.filter(case__proposal=OuterRef("pk"), kind__in=REALISED)
    return proposals(city, period).filter(Exists(met))


def _answered_challenges(city: Municipality, period: Period) -> models.QuerySet[Challenge]:
    received = Proposal.objects.filter(challenge=OuterRef("pk"), submitted_at__isnull=False)
    return challenges(city, period).filter(Exists(received))


def _discussed_challenges(city: Municipality, period: Period) -> models.QuerySet[Challenge]:
    return challenges(city, period).filter(Exists(Case.objects.filter(challenge=OuterRef("pk"))))


class _Joined:
    def __init__(self, *parts):
        self.parts = parts

    def __str__(self) -> str:
        return " · ".join(str(part) for part in self.parts)


def _organisations(channel: str = ""):
    def rows(city: Municipality, period: Period) -> models.QuerySet[Organisation]:
        ids = [one.organisation_id for one in dialogues(city, period, channel)]
        found = Organisation.objects.filter(pk__in=ids)
        in_turn = [models.When(pk=pk, then=place) for place, pk in enumerate(ids)]
        return found.order_by(models.Case(*in_turn, default=0, output_field=models.IntegerField()))

    return rows


SOURCES: dict[str, Source] = {
    "members": Source(_("会員"), members),
    "proposals": Source(_("提案"), proposals),
    **{f"proposals-{t.value}": _narrowed(proposals, _("提案"), t) for t in Track},
    "trials": Source(_("実証実験"), trials),
    **{f"trials-{t.value}": _narrowed(trials, _("実証実験"), t) for t in TRIAL_TRACKS},
    **{f"gatherings-{k.value}": _narrowed(gatherings, _("イベント"), k) for k in GATHERINGS},
    "agreements": Source(_("締結している協定"), agreements),
    "cases_open": Source(_("動いている連携案件"), cases_open),
    "funnel-challenges": Source(_("登録した課題"), challenges),
    "funnel-proposals": Source(_("課題に届いた提案"), answers),
    "funnel-dialogues": Source(_("対話した団体"), _organisations()),
    "funnel-realised": Source(_("実現した課題"), realised),
    "dialogues-event": Source(_("マッチングイベントで会った団体"), _organisations(EVENT)),
    "dialogues-other": Source(_("イベントの外で会った団体"), _organisations(OTHER)),
    "outcomes": Source(_("成果"), outcomes),
    **{f"outcomes-{k.value}": _narrowed(outcomes, _("成果"), k) for k in OutcomeKind},
    "declines": Source(_("見送った提案"), declines, internal=True),
    **{
        f"declines-{r.value}": _narrowed(declines, _("見送った提案"), r, internal=True) for r in DeclineReason
    },
    "first_answer": Source(_("最初の回答があった提案"), first_answers),
    "decision": Source(_("決定した提案"), decisions),
    "second-matches": Source(_("紹介した提案"), second_matches, internal=True),
    "challenge-answered": Source(_("提案が届いた課題"), _answered_challenges),
    "challenge-dialogue": Source(_("対話に入った課題"), _discussed_challenges),
    "proposal-dialogue": _ended(_("対話"), case__isnull=False),
    "proposal-accepted": _ended(_("連携決定"), state="accepted"),
    "proposal-realised": Source(_("実現した提案"), _realised_proposals, internal=True),
    "proposal-open": _ended(_("継続中"), state__in=OPEN_PROPOSALS),
    "proposal-declined": _ended(_("見送り"), state="declined"),
    "proposal-withdrawn": _ended(_("取下げ"), state="withdrawn"),
}


def first_year(city: Municipality) -> int:
    """The fiscal year of the earliest thing that is counted here; this year where there is nothing yet."""

    def earliest(rows: models.QuerySet, field: str):
        here = rows.filter(municipality=OuterRef("pk"), **{f"{field}__isnull": False})
        return models.Subquery(here.order_by(field).values(field)[:1])

    found = (
        Municipality.objects.filter(pk=city.pk)
        .values_list(
            earliest(Challenge.objects, "published_at"),
            earliest(Proposal.objects, "submitted_at"),
            earliest(Gathering.objects.filter(state__in=TOOK_PLACE), "starts_at"),
            earliest(Case.objects, "opened_at"),
            earliest(Member.objects, "joined_on"),
            earliest(Agreement.objects, "signed_on"),
        )
        .get()
    )
    days = [
        moment.astimezone(clock.TOKYO).date() if isinstance(moment, datetime) else moment
        for moment in found
        if moment
    ]
    return min((fiscal_year(day) for day in days), default=fiscal_year(clock.today()))
