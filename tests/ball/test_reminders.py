"""Who is reminded of a ball, on which days, and that nothing is said twice."""

from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.ball.actions import set_escalation
from musubi.ball.models import Reminder, Round
from musubi.ball.states import Step
from musubi.cases import actions
from musubi.cases import tasks as cases
from musubi.lib import clock
from musubi.notify.actions import set_preference
from musubi.notify.models import Delivery, Notice
from musubi.people.models import ClosingDay
from musubi.proposals import actions as proposals
from musubi.proposals import tasks as proposal_tasks
from tests.ball.conftest import days, reminded
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
SOON, TODAY, LATE = "期限が近づいています", "今日が期限です", "期限を過ぎています"
MANAGED, FOLLOWED, DESK = "部署の仕事が止まっています", "団体の返事が遅れています", "デスクの助けが必要です"


def walk(first: date, last: date, *, do=cases.remind) -> None:
    """The worker's round on every day of the calendar, twice a day."""
    for day in days(first, last):
        for hour in (9, 15):
            with clock.standing_at(clock.at(day, hour)):
                do()


def test_ball_is_reminded_of_before_its_day_on_it_and_after_it_person_manager_desk(town):
    walk(date(2026, 6, 1), date(2026, 7, 15))
    assert reminded() == [
        ("06-12", "担当", SOON),  # a Friday: the day is the Monday after
        ("06-15", "担当", TODAY),
        ("06-16", "担当", LATE),
        ("06-18", "担当", LATE),
        ("06-18", "課長", MANAGED),
        ("06-22", "机", DESK),
        ("06-22", "担当", LATE),
        ("06-22", "課長", MANAGED),
    ]


def test_reminder_says_what_to_do_until_when_and_where(town):
    with clock.standing_at(date(2026, 6, 18)):
        cases.remind()
    mine, managers = Notice.objects.filter(kind="ball.reminded").order_by("user_id")
    assert mine.body == (
        f"案件 {town.case.ref} 商店街の空き店舗の相談\n次にすること: 返事をする\n"
        "期限: 令和8年6月15日(月)(3営業日過ぎています)"
    )
    assert managers.body.splitlines()[1] == "いま持っているのは: 環境課"
    assert {mine.path, managers.path} == {f"/nagisa/staff/cases/{town.case.ref}/"}


def test_nothing_is_said_before_the_hour_and_once_after_it(town):
    for hour, expected in [(0, 0), (7, 0), (8, 1), (9, 1), (23, 1)]:
        with clock.standing_at(clock.at(date(2026, 6, 15), hour)):
            cases.remind()
        assert len(reminded()) == expected


def test_nothing_is_said_on_weekends_holidays_new_year_and_closing_days(town):
    set_escalation(town.city, soon_days=1, manager_days=2, desk_days=3, hour=8, by=None)
    with clock.standing_at(date(2026, 12, 21)):
        actions.hand_ball(
            town.case, town.env, by=town.officer, next_step="返事をする", due_on=date(2026, 12, 25)
        )
    ClosingDay.objects.create(municipality=town.city, day=date(2027, 1, 4))
    walk(date(2026, 12, 22), date(2027, 1, 31))
    # 26 and 27 December are a weekend, from the 29th the town hall is closed, and by its own rule on 4 January.
    assert [(day, who) for day, who, _what in reminded()] == [
        ("12-24", "担当"),
        ("12-25", "担当"),
        ("12-28", "担当"),
        ("01-05", "担当"),
        ("01-05", "課長"),
        ("01-06", "机"),
        ("01-06", "担当"),
        ("01-06", "課長"),
    ]


def test_only_the_step_that_was_reached_is_told_after_a_week_without_a_worker(town):
    walk(date(2026, 6, 1), date(2026, 6, 11))
    walk(date(2026, 6, 19), date(2026, 7, 31))
    assert reminded() == [
        ("06-19", "担当", LATE),
        ("06-19", "課長", MANAGED),
        ("06-22", "机", DESK),
        ("06-22", "担当", LATE),
        ("06-22", "課長", MANAGED),
    ]
    assert list(Reminder.objects.order_by("step").values_list("step", flat=True)) == [Step.MANAGER, Step.DESK]


def test_ball_that_was_handed_on_is_a_new_one(town):
    walk(date(2026, 6, 12), date(2026, 6, 18))
    with clock.standing_at(date(2026, 6, 18)):
        actions.hand_ball(
            town.case, town.env, by=town.officer, next_step="見積もりを送る", due_on=date(2026, 6, 23)
        )
    walk(date(2026, 6, 19), date(2026, 6, 24))
    assert reminded()[-3:] == [
        ("06-22", "担当", SOON),
        ("06-23", "担当", TODAY),
        ("06-24", "担当", LATE),
    ]


def test_closed_case_is_not_reminded_of(town):
    with clock.standing_at(date(2026, 6, 12)):
        actions.close(town.case, by=town.officer, reason="timing", feedback="来年度にまたご相談ください。")
    walk(date(2026, 6, 12), date(2026, 7, 1))
    assert reminded() == []


def test_paused_case_is_reminded_of_by_its_own_day(town):
    with clock.standing_at(date(2026, 6, 12)):
        actions.pause(town.case, by=town.officer, until=date(2026, 8, 31), reason="予算の結果を待つ")
    walk(date(2026, 6, 12), date(2026, 8, 31))
    assert reminded() == [("08-28", "担当", SOON), ("08-31", "担当", TODAY)]


def test_organisation_is_reminded_then_who_follows_the_case_then_the_desk(town):
    with clock.standing_at(date(2026, 6, 8)):
        actions.hand_ball(
            town.case, town.organisation, by=town.officer, next_step="資料を送る", due_on=date(2026, 6, 15)
        )
    walk(date(2026, 6, 8), date(2026, 7, 1))
    assert sorted(reminded()) == sorted(
        [
            ("06-12", "代表", SOON),
            ("06-15", "代表", TODAY),
            ("06-16", "代表", LATE),
            ("06-18", "代表", LATE),
            ("06-18", "担当", FOLLOWED),
            ("06-22", "代表", LATE),
            ("06-22", "担当", FOLLOWED),
            ("06-22", "机", DESK),
        ]
    )
    paths = dict(Notice.objects.filter(kind="ball.reminded").values_list("user__name", "path"))
    assert paths["代表"] == f"/my/cases/nagisa/{town.case.ref}/"
    assert paths["担当"] == paths["机"] == f"/nagisa/staff/cases/{town.case.ref}/"


def test_organisation_nobody_acts_for_is_followed_by_the_owner_at_once(town):
    with clock.standing_at(date(2026, 6, 8)):
        actions.hand_ball(
            town.case, town.organisation, by=town.officer, next_step="資料を送る", due_on=date(2026, 6, 15)
        )
    town.person.represents.update(ended_at=clock.now())
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert reminded() == [("06-15", "担当", TODAY)]


def test_owner_who_works_elsewhere_now_is_not_told_but_the_department_is(town):
    town.officer.staff.update(department=make_department(town.city, "税務課"))
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert [who for _day, who, _what in reminded()] == ["同僚", "課長"]


def test_owner_from_another_department_that_takes_part_is_told(town):
    tax = make_department(town.city, "税務課")
    actions.add_department(town.case, tax, by=town.desk)
    owner = make_staff(town.city, "officer", tax, name="税務")
    actions.change_owner(town.case, owner, by=town.desk)
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert [who for _day, who, _what in reminded()] == ["税務"]


def test_department_beside_the_lead_is_told_where_it_has_the_ball(town):
    tax = make_department(town.city, "税務課")
    actions.add_department(town.case, tax, by=town.desk)
    make_staff(town.city, "officer", tax, name="税務")
    with clock.standing_at(date(2026, 6, 8)):
        actions.hand_ball(town.case, tax, by=town.officer, next_step="意見を書く", due_on=date(2026, 6, 15))
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert reminded() == [("06-15", "税務", TODAY)]


def test_manager_of_the_department_above_is_told_where_there_is_none(town):
    above = make_department(town.city, "市民部")
    make_staff(town.city, "manager", above, name="部長")
    town.env.parent = above
    town.env.save()
    town.manager.staff.update(ended_at=clock.now())
    walk(date(2026, 6, 18), date(2026, 6, 18))
    assert reminded() == [("06-18", "担当", LATE), ("06-18", "部長", MANAGED)]


def test_person_who_is_owner_and_manager_and_at_the_desk_is_told_once(town):
    actions.change_owner(town.case, town.manager, by=town.desk)
    town.manager.staff.create(municipality=town.city, role="desk")
    walk(date(2026, 6, 22), date(2026, 6, 22))
    assert reminded() == [("06-22", "机", DESK), ("06-22", "課長", LATE)]


def test_nobody_outside_the_municipality_hears_of_it(town):
    other = make_municipality("yama")
    make_staff(other, "desk")
    walk(date(2026, 6, 12), date(2026, 7, 1))
    assert {who for _day, who, _what in reminded()} == {"担当", "課長", "机"}


def test_own_settings_hold_from_the_next_round_and_repeat_nothing(town):
    walk(date(2026, 6, 12), date(2026, 6, 18))
    before = reminded()
    set_escalation(town.city, soon_days=5, manager_days=8, desk_days=9, hour=8, by=None)
    walk(date(2026, 6, 19), date(2026, 6, 24))
    assert reminded() == before
    walk(date(2026, 6, 25), date(2026, 6, 30))
    # The manager was told under the former settings; the desk was not.
    assert [(day, who) for day, who, _what in reminded()[len(before) :]] == [
        ("06-26", "机"),
        ("06-26", "担当"),
        ("06-26", "課長"),
    ]


def test_no_warning_before_the_day_where_the_settings_want_none(town):
    set_escalation(town.city, soon_days=0, manager_days=3, desk_days=5, hour=8, by=None)
    walk(date(2026, 6, 1), date(2026, 6, 15))
    assert reminded() == [("06-15", "担当", TODAY)]


def test_hour_of_the_municipality_counts(town):
    set_escalation(town.city, soon_days=1, manager_days=3, desk_days=5, hour=13, by=None)
    for hour, expected in [(9, 0), (12, 0), (13, 1)]:
        with clock.standing_at(datetime(2026, 6, 15, hour, 30, tzinfo=clock.TOKYO)):
            assert cases.remind() == expected


def test_reminder_goes_by_mail_only_to_who_asked_for_it(town):
    set_preference(town.manager, "ball.reminded", by_mail=True)
    walk(date(2026, 6, 18), date(2026, 6, 18))
    [mail] = Delivery.objects.all()
    assert (mail.user, mail.subject) == (town.manager, f"{MANAGED}: 商店街の空き店舗の相談")
    assert f"/nagisa/staff/cases/{town.case.ref}/" in mail.body


def test_round_costs_the_same_for_one_thing_and_for_fifty(town):
    def cost(day):
        with (
            clock.standing_at(day),
            CaptureQueriesContext(
                connection,
            ) as seen,
        ):
            assert cases.remind() > 0
        return len(seen)

    alone = cost(date(2026, 6, 15))
    with clock.standing_at(date(2026, 6, 2)):
        for _ in range(50):
            make_contact(town.city, officer=town.officer)  # due on 9 June
    assert cost(date(2026, 6, 16)) == alone


def test_round_that_is_done_costs_little(town, django_assert_max_num_queries):
    with clock.standing_at(date(2026, 6, 15)):
        cases.remind()
        with django_assert_max_num_queries(4):
            assert cases.remind() == 0
    assert Round.objects.get(name="case").day == date(2026, 6, 15)


# --- proposals


def test_waiting_proposal_is_reminded_of_at_the_desk(town):
    with clock.standing_at(date(2026, 6, 1)):
        proposal = make_proposal(town.city)  # three business days
    walk(date(2026, 6, 1), date(2026, 6, 5), do=proposal_tasks.remind)
    assert reminded() == [("06-03", "机", SOON), ("06-04", "机", TODAY), ("06-05", "机", LATE)]
    assert set(Notice.objects.filter(kind="ball.reminded").values_list("path", flat=True)) == {
        f"/nagisa/staff/proposals/{proposal.ref}/"
    }


def test_each_department_asked_is_reminded_of_its_own_day_once(town):
    tax = make_department(town.city, "税務課")
    make_staff(town.city, "officer", tax, name="税務")
    with clock.standing_at(date(2026, 6, 1)):
        proposal = make_proposal(town.city)
        proposals.route(proposal, [town.env], by=town.desk, due_on=date(2026, 6, 10))
        proposals.route(proposal, [tax], by=town.desk, due_on=date(2026, 6, 12))
    walk(date(2026, 6, 10), date(2026, 6, 12), do=proposal_tasks.remind)
    # The ball is with 環境課, and it is told of the question, not of the ball as well.
    assert reminded() == [
        ("06-10", "担当", TODAY),
        ("06-10", "同僚", TODAY),
        ("06-10", "課長", TODAY),
        ("06-11", "担当", LATE),
        ("06-11", "同僚", LATE),
        ("06-11", "課長", LATE),
        ("06-11", "税務", SOON),
        ("06-12", "税務", TODAY),
    ]


def test_desk_is_reminded_once_every_department_has_answered(town):
    with clock.standing_at(date(2026, 6, 1)):
        proposal = make_proposal(town.city, state="routing", desk=town.desk, departments=[town.env])
        routing = proposal.routings.get()
        proposals.answer_routing(routing, by=town.officer, answer="interested", comment="話を聞きたいです。")
    walk(date(2026, 6, 2), date(2026, 6, 30), do=proposal_tasks.remind)
    assert [(day, who) for day, who, _what in reminded() if who == "机"] == [
        ("06-03", "机"),
        ("06-04", "机"),
        ("06-05", "机"),
        ("06-09", "机"),
        ("06-11", "机"),
    ]
    assert {who for _day, who, _what in reminded()} == {"机"}
