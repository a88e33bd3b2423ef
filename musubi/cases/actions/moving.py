"""A case moves along its stages, is laid aside, taken up again, ends."""

from datetime import date

from django.db import transaction

from musubi.ball.actions import drop
from musubi.cases import rules, stays
from musubi.cases.actions.steps import ball_for, require_open
from musubi.cases.models import Case
from musubi.cases.states import CASE, PATH, PostKind, StayEnd
from musubi.cases.thread import post
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import Department, User
from musubi.people.permissions import Can, require
from musubi.proposals import actions as proposals
from musubi.proposals.states import DeclineReason


@transaction.atomic
def advance(case: Case, to: str, *, by: User, reason: str = "") -> None:
    """Move the case to stage `to`. Leaving stages out, or going back, wants a reason.

    Raises Missing where the gate of that stage is not met (the sentence lists what is), or without a reason
    for a skip. Follows: leaving dialogue accepts the proposal; the lead department has the ball, due by the new
    stage's limit; completing drops it.
    """
    require(by, Can.MOVE_CASE, case)
    require_open(case)
    if to not in PATH:
        raise Refused("その段階には進められません。画面を読み込み直して選び直してください。", field="to")
    here = case.paused_from if case.stage == "paused" else case.stage
    if here != to and rules.is_skip(here, to) and not reason.strip():
        raise Missing("段階を飛ばす、または戻すときは、理由を書いてください。", field="reason")
    unmet = [str(need.text) for need in rules.needs(case, to) if not need.met]
    if unmet:
        raise Missing(
            f"「{CASE[to].label}」に進むには、まだ次のことが必要です: {'、'.join(unmet)}。", field="to"
        )
    closing = to == "completed"
    ball = drop() if closing else ball_for(case, case.lead, f"「{CASE[to].label}」を進める", stage=to)
    changes = {"stage_since": clock.now(), "paused_from": "", "paused_until": None, **ball}
    if closing:
        changes["closed_at"] = clock.now()
    if to == "implementation" and case.started_on is None:
        changes["started_on"] = clock.today()
    move(case, CASE, to, field="stage", **changes)
    stays.finish(case, StayEnd.MOVED)
    stays.begin(case)
    if case.proposal_id and PATH.index(to) >= PATH.index("planning"):
        proposals.accept(case.proposal, by=by)
    post(case, PostKind.STAGE, by=by, body=reason, data={"from": here, "to": to})
    journal.write("case.advanced", case, by=by, before=here, to=to, reason=reason)


@transaction.atomic
def pause(case: Case, *, by: User, until: date, reason: str) -> None:
    """Lay the case aside until a day. The lead keeps the ball, due on that day."""
    require(by, Can.MOVE_CASE, case)
    if not reason.strip():
        raise Missing("保留の理由を書いてください。", field="reason")
    if until <= clock.today():
        raise Refused("保留の期限には、明日以降の日付を入れてください。", field="until")
    here = case.stage
    move(
        case,
        CASE,
        "paused",
        field="stage",
        paused_from=here,
        paused_until=until,
        **ball_for(case, case.lead, "保留を見直す", due_on=until),
    )
    stays.finish(case, StayEnd.PAUSED)
    post(case, PostKind.STAGE, by=by, body=reason, data={"from": here, "to": "paused", "until": str(until)})
    journal.write("case.paused", case, by=by, until=str(until), reason=reason)


@transaction.atomic
def resume(case: Case, *, by: User) -> None:
    """Take a paused case up again at the stage it was in."""
    if case.stage != "paused":
        raise Refused("この案件は保留になっていません。画面を読み込み直して、今の状態を確かめてください。")
    require(by, Can.MOVE_CASE, case)
    back = case.paused_from
    move(
        case,
        CASE,
        back,
        field="stage",
        paused_from="",
        paused_until=None,
        stage_since=clock.now(),
        **ball_for(case, case.lead, f"「{CASE[back].label}」を進める", stage=back),
    )
    stays.begin(case)
    post(case, PostKind.STAGE, by=by, data={"from": "paused", "to": back})
    journal.write("case.resumed", case, by=by, to=back)


@transaction.atomic
def close(case: Case, *, by: User, reason: str, feedback: str) -> None:
    """End the case without an outcome (見送り): a reason and feedback that the organisation reads.

    Raises Missing without either. Follows: its proposal is declined with the same words.
    """
    require(by, Can.MOVE_CASE, case)
    if reason not in DeclineReason.values:
        raise Missing("見送りの理由を選んでください。", field="reason")
    if not feedback.strip():
        raise Missing(
            "団体へのフィードバックを書いてください。次の提案につながる一言が必要です。", field="feedback"
        )
    here = case.stage
    move(
        case,
        CASE,
        "closed",
        field="stage",
        close_reason=reason,
        feedback=feedback,
        closed_at=clock.now(),
        paused_from="",
        paused_until=None,
        **drop(),
    )
    stays.finish(case, StayEnd.CLOSED)
    if case.proposal_id and case.proposal.state == "dialogue":
        proposals.decline_from_case(case.proposal, by=by, reason=reason, feedback=feedback)
    post(case, PostKind.DECISION, by=by, body=feedback, data={"from": here, "to": "closed", "reason": reason})
    journal.write("case.closed", case, by=by, reason=reason, feedback=feedback)


@transaction.atomic
def withdraw(case: Case, *, by: User, reason: str) -> None:
    """The organisation leaves (取下げ): the case ends, its proposal is withdrawn, with the reason in words.

    Raises NotAllowed unless `by` writes proposals for an organisation of the case, Missing without a reason.
    """
    require(by, Can.WRITE_PROPOSAL, case)
    if not reason.strip():
        raise Missing("取下げの理由を書いてください。担当課が次に生かします。", field="reason")
    here = case.stage
    move(
        case,
        CASE,
        "closed",
        field="stage",
        close_reason=DeclineReason.WITHDRAWN,
        feedback=reason,
        closed_at=clock.now(),
        paused_from="",
        paused_until=None,
        **drop(),
    )
    stays.finish(case, StayEnd.CLOSED)
    if case.proposal_id and case.proposal.state in ("dialogue", "accepted"):
        proposals.withdraw_from_case(case.proposal, by=by, reason=reason)
    post(
        case,
        PostKind.DECISION,
        by=by,
        body=reason,
        data={"from": here, "to": "closed", "reason": "withdrawn"},
    )
    journal.write("case.withdrawn", case, by=by, reason=reason)


@transaction.atomic
def set_adoption_route(case: Case, *, by: User, budget: str, department: Department, deadline: date) -> None:
    """Agree, before a trial starts, which budget, which department and which day decide on adoption."""
    require(by, Can.MOVE_CASE, case)
    require_open(case)
    if not budget.strip():
        raise Missing("導入するときの予算(事業名や費目)を書いてください。", field="budget")
    if department.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体の部署は選べません。", field="department")
    update(
        case,
        "案件",
        guard={"stage": case.stage},
        adoption_budget=budget,
        adoption_department=department,
        adoption_deadline=deadline,
    )
    text = f"{budget} / {department} / {format_date(deadline)}"
    post(case, PostKind.DECISION, by=by, body=text, internal=True, data={"decision": "adoption_route"})
    journal.write(
        "case.adoption_agreed", case, by=by, budget=budget, department=department.name, deadline=str(deadline)
    )
