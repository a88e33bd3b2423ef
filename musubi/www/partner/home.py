"""今日: what lies with the person's organisations in every municipality, and what they might answer."""

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from musubi.challenges import queries as challenges
from musubi.challenges.models import Challenge
from musubi.people.models import Member
from musubi.people.permissions import authority
from musubi.people.queries import organisations_of
from musubi.proposals import queries as proposals
from musubi.solutions.models import Solution
from musubi.www.partner.page import page
from musubi.www.partner.turns import turns
from musubi.www.public.cards import challenge_card

SHOWN = 10
ROWS = 20


def home(request):
    """What the person's organisations are in the middle of, the one due first on top."""
    organisations = list(organisations_of(request.user))
    memberships = _memberships(request.user)
    mine, theirs = turns(request.user)
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
        matches=_cards(request.user, _new_challenges(memberships)[:6]),
    )


def matches(request):
    """The open challenges of the municipalities the person's organisations have joined, the newest first."""
    memberships = _memberships(request.user)
    rows = Paginator(_new_challenges(memberships), ROWS).get_page(request.GET.get("page"))
    return page(
        request,
        "matches",
        _("合いそうな課題"),
        rows=rows,
        cards=_cards(request.user, rows.object_list),
        memberships=memberships,
    )


def _memberships(user) -> list[Member]:
    mine = authority(user).organisation_ids
    return list(
        Member.objects.filter(organisation__in=mine, state__in=["applied", "active"])
        .select_related("municipality", "organisation")
        .order_by("municipality__code", "organisation__name_key")
    )


def _new_challenges(memberships: list[Member]):
    joined = {row.municipality_id for row in memberships if row.state == "active"}
    return challenges.for_cards(challenges.open_to_members(joined))


def _cards(user, rows) -> list[dict]:
    """Each challenge with what it has in common with the organisations' solutions, in words."""
    offered = Solution.objects.filter(organisation__in=authority(user).organisation_ids).exclude(
        state="withdrawn"
    )
    goals, fields = set(), set()
    for solution in offered.prefetch_related("goals", "fields"):
        goals |= {goal.number for goal in solution.goals.all()}
        fields |= {field.code for field in solution.fields.all()}
    return [_card(challenge, goals, fields) for challenge in rows]


def _card(challenge: Challenge, goals: set[int], fields: set[str]) -> dict:
    shared = [field.display_name for field in challenge.fields.all() if field.code in fields]
    if shared:
        reason = _("貴団体のソリューションと同じ分野: %(names)s") % {"names": "、".join(shared)}
    elif any(goal.number in goals for goal in challenge.goals.all()):
        reason = _("貴団体のソリューションと同じSDGsゴール")
    else:
        reason = ""
    return challenge_card(challenge, with_city=True) | {"reason": reason}
