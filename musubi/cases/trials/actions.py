"""What happens to a trial: planned, approved, run and read, reported and decided inside its case."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.cases.actions.steps import ball_for
from musubi.cases.models import Case, Reading, Trial, TrialCost
from musubi.cases.rules import has_adoption_route
from musubi.cases.states import OPEN, TRIAL, CostSide, PostKind, Side, TrialDecision
from musubi.cases.thread import post, side_of
from musubi.cases.trials import budget, measures
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.fiscal import fiscal_year
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import User
from musubi.people.permissions import Can, require

MOST_COSTS = 20
LARGEST_COST = 10**12


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
    costs: Iterable[dict] = (),
    extends: Trial | None = None,
    knows_late: bool = False,
    key: UUID | None = None,
) -> Trial:
    """Plan a trial inside the case, within one fiscal year unless it `extends` another.

    `measures` are dicts with `name`, `unit`, `threshold`, `direction` (at_least or at_most) and `baseline`; they
    can be changed while the trial is planned and are fixed from its approval on. `costs` are dicts with `side`,
    `item` and `yen`. A trial that ends too late for next year's budget may be planned, by somebody who says to know
    it (`knows_late`). `key` names the form it came from: sent twice, it is kept once.
    Raises Missing without title, field, a measure, or `knows_late` where it is wanted, Refused where the period
    leaves the fiscal year or `extends` was not decided to be extended. Follows: the organisation is told.
    """
    require(by, Can.MOVE_CASE, case)
    _hold_open(case)
    if key and (known := Trial.objects.filter(key=key, case=case).first()):
        return known
    if extends:
        _require_extendable(case, extends)
    words = _checked(
        case,
        title=title,
        field=field,
        starts_on=starts_on,
        ends_on=ends_on,
        measures=measures,
        plan=plan,
        safety=safety,
        data_terms=data_terms,
        extends=extends,
        knows_late=knows_late,
    )
    spent = _checked_costs(costs)
    try:
        with transaction.atomic():
            trial = Trial.objects.create(case=case, extends=extends, key=key, **words)
    except IntegrityError as error:
        raise Conflict(
            "この実証の続きは、別の人が先に計画しました。画面を読み込み直して確かめてください。"
        ) from error
    TrialCost.objects.bulk_create(TrialCost(trial=trial, **cost) for cost in spent)
    post(case, PostKind.DECISION, by=by, body=title, data={"decision": "trial_planned", "trial": trial.pk})
    journal.write("trial.planned", trial, by=by, **_for_the_record(trial, spent))
    return trial


@transaction.atomic
def change_plan(
    trial: Trial,
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
    costs: Iterable[dict] = (),
    knows_late: bool = False,
) -> None:
    """Change a plan that nobody approved yet; everything is given anew, as for `plan_trial`.

    Raises what `plan_trial` raises, Refused from the approval on, Conflict where the plan was changed or approved
    since it was read. Follows: the organisation is told.
    """
    require(by, Can.MOVE_CASE, trial)
    if trial.state != "planned":
        raise Refused(
            "承認された計画の指標・期間・費用は変えられません。計画を変えるときは、取りやめてから計画し直してください。"
        )
    _hold_open(trial.case)
    words = _checked(
        trial.case,
        title=title,
        field=field,
        starts_on=starts_on,
        ends_on=ends_on,
        measures=measures,
        plan=plan,
        safety=safety,
        data_terms=data_terms,
        extends=trial.extends,
        knows_late=knows_late,
    )
    spent = _checked_costs(costs)
    before = trial.measures
    update(
        trial,
        TRIAL.subject,
        guard={"state": "planned", "version": trial.version},
        version=trial.version + 1,
        **words,
    )
    trial.costs.all().delete()
    TrialCost.objects.bulk_create(TrialCost(trial=trial, **cost) for cost in spent)
    _post(trial, "trial_changed", by=by, body=title)
    journal.write("trial.changed", trial, by=by, before=before, **_for_the_record(trial, spent))


@transaction.atomic
def approve_trial(trial: Trial, *, by: User, version: int | None = None) -> None:
    """The responsible side approves the plan; from now on its measures are fixed.

    `version` is the plan's version that was read (default: the one of `trial`). Raises Missing while the case has
    no adoption route, Conflict where the plan was changed since it was read. Follows: the organisation is told.
    """
    require(by, Can.MANAGE_CASE, trial)
    _hold_open(trial.case)
    if not has_adoption_route(trial.case):
        raise Missing(
            "導入の道筋(どの予算で・どの部署が・いつまでに判断するか)が決まっていません。"
            "計画を直す画面か案件の画面の「導入の道筋を決める」で決めてから、承認してください。"
        )
    move(trial, TRIAL, "approved", guard={"version": version or trial.version})
    _post(trial, "trial_approved", by=by, body=trial.title)
    journal.write("trial.approved", trial, by=by, version=trial.version)


@transaction.atomic
def start_trial(trial: Trial, *, by: User) -> None:
    """The trial begins in the field. Follows: the organisation is told, and both sides may enter readings."""
    require(by, Can.MOVE_CASE, trial)
    _hold_open(trial.case)
    move(trial, TRIAL, "running", started_at=clock.now())
    _post(trial, "trial_started", by=by, body=trial.title)
    journal.write("trial.started", trial, by=by)


@transaction.atomic
def add_reading(
    trial: Trial,
    measure: int,
    value: Decimal | str | int | float,
    *,
    by: User,
    day: date | None = None,
    note: str = "",
    key: UUID | None = None,
) -> Reading:
    """Put down what was measured on a day (default today), while the trial runs; both sides may.

    `measure` is the place of the measure in the plan. A second reading of the same measure and day corrects the
    first, which stays on the record. Raises Refused before the start and after the report, for a day to come or
    before the trial, or a value that is no number. Follows: the other side is told.
    """
    require(by, Can.SPEAK_IN_CASE, trial)
    # Whoever reports just now comes first or after: nothing is read into a trial that is over.
    hold(trial, TRIAL.subject)
    if key and (known := trial.readings.filter(key=key).first()):
        return known
    if trial.state != "running":
        raise Refused(
            f"この実証実験は「{TRIAL[trial.state].label}」のため、実績値を入れられません。"
            "実績値は、実施中のあいだだけ記録できます。"
        )
    known = measures.measures(trial)
    if not 0 <= measure < len(known):
        raise Missing("どの指標の値かを選んでください。", field="measure")
    number = measures.number(value, known[measure].name, name="value")
    day = day or clock.today()
    first = min(trial.starts_on, trial.started_at.astimezone(clock.TOKYO).date())
    if day > clock.today():
        raise Refused("測った日には、今日までの日付を入れてください。", field="day")
    if day < first:
        raise Refused(
            "測った日が、実証の開始日より前です。開始前の値は計画の「開始前の値」に書きます。", field="day"
        )
    side = side_of(trial.case, by)
    corrects = trial.readings.filter(measure=measure, day=day).exists()
    reading = Reading.objects.create(
        trial=trial,
        measure=measure,
        day=day,
        value=number,
        note=note.strip(),
        organisation_id=side.get("organisation_id"),
        key=key,
        added_at=clock.now(),
        added_by=by,
    )
    words = f"{known[measure].name}: {measures.plain(number)}{known[measure].unit}"
    _post(
        trial,
        "trial_read",
        by=by,
        body=f"{words} ({note.strip()})" if note.strip() else words,
        day=str(day),
        corrects=corrects,
    )
    journal.write(
        "trial.read",
        trial,
        by=by,
        side=str(side["side"]),
        measure=known[measure].name,
        value=measures.plain(number),
        unit=known[measure].unit,
        day=str(day),
        corrects=corrects,
    )
    return reading


@transaction.atomic
def draft_report(
    trial: Trial, *, by: User, findings: str, next_steps: str = "", seen: datetime | None = None
) -> None:
    """Write the report's draft; the organisation may too, and the department turns it into the report.

    `seen` is when the draft that was changed had been written (default: the one of `trial`). Raises Missing without
    findings, Refused unless the trial runs, Conflict where somebody wrote another draft meanwhile. Follows: an
    organisation that had the ball passes it to the department.
    """
    require(by, Can.SPEAK_IN_CASE, trial)
    if trial.state != "running":
        raise Refused(
            f"この実証実験は「{TRIAL[trial.state].label}」のため、報告の案は書けません。実施中のあいだに書きます。"
        )
    if not findings.strip():
        raise Missing("「結果と分かったこと」を書いてください。", field="findings")
    hold(trial.case, "案件")
    update(
        trial,
        TRIAL.subject,
        guard={"state": "running", "drafted_at": seen or trial.drafted_at},
        draft_findings=findings.strip(),
        draft_next_steps=next_steps.strip(),
        drafted_at=clock.now(),
        drafted_by=by,
    )
    case, side = trial.case, side_of(trial.case, by)["side"]
    if side == Side.ORGANISATION and case.ball_organisation_id and case.stage in OPEN:
        changes = ball_for(case, case.lead, "実証の報告の案を確かめる")
        update(case, "案件", guard={"stage": case.stage}, **changes)
    _post(trial, "trial_drafted", by=by, body=findings.strip())
    journal.write("trial.drafted", trial, by=by, side=str(side))


@transaction.atomic
def report_trial(trial: Trial, *, by: User, findings: str, next_steps: str = "") -> None:
    """Say what came out and what to do next. Raises Missing without findings.

    Follows: readings and drafts are closed, the organisation is told, and the trial waits for its decision.
    """
    require(by, Can.MOVE_CASE, trial)
    move(
        trial,
        TRIAL,
        "reported",
        findings=findings.strip(),
        next_steps=next_steps.strip(),
        reported_at=clock.now(),
    )
    _post(trial, "trial_reported", by=by, body="\n\n".join(filter(None, [findings, next_steps])))
    journal.write("trial.reported", trial, by=by)


@transaction.atomic
def decide_trial(trial: Trial, *, by: User, decision: str, reason: str) -> None:
    """Adopt, extend or stop, with the reason. Raises Missing without either.

    The measures beside their thresholds, as they are on that day, go into the journal. Follows: the organisation is
    told; an extended trial may be planned on (`plan_trial(extends=…)`).
    """
    require(by, Can.MANAGE_CASE, trial)
    if decision not in TrialDecision.values:
        raise Missing("判定を選んでください。", field="decision")
    if not reason.strip():
        raise Missing("判定の理由を書いてください。団体にも見えます。", field="reason")
    move(trial, TRIAL, "decided", decision=decision, decision_reason=reason.strip(), decided_at=clock.now())
    found = [
        {"name": r.measure.name, "wanted": r.measure.wanted, "value": r.value, "met": r.met}
        for r in measures.results(trial)
    ]
    _post(trial, "trial_decided", by=by, body=reason, **{"as": decision})
    journal.write("trial.decided", trial, by=by, decision=decision, reason=reason, results=found)


@transaction.atomic
def cancel_trial(trial: Trial, *, by: User, reason: str) -> None:
    """Give the trial up before it was reported. Raises Missing without a reason. Follows: the organisation is told."""
    require(by, Can.MOVE_CASE, trial)
    if not reason.strip():
        raise Missing("取りやめる理由を書いてください。団体にも見えます。", field="reason")
    move(trial, TRIAL, "cancelled", decision_reason=reason.strip())
    _post(trial, "trial_cancelled", by=by, body=reason)
    journal.write("trial.cancelled", trial, by=by, reason=reason)


def _hold_open(case: Case) -> None:
    """Nothing new begins in a case that has ended; what ran may still be reported, decided and cancelled."""
    hold(case, "案件")
    if case.stage not in OPEN:
        raise Refused("この案件は終了しています。続きがあるときは、新しい案件を開いてください。")


def _require_extendable(case: Case, trial: Trial) -> None:
    if trial.case_id != case.pk or trial.decision != TrialDecision.EXTEND:
        raise Refused("続きを計画できるのは、この案件で「継続」と判定した実証実験だけです。", field="extends")
    if Trial.objects.filter(extends=trial).exists():
        raise Refused("この実証実験の続きは、もう計画されています。", field="extends")


def _checked(
    case: Case, *, starts_on: date, ends_on: date, measures, extends: Trial | None, knows_late: bool, **words
) -> dict:
    """The columns of a plan, or the refusal that says what is wrong with it."""
    for name, label in (("title", "実証実験名"), ("field", "場所・フィールド")):
        words[name] = words[name].strip()
        if not words[name]:
            raise Missing(f"{label}を入力してください。", field=name)
    if ends_on < starts_on:
        raise Refused("終了日は開始日より後にしてください。", field="ends_on")
    if extends is None and fiscal_year(starts_on) != fiscal_year(ends_on):
        raise Refused(
            "実証の期間は一つの年度の中に収めてください。続けるときは、判定で「継続」を選べます。",
            field="ends_on",
        )
    if extends is not None and starts_on <= extends.starts_on:
        raise Refused("続きの実証は、もとの実証より後に始めてください。", field="starts_on")
    kept = _kept(measures)
    line = budget.timeline(starts_on, ends_on, case.municipality_id)
    if line.is_late and not knows_late:
        raise Missing(
            f"{line.words}承知のうえで計画するときは、その欄に印を付けてください。", field="knows_late"
        )
    return {
        **words,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "measures": kept,
        "knows_late_at": clock.now() if line.is_late else None,
    }


def _kept(rows) -> list[dict]:
    return measures.checked(rows or [])


def _checked_costs(rows: Iterable[dict]) -> list[dict]:
    """Costs as they are kept; rows without item and amount are left out."""
    found = []
    for row in rows:
        item, yen = str(row.get("item") or "").strip(), row.get("yen")
        if not item and yen in (None, ""):
            continue
        if not item:
            raise Missing("費目を入力してください。例: センサーの借上げ", field="costs")
        if yen in (None, ""):
            raise Missing(f"「{item}」の金額を円で入力してください。かからなければ0です。", field="costs")
        if not 0 <= int(yen) <= LARGEST_COST:
            raise Refused(f"「{item}」の金額を、0円から1兆円までで入力してください。", field="costs")
        if row.get("side") not in CostSide.values:
            raise Missing(f"「{item}」をだれが負担するかを選んでください。", field="costs")
        found.append({"side": str(row["side"]), "item": item, "yen": int(yen)})
    if len(found) > MOST_COSTS:
        raise Refused(f"費目は{MOST_COSTS}個までにまとめてください。", field="costs")
    return found


def _for_the_record(trial: Trial, costs: list[dict]) -> dict:
    return {
        "starts_on": str(trial.starts_on),
        "ends_on": str(trial.ends_on),
        "measures": trial.measures,
        "costs": costs,
        "knows_late": trial.knows_late_at is not None,
        "extends": trial.extends_id,
    }


def _post(trial: Trial, what: str, *, by: User, body: str, **data) -> None:
    post(
        trial.case,
        PostKind.DECISION,
        by=by,
        body=body,
        data={"decision": what, "trial": trial.pk, **data},
    )
