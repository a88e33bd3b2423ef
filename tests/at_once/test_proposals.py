"""Two and ten people at once with proposals: one number each, no answer lost, one ball."""

import pytest
from django.db.models.deletion import Collector

from musubi.cases import actions as cases
from musubi.cases.handover import actions as handover
from musubi.cases.models import Case
from musubi.journal.models import Entry
from musubi.lib import clock, fulltext
from musubi.lib.fiscal import fiscal_year
from musubi.people import leaving, numbering
from musubi.people.models import Numbering
from musubi.proposals import actions
from musubi.proposals.models import Proposal, Routing
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def colleague(city):
    return make_staff(city, "desk")


def entries(verb: str) -> int:
    return Entry.objects.filter(verb=verb).count()


def refs(city) -> list[str]:
    return sorted(Proposal.objects.filter(municipality=city).exclude(ref="").values_list("ref", flat=True))


def numbers(count: int) -> list[str]:
    year = fiscal_year(clock.today())
    return [f"{year}-{n:03d}" for n in range(1, count + 1)]


def test_submit_twice_gives_one_number_and_tells_the_other(city):
    company = make_organisation()
    people = [make_representative(company) for _ in range(2)]
    draft = make_proposal(city, company, by=people[0], state="draft")
    screens = [seen(draft) for _ in people]
    pairs = zip(screens, people, strict=True)
    results = race(*(lambda p=proposal, by=by: actions.submit(p, by=by) for proposal, by in pairs))
    assert told(results) == 1
    assert (refs(city), Numbering.objects.get(kind="proposal").last) == (numbers(1), 1)
    assert entries("proposal.submitted") == 1


def test_submit_ten_at_once_gives_ten_consecutive_numbers(city):
    drafts = [make_proposal(city, state="draft") for _ in range(10)]
    results = race(*(lambda d=draft: actions.submit(d, by=d.author) for draft in drafts))
    assert told(results) == 0
    assert refs(city) == numbers(10)
    assert entries("proposal.submitted") == 10


def test_submit_that_fails_late_gives_its_number_back(city, monkeypatch):
    """The number is counted up early in the action; nobody gets a later one while it may still be given back."""
    drafts = [make_proposal(city, state="draft") for _ in range(2)]

    def fails(*args, **kwargs):
        raise RuntimeError("the disk is full")

    real = fulltext.index

    def index(thing, **words):
        return fails() if thing.pk == drafts[0].pk else real(thing, **words)

    monkeypatch.setattr(fulltext, "index", index)
    results = race(*(lambda d=draft: actions.submit(d, by=d.author) for draft in drafts))
    assert [type(each) for each in results] == [RuntimeError, type(None)]
    assert refs(city) == numbers(1)
    assert seen(drafts[0]).state == "draft"


def test_submit_while_an_autosave_empties_the_words_is_never_submitted_empty(city, monkeypatch):
    draft = make_proposal(city, state="draft")
    screen, window = seen(draft), seen(draft)
    results = cut_in(
        monkeypatch,
        numbering,
        "next_ref",
        first=lambda: actions.submit(screen, by=draft.author),
        second=lambda: actions.save_proposal(window, by=draft.author, title="", content=""),
    )
    assert told(results) == 1
    here = seen(draft)
    assert (here.state == "submitted") == bool(here.title and here.content)


def test_discard_while_it_is_submitted_never_loses_a_submitted_proposal(city, monkeypatch):
    draft = make_proposal(city, state="draft")
    screen, window = seen(draft), seen(draft)
    results = cut_in(
        monkeypatch,
        Collector,
        "delete",
        first=lambda: actions.discard(screen, by=draft.author),
        second=lambda: actions.submit(window, by=draft.author),
    )
    assert told(results) == 1
    left = list(Proposal.objects.filter(pk=draft.pk).values_list("state", flat=True))
    assert left == (["submitted"] if results[1] is None else [])
    assert entries("proposal.submitted") + entries("proposal.discarded") == 1


def test_discard_twice_tells_the_other(city):
    draft = make_proposal(city, state="draft")
    screens = [seen(draft) for _ in range(2)]
    results = race(*(lambda s=screen: actions.discard(s, by=draft.author) for screen in screens))
    assert told(results) == 1
    assert entries("proposal.discarded") == 1


@pytest.mark.parametrize("state", ["submitted", "routing"])
def test_route_twice_to_the_same_department_asks_once(city, desk, colleague, state):
    proposal, department = make_proposal(city, state=state, desk=desk), make_department(city)
    before = Routing.objects.count()
    screens = [(seen(proposal), desk), (seen(proposal), colleague)]
    results = race(*(lambda p=p, by=by: actions.route(p, [department], by=by) for p, by in screens))
    assert told(results) == 1
    assert Routing.objects.count() == before + 1
    assert seen(proposal).state == "routing"
    assert entries("proposal.routed") == (1 if state == "submitted" else 2)


def test_route_to_two_departments_at_once_asks_both(city, desk, colleague):
    """Two people ask different departments: neither question may be lost, and one department has the ball."""
    proposal = make_proposal(city)
    departments = [make_department(city) for _ in range(2)]
    screens = list(zip([seen(proposal), seen(proposal)], departments, [desk, colleague], strict=True))
    results = race(*(lambda p=p, d=d, by=by: actions.route(p, [d], by=by) for p, d, by in screens))
    assert Routing.objects.count() == entries("proposal.routed") == 2 - told(results)
    asked = list(Routing.objects.values_list("department", flat=True))
    assert seen(proposal).ball_department_id in asked


def test_two_departments_answering_at_once_lose_no_answer_and_end_at_the_desk(city, desk):
    officers = [make_staff(city, "officer") for _ in range(4)]
    departments = [officer.staff.get().department for officer in officers]
    proposal = make_proposal(city, state="routing", departments=departments, desk=desk)
    questions = list(proposal.routings.order_by("id"))
    pairs = zip(questions, officers, strict=True)
    results = race(
        *(
            lambda q=question, by=by: actions.answer_routing(
                q, by=by, answer="interested", comment="会いたい。"
            )
            for question, by in pairs
        )
    )
    assert told(results) == 0
    assert list(proposal.routings.values_list("answer", flat=True)) == ["interested"] * 4
    here = seen(proposal)
    assert (here.state, here.ball_department.is_desk, here.first_answered_at is not None) == (
        "routing",
        True,
        True,
    )
    said = Entry.objects.filter(verb="proposal.answered").values_list("data__all_answered", flat=True)
    assert sorted(said) == [False, False, False, True]


def test_two_people_of_one_department_answering_leave_one_answer(city, desk):
    officer = make_staff(city, "officer")
    department = officer.staff.get().department
    second = make_staff(city, "officer", department)
    proposal = make_proposal(city, state="routing", departments=[department], desk=desk)
    question = proposal.routings.get()
    results = race(
        lambda: actions.answer_routing(seen(question), by=officer, answer="interested", comment="会いたい。"),
        lambda: actions.answer_routing(seen(question), by=second, answer="not_ours", comment="所管外です。"),
    )
    assert told(results) == 1
    assert seen(question).answer == ("interested" if results[0] is None else "not_ours")
    assert entries("proposal.answered") == 1


def test_answer_while_one_more_department_is_asked_never_leaves_a_question_without_a_holder(city, desk):
    officer = make_staff(city, "officer")
    asked, another = officer.staff.get().department, make_department(city)
    proposal = make_proposal(city, state="routing", departments=[asked], desk=desk)
    question, screen = proposal.routings.get(), seen(proposal)
    results = race(
        lambda: actions.answer_routing(question, by=officer, answer="not_ours", comment="所管外です。"),
        lambda: actions.route(screen, [another], by=desk),
    )
    assert told(results) == 0
    assert seen(proposal).ball_department == another


def test_answer_and_decline_leave_one_state_that_matches_the_journal(city, desk):
    officer = make_staff(city, "officer")
    proposal = make_proposal(city, state="routing", departments=[officer.staff.get().department], desk=desk)
    question, screen = proposal.routings.get(), seen(proposal)
    results = race(
        lambda: actions.answer_routing(question, by=officer, answer="interested", comment="会いたい。"),
        lambda: actions.decline(screen, by=desk, reason="timing", feedback="来年度にご相談ください。"),
    )
    told(results)
    assert results[1] is None
    here = seen(proposal)
    assert (here.state, here.holder) == ("declined", None)
    assert entries("proposal.answered") == (results[0] is None)


def test_decline_and_withdraw_leave_one_ending(city, desk):
    proposal = make_proposal(city)
    screens = [seen(proposal), seen(proposal)]
    results = race(
        lambda: actions.decline(screens[0], by=desk, reason="timing", feedback="来年度にご相談ください。"),
        lambda: actions.withdraw(screens[1], by=proposal.author, reason="体制が変わりました。"),
    )
    assert told(results) == 1
    assert seen(proposal).state == ("declined" if results[0] is None else "withdrawn")
    assert entries("proposal.declined") + entries("proposal.withdrawn") == 1


def test_open_case_twice_opens_one_case(city, desk, colleague):
    proposal, lead = make_proposal(city), make_department(city)
    screens = [(seen(proposal), desk), (seen(proposal), colleague)]
    results = race(*(lambda p=p, by=by: cases.open_case(p, by=by, lead=lead) for p, by in screens))
    assert told(results) == 1
    assert (Case.objects.count(), Numbering.objects.get(kind="case").last) == (1, 1)
    assert entries("case.opened") == entries("proposal.taken_up") == 1


def test_open_case_and_withdraw_leave_one_way(city, desk):
    proposal, lead = make_proposal(city), make_department(city)
    screens = [seen(proposal), seen(proposal)]
    results = race(
        lambda: cases.open_case(screens[0], by=desk, lead=lead),
        lambda: actions.withdraw(screens[1], by=proposal.author),
    )
    assert told(results) == 1
    opened = not isinstance(results[0], Exception)
    assert (seen(proposal).state, Case.objects.count()) == (("dialogue", 1) if opened else ("withdrawn", 0))


def test_open_case_on_a_question_that_comes_while_the_department_moves_waits_for_it(city, desk, monkeypatch):
    """One more question reaches the department while its work is handed over, and a case is opened on it: nobody waits
    for the other for ever."""
    before, to = make_department(city), make_department(city)
    taker = make_staff(city, "officer", department=to)
    asked, late = make_proposal(city, state="submitted"), make_proposal(city, state="submitted")
    actions.route(asked, [before], by=desk)

    def ask_and_open():
        actions.route(seen(late), [before], by=desk)
        return cases.open_case(seen(late), by=desk, lead=to, owner=taker)

    results = cut_in(
        monkeypatch,
        leaving,
        "works_here",
        first=lambda: handover.move_department(before, to, by=desk, reason="機構改革", owner=taker),
        second=ask_and_open,
    )
    assert told(results) == 0
    assert Routing.objects.get(proposal=asked).department == to
    assert Case.objects.get(proposal=late).owner == taker
