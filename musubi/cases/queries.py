"""Which cases a person may read, and what of each."""

from collections.abc import Collection

from django.db import models
from django.db.models import F, Q

from musubi.cases.models import Agreement, Case, CaseFile, Post, RefusedMail
from musubi.cases.states import CONCLUDED, OPEN
from musubi.lib import clock, fulltext
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, authority


def visible_to(user, municipality: Municipality | None = None) -> models.QuerySet[Case]:
    """Cases the person may read: the desk's municipality, departments taking part, organisations taking part."""
    cities, sections, organisations = authority(user).where(Can.SEE_CASE)
    if municipality and municipality.pk in cities:
        # The same rows as below; without the other ways in, the database needs only one index.
        return Case.objects.filter(municipality=municipality)
    taking_part = Case.departments.through.objects.filter(department__in=sections).values("case")
    own = Case.organisations.through.objects.filter(organisation__in=organisations).values("case")
    rows = Case.objects.filter(Q(municipality__in=cities) | Q(pk__in=taking_part) | Q(pk__in=own))
    return rows.filter(municipality=municipality) if municipality else rows


def sees_internal(user, case: Case) -> bool:
    """Whether the person reads internal notes. Whoever represents a party of the case never does."""
    mine = authority(user)
    return mine.organisation_ids.isdisjoint(case.organisation_ids) and (
        mine.may(Can.NOTE_IN_CASE, case) or case.municipality_id in mine.where(Can.SEE_CASE)[0]
    )


def thread(case: Case, user, *, kind: str = "") -> models.QuerySet[Post]:
    """What the person may read of the case's thread, oldest first."""
    rows = case.posts.select_related("author", "department", "organisation", "meeting__gathering", "file")
    if not sees_internal(user, case):
        rows = rows.filter(internal=False)
    return rows.filter(kind=kind) if kind else rows


def files(case: Case, user) -> models.QuerySet[CaseFile]:
    """The files of the case the person may download."""
    rows = case.files.select_related("added_by")
    return rows if sees_internal(user, case) else rows.filter(internal=False)


def refused_mails(municipality: Municipality) -> models.QuerySet[RefusedMail]:
    """Mails that came in for this municipality and were not taken, newest first. For the desk."""
    return RefusedMail.objects.filter(municipality=municipality).select_related("case").order_by("-at", "-id")


def open_cases(municipality: Municipality) -> models.QuerySet[Case]:
    return Case.objects.filter(municipality=municipality, stage__in=OPEN)


def lying_with(departments, municipality: Municipality) -> models.QuerySet[Case]:
    """Open cases whose ball lies with one of the departments (ids), the one due first on top."""
    return for_rows(
        Case.objects.filter(
            municipality=municipality, ball_department__in=departments, stage__in=OPEN
        ).order_by("ball_due_on", "id")
    )


def of_organisations(user) -> models.QuerySet[Case]:
    """The cases of the person's organisations, in every municipality, the one due first on top."""
    mine = Case.organisations.through.objects.filter(organisation__in=authority(user).organisation_ids)
    return for_rows(open_first(Case.objects.filter(pk__in=mine.values("case"))))


def open_first(rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """Open cases by their due day, then the closed ones, the last closed on top. (Databases differ on where NULL goes.)"""
    return rows.order_by(F("closed_at").desc(nulls_first=True), "ball_due_on", "id")


def find(
    rows: models.QuerySet[Case],
    *,
    text: str = "",
    stage: str = "",
    department: int | None = None,
    channel: str = "",
    open_only: bool = False,
    owner: User | None = None,
    ball: str = "",
    mine: Collection[int] = (),
    municipality: Municipality | None = None,
) -> models.QuerySet[Case]:
    """`rows` narrowed by what a person asked for.

    `ball` is "mine" (with one of the departments `mine`, ids), "departments", "organisations" or "late".
    """
    if text.strip():
        rows = fulltext.search(rows, text, municipality_id=municipality.pk if municipality else None)
    if stage:
        rows = rows.filter(stage=stage)
    if department:
        rows = rows.filter(lead=department)
    if channel:
        rows = rows.filter(channel=channel)
    if owner:
        rows = rows.filter(owner=owner)
    if ball == "mine":
        rows = rows.filter(ball_department__in=mine)
    elif ball == "departments":
        rows = rows.filter(ball_department__isnull=False)
    elif ball == "organisations":
        rows = rows.filter(ball_organisation__isnull=False)
    elif ball == "late":
        rows = rows.filter(ball_due_on__lt=clock.today())
    return rows.filter(stage__in=OPEN) if open_only else rows


def for_rows(rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """With what a list row shows, in a constant number of statements."""
    return rows.select_related(
        "municipality", "lead", "owner", "ball_department", "ball_organisation", "challenge", "proposal"
    ).prefetch_related("organisations", "departments")


def concluded_agreements(municipality: Municipality) -> models.QuerySet[Agreement]:
    """Agreements in force."""
    return Agreement.objects.filter(municipality=municipality, state__in=CONCLUDED)
