"""Challenges the person's organisations might answer: which, why, what speaks against it, and how that is shown.

What the worker kept is shown; where it has kept nothing yet, what the engine says right now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.rules import takes_proposals
from musubi.lib import clock
from musubi.matching import ask, documents, queries, reasons
from musubi.matching.models import Suggestion, Verdict
from musubi.matching.states import ACTED, Side
from musubi.people.models import Organisation
from musubi.people.permissions import Can, authority
from musubi.proposals.models import Proposal
from musubi.proposals.states import ENDINGS
from musubi.solutions.models import Solution
from musubi.www.suggested import STRENGTHS
from musubi.www.templatetags.pieces import days_left, wareki

FIRST = 5
# Where nothing is kept yet, the engine is asked for so many solutions, the newest ones, each in its turn.
ASKED = 5


@dataclass(frozen=True)
class Pair:
    """A challenge and what answers it: a solution, or an organisation as a whole."""

    challenge: Challenge
    thing: Solution | Organisation
    likeness: float
    reasons: Sequence[dict]
    against: Sequence[dict]
    suggestion: Suggestion | None = None
    """None where it was found just now and is not kept"""

    @property
    def organisation(self) -> Organisation:
        return self.thing.organisation if isinstance(self.thing, Solution) else self.thing

    @property
    def verdict(self) -> Verdict | None:
        """What the organisation said of it."""
        said = self.suggestion.verdicts.all() if self.suggestion else ()
        return next((one for one in said if one.side == Side.ORGANISATION), None)

    @property
    def address(self) -> str:
        kind = self.thing._meta.model_name
        return reverse("my-match", args=[self.challenge.pk, kind, self.thing.pk])


# --- which ones ------------------------------------------------------------------------------------------------


def kept(user, *, misfits: bool = False) -> models.QuerySet[Suggestion]:
    """What was kept for the person's organisations, best first: what they have neither called a misfit nor answered
    with a proposal; or else what they have called one."""
    rows = queries.of_organisations(authority(user).where(Can.ANSWER_SUGGESTION)[2])
    said = Verdict.objects.filter(suggestion=OuterRef("pk"), side=Side.ORGANISATION, fits=False)
    if misfits:
        return rows.filter(Exists(said)).order_by("-score", "pk")
    # What was proposed is among what waits, and no longer here.
    proposed = Proposal.objects.filter(
        challenge=OuterRef("challenge"), organisation=OuterRef("organisation")
    ).exclude(state__in=["draft", *ENDINGS])
    return (
        rows.filter(~Exists(said), ~Exists(proposed))
        .exclude(state__in=set(ACTED) - {"introduced"})
        .order_by("-score", "pk")
    )


def is_kept(user) -> bool:
    """Whether the worker has kept anything for the person's organisations yet."""
    mine = authority(user).organisation_ids
    return Suggestion.objects.filter(organisation__in=mine, seed_rank__isnull=False).exists()


def once(keys: Iterable[tuple[int, int]]) -> list[int]:
    """Of (suggestion, challenge) the suggestions, each challenge only with its best."""
    best: dict[int, int] = {}
    for key, challenge in keys:
        best.setdefault(challenge, key)
    return list(best.values())


def whole(keys: Sequence[int]) -> list[Pair]:
    """The pairs of suggestions (ids), in this order, in a constant number of statements."""
    rows = queries.for_cards(Suggestion.objects.filter(pk__in=keys)).select_related("solution__organisation")
    found = {row.pk: row for row in rows}
    return [pair_of(found[key]) for key in keys if key in found]


def pair_of(row: Suggestion) -> Pair:
    thing = row.solution or row.organisation
    return Pair(row.challenge, thing, row.likeness, row.reasons, row.against, row)


def offers_of(organisations: Iterable[Organisation]) -> list[Solution | Organisation]:
    """What challenges are looked for: the newest published solutions, and organisations that have none."""
    organisations = {row.pk: row for row in organisations}
    rows = Solution.objects.filter(organisation__in=organisations, state="published")
    found = list(rows.order_by("-published_at", "-pk")[:ASKED])
    for row in found:
        row.organisation = organisations[row.organisation_id]
    have = {row.organisation_id for row in found}
    # Nothing can be like an organisation that says nothing of itself.
    return [*found, *(row for pk, row in organisations.items() if pk not in have and row.description)][:ASKED]


def asked(things: Sequence[Solution | Organisation]) -> list[Pair]:
    """What the engine says right now, each challenge once, best first. Raises `engine.index.Preparing`."""
    best: dict[int, tuple[float, Pair]] = {}
    for thing in things:
        owner = thing.organisation if isinstance(thing, Solution) else thing
        for found in ask.for_seed(thing, challenges=queries.challenges_for(owner), marks=marks_of(owner)):
            challenge = found.thing
            if challenge.pk not in best or best[challenge.pk][0] < found.score:
                pair = Pair(challenge, thing, found.likeness, found.reasons, found.against)
                best[challenge.pk] = found.score, pair
    return [pair for _score, pair in sorted(best.values(), key=lambda one: -one[0])]


def marks_of(owner: Organisation) -> list[str | list[str]]:
    """What the index is narrowed to: open challenges that the people of the organisation may read."""
    return [documents.OPEN, ask.readable_marks(owner)]


def without_answered(pairs: Sequence[Pair]) -> list[Pair]:
    """Without those called a misfit, by whichever side, and with what is kept of the others."""
    rows = Suggestion.objects.filter(
        challenge__in=[pair.challenge.pk for pair in pairs],
        organisation__in={pair.organisation.pk for pair in pairs},
    )
    known = {
        (row.challenge_id, row.organisation_id, row.solution_id): row
        for row in rows.prefetch_related("verdicts")
    }
    found = []
    for pair in pairs:
        solution = pair.thing.pk if isinstance(pair.thing, Solution) else None
        row = known.get((pair.challenge.pk, pair.organisation.pk, solution))
        if row is None or row.state != "misfit":
            found.append(
                Pair(pair.challenge, pair.thing, pair.likeness, pair.reasons, pair.against, row)
                if row
                else pair
            )
    return found


@dataclass(frozen=True)
class Found:
    """For `partner/matched.html`. `preparing`: the index is being made; `is_empty`: nothing is described yet by which
    challenges could be found."""

    cards: Sequence[dict] = ()
    preparing: bool = False
    is_live: bool = False
    is_empty: bool = False


def first_of(user, organisations: Sequence[Organisation], *, most: int = FIRST) -> Found:
    """The best ones for the person's organisations, in every municipality."""
    if is_kept(user):
        keys = once(kept(user).values_list("pk", "challenge")[: 10 * most])[:most]
        return Found(cards_of(whole(keys), user))
    return live(offers_of(organisations), user, most=most)


def of_solution(user, solution: Solution, *, most: int = FIRST) -> Found:
    """The challenges that one of the person's own published solutions may help with."""
    if not solution.suggestions.filter(seed_rank__isnull=False).exists():
        return live([solution], user, most=most)
    keys = kept(user).filter(solution=solution).values_list("pk", flat=True)[:most]
    return Found(cards_of(whole(keys), user))


def live(things: Sequence[Solution | Organisation], user, *, most: int) -> Found:
    """What the engine says right now."""
    from musubi.matching.engine.index import Preparing

    if not things:
        return Found(is_empty=True)
    try:
        pairs = without_answered(asked(things))
    except Preparing:
        return Found(preparing=True)
    return Found(cards_of(pairs[:most], user), is_live=True)


# --- how they are shown ----------------------------------------------------------------------------------------


def cards_of(pairs: Sequence[Pair], user) -> list[dict]:
    """For `partner/matched.html`, in a constant number of statements."""
    prefetch_related_objects([pair.challenge for pair in pairs], "goals")
    mine = authority(user).organisation_ids
    several = len(mine) > 1
    rows = Proposal.objects.filter(
        challenge__in=[pair.challenge.pk for pair in pairs], organisation__in=mine
    ).exclude(state="withdrawn")
    proposals = {(row.challenge_id, row.organisation_id): row for row in rows.order_by("pk")}
    return [
        card_of(pair, proposals.get((pair.challenge.pk, pair.organisation.pk)), several=several)
        for pair in pairs
    ]


def card_of(pair: Pair, proposal: Proposal | None = None, *, several: bool = False) -> dict:
    """For `parts/suggestion.html` and the acts below it."""
    challenge, verdict = pair.challenge, pair.verdict
    city = challenge.municipality
    label, tone = STRENGTHS[ask.strength(pair.likeness)]
    sub = [f"{city.display_name} {challenge.department.display_name}", until(challenge)]
    if isinstance(pair.thing, Solution):
        sub.append(_("御団体の「%s」から") % pair.thing.title)
    elif several:
        sub.append(_("「%s」から") % pair.thing.display_name)
    state_label, state_tone = "", "neutral"
    if pair.suggestion and pair.suggestion.state == "introduced":
        state_label, state_tone = _("自治体から紹介されています"), "info"
    elif verdict and verdict.fits:
        state_label, state_tone = _("「合う」と答えました"), "good"
    return {
        "href": reverse("challenge", args=[city.slug, challenge.ref]),
        "title": challenge.title,
        "sub": sub,
        "goals": challenge.goals.all(),
        "strength_label": str(label),
        "strength_tone": tone,
        "state_label": state_label,
        "state_tone": state_tone,
        "reasons": [reasons.say(reason) for reason in pair.reasons],
        "against": against_of(pair),
        "why_href": pair.address,
        "address": pair.address,
        "verdict": verdict,
        "open": takes_proposals(challenge),
        **propose_of(pair, proposal),
    }


def until(challenge: Challenge) -> str:
    if challenge.deadline is None:
        return _("随時受付")
    left = days_left(challenge.deadline, clock.today())
    return _("%(deadline)sまで(%(left)s)") % {"deadline": wareki(challenge.deadline), "left": left}


def against_of(pair: Pair) -> list[str]:
    """What speaks against it, in sentences. What the municipality thinks of it is the municipality's, and what the
    organisation said itself stands beside its answer."""
    elsewhere = _("御団体の所在地(%s)は、この自治体の都道府県と異なります")
    return [
        elsewhere % reason["name"] if reason["kind"] == "elsewhere" else reasons.say(reason)
        for reason in pair.against
        if reason["kind"] != "misfit"
    ]


def propose_of(pair: Pair, proposal: Proposal | None) -> dict:
    """Where 「提案する」 leads: to what is there already, or to a new draft with everything chosen."""
    if proposal and proposal.state == "draft":
        return {
            "propose_label": _("続きを書く"),
            "propose_href": reverse("my-proposal-edit", args=[proposal.pk]),
        }
    if proposal and proposal.state != "declined":
        return {
            "propose_label": _("提案を見る"),
            "propose_href": reverse("my-proposal", args=[proposal.pk]),
        }
    chosen = {
        "city": pair.challenge.municipality.slug,
        "challenge": pair.challenge.ref,
        "organisation": pair.organisation.pk,
    }
    if isinstance(pair.thing, Solution):
        chosen["solution"] = pair.thing.pk
    return {
        "propose_label": _("提案する"),
        "propose_href": reverse("my-proposal-new") + "?" + urlencode(chosen),
    }
