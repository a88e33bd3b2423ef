"""A trial: planned with measures that stand, approved with a route to adoption, read by both sides, reported, decided."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from musubi.cases import actions
from musubi.cases.models import Case, Reading, Trial
from musubi.cases.trials import actions as trials
from musubi.cases.trials import budget
from musubi.cases.trials.measures import results
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.notify.actions import tell
from musubi.notify.models import Notice
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.trials import MEASURES, agree, make_trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer")


@pytest.fixture
def manager(officer):
    department = officer.staff.get().department
    user = make_staff(department.municipality, "manager", department)
    department.manager = user
    department.save()
    return user


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(officer, company, person):
    case = make_case(officer.staff.get().municipality, company, officer=officer, by=person)
    actions.say(case, by=officer, body="試しましょう。", asks=False)
    actions.advance(case, "planning", by=officer)
    return case


@pytest.fixture
def trial(case, officer, manager):
    """Running since 1 June 2026."""
    with clock.standing_at(date(2026, 5, 1)):
        return make_trial(case, by=officer, manager=manager, state="running")


def plan(case, officer, **words):
    words = {
        "title": "小規模ビルの省エネ",
        "field": "区内のビル5棟",
        "starts_on": date(2026, 6, 1),
        "ends_on": date(2026, 8, 31),
        "measures": MEASURES,
        **words,
    }
    return trials.plan_trial(case, by=officer, **words)


def told(verb: str) -> dict[str, str]:
    """{who was told: title} of the newest entry of a verb."""
    entry = Entry.objects.filter(verb=verb).latest("id")
    tell(entry)
    return {str(notice.user): notice.title for notice in Notice.objects.filter(entry_id=entry.pk)}


# --- planning -------------------------------------------------------------------------------------------------


def test_trial_runs_from_plan_to_decision(case, officer, manager):
    trial = plan(case, officer)
    agree(case, by=officer)
    trials.approve_trial(trial, by=manager)
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
    said = [post.data.get("decision") for post in case.posts.filter(data__trial=trial.pk)]
    assert said == ["trial_planned", "trial_approved", "trial_started", "trial_reported", "trial_decided"]


def test_plan_keeps_measures_and_costs_as_given(case, officer):
    costs = [
        {"side": "municipality", "item": "電気メーターの借上げ", "yen": 300_000},
        {"side": "organisation", "item": "技術者の派遣", "yen": 0},
        {"side": "other", "item": "", "yen": None},
    ]
    trial = plan(case, officer, costs=costs)
    assert trial.measures == [
        {
            "name": "電気使用量の削減率",
            "unit": "%",
            "threshold": "10",
            "direction": "at_least",
            "baseline": "0",
        },
        {"name": "苦情の件数", "unit": "件", "threshold": "3", "direction": "at_most", "baseline": ""},
    ]
    assert [(cost.side, cost.item, cost.yen) for cost in trial.costs.all()] == [
        ("municipality", "電気メーターの借上げ", 300_000),
        ("organisation", "技術者の派遣", 0),
    ]
    assert history(trial).get().data["costs"][0]["yen"] == 300_000


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        ([], "一つ以上"),
        ([{"name": "", "threshold": "3"}], "名前"),
        ([{"name": "時間", "threshold": ""}], "しきい値を入力"),
        ([{"name": "時間", "threshold": "半分"}], "数を入力"),
        ([{"name": "時間", "threshold": "NaN"}], "大きすぎます"),
        ([{"name": "時間", "threshold": "1.23456"}], "4桁"),
        ([{"name": "時間", "threshold": "1"}, {"name": "時間", "threshold": "2"}], "二つあります"),
        ([{"name": "時間", "threshold": "1", "direction": "about"}], "向き"),
        ([{"name": f"指標{n}", "threshold": "1"} for n in range(9)], "8個まで"),
    ],
)
def test_plan_trial_with_measures_that_cannot_stand_is_refused(case, officer, measures, words):
    with pytest.raises(Refused, match=words) as refusal:
        plan(case, officer, measures=measures)
    assert refusal.value.field == "measures"
    assert Trial.objects.count() == 0


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ({"side": "municipality", "item": "", "yen": 5}, "費目"),
        ({"side": "municipality", "item": "交通費", "yen": None}, "金額"),
        ({"side": "municipality", "item": "交通費", "yen": -1}, "0円から"),
        ({"side": "", "item": "交通費", "yen": 5}, "だれが負担"),
    ],
)
def test_plan_trial_with_half_a_cost_is_refused(case, officer, cost, words):
    with pytest.raises(Refused, match=words):
        plan(case, officer, costs=[cost])


def test_plan_trial_over_two_fiscal_years_is_refused(case, officer):
    with pytest.raises(Refused, match="一つの年度"):
        plan(case, officer, ends_on=date(2027, 4, 30))


def test_plan_trial_by_the_organisation_is_not_allowed(case, person):
    with pytest.raises(NotAllowed):
        plan(case, person)


def test_plan_trial_sent_twice_is_kept_once(case, officer):
    key = uuid4()
    assert plan(case, officer, key=key).pk == plan(case, officer, key=key).pk
    assert Entry.objects.filter(verb="trial.planned").count() == 1


def test_plan_that_ends_too_late_is_kept_once_somebody_says_to_know_it(case, officer):
    late = {"starts_on": date(2026, 9, 1), "ends_on": date(2027, 1, 31)}
    with pytest.raises(Missing, match="令和9年度当初予算の要求締切") as refusal:
        plan(case, officer, **late)
    assert refusal.value.field == "knows_late"
    with clock.standing_at(date(2026, 8, 3)):
        trial = plan(case, officer, **late, knows_late=True)
    assert trial.knows_late_at == clock.at(date(2026, 8, 3))
    assert history(trial).get().data["knows_late"] is True


def test_plan_in_time_records_no_such_knowledge(case, officer):
    assert plan(case, officer, knows_late=True).knows_late_at is None


def test_manager_who_moved_on_is_told_nothing_and_the_next_one_is(case, officer, manager):
    successor = make_staff(case.municipality, "manager", case.lead)
    manager.staff.update(ended_at=clock.now())
    plan(case, officer)
    assert str(manager) not in told("trial.planned")
    assert str(successor) in told("trial.planned")


def test_planned_trial_is_told_to_the_organisation_and_to_who_approves(case, officer, manager, person):
    plan(case, officer)
    assert told("trial.planned") == {
        str(person): "実証実験の計画ができました: 小規模ビルの省エネ",
        str(manager): "実証実験の計画を確かめてください: 小規模ビルの省エネ",
    }


# --- changing and approving -----------------------------------------------------------------------------------


def changed(trial, by, **words):
    words = {
        "title": trial.title,
        "field": trial.field,
        "starts_on": trial.starts_on,
        "ends_on": trial.ends_on,
        "measures": [{"name": "電気使用量の削減率", "unit": "%", "threshold": "12.50"}],
        **words,
    }
    trials.change_plan(trial, by=by, **words)


def test_change_plan_changes_measures_and_costs_and_keeps_both_in_the_journal(case, officer):
    trial = plan(case, officer, costs=[{"side": "other", "item": "補助金", "yen": 10}])
    changed(trial, officer, costs=[{"side": "municipality", "item": "保険料", "yen": 20}])
    trial.refresh_from_db()
    assert [m["threshold"] for m in trial.measures] == ["12.5"]
    assert [(cost.item, cost.yen) for cost in trial.costs.all()] == [("保険料", 20)]
    entry = history(trial).last()
    assert (entry.verb, [m["threshold"] for m in entry.data["before"]]) == ("trial.changed", ["10", "3"])


def test_change_plan_of_an_approved_trial_is_refused(case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="approved")
    with pytest.raises(Refused, match="変えられません"):
        changed(trial, officer)
    trial.refresh_from_db()
    assert [m["threshold"] for m in trial.measures] == ["10", "3"]


def test_change_plan_that_was_approved_meanwhile_is_a_conflict(case, officer, manager):
    trial = plan(case, officer)
    agree(case, by=officer)
    trials.approve_trial(Trial.objects.get(pk=trial.pk), by=manager)
    with pytest.raises(Conflict):
        changed(trial, officer)
    trial.refresh_from_db()
    assert [m["threshold"] for m in trial.measures] == ["10", "3"]


def test_change_plan_by_the_organisation_is_not_allowed(case, officer, person):
    with pytest.raises(NotAllowed):
        changed(plan(case, officer), person)


def test_measures_of_an_approved_trial_are_fixed_at_the_database_too(case, officer, manager):
    planned = plan(case, officer)
    Trial.objects.filter(pk=planned.pk).update(measures=[])
    trial = make_trial(case, by=officer, manager=manager, state="approved")
    for state in ("approved", "running"):
        assert Trial.objects.get(pk=trial.pk).state == state
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            Trial.objects.filter(pk=trial.pk).update(measures=[])
        if state == "approved":
            trials.start_trial(trial, by=officer)
    # Whatever else changes in the row may change.
    Trial.objects.filter(pk=trial.pk).update(field="区内のビル6棟", measures=trial.measures)
    assert len(Trial.objects.get(pk=trial.pk).measures) == 2


def test_approve_trial_without_an_adoption_route_says_what_to_do(case, officer, manager):
    trial = plan(case, officer)
    with pytest.raises(Missing, match="導入の道筋を決める"):
        trials.approve_trial(trial, by=manager)
    assert Trial.objects.get().state == "planned"


def test_approve_trial_that_was_changed_since_it_was_read_is_a_conflict(case, officer, manager):
    trial = plan(case, officer)
    agree(case, by=officer)
    read = trial.version
    changed(trial, officer)
    with pytest.raises(Conflict):
        trials.approve_trial(Trial.objects.get(), by=manager, version=read)
    trials.approve_trial(Trial.objects.get(), by=manager, version=trial.version)


def test_approve_trial_by_an_officer_is_not_allowed(case, officer):
    with pytest.raises(NotAllowed):
        trials.approve_trial(plan(case, officer), by=officer)


def test_approved_trial_is_told_to_both_sides(case, officer, manager, person):
    make_trial(case, by=officer, manager=manager, state="approved")
    assert set(told("trial.approved")) == {str(person), str(officer)}


def test_start_trial_before_approval_is_refused(case, officer):
    with pytest.raises(Refused, match="計画"):
        trials.start_trial(plan(case, officer), by=officer)


def test_start_trial_by_the_organisation_is_not_allowed(case, officer, manager, person):
    with clock.standing_at(date(2026, 5, 1)):
        approved = make_trial(case, by=officer, manager=manager, state="approved")
        with pytest.raises(NotAllowed):
            trials.start_trial(approved, by=person)
    assert Trial.objects.get(pk=approved.pk).state == "approved"


# --- readings -------------------------------------------------------------------------------------------------


def test_both_sides_read_and_a_later_reading_of_the_day_corrects(trial, officer, person, company):
    with clock.standing_at(date(2026, 7, 1)):
        first = trials.add_reading(trial, 0, "9.4", by=person, note="18棟の平均")
        second = trials.add_reading(trial, 0, Decimal("9.6"), by=officer, day=date(2026, 7, 1))
        trials.add_reading(trial, 0, "7", by=person, day=date(2026, 6, 15))
    rate, complaints = results(trial)
    assert [(r.day, r.value) for r in rate.readings] == [
        (date(2026, 6, 15), Decimal(7)),
        (date(2026, 7, 1), Decimal("9.4")),
        (date(2026, 7, 1), Decimal("9.6")),
    ]
    assert rate.corrected == {first.pk}
    assert (rate.last, rate.value, rate.met) == (second, "9.6%", False)
    assert (complaints.last, complaints.value, complaints.met) == (None, "", None)
    assert (first.organisation, second.organisation) == (company, None)
    entries = [entry.data for entry in history(trial) if entry.verb == "trial.read"]
    assert [(e["side"], e["value"], e["corrects"]) for e in entries] == [
        ("organisation", "9.4", False),
        ("department", "9.6", True),
        ("organisation", "7", False),
    ]


def test_a_measure_is_met_on_the_threshold_itself_in_its_own_direction(trial, officer):
    with clock.standing_at(date(2026, 7, 1)):
        trials.add_reading(trial, 0, "10", by=officer)
        trials.add_reading(trial, 1, "3", by=officer)
        assert [result.met for result in results(trial)] == [True, True]
        trials.add_reading(trial, 0, "9.9999", by=officer)
        trials.add_reading(trial, 1, "3.0001", by=officer)
    assert [result.met for result in results(trial)] == [False, False]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"measure": 2}, "どの指標"),
        ({"measure": -1}, "どの指標"),
        ({"value": "とても多い"}, "数を入力"),
        ({"value": "1e20"}, "大きすぎます"),
        ({"value": "Infinity"}, "大きすぎます"),
        ({"value": "0.00001"}, "4桁"),
        ({"day": date(2026, 7, 2)}, "今日まで"),
        ({"day": date(2026, 5, 31)}, "開始日より前"),
    ],
)
def test_add_reading_that_cannot_be_true_is_refused(trial, officer, words, said):
    with clock.standing_at(date(2026, 7, 1)), pytest.raises(Refused, match=said):
        trials.add_reading(trial, **{"measure": 0, "value": "5", **words}, by=officer)
    assert Reading.objects.count() == 0


def test_add_reading_is_refused_before_the_start_and_after_the_report(case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="approved")
    with pytest.raises(Refused, match="承認"):
        trials.add_reading(trial, 0, "5", by=officer)
    with clock.standing_at(date(2026, 6, 1)):
        trials.start_trial(trial, by=officer)
        trials.add_reading(trial, 0, "5", by=officer)
        trials.report_trial(trial, by=officer, findings="5%減った。")
        with pytest.raises(Refused, match="報告"):
            trials.add_reading(trial, 0, "6", by=officer)
    assert Reading.objects.count() == 1


def test_add_reading_by_somebody_elses_representative_is_not_allowed(trial):
    with pytest.raises(NotAllowed):
        trials.add_reading(trial, 0, "5", by=make_representative(make_organisation()))


def test_add_reading_sent_twice_is_kept_once(trial, person):
    key = uuid4()
    with clock.standing_at(date(2026, 7, 1)):
        made = [trials.add_reading(trial, 0, "5", by=person, key=key) for _ in range(2)]
    assert made[0] == made[1]
    assert Reading.objects.count() == 1


def test_reading_is_told_to_the_other_side(trial, officer, person):
    with clock.standing_at(date(2026, 7, 1)):
        trials.add_reading(trial, 0, "5", by=person)
        assert told("trial.read") == {str(officer): "実績値が記録されました: 小規模ビルの省エネ"}
        trials.add_reading(trial, 0, "6", by=officer)
        assert told("trial.read") == {str(person): "実績値が訂正されました: 小規模ビルの省エネ"}


# --- report and decision --------------------------------------------------------------------------------------


def test_draft_by_the_organisation_passes_its_ball_and_becomes_the_report(trial, officer, person, company):
    case = Case.objects.get(pk=trial.case_id)
    actions.hand_ball(case, company, by=officer, next_step="報告の案を書く")
    trials.draft_report(trial, by=person, findings="12%減った。", next_steps="全棟に広げる。")
    case.refresh_from_db()
    assert (case.holder, case.ball_next) == (case.lead, "実証の報告の案を確かめる")
    assert told("trial.drafted") == {str(officer): "実証の報告の案が届きました: 小規模ビルの省エネ"}
    trial.refresh_from_db()
    trials.report_trial(trial, by=officer, findings=trial.draft_findings, next_steps=trial.draft_next_steps)
    trial.refresh_from_db()
    assert (trial.state, trial.findings, trial.next_steps) == ("reported", "12%減った。", "全棟に広げる。")
    assert trial.reported_at is not None


def test_draft_over_a_newer_draft_is_a_conflict(trial, officer, person):
    screen = Trial.objects.get(pk=trial.pk)
    trials.draft_report(trial, by=person, findings="12%減った。")
    with pytest.raises(Conflict):
        trials.draft_report(screen, by=officer, findings="ほとんど変わらない。")
    assert Trial.objects.get(pk=trial.pk).draft_findings == "12%減った。"


def test_draft_without_findings_or_before_the_start_is_refused(case, officer, manager, person):
    trial = make_trial(case, by=officer, manager=manager, state="approved")
    with pytest.raises(Refused, match="承認"):
        trials.draft_report(trial, by=person, findings="12%減った。")
    with clock.standing_at(date(2026, 6, 1)):
        trials.start_trial(trial, by=officer)
    with pytest.raises(Missing):
        trials.draft_report(trial, by=person, findings=" ")
    with pytest.raises(NotAllowed):
        trials.draft_report(trial, by=make_representative(make_organisation()), findings="12%減った。")
    assert "trial.drafted" not in {entry.verb for entry in history(trial)}


def test_report_trial_without_findings_is_refused(trial, officer):
    with pytest.raises(Missing):
        trials.report_trial(trial, by=officer, findings=" ")


def test_report_trial_by_the_organisation_is_not_allowed(trial, person):
    with pytest.raises(NotAllowed):
        trials.report_trial(trial, by=person, findings="12%減った。")


def test_decision_keeps_the_measures_as_they_were_beside_their_thresholds(trial, officer, manager, person):
    with clock.standing_at(date(2026, 7, 1)):
        trials.add_reading(trial, 0, "11.8", by=officer)
    trials.report_trial(trial, by=officer, findings="12%減った。")
    with pytest.raises(Missing, match="理由"):
        trials.decide_trial(trial, by=manager, decision="adopt", reason=" ")
    with pytest.raises(Missing, match="判定"):
        trials.decide_trial(trial, by=manager, decision="maybe", reason="どちらとも言えない。")
    with clock.standing_at(date(2026, 9, 18)):
        trials.decide_trial(trial, by=manager, decision="adopt", reason="しきい値を超えた。")
    assert history(trial).last().data["results"] == [
        {"name": "電気使用量の削減率", "wanted": "10%以上", "value": "11.8%", "met": True},
        {"name": "苦情の件数", "wanted": "3件以下", "value": "", "met": None},
    ]
    with clock.standing_at(date(2026, 9, 18)):
        letters = told("trial.decided")
    assert letters == {
        str(person): "実証実験の判定(本格導入): 小規模ビルの省エネ",
        str(officer): "実証実験の判定(本格導入): 小規模ビルの省エネ",
    }
    letter = Notice.objects.filter(user=officer).latest("id").body
    assert "導入の道筋: 令和9年度 環境費" in letter
    assert "次の予算要求の締切: 令和8年10月30日(金)(令和9年度(2027年度)の当初予算)" in letter


def test_decide_trial_by_an_officer_is_not_allowed(case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="reported")
    with pytest.raises(NotAllowed):
        trials.decide_trial(trial, by=officer, decision="adopt", reason="しきい値を超えた。")


def test_decide_trial_before_its_report_is_refused(trial, manager):
    with pytest.raises(Refused, match="実施中"):
        trials.decide_trial(trial, by=manager, decision="stop", reason="効果がない。")


def test_extended_trial_is_followed_by_one_more_across_the_year_end(case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="decided", decision="extend")
    words = {"starts_on": date(2026, 12, 1), "ends_on": date(2027, 5, 31), "extends": trial}
    later = plan(case, officer, **words)
    assert later.extends == trial
    with pytest.raises(Refused, match="もう計画"):
        plan(case, officer, **words)


def test_trial_that_was_not_to_be_extended_is_not(case, officer, manager):
    stopped = make_trial(case, by=officer, manager=manager, state="decided", decision="stop")
    with pytest.raises(Refused, match="継続"):
        plan(case, officer, extends=stopped, starts_on=date(2026, 10, 1), ends_on=date(2026, 12, 1))


def test_cancel_trial_wants_a_reason_and_nothing_after_the_report(trial, officer, person):
    with pytest.raises(NotAllowed):
        trials.cancel_trial(trial, by=person, reason="荒天が続いた。")
    with pytest.raises(Missing):
        trials.cancel_trial(trial, by=officer, reason=" ")
    screen = Trial.objects.get(pk=trial.pk)
    trials.report_trial(screen, by=officer, findings="12%減った。")
    with pytest.raises(Conflict):
        trials.cancel_trial(trial, by=officer, reason="荒天が続いた。")
    assert [entry.verb for entry in history(trial)][-1] == "trial.reported"


def test_cancelled_trial_says_why(case, officer, person):
    trial = plan(case, officer)
    trials.cancel_trial(trial, by=officer, reason="荒天が続いた。")
    assert (history(trial).last().verb, trial.decision_reason) == ("trial.cancelled", "荒天が続いた。")
    assert set(told("trial.cancelled")) == {str(person)}


def test_trial_of_a_closed_case_is_reported_and_never_begun(case, officer, manager):
    agree(case, by=officer)
    ran, planned = plan(case, officer), plan(case, officer)
    trials.approve_trial(ran, by=manager)
    trials.start_trial(ran, by=officer)
    actions.close(case, by=officer, reason="budget", feedback="来年度の予算で改めてご相談します。")
    with pytest.raises(Refused, match="終了しています"):
        trials.approve_trial(planned, by=manager)
    with pytest.raises(Refused, match="終了しています"):
        plan(case, officer)
    with pytest.raises(Refused, match="終了しています"):
        changed(planned, officer)
    trials.report_trial(ran, by=officer, findings="12%減った。")
    assert (ran.state, planned.state) == ("reported", "planned")


def test_timeline_of_a_trial_is_the_one_of_its_period(case, officer):
    trial = plan(case, officer)
    assert budget.of_trial(trial) == budget.timeline(trial.starts_on, trial.ends_on, case.municipality)
