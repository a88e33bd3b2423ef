"""The questions the product asks its engine, from rows to rows with reasons.

    for_challenge    who could do this: solutions and organisations
    from_matches     the same for many challenges whose questions (`asking`) were answered already
    for_seed         what a solution or an organisation could help with: challenges
    for_text         the same for what somebody writes (a saved search)
    like_text        challenges like a text, here and elsewhere

Each takes what the viewer may read as a queryset: what is found in the index is fetched through it, so an index that
is behind never shows more than the database would. All raise `engine.index.Preparing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import models

from musubi.challenges.models import Challenge
from musubi.matching import documents, live, queries, reasons, rules
from musubi.matching.models import Experience, Ranking, Verdict
from musubi.people.models import Member, Organisation
from musubi.proposals.models import Proposal
from musubi.solutions.models import Solution

if TYPE_CHECKING:
    from musubi.matching.engine.batch import Asking
    from musubi.matching.engine.matcher import Match, Weights

LIMIT = 20
# Below LEAST two texts are about different things, whatever words they share; below PLAIN they need two words in common
# to be shown (half of the wrong answers among twenty lie below LEAST, two thirds below PLAIN).
LEAST, PLAIN = 0.1, 0.16
STRONG, FAIR = 0.55, 0.3


@dataclass
class Found:
    """A thing that answers, with its reasons (see `reasons`). `score` orders the answers of one question."""

    thing: Challenge | Solution | Organisation
    score: float
    likeness: float
    features: dict[str, float]
    reasons: list[dict] = field(default_factory=list)
    against: list[dict] = field(default_factory=list)

    @property
    def strength(self) -> str:
        """`strong`, `fair` or `weak`: how near the texts are."""
        return strength(self.likeness)


def strength(likeness: float) -> str:
    """`strong`, `fair` or `weak`."""
    return "strong" if likeness >= STRONG else "fair" if likeness >= FAIR else "weak"


def for_challenge(
    challenge: Challenge, *, limit: int = LIMIT, solutions: models.QuerySet, organisations: models.QuerySet
) -> list[Found]:
    """Who could do this: solutions and organisations, best first, each organisation at most twice and, where one of
    its solutions is named, not once more by itself. One newcomer gets a turn (`rules.give_turn`)."""
    one = asking(challenge, weights=weights_of(challenge.municipality_id), limit=limit)
    matches = _ask(one.question, marks=one.marks, limit=one.limit, weights=one.weights)
    (found,) = from_matches(
        [(challenge, matches)], limit=limit, solutions=solutions, organisations=organisations
    )
    return found


def asking(challenge: Challenge, *, weights: Weights | None, limit: int = LIMIT) -> Asking:
    """The question who could do a challenge, as `engine.batch` takes it."""
    from musubi.matching.engine.batch import Asking
    from musubi.matching.engine.matcher import NEED, SEED, Question

    text, facts = documents.challenge_text(challenge), documents.challenge_facts(challenge)
    return Asking(Question(NEED, challenge.title, text, facts, _key(challenge)), (SEED,), 3 * limit, weights)


def from_matches(
    asked: Sequence[tuple[Challenge, Sequence[Match]]],
    *,
    limit: int = LIMIT,
    solutions: models.QuerySet,
    organisations: models.QuerySet,
) -> list[list[Found]]:
    """Who could do each of the challenges, as `for_challenge` gives it for one after the other. The number of statements
    does not grow with theirs."""
    things = _rows(
        [match for _challenge, matches in asked for match in matches],
        {
            "solution": solutions.select_related("organisation"),
            "organisation": organisations.prefetch_related("solutions"),
        },
    )
    speak = _Pairs(challenges=[challenge for challenge, _matches in asked], things=list(things.values()))
    lists = []
    for challenge, matches in asked:
        here, facts = (
            f"{challenge.title}\n{documents.challenge_text(challenge)}",
            documents.challenge_facts(challenge),
        )
        answers = []
        for match in matches:
            if match.likeness < LEAST or (thing := things.get(match.key)) is None:
                continue
            answer = _answer(match, thing, here, facts)
            speak.of(answer, challenge, thing)
            if answer.reasons:
                answers.append(answer)
        lists.append(_once_an_organisation(answers))
    if any(len(answers) > rules.FIRST for answers in lists):
        lists = _with_turns([challenge for challenge, _matches in asked], lists)
    return [answers[:limit] for answers in lists]


def _with_turns(challenges: Sequence[Challenge], lists: Sequence[list[Found]]) -> list[list[Found]]:
    """Whose turn it is at one challenge was shown when it comes to the next."""
    owners = {rules.owner_of(answer.thing) for answers in lists for answer in answers}
    newcomers = queries.newcomers(challenges, owners, new_for=rules.NEW_FOR)
    given = []
    for challenge, answers in zip(challenges, lists, strict=True):
        if len(answers) > rules.FIRST:
            answers = rules.give_turn(
                answers, newcomers.at(challenge, {rules.owner_of(one.thing) for one in answers})
            )
        newcomers.are_shown(challenge, {rules.owner_of(one.thing) for one in answers[: rules.FIRST]})
        given.append(answers)
    return given


def for_seed(
    thing: Solution | Organisation,
    *,
    challenges: models.QuerySet,
    limit: int = LIMIT,
    marks: Sequence[str | Sequence[str]] = (documents.OPEN,),
) -> list[Found]:
    """Which of `challenges` a solution or an organisation could help with, best first."""
    from musubi.matching.engine.matcher import NEED, SEED, Question

    if isinstance(thing, Solution):
        title, text, facts = thing.title, documents.solution_text(thing), documents.solution_facts(thing)
    else:
        own = list(thing.solutions.filter(state="published").prefetch_related("goals", "fields"))
        title, text = thing.name, documents.organisation_text(thing, own)
        facts = documents.organisation_facts(thing, own)
    question = Question(SEED, title, text, facts, _key(thing))
    matches = _ask(question, marks=[NEED, *marks], limit=2 * limit)
    found = _fetch(matches, {"challenge": challenges.select_related("municipality", "department")})
    speak = _Pairs(challenges=[row for _m, row in found], things=[thing])
    answers = []
    for match, challenge in found:
        answer = _answer(match, challenge, f"{title}\n{text}", facts)
        speak.of(answer, challenge, thing)
        if answer.reasons:
            answers.append(answer)
    return answers[:limit]


def for_text(
    text: str,
    *,
    challenges: models.QuerySet,
    goals: Iterable[int] = (),
    fields: Iterable[str] = (),
    marks: Sequence[str | Sequence[str]] = (documents.OPEN,),
    limit: int = LIMIT,
) -> list[Found]:
    """Which of `challenges` somebody could help with who says so in a text, best first."""
    from musubi.matching.engine.matcher import NEED, SEED, Question
    from musubi.matching.engine.payload import Facts

    facts = Facts(goals=frozenset(goals), fields=frozenset(fields))
    matches = _ask(Question(SEED, "", text, facts), marks=[NEED, *marks], limit=4 * limit)
    found = _fetch(matches, {"challenge": challenges.select_related("municipality", "department")})
    answers = [_answer(match, thing, text, facts) for match, thing in found]
    return [answer for answer in answers if answer.reasons][:limit]


def readable_marks(owner: Organisation) -> list[str]:
    """Marks of which a challenge must have one for the people of an organisation to read it."""
    cities = Member.objects.filter(organisation=owner, state="active").values_list("municipality", flat=True)
    return [documents.PUBLIC, *(f"members:{city}" for city in cities)]


def like_text(
    title: str,
    text: str,
    *,
    challenges: models.QuerySet,
    marks: Sequence[str | Sequence[str]] = (),
    exclude: Challenge | None = None,
    limit: int = 5,
) -> list[Found]:
    """Which of `challenges` are like a text, best first."""
    from musubi.matching.engine.matcher import NEED, Question
    from musubi.matching.engine.payload import Facts

    facts = documents.challenge_facts(exclude) if exclude is not None else Facts()
    question = Question(NEED, title, text, facts, _key(exclude) if exclude is not None else "")
    matches = _ask(question, marks=[NEED, *marks], limit=4 * limit)
    found = _fetch(matches, {"challenge": challenges.select_related("municipality", "department")})
    answers = [_answer(match, thing, f"{title}\n{text}", facts) for match, thing in found]
    return [answer for answer in answers if answer.reasons][:limit]


# --- from matches to rows ------------------------------------------------------------------------------------


def _key(thing) -> str:
    return documents.key_of(thing) if thing.pk else ""


def _ask(question, *, marks, limit: int, weights: Weights | None = None) -> list[Match]:
    from musubi.matching.engine.index import Preparing

    try:
        found = live.matcher().match(question, marks=marks, limit=limit, weights=weights)
    except Preparing:
        live.forget()
        raise
    return [match for match in found if match.likeness >= LEAST]


def weights_of(city: int) -> Weights | None:
    """The weights a municipality has adopted, None where those of the product hold."""
    return weights_in([city]).get(city)


def weights_in(cities: Iterable[int]) -> dict[int, Weights]:
    """The weights that each of the municipalities has adopted."""
    from musubi.matching.engine.matcher import Weights

    adopted = Ranking.objects.filter(municipality__in=cities, state="adopted")
    return {city: Weights(**weights) for city, weights in adopted.values_list("municipality", "weights")}


def _fetch(matches: Sequence[Match], rows: dict[str, models.QuerySet]) -> list[tuple[Match, models.Model]]:
    """The rows of the matches that may be read, in the matches' order."""
    things = _rows(matches, rows)
    return [(match, things[match.key]) for match in matches if match.key in things]


def _rows(matches: Iterable[Match], rows: dict[str, models.QuerySet]) -> dict[str, models.Model]:
    """The rows of the matches that may be read, by key: one statement a kind."""
    wanted: dict[str, set[int]] = {}
    for match in matches:
        kind, _colon, pk = match.key.partition(":")
        wanted.setdefault(kind, set()).add(int(pk))
    return {
        f"{kind}:{row.pk}": row
        for kind, pks in wanted.items()
        if kind in rows
        for row in rows[kind].filter(pk__in=pks)
    }


def _answer(match: Match, thing, here: str, facts) -> Found:
    if isinstance(thing, Challenge):
        there = f"{thing.title}\n{documents.challenge_text(thing)}"
    elif isinstance(thing, Solution):
        there = f"{thing.title}\n{documents.solution_text(thing)}"
    else:
        there = f"{thing.name}\n{thing.description}"
    found = Found(thing, match.score, match.likeness, dict(match.features))
    found.reasons = reasons.of_match(match, here, there)
    words = len(reasons.words_of(found.reasons))
    if (not words and found.strength == "weak") or (words < 2 and match.likeness < PLAIN):
        # Of texts that share no word, or hardly one, goals in common make no suggestion.
        found.reasons = []
        return found
    if goals := sorted(facts.goals & match.facts.goals):
        found.reasons.append({"kind": "goals", "goals": goals})
    if fields := sorted(facts.fields & match.facts.fields):
        found.reasons.append({"kind": "fields", "fields": fields})
    return found


class _Pairs:
    """What the database knows of pairs of challenges and organisations: membership, what was done together, what was
    declined, what people said. Four statements for any number of pairs."""

    def __init__(self, *, challenges: Sequence[Challenge], things: Sequence):
        owners = {rules.owner_of(thing) for thing in things}
        cities = {challenge.municipality_id for challenge in challenges}
        keys = [challenge.pk for challenge in challenges]
        self.members = set(
            Member.objects.filter(
                municipality__in=cities, organisation__in=owners, state="active"
            ).values_list("municipality", "organisation")
        )
        self.experiences: dict[int, list[Experience]] = {}
        for one in (
            Experience.objects.filter(organisation__in=owners)
            .select_related("municipality")
            .order_by("-outcomes", "-at")
        ):
            self.experiences.setdefault(one.organisation_id, []).append(one)
        self.declined: dict[tuple[int, int], Proposal] = {}
        for proposal in Proposal.objects.filter(
            challenge__in=keys, organisation__in=owners, state="declined"
        ):
            self.declined[proposal.challenge_id, proposal.organisation_id] = proposal
        self.verdicts: dict[tuple[int, int], list[Verdict]] = {}
        for verdict in Verdict.objects.filter(
            suggestion__challenge__in=keys, suggestion__organisation__in=owners, fits=False
        ).select_related("suggestion"):
            pair = verdict.suggestion.challenge_id, verdict.suggestion.organisation_id
            self.verdicts.setdefault(pair, []).append(verdict)

    def of(self, found: Found, challenge: Challenge, thing: Solution | Organisation) -> None:
        """Add to the reasons of a pair, and to what speaks against it. A pair without words or goals in common gets
        none: being near is no reason by itself."""
        if not found.reasons:
            return
        owner = thing if isinstance(thing, Organisation) else thing.organisation
        city = challenge.municipality
        known = [
            one
            for one in self.experiences.get(owner.pk, ())
            if one.is_public or one.municipality_id == city.pk
        ]
        if known:
            best = known[0]
            name = best.municipality.name if best.municipality_id != city.pk else ""
            found.reasons.append(
                {"kind": "experience", "title": best.title, "outcomes": best.outcomes, "city": name}
            )
        if (city.pk, owner.pk) in self.members:
            found.reasons.append({"kind": "member"})
        else:
            found.against.append({"kind": "not_member"})
        if owner.prefecture and owner.prefecture == city.prefecture:
            found.reasons.append({"kind": "prefecture", "name": city.prefecture})
        elif owner.prefecture and city.prefecture:
            found.against.append({"kind": "elsewhere", "name": owner.prefecture})
        if proposal := self.declined.get((challenge.pk, owner.pk)):
            found.against.append({"kind": "declined", "reason": proposal.decline_reason, "ref": proposal.ref})
        for verdict in self.verdicts.get((challenge.pk, owner.pk), ()):
            found.against.append({"kind": "misfit", "reason": verdict.reason, "side": verdict.side})


def _once_an_organisation(answers: list[Found]) -> list[Found]:
    """Without organisations that one of their own solutions stands for already."""
    named = {answer.thing.organisation_id for answer in answers if isinstance(answer.thing, Solution)}
    return [
        answer for answer in answers if isinstance(answer.thing, Solution) or answer.thing.pk not in named
    ]
