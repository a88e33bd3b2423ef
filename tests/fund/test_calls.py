"""Calls: prepared by the rules in use, published, open to the second, asked about; what was promised stays."""

import uuid
from datetime import date, datetime, timedelta

import pytest

from musubi.fund import actions
from musubi.fund.models import Assignment, Call, CallQuestion
from musubi.fund.rules import is_open
from musubi.fund.states import Stage
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.at_once.race import race, seen, told
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_committee,
    make_edition,
    make_fund,
    screen,
)
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
OPENS, CLOSES = clock.at(date(2025, 6, 11), 9), clock.at(date(2025, 6, 30), 17)
DAYS = {
    "first_on": date(2025, 7, 14),
    "second_on": date(2025, 8, 6),
    "decision_on": date(2025, 8, 25),
    "payment_on": date(2025, 9, 10),
    "report_on": date(2026, 3, 31),
    "outcome_on": date(2026, 9, 30),
}


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def edition(city):
    return make_edition(city)


@pytest.fixture
def draft(fund, edition):
    return make_call(fund, edition=edition, state="draft", opens_at=OPENS, closes_at=CLOSES)


@pytest.fixture
def call(draft):
    actions.publish_call(draft, by=None)
    return draft


def at(moment: datetime):
    return clock.standing_at(moment)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def prepare(fund, edition, by, **words) -> Call:
    return actions.prepare_call(
        fund,
        by=by,
        **{
            "edition": edition,
            "pots": [general(fund)],
            "title": "令和7年度の募集",
            "opens_at": OPENS,
            "closes_at": CLOSES,
            **words,
        },
    )


# --- preparing ---------------------------------------------------------------------------------------------------


def test_prepare_call_with_its_days(fund, edition, desk):
    call = seen(prepare(fund, edition, desk, title=" 令和7年度の募集 ", text=" ご案内 ", **DAYS))
    assert (call.ref, call.title, call.text, call.state) == ("2025-001", "令和7年度の募集", "ご案内", "draft")
    assert (call.opens_at, call.closes_at, call.edition) == (OPENS, CLOSES, edition)
    assert {name: getattr(call, name) for name in DAYS} == DAYS
    assert list(call.pots.all()) == [general(fund)]
    assert verbs(call) == ["call.prepared"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "募" * 100_000}, "title"),
        ({"opens_at": None}, "opens_at"),
        ({"closes_at": None}, "closes_at"),
        ({"closes_at": OPENS}, "closes_at"),
        ({"closes_at": OPENS - SECOND}, "closes_at"),
        ({"pots": []}, "pots"),
        ({"first_on": date(2025, 6, 29)}, "first_on"),
        ({**DAYS, "second_on": date(2025, 7, 13)}, "second_on"),
        ({"second_on": date(2025, 8, 6), "outcome_on": date(2025, 8, 5)}, "outcome_on"),
    ],
)
def test_a_call_that_cannot_be_is_refused(fund, edition, desk, words, field):
    with pytest.raises(Refused) as refusal:
        prepare(fund, edition, desk, **words)
    assert (refusal.value.field, Call.objects.count()) == (field, 0)


def test_days_may_fall_together(fund, edition, desk):
    same = dict.fromkeys(DAYS, date(2025, 6, 30))
    assert prepare(fund, edition, desk, **same).outcome_on == date(2025, 6, 30)


def test_a_call_is_made_by_an_edition_in_use_of_this_municipality(fund, edition, desk):
    next_one = actions.draft_edition(edition.programme, by=None)
    for wrong in (next_one, make_edition(make_municipality())):
        with pytest.raises(Refused) as refusal:
            prepare(fund, wrong, desk)
        assert refusal.value.field == "edition"
    stale = seen(edition)
    actions.use_edition(next_one, by=None)
    with pytest.raises(Refused, match="使用中の版"):
        prepare(fund, stale, desk)


def test_a_call_spends_the_pots_of_its_own_fund(fund, edition, desk):
    with pytest.raises(Refused) as refusal:
        prepare(fund, edition, desk, pots=[general(fund), general(make_fund())])
    assert refusal.value.field == "pots"


def test_a_call_spends_no_money_given_for_another_programme(fund, edition, desk):
    other = make_edition(fund.municipality)
    theirs = actions.earmark(fund, by=None, programme=other.programme)
    own = actions.earmark(fund, by=None, programme=edition.programme)
    with pytest.raises(Refused, match="その制度のために寄せられたお金です") as refusal:
        prepare(fund, edition, desk, pots=[own, theirs])
    assert refusal.value.field == "pots"
    call = prepare(fund, edition, desk, pots=[own])
    for words in ({"pots": [theirs]}, {"edition": other}):
        with pytest.raises(Refused) as refusal:
            actions.save_call(Call.objects.get(pk=call.pk), by=None, **words)
        assert refusal.value.field == "pots"
    assert list(call.pots.all()) == [own]
    # As in a draft from before this was refused.
    call.pots.add(theirs)
    with pytest.raises(Refused) as refusal:
        actions.publish_call(Call.objects.get(pk=call.pk), by=None)
    assert refusal.value.field == "pots"


def test_a_name_that_is_no_word_of_a_call_is_a_programmers_error(fund, edition):
    with pytest.raises(TypeError):
        prepare(fund, edition, None, state="published")


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_calls_are_the_desks(city, fund, edition, draft, role):
    person = make_staff(city, role)
    for act in (
        lambda: prepare(fund, edition, person),
        lambda: actions.save_call(draft, by=person, title="別の募集"),
        lambda: actions.publish_call(draft, by=person),
        lambda: actions.cancel_call(draft, by=person, reason="事情"),
    ):
        with pytest.raises(NotAllowed):
            act()


# --- changing ----------------------------------------------------------------------------------------------------


def test_a_draft_is_changed_in_everything(fund, draft, desk):
    sea = actions.earmark(fund, by=None, theme="海の環境")
    other = make_edition(fund.municipality)
    actions.save_call(
        draft,
        by=desk,
        title="別の募集",
        opens_at=OPENS + SECOND,
        closes_at=CLOSES - SECOND,
        pots=[sea],
        edition=other,
    )
    draft = seen(draft)
    assert (draft.title, draft.opens_at, draft.closes_at) == ("別の募集", OPENS + SECOND, CLOSES - SECOND)
    assert (list(draft.pots.all()), draft.edition) == ([sea], other)
    entry = history(draft).last()
    assert (entry.verb, entry.data["changed"]) == (
        "call.saved",
        ["closes_at", "edition", "opens_at", "title"],
    )


def test_a_published_call_is_only_put_off(call, desk):
    actions.save_call(
        call, by=desk, closes_at=CLOSES + SECOND, text="締切を延ばしました。", first_on=DAYS["first_on"]
    )
    call = seen(call)
    assert (call.closes_at, call.text, call.first_on) == (
        CLOSES + SECOND,
        "締切を延ばしました。",
        DAYS["first_on"],
    )


@pytest.mark.parametrize("field", ["opens_at", "closes_at", "pots", "edition"])
def test_what_was_promised_stays(call, desk, field):
    change = {
        "opens_at": OPENS - SECOND,
        "closes_at": CLOSES - SECOND,
        "pots": list(call.pots.all()),
        "edition": make_edition(call.fund.municipality),
    }[field]
    before = Call.objects.filter(pk=call.pk).values().get()
    with pytest.raises(Refused) as refusal:
        actions.save_call(call, by=desk, **{field: change})
    assert refusal.value.field == field
    assert Call.objects.filter(pk=call.pk).values().get() == before


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "募" * 100_000}, "title"),
        ({"closes_at": None}, "closes_at"),
        ({"decision_on": date(2025, 6, 29)}, "decision_on"),
    ],
)
def test_a_change_that_cannot_be_is_refused(call, desk, words, field):
    with pytest.raises(Refused) as refusal:
        actions.save_call(call, by=desk, **words)
    assert refusal.value.field == field


def test_a_window_that_has_closed_stays_closed(call, desk):
    with at(CLOSES):
        with pytest.raises(Refused, match="開き直す") as refusal:
            actions.save_call(call, by=desk, closes_at=CLOSES + timedelta(days=1))
        actions.save_call(call, by=desk, text="審査を始めます。", closes_at=CLOSES)
    assert refusal.value.field == "closes_at"
    assert (seen(call).closes_at, seen(call).text) == (CLOSES, "審査を始めます。")
    with at(CLOSES - SECOND):
        actions.save_call(call, by=desk, closes_at=CLOSES + timedelta(days=1))
    assert seen(call).closes_at == CLOSES + timedelta(days=1)


def test_a_call_that_was_closed_stays_as_it_is(draft, desk):
    actions.cancel_call(draft, by=None, reason="事情")
    with pytest.raises(Refused, match="変えられません"):
        actions.save_call(draft, by=desk, title="別の募集")


# --- publishing --------------------------------------------------------------------------------------------------


def test_publish_call_tells_its_window(draft, desk):
    actions.publish_call(draft, by=desk)
    assert (draft.state, draft.published_at) == ("published", clock.now())
    entry = history(draft).last()
    assert (entry.verb, entry.actor_id) == ("call.published", desk.pk)
    assert datetime.fromisoformat(entry.data["opens_at"]) == OPENS
    assert datetime.fromisoformat(entry.data["closes_at"]) == CLOSES


def test_a_call_is_published_before_it_closes(draft, desk):
    with at(CLOSES), pytest.raises(Refused, match="過ぎています"):
        actions.publish_call(draft, by=desk)
    with at(CLOSES - SECOND):
        actions.publish_call(draft, by=desk)
    assert seen(draft).state == "published"


def test_a_call_is_published_once(call, desk):
    with pytest.raises(Refused):
        actions.publish_call(call, by=desk)
    assert verbs(call).count("call.published") == 1


def test_a_call_is_published_as_it_stands_by_then(draft, desk):
    stale = seen(draft)
    actions.save_call(draft, by=None, closes_at=CLOSES + SECOND)
    with at(CLOSES):
        actions.publish_call(stale, by=desk)
    assert datetime.fromisoformat(history(draft).last().data["closes_at"]) == CLOSES + SECOND


def test_a_call_is_not_published_by_rules_that_were_replaced(draft, edition, desk):
    newer = actions.draft_edition(edition.programme, by=None)
    actions.use_edition(newer, by=None)
    with pytest.raises(Refused) as refusal:
        actions.publish_call(draft, by=desk)
    assert (refusal.value.field, seen(draft).state) == ("edition", "draft")
    actions.save_call(draft, by=desk, edition=newer)
    actions.publish_call(draft, by=desk)
    assert (seen(draft).state, seen(draft).edition) == ("published", newer)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (OPENS - SECOND, False),
        (OPENS, True),
        (CLOSES - SECOND, True),
        (CLOSES - timedelta(microseconds=1), True),
        (CLOSES, False),
        (CLOSES + SECOND, False),
    ],
)
def test_a_call_is_open_to_the_second(call, moment, open_):
    assert is_open(call, moment) is open_


def test_a_draft_is_never_open(draft):
    assert not is_open(draft, OPENS)


# --- giving it up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "published"])
def test_cancel_call_says_why(fund, edition, desk, state):
    call = make_call(fund, edition=edition, state=state)
    actions.cancel_call(call, by=desk, reason=" 財源がなくなったため ")
    assert seen(call).state == "cancelled"
    entry = history(call).last()
    assert (entry.verb, entry.data["reason"]) == ("call.cancelled", "財源がなくなったため")


def test_what_was_filed_ends_with_its_call_and_drafts_stay(fund, edition, desk):
    call = make_call(fund, edition=edition)
    states = ["draft", "submitted", "returned", "checked", "withdrawn"]
    rows = {state: make_application(call, state=state) for state in states}
    actions.cancel_call(call, by=desk, reason="財源がなくなったため")
    found = {state: seen(row).state for state, row in rows.items()}
    assert found == {"draft": "draft", **dict.fromkeys(states[1:], "withdrawn")}
    assert [seen(rows[state]).reason for state in states[1:]] == ["募集の中止: 財源がなくなったため"] * 3 + [
        ""
    ]
    entry = history(rows["checked"]).last()
    assert (entry.verb, entry.actor_id) == ("application.withdrawn", desk.pk)
    assert history(call).last().data["applications"] == 3


def test_nothing_is_screened_in_a_call_that_was_given_up(fund, edition, desk):
    call = make_call(fund, edition=edition)
    application = make_application(call)
    make_committee(fund)
    with at(call.closes_at):
        actions.begin_screening(call, by=None)
        actions.assign(call, by=None, stage=Stage.FIRST)
        sheet = Assignment.objects.first()
        stale = Assignment.objects.select_related("application__call", "member").get(pk=sheet.pk)
        actions.cancel_call(call, by=desk, reason="財源がなくなったため")
        words = {"by": desk, "outcome": "not_awarded", "reasons": "予算"}
        for act in (
            lambda: actions.assign(seen(call), by=desk, stage=Stage.FIRST),
            lambda: actions.score(stale, by=stale.member.user, points={}, submit=False),
            lambda: actions.take_back(stale, by=desk),
            lambda: actions.nudge(seen(call), by=desk, stage=Stage.FIRST),
            lambda: actions.note_panel(application, by=desk, stage=Stage.FIRST, text="よい"),
            lambda: actions.prepare_decision(application, **words),
            lambda: actions.decide_stage(call, by=desk, stage=Stage.FIRST, passed=[], reasons={}),
            lambda: actions.release(call, by=desk),
        ):
            with pytest.raises(Refused):
                act()
    assert (seen(sheet).state, seen(application).state) == ("assigned", "withdrawn")


def test_a_call_is_not_cancelled_without_a_reason(call, desk):
    with pytest.raises(Missing) as refusal:
        actions.cancel_call(call, by=desk, reason=" ")
    assert (refusal.value.field, seen(call).state) == ("reason", "published")


def test_a_call_is_not_cancelled_after_its_results(fund, edition, desk):
    call = make_call(fund, edition=edition)
    application = make_application(call)
    with at(call.closes_at):
        screen(call)
        actions.prepare_decision(application_now(application), by=None, outcome="not_awarded", reasons="予算")
        actions.release(call, by=None)
        with pytest.raises(Refused, match="結果発表済み"):
            actions.cancel_call(call, by=desk, reason="事情")
    assert seen(call).state == "released"


def application_now(application):
    application.refresh_from_db()
    return application


# --- questions and answers ---------------------------------------------------------------------------------------


def test_ask_and_answer(call, desk):
    company = make_organisation()
    person = make_representative(company)
    question = actions.ask(call, by=person, question=" 旅費は対象ですか。 ", organisation=company)
    assert (question.question, question.asked_by, question.asked_at) == (
        "旅費は対象ですか。",
        person,
        clock.now(),
    )
    assert (question.answer, question.answered_at) == ("", None)
    actions.answer(question, by=desk, words=" 20万円まで対象です。 ")
    question = seen(question)
    assert (question.answer, question.answered_at, question.answered_by) == (
        "20万円まで対象です。",
        clock.now(),
        desk,
    )
    assert verbs(call)[-2:] == ["call.asked", "call.answered"]


def test_anybody_who_signed_in_asks_in_the_own_name(call):
    assert actions.ask(call, by=make_user(), question="対象ですか。").organisation is None


def test_nobody_asks_in_the_name_of_another_organisation(call):
    with pytest.raises(NotAllowed):
        actions.ask(call, by=make_representative(), question="対象ですか。", organisation=make_organisation())
    assert CallQuestion.objects.count() == 0


@pytest.mark.parametrize("words", ["", " \n ", "問" * 4001, "問" * 100_000])
def test_a_question_has_words_but_not_too_many(call, words):
    with pytest.raises(Refused) as refusal:
        actions.ask(call, by=make_user(), question=words)
    assert refusal.value.field == "question"
    assert actions.ask(call, by=make_user(), question="問" * 4000).pk


def test_questions_are_taken_until_the_second_it_closes(call):
    with at(CLOSES - SECOND):
        actions.ask(call, by=make_user(), question="間に合いますか。")
    with at(CLOSES), pytest.raises(Refused, match="終わりました"):
        actions.ask(call, by=make_user(), question="間に合いますか。")
    assert CallQuestion.objects.count() == 1


def test_a_call_that_is_not_public_is_not_asked_about(draft):
    with pytest.raises(Refused):
        actions.ask(draft, by=make_user(), question="いつからですか。")


def test_a_question_sent_twice_is_asked_once(call):
    person, key = make_user(), uuid.uuid4()
    first = actions.ask(call, by=person, question="対象ですか。", key=key)
    assert actions.ask(call, by=person, question="対象ですか。", key=key) == first
    assert (CallQuestion.objects.count(), verbs(call).count("call.asked")) == (1, 1)


def test_the_key_of_another_does_not_show_their_question(call):
    key = uuid.uuid4()
    actions.ask(call, by=make_user(), question="対象ですか。", key=key)
    with pytest.raises(Conflict):
        actions.ask(call, by=make_user(), question="対象ですか。", key=key)


def test_a_person_asks_so_many_questions_a_day(call):
    person = make_user()
    for number in range(10):
        last = actions.ask(call, by=person, question=f"質問{number}", key=uuid.uuid4())
    with pytest.raises(Refused, match="1日に10件まで"):
        actions.ask(call, by=person, question="もう一つ")
    assert actions.ask(call, by=person, question="質問9", key=last.key) == last
    actions.ask(call, by=make_user(), question="別の方の質問")
    assert CallQuestion.objects.count() == 11
    with clock.standing_at(clock.now() + timedelta(days=1)):
        actions.ask(call, by=person, question="次の日")


def test_an_answer_can_be_put_right(call, desk):
    question = actions.ask(call, by=make_user(), question="対象ですか。")
    actions.answer(question, by=desk, words="対象です。")
    stale = seen(question)
    actions.answer(question, by=desk, words="対象ではありません。")
    with pytest.raises(Conflict):
        actions.answer(stale, by=desk, words="どちらともいえません。")
    assert seen(question).answer == "対象ではありません。"


def test_an_answer_has_words_and_is_the_desks(call, city, desk):
    question = actions.ask(call, by=make_user(), question="対象ですか。")
    with pytest.raises(Missing):
        actions.answer(question, by=desk, words=" ")
    for person in (make_staff(city, "manager"), make_staff(make_municipality()), make_representative()):
        with pytest.raises(NotAllowed):
            actions.answer(question, by=person, words="対象です。")
    assert seen(question).answer == ""


# --- two at once -------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_double_click_asks_once():
    with clock.standing_at(date(2026, 1, 5)):
        call = make_call(make_fund(year=2025))
    person, key = make_user(), uuid.uuid4()

    def ask():
        with clock.standing_at(date(2026, 1, 6)):
            return actions.ask(call, by=person, question="対象ですか。", key=key)

    assert len({question.pk for question in race(*(ask,) * 4)}) == 1
    assert CallQuestion.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_questions_sent_at_once_are_counted():
    with clock.standing_at(date(2026, 1, 5)):
        call = make_call(make_fund(year=2025))
    person = make_user()

    def ask():
        with clock.standing_at(date(2026, 1, 6)):
            return actions.ask(call, by=person, question="対象ですか。")

    for _ in range(8):
        ask()
    assert told(race(*(ask,) * 4)) == 2
    assert CallQuestion.objects.count() == 10


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_prepare_calls_get_two_numbers():
    fund = make_fund()
    edition = make_edition(fund.municipality)
    calls = race(*(lambda: prepare(fund, seen(edition), None),) * 4)
    assert told(calls) == 0
    assert len({call.ref for call in calls}) == 4
