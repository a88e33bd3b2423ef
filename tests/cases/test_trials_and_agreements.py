from datetime import date

import pytest

from musubi.cases import actions, agreements, trials
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_staff

pytestmark = pytest.mark.django_db
MEASURES = [{"name": "電気使用量の削減率", "unit": "%", "threshold": 10}]


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer")


@pytest.fixture
def manager(officer):
    department = officer.staff.get().department
    return make_staff(department.municipality, "manager", department)


@pytest.fixture
def case(officer):
    case = make_case(officer.staff.get().municipality, officer=officer)
    actions.say(case, by=officer, body="試しましょう。", asks=False)
    actions.advance(case, "planning", by=officer)
    return case


def plan(case, officer, **words):
    words = {
        "title": "小規模ビルの省エネ",
        "field": "区内のビル5棟",
        "starts_on": date(2025, 9, 1),
        "ends_on": date(2026, 2, 28),
        "measures": MEASURES,
        **words,
    }
    return trials.plan_trial(case, by=officer, **words)


def test_trial_runs_from_plan_to_decision(case, officer, manager):
    trial = plan(case, officer)
    trials.approve_trial(trial, by=manager)
    actions.set_adoption_route(
        case, by=officer, budget="令和8年度 環境費", department=case.lead, deadline=date(2025, 10, 31)
    )
    trials.start_trial(trial, by=officer)
    actions.advance(case, "trial", by=officer)
    trials.report_trial(trial, by=officer, findings="12%減った。")
    actions.advance(case, "evaluation", by=officer)
    with pytest.raises(Missing, match="判定"):
        actions.advance(case, "implementation", by=officer)
    trials.decide_trial(trial, by=manager, decision="adopt", reason="しきい値を超えた。")
    actions.advance(case, "implementation", by=officer)
    assert [entry.verb for entry in history(trial)] == [
        "trial.planned",
        "trial.approved",
        "trial.started",
        "trial.reported",
        "trial.decided",
    ]


def test_plan_trial_without_a_measure_is_refused(case, officer):
    with pytest.raises(Missing) as refusal:
        plan(case, officer, measures=[])
    assert refusal.value.field == "measures"


def test_plan_trial_over_two_fiscal_years_is_refused(case, officer):
    with pytest.raises(Refused, match="一つの年度"):
        plan(case, officer, ends_on=date(2026, 4, 30))


def test_approve_trial_by_an_officer_is_not_allowed(case, officer):
    with pytest.raises(NotAllowed):
        trials.approve_trial(plan(case, officer), by=officer)


def test_start_trial_before_approval_is_refused(case, officer):
    with pytest.raises(Refused, match="計画"):
        trials.start_trial(plan(case, officer), by=officer)


def test_report_trial_without_findings_is_refused(case, officer, manager):
    trial = plan(case, officer)
    trials.approve_trial(trial, by=manager)
    trials.start_trial(trial, by=officer)
    with pytest.raises(Missing):
        trials.report_trial(trial, by=officer, findings=" ")


def test_agreement_is_in_force_once_signed(case):
    desk = make_staff(case.municipality, "desk")
    agreement = agreements.draft_agreement(
        case.lead, [make_organisation()], by=desk, kind="comprehensive", title="包括連携協定", cases=[case]
    )
    with pytest.raises(Refused):
        agreements.sign_agreement(agreement, by=desk, signed_on=date(2099, 1, 1))
    with clock.standing_at(date(2026, 2, 2)):
        agreements.sign_agreement(
            agreement, by=desk, signed_on=date(2026, 2, 2), expires_on=date(2029, 3, 31)
        )
    agreement.refresh_from_db()
    assert (agreement.state, agreement.signed_on) == ("active", date(2026, 2, 2))
    agreements.end_agreement(agreement, by=desk, as_state="terminated")
    with pytest.raises(Refused):
        agreements.link_case(agreement, case, by=desk)


def test_draft_agreement_by_an_officer_is_not_allowed(case, officer):
    with pytest.raises(NotAllowed):
        agreements.draft_agreement(
            case.lead, [make_organisation()], by=officer, kind="memorandum", title="覚書"
        )


def test_trial_of_a_closed_case_is_reported_and_never_begun(case, officer, manager):
    ran, planned = plan(case, officer), plan(case, officer)
    trials.approve_trial(ran, by=manager)
    trials.start_trial(ran, by=officer)
    actions.close(case, by=officer, reason="budget", feedback="来年度の予算で改めてご相談します。")
    with pytest.raises(Refused, match="終了しています"):
        trials.approve_trial(planned, by=manager)
    with pytest.raises(Refused, match="終了しています"):
        plan(case, officer)
    trials.report_trial(ran, by=officer, findings="12%減った。")
    assert (ran.state, planned.state) == ("reported", "planned")


def test_end_and_link_agreement_by_an_officer_are_not_allowed(case, officer):
    desk = make_staff(case.municipality, "desk")
    agreement = agreements.draft_agreement(
        case.lead, [make_organisation()], by=desk, kind="memorandum", title="覚書"
    )
    with pytest.raises(NotAllowed):
        agreements.link_case(agreement, case, by=officer)
    with pytest.raises(NotAllowed):
        agreements.sign_agreement(agreement, by=officer, signed_on=clock.today())
    with pytest.raises(NotAllowed):
        agreements.end_agreement(agreement, by=officer, as_state="terminated")
    assert [entry.verb for entry in history(agreement)] == ["agreement.drafted"]


def test_end_agreement_that_is_not_in_force_is_refused(case):
    desk = make_staff(case.municipality, "desk")
    agreement = agreements.draft_agreement(
        case.lead, [make_organisation()], by=desk, kind="memorandum", title="覚書"
    )
    with pytest.raises(Refused, match="調整"):
        agreements.end_agreement(agreement, by=desk, as_state="terminated")
    agreements.link_case(agreement, case, by=desk)
    agreements.sign_agreement(agreement, by=desk, signed_on=clock.today())
    agreements.end_agreement(agreement, by=desk, as_state="renewed")
    assert [entry.verb for entry in history(agreement)] == [
        "agreement.drafted",
        "agreement.case_linked",
        "agreement.signed",
        "agreement.renewed",
    ]


def test_link_case_of_another_municipality_is_refused(case):
    desk = make_staff(case.municipality, "desk")
    agreement = agreements.draft_agreement(
        case.lead, [make_organisation()], by=desk, kind="memorandum", title="覚書"
    )
    with pytest.raises(Refused, match="ほかの自治体"):
        agreements.link_case(agreement, make_case(), by=desk)
