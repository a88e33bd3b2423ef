from datetime import date

import pytest
from django.db import IntegrityError, transaction

from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.proposals import actions
from musubi.proposals.models import Proposal
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
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def fresh(proposal):
    return Proposal.objects.get(pk=proposal.pk)


def test_draft_proposal_may_be_empty_and_has_no_number(city, company, person):
    proposal = actions.draft_proposal(company, city, by=person, track="open")
    assert (proposal.state, proposal.ref, proposal.holder) == ("draft", "", None)


def test_draft_proposal_for_another_organisation_is_not_allowed(city, person):
    with pytest.raises(NotAllowed):
        actions.draft_proposal(make_organisation(), city, by=person, track="open")


def test_draft_proposal_for_another_towns_challenge_is_refused(city, company, person):
    with pytest.raises(Refused, match="選んだ課題が見つかりません"):
        actions.draft_proposal(company, city, by=person, track="challenge", challenge=make_challenge())


def test_draft_proposal_for_a_challenge_one_may_not_read_is_refused(city, company, person):
    hidden = make_challenge(city, state="draft")
    with pytest.raises(Refused) as refusal:
        actions.draft_proposal(company, city, by=person, track="challenge", challenge=hidden)
    assert refusal.value.field == "challenge"


def test_save_proposal_keeps_what_was_typed(city, company, person):
    proposal = make_proposal(city, company, by=person, state="draft", title="")
    actions.save_proposal(proposal, by=person, title="途中まで", goals=[14])
    assert fresh(proposal).title == "途中まで"
    assert [goal.number for goal in fresh(proposal).goals.all()] == [14]


def test_save_proposal_after_submission_is_refused(city, company, person):
    proposal = make_proposal(city, company, by=person)
    with pytest.raises(Refused, match="書き直せません"):
        actions.save_proposal(proposal, by=person, title="あとから")


def test_save_proposal_that_leaves_the_challenge_track_lets_go_of_the_challenge(city, company, person):
    challenge = make_challenge(city)
    proposal = make_proposal(city, company, by=person, state="draft", track="challenge", challenge=challenge)
    actions.save_proposal(proposal, by=person, track="open")
    assert (fresh(proposal).track, fresh(proposal).challenge) == ("open", None)


def test_submit_gives_number_time_and_the_ball_to_the_desk(city, company, person):
    with clock.standing_at(clock.at(date(2025, 6, 13), 17)):  # a Friday
        proposal = make_proposal(city, company, by=person)
    proposal = fresh(proposal)
    assert proposal.ref == "2025-001"
    assert proposal.submitted_at == clock.at(date(2025, 6, 13), 17)
    assert proposal.ball_department == city.departments.get(is_desk=True)
    assert proposal.ball_due_on == date(2025, 6, 18)
    assert verbs(proposal) == ["proposal.drafted", "proposal.submitted"]


@pytest.mark.parametrize(
    ("track", "words", "field"),
    [
        ("open", {"title": ""}, "title"),
        ("open", {"content": " "}, "content"),
        ("challenge", {}, "challenge"),
        ("trial", {"field_wanted": ""}, "field_wanted"),
    ],
)
def test_submit_with_a_gap_says_which(city, company, person, track, words, field):
    proposal = make_proposal(city, company, by=person, state="draft", track=track, **words)
    with pytest.raises(Missing) as refusal:
        actions.submit(proposal, by=person)
    assert refusal.value.field == field
    assert fresh(proposal).state == "draft"


def test_submit_to_a_closed_challenge_keeps_the_draft(city, company, person, desk):
    challenge = make_challenge(city, desk=desk, deadline=date(2025, 6, 30))
    with clock.standing_at(date(2025, 6, 30)):
        proposal = make_proposal(
            city, company, by=person, state="draft", track="challenge", challenge=challenge
        )
    with clock.standing_at(date(2025, 7, 1)), pytest.raises(Refused, match="受付を終えています"):
        actions.submit(proposal, by=person)
    assert (fresh(proposal).state, fresh(proposal).ref) == ("draft", "")


def test_submit_twice_files_once(city, company, person):
    proposal = make_proposal(city, company, by=person, state="draft")
    second_click = fresh(proposal)
    actions.submit(proposal, by=person)
    with pytest.raises((Conflict, Refused)):
        actions.submit(second_click, by=person)
    assert verbs(proposal).count("proposal.submitted") == 1
    assert fresh(proposal).ref.endswith("-001")


def test_receive_proposal_is_the_desks_way(city, company, desk):
    proposal = actions.receive_proposal(
        company, city, by=desk, track="open", channel="event", title="イベントで聞いた話", content="内容"
    )
    assert (proposal.state, proposal.channel) == ("submitted", "event")
    with pytest.raises(NotAllowed):
        actions.receive_proposal(
            company, city, by=make_staff(city, "officer"), track="open", title="題", content="内容"
        )


def test_route_gives_the_ball_to_the_department(city, company, desk):
    proposal = make_proposal(city, company)
    department = make_department(city)
    with clock.standing_at(date(2025, 12, 26)):
        actions.route(proposal, [department], by=desk, question="興味はありますか。")
    proposal = fresh(proposal)
    assert (proposal.state, proposal.ball_department) == ("routing", department)
    # ten business days after 26 December: 29 December – 3 January and 12 January (成人の日) are closed
    assert proposal.ball_due_on == date(2026, 1, 19)
    assert verbs(proposal)[-1] == "proposal.routed"


def test_route_without_a_department_is_refused(city, company, desk):
    with pytest.raises(Missing):
        actions.route(make_proposal(city, company), [], by=desk)


def test_route_to_another_municipality_is_refused(city, company, desk):
    with pytest.raises(Refused, match="ほかの自治体"):
        actions.route(make_proposal(city, company), [make_department(make_municipality())], by=desk)


def test_route_to_the_same_department_twice_is_refused(city, company, desk):
    proposal = make_proposal(city, company)
    department = make_department(city)
    actions.route(proposal, [department], by=desk)
    with pytest.raises(Refused, match="照会済み"):
        actions.route(proposal, [department], by=desk)


def test_route_by_a_department_is_not_allowed(city, company):
    with pytest.raises(NotAllowed):
        actions.route(make_proposal(city, company), [make_department(city)], by=make_staff(city, "officer"))


def test_answer_routing_passes_the_ball_on_and_then_back_to_the_desk(city, company, desk):
    first, second = make_staff(city, "officer"), make_staff(city, "officer")
    departments = [first.staff.get().department, second.staff.get().department]
    proposal = make_proposal(city, company)
    one, two = actions.route(proposal, departments, by=desk)
    actions.answer_routing(one, by=first, answer="not_ours", comment="所管は隣の課です。")
    assert fresh(proposal).ball_department == departments[1]
    actions.answer_routing(two, by=second, answer="interested", comment="ぜひ話を聞きたい。")
    assert fresh(proposal).ball_department.is_desk
    assert fresh(proposal).first_answered_at is not None
    assert verbs(proposal)[-2:] == ["proposal.answered", "proposal.answered"]


def test_answer_routing_after_a_colleague_is_a_conflict(city, company, desk):
    officer = make_staff(city, "officer")
    department = officer.staff.get().department
    colleague = make_staff(city, "officer", department)
    proposal = make_proposal(city, company)
    (routing,) = actions.route(proposal, [department, make_department(city)], by=desk)[:1]
    seen_by_colleague = proposal.routings.get(pk=routing.pk)
    actions.answer_routing(routing, by=officer, answer="interested", comment="はい")
    with pytest.raises(Conflict):
        actions.answer_routing(seen_by_colleague, by=colleague, answer="not_now", comment="いいえ")


def test_answer_routing_of_another_department_is_not_allowed(city, company, desk):
    (routing,) = actions.route(make_proposal(city, company), [make_department(city)], by=desk)
    with pytest.raises(NotAllowed):
        actions.answer_routing(routing, by=make_staff(city, "officer"), answer="interested", comment="はい")


def test_answer_routing_without_words_is_refused(city, company, desk):
    officer = make_staff(city, "officer")
    (routing,) = actions.route(make_proposal(city, company), [officer.staff.get().department], by=desk)
    with pytest.raises(Missing):
        actions.answer_routing(routing, by=officer, answer="interested", comment="")


def test_decline_wants_reason_and_feedback(city, company, desk):
    proposal = make_proposal(city, company)
    with pytest.raises(Missing):
        actions.decline(proposal, by=desk, reason="", feedback="残念ですが")
    with pytest.raises(Missing):
        actions.decline(proposal, by=desk, reason="budget", feedback=" ")
    actions.decline(
        proposal, by=desk, reason="budget", feedback="来年度の予算化に向けて、秋に改めてご相談します。"
    )
    proposal = fresh(proposal)
    assert (proposal.state, proposal.holder, proposal.decline_reason) == ("declined", None, "budget")
    assert verbs(proposal)[-1] == "proposal.declined"


def test_decline_a_draft_is_not_allowed(city, company, desk):
    with pytest.raises(NotAllowed):
        actions.decline(
            make_proposal(city, company, state="draft"), by=desk, reason="budget", feedback="不可"
        )


def test_recall_brings_it_back_to_the_desk(city, company, desk):
    proposal = make_proposal(city, company, state="routing", desk=desk)
    actions.recall(proposal, by=desk)
    assert (fresh(proposal).state, fresh(proposal).ball_department.is_desk) == ("submitted", True)


def test_withdraw_is_the_organisations_right(city, company, person, desk):
    proposal = make_proposal(city, company, by=person)
    with pytest.raises(NotAllowed):
        actions.withdraw(proposal, by=desk)
    actions.withdraw(proposal, by=person, reason="社内の事情")
    assert fresh(proposal).state == "withdrawn"
    with pytest.raises(Refused):
        actions.withdraw(proposal, by=person)


def test_discard_only_takes_drafts(city, company, person):
    draft = make_proposal(city, company, by=person, state="draft")
    actions.discard(draft, by=person)
    assert Proposal.objects.count() == 0
    with pytest.raises(Conflict):
        actions.discard(make_proposal(city, company, by=person), by=person)


def test_an_open_proposal_without_a_holder_cannot_be(city, company):
    proposal = make_proposal(city, company)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(ball_department=None)
