"""A trial's page: the plan with its way to the budget, the readings, the report, the decision; for both sides."""

from datetime import date

import pytest
from django.urls import reverse

from musubi.cases.models import Reading, Trial
from musubi.cases.trials import actions as trials
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.trials import agree, make_trial

pytestmark = pytest.mark.django_db
PLAN = {
    "title": "小規模ビルの省エネ",
    "field": "区内のビル5棟",
    "starts_on": "2026-06-01",
    "ends_on": "2026-08-31",
    "m-TOTAL_FORMS": "2",
    "m-INITIAL_FORMS": "0",
    "m-0-name": "電気使用量の削減率",
    "m-0-threshold": "10",
    "m-0-unit": "%",
    "m-0-direction": "at_least",
    "m-1-direction": "at_least",
    "c-TOTAL_FORMS": "1",
    "c-INITIAL_FORMS": "0",
    "c-0-item": "電気メーター",
    "c-0-side": "municipality",
    "c-0-yen": "300000",
}
ROUTE = {"budget": "令和9年度 環境費", "deadline": "2026-10-15"}
LATE = {"starts_on": "2026-09-01", "ends_on": "2027-01-31"}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def manager(city, officer):
    return make_staff(city, "manager", officer.staff.get().department)


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(city, officer, company, person):
    return make_case(city, company, officer=officer, by=person)


@pytest.fixture
def running(case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="running")
    with clock.standing_at(date(2026, 7, 1)):
        trials.add_reading(trial, 0, "6", by=officer, day=date(2026, 6, 15))
        trials.add_reading(trial, 0, "8", by=officer, note="2棟の値が抜けていた")
        trials.add_reading(trial, 0, "12.5", by=officer, note="5棟の平均")
    return trial


def new(case, extends=None):
    address = reverse("staff-trial-new", args=[case.municipality.slug, case.ref])
    return address + (f"?extends={extends.pk}" if extends else "")


def page(trial, name="staff-trial", *more):
    return reverse(name, args=[trial.case.municipality.slug, trial.case.ref, trial.pk, *more])


def act(client, trial, code, **data):
    return client.post(page(trial, "staff-trial-act", code), data)


def text(response) -> str:
    return response.content.decode()


# --- the plan ---------------------------------------------------------------------------------------------------


def test_plan_is_saved_with_measures_costs_and_the_adoption_route(client, case, officer):
    client.force_login(officer)
    answer = client.post(new(case), {**PLAN, **ROUTE, "department": case.lead_id})
    trial = Trial.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(trial))
    assert [(m["name"], m["threshold"]) for m in trial.measures] == [("電気使用量の削減率", "10")]
    assert [cost.yen for cost in trial.costs.all()] == [300_000]
    case.refresh_from_db()
    assert case.adoption_budget == "令和9年度 環境費"


def test_plan_that_ends_too_late_shows_why_and_is_saved_once_confirmed(client, case, officer):
    client.force_login(officer)
    answer = client.post(new(case), {**PLAN, **LATE})
    assert answer.status_code == 422
    assert "令和9年度当初予算の要求締切(令和8年10月30日)に間に合いません" in text(answer)
    assert 'name="knows_late"' in text(answer)
    assert 'value="小規模ビルの省エネ"' in text(answer)
    assert Trial.objects.count() == 0
    client.post(new(case), {**PLAN, **LATE, "knows_late": "on"})
    assert Trial.objects.get().knows_late_at is not None


def test_preview_shows_the_way_to_the_budget_and_keeps_nothing(client, case, officer):
    client.force_login(officer)
    answer = client.post(new(case), {**PLAN, **LATE, "title": "", "step": "preview"})
    assert answer.status_code == 200
    assert "間に合いません" in text(answer)
    assert "必須項目です" not in text(answer)
    assert 'class="summary"' not in text(answer)
    assert Trial.objects.count() == 0
    assert case.posts.filter(data__decision="trial_planned").count() == 0


def test_more_rows_keep_what_was_typed(client, case, officer):
    client.force_login(officer)
    answer = client.post(new(case), {**PLAN, "step": "more-m"})
    assert answer.status_code == 200
    assert len(answer.context["form"].measures.forms) == 4
    assert 'value="電気使用量の削減率"' in text(answer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"m-0-name": "", "m-0-threshold": ""}, "指標としきい値を一つ以上"),
        ({"m-0-threshold": "十"}, "しきい値"),
        ({"ends_on": "2026-05-01"}, "終了日は開始日より後"),
        ({"ends_on": "2027-05-01"}, "一つの年度"),
        ({"budget": "環境費"}, "三つをそろえて"),
        ({"c-0-yen": "-1"}, "金額"),
        ({"m-TOTAL_FORMS": "x"}, "指標"),
    ],
)
def test_plan_with_a_mistake_comes_back_with_everything_typed(client, case, officer, change, said):
    client.force_login(officer)
    answer = client.post(new(case), {**PLAN, **change})
    assert answer.status_code == 422
    assert said in text(answer)
    assert "区内のビル5棟" in text(answer)
    assert Trial.objects.count() == 0


def test_plan_is_changed_and_a_newer_version_is_not_overwritten(client, case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager)
    client.force_login(officer)
    screen = client.get(page(trial, "staff-trial-edit"))
    assert 'value="電気使用量の削減率"' in text(screen)
    change = {**PLAN, "m-0-threshold": "12", "version": "1"}
    assert client.post(page(trial, "staff-trial-edit"), change).status_code == 302
    trial.refresh_from_db()
    assert (trial.version, trial.measures[0]["threshold"]) == (2, "12")
    answer = client.post(page(trial, "staff-trial-edit"), {**change, "m-0-threshold": "5"})
    assert (answer.status_code, "別の人が先に変更しました" in text(answer)) == (422, True)
    trial.refresh_from_db()
    assert trial.measures[0]["threshold"] == "12"


def test_continuation_begins_with_the_plan_of_the_one_before(client, case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager, state="decided", decision="extend")
    client.force_login(officer)
    assert new(case, trial) in text(client.get(page(trial)))
    screen = text(client.get(new(case, trial)))
    assert 'value="電気使用量の削減率"' in screen
    period = {"starts_on": "2026-12-01", "ends_on": "2027-05-31"}
    assert client.post(new(case, trial), {**PLAN, **period, "knows_late": "on"}).status_code == 302
    assert Trial.objects.get(extends=trial).ends_on == date(2027, 5, 31)


# --- the page ---------------------------------------------------------------------------------------------------


def test_page_draws_the_readings_and_strikes_the_corrected_one(client, running, officer):
    client.force_login(officer)
    shown = text(client.get(page(running)))
    assert (
        shown.count('class="p-dot')
        - shown.count('<circle class="p-dot" cx="8"')
        - shown.count('<circle class="p-dot off" cx="8"')
        == 4
    )
    assert "<s>8%</s>" in shown
    assert "12.5%" in shown
    assert "10%以上" in shown
    assert "実績値なし" in shown


def test_page_costs_the_same_for_few_and_many_readings(
    client, running, officer, django_assert_max_num_queries
):
    client.force_login(officer)
    with django_assert_max_num_queries(40):
        client.get(page(running))
    with clock.standing_at(date(2026, 8, 1)):
        for day in range(1, 20):
            trials.add_reading(running, 1, day, by=officer, day=date(2026, 7, day))
    with django_assert_max_num_queries(40):
        client.get(page(running))


def test_each_state_offers_its_own_step_and_no_other(client, case, officer, manager):
    client.force_login(manager)
    offered = {}
    with clock.standing_at(date(2026, 5, 1)):
        for state in ("planned", "approved", "running", "reported", "decided"):
            trial = make_trial(case, by=officer, manager=manager, state=state)
            offered[state] = set(client.get(page(trial)).context["forms"])
    assert offered == {
        "planned": {"approve", "cancel"},
        "approved": {"start", "cancel"},
        "running": {"reading", "report", "cancel"},
        "reported": {"decide"},
        "decided": set(),
    }


def test_officer_is_offered_neither_approval_nor_decision_and_may_not_send_them(
    client, case, officer, manager
):
    client.force_login(officer)
    trial = make_trial(case, by=officer, manager=manager, state="reported")
    assert set(client.get(page(trial)).context["forms"]) == set()
    assert act(client, trial, "decide", decision="adopt", reason="よい。").status_code == 403
    planned = make_trial(case, by=officer, manager=manager)
    assert act(client, planned, "approve", version=1).status_code == 403
    assert act(client, planned, "nothing").status_code == 404


def test_steps_from_approval_to_decision(client, case, officer, manager):
    trial = make_trial(case, by=officer, manager=manager)
    client.force_login(manager)
    answer = act(client, trial, "approve", version=1)
    assert (answer.status_code, "導入の道筋" in text(answer)) == (422, True)
    agree(case, by=officer)
    for code, data, state in (
        ("approve", {"version": 1}, "approved"),
        ("start", {}, "running"),
        ("reading", {"measure": 0, "value": "12.5", "day": clock.today().isoformat()}, "running"),
        ("draft", {"findings": "12%減った。"}, "running"),
        ("report", {"findings": "12%減った。", "next_steps": "全棟に広げる。"}, "reported"),
        ("decide", {"decision": "adopt", "reason": "しきい値を超えた。"}, "decided"),
    ):
        if code in ("start", "reading"):
            Trial.objects.filter(pk=trial.pk).update(starts_on=date(2020, 6, 1), ends_on=date(2020, 8, 31))
        assert act(client, trial, code, **data).status_code == 302, code
        trial.refresh_from_db()
        assert trial.state == state
    assert "次の予算要求の締切は" in text(client.get(page(trial)))


def test_refused_step_keeps_what_was_typed(client, running, officer):
    client.force_login(officer)
    answer = act(client, running, "reading", measure=0, value="5", day="2999-01-01", note="書きかけのメモ")
    assert answer.status_code == 422
    assert "今日までの日付" in text(answer)
    assert "書きかけのメモ" in text(answer)
    trials.report_trial(running, by=officer, findings="12%減った。")
    answer = act(client, running, "draft", findings="遅れて書いた案")
    assert answer.status_code == 422
    assert "報告の案は書けません" in text(answer)


def test_case_page_leads_to_the_trial_with_its_next_step_and_warning(client, case, officer, manager):
    trial = make_trial(
        case,
        by=officer,
        manager=manager,
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 31),
        knows_late=True,
    )
    client.force_login(officer)
    shown = text(client.get(reverse("staff-case", args=[case.municipality.slug, case.ref])))
    assert page(trial) in shown
    assert "計画を確かめて承認する" in shown
    assert "要求締切(令和8年10月30日)に間に合いません" in shown
    assert new(case) in shown


# --- the organisation's side --------------------------------------------------------------------------------------


def mine(trial):
    return page(trial, "my-trial")


def test_organisation_reads_the_plan_and_its_warning_but_not_the_adoption_route(
    client, case, officer, manager, person
):
    trial = make_trial(
        case,
        by=officer,
        manager=manager,
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 31),
        knows_late=True,
    )
    agree(case, by=officer)
    client.force_login(person)
    shown = text(client.get(mine(trial)))
    assert "要求締切(令和8年10月30日)に間に合いません" in shown
    assert "指標としきい値は、自治体が承認すると変えられなくなります" in shown
    assert "令和9年度 環境費" not in shown
    assert mine(trial) in text(client.get(reverse("my-case", args=[case.municipality.slug, case.ref])))


def test_organisation_enters_readings_and_the_draft(client, running, person, company):
    client.force_login(person)
    day = clock.today().isoformat()
    Trial.objects.filter(pk=running.pk).update(starts_on=date(2020, 6, 1))
    answer = client.post(mine(running), {"act": "reading", "measure": 0, "value": "11", "day": day})
    assert answer.status_code == 302
    assert Reading.objects.latest("id").organisation == company
    answer = client.post(mine(running), {"act": "draft", "findings": "12%減りました。"})
    assert answer.status_code == 302
    running.refresh_from_db()
    assert (running.draft_findings, running.drafted_by) == ("12%減りました。", person)
    answer = client.post(
        mine(running), {"act": "reading", "measure": 0, "value": "x", "day": day, "note": "残る"}
    )
    assert (answer.status_code, "残る" in text(answer)) == (422, True)


def test_organisation_has_no_forms_before_the_start_and_others_no_page(
    client, case, officer, manager, person
):
    trial = make_trial(case, by=officer, manager=manager, state="approved")
    client.force_login(person)
    answer = client.get(mine(trial))
    assert (answer.context["reading"], answer.context["report"]) == (None, None)
    answer = client.post(mine(trial), {"act": "draft", "findings": "早すぎる案"})
    assert (answer.status_code, "早すぎる案" in text(answer)) == (422, True)
    client.force_login(make_representative(make_organisation()))
    assert client.get(mine(trial)).status_code == 404


def test_budget_calendar_is_set_by_the_administrator(client, city):
    client.force_login(make_staff(city, "administrator"))
    address = reverse("staff-budget-calendar", args=[city.slug])
    assert "一般的な日付" in text(client.get(address))
    days = {
        "hearing": "8/20",
        "request": "10-15",
        "review": "01-15",
        "assembly_opens": "2-24",
        "assembly_votes": "03-19",
    }
    answer = client.post(address, {**days, "review": "09-01"})
    assert (answer.status_code, "より後の日" in text(answer)) == (422, True)
    assert client.post(address, days).status_code == 302
    city.budget_calendar.refresh_from_db()
    assert (city.budget_calendar.hearing, city.budget_calendar.assembly_opens) == ("08-20", "02-24")
