from datetime import date

from musubi.cases import actions
from musubi.cases.models import Case, Trial
from musubi.cases.trials import actions as trials
from musubi.lib import clock
from musubi.people.models import User

MEASURES = [
    {"name": "電気使用量の削減率", "unit": "%", "threshold": "10", "direction": "at_least", "baseline": "0"},
    {"name": "苦情の件数", "unit": "件", "threshold": "3", "direction": "at_most"},
]


def agree(case: Case, *, by: User, deadline: date = date(2026, 10, 30)) -> None:
    """The case's adoption route."""
    actions.set_adoption_route(
        case, by=by, budget="令和9年度 環境費", department=case.lead, deadline=deadline
    )


def make_trial(case: Case, *, by: User, manager: User, state: str = "planned", **words) -> Trial:
    """A trial from 1 June to 31 August 2026, carried on to `state` (planned, approved, running, reported, decided)."""
    words = {
        "title": "小規模ビルの省エネ",
        "field": "区内のビル5棟",
        "starts_on": date(2026, 6, 1),
        "ends_on": date(2026, 8, 31),
        "measures": MEASURES,
        **words,
    }
    decision = words.pop("decision", "adopt")
    trial = trials.plan_trial(case, by=by, **words)
    order = ["planned", "approved", "running", "reported", "decided"]
    steps = [
        lambda: (agree(case, by=by), trials.approve_trial(trial, by=manager)),
        lambda: trials.start_trial(trial, by=by),
        lambda: trials.report_trial(trial, by=by, findings="12%減った。", next_steps="全棟に広げる。"),
        lambda: trials.decide_trial(trial, by=manager, decision=decision, reason="しきい値を超えた。"),
    ]
    for step, moment in zip(
        steps[: order.index(state)],
        [date(2026, 5, 20), trial.starts_on, date(2026, 9, 4), date(2026, 9, 18)],
        strict=False,
    ):
        with clock.standing_at(moment):
            step()
    return trial
