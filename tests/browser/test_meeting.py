"""A talk is arranged without a telephone: times, ticks, one click, the calendar, and minutes that move the ball."""

import re
from datetime import timedelta

import icalendar
import pytest
from playwright.sync_api import expect

from musubi.cases.models import Case, Meeting, SlotAnswer, Todo
from musubi.lib import clock
from musubi.www.forms.meetings import moment_words
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

AGENDA = "9月の海岸清掃で試す方法"
PLACE = "市役所3階 会議室"
PROMISE = "試す日に使う写真を100枚選ぶ"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", name="青木 海")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


def test_talk_is_offered_ticked_on_a_phone_fixed_in_one_click_and_written_up(
    walker, tmp_path, city, officer, desk, company, person
):
    case = make_case(city, company, officer=officer, desk=desk, by=person, title="ごみの画像判定")
    here, there = f"/nagihama/staff/cases/{case.ref}/", f"/my/cases/nagihama/{case.ref}/"
    first, second, third = (clock.at(clock.today() + timedelta(days=days), 14) for days in (3, 5, 6))

    # The desk offers three times; one alone is not enough, and what was typed stays.
    ours = walker(desk).go(here)
    form = ours.unfold("打合せの候補を出す")
    ours.fill("議題", AGENDA, within=form).fill("場所・方法", PLACE, within=form)
    ours.fill("候補1", f"{first:%Y-%m-%dT%H:%M}", within=form)
    ours.press("候補を送る", within=form, status=422).sees("候補の日時を2つ以上入れてください。")
    form = ours.unfold("打合せの候補を出す")
    expect(ours.field("議題", within=form)).to_have_value(AGENDA)
    ours.fill("候補2", f"{second:%Y-%m-%dT%H:%M}", within=form)
    ours.fill("候補3", f"{third:%Y-%m-%dT%H:%M}", within=form)
    ours.press("候補を送る", within=form).sees("候補を送りました。", AGENDA, f"回答を待っています: {company}")

    # The representative ticks them on a phone; a time left out is asked for.
    theirs = walker(person, width=360).go("/my/").sees("都合を答える").go(there).sees(AGENDA, PLACE)

    def tick(moment, word):
        row = theirs.page.get_by_role("group", name=f"{moment_words(moment)}の都合")
        row.get_by_role("radio", name=word, exact=True).check()

    tick(first, "行けない")
    tick(second, "行ける")
    theirs.press("都合を送る", status=422).sees(f"{moment_words(third)}に行けるかどうかを選んでください。")
    tick(third, "調整できる")
    theirs.press("都合を送る").sees("都合を送りました。")
    meeting = Meeting.objects.get()
    said = SlotAnswer.objects.filter(user=person).order_by("slot__starts_at")
    assert list(said.values_list("answer", flat=True)) == ["no", "yes", "maybe"]
    # Whoever was asked does not decide.
    expect(theirs.page.get_by_role("button", name=re.compile("この日時に決める"))).to_have_count(0)

    # The best time is pointed out, and one click fixes it.
    ours.go(here).sees("日時を決める")
    expect(ours.page.get_by_role("main").locator("tr.best")).to_contain_text(moment_words(second))
    ours.press(f"この日時に決める : {moment_words(second)}").sees(f"{moment_words(second)}に決めました。")
    meeting.refresh_from_db()
    assert (meeting.state, meeting.held_at) == ("fixed", second)

    # Into the calendar, from either side.
    for walk, path in ((ours, here), (theirs, there)):
        walk.go(path)
        with walk.page.expect_download() as download:
            walk.link(re.compile("カレンダーに入れる")).click()
        assert download.value.suggested_filename.endswith(".ics")
        kept = tmp_path / f"{walk.width}.ics"
        download.value.save_as(kept)
        [event] = icalendar.Calendar.from_ical(kept.read_bytes()).walk("VEVENT")
        assert (event["LOCATION"], event.start) == (PLACE, second)
        assert AGENDA in event["SUMMARY"]

    # The day has come and gone: the minutes, with one promise of the organisation.
    Meeting.objects.update(held_at=clock.now() - timedelta(hours=2))
    due_on = clock.today() + timedelta(days=9)
    walk = walker(officer).go(here).sees("打合せは終わりましたか。").follow("議事録を書く")
    walk.fill("出席者", "湊 はるか、青木 海").fill("話したこと", "写真は100枚あれば足りる。")
    row = walk.page.get_by_role("group", name="宿題1")
    walk.fill("すること", PROMISE, within=row)
    walk.press("議事録を載せる", status=422).sees("だれがするかを選んでください。", "期限を入れてください。")
    row = walk.page.get_by_role("group", name="宿題1")
    expect(walk.field("すること", within=row)).to_have_value(PROMISE)
    walk.choose("だれが", str(company), within=row).fill("いつまでに", due_on.isoformat(), within=row)
    walk.press("議事録を載せる").sees("議事録を載せました。", PROMISE, "写真は100枚あれば足りる。")
    case = Case.objects.get()
    assert (case.holder, case.ball_next, case.ball_due_on) == (company, PROMISE, due_on)

    # The representative reads them, finds the promise to be theirs, and ticks it off: the ball goes back.
    theirs.go("/my/").sees(PROMISE).go(there).sees("写真は100枚あれば足りる。", PROMISE)
    theirs.press(f"済みにする : {PROMISE}").sees(f"宿題「{PROMISE}」を済みにしました。")
    case.refresh_from_db()
    assert (Todo.objects.get().done_by, case.holder) == (person, case.lead)
    ours.go(here).sees("次の進め方を決める")
