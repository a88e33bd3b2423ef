"""Which solutions a person may read, and how lists narrow them."""

from django.db import models
from django.db.models import Q

from musubi.lib import fulltext
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.people.queries import members_of
from musubi.solutions.models import Solution


def published() -> models.QuerySet[Solution]:
    """What everyone may read, in every municipality."""
    return Solution.objects.filter(state="published")


def visible_to(user) -> models.QuerySet[Solution]:
    """The published ones, and all of the organisations the person acts for."""
    _cities, _sections, own = authority(user).where(Can.WRITE_SOLUTION)
    if not own:
        return published()
    return Solution.objects.filter(Q(state="published") | Q(organisation__in=own))


def find(
    rows: models.QuerySet[Solution],
    *,
    text: str = "",
    goal: int | None = None,
    field: str = "",
    organisation: int | None = None,
    members: Municipality | None = None,
) -> models.QuerySet[Solution]:
    """`rows` narrowed by what a visitor asked for; `members` leaves those of the municipality's members."""
    if text.strip():
        rows = fulltext.search(rows, text)
    if goal:
        rows = rows.filter(goals=goal)
    if field:
        rows = rows.filter(fields=field)
    if organisation:
        rows = rows.filter(organisation=organisation)
    if members:
        rows = rows.filter(organisation__in=members_of(members).values("organisation"))
    return rows


def for_cards(rows: models.QuerySet[Solution]) -> models.QuerySet[Solution]:
    """With what a card shows, in a constant number of statements."""
    return rows.select_related("organisation").prefetch_related("goals", "fields")
