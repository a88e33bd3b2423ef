"""A trial as both sides' pages show it. Callers decide who may read it."""

from django.utils.translation import gettext as _

from musubi.cases.models import Case, Trial
from musubi.cases.states import OPEN, TRIAL, CostSide
from musubi.cases.trials import budget
from musubi.cases.trials.measures import Result, measures, plain, results
from musubi.people.permissions import Can, may
from musubi.www.plots import budget_line, measure_plot

# After the decision the way to the budget is the case's own affair.
_AHEAD = ["planned", "approved", "running", "reported"]


def record(trial: Trial, *, staff: bool) -> dict:
    """What `parts/trial_*.html` need, in a constant number of statements."""
    found = results(trial)
    costs = list(trial.costs.all())
    known = budget.facts(trial.municipality_id)
    line = budget.of_trial(trial, known=known)
    return {
        "trial": trial,
        "trial_state": TRIAL[trial.state],
        "measures": measures(trial),
        "results": [
            {
                "result": result,
                "plot": measure_plot(result, trial.starts_on, trial.ends_on),
                "readings": _rows(result),
            }
            for result in found
        ],
        "has_readings": any(result.readings for result in found),
        "costs": cost_rows(costs),
        "line": line,
        "drawing": budget_line(line),
        "next_request": budget.next_request(trial.municipality_id, known=known) if staff else None,
        "is_ahead": trial.state in _AHEAD,
        # The adoption route is agreed inside: its deadline is no business of the other side.
        "warnings": (budget.warnings(line, trial.case) if staff else [line.words] if line.is_late else [])
        if trial.state in _AHEAD
        else [],
    }


def _rows(result: Result) -> list[dict]:
    """Every reading of a measure, the corrected ones too, as the table shows it."""
    measure = result.measure
    return [
        {
            "day": reading.day,
            "value": f"{plain(reading.value)}{measure.unit}",
            "corrected": reading.pk in result.corrected,
            "met": measure.met_by(reading.value),
            "by": reading.added_by,
            "organisation": reading.organisation,
            "note": reading.note,
        }
        for reading in result.readings
    ]


def cost_rows(costs: list) -> dict:
    """The items, and the sum of each side and of all, in yen."""
    sums = {side: sum(cost.yen for cost in costs if cost.side == side) for side in CostSide.values}
    return {
        "items": costs,
        "sums": [(CostSide(side).label, total) for side, total in sums.items() if total],
        "total": sum(sums.values()),
    }


def panel(case: Case, user) -> dict:
    """What `staff/case/trials.html` needs: each trial with its next step, and what the budget says to it."""
    rows = list(case.trials.all())
    known = budget.facts(case.municipality_id) if any(row.state in _AHEAD for row in rows) else None
    is_open = case.stage in OPEN
    return {
        "rows": [
            {
                "trial": row,
                "state": TRIAL[row.state],
                "measures": measures(row),
                "next": next_step(row) if is_open or row.state in ("running", "reported") else "",
                "warnings": budget.warnings(budget.of_trial(row, known=known), case)
                if row.state in _AHEAD
                else [],
            }
            for row in rows
        ],
        "may_plan": is_open and may(user, Can.MOVE_CASE, case),
    }


def next_step(trial: Trial) -> str:
    """What the municipality does next with a trial, as the label of a button; empty where nothing is left."""
    return {
        "planned": _("計画を確かめて承認する"),
        "approved": _("実証を始める"),
        "running": _("実績値を入れる・報告する"),
        "reported": _("判定する"),
    }.get(trial.state, "")
