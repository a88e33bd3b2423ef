"""The register of agreements: finding them, and when something last moved under each.

Something moves when a person writes or does something in a case under the agreement: the newest line of their
threads or entry of their journals. What the product does by itself (a reminder) moves nothing.
"""

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from musubi.cases.models import Agreement, Post
from musubi.cases.states import AGREEMENT
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Municipality

REMINDERS = (90, 30)
SOON_DAYS = 90
DORMANT_DAYS = 180


def with_movement(rows: models.QuerySet[Agreement]) -> models.QuerySet[Agreement]:
    """With `last_post` and `last_act`: when a person last wrote, and last did anything, in a case under it."""
    posts = Post.objects.filter(case__agreements=OuterRef("pk"), author__isnull=False).order_by("-at")
    under = Agreement.cases.through.objects.filter(agreement=OuterRef(OuterRef("pk")))
    acts = Entry.objects.filter(kind="case", object_id__in=under.values("case_id"), actor_id__isnull=False)
    return rows.annotate(
        last_post=Subquery(posts.values("at")[:1]),
        last_act=Subquery(acts.order_by("-at").values("at")[:1]),
    )


def moved_on(agreement: Agreement) -> date:
    """The day something last moved under an agreement of `with_movement`: at the earliest it was signed then."""
    moments = [
        moment.astimezone(clock.TOKYO).date()
        for moment in (agreement.last_post, agreement.last_act)
        if moment
    ]
    return max([agreement.signed_on, *moments])


def _long_ago() -> datetime:
    return clock.at(clock.today() - timedelta(days=DORMANT_DAYS), 0)


def without_movement(rows: models.QuerySet[Agreement]) -> models.QuerySet[Agreement]:
    """Those of `with_movement` under which nothing moved for 180 days, nor were they signed since."""
    limit = _long_ago()
    return rows.filter(
        Q(last_post=None) | Q(last_post__lt=limit),
        Q(last_act=None) | Q(last_act__lt=limit),
        signed_on__lt=limit.date(),
    )


def with_recent_movement(rows: models.QuerySet[Agreement]) -> models.QuerySet[Agreement]:
    limit = _long_ago()
    return rows.filter(Q(last_post__gte=limit) | Q(last_act__gte=limit))


def is_dormant(agreement: Agreement) -> bool:
    """Whether an agreement of `with_movement` sleeps. It wakes the moment a case moves; the worker writes it down later."""
    if agreement.state != "active" or agreement.dormant_since is None:
        return False
    return clock.today() - moved_on(agreement) > timedelta(days=DORMANT_DAYS)


def not_yet_told(rows: models.QuerySet[Agreement], today: date) -> models.QuerySet[Agreement]:
    """Those whose nearest reminder has not gone out: 90 days before, or 30 where so few are left."""
    told = Q()
    for days in REMINDERS:
        within = Q(expires_on__lte=today + timedelta(days=days))
        told |= within & (Q(expiry_told=None) | Q(expiry_told__gt=days))
    return rows.filter(told)


def expires_soon(agreement: Agreement) -> bool:
    """Whether an agreement in force ends within 90 days."""
    today = clock.today()
    return (
        agreement.state == "active"
        and agreement.expires_on is not None
        and today <= agreement.expires_on <= today + timedelta(days=SOON_DAYS)
    )


def find(
    municipality: Municipality,
    *,
    text: str = "",
    state: str = "",
    kind: str = "",
    soon: bool = False,
    dormant: bool = False,
    sort: str = "",
) -> models.QuerySet[Agreement]:
    """The municipality's agreements narrowed by what a person asked for, with their movement.

    `sort` is `signed` (newest first) or, by default, what ends first on top: those in force by expiry, those
    without one, those being worked out, then the ended ones.
    """
    rows = with_movement(Agreement.objects.filter(municipality=municipality))
    if text.strip():
        word = text.strip()
        # A party's name may match more than one of them.
        party = Agreement.organisations.through.objects.filter(organisation__name__icontains=word)
        rows = rows.filter(
            Q(title__icontains=word)
            | Q(ref=word)
            | Q(items__icontains=word)
            | Q(pk__in=party.values("agreement"))
        )
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    if soon:
        today = clock.today()
        rows = rows.filter(
            state="active", expires_on__gte=today, expires_on__lte=today + timedelta(days=SOON_DAYS)
        )
    if dormant:
        rows = without_movement(rows.filter(state="active").exclude(dormant_since=None))
    if sort == "signed":
        return rows.order_by(F("signed_on").desc(nulls_first=True), "-id")
    rank = models.Case(
        models.When(state__in=["signed", "active"], then=0),
        models.When(state__in=AGREEMENT.open, then=1),
        default=2,
    )
    return rows.annotate(rank=rank).order_by("rank", F("expires_on").asc(nulls_last=True), "-id")


def for_rows(rows: models.QuerySet[Agreement]) -> models.QuerySet[Agreement]:
    """With what a row of the register shows, in a constant number of statements."""
    return (
        rows.select_related("department")
        .prefetch_related("organisations")
        .annotate(case_count=models.Count("cases", distinct=True))
    )
