"""Several people at once in one case: one holder, no message lost, nothing lands in a closed case."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from musubi.cases import actions
from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Agreement, Case, CaseFile, Meeting, Post, Trial
from musubi.cases.trials import actions as trials
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.fiscal import end_of_fiscal_year
from musubi.outcomes import actions as outcomes
from musubi.outcomes.models import Outcome, Story
from musubi.people import permissions
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.cases import make_case
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
FEEDBACK = {"reason": "budget", "feedback": "来年度の予算で改めてご相談します。"}
OUTCOME = {
    "kind": "implemented",
    "title": "分別にかかる時間が半分に",
    "summary": "週6時間が3時間に減りました。",
    "started_on": date(2026, 4, 1),
}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def colleague(city, officer):
    return make_staff(city, "manager", officer.staff.get().department)


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person)


def entries(*verbs: str) -> int:
    return Entry.objects.filter(verb__in=verbs).count()


def file_words(name: str) -> dict:
    return {"stored": f"cases/{name}", "name": name, "size": 10, "media_type": "text/plain"}


# Every way to add something to a case, by a name the tests below print.
ADDS = {
    "say": lambda case, by: actions.say(case, by=by, body="日程をご相談させてください。"),
    "inform": lambda case, by: actions.say(case, by=by, body="会場が決まりました。", asks=False),
    "meet": lambda case, by: actions.record_meeting(
        case, by=by, held_at=clock.now() - timedelta(hours=1), minutes="費用を話した。"
    ),
    "file": lambda case, by: actions.add_file(case, by=by, **file_words("plan.txt")),
    "department": lambda case, by: actions.add_department(case, make_department(case.municipality), by=by),
    "organisation": lambda case, by: actions.add_organisation(case, make_organisation(), by=by),
    "trial": lambda case, by: trials.plan_trial(
        case,
        by=by,
        title="海岸での試行",
        field="中央海岸",
        starts_on=clock.today(),
        ends_on=end_of_fiscal_year(clock.today()),
        measures=[{"name": "時間", "unit": "時間", "threshold": "3"}],
        knows_late=True,
    ),
    "adoption": lambda case, by: actions.set_adoption_route(
        case, by=by, budget="清掃費", department=case.lead, deadline=clock.today()
    ),
    "hand": lambda case, by: actions.hand_ball(case, case.lead, by=by, next_step="資料を読む"),
    "outcome": lambda case, by: outcomes.record_outcome(case, by=by, **OUTCOME),
}


def contents(case) -> dict:
    """What the record holds, and what the journal says of it."""
    return {
        "posts": Post.objects.filter(case=case).count(),
        "files": CaseFile.objects.filter(case=case).count(),
        "meetings": Meeting.objects.filter(case=case).count(),
        "trials": Trial.objects.filter(case=case).count(),
        "outcomes": Outcome.objects.filter(case=case).count(),
        "departments": case.departments.through.objects.filter(case=case).count(),
        "organisations": case.organisations.through.objects.filter(case=case).count(),
        "journal": Entry.objects.count(),
    }


@pytest.mark.parametrize("name", ADDS)
@pytest.mark.parametrize("moment", ["before it writes", "before it commits"])
def test_nothing_lands_in_a_case_that_is_closed_meanwhile(case, desk, colleague, monkeypatch, name, moment):
    """Before it writes: the case closes first, and the other is told. Before it commits: closing waits its turn."""
    screens = [seen(case), seen(case)]
    before = contents(case)
    owner, point = (permissions, "require") if moment == "before it writes" else (journal, "write")
    results = cut_in(
        monkeypatch,
        owner,
        point,
        first=lambda: ADDS[name](screens[0], desk),
        second=lambda: actions.close(screens[1], by=colleague, **FEEDBACK),
    )
    after = contents(case)
    if moment == "before it writes":
        assert told(results) == 1
        assert results[1] is None
        assert after == before | {"posts": before["posts"] + 1, "journal": before["journal"] + 2}
    else:
        assert told(results) == 0
    here = seen(case)
    assert (here.stage, here.holder) == ("closed", None)
    last = Post.objects.filter(case=case).order_by("id").last()
    assert (last.kind, last.data.get("to")) == ("decision", "closed")


def test_say_and_close_at_once_many_times(city, company, person, officer, colleague):
    for _ in range(15):
        case = make_case(city, company, officer=officer, by=person)
        screens = [seen(case), seen(case)]
        results = race(
            lambda: actions.say(screens[0], by=person, body="資料をお送りします。"),  # noqa: B023
            lambda: actions.close(screens[1], by=colleague, **FEEDBACK),  # noqa: B023
        )
        assert results[1] is None
        lines = list(Post.objects.filter(case=case).order_by("id").values_list("kind", flat=True))
        assert lines == ["stage", *(["message"] * (1 - told(results))), "decision"]


def test_organisation_speaks_while_the_ball_is_handed_on(case, desk, officer, person, monkeypatch):
    """The hand-over to another department is not undone by a message written when the organisation still had it."""
    other = make_department(case.municipality)
    actions.add_department(case, other, by=desk)
    actions.say(case, by=officer, body="いつ始められますか。")
    screens = [seen(case), seen(case)]
    assert screens[0].ball_organisation_id
    results = cut_in(
        monkeypatch,
        permissions,
        "require",
        first=lambda: actions.say(screens[0], by=person, body="来月から始められます。"),
        second=lambda: actions.hand_ball(screens[1], other, by=desk, next_step="現場を確かめる"),
    )
    assert told(results) == 0
    assert seen(case).ball_department == other
    assert Post.objects.filter(case=case, kind="message").count() == 2


def test_say_at_the_same_time_loses_no_message(case, desk, officer, colleague, person):
    people = [desk, officer, colleague, person] * 2
    pairs = [(seen(case), by, f"{n}通目です。") for n, by in enumerate(people)]
    results = race(*(lambda c=c, by=by, body=body: actions.say(c, by=by, body=body) for c, by, body in pairs))
    assert told(results) == 0
    said = Post.objects.filter(case=case, kind="message").values_list("body", flat=True)
    assert sorted(said) == sorted(body for _, _, body in pairs)
    assert entries("case.spoken") == 8
    here = seen(case)
    assert (here.ball_department_id is None) != (here.ball_organisation_id is None)
    assert here.last_spoken_at == Post.objects.filter(case=case, kind="message").latest("at").at


def test_say_while_the_stage_moves_on_is_not_lost(case, officer, person, colleague, monkeypatch):
    actions.say(case, by=officer, body="いつ始められますか。")
    screens = [seen(case), seen(case)]
    results = cut_in(
        monkeypatch,
        permissions,
        "require",
        first=lambda: actions.say(screens[0], by=person, body="来月から始められます。"),
        second=lambda: actions.advance(screens[1], "planning", by=colleague),
    )
    assert told(results) == 0
    assert seen(case).stage == "planning"


@pytest.mark.parametrize("where", ["another department", "the same holder"])
def test_hand_ball_twice_hands_it_once(case, desk, officer, company, where):
    target = company if where == "another department" else case.lead
    screens = [(seen(case), desk, "見積りを見る"), (seen(case), officer, "日程を決める")]
    results = race(
        *(
            lambda c=c, by=by, step=step: actions.hand_ball(c, target, by=by, next_step=step)
            for c, by, step in screens
        )
    )
    assert told(results) == 1
    winner = next(step for (_, _, step), result in zip(screens, results, strict=True) if result is None)
    assert (seen(case).holder, seen(case).ball_next) == (target, winner)
    assert entries("case.handed") == Post.objects.filter(case=case, kind="ball").count() == 1


def test_hand_ball_to_two_parties_leaves_one_holder(case, desk, officer, company):
    screens = [seen(case), seen(case)]
    results = race(
        lambda: actions.hand_ball(screens[0], company, by=desk, next_step="見積りを出す"),
        lambda: actions.hand_ball(screens[1], case.lead, by=officer, next_step="日程を決める"),
    )
    assert told(results) == 1
    assert seen(case).holder == (company if results[0] is None else case.lead)


def test_advance_twice_advances_once(case, desk, officer, colleague):
    actions.say(case, by=officer, body="いつ始められますか。")
    screens = [(seen(case), by) for by in (desk, officer, colleague)]
    results = race(*(lambda c=c, by=by: actions.advance(c, "planning", by=by) for c, by in screens))
    assert told(results) == 2
    assert (seen(case).stage, seen(case.proposal).state) == ("planning", "accepted")
    assert entries("case.advanced") == entries("proposal.accepted") == 1
    assert Post.objects.filter(case=case, kind="stage").count() == 2


def test_advance_pause_close_and_withdraw_at_once_leave_one_way(case, desk, officer, colleague, person):
    actions.say(case, by=officer, body="いつ始められますか。")
    screens = [seen(case) for _ in range(4)]
    results = race(
        lambda: actions.advance(screens[0], "planning", by=officer),
        lambda: actions.pause(
            screens[1], by=colleague, until=clock.today() + timedelta(30), reason="議会待ち"
        ),
        lambda: actions.close(screens[2], by=desk, **FEEDBACK),
        lambda: actions.withdraw(screens[3], by=person, reason="体制が変わりました。"),
    )
    assert told(results) == 3
    ways = [("planning", "accepted"), ("paused", "dialogue"), ("closed", "declined"), ("closed", "withdrawn")]
    winner = next(place for place, result in enumerate(results) if result is None)
    assert (seen(case).stage, seen(case.proposal).state) == ways[winner]
    assert entries("case.advanced", "case.paused", "case.closed", "case.withdrawn") == 1


def test_record_outcome_twice_counts_what_is_recorded(case, desk, officer):
    screens = [(seen(case), desk), (seen(case), officer)]
    results = race(*(lambda c=c, by=by: outcomes.record_outcome(c, by=by, **OUTCOME) for c, by in screens))
    count = 2 - told(results)
    assert count >= 1
    assert (seen(case).outcome_count, Outcome.objects.count(), entries("outcome.recorded")) == (count,) * 3


def test_write_story_twice_writes_one(case, desk, officer):
    outcome = outcomes.record_outcome(case, by=officer, **OUTCOME)
    words = {"title": "海岸ごみの分別が半分の時間に", "body": "写真を撮るだけで分かります。"}
    screens = [(seen(outcome), desk), (seen(outcome), officer)]
    results = race(*(lambda o=o, by=by: outcomes.write_story(o, by=by, **words) for o, by in screens))
    assert told(results) == 1
    assert Story.objects.count() == entries("story.drafted") == 1


def test_change_owner_twice_changes_once(case, desk, officer, colleague):
    third = make_staff(case.municipality, "officer", officer.staff.get().department)
    screens = [seen(case), seen(case)]
    results = race(
        lambda: actions.change_owner(screens[0], colleague, by=desk),
        lambda: actions.change_owner(screens[1], third, by=colleague),
    )
    assert told(results) == 1
    assert seen(case).owner == (colleague if results[0] is None else third)


def test_add_the_same_organisation_twice_adds_it_once(case, desk, colleague):
    other = make_organisation()
    screens = [(seen(case), desk), (seen(case), colleague)]
    results = race(*(lambda c=c, by=by: actions.add_organisation(c, other, by=by) for c, by in screens))
    told(results)
    assert case.organisations.through.objects.filter(case=case, organisation=other).count() == 1


def test_sign_an_agreement_twice_signs_once(case, desk, colleague):
    agreement = agreements.draft_agreement(
        case.lead,
        list(case.organisations.all()),
        by=desk,
        kind="individual",
        title="分別の協定",
        cases=[case],
    )
    screens = [seen(agreement), seen(agreement)]
    results = race(
        *(lambda a=a: agreements.sign_agreement(a, by=desk, signed_on=clock.today()) for a in screens)
    )
    assert told(results) == 1
    assert (Agreement.objects.get().state, entries("agreement.signed")) == ("active", 1)


def test_decide_and_cancel_a_trial_leave_one_ending(case, desk, colleague):
    ADDS["adoption"](case, desk)
    trial = ADDS["trial"](case, desk)
    trials.approve_trial(trial, by=desk)
    trials.start_trial(trial, by=desk)
    screens = [seen(trial), seen(trial)]
    results = race(
        lambda: trials.report_trial(screens[0], by=desk, findings="半分の時間になった。"),
        lambda: trials.cancel_trial(screens[1], by=colleague, reason="荒天が続いた。"),
    )
    assert told(results) == 1
    assert seen(trial).state == ("reported" if results[0] is None else "cancelled")


def test_nobody_reads_half_of_an_action(case, desk, officer, company, monkeypatch):
    """What a reader sees between two statements of an action is the state before it."""
    found = []

    def look():
        with transaction.atomic():
            here = Case.objects.get(pk=case.pk)
            found.append((here.holder, Post.objects.filter(case=case, kind="ball").count()))

    results = cut_in(
        monkeypatch,
        journal,
        "write",
        first=lambda: actions.hand_ball(seen(case), company, by=desk, next_step="見積りを出す"),
        second=look,
    )
    assert told(results) == 0
    assert found == [(case.lead, 0)]
    assert seen(case).holder == company
