"""Two people at once with a challenge."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from musubi.cases import actions as cases
from musubi.cases.models import Case
from musubi.challenges import actions, queries
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.journal.models import Entry
from musubi.lib import clock, lifecycle
from musubi.outcomes import actions as outcomes
from musubi.outcomes.models import Outcome
from musubi.people import permissions
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.cases import make_contact
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def manager(city, officer):
    return make_staff(city, "manager", officer.staff.get().department)


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def colleague(city):
    return make_staff(city, "desk")


def entries(*verbs: str) -> int:
    return Entry.objects.filter(verb__in=verbs).count()


def test_ten_drafts_at_once_get_ten_consecutive_numbers(city, officer):
    department = officer.staff.get().department
    results = race(
        *(lambda n=n: actions.draft_challenge(department, by=officer, title=f"課題{n}") for n in range(10))
    )
    assert told(results) == 0
    assert [int(each.ref[-3:]) for each in sorted(results, key=lambda c: c.ref)] == list(range(1, 11))


def test_draft_of_a_form_sent_twice_makes_one_and_gives_the_second_number_back(officer):
    department, key = officer.staff.get().department, uuid4()
    words = {"title": "落ち葉", "goals": [15]}
    results = race(
        *(lambda: actions.draft_challenge(department, by=officer, key=key, **words) for _ in range(4))
    )
    assert told(results) == 0
    challenge = Challenge.objects.get()
    assert results == [challenge] * 4
    assert (challenge.title, entries("challenge.drafted")) == ("落ち葉", 1)
    later = actions.draft_challenge(department, by=officer, key=uuid4(), title="別の課題")
    assert int(later.ref[-3:]) == int(challenge.ref[-3:]) + 1


@pytest.mark.parametrize("turn", range(3))
def test_a_double_click_on_asking_the_desk_makes_one_that_waits_for_its_check(officer, turn):
    department = officer.staff.get().department
    page = reverse("staff-challenge-new", args=[department.municipality.slug])
    words = {
        "title": "落ち葉",
        "problem": "年に約40回集めている。",
        "goal_image": "年20回で済む。",
        "scale": "small",
        "channel": "site",
        "department": department.pk,
        "key": str(uuid4()),
        "act": "check",
    }
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(officer)
    answers = race(*(lambda b=b: b.post(page, words) for b in browsers))
    challenge = Challenge.objects.get()
    shown = reverse("staff-challenge", args=[department.municipality.slug, challenge.ref])
    assert [(answer.status_code, answer.headers.get("Location")) for answer in answers] == [(302, shown)] * 2
    assert (challenge.state, entries("challenge.drafted"), entries("challenge.submitted")) == (
        "checking",
        1,
        1,
    )


def test_publish_and_return_with_remarks_leave_one_answer(city, desk, colleague):
    challenge = make_challenge(city, state="checking")
    screens = [seen(challenge), seen(challenge)]
    results = race(
        lambda: actions.publish(screens[0], by=desk),
        lambda: actions.return_to_draft(screens[1], by=colleague, remarks="数字を一つ入れてください。"),
    )
    assert told(results) == 1
    here = seen(challenge)
    assert (here.state, here.published_at is None, here.remarks == "") == (
        ("published", False, True) if results[0] is None else ("draft", True, False)
    )
    assert entries("challenge.published", "challenge.returned") == 1


def test_publish_twice_publishes_once(city, desk, colleague):
    challenge = make_challenge(city, state="checking")
    screens = [(seen(challenge), desk), (seen(challenge), colleague)]
    results = race(*(lambda c=c, by=by: actions.publish(c, by=by) for c, by in screens))
    assert told(results) == 1
    assert entries("challenge.published") == 1


def test_widen_and_close_never_widen_what_is_closed(city, officer, manager, desk, monkeypatch):
    challenge = make_challenge(city, by=officer, desk=desk, visibility=Visibility.MUNICIPALITY)
    screens = [seen(challenge), seen(challenge)]
    results = cut_in(
        monkeypatch,
        lifecycle,
        "update",
        first=lambda: actions.widen(screens[0], by=desk, visibility=Visibility.PUBLIC),
        second=lambda: actions.close(screens[1], by=manager, reason="withdrawn"),
    )
    assert told(results) == 1
    here = seen(challenge)
    assert (here.state, here.visibility) == ("closed", Visibility.MUNICIPALITY)
    assert entries("challenge.widened") == 0


def test_renew_and_the_day_of_expiry_never_close_what_was_renewed(city, officer, desk, monkeypatch):
    challenge = make_challenge(city, by=officer, desk=desk)
    later = challenge.expires_on + timedelta(days=90)
    screen = seen(challenge)

    def expire():
        with clock.standing_at(challenge.expires_on + timedelta(days=1)):
            return actions.expire_due()

    results = cut_in(
        monkeypatch,
        actions,
        "close",
        first=expire,
        second=lambda: actions.renew(screen, by=officer, expires_on=later),
    )
    assert results == [0, None]
    here = seen(challenge)
    assert (here.state, here.expires_on) == ("published", later)


def test_expiry_goes_on_after_one_that_somebody_was_faster_with(city, officer, desk, monkeypatch):
    challenges = [make_challenge(city, by=officer, desk=desk) for _ in range(3)]
    screen = seen(challenges[0])

    def expire():
        with clock.standing_at(challenges[0].expires_on + timedelta(days=1)):
            return actions.expire_due()

    results = cut_in(
        monkeypatch,
        actions,
        "close",
        first=expire,
        second=lambda: actions.match(screen, by=desk),
    )
    assert results == [2, None]
    assert queries.expired(challenges[0].expires_on + timedelta(days=1)).count() == 0


def test_renew_and_close_never_change_a_closed_one(city, officer, manager, desk, monkeypatch):
    challenge = make_challenge(city, by=officer, desk=desk)
    later = challenge.expires_on + timedelta(days=90)
    screens = [seen(challenge), seen(challenge)]
    results = cut_in(
        monkeypatch,
        lifecycle,
        "update",
        first=lambda: actions.renew(screens[0], by=officer, expires_on=later),
        second=lambda: actions.close(screens[1], by=manager, reason="withdrawn"),
    )
    assert told(results) == 1
    assert (seen(challenge).state, seen(challenge).expires_on) == ("closed", challenge.expires_on)


def test_classify_and_close_never_change_a_closed_one(city, officer, manager, desk, monkeypatch):
    challenge = make_challenge(city, by=officer, desk=desk, goals=[14])
    screens = [seen(challenge), seen(challenge)]
    results = cut_in(
        monkeypatch,
        permissions,
        "require",
        first=lambda: actions.save_challenge(screens[0], by=officer, goals=[12]),
        second=lambda: actions.close(screens[1], by=manager, reason="withdrawn"),
    )
    assert told(results) == 1
    assert list(challenge.goals.values_list("pk", flat=True)) == [14]


def test_two_proposals_to_one_challenge_are_both_taken_up(city, officer, desk, colleague):
    """The challenge becomes 連携中 once; that a colleague was a moment earlier refuses nobody's case."""
    challenge = make_challenge(city, by=officer, desk=desk)
    proposals = [make_proposal(city, track="challenge", challenge=challenge) for _ in range(4)]
    people = [desk, colleague, desk, colleague]
    screens = list(zip([seen(p) for p in proposals], people, strict=True))
    for proposal, _by in screens:
        assert proposal.challenge.state == "published"
    results = race(*(lambda p=p, by=by: cases.open_case(p, by=by) for p, by in screens))
    assert told(results) == 0
    assert (seen(challenge).state, Case.objects.count(), entries("challenge.matched")) == ("matched", 4, 1)


def test_two_outcomes_that_meet_one_challenge_are_both_counted(city, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk)
    mine = [make_contact(city, officer=officer, challenge=seen(challenge)) for _ in range(3)]
    words = {
        "kind": "implemented",
        "title": "分別にかかる時間が半分に",
        "summary": "週6時間が3時間に減りました。",
        "started_on": clock.today(),
    }
    screens = [seen(case) for case in mine]
    for case in screens:
        assert case.challenge.state == "matched"
    results = race(*(lambda c=c: outcomes.record_outcome(c, by=officer, **words) for c in screens))
    assert told(results) == 0
    assert (Outcome.objects.count(), entries("outcome.recorded"), entries("challenge.resolved")) == (3, 3, 1)
    assert seen(challenge).state == "resolved"


def test_open_case_and_close_of_its_challenge_never_leave_it_half(city, officer, manager, desk):
    challenge = make_challenge(city, by=officer, desk=desk)
    proposal = make_proposal(city, track="challenge", challenge=challenge)
    screen, other = seen(proposal), seen(challenge)
    assert screen.challenge.state == "published"
    results = race(
        lambda: cases.open_case(screen, by=desk),
        lambda: actions.close(other, by=manager, reason="budget"),
    )
    assert told(results) in (0, 1)
    opened = not isinstance(results[0], Exception)
    assert Case.objects.count() == opened
    assert seen(proposal).state == ("dialogue" if opened else "submitted")
    assert seen(challenge).state == ("closed" if results[1] is None else "matched")
