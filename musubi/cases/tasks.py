"""What the worker does for cases by itself: it reminds whoever must act next, and gathers the morning's digest."""

from musubi.ball import tasks as ball
from musubi.ball.queries import Watched
from musubi.cases import agreement_tasks  # noqa: F401  registers the agreements' periodic work
from musubi.cases.mail import chores as mail_chores  # noqa: F401  registers what is done about mail and files
from musubi.cases.models import Case
from musubi.cases.states import OPEN
from musubi.notify.tasks import periodic
from musubi.proposals.tasks import PROPOSALS, QUESTIONS

CASES = Watched(
    "case",
    rows=lambda: Case.objects.filter(stage__in=OPEN),
    columns={
        "since": "ball_since",
        "due_on": "ball_due_on",
        "department_id": "ball_department_id",
        "organisation_id": "ball_organisation_id",
        "lead_id": "lead_id",
        "owner_id": "owner_id",
        "ref": "ref",
        "title": "title",
        "next_step": "ball_next",
    },
    municipality="municipality_id",
    staff_page="/{city}/staff/cases/{ref}/",
    partner_page="/my/cases/{city}/{ref}/",
    sections=lambda ids: Case.departments.through.objects.filter(case__in=ids).values_list(
        "case_id", "department_id"
    ),
)


@periodic("期限のお知らせ(案件)", every=ball.EVERY)
def remind() -> int:
    """Remind of every open case that is due, each step once. Returns how many were reminded of.

    Reminds where it is a business day and the municipality's hour has come (8 o'clock unless set otherwise).
    """
    return ball.remind(CASES)


@periodic("朝のまとめ", every=ball.EVERY)
def write_digests() -> int:
    """One mail on a business morning to everybody with something due, late, or to look after. Returns how many."""
    return ball.digests([PROPOSALS, QUESTIONS, CASES])
