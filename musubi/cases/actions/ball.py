"""Passing the ball by hand, and nudging whoever has it; the other actions pass it by themselves."""

from datetime import date

from django.db import transaction

from musubi.ball.queries import holding
from musubi.ball.rules import is_nudged_today
from musubi.cases.actions.steps import ball_for, hold_open, require_open, require_party
from musubi.cases.models import Case
from musubi.cases.states import PostKind
from musubi.cases.thread import post
from musubi.cases.watched import CASES
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


@transaction.atomic
def nudge(case: Case, *, by: User, word: str = "") -> None:
    """Ask whoever has the ball once more (催促), with a word if there is one to say; once a business day.

    Raises Refused where `by` is the one to act, where nobody could be told, or where it was done already today.
    Follows: they are told at once; the thread has it as an internal line; the ball stays where it is, as it is due.
    """
    require(by, Can.MOVE_CASE, case)
    # Two at once must not both be the first of the day.
    hold_open(case)
    people = holding(CASES, case.municipality, case.pk)
    if people == [by]:
        raise Refused(
            "ボールはあなたが持っています。次にすることを進めるか、ほかの部署や団体に渡してください。"
        )
    if not people:
        raise Refused(
            f"{case.holder}には、知らせる相手がいません。ボールをほかの部署か団体に渡してください。"
        )
    if is_nudged_today(case, "case.nudged", since=case.ball_since):
        raise Refused(
            f"{case.holder}には、きょうすでに催促しました。急ぐときは、電話などで直接たずねてください。"
        )
    post(case, PostKind.NOTE, by=by, internal=True, body=f"{case.holder}に催促しました。{word}".strip())
    journal.write(
        "case.nudged",
        case,
        by=by,
        to=str(case.holder),
        next_step=case.ball_next,
        note=word,
        due_on=str(case.ball_due_on),
    )
