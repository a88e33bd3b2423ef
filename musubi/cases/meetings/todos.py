"""What was promised in a case (宿題): each has one doer and a day. The open one that is due first has the ball."""

from datetime import date
from typing import TypedDict

from django.db import transaction

from musubi.cases.actions.steps import ball_for, hold_open
from musubi.cases.models import Case, Meeting, Todo
from musubi.cases.states import PostKind, Side
from musubi.cases.thread import post, side_of
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.lib.lifecycle import update
from musubi.people.models import Department, Organisation, User
from musubi.people.permissions import Can, require

NOTHING_LEFT = "次の進め方を決める"


class Promise(TypedDict):
    """One to-do as it is typed."""

    text: str
    doer: Department | Organisation
    due_on: date


@transaction.atomic
def add_todo(case: Case, *, by: User, text: str, doer: Department | Organisation, due_on: date) -> Todo:
    """Note what a party of the case has promised, outside a talk. The ball stays where it is.

    Raises NotAllowed for the organisation's people (their promises are noted in a talk), Missing without words,
    Refused for a doer who takes no part in the case and for a day that has passed.
    """
    require(by, Can.MOVE_CASE, case)
    hold_open(case)
    (todo,) = write_down(case, [{"text": text, "doer": doer, "due_on": due_on}])
    journal.write("todo.added", todo, by=by, case=case.pk, doer=str(doer), due_on=str(due_on))
    return todo


@transaction.atomic
def finish_todo(todo: Todo, *, by: User) -> None:
    """Tick a to-do off. Where its doer has the ball, it goes to the doer of the open one that is due next, or, with
    nothing left, back to the lead; a ball that lies elsewhere for another reason stays there.

    Raises NotAllowed for another organisation's to-do, Conflict where it was ticked off already.
    """
    case = todo.case
    _require_theirs(todo, by)
    hold_open(case)
    update(todo, "宿題", guard={"done_at": None}, done_at=clock.now(), done_by=by)
    moved = {}
    if case.holder == todo.doer:
        ball = ball_after(case)
        update(case, "案件", guard={"stage": case.stage}, **ball)
        moved = {"to": str(case.holder), "ball_due_on": str(case.ball_due_on)}
    post(case, PostKind.MEETING, by=by, body=todo.text, data={"step": "todo_done", "todo": todo.pk})
    journal.write("todo.done", todo, by=by, case=case.pk, doer=str(todo.doer), **moved)


@transaction.atomic
def reopen_todo(todo: Todo, *, by: User) -> None:
    """Take a tick back: it was not done after all. Where the ball lies because of what was left, it comes back to the
    doer of the open to-do that is due first; one that lies elsewhere for another reason stays there.

    Raises NotAllowed for another organisation's to-do, Conflict where it is open again already.
    """
    case = todo.case
    _require_theirs(todo, by)
    hold_open(case)
    follows = _lies_by_todos(case)
    update(todo, "宿題", guard={"done_at__isnull": False}, done_at=None, done_by=None)
    moved = {}
    if follows and first_open(case) == todo:
        update(case, "案件", guard={"stage": case.stage}, **ball_after(case))
        moved = {"to": str(case.holder), "ball_due_on": str(case.ball_due_on)}
    post(case, PostKind.MEETING, by=by, body=todo.text, data={"step": "todo_reopened", "todo": todo.pk})
    journal.write("todo.reopened", todo, by=by, case=case.pk, doer=str(todo.doer), **moved)


def write_down(case: Case, promises: list[Promise], *, meeting: Meeting | None = None) -> list[Todo]:
    """The checked promises as rows. Only actions that hold the case call this."""
    for index, promise in enumerate(promises, start=1):
        if not promise["text"].strip():
            raise Missing(f"宿題{index}に、することを書いてください。", field="todos")
        doer = promise["doer"]
        parties = case.department_ids if isinstance(doer, Department) else case.organisation_ids
        if doer.pk not in parties:
            raise Refused(
                f"宿題「{promise['text']}」をする人は、この案件に関係する部署か団体から選んでください。",
                field="todos",
            )
        if promise["due_on"] < clock.today():
            raise Refused(
                f"宿題「{promise['text']}」の期限には、今日以降の日付を入れてください。", field="todos"
            )
    return [
        Todo.objects.create(
            case=case,
            meeting=meeting,
            text=promise["text"].strip(),
            department=promise["doer"] if isinstance(promise["doer"], Department) else None,
            organisation=promise["doer"] if isinstance(promise["doer"], Organisation) else None,
            due_on=promise["due_on"],
        )
        for promise in promises
    ]


def first_open(case: Case) -> Todo | None:
    """The open to-do that is due first."""
    return case.todos.filter(done_at=None).order_by("due_on", "pk").first()


def ball_after(case: Case) -> dict:
    """The ball's columns once something is done: with the doer of the to-do due first, else with the lead."""
    if todo := first_open(case):
        return ball_for(case, todo.doer, todo.text, due_on=todo.due_on)
    return ball_for(case, case.lead, NOTHING_LEFT)


def _lies_by_todos(case: Case) -> bool:
    """Whether the ball lies where `ball_after` would put it."""
    todo = first_open(case)
    expected = (todo.doer, todo.text) if todo else (case.lead, NOTHING_LEFT)
    return (case.holder, case.ball_next) == expected


def _require_theirs(todo: Todo, by: User) -> None:
    require(by, Can.SPEAK_IN_CASE, todo.case)
    where = side_of(todo.case, by)
    if where["side"] == Side.ORGANISATION and where["organisation_id"] != todo.organisation_id:
        raise NotAllowed(
            "この宿題は、ほかの団体か自治体のものです。済んだかどうかは、担当の方に確かめてください。"
        )
