"""Nobody acts on a proposal who may not, nothing is done twice, and the journal tells of every act."""

import pytest

from musubi.journal.queries import history
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.proposals import actions, carried
from musubi.proposals.models import Proposal
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
NO = {"reason": "timing", "feedback": "来年度にご相談ください。"}
ACTS = {
    "save": ("draft", lambda p, by: actions.save_proposal(p, by=by, title="別の題")),
    "discard": ("draft", lambda p, by: actions.discard(p, by=by)),
    "submit": ("draft", lambda p, by: actions.submit(p, by=by)),
    "withdraw": ("submitted", lambda p, by: actions.withdraw(p, by=by)),
    "recall": ("routing", lambda p, by: actions.recall(p, by=by)),
    "decline": ("submitted", lambda p, by: actions.decline(p, by=by, **NO)),
}
# What a case calls when it has asked who may.
STEPS = {
    "taken_up": ("submitted", lambda p, by: actions.enter_dialogue(p, by=by)),
    "declined": ("dialogue", lambda p, by: actions.decline_from_case(p, by=by, **NO)),
    "withdrawn": (
        "dialogue",
        lambda p, by: actions.withdraw_from_case(p, by=by, reason="体制が変わりました。"),
    ),
}


@pytest.fixture
def city():
    return make_municipality()


def verbs(proposal) -> list[str]:
    return [entry.verb.removeprefix("proposal.") for entry in history(proposal)]


def proposal_in(city, state: str) -> Proposal:
    if state != "dialogue":
        return make_proposal(city, state=state)
    proposal = make_proposal(city)
    actions.enter_dialogue(proposal, by=make_staff(city, "desk"))
    return proposal


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["auditor", "administrator", "officer", "representative"])
def test_act_by_who_may_not_is_not_allowed(city, act, role):
    state, do = ACTS[act]
    proposal = proposal_in(city, state)
    before = verbs(proposal)
    person = make_representative() if role == "representative" else make_staff(city, role)
    with pytest.raises(NotAllowed):
        do(proposal, person)
    assert verbs(proposal) == before


def test_what_the_organisation_does_is_in_the_journal(city):
    company = make_organisation()
    person = make_representative(company)
    thrown_away = actions.draft_proposal(company, city, by=person, track="open", title="漁網")
    actions.discard(thrown_away, by=person)
    # The row is gone, its number with it.
    assert verbs(thrown_away) == ["drafted", "discarded"]
    proposal = make_proposal(city, company, by=person, state="draft")
    actions.save_proposal(proposal, by=person, title="漁網のごみ袋")
    actions.submit(proposal, by=person)
    actions.withdraw(proposal, by=person, reason="体制が変わりました。")
    assert verbs(proposal) == ["drafted", "submitted", "withdrawn"]
    assert history(proposal).last().data == {"reason": "体制が変わりました。"}


def test_receive_proposal_with_a_gap_is_refused_and_a_whole_one_is_in_the_journal(city):
    desk, company = make_staff(city, "desk"), make_organisation()
    words = {"by": desk, "track": "open", "content": "袋を寄附します。"}
    with pytest.raises(Missing) as refusal:
        actions.receive_proposal(company, city, title="", **words)
    assert (refusal.value.field, Proposal.objects.count()) == ("title", 0)
    proposal = actions.receive_proposal(company, city, title="ごみ袋", **words)
    assert verbs(proposal) == ["submitted"]


def test_recall_of_one_that_is_not_routed_is_refused_and_of_a_routed_one_in_the_journal(city):
    desk = make_staff(city, "desk")
    proposal = make_proposal(city, state="routing")
    actions.recall(proposal, by=desk)
    assert verbs(proposal)[-1] == "recalled"
    with pytest.raises(Refused):
        actions.recall(proposal, by=desk)
    assert verbs(proposal).count("recalled") == 1


@pytest.mark.parametrize("verb", STEPS)
def test_step_of_a_case_is_in_the_journal_and_refused_a_second_time(city, verb):
    state, do = STEPS[verb]
    proposal, desk = proposal_in(city, state), make_staff(city, "desk")
    do(proposal, desk)
    assert verbs(proposal)[-1] == verb
    with pytest.raises(Refused):
        do(proposal, desk)
    assert verbs(proposal).count(verb) == 1


def test_accept_is_in_the_journal_once(city):
    proposal, desk = proposal_in(city, "dialogue"), make_staff(city, "desk")
    for _ in range(2):
        actions.accept(proposal, by=desk)
    assert (Proposal.objects.get().state, verbs(proposal).count("accepted")) == ("accepted", 1)


def test_move_questions_is_in_the_journal_of_each_proposal_that_waits(city):
    proposal, to, desk = make_proposal(city, state="routing"), make_department(city), make_staff(city, "desk")
    question = proposal.routings.get()
    held = carried.hold_questions(question.department)
    assert carried.move_questions(question.department, to, held=held, by=desk) == [proposal]
    entry = history(proposal).last()
    assert (entry.verb, entry.data["department"]) == ("proposal.question_moved", to.name)
    assert proposal.routings.get().department == to
    assert carried.hold_questions(question.department) == []
    assert carried.move_questions(question.department, to, held=held, by=desk) == []
