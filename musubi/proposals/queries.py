"""Which proposals a person may read."""

from django.db import models
from django.db.models import Q

from musubi.lib import fulltext
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.proposals.models import Proposal, Referral, Routing


def visible_to(user, municipality: Municipality | None = None) -> models.QuerySet[Proposal]:
    """Proposals the person may read: the desk's municipality, the departments asked, the own organisation.

    A draft belongs to its organisation alone, whatever a person's role in the municipality.
    """
    cities, sections, organisations = authority(user).where(Can.SEE_PROPOSAL)
    asked = Routing.objects.filter(department__in=sections).values("proposal")
    staff = Q(municipality__in=cities) | Q(pk__in=asked) | Q(challenge__department__in=sections)
    rows = Proposal.objects.filter((~Q(state="draft") & staff) | Q(organisation__in=organisations))
    return rows.filter(municipality=municipality) if municipality else rows


def of_organisations(user) -> models.QuerySet[Proposal]:
    """What the person's organisations have written, in every municipality, last saved first."""
    return (
        Proposal.objects.filter(organisation__in=authority(user).organisation_ids)
        .select_related("municipality", "organisation", "challenge", "ball_department")
        .order_by("-saved_at")
    )


def inbox(municipality: Municipality) -> models.QuerySet[Proposal]:
    """What came in and is not routed yet, the one due first on top."""
    return (
        Proposal.objects.filter(municipality=municipality, state="submitted")
        .select_related("organisation", "challenge", "ball_department")
        .order_by("ball_due_on", "id")
    )


def questions_to(departments, municipality: Municipality) -> models.QuerySet[Routing]:
    """Questions that wait for one of the departments (ids), the one due first on top."""
    return (
        Routing.objects.filter(
            department__in=departments,
            answer="waiting",
            proposal__municipality=municipality,
            proposal__state="routing",
        )
        .select_related("proposal__organisation", "department")
        .order_by("due_on", "id")
    )


def referrals_for(user) -> models.QuerySet[Referral]:
    """Offers to take a declined proposal of the person's organisations elsewhere, the newest first."""
    return (
        Referral.objects.filter(proposal__organisation__in=authority(user).organisation_ids)
        .select_related(
            "proposal__municipality",
            "proposal__organisation",
            "department",
            "challenge__municipality",
            "challenge__department",
            "draft",
        )
        .order_by("-id")
    )


def referrals_waiting_for(user) -> models.QuerySet[Referral]:
    """Those of `referrals_for` that wait for an answer, the one that lapses first on top."""
    return referrals_for(user).filter(state="offered").order_by("expires_on", "id")


def received(municipality: Municipality) -> models.QuerySet[Proposal]:
    """Everything ever submitted to the municipality."""
    return Proposal.objects.filter(municipality=municipality).exclude(state="draft")


def find(
    rows: models.QuerySet[Proposal],
    *,
    text: str = "",
    state: str = "",
    track: str = "",
    challenge: str = "",
    channel: str = "",
    municipality: Municipality | None = None,
) -> models.QuerySet[Proposal]:
    """`rows` narrowed by what the desk asked for; `challenge` is a challenge's reference."""
    if text.strip():
        rows = fulltext.search(rows, text, municipality_id=municipality.pk if municipality else None)
    wanted = {"state": state, "track": track, "challenge__ref": challenge, "channel": channel}
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def for_rows(rows: models.QuerySet[Proposal]) -> models.QuerySet[Proposal]:
    """With what a list row shows, in a constant number of statements."""
    return rows.select_related(
        "organisation", "challenge", "ball_department", "municipality"
    ).prefetch_related("routings__department")
