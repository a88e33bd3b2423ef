"""Passing a waiting proposal's ball by hand, and nudging a department that is asked; the other actions pass it by themselves."""

from datetime import date

from django.db import transaction

from musubi.ball.actions import hand_to, workday_on_or_after
from musubi.ball.queries import holding
from musubi.ball.rules import due, is_nudged_today
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import hold, update
from musubi.people.models import Department, User
from musubi.people.permissions import Can, require
from musubi.proposals.actions import require_impartial
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.states import WAITING, Answer
from musubi.proposals.watched import QUESTIONS


@transaction.atomic
def hand_ball(
    proposal: Proposal, to: Department, *, by: User, next_step: str, due_on: date | None = None
) -> None:
    """Pass the ball by hand, with a word on what is to be done: to the desk, or to a department that was asked or
    whose challenge it answers. `due_on` defaults to the municipality's limit.

    Raises Missing without the word, Refused where `to` has nothing to do with it or the day has passed, or where
    the proposal waits for nobody here any more.
    Follows: the new holder is told. The questions that still wait for an answer go on waiting.
    """
    require(by, Can.ANSWER_ROUTING, proposal)
    require_impartial(by, proposal)
    if not next_step.strip():
        raise Missing("次にしてほしいことを一言書いてください。", field="next_step")
    hold(proposal, "提案")
    if proposal.state not in WAITING:
        raise Refused(
            "この提案は受付・照会中ではありません。画面を読み込み直して、今の状態を確かめてください。"
        )
    if (
        not (to.is_desk and to.municipality_id == proposal.municipality_id)
        and to.pk not in proposal.department_ids
    ):
        raise Refused(
            "ボールは、デスクか、照会した部署にだけ渡せます。ほかの部署には、先に照会してください。",
            field="to",
        )
    if due_on and due_on < clock.today():
        raise Refused("期限には、今日以降の日付を入れてください。", field="due_on")
    day = workday_on_or_after(proposal, due_on or due(proposal.municipality_id, "proposal", proposal.state))
    before = str(proposal.holder)
    update(
        proposal,
        "提案",
        guard={"state": proposal.state, "ball_since": proposal.ball_since},
        **hand_to(to, due_on=day, next_step=next_step.strip()),
    )
    journal.write(
        "proposal.handed",
        proposal,
        by=by,
        before=before,
        to=str(to),
        department=to.pk,
        next_step=next_step.strip(),
        due_on=str(day),
    )


@transaction.atomic
def nudge(routing: Routing, *, by: User, word: str = "") -> None:
    """The desk asks a department once more for its answer (催促), with a word if there is one to say; once a business day.

    Raises Refused where the department has answered meanwhile, where nobody there could be told, or where it was
    done already today. Follows: the department's people are told at once.
    """
    proposal = routing.proposal
    require(by, Can.ROUTE_PROPOSAL, proposal)
    require_impartial(by, proposal)
    # Two at once must not both be the first of the day.
    hold(proposal, "提案")
    routing.refresh_from_db()
    if routing.answer != Answer.WAITING or proposal.state != "routing":
        raise Refused(
            f"{routing.department}への照会は、もう回答を待っていません。画面を読み込み直してください。"
        )
    people = [user for user in holding(QUESTIONS, proposal.municipality, routing.pk) if user != by]
    if not people:
        raise Refused(
            f"{routing.department}には、知らせる相手がいません。代わりに回答するか、ほかの部署に照会してください。"
        )
    if is_nudged_today(proposal, "proposal.nudged", since=routing.asked_at, routing=routing.pk):
        raise Refused(
            f"{routing.department}には、きょうすでに催促しました。急ぐときは、電話などで直接たずねてください。"
        )
    journal.write(
        "proposal.nudged",
        proposal,
        by=by,
        routing=routing.pk,
        department=routing.department_id,
        to=str(routing.department),
        due_on=str(routing.due_on),
        note=word.strip(),
    )
