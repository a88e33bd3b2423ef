"""Finding outcomes and stories, and the chain a record belongs to."""

from django.db import models

from musubi.cases.models import Case
from musubi.outcomes.models import Outcome, Story
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority


def published_stories(municipality: Municipality | None = None) -> models.QuerySet[Story]:
    """The public stories, newest first."""
    rows = Story.objects.filter(state="published").order_by("-published_at", "-id")
    return rows.filter(municipality=municipality) if municipality else rows


def for_cards(rows: models.QuerySet[Story]) -> models.QuerySet[Story]:
    """With what a story's card and its chain show, in a constant number of statements."""
    return rows.select_related(
        "municipality", "outcome__case__challenge", "outcome__case__proposal", "outcome__case__lead"
    ).prefetch_related("goals", "outcome__case__organisations")


def stories_visible_to(user, municipality: Municipality) -> models.QuerySet[Story]:
    """Published ones for everyone; drafts for who publishes stories or works in the case."""
    rows = Story.objects.filter(municipality=municipality)
    mine = authority(user)
    if mine.may_in(Can.PUBLISH_STORY, municipality.pk):
        return rows
    cases = Case.departments.through.objects.filter(department__in=mine.department_ids(municipality.pk))
    return rows.filter(models.Q(state="published") | models.Q(outcome__case__in=cases.values("case")))


def outcomes_of(municipality: Municipality) -> models.QuerySet[Outcome]:
    return Outcome.objects.filter(case__municipality=municipality)
