"""From a trial's end to next year's money."""

from datetime import date

import pytest

from musubi.ball.actions import set_limit
from musubi.cases.models import BudgetCalendar
from musubi.cases.trials import budget
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.people import actions as people
from tests.factories.cases import make_contact
from tests.factories.people import make_municipality, make_staff
from tests.factories.trials import agree

pytestmark = pytest.mark.django_db
DAYS = {
    "hearing": "08-20",
    "request": "10-15",
    "review": "01-15",
    "assembly_opens": "02-24",
    "assembly_votes": "03-19",
}


@pytest.fixture
def city():
    return make_municipality()


def line(city, starts_on, ends_on):
    return budget.timeline(date.fromisoformat(starts_on), date.fromisoformat(ends_on), city)


def test_timeline_counts_from_the_trials_end_in_business_days(city):
    found = line(city, "2026-06-01", "2026-08-31")
    assert [(step.label, str(step.on), step.workdays, step.in_time) for step in found.steps] == [
        ("実証の終了", "2026-08-31", 0, None),
        ("庁内ヒアリング", "2026-09-15", 11, False),
        ("報告と判定(見込み)", "2026-09-24", 15, None),
        # 31 October 2026 is a Saturday: asked for by the Friday before.
        ("予算要求の締切", "2026-10-30", 40, True),
        ("査定", "2027-01-20", 91, True),
        ("3月議会の開会", "2027-03-01", 117, True),
        ("予算の議決", "2027-03-19", 131, True),
        ("予算の執行", "2027-04-01", 139, True),
    ]
    assert (found.is_late, found.budget_year, found.reachable_year, found.is_usual) == (
        False,
        2027,
        2027,
        True,
    )
    assert found.words == (
        "この実証は令和8年8月31日に終わり、報告と判定は令和8年9月24日までにできる見込みです。"
        "令和9年度当初予算の要求締切(令和8年10月30日)に間に合います。"
    )


def test_trial_that_ends_in_january_has_missed_the_request(city):
    found = line(city, "2026-08-01", "2027-01-31")
    assert (found.is_late, found.reachable_year, str(found.latest_end)) == (True, 2028, "2026-10-08")
    assert found.words == (
        "この実証は令和9年1月31日に終わるため、令和9年度当初予算の要求締切(令和8年10月30日)に間に合いません。"
        "9月末までに終えられなければ、補正予算か令和10年度当初予算での導入になります。"
    )


def test_trial_that_ends_before_the_request_and_is_decided_after_it_says_so(city):
    found = line(city, "2026-08-01", "2026-10-20")
    assert found.words == (
        "この実証は令和8年10月20日に終わり、報告と判定(15営業日)は令和8年11月11日になるため、"
        "令和9年度当初予算の要求締切(令和8年10月30日)に間に合いません。"
        "9月末までに終えられなければ、補正予算か令和10年度当初予算での導入になります。"
    )


def test_trial_that_begins_too_late_is_not_told_to_end_before_it_begins(city):
    found = line(city, "2026-12-01", "2027-03-31")
    assert found.words.endswith("に間に合いません。補正予算か令和10年度当初予算での導入になります。")


def test_latest_end_is_the_last_day_that_is_in_time(city):
    assert line(city, "2026-06-01", "2026-10-08").is_late is False
    assert line(city, "2026-06-01", "2026-10-09").is_late is True


def test_trial_of_the_new_fiscal_year_aims_at_the_budget_after(city):
    assert line(city, "2027-04-01", "2027-06-30").budget_year == 2028


def test_calendar_limit_and_closing_days_of_the_municipality_count(city):
    admin = make_staff(city, "administrator")
    budget.set_calendar(city, by=admin, **DAYS)
    set_limit(city, "case", "evaluation", 5, by=admin)
    people.set_closing_day(city, date(2026, 10, 15), by=admin)
    found = line(city, "2026-06-01", "2026-10-07")
    # 15 October is closed here: the request moves before it and the decision behind it. The 12th is a holiday.
    assert (str(found.request_on), str(found.decide_on), found.is_late) == ("2026-10-14", "2026-10-16", True)
    assert found.is_usual is False
    assert str(line(city, "2026-06-01", "2026-08-31").day("assembly_opens")) == "2027-02-24"


def test_set_calendar_is_written_to_the_journal_and_may_change(city):
    admin = make_staff(city, "administrator")
    budget.set_calendar(city, by=admin, **DAYS)
    budget.set_calendar(city, by=admin, **{**DAYS, "request": "11-01"})
    assert BudgetCalendar.objects.get().request == "11-01"
    entries = Entry.objects.filter(verb="budget_calendar.set")
    assert [entry.data["days"]["request"] for entry in entries.order_by("id")] == ["10-15", "11-01"]


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"request": "02-29"}, "request"),
        ({"request": "13-01"}, "request"),
        ({"request": "いつか"}, "request"),
        ({"request": "08-01"}, "request"),
        ({"review": "09-30"}, "review"),
        ({"assembly_votes": "02-01"}, "assembly_votes"),
    ],
)
def test_set_calendar_refuses_days_that_are_none_or_out_of_order(city, days, field):
    with pytest.raises(Refused) as refusal:
        budget.set_calendar(city, by=make_staff(city, "administrator"), **{**DAYS, **days})
    assert refusal.value.field == field
    assert BudgetCalendar.objects.count() == 0


def test_set_calendar_by_the_desk_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        budget.set_calendar(city, by=make_staff(city, "desk"), **DAYS)


def test_warnings_hold_the_adoption_deadline_against_the_timeline(city):
    officer = make_staff(city, "officer")
    case = make_contact(city, officer=officer)
    found = line(city, "2026-06-01", "2026-08-31")
    assert budget.warnings(found, case) == []
    agree(case, by=officer, deadline=date(2026, 9, 30))
    assert budget.warnings(found, case) == []
    agree(case, by=officer, deadline=date(2026, 9, 1))
    assert [words[:25] for words in budget.warnings(found, case)] == [
        "導入判断の期限(令和8年9月1日)は、報告と判定が"
    ]
    agree(case, by=officer, deadline=date(2026, 12, 1))
    assert "より後です" in budget.warnings(found, case)[0]
    late = line(city, "2026-06-01", "2027-01-31")
    assert budget.warnings(late, case)[0] == late.words


def test_next_request_is_this_years_until_its_day_is_over(city):
    found = {}
    for day in ("2026-10-30", "2026-10-31", "2027-03-31"):
        with clock.standing_at(date.fromisoformat(day)):
            found[day] = budget.next_request(city.pk)
    assert found == {
        "2026-10-30": (date(2026, 10, 30), 2027),
        "2026-10-31": (date(2027, 10, 29), 2028),
        "2027-03-31": (date(2027, 10, 29), 2028),
    }
