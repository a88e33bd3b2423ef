"""Talks on the organisation's case page."""

from datetime import date, timedelta

import icalendar
import pytest

from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import todos
from musubi.cases.models import Meeting, SlotAnswer
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.meetings import days_ahead, make_fixed, make_offer
from tests.factories.people import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with clock.standing_at(clock.at(date(2026, 6, 2), 9)):
        yield


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", name="森 和子")


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person)


def page(case):
    return f"/my/cases/shiohama/{case.ref}/"


def act(case, meeting, name):
    return f"{page(case)}meetings/{meeting.pk}/{name}/"


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def ticks(meeting, answer):
    return {f"slot_{slot.pk}": answer for slot in meeting.slots.all()}


def test_offered_times_are_ticked_and_the_ball_goes_back(here, person, case, officer, text):
    meeting = make_offer(case, officer)
    assert "令和8年6月5日(金) 14:00" in text(here.get(page(case)))
    answer = here.post(act(case, meeting, "answer"), ticks(meeting, "maybe"))
    assert answer["Location"] == page(case) + "#meetings"
    assert SlotAnswer.objects.filter(user=person, answer="maybe").count() == 3
    assert fresh(case).ball_next == "日時を決める"


def test_ticks_left_out_are_asked_for(here, case, officer, text):
    meeting = make_offer(case, officer)
    answer = here.post(act(case, meeting, "answer"), {})
    assert answer.status_code == 422
    assert "に行けるかどうかを選んでください。" in text(answer)


def test_what_the_municipality_offered_is_not_fixed_here(here, case, officer, text):
    meeting = make_offer(case, officer)
    here.post(act(case, meeting, "answer"), ticks(meeting, "yes"))
    assert "この日時に決める" not in text(here.get(page(case)))
    assert here.post(act(case, meeting, "fix"), {"slot": meeting.slots.first().pk}).status_code == 403
    assert fresh(meeting).state == "offered"


def test_own_offer_is_made_and_fixed_once_the_municipality_has_answered(here, case, officer, text):
    form = {f"time_{n}": f"{m:%Y-%m-%dT%H:%M}" for n, m in enumerate(days_ahead(3, 5), start=1)}
    form |= {"title": "現地を見たい", "minutes_long": "60", "place": "海岸"}
    assert here.post(page(case) + "meetings/new/", form).status_code == 302
    meeting = Meeting.objects.get()
    assert "この日時に決める" not in text(here.get(page(case)))
    meetings.answer_times(meeting, by=officer, answers={slot.pk: "yes" for slot in meeting.slots.all()})
    assert "この日時に決める" in text(here.get(page(case)))
    here.post(act(case, meeting, "fix"), {"slot": meeting.slots.first().pk})
    assert fresh(meeting).state == "fixed"


def test_own_offer_with_an_error_loses_nothing(here, case, text):
    form = {"time_1": "2026-06-05T14:00", "title": "現地を見たい", "minutes_long": "60", "place": "海岸"}
    answer = here.post(page(case) + "meetings/new/", form)
    assert answer.status_code == 422
    for words in ("候補の日時を2つ以上入れてください。", 'value="現地を見たい"', 'value="2026-06-05T14:00"'):
        assert words in text(answer)


def test_fixed_talk_is_shown_downloaded_and_called_off(here, case, officer, text):
    meeting = make_fixed(case, officer)
    shown = text(here.get(page(case)))
    assert "カレンダーに入れる" in shown
    assert f"meetings/{meeting.pk}/change/" not in shown
    answer = here.get(f"{page(case)}meetings/{meeting.pk}.ics")
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert str(event["URL"]).endswith(page(case))
    assert here.post(act(case, meeting, "cancel"), {"cancel_reason": ""}).status_code == 422
    here.post(act(case, meeting, "cancel"), {"cancel_reason": "都合がつかなくなったため"})
    assert fresh(meeting).cancel_reason == "都合がつかなくなったため"


def test_own_to_do_is_ticked_off_and_another_s_is_not(here, case, company, officer, text):
    later = clock.today() + timedelta(days=5)
    own = todos.add_todo(case, by=officer, text="見積り", doer=company, due_on=later)
    theirs = todos.add_todo(case, by=officer, text="会場", doer=case.lead, due_on=later)
    shown = text(here.get(page(case)))
    assert f"todos/{own.pk}/done/" in shown
    assert f"todos/{theirs.pk}/done/" not in shown
    assert here.post(f"{page(case)}todos/{own.pk}/done/").status_code == 302
    assert here.post(f"{page(case)}todos/{theirs.pk}/done/").status_code == 403
    assert (fresh(own).done_at is None, fresh(theirs).done_at is None) == (False, True)
    todos.finish_todo(fresh(theirs), by=officer)
    shown = text(here.get(page(case)))
    assert f"todos/{own.pk}/reopen/" in shown
    assert f"todos/{theirs.pk}/reopen/" not in shown
    assert here.post(f"{page(case)}todos/{own.pk}/reopen/").status_code == 302
    assert here.post(f"{page(case)}todos/{theirs.pk}/reopen/").status_code == 403
    assert (fresh(own).done_at is None, fresh(theirs).done_at is None) == (True, False)


@pytest.mark.parametrize("name", ["answer", "fix", "cancel"])
def test_stranger_does_not_learn_that_it_is_there(there, case, officer, name):
    meeting = make_fixed(case, officer)
    assert there.post(act(case, meeting, name), {}).status_code == 404
    assert there.get(f"{page(case)}meetings/{meeting.pk}.ics").status_code == 404


def test_signed_out_words_are_shown_back(client, case, officer, text):
    meeting = make_fixed(case, officer)
    answer = client.post(act(case, meeting, "cancel"), {"cancel_reason": "都合がつかない"})
    assert answer.status_code == 401
    assert "都合がつかない" in text(answer)
