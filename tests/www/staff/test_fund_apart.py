"""Staff who screen a call, or who act for an applicant, learn nothing of its screening from the staff's pages."""

from datetime import date

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import CommitteeMember
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.models import Representative
from tests.factories.fund import general, make_application, make_call, make_contribution, score_all, screen
from tests.factories.people import make_staff
from tests.www.committee.conftest import browser, make_screening, text

pytestmark = pytest.mark.django_db
INSIDE = [
    ("staff-fund-stage", "first"),
    ("staff-fund-ranking", "first"),
    ("staff-fund-decide", "first"),
    ("staff-fund-assign", "first"),
    ("staff-fund-timetable",),
    ("staff-fund-timetable-ics",),
    ("staff-fund-choice",),
    ("staff-fund-decisions",),
    ("staff-fund-release",),
    ("staff-fund-release-first",),
    ("staff-fund-call-letters",),
]


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 7, 14)):
        yield


@pytest.fixture
def screening():
    return make_screening()


def at(name: str, *parts) -> str:
    return reverse(name, args=["nagisa", *parts])


def acts_for(organisation, *people) -> None:
    for person in people:
        Representative.objects.create(organisation=organisation, user=person)


def sits_on(fund, person) -> CommitteeMember:
    """As it comes about when a member is appointed to the desk afterwards."""
    return CommitteeMember.objects.create(fund=fund, user=person, appointed_on=clock.today())


@pytest.mark.parametrize("role", ["desk", "auditor"])
def test_the_secretariat_and_the_auditors_screen_nothing(screening, role):
    person = make_staff(screening.fund.municipality, role)
    with pytest.raises(Refused, match="審査委員になれません"):
        actions.appoint_member(screening.fund, by=screening.desk, user=person)
    officer = make_staff(screening.fund.municipality, "officer")
    assert actions.appoint_member(screening.fund, by=screening.desk, user=officer).user == officer


@pytest.mark.parametrize("tie", ["member", "applicant"])
@pytest.mark.parametrize("role", ["desk", "auditor"])
def test_who_is_tied_reads_nothing_inside_until_the_release(screening, tie, role):
    person = make_staff(screening.fund.municipality, role)
    first, second = screening.applications
    if tie == "member":
        sits_on(screening.fund, person)
    else:
        acts_for(first.organisation, person)
    client = browser(person)
    for name, *rest in INSIDE:
        answer = client.get(at(name, screening.call.ref, *rest))
        assert answer.status_code == 403, name
        assert first.title not in text(answer)
    for application in (first, second):
        for name in ("staff-fund-application", "staff-fund-application-letters", "staff-fund-decision"):
            assert client.get(at(name, application.ref)).status_code in (403, 404), name
    listed = text(client.get(at("staff-fund-applications")))
    assert first.title not in listed
    assert second.title not in listed
    posted = client.post(at("staff-fund-decide", screening.call.ref, "first"), {f"pass_{first.pk}": "on"})
    assert posted.status_code == 403
    assert browser(screening.desk).get(at("staff-fund-application", first.ref)).status_code == 200


@pytest.mark.parametrize("tie", ["member", "applicant"])
def test_the_page_of_the_call_tells_who_is_tied_no_more_than_everybody(screening, tie):
    person = make_staff(screening.fund.municipality)
    score_all(screening.call, Stage.FIRST)
    reasons = {row.pk: "効果が見えない。" for row in screening.applications}
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=[], reasons=reasons)
    here = at("staff-fund-call", screening.call.ref)
    assert "一次不通過" in text(browser(person).get(here))
    if tie == "member":
        sits_on(screening.fund, person)
    else:
        acts_for(screening.applications[0].organisation, person)
    page = browser(person).get(here)
    assert (page.status_code, "一次不通過" in text(page), page.context["acts"]) == (200, False, [])
    cancel = at("staff-fund-call-act", screening.call.ref, "cancel", screening.call.pk)
    assert browser(person).post(cancel, {"reason": "都合"}).status_code == 403


def test_who_left_the_committee_stays_apart_until_the_release(screening):
    person = make_staff(screening.fund.municipality)
    member = sits_on(screening.fund, person)
    actions.release_member(member, by=screening.desk)
    assert browser(person).get(at("staff-fund-application", screening.applications[0].ref)).status_code == 404


def test_who_may_still_file_does_not_read_what_others_filed(screening):
    """The own organisation has begun to write, and the window is open."""
    with clock.standing_at(date(2025, 6, 20)):
        city = screening.fund.municipality
        person = make_staff(city)
        call = make_call(screening.fund, edition=screening.call.edition)
        filed, begun = make_application(call), make_application(call, state="draft")
        client = browser(person)
        assert client.get(at("staff-fund-application", filed.ref)).status_code == 200
        acts_for(begun.organisation, person)
        assert client.get(at("staff-fund-application", filed.ref)).status_code == 404
    with clock.standing_at(call.closes_at):
        assert client.get(at("staff-fund-application", filed.ref)).status_code == 200


def test_the_page_says_why_and_who_else_can(screening):
    person = make_staff(screening.fund.municipality)
    sits_on(screening.fund, person)
    page = text(browser(person).get(at("staff-fund-ranking", screening.call.ref, "first")))
    assert "結果の発表までは職員の画面から審査を見られません。ほかの職員に頼んでください。" in page


def test_after_the_release_the_own_organisation_s_application_stays_with_others(screening):
    make_contribution(general(screening.fund), yen=10_000_000)
    person = make_staff(screening.fund.municipality)
    first, second = screening.applications
    acts_for(first.organisation, person)
    for application in screen(screening.call):
        actions.prepare_decision(application, by=None, outcome="not_awarded", reasons="予算を超えた。")
    actions.release(screening.call, by=None)
    client = browser(person)
    assert client.get(at("staff-fund-ranking", screening.call.ref, "first")).status_code == 200
    assert client.get(at("staff-fund-application", first.ref)).status_code == 404
    assert client.get(at("staff-fund-application", second.ref)).status_code == 200


def test_the_journal_keeps_from_an_applicant_on_the_staff_what_was_found(screening):
    first, second = screening.applications
    score_all(screening.call, Stage.FIRST)
    actions.decide_stage(
        screening.call,
        by=screening.desk,
        stage=Stage.FIRST,
        passed=[second.pk],
        reasons={first.pk: "効果が見えない。"},
    )
    journal = reverse("staff-journal", args=["nagisa"])
    administrator = make_staff(screening.fund.municipality, "administrator")
    page = text(browser(administrator).get(journal))
    assert first.title not in page
    assert "審査委員" not in page
    for role in ("desk", "auditor"):
        person = make_staff(screening.fund.municipality, role)
        assert first.title in text(browser(person).get(journal))
        acts_for(first.organisation, person)
        page = text(browser(person).get(journal))
        assert first.title not in page
        assert second.title not in page
