"""What happens to a trial: planned, approved, run, reported and decided inside its case."""

from datetime import date

from django.db import transaction

from musubi.cases.models import Case, Trial
from musubi.cases.states import OPEN, TRIAL, PostKind, TrialDecision
from musubi.cases.thread import post
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.fiscal import fiscal_year
from musubi.lib.lifecycle import hold, move
from musubi.people.models import User
from musubi.people.permissions import Can, require


@transaction.atomic
def plan_trial(
    case: Case,
    *,
    by: User,
    title: str,
    field: str,
    starts_on: date,
    ends_on: date,
    measures: list[dict] | None = None,
    plan: str = "",
    safety: str = "",
    data_terms: str = "",
) -> Trial:
    """Plan a trial inside the case, within one fiscal year.

    `measures` are dicts with `name`, `unit`, `threshold`; they cannot be changed once the trial is approved.
    Raises Missing without title, field or a measure, Refused where the period leaves the fiscal year.
    """
    require(by, Can.MOVE_CASE, case)
    _hold_open(case)
    for name, value, label in (("title", title, "実証実験名"), ("field", field, "場所・フィールド")):
        if not value.strip():
            raise Missing(f"{label}を入力してください。", field=name)
    if not measures:
        raise Missing("始める前に、成功を測る指標としきい値を一つ以上決めてください。", field="measures")
    if ends_on < starts_on:
        raise Refused("終了日は開始日より後にしてください。", field="ends_on")
    if fiscal_year(starts_on) != fiscal_year(ends_on):
        raise Refused(
            "実証の期間は一つの年度の中に収めてください。続けるときは、判定で「継続」を選べます。",
            field="ends_on",
        )
    trial = Trial.objects.create(
        case=case,
        title=title,
        field=field,
        starts_on=starts_on,
        ends_on=ends_on,
        measures=measures,
        plan=plan,
        safety=safety,
        data_terms=data_terms,
    )
    post(case, PostKind.DECISION, by=by, body=title, data={"decision": "trial_planned", "trial": trial.pk})
    journal.write(
        "trial.planned", trial, by=by, starts_on=str(starts_on), ends_on=str(ends_on), measures=measures
    )
    return trial


@transaction.atomic
def approve_trial(trial: Trial, *, by: User) -> None:
    """The responsible side approves the plan; from now on its measures stand."""
    require(by, Can.MANAGE_CASE, trial)
    _hold_open(trial.case)
    move(trial, TRIAL, "approved")
    journal.write("trial.approved", trial, by=by)


@transaction.atomic
def start_trial(trial: Trial, *, by: User) -> None:
    """The trial begins in the field."""
    require(by, Can.MOVE_CASE, trial)
    _hold_open(trial.case)
    move(trial, TRIAL, "running", started_at=clock.now())
    post(
        trial.case,
        PostKind.DECISION,
        by=by,
        body=trial.title,
        data={"decision": "trial_started", "trial": trial.pk},
    )
    journal.write("trial.started", trial, by=by)


@transaction.atomic
def report_trial(trial: Trial, *, by: User, findings: str) -> None:
    """Say what came out. Raises Missing without findings."""
    require(by, Can.MOVE_CASE, trial)
    move(trial, TRIAL, "reported", findings=findings.strip())
    post(
        trial.case,
        PostKind.DECISION,
        by=by,
        body=findings,
        data={"decision": "trial_reported", "trial": trial.pk},
    )
    journal.write("trial.reported", trial, by=by)


@transaction.atomic
def decide_trial(trial: Trial, *, by: User, decision: str, reason: str) -> None:
    """Adopt, extend or stop, with the reason. Raises Missing without either."""
    require(by, Can.MANAGE_CASE, trial)
    if decision not in TrialDecision.values:
        raise Missing("判定を選んでください。", field="decision")
    move(trial, TRIAL, "decided", decision=decision, decision_reason=reason.strip(), decided_at=clock.now())
    post(
        trial.case,
        PostKind.DECISION,
        by=by,
        body=reason,
        data={"decision": "trial_decided", "trial": trial.pk, "as": decision},
    )
    journal.write("trial.decided", trial, by=by, decision=decision, reason=reason)


@transaction.atomic
def cancel_trial(trial: Trial, *, by: User, reason: str) -> None:
    """Give the trial up before it was reported. Raises Missing without a reason."""
    require(by, Can.MOVE_CASE, trial)
    move(trial, TRIAL, "cancelled", decision_reason=reason.strip())
    post(
        trial.case,
        PostKind.DECISION,
        by=by,
        body=reason,
        data={"decision": "trial_cancelled", "trial": trial.pk},
    )
    journal.write("trial.cancelled", trial, by=by, reason=reason)


def _hold_open(case: Case) -> None:
    """Nothing new begins in a case that has ended; what ran may still be reported, decided and cancelled."""
    hold(case, "案件")
    if case.stage not in OPEN:
        raise Refused("この案件は終了しています。続きがあるときは、新しい案件を開いてください。")
