"""What the worker does for proposals by itself: it reminds whoever must act next, and lets old offers lapse."""

from django.db.models import Exists, F, OuterRef, Value

from musubi.ball import tasks as ball
from musubi.ball.queries import NOBODY, Watched
from musubi.notify.tasks import periodic
from musubi.proposals import referrals
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


@periodic("期限のお知らせ(提案)", every=ball.EVERY)
def remind() -> int:
    """Remind of every proposal and every question that is due, each once. Returns how many."""
    return ball.remind(PROPOSALS) + ball.remind(QUESTIONS)


@periodic("団体の返事がないまま期限を過ぎた紹介を閉じる")
def lapse() -> int:
    """Offers of a declined proposal that nobody answered in time lapse. Returns how many."""
    return referrals.lapse_due()
