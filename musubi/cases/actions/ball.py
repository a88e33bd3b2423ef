"""Passing the ball by hand; the other actions pass it by themselves."""

from datetime import date

from django.db import transaction

from musubi.cases.actions.steps import ball_for, require_open, require_party
from musubi.cases.models import Case
from musubi.cases.states import PostKind
from musubi.cases.thread import post
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import update
from musubi.people.models import Department, Organisation, User
from musubi.people.permissions import Can, require


@transaction.atomic
def hand_ball(
    case: Case, to: Department | Organisation, *, by: User, next_step: str, due_on: date | None = None
) -> None:
    """Pass the ball by hand, with a word on what is to be done.

    Raises Missing without the word, Refused where `to` takes no part in the case or the day has passed.
    Follows: the new holder is told; both names are in the thread.
    """
    require(by, Can.MOVE_CASE, case)
    require_open(case)
    if not next_step.strip():
        raise Missing("次にしてほしいことを一言書いてください。", field="next_step")
    require_party(case, to)
    if due_on and due_on < clock.today():
        raise Refused("期限には、今日以降の日付を入れてください。", field="due_on")
    before = str(case.holder)
    ball = ball_for(case, to, next_step, due_on=due_on)
    update(
        case,
        "案件",
        guard={
            "stage": case.stage,
            "ball_department_id": case.ball_department_id,
            "ball_organisation_id": case.ball_organisation_id,
            # Handed to the same holder again is a hand-over too.
            "ball_since": case.ball_since,
        },
        **ball,
    )
    post(
        case,
        PostKind.BALL,
        by=by,
        body=next_step,
        data={"from": before, "to": str(to), "due_on": str(ball["ball_due_on"])},
    )
    journal.write(
        "case.handed",
        case,
        by=by,
        before=before,
        to=str(to),
        next_step=next_step,
        due_on=str(ball["ball_due_on"]),
    )
