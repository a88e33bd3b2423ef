"""Giving cases away: many to one person, a department to another."""

import pytest

from musubi.cases import actions as case_actions
from musubi.cases.agreements.actions import draft_agreement
from musubi.cases.handover.actions import move_department, reassign_each, reassign_many
from musubi.cases.models import Case, Todo
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people.models import Representative, Staff
from tests.cases.handover.conftest import contact
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


# --- many cases to one person ------------------------------------------------------------------------------------


def test_reassign_many_gives_the_cases_and_says_so_in_each(town, case):
    second = contact(town)
    given = reassign_many([case, second], town.successor, by=town.manager, reason="4月の異動")
    assert [c.pk for c in given] == [case.pk, second.pk]
    for each in (case, second):
        assert fresh(each).owner == town.successor
        line = each.posts.last()
        assert (line.internal, line.body) == (True, "担当者を髙﨑 邉子から森 和子に変更しました。4月の異動")


def test_reassign_many_writes_both_names_per_case_and_once_for_all(town, case):
    second = contact(town)
    reassign_many([case, second], town.successor, by=town.manager, reason="4月の異動")
    for each in (case, second):
        entry = history(each).last()
        assert (entry.verb, entry.actor) == ("case.handed_over", "林 一郎")
        assert entry.data == {"before": "髙﨑 邉子", "owner": "森 和子", "reason": "4月の異動"}
    entry = Entry.objects.get(verb="municipality.cases_handed_over")
    assert entry.municipality == town.city.code
    assert entry.data["refs"] == [case.ref, second.ref]


def test_reassign_many_keeps_ball_and_due_date(town, case):
    before = Case.objects.values("ball_department", "ball_since", "ball_due_on", "lead").get(pk=case.pk)
    reassign_many([case], town.successor, by=town.manager, reason="異動")
    assert (
        Case.objects.values("ball_department", "ball_since", "ball_due_on", "lead").get(pk=case.pk) == before
    )


def test_reassign_many_leaves_the_successors_own_cases(town, case):
    reassign_many([case], town.successor, by=town.manager, reason="異動")
    entries = Entry.objects.count()
    assert reassign_many([fresh(case)], town.successor, by=town.manager, reason="異動") == []
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("who", ["leaver", "successor", "other", "auditor", "representative"])
def test_reassign_many_by_who_may_not(town, case, who):
    with pytest.raises(NotAllowed):
        reassign_many([case], town.successor, by=getattr(town, who), reason="異動")
    assert fresh(case).owner == town.leaver


@pytest.mark.parametrize("who", ["desk", "manager", "administrator"])
def test_reassign_many_by_who_may(town, case, who):
    reassign_many([case], town.successor, by=getattr(town, who), reason="異動")
    assert fresh(case).owner == town.successor


def test_reassign_many_of_one_case_beyond_the_manager_gives_none(town, case):
    theirs = case_actions.open_contact(
        town.city, [town.organisation], by=town.other, title="藻場", lead=town.sea, channel="walk_in"
    )
    with pytest.raises(NotAllowed):
        reassign_many([case, theirs], town.successor, by=town.manager, reason="異動")
    assert fresh(case).owner == town.leaver


def test_reassign_many_to_somebody_of_another_department_names_the_cases(town, case):
    shared = contact(town)
    case_actions.add_department(shared, town.sea, by=town.manager)
    with pytest.raises(Refused, match=f"浜 二郎さんは、{case.ref}に関係する部署の職員ではない") as refused:
        reassign_many([case, shared], town.other, by=town.manager, reason="異動")
    assert refused.value.field == "successor"
    assert fresh(shared).owner == town.leaver


def test_reassign_many_to_somebody_who_acts_for_the_organisation(town, case):
    Representative.objects.create(user=town.successor, organisation=town.organisation)
    with pytest.raises(Refused, match="相手の団体の担当者"):
        reassign_many([case], town.successor, by=town.manager, reason="異動")


def test_reassign_many_to_somebody_who_has_left(town, case):
    Staff.objects.filter(user=town.successor).update(ended_at=clock.now())
    with pytest.raises(Refused, match="役割に就いていません"):
        reassign_many([case], town.successor, by=town.manager, reason="異動")


def test_reassign_many_without_a_reason_or_a_case(town, case):
    with pytest.raises(Missing) as refused:
        reassign_many([case], town.successor, by=town.manager, reason=" ")
    assert refused.value.field == "reason"
    with pytest.raises(Missing) as refused:
        reassign_many([], town.successor, by=town.manager, reason="異動")
    assert refused.value.field == "cases"


def test_reassign_many_after_somebody_else_did(town, case):
    seen = fresh(case)
    case_actions.change_owner(case, town.manager, by=town.desk)
    with pytest.raises(Conflict, match=case.ref):
        reassign_many([seen], town.successor, by=town.manager, reason="異動")
    assert fresh(case).owner == town.manager


def test_reassign_many_of_a_case_that_has_ended(town, case):
    second, seen = contact(town), fresh(case)
    case_actions.close(case, by=town.manager, reason="budget", feedback="また来年度に。")
    with pytest.raises(Conflict):
        reassign_many([seen, second], town.successor, by=town.manager, reason="異動")
    assert fresh(second).owner == town.leaver


def test_reassign_many_of_two_municipalities(town, case):
    from tests.factories.cases import make_contact

    with pytest.raises(Refused, match="一つの自治体"):
        reassign_many([case, make_contact()], town.successor, by=town.manager, reason="異動")


def test_reassign_each_gives_to_several_or_to_none(town, case):
    second = contact(town)
    with pytest.raises(Refused):
        reassign_each({town.successor: [case], town.other: [second]}, by=town.manager, reason="異動")
    assert fresh(case).owner == town.leaver
    reassign_each({town.successor: [case], town.manager: [second]}, by=town.manager, reason="異動")
    assert (fresh(case).owner, fresh(second).owner) == (town.successor, town.manager)


def test_reassign_each_by_a_successor_is_not_allowed(town, case):
    with pytest.raises(NotAllowed):
        reassign_each({town.successor: [case]}, by=town.successor, reason="異動")
    assert fresh(case).owner == town.leaver


def test_reassign_each_of_nothing(town):
    with pytest.raises(Missing):
        reassign_each({town.successor: []}, by=town.manager, reason="異動")


# --- a department to another -------------------------------------------------------------------------------------


def test_move_department_moves_lead_ball_participation_and_promises(town, case):
    Todo.objects.create(case=case, text="見積り", department=town.env, due_on=clock.today())
    before = fresh(case)
    moved = move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    assert [c.pk for c in moved] == [case.pk]
    after = fresh(case)
    assert (after.lead, after.ball_department, list(after.departments.all())) == (
        town.sea,
        town.sea,
        [town.sea],
    )
    assert (after.ball_since, after.ball_due_on) == (before.ball_since, before.ball_due_on)
    assert case.todos.get().department == town.sea


def test_move_department_gives_cases_to_somebody_who_works_there(town, case):
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    assert fresh(case).owner == town.other


def test_move_department_keeps_an_owner_who_moved_along(town, case):
    Staff.objects.create(user=town.leaver, municipality=town.city, department=town.sea, role="officer")
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    assert fresh(case).owner == town.leaver


def test_move_department_to_a_named_owner(town, case):
    boss = make_staff(town.city, "manager", town.sea)
    move_department(town.env, town.sea, by=town.administrator, reason="機構改革", owner=boss)
    assert fresh(case).owner == boss
    with pytest.raises(Refused) as refused:
        move_department(town.sea, town.env, by=town.desk, reason="戻し", owner=boss)
    assert refused.value.field == "owner"


def test_move_department_to_an_owner_who_acts_for_the_organisation(town, case):
    boss = make_staff(town.city, "manager", town.sea)
    Representative.objects.create(user=boss, organisation=town.organisation)
    with pytest.raises(Refused, match=f"{case.ref}の相手の団体の担当者") as refused:
        move_department(town.env, town.sea, by=town.desk, reason="機構改革", owner=boss)
    assert refused.value.field == "owner"
    assert (fresh(case).owner, fresh(case).lead) == (town.leaver, town.env)


def test_move_department_says_so_to_the_organisation_and_inside(town, case):
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    shown, inside = list(case.posts.all())[-2:]
    assert (shown.internal, shown.body) == (
        False,
        "担当課が環境課から水産課に変わりました。これからは水産課が続きを進めます。",
    )
    assert inside.internal
    assert "担当者を髙﨑 邉子から浜 二郎に変更しました。" in inside.body


def test_move_department_writes_both_names_per_case_and_once_for_all(town, case):
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    entry = history(case).last()
    assert entry.verb == "case.department_moved"
    assert entry.data == {
        "before": "環境課",
        "department": "水産課",
        "leads": True,
        "owner_before": "髙﨑 邉子",
        "owner": "浜 二郎",
        "reason": "機構改革",
    }
    assert Entry.objects.get(verb="municipality.department_moved").data["cases"] == [case.pk]


def test_move_department_of_a_case_it_only_takes_part_in_keeps_the_lead(town, case):
    case_actions.add_department(case, town.sea, by=town.manager)
    third = make_department(town.city, "港湾課")
    move_department(town.sea, third, by=town.desk, reason="機構改革")
    after = fresh(case)
    assert (after.lead, after.owner) == (town.env, town.leaver)
    assert {d.name for d in after.departments.all()} == {"環境課", "港湾課"}
    assert not any("担当課が" in post.body for post in case.posts.filter(internal=False))


def test_move_department_takes_agreements_and_questions_along(town):
    proposal = make_proposal(
        town.city,
        town.organisation,
        by=town.representative,
        state="routing",
        departments=[town.env],
        desk=town.desk,
    )
    agreement = draft_agreement(
        town.env, [town.organisation], by=town.desk, kind="memorandum", title="海岸美化の覚書"
    )
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    proposal.refresh_from_db()
    agreement.refresh_from_db()
    assert (proposal.routings.get().department, proposal.ball_department) == (town.sea, town.sea)
    assert agreement.department == town.sea
    assert history(proposal).last().verb == "proposal.question_moved"
    assert history(agreement).last().data == {"before": "環境課", "department": "水産課"}


def test_move_department_of_a_proposal_both_were_asked_about_keeps_both_questions(town):
    proposal = make_proposal(
        town.city, town.organisation, by=town.representative, state="routing", departments=[town.env, town.sea], desk=town.desk
    )  # fmt: skip
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    assert [r.department for r in proposal.routings.all()] == [town.env, town.sea]


def test_move_department_to_one_without_people(town, case):
    empty = make_department(town.city, "新設課")
    with pytest.raises(Refused, match="新設課には職員がいない"):
        move_department(town.env, empty, by=town.desk, reason="機構改革")
    assert fresh(case).lead == town.env


@pytest.mark.parametrize("who", ["leaver", "manager", "other", "auditor", "representative"])
def test_move_department_by_who_may_not(town, case, who):
    with pytest.raises(NotAllowed):
        move_department(town.env, town.sea, by=getattr(town, who), reason="機構改革")


def test_move_department_to_itself_elsewhere_or_a_closed_one(town):
    closed = make_department(town.city, "旧課", is_active=False)
    elsewhere = make_department(make_municipality())
    for to in (town.env, closed, elsewhere):
        with pytest.raises(Refused) as refused:
            move_department(town.env, to, by=town.administrator, reason="機構改革")
        assert refused.value.field == "to" or isinstance(refused.value, NotAllowed)
    with pytest.raises(Missing):
        move_department(town.env, town.sea, by=town.desk, reason="")
