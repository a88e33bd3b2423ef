"""Which of a fund's records a person may read, and what of each."""

from django.db import models
from django.db.models import Exists, OuterRef, Q

from musubi.fund import curtain
from musubi.fund.models import Application, Assignment, Call, Claim, CommitteeMember, Payment
from musubi.fund.ties import tied_organisations
from musubi.lib import clock
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, authority


def applications_for(user: User) -> models.QuerySet[Application]:
    """The applications of the person's organisations, the last begun on top: for the applicants' own pages.

    Each carries `shown`, the same as `Application.shown_state`: whoever filters, sorts or counts for an applicant does
    it by `shown`, never by `state`, which knows the results before their release.
    """
    own = authority(user).where(Can.APPLY_TO_FUND)[2]
    rows = Application.objects.filter(organisation__in=own).annotate(shown=curtain.shown_case())
    return rows.order_by("-started_at", "-pk")


def applications_to(user: User, municipality: Municipality | None = None) -> models.QuerySet[Application]:
    """The applications the secretariat reads, with all that is decided about them: those that were sent in. What an
    organisation has not sent is its own. Nobody reads here what the own organisation filed, nor any of a call from
    whose screening they are `kept_apart`."""
    mine = authority(user)
    rows = Application.objects.filter(call__fund__municipality__in=mine.where(Can.SEE_FUND)[0]).exclude(
        ref=""
    )
    rows = rows.exclude(organisation__in=mine.organisation_ids).exclude(call__in=kept_apart(user))
    return rows.filter(call__fund__municipality=municipality) if municipality else rows


def kept_apart(user: User) -> models.QuerySet[Call]:
    """The calls of which a person of the staff reads nothing inside until the results are out: whoever screens it, or
    did, reads what a member reads; whoever acts for an organisation that filed, or still may with what it has begun, is
    an applicant."""
    screened = CommitteeMember.objects.filter(user=user).values("fund")
    waiting = Call.objects.filter(released_at=None)
    own = authority(user).organisation_ids
    if not own:
        return waiting.filter(fund__in=screened)
    begun = Q(state="draft", call__closes_at__gt=clock.now())
    filed = Application.objects.filter(begun | ~Q(ref=""), organisation__in=own)
    return waiting.filter(Q(fund__in=screened) | Q(pk__in=filed.values("call")))


def sheets_of(user: User) -> models.QuerySet[Assignment]:
    """The sheets a member of a committee has to score or has scored, while the call is screened: the one way for a
    member to an application. What a tie keeps from the member is not among them, whenever the tie arose."""
    members = list(CommitteeMember.objects.filter(user=user, ended_on=None))
    rows = (
        Assignment.objects.filter(
            member__in=members, state__in=["assigned", "scored"], application__call__state="screening"
        )
        .exclude(application__state="withdrawn")
        .order_by("due_on", "application__ref", "pk")
    )
    for member, organisations in tied_organisations(members).items():
        if organisations:
            rows = rows.exclude(member=member, application__organisation__in=organisations)
    return rows


def waits_for_applicant() -> Q:
    """What the organisation itself has to move next, told by nothing it may not know yet: drafts and corrections, the
    presentation of what passed the first screening, what was granted until it is reported, money to give back, and the
    reports that follow."""
    now = clock.now()
    asked = Payment.objects.filter(award__application=OuterRef("pk"), state="requested")
    claimed = Claim.objects.filter(award__application=OuterRef("pk"), returned_on=None)
    return (
        Q(state="draft", call__state="published", call__opens_at__lte=now, call__closes_at__gt=now)
        | Q(state="returned", call__state__in=["published", "screening"])
        | (curtain.between() & Q(slot__ends_at__gt=now))
        | (
            Q(state__in=["awarded", "advanced"], call__released_at__isnull=False)
            & (Q(award__accepted_at=None) | ~Exists(asked))
        )
        | Exists(claimed)
        | Q(state="settled")
        | Q(state="outcome_reported", edition__tax="report", award__report__tax_at=None)
    )
