"""Conditions on a proposal beyond a person's role."""

from django.utils.translation import gettext as _

from musubi.people.permissions import authority
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
