"""Where a proposal was offered, for its page."""

from musubi.people.permissions import Can, may
from musubi.proposals.models import Proposal
from musubi.proposals.rules import may_answer_referral, may_refer
from musubi.proposals.states import REFERRAL


def referral_rows(user, row: Proposal) -> list[dict]:
    """The offers of a proposal for its page, the newest first."""
    found = row.referrals.all()
    if not may_refer(user, row):
        # Whoever answers a question learns why it came; what was offered elsewhere is the desk's business.
        found = found.filter(state="consented")
    rows = found.select_related(
        "department", "challenge__municipality", "challenge__department", "offered_by", "answered_by"
    ).order_by("-id")
    return [
        {
            "referral": referral,
            "state": REFERRAL[referral.state],
            "open": referral.state == "offered" and may_refer(user, row),
            "answers": referral.state == "offered" and may_answer_referral(user, row),
        }
        for referral in rows
    ]


def untold(user, row: Proposal) -> list[str]:
    """What the history of a proposal's page leaves out for this reader, by the same rule: where else it was offered,
    and in which words that was refused."""
    if may_refer(user, row) or may(user, Can.SEE_JOURNAL, row):
        return []
    return [f"proposal.referral_{what}" for what in ("offered", "refused", "lapsed", "withdrawn")]
