"""Nobody acts on a case who may not, and nothing happens to one that has ended: every action, one line each."""

from datetime import date, timedelta

import pytest

from musubi.cases import actions
from musubi.cases.models import Case
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.cases import make_case
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db
LATER = date(2030, 4, 1)
ACTS = {
    "say": lambda case, by: actions.say(case, by=by, body="はい"),
    "note": lambda case, by: actions.note(case, by=by, body="メモ"),
    "meet": lambda case, by: actions.record_meeting(case, by=by, held_at=clock.now(), minutes="話した"),
    "file": lambda case, by: actions.add_file(
        case, by=by, stored="x", name="x.pdf", size=1, media_type="a/b"
    ),
    "ball": lambda case, by: actions.hand_ball(case, case.lead, by=by, next_step="お願いします"),
    "advance": lambda case, by: actions.advance(case, "planning", by=by),
    "pause": lambda case, by: actions.pause(case, by=by, until=clock.today() + timedelta(30), reason="待つ"),
    "close": lambda case, by: actions.close(case, by=by, reason="timing", feedback="また来年に。"),
    "route": lambda case, by: actions.set_adoption_route(
        case, by=by, budget="環境費", department=case.lead, deadline=LATER
    ),
    "department": lambda case, by: actions.add_department(case, make_department(case.municipality), by=by),
    "organisation": lambda case, by: actions.add_organisation(case, make_organisation(), by=by),
}


@pytest.fixture
def case():
    city = make_municipality()
    return make_case(city, officer=make_staff(city, "officer"))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["auditor", "administrator", "officer"])
def test_act_by_who_may_not_is_not_allowed(case, act, role):
    before = history(case).count()
    with pytest.raises(NotAllowed):
        ACTS[act](case, make_staff(case.municipality, role))
    assert history(case).count() == before


@pytest.mark.parametrize("act", [act for act in ACTS if act != "note"])
def test_act_on_a_case_that_has_ended_is_refused(case, act):
    desk = make_staff(case.municipality, "desk")
    actions.close(case, by=desk, reason="timing", feedback="また来年に。")
    before = history(case).count()
    with pytest.raises(Refused):
        ACTS[act](Case.objects.get(pk=case.pk), desk)
    assert history(case).count() == before


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        ("note", "case.noted"),
        ("file", "case.filed"),
        ("route", "case.adoption_agreed"),
        ("department", "case.department_added"),
        ("organisation", "case.organisation_added"),
    ],
)
def test_act_by_the_desk_is_in_the_journal(case, act, verb):
    ACTS[act](case, make_staff(case.municipality, "desk"))
    assert history(case).last().verb == verb


def test_resume_of_a_case_that_is_not_paused_is_refused(case):
    with pytest.raises(Refused, match="保留になっていません"):
        actions.resume(case, by=make_staff(case.municipality, "desk"))


def test_resume_by_an_auditor_is_not_allowed(case):
    ACTS["pause"](case, make_staff(case.municipality, "desk"))
    with pytest.raises(NotAllowed):
        actions.resume(case, by=make_staff(case.municipality, "auditor"))


def test_note_without_words_is_refused(case):
    with pytest.raises(Missing) as refusal:
        actions.note(case, by=make_staff(case.municipality, "desk"), body=" ")
    assert refusal.value.field == "body"


def test_withdraw_is_in_the_journal_and_refused_a_second_time(case):
    person = make_representative(case.organisations.get())
    actions.withdraw(case, by=person, reason="体制が変わりました。")
    entry = history(case).last()
    assert (entry.verb, entry.data) == ("case.withdrawn", {"reason": "体制が変わりました。"})
    with pytest.raises(Refused):
        actions.withdraw(case, by=person, reason="もう一度")


def test_open_contact_is_in_the_journal_and_not_an_auditors():
    city, company = make_municipality(), make_organisation()
    officer, auditor = make_staff(city, "officer"), make_staff(city, "auditor")
    words = {"title": "空き店舗の相談", "lead": officer.staff.get().department, "channel": "walk_in"}
    with pytest.raises(NotAllowed):
        actions.open_contact(city, [company], by=auditor, **words)
    case = actions.open_contact(city, [company], by=officer, **words)
    entry = history(case).get()
    assert (entry.verb, entry.actor_id) == ("case.opened", officer.pk)


def test_note_outcome_counts_on_from_the_case_it_saw(case):
    by, screen = make_staff(case.municipality, "desk"), Case.objects.get(pk=case.pk)
    actions.note_outcome(case, by=by, title="ごみ袋3万枚", started_on=LATER)
    with pytest.raises(Conflict):
        actions.note_outcome(screen, by=by, title="ごみ袋3万枚", started_on=LATER)
    case.refresh_from_db()
    assert (case.outcome_count, case.started_on) == (1, LATER)
