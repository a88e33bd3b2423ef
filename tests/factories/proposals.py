from musubi.people.models import Municipality, Organisation, User
from musubi.proposals import actions
from musubi.proposals.models import Proposal
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff


def make_proposal(
    municipality: Municipality | None = None,
    organisation: Organisation | None = None,
    *,
    state: str = "submitted",
    by: User | None = None,
    desk: User | None = None,
    departments=(),
    track: str = "open",
    **words,
) -> Proposal:
    """A proposal brought to draft, submitted, routing, declined or withdrawn through the actions."""
    municipality = municipality or make_municipality()
    organisation = organisation or make_organisation()
    by = by or make_representative(organisation)
    words = {
        "title": "海岸ごみの分別を助ける画像判定",
        "content": "写真を撮るだけで分別先が分かります。",
        **words,
    }
    if track == "trial":
        words.setdefault("field_wanted", "市内の海岸、3か月間")
    proposal = actions.draft_proposal(organisation, municipality, by=by, track=track, **words)
    if state == "draft":
        return proposal
    actions.submit(proposal, by=by)
    if state == "submitted":
        return proposal
    if state == "withdrawn":
        actions.withdraw(proposal, by=by)
        return proposal
    desk = desk or make_staff(municipality, "desk")
    if state == "declined":
        actions.decline(proposal, by=desk, reason="timing", feedback="来年度の募集でぜひご提案ください。")
        return proposal
    if not departments:
        officer = make_staff(municipality, "officer")
        departments = [officer.staff.get().department]
    actions.route(proposal, departments, by=desk)
    return proposal
