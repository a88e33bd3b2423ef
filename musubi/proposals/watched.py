"""The waiting proposals, and the questions about them, as the rounds of a morning watch them."""

from django.db.models import Exists, F, OuterRef, Value
from django.utils.translation import gettext_lazy as _

from musubi.ball.queries import NOBODY, Watched
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.states import WAITING, Answer

_PAGES = {
    "staff_page": "/{city}/staff/proposals/{ref}/",
    "partner_page": "/my/proposals/{pk}/",
}


def _held():
    """Proposals whose holder was not asked, or has answered: a department that is still asked is reminded of the
    question, which has a day of its own."""
    asked = _questions().filter(proposal=OuterRef("pk"), department=OuterRef("ball_department"))
    return Proposal.objects.filter(state__in=WAITING).exclude(Exists(asked))


def _questions():
    return Routing.objects.filter(answer=Answer.WAITING, proposal__state="routing")


PROPOSALS = Watched(
    "proposal",
    name=_("提案"),
    rows=_held,
    columns={
        "since": "ball_since",
        "due_on": "ball_due_on",
        "department_id": "ball_department_id",
        "organisation_id": "ball_organisation_id",
        "lead_id": "ball_department_id",
        "owner_id": NOBODY,
        "ref": "ref",
        "title": "title",
        "next_step": "ball_next",
    },
    municipality="municipality_id",
    **_PAGES,
)
QUESTIONS = Watched(
    "routing",
    name=_("提案"),
    rows=_questions,
    columns={
        "since": "asked_at",
        "due_on": "due_on",
        "department_id": "department_id",
        "organisation_id": NOBODY,
        "lead_id": "department_id",
        "owner_id": NOBODY,
        "ref": F("proposal__ref"),
        "title": F("proposal__title"),
        "next_step": Value("照会に回答する"),
    },
    municipality="proposal__municipality_id",
    **_PAGES,
)
