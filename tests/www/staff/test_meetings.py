"""Talks on the municipality's case page: offered, ticked, fixed in one click, changed, called off, written up."""

from datetime import date, timedelta

import icalendar
import pytest
from django.urls import reverse

from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import todos
from musubi.cases.models import Case, Meeting, SlotAnswer, Todo
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.meetings import days_ahead, make_fixed, make_offer

from .conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with clock.standing_at(clock.at(date(2026, 6, 2), 9)):
        yield


@pytest.fixture
def case(town):
    return make_case(town.city, town.organisation, officer=town.officer, by=town.representative)


def page(case):
    return f"/nagisa/staff/cases/{case.ref}/"


def act(case, meeting, name):
    return reverse(f"staff-meeting-{name}", args=["nagisa", case.ref, meeting.pk])


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def typed(*moments, **words):
    return {f"time_{n}": f"{moment:%Y-%m-%dT%H:%M}" for n, moment in enumerate(moments, start=1)} | words


def ticks(meeting, *answers):
    return {f"slot_{slot.pk}": answer for slot, answer in zip(meeting.slots.all(), answers, strict=True)}


def test_offer_is_made_from_the_case_page(town, case):
    form = typed(*days_ahead(3, 5), title="進め方の相談", minutes_long="60", place="市役所3階")
    answer = town.at("officer").post(page(case) + "offer/", form)
    assert (answer.status_code, answer["Location"]) == (302, page(case) + "#told-meetings")
    meeting = Meeting.objects.get()
    assert [slot.starts_at for slot in meeting.slots.all()] == days_ahead(3, 5)
    shown = text(town.at("officer").get(page(case)))
    assert "令和8年6月5日(金) 14:00" in shown
    assert "打合せの候補を2件出しました: 進め方の相談" in shown


def test_offer_with_an_error_loses_nothing(town, case):
    form = typed(*days_ahead(3), title="進め方の相談", minutes_long="60", place="市役所3階")
    answer = town.at("officer").post(page(case) + "offer/", form)
    assert answer.status_code == 422
    shown = text(answer)
    assert "候補の日時を2つ以上入れてください。" in shown
    assert 'value="2026-06-05T14:00"' in shown
    assert 'value="市役所3階"' in shown
    assert Meeting.objects.count() == 0


def test_grid_says_who_can_come_when_in_words_and_suggests_the_best(town, case):
    meeting = make_offer(case, town.officer)
    one, two, three = meeting.slots.all()
    meetings.answer_times(
        meeting, by=town.representative, answers={one.pk: "no", two.pk: "yes", three.pk: "maybe"}
    )
    offer = town.at("officer").get(page(case)).context["meetings"]["offers"][0]
    assert [(p["name"], p["where"]) for p in offer["people"]] == [
        ("森 和子", "環境課"),
        ("潮見 遥", "うみかぜ環境株式会社"),
    ]
    assert [[m["mark"] for m in row["marks"]] for row in offer["rows"]] == [
        ["◯", "✕"],
        ["◯", "◯"],
        ["◯", "△"],
    ]
    assert [str(m["word"]) for m in offer["rows"][0]["marks"]] == ["行ける", "行けない"]
    assert [row["is_best"] for row in offer["rows"]] == [False, True, False]
    assert offer["waiting"] == []


def test_grid_names_who_has_not_answered(town, case):
    make_offer(case, town.officer)
    offer = town.at("desk").get(page(case)).context["meetings"]["offers"][0]
    assert offer["waiting"] == ["うみかぜ環境株式会社"]
    assert not any(row["is_best"] for row in offer["rows"])


def test_ticks_of_a_colleague_are_kept_and_may_be_changed(town, case):
    meeting = make_offer(case, town.officer)
    for answers in (("yes", "no", "maybe"), ("no", "no", "yes")):
        answer = town.at("manager").post(act(case, meeting, "answer"), ticks(meeting, *answers))
        assert answer["Location"] == page(case) + "#meetings"
        given = SlotAnswer.objects.filter(user=town.manager).order_by("slot__starts_at")
        assert [row.answer for row in given] == list(answers)


def test_ticks_with_one_left_out_come_back_as_they_were(town, case):
    meeting = make_offer(case, town.officer)
    form = ticks(meeting, "yes", "no", "maybe")
    form.popitem()
    answer = town.at("manager").post(act(case, meeting, "answer"), form)
    assert answer.status_code == 422
    assert "令和8年6月9日(火) 14:00に行けるかどうかを選んでください。" in text(answer)
    assert text(answer).count(" checked") == 2


def test_fix_is_one_click(town, case):
    meeting = make_offer(case, town.officer)
    slot = meeting.slots.all()[1]
    answer = town.at("officer").post(act(case, meeting, "fix"), {"slot": slot.pk}, follow=True)
    assert fresh(meeting).held_at == slot.starts_at
    assert "令和8年6月7日(日) 14:00に決めました。" in text(answer)
    assert fresh(case).ball_next == "打合せ"


@pytest.mark.parametrize("slot", ["", "0", "x", "²", "999999999999"])
def test_fix_without_a_time_says_so(town, case, slot):
    meeting = make_offer(case, town.officer)
    answer = town.at("officer").post(act(case, meeting, "fix"), {"slot": slot}, follow=True)
    assert "日時を選んでください。" in text(answer)
    assert fresh(meeting).state == "offered"


def test_fix_twice_keeps_the_first_and_says_so(town, case):
    meeting = make_offer(case, town.officer)
    one, two, _three = meeting.slots.all()
    town.at("officer").post(act(case, meeting, "fix"), {"slot": one.pk})
    answer = town.at("manager").post(act(case, meeting, "fix"), {"slot": two.pk}, follow=True)
    assert "この打合せは「予定」になっています。" in text(answer)
    assert fresh(meeting).held_at == one.starts_at


def test_change_and_cancel_have_pages_of_their_own(town, case):
    meeting = make_fixed(case, town.officer)
    form = {"held_at": "2026-06-12T10:30", "minutes_long": "90", "place": "オンライン", "title": "相談"}
    assert 'value="2026-06-05T14:00"' in text(town.at("officer").get(act(case, meeting, "change")))
    assert town.at("officer").post(act(case, meeting, "change"), form).status_code == 302
    meeting = fresh(meeting)
    assert (meeting.held_at, meeting.minutes_long, meeting.sequence) == (
        clock.at(date(2026, 6, 12), 10, 30),
        90,
        1,
    )
    answer = town.at("officer").post(act(case, meeting, "cancel"), {"cancel_reason": " "})
    assert answer.status_code == 422
    town.at("officer").post(act(case, meeting, "cancel"), {"cancel_reason": "台風のため"})
    assert fresh(meeting).state == "cancelled"
    assert "台風のため" in text(town.at("officer").get(page(case)))


def test_change_into_the_past_loses_nothing(town, case):
    meeting = make_fixed(case, town.officer)
    form = {"held_at": "2026-05-12T10:30", "minutes_long": "90", "place": "オンライン", "title": "相談"}
    answer = town.at("officer").post(act(case, meeting, "change"), form)
    assert answer.status_code == 422
    assert "もう過ぎた日時です。" in text(answer)
    assert 'value="オンライン"' in text(answer)


def test_fixed_talk_is_downloaded_for_a_calendar(town, case):
    meeting = make_fixed(case, town.officer)
    answer = town.at("auditor").get(act(case, meeting, "ics"))
    assert answer["Content-Type"].startswith("text/calendar")
    assert answer["Content-Disposition"] == f'attachment; filename="{case.ref}-{meeting.pk}.ics"'
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(event["URL"]).endswith(page(case))


def test_offer_is_no_download_yet(town, case):
    assert town.at("officer").get(act(case, make_offer(case, town.officer), "ics")).status_code == 404


def test_talk_that_is_over_asks_for_minutes(town, case):
    meeting = make_fixed(case, town.officer)
    assert act(case, meeting, "minutes") not in text(town.at("officer").get(page(case)))
    with clock.standing_at(meeting.held_at + timedelta(hours=1)):
        shown = text(town.at("officer").get(page(case)))
        assert "打合せは終わりましたか。" in shown
        assert act(case, meeting, "minutes") in shown


@pytest.fixture
def met(town, case):
    meeting = make_fixed(case, town.officer)
    with clock.standing_at(meeting.held_at + timedelta(hours=2)):
        yield meeting


def rows(*todos):
    """The typed rows of the minutes' to-dos."""
    return {"rows": "3"} | {
        f"todo{n}-{name}": value
        for n, todo in enumerate(todos)
        for name, value in zip(("text", "doer", "due_on"), todo, strict=True)
    }


def test_minutes_with_to_dos_move_the_ball(town, case, met):
    organisation = f"o{town.organisation.pk}"
    form = {"minutes": "話した。", "decisions": "試す。", "attendees": "森、潮見"}
    form |= rows(("会場を押さえる", f"d{town.env.pk}", "2026-06-20"), ("見積り", organisation, "2026-06-10"))
    answer = town.at("officer").post(act(case, met, "minutes"), form)
    assert answer["Location"] == page(case) + "#meetings"
    assert fresh(met).state == "held"
    assert (fresh(case).holder, fresh(case).ball_next) == (town.organisation, "見積り")
    shown = text(town.at("officer").get(page(case)))
    assert "会場を押さえる" in shown
    assert "試す。" in shown


def test_minutes_with_half_a_row_keep_everything_typed(town, case, met):
    form = {"minutes": "長い話。", "attendees": "森"} | rows(("見積り", "", "2026-06-10"))
    answer = town.at("officer").post(act(case, met, "minutes"), form)
    assert answer.status_code == 422
    for words in ("だれがするかを選んでください。", "長い話。", 'value="見積り"', 'value="2026-06-10"'):
        assert words in text(answer)
    assert Todo.objects.count() == 0


def test_minutes_give_more_rows_without_losing_a_word(town, case, met):
    form = {"minutes": "長い話。", "more": "1"} | rows(("見積り", f"d{town.env.pk}", "2026-06-10"))
    answer = town.at("officer").post(act(case, met, "minutes"), form)
    assert answer.status_code == 200
    assert len(answer.context["rows"]) == 6
    for words in ("長い話。", 'value="見積り"', 'value="2026-06-10"', f'value="d{town.env.pk}" selected'):
        assert words in text(answer)
    assert fresh(met).state == "fixed"


def test_to_do_is_ticked_off_and_the_ball_goes_on(town, case):
    todo = todos.add_todo(
        case, by=town.officer, text="会場", doer=town.env, due_on=clock.today() + timedelta(days=3)
    )
    address = reverse("staff-todo-done", args=["nagisa", case.ref, todo.pk])
    assert "宿題「会場」を済みにしました。" in text(town.at("officer").post(address, follow=True))
    assert fresh(todo).done_by == town.officer
    assert "先に変更しました" in text(town.at("officer").post(address, follow=True))


def test_tick_is_taken_back(town, case):
    todo = todos.add_todo(
        case, by=town.officer, text="会場", doer=town.env, due_on=clock.today() + timedelta(days=3)
    )
    todos.finish_todo(todo, by=town.officer)
    address = reverse("staff-todo-reopen", args=["nagisa", case.ref, todo.pk])
    assert address in text(town.at("officer").get(page(case)))
    assert address not in text(town.at("auditor").get(page(case)))
    answer = town.at("officer").post(address, follow=True)
    assert "宿題「会場」の済みを取り消しました。" in text(answer)
    assert fresh(todo).done_at is None
    assert "先に変更しました" in text(town.at("officer").post(address, follow=True))


def test_minutes_are_put_right_from_the_thread(town, case, met):
    meetings.record_minutes(met, by=town.officer, minutes="九月に話した。")
    address = act(case, met, "correct")
    assert address in text(town.at("officer").get(page(case)))
    assert address not in text(town.at("auditor").get(page(case)))
    assert "九月に話した。" in text(town.at("officer").get(address))
    answer = town.at("officer").post(address, {"minutes": " ", "attendees": "森"})
    assert (answer.status_code, "話した内容か決まったことを書いてください。" in text(answer)) == (422, True)
    answer = town.at("officer").post(address, {"minutes": "十月に話した。"})
    assert answer["Location"] == page(case) + "#told-thread"
    assert fresh(met).minutes == "十月に話した。"
    assert "議事録を直しました" in text(town.at("officer").get(page(case)))
    assert "直す前の話したこと: 九月に話した。" in text(town.at("desk").get("/nagisa/staff/journal/"))


def test_minutes_that_are_not_there_yet_are_not_corrected(town, case, met):
    answer = town.at("officer").get(act(case, met, "correct"))
    assert (answer.status_code, answer["Location"]) == (302, page(case) + "#meetings")


def test_to_do_is_added_by_hand(town, case):
    form = {"text": "写真を送る", "doer": f"o{town.organisation.pk}", "due_on": "2026-06-10"}
    assert town.at("officer").post(page(case) + "todo/", form).status_code == 302
    assert Todo.objects.get().doer == town.organisation


@pytest.mark.parametrize("name", ["answer", "change", "cancel", "minutes", "correct", "fix"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("other", 404), ("auditor", 403), ("representative", 403), ("stranger", 403), (None, 302)],
)
def test_acts_are_for_whoever_works_in_the_case(town, case, name, role, status):
    meeting = make_fixed(case, town.officer)
    assert town.at(role).post(act(case, meeting, name), {}).status_code == status
    assert fresh(meeting).state == "fixed"


def test_talk_of_another_case_is_not_found_here(town, case):
    meeting = make_fixed(case, town.officer)
    other = make_case(town.city, town.organisation, officer=town.officer, by=town.representative)
    assert town.at("officer").get(act(other, meeting, "cancel")).status_code == 404
    assert town.at("officer").get(act(other, meeting, "ics")).status_code == 404


def test_page_costs_the_same_for_one_answer_and_for_many(town, case, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    meeting = make_offer(case, town.officer)
    town.at("desk").get(page(case))
    with CaptureQueriesContext(
        connection,
    ) as few:
        town.at("desk").get(page(case))
    for person in (town.representative, town.manager, town.desk):
        meetings.answer_times(fresh(meeting), by=person, answers={s.pk: "yes" for s in meeting.slots.all()})
    with CaptureQueriesContext(connection) as many:
        town.at("desk").get(page(case))
    assert len(many) <= len(few)
    assert Case.objects.count() == 1
