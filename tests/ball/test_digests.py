"""One mail on a business morning to everybody who has something to do or somebody to look after."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.ball.actions import set_escalation
from musubi.ball.models import Digest
from musubi.cases import actions
from musubi.cases import tasks as cases
from musubi.lib import clock
from musubi.notify.actions import set_preference
from musubi.notify.models import Delivery, Notice
from musubi.people.models import ClosingDay, Representative, Staff
from musubi.proposals import actions as proposals
from tests.ball.conftest import days
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


def walk(first: date, last: date) -> None:
    for day in days(first, last):
        for hour in (9, 15):
            with clock.standing_at(clock.at(day, hour)):
                cases.write_digests()


def mails() -> list[tuple[str, str, str]]:
    """(day, to whom, subject) of every mail."""
    rows = Delivery.objects.select_related("user").order_by("created_at", "user_id")
    return [(f"{d.created_at.astimezone(clock.TOKYO):%m-%d}", d.user.name, d.subject) for d in rows]


def body(name: str) -> str:
    return Delivery.objects.filter(user__name=name).latest("id").body


def test_digest_goes_out_each_business_morning_while_there_is_something_to_say(town):
    walk(date(2026, 6, 10), date(2026, 6, 18))
    late = "今日のまとめ: 期限超過1件"
    assert mails() == [
        ("06-12", "担当", "今日のまとめ: 期限間近1件"),
        ("06-15", "担当", "今日のまとめ: 今日が期限1件"),
        ("06-16", "担当", late),
        ("06-17", "担当", late),
        ("06-18", "担当", late),
        ("06-18", "課長", "今日のまとめ: 部署の停滞1件"),
    ]
    assert not Notice.objects.filter(kind="ball.digest").exists()


def test_digest_lists_by_groups_with_next_step_day_and_address(town, settings):
    settings.ORIGIN = "https://musubi.example"
    with clock.standing_at(date(2026, 6, 1)):
        others = {
            title: make_contact(town.city, officer=town.officer, title=title)
            for title in ("今日のもの", "明日のもの", "先のもの")
        }
        for title, due_on in zip(
            others, (date(2026, 6, 16), date(2026, 6, 17), date(2026, 7, 6)), strict=True
        ):
            actions.hand_ball(others[title], town.env, by=town.officer, next_step="返事をする", due_on=due_on)
    walk(date(2026, 6, 16), date(2026, 6, 16))
    [(_day, who, subject)] = mails()
    assert (who, subject) == ("担当", "今日のまとめ: 期限超過1件、今日が期限1件、期限間近1件")

    def line(case, day, late=""):
        return (
            f"・案件 {case.ref} {case.title}(渚市)\n  次にすること: 返事をする\n  期限: {day}{late}\n"
            f"  https://musubi.example/nagisa/staff/cases/{case.ref}/"
        )

    assert body("担当").startswith(
        "担当 様\n\n"
        "令和8年6月16日(火)のまとめです。\n\n"
        "■ 期限を過ぎています (1件)\n\n"
        + line(town.case, "令和8年6月15日(月)", "(1営業日過ぎています)")
        + "\n\n■ 今日が期限です (1件)\n\n"
        + line(others["今日のもの"], "令和8年6月16日(火)")
        + "\n\n■ 期限が近づいています (1件)\n\n"
        + line(others["明日のもの"], "令和8年6月17日(水)")
        + "\n\n■ このほかに、あなたのところにあるもの (1件)\n\n"
        + line(others["先のもの"], "令和8年7月6日(月)")
        + "\n\n――――――――――\n"
    )


def test_no_mail_where_nothing_is_due_soon(town):
    walk(date(2026, 6, 1), date(2026, 6, 11))
    assert mails() == []
    assert not Digest.objects.exists()


def test_manager_and_desk_read_who_holds_it(town):
    walk(date(2026, 6, 22), date(2026, 6, 22))
    for name, heading in [
        ("課長", "■ 部署の中で、期限を過ぎたまま止まっています (1件)"),
        ("机", "■ デスクの助けが必要です。期限を大きく過ぎています (1件)"),
    ]:
        assert heading in body(name)
        assert "いま持っているのは: 環境課" in body(name)
    assert "いま持っているのは" not in body("担当")


def test_representative_reads_of_the_own_page_and_the_owner_that_the_reply_is_late(town):
    with clock.standing_at(date(2026, 6, 8)):
        actions.hand_ball(
            town.case, town.organisation, by=town.officer, next_step="資料を送る", due_on=date(2026, 6, 15)
        )
    walk(date(2026, 6, 18), date(2026, 6, 18))
    assert [(who, subject) for _day, who, subject in mails()] == [
        ("担当", "今日のまとめ: 団体の返事待ち1件"),
        ("代表", "今日のまとめ: 期限超過1件"),
    ]
    assert f"/my/cases/nagisa/{town.case.ref}/" in body("代表")
    assert f"/nagisa/staff/cases/{town.case.ref}/" in body("担当")


def test_desk_reads_the_same_of_an_organisation_as_of_a_department(town):
    with clock.standing_at(date(2026, 6, 8)):
        actions.hand_ball(
            town.case, town.organisation, by=town.officer, next_step="資料を送る", due_on=date(2026, 6, 15)
        )
    walk(date(2026, 6, 22), date(2026, 6, 22))
    assert "■ デスクの助けが必要です。期限を大きく過ぎています (1件)" in body("机")
    assert f"いま持っているのは: {town.organisation}" in body("机")


def test_week_without_a_worker_is_caught_up_in_one_digest(town):
    walk(date(2026, 6, 1), date(2026, 6, 11))
    walk(date(2026, 6, 19), date(2026, 6, 21))
    assert [(day, who) for day, who, _subject in mails()] == [("06-19", "担当"), ("06-19", "課長")]


def test_person_of_several_municipalities_gets_one_in_the_morning_of_the_first(town):
    other = make_municipality("yama", name="山市")
    lead = make_department(other, "林務課")
    Staff.objects.create(user=town.officer, municipality=other, department=lead, role="officer")
    boss = make_staff(other, "manager", lead)
    set_escalation(town.city, soon_days=1, manager_days=3, desk_days=5, hour=10, by=None)
    with clock.standing_at(date(2026, 6, 1)):
        second = make_contact(other, officer=boss, owner=town.officer, title="里山の相談")
        actions.hand_ball(second, lead, by=boss, next_step="返事をする", due_on=date(2026, 6, 15))
    for hour in range(24):
        with clock.standing_at(clock.at(date(2026, 6, 15), hour)):
            cases.write_digests()
    [mail] = Delivery.objects.filter(user=town.officer)
    assert mail.created_at == clock.at(date(2026, 6, 15), 8)
    assert mail.subject == "今日のまとめ: 今日が期限2件"
    assert "商店街の空き店舗の相談(渚市)" in mail.body
    assert "里山の相談(山市)" in mail.body


def test_digest_says_nothing_of_a_municipality_that_is_closed_that_day(town):
    other = make_municipality("yama", name="山市")
    lead = make_department(other, "林務課")
    Staff.objects.create(user=town.officer, municipality=other, department=lead, role="officer")
    with clock.standing_at(date(2026, 6, 1)):
        boss = make_staff(other, "manager", lead)
        second = make_contact(other, officer=boss, owner=town.officer)
        actions.hand_ball(second, lead, by=boss, next_step="返事をする", due_on=date(2026, 6, 15))
    ClosingDay.objects.create(municipality=town.city, day=date(2026, 6, 15))
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert [(who, subject) for _day, who, subject in mails()] == [("担当", "今日のまとめ: 今日が期限1件")]
    assert "(渚市)" not in body("担当")


def test_one_person_on_both_sides_gets_one_digest(town):
    Representative.objects.create(user=town.officer, organisation=town.organisation)
    with clock.standing_at(date(2026, 6, 1)):
        second = make_contact(town.city, town.organisation, officer=town.colleague)
        actions.hand_ball(
            second, town.organisation, by=town.colleague, next_step="資料を送る", due_on=date(2026, 6, 15)
        )
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert [(who, subject) for _day, who, subject in mails()] == [
        ("担当", "今日のまとめ: 今日が期限2件"),
        ("代表", "今日のまとめ: 今日が期限1件"),
    ]
    assert f"/my/cases/nagisa/{second.ref}/" in body("担当")
    assert f"/nagisa/staff/cases/{town.case.ref}/" in body("担当")


def test_who_switched_it_off_gets_none(town):
    set_preference(town.officer, "ball.digest", by_mail=False)
    walk(date(2026, 6, 15), date(2026, 6, 18))
    assert [(day, who) for day, who, _subject in mails()] == [("06-18", "課長")]


def test_who_has_left_gets_none(town):
    town.officer.is_active = False
    town.officer.save()
    walk(date(2026, 6, 15), date(2026, 6, 15))
    assert [who for _day, who, _subject in mails()] == ["同僚", "課長"]


def test_questions_and_proposals_are_in_it(town):
    with clock.standing_at(date(2026, 6, 1)):
        asked = make_proposal(town.city, title="海岸の清掃")
        proposals.route(asked, [town.env], by=town.desk, due_on=date(2026, 6, 15))
    with clock.standing_at(date(2026, 6, 10)):
        make_proposal(town.city, title="バスの時刻")
    walk(date(2026, 6, 15), date(2026, 6, 15))
    subjects = {who: subject for _day, who, subject in mails()}
    assert subjects == {
        "机": "今日のまとめ: 今日が期限1件",
        "担当": "今日のまとめ: 今日が期限2件",
        "同僚": "今日のまとめ: 今日が期限1件",
        "課長": "今日のまとめ: 今日が期限1件",
    }
    assert f"・提案 {asked.ref} 海岸の清掃(渚市)\n  次にすること: 照会に回答する" in body("担当")
    assert "バスの時刻" in body("机")


def test_digest_shows_twenty_and_says_how_many_more(town):
    with clock.standing_at(date(2026, 6, 1)):
        for n in range(30):
            make_contact(town.city, officer=town.officer, title=f"相談{n:02d}")  # due on 8 June
    walk(date(2026, 6, 8), date(2026, 6, 8))
    text = body("担当")
    assert mails()[0][2] == "今日のまとめ: 今日が期限30件"
    assert text.count("\n・") == 21  # and the one that is not due yet
    assert "ほかに10件あります。" in text


def test_digest_costs_the_same_for_one_thing_and_for_fifty(town):
    def cost(day):
        with clock.standing_at(day), CaptureQueriesContext(connection) as seen:
            assert cases.write_digests() == 1
        return len(seen)

    alone = cost(date(2026, 6, 15))
    with clock.standing_at(date(2026, 6, 9)):
        for _ in range(50):
            make_contact(town.city, town.organisation, officer=town.officer)
    assert cost(date(2026, 6, 16)) == alone
