"""What the index holds: published challenges, solutions and member organisations, as the engine's documents.

Drafts, proposals and cases are not in it. `marks` say who may find a document; the row itself is fetched with the
viewer's authority all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Sum

from musubi.challenges.models import Challenge
from musubi.challenges.queries import READABLE
from musubi.challenges.states import LISTED, Visibility
from musubi.journal.models import Entry
from musubi.matching.models import Experience
from musubi.people.models import Member, Organisation
from musubi.solutions.models import Solution

if TYPE_CHECKING:
    from musubi.matching.engine.matcher import Document

CHUNK = 500
PUBLIC, OPEN = "public", "open"


def findable(model: type[models.Model]) -> models.QuerySet:
    """The rows of a kind that are in the index."""
    if model is Challenge:
        return Challenge.objects.filter(state__in=READABLE, visibility__gte=Visibility.MUNICIPALITY)
    if model is Solution:
        return Solution.objects.filter(state="published")
    return Organisation.objects.filter(memberships__state="active").distinct()


MODELS = {"challenge": Challenge, "solution": Solution, "organisation": Organisation}


def key_of(thing: Challenge | Solution | Organisation) -> str:
    return f"{thing._meta.model_name}:{thing.pk}"


def every_key() -> set[str]:
    """The keys of all that is to be in the index."""
    return {
        f"{kind}:{pk}"
        for kind, model in MODELS.items()
        for pk in findable(model).values_list("pk", flat=True)
    }


def count() -> int:
    """How many documents there are to be in the index."""
    return sum(findable(model).count() for model in MODELS.values())


def every_document() -> Iterator[Document]:
    """All that is to be in the index, in constant memory."""
    for chunk in in_chunks():
        yield from chunk


def in_chunks() -> Iterator[list[Document]]:
    """All that is to be in the index, at most `CHUNK` at a time."""
    for kind, model in MODELS.items():
        last = 0
        while keys := list(
            findable(model).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
        ):
            last = keys[-1]
            yield documents_of({f"{kind}:{pk}" for pk in keys})


def even_sample(most: int) -> Iterator[Document]:
    """At most `most` documents of each kind, spread evenly over all of it: what the engine learns from."""
    for kind, model in MODELS.items():
        keys = list(findable(model).order_by("pk").values_list("pk", flat=True))
        step = max(len(keys) / most, 1)
        chosen = [keys[int(i * step)] for i in range(min(len(keys), most))]
        for start in range(0, len(chosen), CHUNK):
            yield from documents_of({f"{kind}:{pk}" for pk in chosen[start : start + CHUNK]})


def documents_of(keys: Iterable[str]) -> list[Document]:
    """The documents of the keys that are to be in the index; a key without one is to leave it."""
    wanted: dict[str, list[int]] = {}
    for key in keys:
        kind, _colon, pk = key.partition(":")
        wanted.setdefault(kind, []).append(int(pk))
    found: list[Document] = []
    if pks := wanted.get("challenge"):
        rows = findable(Challenge).filter(pk__in=pks).select_related("municipality")
        found += [challenge_document(row) for row in rows.prefetch_related("goals", "fields").order_by("pk")]
    if pks := wanted.get("solution"):
        rows = list(
            findable(Solution)
            .filter(pk__in=pks)
            .select_related("organisation")
            .prefetch_related("goals", "fields")
            .order_by("pk")
        )
        about = _organisations({row.organisation_id for row in rows})
        found += [solution_document(row, about[row.organisation_id]) for row in rows]
    if pks := wanted.get("organisation"):
        rows = list(findable(Organisation).filter(pk__in=pks).order_by("pk"))
        about = _organisations({row.pk for row in rows})
        titles: dict[int, list[Solution]] = {}
        for solution in Solution.objects.filter(organisation__in=pks, state="published").prefetch_related(
            "goals", "fields"
        ):
            titles.setdefault(solution.organisation_id, []).append(solution)
        found += [organisation_document(row, titles.get(row.pk, []), about[row.pk]) for row in rows]
    return found


def keys_of(entries: Iterable[Entry]) -> set[str]:
    """The documents that may have changed with what happened.

    What organisations did with municipalities (`Experience`) changes with cases, outcomes and stories, which are not
    known here: that comes with the nightly comparison.
    """
    happened: dict[str, set[int]] = {}
    for entry in entries:
        happened.setdefault(entry.kind, set()).add(entry.object_id)
    keys = {f"{kind}:{pk}" for kind in ("challenge", "solution") for pk in happened.get(kind, ())}
    whole = set(happened.get("organisation", ()))
    if members := happened.get("member"):
        whole.update(Member.objects.filter(pk__in=members).values_list("organisation", flat=True))
    named = set(whole)
    if solutions := happened.get("solution"):
        # An organisation's document names its solutions.
        named.update(Solution.objects.filter(pk__in=solutions).values_list("organisation", flat=True))
    keys |= {f"organisation:{pk}" for pk in named}
    if whole:
        own = Solution.objects.filter(organisation__in=whole, state="published")
        keys |= {f"solution:{pk}" for pk in own.values_list("pk", flat=True)}
    return keys


# --- one row -------------------------------------------------------------------------------------------------


def challenge_text(challenge: Challenge) -> str:
    return "\n".join([challenge.problem, challenge.goal_image, challenge.conditions])


def solution_text(solution: Solution) -> str:
    return "\n".join([solution.summary, solution.results, solution.needs])


def challenge_facts(challenge: Challenge):
    from musubi.matching.engine.payload import Facts

    city = challenge.municipality
    return Facts(
        goals=frozenset(goal.pk for goal in challenge.goals.all()),
        fields=frozenset(field.pk for field in challenge.fields.all()),
        regions=frozenset({city.prefecture, f"m{city.pk}"} - {""}),
        owner=f"m{city.pk}",
        on=challenge.published_at.date().toordinal() if challenge.published_at else 0,
    )


def challenge_document(challenge: Challenge) -> Document:
    from musubi.matching.engine.matcher import NEED, Document

    city = challenge.municipality_id
    marks = {f"staff:{city}"}
    if challenge.visibility >= Visibility.MEMBERS:
        marks.add(f"members:{city}")
    if challenge.visibility >= Visibility.PUBLIC and challenge.state in LISTED:
        marks.add(PUBLIC)
    if challenge.state in ("published", "matched"):
        marks.add(OPEN)
    return Document(
        key_of(challenge),
        NEED,
        challenge.title,
        challenge_text(challenge),
        frozenset(marks),
        challenge_facts(challenge),
    )


def solution_facts(solution: Solution, about: dict | None = None):
    from musubi.matching.engine.payload import Facts

    about = about or _organisations({solution.organisation_id})[solution.organisation_id]
    return Facts(
        goals=frozenset(goal.pk for goal in solution.goals.all()),
        fields=frozenset(field.pk for field in solution.fields.all()),
        regions=about["regions"],
        owner=f"o{solution.organisation_id}",
        on=solution.published_at.date().toordinal() if solution.published_at else 0,
        worked=about["worked"],
    )


def solution_document(solution: Solution, about: dict) -> Document:
    from musubi.matching.engine.matcher import SEED, Document

    return Document(
        key_of(solution),
        SEED,
        solution.title,
        solution_text(solution),
        frozenset({PUBLIC, *about["marks"]}),
        solution_facts(solution, about),
    )


def organisation_text(organisation: Organisation, solutions: Iterable[Solution]) -> str:
    return "\n".join([organisation.description, *(solution.title for solution in solutions)])


def organisation_facts(organisation: Organisation, solutions: Iterable[Solution], about: dict | None = None):
    from musubi.matching.engine.payload import Facts

    about = about or _organisations({organisation.pk})[organisation.pk]
    solutions = list(solutions)
    return Facts(
        goals=frozenset(goal.pk for solution in solutions for goal in solution.goals.all()),
        fields=frozenset(field.pk for solution in solutions for field in solution.fields.all()),
        regions=about["regions"],
        owner=f"o{organisation.pk}",
        on=about["joined"],
        worked=about["worked"],
    )


def organisation_document(organisation: Organisation, solutions: Iterable[Solution], about: dict) -> Document:
    from musubi.matching.engine.matcher import SEED, Document

    solutions = list(solutions)
    return Document(
        key_of(organisation),
        SEED,
        organisation.name,
        organisation_text(organisation, solutions),
        frozenset({PUBLIC, *about["marks"]}),
        organisation_facts(organisation, solutions, about),
    )


def _organisations(pks: set[int]) -> dict[int, dict]:
    """Of each organisation its marks, regions, outcomes so far, and the day it last joined somewhere: three statements."""
    about = {
        pk: {"marks": {f"org:{kind}"}, "regions": {prefecture} - {""}, "worked": 0, "joined": 0}
        for pk, kind, prefecture in Organisation.objects.filter(pk__in=pks).values_list(
            "pk", "kind", "prefecture"
        )
    }
    members = Member.objects.filter(organisation__in=pks, state="active")
    for pk, city, joined in members.values_list("organisation", "municipality", "joined_on"):
        about[pk]["marks"].add(f"member:{city}")
        about[pk]["regions"].add(f"m{city}")
        about[pk]["joined"] = max(about[pk]["joined"], joined.toordinal())
    worked = (
        Experience.objects.filter(organisation__in=pks).values("organisation").annotate(total=Sum("outcomes"))
    )
    for row in worked:
        about[row["organisation"]]["worked"] = row["total"] or 0
    return {pk: {**one, "regions": frozenset(one["regions"])} for pk, one in about.items()}
