"""Which gatherings a person may read, and which lie ahead."""

from datetime import date

from django.db import models
from django.db.models import Q

from musubi.gatherings.models import Gathering
from musubi.gatherings.states import LISTED, TOOK_PLACE
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority


def listed(municipality: Municipality | None = None) -> models.QuerySet[Gathering]:
    """What everyone reads: all that was opened, with those cancelled after it, so that nobody comes in vain."""
    rows = Gathering.objects.filter(state__in=LISTED).exclude(state="cancelled", opened_at=None)
    return rows.filter(municipality=municipality) if municipality else rows


def visible_to(user, municipality: Municipality) -> models.QuerySet[Gathering]:
    """Every gathering of the municipality the person may read: the opened ones; who manages them, all."""
    if municipality.pk in authority(user).where(Can.MANAGE_GATHERINGS)[0]:
        return Gathering.objects.filter(municipality=municipality)
    return listed(municipality)


def upcoming(rows: models.QuerySet[Gathering]) -> models.QuerySet[Gathering]:
    """Those of `rows` that are not over yet, the next one first."""
    return rows.filter(ends_at__gt=clock.now()).exclude(state__in=TOOK_PLACE).order_by("starts_at", "pk")


def past(rows: models.QuerySet[Gathering]) -> models.QuerySet[Gathering]:
    """Those of `rows` that are over, the latest first."""
    return rows.filter(Q(ends_at__lte=clock.now()) | Q(state__in=TOOK_PLACE)).order_by("-starts_at", "-pk")


def took_place(municipality: Municipality, *, first: date, last: date) -> models.QuerySet[Gathering]:
    """What was held from `first` to `last`, both days counted, Japanese time."""
    return Gathering.objects.filter(
        municipality=municipality,
        state__in=TOOK_PLACE,
        starts_at__gte=clock.at(first, 0),
        starts_at__lt=clock.at(date.fromordinal(last.toordinal() + 1), 0),
    )


def find(
    rows: models.QuerySet[Gathering], *, kind: str = "", series: str = "", department: int | None = None
) -> models.QuerySet[Gathering]:
    if kind:
        rows = rows.filter(kind=kind)
    if series:
        rows = rows.filter(series=series)
    if department:
        rows = rows.filter(department=department)
    return rows


def for_cards(rows: models.QuerySet[Gathering]) -> models.QuerySet[Gathering]:
    """With what a card shows, in one statement."""
    return rows.select_related("department", "municipality")
