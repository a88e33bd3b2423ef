"""Lists of suggestions, and what became of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import models
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, Value, When
from django.db.models.functions import TruncMonth

from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching.models import Ranking, SavedSearch, Suggestion, Verdict
from musubi.matching.states import ACTED, Side
from musubi.people.models import Member, Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.solutions.models import Solution

FIRST = 10
# (code, first rank, last rank): the rows of `acted_on` by rank.
RANKS = [("1", 1, 1), ("2", 2, 2), ("3", 3, 3), ("4-5", 4, 5), ("6-10", 6, 10), ("11-20", 11, 20)]


# --- lists ---------------------------------------------------------------------------------------------------


def _standing(rows: models.QuerySet[Suggestion]) -> models.QuerySet[Suggestion]:
    """Without those of solutions that were withdrawn, unless something came of them."""
    return rows.filter(Q(solution=None) | Q(solution__state="published") | Q(state__in=ACTED))


def for_cards(rows: models.QuerySet[Suggestion]) -> models.QuerySet[Suggestion]:
    """With what a card shows, in a constant number of statements."""
    return rows.select_related(
        "challenge__municipality", "challenge__department", "organisation", "solution"
    ).prefetch_related(models.Prefetch("verdicts", Verdict.objects.select_related("by")))


def suggestions_for(challenge: Challenge) -> models.QuerySet[Suggestion]:
    """Who could do this: those kept now in their order, then those that fell out of it but were decided."""
    rows = challenge.suggestions.filter(Q(need_rank__isnull=False) | ~Q(state="suggested"))
    return for_cards(_standing(rows)).order_by(F("need_rank").asc(nulls_last=True), "-score", "pk")


def readable_by_organisation() -> Q:
    """The condition on a suggestion that its organisation may read the challenge, and answer it today."""
    today = clock.today()
    member = Member.objects.filter(
        municipality=OuterRef("challenge__municipality"),
        organisation=OuterRef("organisation"),
        state="active",
    )
    is_visible = Q(challenge__visibility__gte=Visibility.PUBLIC) | (
        Q(challenge__visibility__gte=Visibility.MEMBERS) & Exists(member)
    )
    return (
        Q(challenge__state__in=["published", "matched"])
        & (Q(challenge__deadline=None) | Q(challenge__deadline__gte=today))
        & (Q(challenge__expires_on=None) | Q(challenge__expires_on__gte=today))
        & is_visible
    )


def of_organisations(organisations: Collection[int]) -> models.QuerySet[Suggestion]:
    """The open challenges suggested to organisations (ids) that may read them. What the municipality has judged a
    misfit is not offered any more, what they judged so themselves stays to be judged anew."""
    own = Verdict.objects.filter(suggestion=OuterRef("pk"), side=Side.ORGANISATION)
    rows = Suggestion.objects.filter(readable_by_organisation(), organisation__in=organisations)
    rows = rows.filter(Q(seed_rank__isnull=False) | ~Q(state="suggested"))
    return _standing(rows).exclude(Q(state="misfit") & ~Exists(own.filter(fits=False)))


def suggestions_for_organisations(user) -> models.QuerySet[Suggestion]:
    """What the organisations of a person could help with, best first."""
    _cities, _sections, own = authority(user).where(Can.ANSWER_SUGGESTION)
    return for_cards(of_organisations(own)).order_by("-score", "pk")


def challenges_for(organisation: Organisation) -> models.QuerySet[Challenge]:
    """The open challenges that an organisation may read, wherever they are."""
    today = clock.today()
    cities = Member.objects.filter(organisation=organisation, state="active").values("municipality")
    return Challenge.objects.filter(
        Q(visibility__gte=Visibility.PUBLIC) | Q(visibility__gte=Visibility.MEMBERS, municipality__in=cities),
        Q(deadline=None) | Q(deadline__gte=today),
        Q(expires_on=None) | Q(expires_on__gte=today),
        state__in=["published", "matched"],
    )


def searches_of(user) -> models.QuerySet[SavedSearch]:
    """The searches a person has saved, for the organisations they act for now."""
    _cities, _sections, own = authority(user).where(Can.ANSWER_SUGGESTION)
    return (
        SavedSearch.objects.filter(user=user, organisation__in=own)
        .select_related("organisation")
        .prefetch_related("goals", "fields", "municipalities")
    )


def rankings_of(municipality: Municipality) -> models.QuerySet[Ranking]:
    """What the ranking learned here so far, the newest first."""
    return Ranking.objects.filter(municipality=municipality).select_related("decided_by")


@dataclass
class Newcomers:
    """Who is to get a turn: `joined` holds (municipality, organisation) of new members, `shown` of each organisation that
    was ever among the first ten at which challenges (two are enough to know)."""

    joined: set[tuple[int, int]]
    shown: dict[int, set[int]]

    def at(self, challenge: Challenge, organisations: Collection[int]) -> dict[int, str]:
        """Those of the organisations (ids) that are to get a turn at a challenge, with the reason: members since a short
        time, and those never shown among the first ten of any other. Who has its turn here keeps it when the list is
        made anew."""
        turns = {
            one: "first_turn" for one in organisations if not self.shown.get(one, set()) - {challenge.pk}
        }
        new = {one for one in organisations if (challenge.municipality_id, one) in self.joined}
        return turns | dict.fromkeys(new, "newcomer")

    def are_shown(self, challenge: Challenge, organisations: Iterable[int]) -> None:
        """These stand among the first ten of a challenge from now on."""
        for one in organisations:
            self.shown.setdefault(one, set()).add(challenge.pk)


def newcomers(
    challenges: Collection[Challenge], organisations: Collection[int], *, new_for: timedelta
) -> Newcomers:
    """Who of the organisations (ids) joined less than `new_for` ago, and who was never shown. Two statements."""
    joined = Member.objects.filter(
        municipality__in={challenge.municipality_id for challenge in challenges},
        organisation__in=organisations,
        state="active",
        joined_on__gt=clock.today() - new_for,
    )
    shown = Suggestion.objects.filter(organisation__in=organisations, best_rank__lte=FIRST).order_by()
    at = shown.values_list("organisation").annotate(first=Min("challenge"), last=Max("challenge"))
    return Newcomers(
        set(joined.values_list("municipality", "organisation")),
        {organisation: {first, last} for organisation, first, last in at},
    )


# --- what became of them -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """How many suggestions were made, and how many of them came how far."""

    key: str
    shown: int = 0
    fits: int = 0
    misfit: int = 0
    introduced: int = 0
    in_case: int = 0
    realised: int = 0
    acted: int = 0


@dataclass(frozen=True)
class ActedOn:
    """`acted_on` by rank (in the order of `RANKS`), by month ("2026-04"), and by municipality (its name)."""

    total: Row
    ranks: list[Row] = field(default_factory=list)
    months: list[Row] = field(default_factory=list)
    municipalities: list[Row] = field(default_factory=list)


# What is counted of the suggestions that were made.
STEPS = {
    "shown": Q(),
    "fits": Q(said_to_fit=True) & ~Q(state="misfit"),
    "misfit": Q(state="misfit"),
    "introduced": Q(introduced_at__isnull=False),
    "in_case": Q(state__in=["in_case", "realised"]),
    "realised": Q(state="realised"),
    "acted": Q(acted_at__isnull=False),
}
COUNTS = {name: Count("pk", filter=step) if step else Count("pk") for name, step in STEPS.items()}


def made(
    municipality: Municipality | None = None, period: tuple[date, date] | None = None
) -> models.QuerySet[Suggestion]:
    """The suggestions for challenges first made in `period` (first and last day), ready to be narrowed by `STEPS`.
    Without a municipality, of all."""
    rows = Suggestion.objects.filter(best_rank__isnull=False)
    if municipality:
        rows = rows.filter(challenge__municipality=municipality)
    if period:
        first, last = period
        rows = rows.filter(
            suggested_at__gte=clock.at(first, 0), suggested_at__lt=clock.at(last + timedelta(days=1), 0)
        )
    said = Verdict.objects.filter(suggestion=OuterRef("pk"), fits=True)
    return rows.annotate(said_to_fit=Exists(said)).order_by()


def acted_on(municipality: Municipality | None = None, period: tuple[date, date] | None = None) -> ActedOn:
    """How often a suggestion for a challenge was acted on: of those `made`, by their highest rank, month and
    municipality. Four statements."""
    rows = made(municipality, period)
    bins = Case(
        *(When(best_rank__range=(first, last), then=Value(code)) for code, first, last in RANKS),
        default=Value(""),
        output_field=models.CharField(),
    )
    by_rank = {row.key: row for row in _counted(rows.annotate(key=bins))}
    months = TruncMonth("suggested_at", tzinfo=clock.TOKYO)
    by_month = [
        Row(**{**vars(row), "key": f"{row.key.astimezone(clock.TOKYO):%Y-%m}"})
        for row in _counted(rows.annotate(key=months))
    ]
    return ActedOn(
        Row("", **rows.aggregate(**COUNTS)),
        [by_rank.get(code, Row(code)) for code, _first, _last in RANKS],
        sorted(by_month, key=lambda row: row.key),
        sorted(_counted(rows.annotate(key=F("challenge__municipality__name"))), key=lambda row: row.key),
    )


def _counted(rows: models.QuerySet) -> list[Row]:
    return [Row(**row) for row in rows.values("key").annotate(**COUNTS)]


@dataclass(frozen=True)
class Share:
    """A group of members: how many they are, and how many of the first ten places members hold are theirs."""

    key: str
    members: int = 0
    places: int = 0
    member_share: float = 0.0
    place_share: float = 0.0


@dataclass(frozen=True)
class Exposure:
    """Who is shown: by size (`Organisation.Size`, "" unknown) and by region ("same", "elsewhere", "" unknown).

    `never`: members that are in no first ten; `others`: places held by organisations that are not members.
    """

    members: int
    places: int
    never: int
    others: int
    sizes: list[Share]
    regions: list[Share]


def first_ten(municipality: Municipality) -> models.QuerySet[Suggestion]:
    """The places among the first ten of the municipality's open challenges now."""
    return Suggestion.objects.filter(challenge__in=open_challenges(municipality), need_rank__lte=FIRST)


def never_first(municipality: Municipality) -> models.QuerySet[Member]:
    """The members that are in none of them."""
    return Member.objects.filter(municipality=municipality, state="active").exclude(
        organisation__in=first_ten(municipality).values("organisation")
    )


def exposure(municipality: Municipality) -> Exposure:
    """Who stands among the first ten of the municipality's challenges now, beside who its members are. Three
    statements."""
    of_member = Member.objects.filter(municipality=municipality, state="active")
    places = first_ten(municipality)
    held = list(
        places.annotate(of_member=Exists(of_member.filter(organisation=OuterRef("organisation"))))
        .order_by()
        .values_list("organisation__size", "organisation__prefecture", "of_member")
        .annotate(n=Count("pk"))
    )
    there = list(
        of_member.order_by()
        .values_list("organisation__size", "organisation__prefecture")
        .annotate(n=Count("pk"))
    )

    def region(prefecture: str) -> str:
        return "" if not prefecture else "same" if prefecture == municipality.prefecture else "elsewhere"

    sizes = {key: [0, 0] for key in [*Organisation.Size.values, ""]}
    regions = {key: [0, 0] for key in ["same", "elsewhere", ""]}
    for size, prefecture, n in there:
        sizes[size][0] += n
        regions[region(prefecture)][0] += n
    for size, prefecture, is_member, n in held:
        if is_member:
            sizes[size][1] += n
            regions[region(prefecture)][1] += n
    return Exposure(
        members=sum(n for *_group, n in there),
        places=sum(n for *_group, is_member, n in held if is_member),
        never=never_first(municipality).count(),
        others=sum(n for *_group, is_member, n in held if not is_member),
        sizes=_shares(sizes),
        regions=_shares(regions),
    )


def _shares(groups: dict[str, list[int]]) -> list[Share]:
    members = sum(n for n, _places in groups.values()) or 1
    places = sum(n for _members, n in groups.values()) or 1
    return [Share(key, a, b, a / members, b / places) for key, (a, b) in groups.items()]


# --- what is to be kept --------------------------------------------------------------------------------------


def open_challenges(municipality: Municipality | None = None) -> models.QuerySet[Challenge]:
    """The challenges for which suggestions are kept: open and at least readable in the whole municipality."""
    rows = Challenge.objects.filter(
        Q(expires_on=None) | Q(expires_on__gte=clock.today()),
        state__in=["published", "matched"],
        visibility__gte=Visibility.MUNICIPALITY,
    )
    return rows.filter(municipality=municipality) if municipality else rows


def ended() -> models.QuerySet[Suggestion]:
    """The suggestions nobody can follow any more: of challenges that are closed, and of solutions that were withdrawn."""
    return Suggestion.objects.exclude(
        Q(solution=None) | Q(solution__state="published"), challenge__in=open_challenges().order_by()
    )


def seeds() -> dict[str, models.QuerySet]:
    """For what open challenges are looked up: published solutions, and members that have published none."""
    own = Solution.objects.filter(organisation=OuterRef("pk"), state="published")
    member = Member.objects.filter(organisation=OuterRef("pk"), state="active")
    return {
        "solution": Solution.objects.filter(state="published"),
        "organisation": Organisation.objects.filter(Exists(member), ~Exists(own)),
    }
