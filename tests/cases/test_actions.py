from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from musubi.cases import actions
from musubi.cases.models import Case
from musubi.cases.queries import sees_internal, thread
from musubi.challenges.models import Challenge
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people.models import Representative, Staff
from musubi.proposals.models import Proposal
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


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
def manager(officer):
    department = officer.staff.get().department
    return make_staff(department.municipality, "manager", department)


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def lines(case, user):
    return [line.kind for line in thread(case, user)]


# Opening


def test_open_case_takes_the_proposal_and_the_challenge_along(city, company, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk)
    proposal = make_proposal(city, company, track="challenge", challenge=challenge)
    case = actions.open_case(proposal, by=desk)
    assert (case.stage, case.lead, case.challenge) == ("dialogue", challenge.department, challenge)
    assert fresh(proposal).state == "dialogue"
    assert fresh(challenge).state == "matched"
    assert list(case.organisations.all()) == [company]
    assert fresh(case).ball_department == challenge.department
    assert fresh(case).ball_due_on > clock.today()
    assert verbs(case) == ["case.opened"]


def test_open_case_prefers_the_department_that_wants_to_talk(city, company, desk):
    first, second = make_staff(city, "officer"), make_staff(city, "officer")
    departments = [first.staff.get().department, second.staff.get().department]
    proposal = make_proposal(city, company, state="routing", departments=departments, desk=desk)
    from musubi.proposals.actions import answer_routing

    one, two = proposal.routings.all()
    answer_routing(one, by=first, answer="not_ours", comment="所管外です。")
    answer_routing(two, by=second, answer="interested", comment="会いたい。")
    case = actions.open_case(fresh(proposal), by=desk)
    assert (case.lead, case.owner) == (departments[1], second)


def test_open_case_without_a_lead_to_find_asks_for_one(city, company, desk):
    with pytest.raises(Missing) as refusal:
        actions.open_case(make_proposal(city, company), by=desk)
    assert refusal.value.field == "lead"
    assert Case.objects.count() == 0


def test_open_case_twice_opens_one(city, company, officer, desk):
    proposal = make_proposal(city, company)
    lead = officer.staff.get().department
    seen_by_colleague = fresh(proposal)
    actions.open_case(proposal, by=desk, lead=lead)
    with pytest.raises(Conflict):
        actions.open_case(seen_by_colleague, by=desk, lead=lead)
    assert Case.objects.count() == 1


def test_open_case_by_a_department_that_was_not_asked_is_not_allowed(city, company, officer):
    with pytest.raises(NotAllowed):
        actions.open_case(make_proposal(city, company), by=officer, lead=officer.staff.get().department)


def test_open_contact_starts_at_intake(city, company, officer):
    case = make_contact(city, company, officer=officer)
    assert (case.stage, case.channel, case.owner) == ("intake", "walk_in", officer)
    assert verbs(case) == ["case.opened"]


def test_open_contact_without_an_organisation_is_refused(city, officer):
    with pytest.raises(Missing):
        actions.open_contact(
            city, [], by=officer, title="相談", lead=officer.staff.get().department, channel="walk_in"
        )


# Talking


def test_a_question_passes_the_ball_and_the_answer_brings_it_back(case, officer, person, company):
    actions.say(case, by=officer, body="費用の目安を教えてください。")
    assert fresh(case).ball_organisation == company
    actions.say(fresh(case), by=person, body="年間30万円です。")
    assert fresh(case).ball_department == case.lead
    assert verbs(case)[-2:] == ["case.spoken", "case.spoken"]


def test_say_without_asking_leaves_the_ball(case, officer):
    before = case.ball_department
    actions.say(case, by=officer, body="資料を受け取りました。", asks=False)
    assert fresh(case).ball_department == before


def test_say_by_a_stranger_is_not_allowed(case):
    with pytest.raises(NotAllowed):
        actions.say(case, by=make_representative(), body="こんにちは")
    with pytest.raises(NotAllowed):
        actions.say(case, by=make_staff(case.municipality, "officer"), body="こんにちは")
    with pytest.raises(NotAllowed):
        actions.say(case, by=make_staff(case.municipality, "auditor"), body="こんにちは")


def test_say_nothing_is_refused(case, officer):
    with pytest.raises(Missing):
        actions.say(case, by=officer, body="  \n")


def test_internal_notes_are_never_seen_by_the_organisation(case, officer, person, desk):
    actions.note(case, by=officer, body="予算は部長預かり")
    actions.add_file(
        case,
        by=officer,
        stored="cases/x",
        name="積算.xlsx",
        size=10,
        media_type="application/pdf",
        internal=True,
    )
    assert lines(case, officer)[-2:] == ["note", "file"]
    assert lines(case, desk)[-2:] == ["note", "file"]
    assert "note" not in lines(case, person)
    assert "file" not in lines(case, person)
    assert not sees_internal(person, case)


def test_a_desk_officer_who_also_represents_the_organisation_sees_no_notes(case, company, city):
    both = make_representative(company)
    Staff.objects.create(
        user=both, municipality=city, department=city.departments.get(is_desk=True), role="desk"
    )
    assert not sees_internal(both, case)
    with pytest.raises(NotAllowed):
        actions.note(case, by=both, body="のぞき見")


def test_note_by_the_organisation_is_not_allowed(case, person):
    with pytest.raises(NotAllowed):
        actions.note(case, by=person, body="内緒")


def test_add_internal_file_by_the_organisation_is_not_allowed(case, person):
    with pytest.raises(NotAllowed):
        actions.add_file(case, by=person, stored="x", name="x.pdf", size=1, media_type="a/b", internal=True)


def test_record_meeting_wants_minutes_once_it_is_past(case, officer, company):
    yesterday = clock.now() - timedelta(days=1)
    with pytest.raises(Missing):
        actions.record_meeting(case, by=officer, held_at=yesterday)
    actions.record_meeting(
        case,
        by=officer,
        held_at=yesterday,
        minutes="現場を見た。",
        ball_to=company,
        next_step="見積もりを出す",
    )
    assert (fresh(case).ball_organisation, fresh(case).ball_next) == (company, "見積もりを出す")
    assert verbs(case)[-1] == "case.met"


# The ball


def test_hand_ball_wants_a_word_and_a_party(case, officer, company):
    with pytest.raises(Missing):
        actions.hand_ball(case, company, by=officer, next_step="")
    with pytest.raises(Refused, match="関係する"):
        actions.hand_ball(case, make_organisation(), by=officer, next_step="お願いします")
    actions.hand_ball(case, company, by=officer, next_step="日程の候補を出す")
    assert fresh(case).ball_organisation == company
    assert lines(case, officer)[-1] == "ball"
    assert verbs(case)[-1] == "case.handed"


def test_hand_ball_falls_on_a_business_day(case, officer, company):
    with clock.standing_at(date(2025, 12, 22)):
        actions.hand_ball(case, company, by=officer, next_step="回答する", due_on=date(2025, 12, 31))
    assert fresh(case).ball_due_on == date(2026, 1, 5)


def test_hand_ball_after_somebody_else_is_a_conflict(case, officer, company, desk):
    seen_by_desk = fresh(case)
    actions.hand_ball(case, company, by=officer, next_step="一つ目")
    with pytest.raises(Conflict):
        actions.hand_ball(seen_by_desk, company, by=desk, next_step="二つ目")


def test_hand_ball_by_the_organisation_is_not_allowed(case, person):
    with pytest.raises(NotAllowed):
        actions.hand_ball(case, case.lead, by=person, next_step="お願いします")


def test_an_open_case_without_a_holder_cannot_be(case):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(ball_department=None)


# Moving along


def test_advance_accepts_the_proposal_when_dialogue_ends(case, officer):
    actions.say(case, by=officer, body="一緒に進めましょう。", asks=False)
    actions.advance(case, "planning", by=officer)
    assert fresh(case).stage == "planning"
    assert Proposal.objects.get(case=case).state == "accepted"
    assert verbs(case)[-1] == "case.advanced"


def test_advance_without_any_talk_says_what_is_missing(case, officer):
    with pytest.raises(Missing, match="やり取りか打合せ"):
        actions.advance(case, "planning", by=officer)


def test_advance_that_skips_wants_a_reason(case, officer):
    actions.say(case, by=officer, body="ごみ袋を提供いただけることになりました。", asks=False)
    with pytest.raises(Missing) as refusal:
        actions.advance(case, "implementation", by=officer)
    assert refusal.value.field == "reason"
    with clock.standing_at(date(2026, 4, 1)):
        actions.advance(case, "implementation", by=officer, reason="物品の提供なので実証はいらない")
    assert (fresh(case).stage, fresh(case).started_on) == ("implementation", date(2026, 4, 1))


def test_advance_to_trial_wants_route_and_plan(case, officer):
    actions.say(case, by=officer, body="試してみましょう。", asks=False)
    actions.advance(case, "planning", by=officer)
    with pytest.raises(Missing, match="導入の道筋"):
        actions.advance(case, "trial", by=officer)


def test_advance_to_completed_wants_an_outcome(case, officer):
    actions.say(case, by=officer, body="はい。", asks=False)
    with pytest.raises(Missing, match="成果が一つ以上"):
        actions.advance(case, "completed", by=officer, reason="終わった")


def test_advance_after_somebody_else_is_a_conflict(case, officer, desk):
    actions.say(case, by=officer, body="はい。", asks=False)
    seen_by_desk = fresh(case)
    actions.advance(case, "planning", by=officer)
    with pytest.raises(Conflict):
        actions.advance(seen_by_desk, "planning", by=desk)
    assert verbs(case).count("case.advanced") == 1


def test_advance_by_organisation_or_auditor_is_not_allowed(case, person):
    for stranger in (person, make_staff(case.municipality, "auditor")):
        with pytest.raises(NotAllowed):
            actions.advance(case, "planning", by=stranger)


def test_pause_keeps_a_holder_and_resume_goes_back(case, officer):
    until = clock.today() + timedelta(days=40)
    actions.pause(case, by=officer, until=until, reason="議会の議決を待つ")
    paused = fresh(case)
    assert (paused.stage, paused.paused_from, paused.ball_department) == ("paused", "dialogue", case.lead)
    assert paused.ball_due_on >= until
    actions.resume(paused, by=officer)
    assert (fresh(case).stage, fresh(case).paused_until) == ("dialogue", None)
    assert verbs(case)[-2:] == ["case.paused", "case.resumed"]


def test_pause_into_the_past_is_refused(case, officer):
    with pytest.raises(Refused):
        actions.pause(case, by=officer, until=clock.today(), reason="理由")


def test_close_declines_the_proposal_with_the_same_words(case, officer):
    with pytest.raises(Missing):
        actions.close(case, by=officer, reason="budget", feedback="")
    actions.close(case, by=officer, reason="budget", feedback="来年度に改めてご相談させてください。")
    closed = fresh(case)
    assert (closed.stage, closed.holder, closed.close_reason) == ("closed", None, "budget")
    proposal = Proposal.objects.get(case=case)
    assert (proposal.state, proposal.feedback) == ("declined", "来年度に改めてご相談させてください。")
    with pytest.raises(Refused):
        actions.say(closed, by=officer, body="もう一つ")


def test_withdraw_is_the_organisations_way_out(case, officer, person):
    with pytest.raises(NotAllowed):
        actions.withdraw(case, by=officer, reason="やめます")
    actions.withdraw(case, by=person, reason="担当者が退職しました。")
    assert (fresh(case).stage, fresh(case).close_reason) == ("closed", "withdrawn")
    assert Proposal.objects.get(case=case).state == "withdrawn"


# Who takes part


def test_change_owner_keeps_both_names(case, officer, manager):
    successor = make_staff(case.municipality, "officer", case.lead, name="後任 花子")
    with pytest.raises(NotAllowed):
        actions.change_owner(case, successor, by=officer)
    actions.change_owner(case, successor, by=manager, reason="4月の異動")
    assert fresh(case).owner == successor
    assert history(case).last().data["before"] == str(officer)


def test_change_owner_to_one_who_acts_for_the_organisation_is_refused(case, officer, manager):
    both = make_staff(case.municipality, "officer", case.lead)
    Representative.objects.create(user=both, organisation=case.organisations.get())
    with pytest.raises(Refused, match="相手の団体の担当者"):
        actions.change_owner(case, both, by=manager)
    assert Case.objects.get(pk=case.pk).owner == officer


def test_change_owner_to_an_outsider_is_refused(case, manager):
    with pytest.raises(Refused):
        actions.change_owner(case, make_staff(case.municipality, "officer"), by=manager)


def test_add_department_lets_it_read(case, manager):
    colleague = make_staff(case.municipality, "officer")
    from musubi.cases.queries import visible_to

    assert not visible_to(colleague).exists()
    actions.add_department(case, colleague.staff.get().department, by=manager)
    assert visible_to(colleague).get() == case


def test_add_department_of_another_municipality_is_refused(case, manager):
    with pytest.raises(Refused):
        actions.add_department(case, make_department(make_municipality()), by=manager)


def test_challenge_stays_matched_while_its_case_is_closed(city, company, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk)
    case = actions.open_case(make_proposal(city, company, track="challenge", challenge=challenge), by=desk)
    actions.close(case, by=desk, reason="timing", feedback="また来年に。")
    assert Challenge.objects.get(pk=challenge.pk).state == "matched"


def test_open_case_for_a_proposal_declined_in_its_case_goes_on_in_the_same_record(
    case, city, officer, desk, person
):
    from musubi.proposals.referrals import consent, offer

    actions.say(case, by=person, body="資料をお送りします。")
    actions.close(case, by=officer, reason="budget", feedback="来年度の予算で改めてご相談します。")
    other = make_staff(city, "officer")
    department = other.staff.get().department
    proposal = fresh(case.proposal)
    consent(offer(proposal, department, by=desk, reason="所管が近いため。"), by=person)
    proposal = fresh(proposal)
    again = actions.open_case(proposal, by=other, lead=department)
    assert (again, fresh(case).stage, fresh(proposal).state) == (case, "dialogue", "dialogue")
    here = fresh(case)
    assert (here.lead, here.owner, here.holder) == (department, other, department)
    assert (here.closed_at, here.close_reason, here.feedback) == (None, "", "")
    assert lines(here, person) == ["stage", "message", "decision", "stage"]
    assert set(here.departments.all()) == {case.lead, department}
    assert verbs(case)[-2:] == ["case.closed", "case.reopened"]


def test_a_form_sent_twice_is_kept_once(case, officer, company, city):
    key = uuid4()
    first = actions.say(case, by=officer, body="費用は？", key=key)
    assert actions.say(fresh(case), by=officer, body="費用は？", key=key) == first
    assert verbs(case).count("case.spoken") == 1
    words = {"by": officer, "title": "相談", "lead": case.lead, "channel": "walk_in", "key": uuid4()}
    assert actions.open_contact(city, [company], **words) == actions.open_contact(city, [company], **words)
