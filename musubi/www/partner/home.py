"""今日: what lies with the person's organisations in every municipality, and what they might answer."""

from django.utils.translation import gettext as _

from musubi.people.models import Member
from musubi.people.permissions import authority
from musubi.people.queries import organisations_of
from musubi.proposals import queries as proposals
from musubi.www.partner.fund.turns import fund_turns
from musubi.www.partner.matched import first_of
from musubi.www.partner.page import page
from musubi.www.partner.turns import turns

SHOWN = 10


def home(request):
    """What the person's organisations are in the middle of, the one due first on top."""
    organisations = list(organisations_of(request.user))
    memberships = _memberships(request.user)
    mine, theirs = turns(request.user, fund_turns(request.user))
    drafts = proposals.of_organisations(request.user).filter(state="draft")
    return page(
        request,
        "home",
        _("今日"),
        organisations=organisations,
        memberships=memberships,
        applied=[row for row in memberships if row.state == "applied"],
        mine=mine,
        theirs=theirs[:SHOWN],
        theirs_count=len(theirs),
        drafts=list(drafts[: SHOWN + 1]),
        shown=SHOWN,
        found=first_of(request.user, organisations),
    )


def _memberships(user) -> list[Member]:
    mine = authority(user).organisation_ids
    return list(
        Member.objects.filter(organisation__in=mine, state__in=["applied", "active"])
        .select_related("municipality", "organisation")
        .order_by("municipality__code", "organisation__name_key")
    )
