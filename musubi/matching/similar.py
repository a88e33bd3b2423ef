"""What was asked, offered and done before that is like this."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from musubi.challenges.models import Challenge
from musubi.challenges.queries import READABLE, listed
from musubi.challenges.states import Visibility
from musubi.matching import index
from musubi.matching.text import likeness, score, shared_words, terms_of
from musubi.people.models import Municipality
from musubi.proposals.models import Proposal

# Below this share of the text's telling terms two texts are about different things.
LEAST = 0.12


@dataclass(frozen=True)
class Similar:
    """A challenge or a proposal that is like the text. `score` runs from 0 to 1; `shared` are words both hold."""

    thing: Challenge | Proposal
    score: float
    shared: list[str]
    here: bool = True


def similar_challenges(
    title: str,
    body: str,
    municipality: Municipality,
    *,
    limit: int = 5,
    exclude: Challenge | None = None,
) -> list[Similar]:
    """Challenges like this one: of this municipality first (those all its staff may read), then public ones elsewhere.

    At most `limit` of them, those here taking up to three fifths. Two searches and one reading each, whatever
    the size.
    """
    counts = index.counted(body, twice=title)
    weighted = index.weights(Challenge, counts)
    if not weighted:
        return []
    here = Challenge.objects.filter(municipality=municipality).filter(
        Q(state__in=READABLE, visibility__gte=Visibility.MUNICIPALITY)
    )
    if exclude is not None:
        here = here.exclude(pk=exclude.pk)
    elsewhere = listed().exclude(municipality=municipality)
    own = index.candidates(Challenge, weighted, municipality_id=municipality.pk)
    others = index.candidates(Challenge, weighted)
    found_here = _ranked(here, own, weighted, f"{title}\n{body}", here=True)
    found_there = _ranked(
        elsewhere, [pk for pk in others if pk not in set(own)], weighted, f"{title}\n{body}", here=False
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

    What became of each is the proposal's own state, and the case that a later step opened on it.
    One search for all texts together, so that a list of twenty costs the same as one.
    """
    asked = [index.weights(Proposal, index.counted(content, twice=title)) for title, content in texts]
    share = max(index.MOST_TERMS * 4 // max(len(asked), 1), 6)
    together: dict[str, float] = {}
    for weighted in asked:
        for term, weight in list(weighted.items())[:share]:
            together[term] = max(weight, together.get(term, 0))
    together = dict(sorted(together.items(), key=lambda pair: -pair[1])[: 4 * index.MOST_TERMS])
    keys = index.candidates(Proposal, together, municipality_id=municipality.pk, limit=60) if together else []
    rows = []
    if keys:
        rows = list(
            Proposal.objects.filter(pk__in=keys, municipality=municipality)
            .exclude(state="draft")
            .select_related("organisation")
        )
    found = []
    for (title, content), weighted in zip(texts, asked, strict=True):
        others = [row for row in rows if row.pk not in exclude and row.title.strip() + row.content.strip()]
        found.append(_rank(others, weighted, f"{title}\n{content}", limit=limit, here=True))
    return found


def similar_cases(
    text: str, municipality: Municipality, *, exclude: Sequence[int] = (), limit: int = 3
) -> list[Similar]:
    """Past proposals like a text, whose state (and case, one step later) says what became of them."""
    return similar_proposals([("", text)], municipality, exclude=exclude, limit=limit)[0]


def words_of(thing: Challenge | Proposal) -> str:
    """The text by which a thing is compared."""
    if isinstance(thing, Challenge):
        return f"{thing.title}\n{thing.title}\n{thing.problem}\n{thing.goal_image}"
    return f"{thing.title}\n{thing.title}\n{thing.content}\n{thing.effect}"


def _ranked(
    rows: models.QuerySet, keys: list[int], weighted: dict, text: str, *, here: bool
) -> list[Similar]:
    if not keys:
        return []
    found = list(rows.filter(pk__in=keys).select_related("municipality", "department"))
    return _rank(found, weighted, text, limit=5, here=here)


def _rank(rows: list, weighted: dict[str, float], text: str, *, limit: int, here: bool) -> list[Similar]:
    scored = []
    for row in rows:
        document = terms_of(words_of(row)[: index.LONGEST_TEXT])
        like = likeness(weighted, document)
        if like >= LEAST:
            scored.append((score(weighted, document), like, row))
    scored.sort(key=lambda item: (-item[0], -item[2].pk))
    found = []
    for _score, like, row in scored[: limit * 2]:
        if shared := shared_words(text, words_of(row)):
            found.append(Similar(row, round(min(like * 1.25, 1), 3), shared, here))
    return found[:limit]
