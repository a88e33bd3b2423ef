"""What was asked and offered before that is like this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Left

from musubi.challenges.models import Challenge
from musubi.challenges.queries import READABLE, listed
from musubi.challenges.states import Visibility
from musubi.matching import ask, documents, reasons
from musubi.matching.near import LONGEST, MOST_WORDS, Text, shelf
from musubi.people.models import Municipality
from musubi.proposals.models import Proposal

# Of the proposals of a municipality so many of the last are looked at.
LATEST = 500
# Proposals less alike (`near.Shelf.likeness`) are about different things.
LEAST = 0.16


@dataclass(frozen=True)
class Similar:
    """A challenge or a proposal that is like the text. `likeness` runs from 0 to 2 (`ask.strength` says it in words);
    `shared` are words both hold."""

    thing: Challenge | Proposal
    likeness: float
    shared: list[str]
    here: bool = True

    @property
    def strength(self) -> str:
        """`strong`, `fair` or `weak`."""
        return ask.strength(self.likeness)


def similar_challenges(
    title: str,
    body: str,
    municipality: Municipality,
    *,
    limit: int = 5,
    exclude: Challenge | None = None,
) -> list[Similar]:
    """Challenges like this one: of this municipality first (those all its staff may read), then public ones elsewhere.

    At most `limit` of them, those here taking up to three fifths; one word alone is too little for texts that are
    not near. Two questions to the index, a statement each.
    Raises `engine.index.Preparing` while there is none.
    """
    here = Challenge.objects.filter(
        municipality=municipality, state__in=READABLE, visibility__gte=Visibility.MUNICIPALITY
    )
    elsewhere = listed().exclude(municipality=municipality)
    found_here, found_there = (
        [
            Similar(found.thing, found.likeness, reasons.words_of(found.reasons)[:MOST_WORDS], at_home)
            for found in ask.like_text(
                title, body, challenges=rows, marks=[mark], exclude=exclude, limit=limit
            )
        ]
        for rows, mark, at_home in (
            (here, f"staff:{municipality.pk}", True),
            (elsewhere, documents.PUBLIC, False),
        )
    )
    found_here, found_there = (
        [similar for similar in found if similar.strength != "weak" or len(similar.shared) > 1]
        for found in (found_here, found_there)
    )
    room = max(limit - len(found_there), limit * 3 // 5)
    first = found_here[:room]
    return first + found_there[: limit - len(first)]


def similar_proposals(
    texts: Sequence[tuple[str, str]],
    municipality: Municipality,
    *,
    exclude: Sequence[int] = (),
    limit: int = 3,
) -> list[list[Similar]]:
    """For each (title, content), the proposals received here before that are like it, the likest first.

    What became of each is the proposal's own state, and the case that a later step opened on it. Two statements for
    any number of texts.
    """
    rows = list(
        Proposal.objects.filter(municipality=municipality)
        .exclude(state="draft")
        .order_by("-id")
        .values_list("pk", "title", Left("content", LONGEST))[:LATEST]
    )
    before = shelf([Text(title, content) for _pk, title, content in rows])
    left_out = set(exclude)
    found: list[list[tuple[int, float, list[str]]]] = []
    for title, content in texts:
        asked = before.ask(title, content)
        likeness = before.likeness(asked)
        best: list[tuple[int, float, list[str]]] = []
        for place in likeness.argsort(kind="stable")[::-1]:
            if likeness[place] < LEAST or len(best) == limit:
                break
            pk = rows[place][0]
            if pk not in left_out and (shared := before.words(asked, place)):
                best.append((pk, float(likeness[place]), shared))
        found.append(best)
    wanted = {pk for best in found for pk, *_rest in best}
    things = {}
    if wanted:
        things = Proposal.objects.select_related("organisation").in_bulk(wanted)
    return [
        [Similar(things[pk], likeness, shared) for pk, likeness, shared in best if pk in things]
        for best in found
    ]
