"""What a search finds, saved or not yet: the open challenges an organisation may read that are like a text, of some
goals, fields and municipalities."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models
from django.db.models import prefetch_related_objects

from musubi.challenges.models import Challenge
from musubi.matching import ask, documents, queries
from musubi.people.models import Organisation


def find(
    organisation: Organisation,
    *,
    text: str = "",
    goals: Collection[int] = (),
    fields: Collection[str] = (),
    municipalities: Collection[int] = (),
    without: models.QuerySet | Collection[int] = (),
    limit: int,
) -> list[tuple[Challenge, list[dict]]]:
    """The challenges with their reasons (see `reasons`): the nearest first, or where no words are looked for the newest.

    Of several goals (numbers), fields (codes) or municipalities (ids) a challenge needs one. `without` are challenges
    (ids) left out. Raises `engine.index.Preparing` where there are words to look for.
    """
    goals, fields = set(goals), set(fields)
    rows = queries.challenges_for(organisation).exclude(pk__in=without)
    marks: list[str | list[str]] = [documents.OPEN, ask.readable_marks(organisation)]
    if goals:
        rows = rows.filter(pk__in=Challenge.goals.through.objects.filter(goal__in=goals).values("challenge"))
    if fields:
        rows = rows.filter(
            pk__in=Challenge.fields.through.objects.filter(field__in=fields).values("challenge")
        )
    if municipalities:
        rows = rows.filter(municipality__in=municipalities)
        marks.append([f"staff:{pk}" for pk in municipalities])
    if text.strip():
        found = ask.for_text(text, challenges=rows, goals=goals, fields=fields, marks=marks, limit=limit)
        return [(one.thing, one.reasons) for one in found]
    newest = rows.select_related("municipality", "department").order_by("-published_at", "-pk")
    shown = list(newest[:limit])
    prefetch_related_objects(shown, "goals", "fields")
    return [(row, _in_common(row, goals, fields)) for row in shown]


def _in_common(row: Challenge, goals: set[int], fields: set[str]) -> list[dict]:
    found = []
    if same := sorted(goals & {goal.pk for goal in row.goals.all()}):
        found.append({"kind": "goals", "goals": same})
    if same := sorted(fields & {field.pk for field in row.fields.all()}):
        found.append({"kind": "fields", "fields": same})
    return found
