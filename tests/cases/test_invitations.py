"""Talks in people's calendars, as they arrive there: what Outlook and Google look at, line by line."""

import email
import email.policy
from datetime import date, timedelta

import icalendar
import pytest
from django.test import override_settings

from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import invitations
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.actions import tell
from musubi.notify.models import Delivery, Preference
from musubi.people.models import Representative
from musubi.services.mail import message
from tests.factories.cases import make_case
from tests.factories.meetings import days_ahead, make_fixed, make_offer
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with clock.standing_at(clock.at(date(2026, 6, 2), 9)):
        yield


@pytest.fixture
def city():
    return make_municipality("nagisa", name="なぎさ市")


@pytest.fixture
def officer(city):
    return make_staff(
        city, "officer", make_department(city, "環境課"), name='森 "和" 子', email="mori@example.jp"
    )


@pytest.fixture
def person():
    return make_representative(make_organisation("うみかぜ環境株式会社"), email="shiomi@example.jp")


@pytest.fixture
def case(city, officer, person):
    organisation = person.represents.get().organisation
    return make_case(
        city,
        organisation,
        officer=officer,
        by=person,
        title="海岸清掃の進め方を一緒に考える提案です。長い名前",
    )


def mails() -> dict[str, Delivery]:
    """Tell the last entry; its mails by address."""
    entry = Entry.objects.order_by("-pk").first()
    tell(entry)
    return {mail.address: mail for mail in Delivery.objects.filter(notice__entry_id=entry.pk)}


def parsed(mail: Delivery):
    """(the text, its only event) of the calendar of a mail."""
    book = icalendar.Calendar.from_ical(mail.calendar)
    (event,) = book.walk("VEVENT")
    return book, event


def test_fixed_talk_is_mailed_to_both_sides_and_to_whoever_fixed_it(case, officer, person):
    make_fixed(case, officer)
    found = mails()
    assert set(found) == {"mori@example.jp", "shiomi@example.jp"}
    assert found["shiomi@example.jp"].subject == "打合せの日時が決まりました: 進め方の相談"
    assert "令和8年6月5日(金) 14:00から60分" in found["shiomi@example.jp"].body


@override_settings(DEFAULT_FROM_EMAIL="結 <noreply@nagisa.example>", ORIGIN="https://musubi.example")
def test_invitation_has_what_outlook_and_google_look_at(case, officer, person):
    meeting = make_fixed(case, officer)
    mail = mails()["shiomi@example.jp"]
    book, event = parsed(mail)
    assert (str(book["VERSION"]), str(book["METHOD"])) == ("2.0", "REQUEST")
    assert str(event["UID"]) == f"{meeting.uid}@musubi"
    assert event["SEQUENCE"] == 0
    assert event["DTSTAMP"].dt == clock.now()
    assert event["DTSTART"].dt == days_ahead(3)[0]
    assert event["DTEND"].dt == days_ahead(3)[0] + timedelta(hours=1)
    assert event["DTSTART"].params["TZID"] == "Asia/Tokyo"
    assert str(event["ORGANIZER"]) == "mailto:noreply@nagisa.example"
    assert event["ORGANIZER"].params["CN"] == "なぎさ市 環境課"
    assert str(event["ATTENDEE"]) == "mailto:shiomi@example.jp"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert str(event["SUMMARY"]) == "打合せ: 進め方の相談"
    assert str(event["LOCATION"]) == "市役所3階"
    assert str(event["STATUS"]) == "CONFIRMED"
    assert str(event["URL"]) == f"https://musubi.example/my/cases/nagisa/{case.ref}/"
    assert case.ref in str(event["DESCRIPTION"])
    (zone,) = book.walk("VTIMEZONE")
    (standard,) = zone.walk("STANDARD")
    assert (str(zone["TZID"]), standard["TZOFFSETTO"].to_ical()) == ("Asia/Tokyo", "+0900")


def test_invitation_is_folded_at_75_octets_and_ended_by_crlf(case, officer):
    make_fixed(case, officer)
    text = mails()["mori@example.jp"].calendar
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_invitation_tells_nobody_the_address_of_another(case, officer):
    make_fixed(case, officer)
    found = mails()
    assert "mori@example.jp" not in found["shiomi@example.jp"].calendar.replace("\r\n ", "")
    assert "shiomi@example.jp" not in found["mori@example.jp"].calendar.replace("\r\n ", "")


def test_mail_carries_the_invitation_as_a_body_and_as_a_file(case, officer):
    make_fixed(case, officer)
    mail = mails()["shiomi@example.jp"]
    sent = email.message_from_bytes(
        message(mail).message(policy=email.policy.SMTP).as_bytes(), policy=email.policy.default
    )
    assert sent.get_content_type() == "multipart/mixed"
    bodies, file = sent.iter_parts()
    assert bodies.get_content_type() == "multipart/alternative"
    words, body = bodies.iter_parts()
    assert words.get_content_type() == "text/plain"
    assert body.get_content_type() == "text/calendar"
    assert body["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "invite.ics")
    assert file.get_content() == mail.calendar.encode()
    assert body.get_content().replace("\r\n", "\n") == mail.calendar.replace("\r\n", "\n")


def test_mail_without_a_calendar_has_one_part(case, officer):
    make_offer(case, officer)
    mail = mails()["shiomi@example.jp"]
    assert mail.calendar is None
    assert message(mail).message().get_content_type() == "text/plain"


def test_update_bears_the_same_uid_and_a_higher_sequence(case, officer):
    meeting = make_fixed(case, officer)
    _book, first = parsed(mails()["shiomi@example.jp"])
    meetings.change_meeting(meeting, by=officer, held_at=days_ahead(10)[0], place="オンライン")
    mail = mails()["shiomi@example.jp"]
    book, second = parsed(mail)
    assert str(book["METHOD"]) == "REQUEST"
    assert (second["UID"], second["SEQUENCE"]) == (first["UID"], 1)
    assert second["DTSTART"].dt == days_ahead(10)[0]
    assert "変更前: 令和8年6月5日(金) 14:00" in mail.body


def test_cancellation_takes_it_out(case, officer, person):
    meeting = make_fixed(case, officer)
    _book, first = parsed(mails()["mori@example.jp"])
    meetings.cancel_meeting(meeting, by=person, reason="台風のため")
    mail = mails()["mori@example.jp"]
    book, event = parsed(mail)
    assert str(book["METHOD"]) == "CANCEL"
    assert (event["UID"], event["SEQUENCE"]) == (first["UID"], 1)
    assert str(event["STATUS"]) == "CANCELLED"
    assert "台風のため" in mail.body


def test_cancellation_of_an_offer_is_told_without_a_calendar(case, officer):
    meeting = make_offer(case, officer)
    meetings.cancel_meeting(meeting, by=officer, reason="電話で済んだため")
    assert [mail.calendar for mail in mails().values()] == [None, None]


def test_invitation_told_late_says_what_was_fixed_then(case, officer):
    """The worker was down: what it tells first is the first invitation, not the change made meanwhile."""
    meeting = make_fixed(case, officer)
    entry = Entry.objects.order_by("-pk").first()
    meetings.change_meeting(meeting, by=officer, held_at=days_ahead(10)[0], place="オンライン")
    tell(entry)
    mail = Delivery.objects.get(notice__entry_id=entry.pk, address="shiomi@example.jp")
    _book, event = parsed(mail)
    assert (event["SEQUENCE"], event["DTSTART"].dt) == (0, days_ahead(3)[0])


def test_invitation_is_mailed_to_whoever_wants_no_other_mail(case, officer, person):
    Preference.objects.create(user=person, kind="meeting.fixed", by_mail=False)
    make_fixed(case, officer)
    assert "shiomi@example.jp" in mails()


def test_colleague_who_answered_is_invited_too(case, city, officer):
    helper = make_staff(city, "officer", case.lead, email="helper@example.jp")
    make_staff(city, "officer", case.lead, email="other@example.jp")
    meeting = make_offer(case, officer)
    meetings.answer_times(
        meeting, by=helper, answers=dict.fromkeys(meeting.slots.values_list("pk", flat=True), "yes")
    )
    meetings.fix_time(meeting, by=officer, slot=meeting.slots.first())
    assert set(mails()) == {"mori@example.jp", "shiomi@example.jp", "helper@example.jp"}


def test_colleague_who_went_to_another_department_is_not_invited(case, city, officer):
    helper = make_staff(city, "officer", case.lead, email="helper@example.jp")
    meeting = make_offer(case, officer)
    meetings.answer_times(
        meeting, by=helper, answers=dict.fromkeys(meeting.slots.values_list("pk", flat=True), "yes")
    )
    helper.staff.update(department=make_department(city, "水産課"))
    meetings.fix_time(meeting, by=officer, slot=meeting.slots.first())
    assert "helper@example.jp" not in mails()


def test_whoever_no_longer_takes_part_has_it_taken_out(case, officer, person):
    leaving = make_representative(person.represents.get().organisation, email="leaving@example.jp")
    meeting = make_fixed(case, officer)
    assert "leaving@example.jp" in mails()
    Representative.objects.filter(user=leaving).update(ended_at=clock.now())
    meetings.change_meeting(meeting, by=officer, held_at=days_ahead(10)[0], place="会議室")
    found = mails()
    book, event = parsed(found["leaving@example.jp"])
    assert (str(book["METHOD"]), event["SEQUENCE"]) == ("CANCEL", 1)
    # When and where the others meet now is not told.
    assert "LOCATION" not in event
    assert event["DTSTART"].dt == days_ahead(3)[0]
    assert str(parsed(found["shiomi@example.jp"])[0]["METHOD"]) == "REQUEST"


def test_download_is_published_without_addresses_of_people(case, officer):
    meeting = make_fixed(case, officer)
    text = invitations.download(meeting, path="/x/", stamp=clock.now())
    book = icalendar.Calendar.from_ical(text)
    (event,) = book.walk("VEVENT")
    assert str(book["METHOD"]) == "PUBLISH"
    assert "ATTENDEE" not in event
    assert str(event["UID"]) == f"{meeting.uid}@musubi"


def test_offer_is_told_to_the_other_side_alone(case, officer, person):
    make_offer(case, officer)
    found = mails()
    assert set(found) == {"shiomi@example.jp"}
    assert "・令和8年6月5日(金) 14:00" in found["shiomi@example.jp"].body


def test_offer_of_the_organisation_is_told_to_the_owner(case, officer, person):
    make_offer(case, person)
    assert set(mails()) == {"mori@example.jp"}


def test_last_answer_is_told_to_whoever_offered(case, officer, person):
    meeting = make_offer(case, officer)
    answers = dict.fromkeys(meeting.slots.values_list("pk", flat=True), "yes")
    meetings.answer_times(meeting, by=person, answers=answers)
    assert set(mails()) == {"mori@example.jp"}
    meetings.answer_times(meeting, by=person, answers=answers)
    assert set(mails()) == set()


def test_minutes_are_told_with_their_to_dos(case, officer, person):
    meeting = make_fixed(case, officer)
    with clock.standing_at(meeting.held_at):
        todo = {"text": "見積りを出す", "doer": case.organisations.get(), "due_on": date(2026, 6, 12)}
        meetings.record_minutes(meeting, by=officer, decisions="9月に試す。", todos=[todo])
    body = mails()["shiomi@example.jp"].body
    assert "・見積りを出す — うみかぜ環境株式会社、令和8年6月12日(金)まで" in body
    assert "次に動くのは、うみかぜ環境株式会社です。" in body
