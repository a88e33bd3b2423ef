"""What the engine says of proposals, dressed for the staff's pages: whom to ask, and what was like it before."""

from django.db.models.functions import Left
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases.models import Case
from musubi.cases.states import CASE
from musubi.matching.departments import Knowledge
from musubi.matching.near import LONGEST
from musubi.matching.similar import Similar, similar_proposals
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.proposals.models import Proposal
from musubi.proposals.queries import visible_to
from musubi.proposals.states import PROPOSAL, DeclineReason

MOST_CASES = 500


def advise(proposals: list[Proposal], municipality: Municipality, *, user) -> list[dict]:
    """For each proposal `departments` (items of `parts/suggestions.html`) and `similar` (of `parts/similar.html`).

    Of what was like it before, a department is shown only what it may read. Six statements for any number of
    proposals, one more for a department.
    """
    if not proposals:
        return []
    opened = list(
        Case.objects.filter(municipality=municipality)
        .order_by("-id")
        .annotate(about=Left("summary", LONGEST))
        .values("proposal_id", "lead_id", "ref", "title", "about", "stage", "outcome_count")[:MOST_CASES]
    )
    led = [(case["lead_id"], f"{case['title']}\n{case['about']}", case["title"]) for case in opened]
    became = {case["proposal_id"]: case for case in opened if case["proposal_id"]}
    knowledge = Knowledge(municipality, led=led)
    texts = [(proposal.title, proposal.content) for proposal in proposals]
    likes = similar_proposals(texts, municipality, exclude=[proposal.pk for proposal in proposals])
    if municipality.pk not in authority(user).where(Can.SEE_PROPOSAL)[0]:
        readable = set(visible_to(user, municipality).values_list("pk", flat=True))
        likes = [[one for one in like if one.thing.pk in readable] for like in likes]
    return [
        {
            "departments": _departments(knowledge, proposal, title, content),
            "similar": [_similar(one, became.get(one.thing.pk), municipality) for one in like],
        }
        for proposal, (title, content), like in zip(proposals, texts, likes, strict=True)
    ]


def _departments(knowledge: Knowledge, proposal: Proposal, title: str, content: str) -> list[dict]:
    asked = {routing.department_id for routing in proposal.routings.all()}
    found = knowledge.suggest(content, title=title, challenge=proposal.challenge)
    return [
        {
            "pk": suggestion.department.pk,
            "title": suggestion.department.name,
            "score": suggestion.score,
            "score_words": suggestion.words,
            "reasons": suggestion.reasons,
            "against": suggestion.against,
            "action_label": _("この部署に照会する"),
            "action_name": "departments",
            "action_value": suggestion.department.pk,
        }
        for suggestion in found
        if suggestion.department.pk not in asked
    ]


def _similar(similar: Similar, case: dict | None, municipality: Municipality) -> dict:
    proposal = similar.thing
    state = PROPOSAL[proposal.state]
    return {
        "href": reverse("staff-proposal", args=[municipality.slug, proposal.ref]),
        "title": proposal.title,
        "where": f"{proposal.organisation.name} · {proposal.ref}",
        "state_label": state.label,
        "state_tone": state.tone,
        "became": _became(proposal, case),
        "shared": similar.shared,
    }


def _became(proposal: Proposal, case: dict | None) -> str:
    if case and case["outcome_count"]:
        return _("案件「%(title)s」から成果が%(n)d件") % {"title": case["title"], "n": case["outcome_count"]}
    if case:
        return _("案件「%(title)s」— %(stage)s") % {
            "title": case["title"],
            "stage": CASE[case["stage"]].label,
        }
    if proposal.state == "declined":
        return _("見送り: %(reason)s") % {"reason": DeclineReason(proposal.decline_reason).label}
    return ""
