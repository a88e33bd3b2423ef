"""Talks: times are offered, answered, one is fixed, changed, cancelled, and there are minutes. The ball follows."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from musubi.cases import actions
from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import times
from musubi.cases.meetings.notices import minutes_corrected
from musubi.cases.models import Case, Meeting, SlotAnswer, Todo
from musubi.cases.rules import needs
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
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
TUESDAY = clock.at(date(2026, 6, 2), 9)


@pytest.fixture(autouse=True)
def tuesday():
    """The days of these tests are counted from a Tuesday without holidays around it."""
    with clock.standing_at(TUESDAY):
        yield


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def env(city):
    return make_department(city, "環境課")


@pytest.fixture
def officer(city, env):
    return make_staff(city, "officer", env)


@pytest.fixture
def company():
    return make_organisation("うみかぜ環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person)


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def ball(case):
    """(holder, next step, due day) as they stand in the database."""
    case = fresh(case)
    return case.holder, case.ball_next, case.ball_due_on


def all_of(meeting, answer):
    return {slot.pk: answer for slot in meeting.slots.all()}


def steps(case):
    return [post.data.get("step", "said") for post in case.posts.filter(kind="meeting")]


# Offering


def test_offer_passes_the_ball_to_the_organisation_before_the_first_time(case, officer, company):
    meeting = meetings.offer_times(case, by=officer, title="打合せ", times=days_ahead(7, 3, 5))
    assert [slot.starts_at for slot in meeting.slots.all()] == days_ahead(3, 5, 7)
    assert fresh(meeting).state == "offered"
    assert ball(case) == (company, "都合を答える", date(2026, 6, 5))
    assert {a.answer for a in SlotAnswer.objects.filter(user=officer)} == {"yes"}
    assert verbs(meeting) == ["meeting.offered"]
    assert steps(case) == ["offered"]


def test_offer_of_the_organisation_passes_the_ball_to_the_lead(case, person, env):
    make_offer(case, person, days=(20, 25))
    holder, step, due_on = ball(case)
    assert (holder, step) == (env, "都合を答える")
    assert due_on < date(2026, 6, 22), "the limit of the stage comes first"


def test_offer_of_the_desk_is_answered_to_the_lead(case, city, person, env):
    meeting = make_offer(case, make_staff(city, "desk"))
    meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))
    assert ball(case)[:2] == (env, "日時を決める")


def test_offer_is_no_talk_yet(case, officer):
    make_offer(case, officer)
    assert [need.met for need in needs(case, "planning")] == [False]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "長" * 121}, "title"),
        ({"days": (3,)}, "times"),
        ({"days": (3, 3)}, "times"),
        ({"days": range(1, 12)}, "times"),
        ({"days": (-1, 3)}, "times"),
        ({"minutes_long": 4}, "minutes_long"),
    ],
)
def test_offer_that_is_not_whole_is_refused(case, officer, words, field):
    before = ball(case)
    with pytest.raises(Refused) as refusal:
        make_offer(case, officer, **words)
    assert refusal.value.field == field
    assert Meeting.objects.count() == 0
    assert ball(case) == before


def test_offer_sent_twice_is_kept_once(case, officer):
    key = uuid4()
    first = make_offer(case, officer, key=key)
    assert make_offer(case, officer, key=key) == first
    assert Meeting.objects.count() == 1


def test_offer_in_a_case_that_has_ended_is_refused(case, officer):
    actions.close(case, by=officer, reason="timing", feedback="また来年に。")
    with pytest.raises(Refused):
        make_offer(case, officer)


# Answering


def test_last_answer_gives_the_ball_back_to_whoever_offered(case, officer, person, env):
    meeting = make_offer(case, officer)
    one, two, three = meeting.slots.all()
    meetings.answer_times(meeting, by=person, answers={one.pk: "no", two.pk: "maybe", three.pk: "yes"})
    assert ball(case)[:2] == (env, "日時を決める")
    assert verbs(meeting) == ["meeting.offered", "meeting.answered"]
    assert history(meeting).last().data["complete"] is True
    assert steps(case) == ["offered", "answered"]


def test_answers_of_several_organisations_are_waited_for_one_by_one(case, city, officer, person, env):
    other = make_representative(make_organisation("やまかぜ商事株式会社"))
    second = other.represents.get().organisation
    actions.add_organisation(case, second, by=make_staff(city, "desk"))
    case = fresh(case)
    meeting = make_offer(case, officer)
    meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))
    assert ball(case)[:2] == (second, "都合を答える")
    meetings.answer_times(fresh(meeting), by=other, answers=all_of(meeting, "maybe"))
    assert ball(case)[:2] == (env, "日時を決める")


def test_answer_of_another_department_is_kept_and_moves_no_ball(case, city, officer, company):
    sea = make_department(city, "水産課")
    actions.add_department(case, sea, by=make_staff(city, "desk"))
    meeting = make_offer(fresh(case), officer)
    helper = make_staff(city, "officer", sea)
    meetings.answer_times(meeting, by=helper, answers=all_of(meeting, "no"))
    assert ball(case)[0] == company
    assert SlotAnswer.objects.filter(user=helper, answer="no").count() == 3


def test_answer_may_be_changed_and_then_moves_nothing(case, officer, person):
    meeting = make_offer(case, officer)
    meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))
    before = ball(case)
    meetings.answer_times(fresh(meeting), by=person, answers=all_of(meeting, "no"))
    assert {a.answer for a in SlotAnswer.objects.filter(user=person)} == {"no"}
    assert ball(case) == before
    assert steps(case) == ["offered", "answered"]


def test_answer_that_leaves_a_time_out_is_asked_for(case, officer, person):
    meeting = make_offer(case, officer)
    answers = all_of(meeting, "yes")
    answers.popitem()
    with pytest.raises(Missing):
        meetings.answer_times(meeting, by=person, answers=answers)
    assert not SlotAnswer.objects.filter(user=person).exists()


def test_answer_after_the_time_was_fixed_is_refused(case, officer, person):
    meeting = make_fixed(case, officer)
    with pytest.raises(Conflict):
        meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))


def test_best_time_is_the_one_most_people_can(case, officer, person):
    meeting = make_offer(case, officer)
    assert times.best(times.tallies(meeting)) is None
    one, two, three = meeting.slots.all()
    meetings.answer_times(meeting, by=person, answers={one.pk: "no", two.pk: "yes", three.pk: "yes"})
    assert times.best(times.tallies(fresh(meeting))).slot == two
    with clock.standing_at(two.starts_at):
        assert times.best(times.tallies(fresh(meeting))).slot == three


# Fixing


def test_fix_leaves_the_ball_with_the_lead_until_the_day(case, officer, env):
    meeting = make_fixed(case, officer)
    meeting = fresh(meeting)
    assert (meeting.state, meeting.held_at, meeting.sequence) == ("fixed", days_ahead(3)[0], 0)
    assert ball(case) == (env, "打合せ", date(2026, 6, 5))
    assert verbs(meeting) == ["meeting.offered", "meeting.fixed"]
    assert steps(case) == ["offered", "fixed"]


def test_one_organisation_does_not_fix_what_another_offered(case, city, officer, person):
    other = make_representative(make_organisation("やまかぜ商事株式会社"))
    actions.add_organisation(case, other.represents.get().organisation, by=make_staff(city, "desk"))
    meeting = make_offer(fresh(case), person)
    meetings.answer_times(fresh(meeting), by=officer, answers=all_of(meeting, "yes"))
    meeting = fresh(meeting)
    with pytest.raises(NotAllowed):
        meetings.fix_time(meeting, by=other, slot=meeting.slots.first())
    meetings.fix_time(fresh(meeting), by=person, slot=meeting.slots.first())
    assert fresh(meeting).state == "fixed"


def test_fix_at_another_time_by_the_municipality(case, officer):
    meeting = make_offer(case, officer)
    meetings.fix_time(meeting, by=officer, held_at=days_ahead(9)[0])
    assert fresh(meeting).held_at == days_ahead(9)[0]


def test_fix_by_two_at_once_keeps_the_first(case, officer):
    meeting = make_offer(case, officer)
    seen = fresh(meeting)
    one, two, _three = meeting.slots.all()
    meetings.fix_time(meeting, by=officer, slot=one)
    with pytest.raises(Conflict):
        meetings.fix_time(seen, by=officer, slot=two)
    assert fresh(meeting).held_at == one.starts_at


def test_fix_at_a_time_that_has_passed_is_refused(case, officer):
    meeting = make_offer(case, officer)
    slot = meeting.slots.first()
    with clock.standing_at(slot.starts_at), pytest.raises(Refused):
        meetings.fix_time(meeting, by=officer, slot=slot)


def test_fix_at_a_time_of_another_talk_is_refused(case, officer):
    slot = make_offer(case, officer).slots.first()
    with pytest.raises(Refused):
        meetings.fix_time(make_offer(case, officer), by=officer, slot=slot)


def test_fix_by_the_organisation_of_what_the_municipality_offered_is_not_allowed(case, officer, person):
    meeting = make_offer(case, officer)
    meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))
    with pytest.raises(NotAllowed):
        meetings.fix_time(meeting, by=person, slot=meeting.slots.first())
    assert fresh(meeting).state == "offered"


def test_fix_by_the_organisation_of_its_own_offer_wants_somebody_who_can_come(case, officer, person):
    meeting = make_offer(case, person)
    one, two, three = meeting.slots.all()
    with pytest.raises(Refused):
        meetings.fix_time(meeting, by=person, slot=two)
    meetings.answer_times(meeting, by=officer, answers={one.pk: "no", two.pk: "yes", three.pk: "no"})
    with pytest.raises(Refused):
        meetings.fix_time(fresh(meeting), by=person, slot=one)
    meetings.fix_time(fresh(meeting), by=person, slot=two)
    assert fresh(meeting).held_at == two.starts_at


# Changing and cancelling


def test_change_counts_one_further_and_moves_the_day(case, officer, env):
    meeting = make_fixed(case, officer)
    later = days_ahead(10)[0]
    meetings.change_meeting(meeting, by=officer, held_at=later, place="オンライン")
    meeting = fresh(meeting)
    assert (meeting.held_at, meeting.place, meeting.sequence) == (later, "オンライン", 1)
    assert ball(case) == (env, "打合せ", date(2026, 6, 12))
    assert verbs(meeting)[-1] == "meeting.changed"


def test_change_of_nothing_is_refused(case, officer):
    meeting = make_fixed(case, officer)
    with pytest.raises(Refused):
        meetings.change_meeting(meeting, by=officer, held_at=meeting.held_at, place=meeting.place)
    assert fresh(meeting).sequence == 0


def test_change_by_two_at_once_keeps_the_first(case, officer):
    meeting = make_fixed(case, officer)
    seen = fresh(meeting)
    meetings.change_meeting(meeting, by=officer, held_at=days_ahead(10)[0], place="A")
    with pytest.raises(Conflict):
        meetings.change_meeting(seen, by=officer, held_at=days_ahead(11)[0], place="B")
    assert fresh(meeting).place == "A"


def test_change_by_the_organisation_is_not_allowed(case, officer, person):
    meeting = make_fixed(case, officer)
    with pytest.raises(NotAllowed):
        meetings.change_meeting(meeting, by=person, held_at=days_ahead(10)[0], place="")


def test_change_of_what_is_not_fixed_is_refused(case, officer):
    meeting = make_offer(case, officer)
    with pytest.raises(Refused):
        meetings.change_meeting(meeting, by=officer, held_at=days_ahead(10)[0], place="")


def test_cancel_of_a_fixed_talk_counts_one_further(case, officer, person, env):
    meeting = make_fixed(case, officer)
    meetings.cancel_meeting(meeting, by=person, reason="担当者の体調不良のため")
    meeting = fresh(meeting)
    assert (meeting.state, meeting.sequence) == ("cancelled", 1)
    assert ball(case)[:2] == (env, "次の進め方を決める")
    assert verbs(meeting)[-1] == "meeting.cancelled"
    assert steps(case)[-1] == "cancelled"


def test_cancel_of_an_offer_takes_nothing_out_of_calendars(case, officer):
    meeting = make_offer(case, officer)
    meetings.cancel_meeting(meeting, by=officer, reason="電話で済んだため")
    assert fresh(meeting).sequence == 0
    assert history(meeting).last().data["was_fixed"] is False


def test_cancel_without_a_reason_is_asked_for(case, officer):
    meeting = make_fixed(case, officer)
    with pytest.raises(Missing) as refusal:
        meetings.cancel_meeting(meeting, by=officer, reason=" ")
    assert refusal.value.field == "cancel_reason"
    assert fresh(meeting).state == "fixed"


def test_cancel_twice_is_refused(case, officer):
    meeting = make_fixed(case, officer)
    meetings.cancel_meeting(meeting, by=officer, reason="中止")
    with pytest.raises(Refused):
        meetings.cancel_meeting(meeting, by=officer, reason="中止")


# Minutes


@pytest.fixture
def met(case, officer):
    """A fixed talk, and the moment after it."""
    meeting = make_fixed(case, officer)
    with clock.standing_at(meeting.held_at + timedelta(hours=2)):
        yield meeting


def test_minutes_pass_the_ball_to_the_doer_of_the_first_to_do(case, met, officer, company, env):
    day = clock.today()
    meetings.record_minutes(
        met,
        by=officer,
        minutes="現場を見た。",
        attendees="森、潮見",
        decisions="9月に試す。",
        todos=[
            {"text": "会場を押さえる", "doer": env, "due_on": day + timedelta(days=11)},
            {"text": "見積りを出す", "doer": company, "due_on": day + timedelta(days=4)},
        ],
    )
    met = fresh(met)
    assert (met.state, met.decisions) == ("held", "9月に試す。")
    assert ball(case) == (company, "見積りを出す", day + timedelta(days=4))
    assert [todo.text for todo in met.todos.all()] == ["見積りを出す", "会場を押さえる"]
    assert verbs(met)[-1] == "meeting.minuted"
    assert [need.met for need in needs(case, "planning")] == [True]


def test_minutes_without_a_to_do_leave_the_ball_with_the_lead(case, met, officer, env):
    meetings.record_minutes(met, by=officer, minutes="話した。")
    holder, step, due_on = ball(case)
    assert (holder, step) == (env, "次の進め方を決める")
    assert due_on > clock.today()


def test_minutes_before_the_talk_are_refused(case, officer):
    meeting = make_fixed(case, officer)
    with pytest.raises(Refused):
        meetings.record_minutes(meeting, by=officer, minutes="話した。")
    assert fresh(meeting).state == "fixed"


def test_minutes_without_a_word_are_asked_for(met, officer):
    with pytest.raises(Missing):
        meetings.record_minutes(met, by=officer, attendees="森")


def test_minutes_by_the_organisation_are_not_allowed(met, person):
    with pytest.raises(NotAllowed):
        meetings.record_minutes(met, by=person, minutes="話した。")


@pytest.mark.parametrize("wrong", ["text", "doer", "day"])
def test_minutes_with_a_broken_to_do_are_refused_whole(case, met, officer, company, wrong):
    todo = {"text": "見積りを出す", "doer": company, "due_on": clock.today()}
    todo |= {
        "text": {"text": " "},
        "doer": {"doer": make_organisation()},
        "day": {"due_on": clock.today() - timedelta(days=1)},
    }[wrong]
    with pytest.raises(Refused) as refusal:
        meetings.record_minutes(met, by=officer, minutes="話した。", todos=[todo])
    assert refusal.value.field == "todos"
    assert fresh(met).state == "fixed"
    assert Todo.objects.count() == 0


def test_minutes_twice_are_refused(met, officer):
    seen = fresh(met)
    meetings.record_minutes(met, by=officer, minutes="話した。")
    with pytest.raises(Conflict):
        meetings.record_minutes(seen, by=officer, minutes="もう一度。")
    assert fresh(met).minutes == "話した。"


# A talk agreed by telephone


def test_corrected_minutes_keep_what_stood_before_in_the_journal(case, met, officer, person):
    meetings.record_minutes(met, by=officer, minutes="話した。", decisions="9月に試す。")
    before = ball(case)
    meetings.correct_minutes(met, by=officer, minutes="話した。", decisions="10月に試す。")
    assert (fresh(met).decisions, fresh(met).recorded_by, ball(case)) == ("10月に試す。", officer, before)
    entry = history(met).last()
    assert (entry.verb, entry.data["before"], entry.data["after"]) == (
        "meeting.corrected",
        {"decisions": "9月に試す。"},
        {"decisions": "10月に試す。"},
    )
    assert steps(case)[-1] == "corrected"
    (letter,) = [each for each in minutes_corrected(entry) if each.user == person]
    assert letter.title.startswith("議事録が直されました")
    assert "10月に試す。" in letter.body


def test_correct_minutes_before_there_are_any_is_refused(met, officer):
    with pytest.raises(Refused):
        meetings.correct_minutes(met, by=officer, minutes="話した。")
    assert (fresh(met).state, fresh(met).minutes) == ("fixed", "")


@pytest.mark.parametrize(
    ("words", "error"),
    [({"minutes": " 話した。 "}, Refused), ({"minutes": " ", "attendees": "森"}, Missing)],
)
def test_correct_minutes_with_nothing_new_or_nothing_at_all_is_refused(met, officer, words, error):
    meetings.record_minutes(met, by=officer, minutes="話した。")
    with pytest.raises(error):
        meetings.correct_minutes(met, by=officer, **words)
    assert fresh(met).minutes == "話した。"


def test_correct_minutes_by_two_at_once_keeps_the_first(met, officer):
    meetings.record_minutes(met, by=officer, minutes="話した。")
    seen = fresh(met)
    meetings.correct_minutes(met, by=officer, minutes="海岸で話した。")
    with pytest.raises(Conflict):
        meetings.correct_minutes(seen, by=officer, minutes="市役所で話した。")
    assert fresh(met).minutes == "海岸で話した。"


def test_correct_minutes_by_the_organisation_is_not_allowed(met, officer, person):
    meetings.record_minutes(met, by=officer, minutes="話した。")
    with pytest.raises(NotAllowed):
        meetings.correct_minutes(met, by=person, minutes="聞いた。")


def test_talk_noted_ahead_of_its_time_is_fixed_and_invited_to(case, officer, env):
    meeting = actions.record_meeting(case, by=officer, held_at=days_ahead(6)[0], place="現地")
    assert meeting.state == "fixed"
    assert ball(case) == (env, "打合せ", date(2026, 6, 8))
    assert verbs(meeting) == ["meeting.fixed"]
    assert steps(case) == ["fixed"]


# Whoever has no part in the case


ACTS = {
    "offer": lambda meeting, by: make_offer(meeting.case, by),
    "answer": lambda meeting, by: meetings.answer_times(meeting, by=by, answers=all_of(meeting, "yes")),
    "fix": lambda meeting, by: meetings.fix_time(meeting, by=by, slot=meeting.slots.first()),
    "change": lambda meeting, by: meetings.change_meeting(meeting, by=by, held_at=days_ahead(9)[0], place=""),
    "cancel": lambda meeting, by: meetings.cancel_meeting(meeting, by=by, reason="中止"),
    "minutes": lambda meeting, by: meetings.record_minutes(meeting, by=by, minutes="話した。"),
    "correct": lambda meeting, by: meetings.correct_minutes(meeting, by=by, minutes="聞いた。"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["auditor", "administrator", "officer", "rival"])
def test_act_by_who_may_not_is_not_allowed(case, city, officer, act, role):
    meeting = make_offer(case, officer) if act in ("answer", "fix") else make_fixed(case, officer)
    by = make_representative() if role == "rival" else make_staff(city, role)
    before = (Entry.objects.count(), ball(case))
    with pytest.raises(NotAllowed):
        ACTS[act](meeting, by)
    assert (Entry.objects.count(), ball(case)) == before


def test_no_step_leaves_the_case_without_a_holder(case, officer, person):
    """Through a whole talk, and a cancelled one beside it."""
    seen = []

    def look():
        case_now = Case.objects.get(pk=case.pk)
        seen.append(case_now.holder is not None and case_now.ball_due_on is not None)

    meeting = make_offer(case, officer)
    look()
    meetings.answer_times(meeting, by=person, answers=all_of(meeting, "yes"))
    look()
    meetings.fix_time(meeting, by=officer, slot=meeting.slots.first())
    look()
    other = make_fixed(case, officer)
    meetings.cancel_meeting(other, by=officer, reason="中止")
    look()
    with clock.standing_at(meeting.held_at):
        meetings.record_minutes(meeting, by=officer, minutes="話した。")
        look()
    assert seen == [True] * 5
