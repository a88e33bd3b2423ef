"""Conditions on a proposal beyond a person's role."""

from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.queries import listed, open_to_members
from musubi.people.models import Member
from musubi.people.permissions import Can, authority, may
from musubi.people.queries import representatives_of
from musubi.proposals.models import Proposal
from musubi.proposals.states import Track

MOST_FILES = 10


def is_readable_by_staff(proposal: Proposal) -> bool:
    """A draft is nobody's business but its organisation's."""
    return proposal.state != "draft"


def is_own(user, proposal: Proposal) -> bool:
    """Whether the person acts for the organisation that proposes. Whatever their role in the municipality, they
    neither read what is said inside about their own proposal nor decide on it."""
    return proposal.organisation_id in authority(user).organisation_ids


def is_editable(proposal: Proposal) -> bool:
    return proposal.state == "draft"


def may_refer(user, proposal: Proposal) -> bool:
    """Whether the person may offer the declined proposal elsewhere: whoever routes it, or may decline it."""
    routes = may(user, Can.ROUTE_PROPOSAL, proposal) or may(user, Can.DECIDE_PROPOSAL, proposal)
    return routes and not is_own(user, proposal)


def may_answer_referral(user, proposal: Proposal) -> bool:
    """Whether the person says for the organisation where its proposal may go: its representatives; the desk only
    for an organisation for which nobody signs in (it asked by telephone or letter, and says so)."""
    if may(user, Can.WRITE_PROPOSAL, proposal):
        return True
    return may(user, Can.ROUTE_PROPOSAL, proposal) and not has_representatives(proposal)


def has_representatives(proposal: Proposal) -> bool:
    return representatives_of([proposal.organisation_id]).exists()


def can_answer_challenge(proposal: Proposal, challenge: Challenge) -> bool:
    """Whether the organisation reads the challenge and may answer it today: public, or open to members like itself."""
    cities = [challenge.municipality_id]
    answerable = open_to_members(cities).filter(pk=challenge.pk)
    if not answerable.exists():
        return False
    return (
        listed().filter(pk=challenge.pk).exists()
        or Member.objects.filter(
            municipality__in=cities, organisation=proposal.organisation_id, state="active"
        ).exists()
    )


def gaps(proposal: Proposal) -> list[tuple[str, str]]:
    """What is still missing before it can be submitted: (field, sentence) pairs, empty when complete."""
    found = []
    if not proposal.title.strip():
        found.append(("title", _("提案名を入力してください。")))
    if not proposal.content.strip():
        found.append(("content", _("提案の内容を入力してください。")))
    if proposal.track == Track.CHALLENGE and proposal.challenge_id is None:
        found.append(("challenge", _("どの課題への提案かを選んでください。")))
    if proposal.track == Track.TRIAL and not proposal.field_wanted.strip():
        found.append(
            (
                "field_wanted",
                _("実証したい場所と期間を入力してください。決まっていなければ希望を書いてください。"),
            )
        )
    return found
