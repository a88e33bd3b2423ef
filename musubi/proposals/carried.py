"""Questions that wait for a department: they keep it from being closed, and go to the one that takes its work over."""

from django.db import transaction

from musubi.journal import actions as journal
from musubi.people import leaving
from musubi.people.leaving import Carried
from musubi.people.models import Department, User
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.states import Answer


def waiting_questions(department: Department):
    """Questions the department has not answered, of proposals that still wait for answers."""
    return Routing.objects.filter(
        department=department, answer=Answer.WAITING, proposal__state="routing"
    ).order_by("pk")


@leaving.department_carries
def questions_of_department(department: Department) -> Carried | None:
    if count := waiting_questions(department).count():
        path = f"/{department.municipality.slug}/staff/handover/departments/{department.pk}/"
        return Carried(f"回答していない照会{count}件", path)
    return None


def hold_questions(department: Department) -> list[int]:
    """Let others who move the proposals that wait for the department wait until this transaction is committed: the
    numbers of these proposals."""
    proposals = Proposal.objects.filter(pk__in=waiting_questions(department).order_by().values("proposal"))
    return list(proposals.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def move_questions(department: Department, to: Department, *, held: list[int], by: User) -> list[Proposal]:
    """The questions of the `held` proposals that wait for `department` wait for `to`, due on the same day. The later
    step, which checked who may and holds the proposals, calls this.

    A proposal about which `to` was asked already keeps both questions, and one about which `department` was asked
    after they were held stays with it: to hold it now, after people and cases, would be the wrong order.
    Returns the proposals whose question moved.
    """
    moved = []
    questions = waiting_questions(department).filter(proposal__in=held)
    for routing in questions.select_related("proposal__municipality"):
        proposal = routing.proposal
        if proposal.routings.filter(department=to).exists():
            continue
        rows = Routing.objects.filter(pk=routing.pk, department=department, answer=Answer.WAITING)
        if not rows.update(department=to):
            continue
        Proposal.objects.filter(pk=proposal.pk, ball_department=department).update(ball_department=to)
        journal.write("proposal.question_moved", proposal, by=by, before=department.name, department=to.name)
        moved.append(proposal)
    return moved
