"""A case is never left without an owner: what keeps roles, accounts and departments from ending."""

import pytest

from musubi.cases import actions as case_actions
from musubi.cases.agreements.actions import draft_agreement
from musubi.cases.handover.actions import move_department, reassign_many
from musubi.cases.models import Case
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.people.actions import close_department, end_role, restore_user, stop_user
from musubi.people.leaving import StillCarried
from musubi.people.models import Staff, User
from tests.cases.handover.conftest import contact
from tests.factories.people import make_user
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


def test_end_role_of_an_owner_is_refused_and_shows_the_way(town, case):
    contact(town)
    role = town.leaver.staff.get()
    with pytest.raises(StillCarried) as refused:
        end_role(role, by=town.administrator)
    assert str(refused.value) == (
        "髙﨑 邉子さんには、担当している進行中の案件2件があります。先に引継ぎの画面で、後任の人に引き継いでください。"
    )
    assert refused.value.path == f"/nagisa/staff/handover/people/{town.leaver.pk}/"
    assert role.ended_at is None
    assert Staff.objects.get(pk=role.pk).ended_at is None


def test_end_role_after_the_cases_were_handed_over(town, case):
    reassign_many([case], town.successor, by=town.manager, reason="異動")
    end_role(town.leaver.staff.get(), by=town.administrator)
    assert town.leaver.staff.get().ended_at is not None


def test_end_role_of_one_of_two_in_the_department(town, case):
    Staff.objects.create(user=town.leaver, municipality=town.city, department=town.env, role="manager")
    end_role(town.leaver.staff.get(role="officer"), by=town.administrator)
    with pytest.raises(StillCarried):
        end_role(town.leaver.staff.get(role="manager"), by=town.administrator)


def test_end_role_of_one_who_stays_in_another_department_of_the_case(town, case):
    other = contact(town)
    case_actions.add_department(case, town.sea, by=town.manager)
    Staff.objects.create(user=town.leaver, municipality=town.city, department=town.sea, role="officer")
    with pytest.raises(StillCarried, match="案件1件"):
        end_role(town.leaver.staff.get(role="officer", department=town.env), by=town.administrator)
    reassign_many([other], town.successor, by=town.manager, reason="異動")
    end_role(town.leaver.staff.get(role="officer", department=town.env), by=town.administrator)


def test_end_role_of_one_who_moves_to_the_desk(town, case):
    desk = town.city.departments.get(is_desk=True)
    Staff.objects.create(user=town.leaver, municipality=town.city, department=desk, role="desk")
    end_role(town.leaver.staff.get(role="officer"), by=town.administrator)


def test_end_role_with_closed_cases_only(town, case):
    case_actions.close(case, by=town.manager, reason="budget", feedback="また来年度に。")
    end_role(town.leaver.staff.get(), by=town.administrator)


def test_end_role_refused_leaves_the_person_at_work(town, case):
    with pytest.raises(StillCarried):
        end_role(town.leaver.staff.get(), by=town.administrator)
    case_actions.note(case, by=town.leaver, body="まだ書けます。")


def test_stop_user_of_an_owner_is_refused(town, case):
    with pytest.raises(StillCarried, match="担当している進行中の案件1件"):
        stop_user(town.leaver, by=None)
    assert User.objects.get(pk=town.leaver.pk).is_active
    reassign_many([case], town.successor, by=town.manager, reason="退職")
    stop_user(town.leaver, by=None, reason="退職")
    assert not User.objects.get(pk=town.leaver.pk).is_active
    assert Entry.objects.get(verb="user.stopped").data == {"reason": "退職"}


def test_stop_user_twice_or_by_who_may_not(town):
    for who in (town.desk, town.administrator, town.leaver):
        with pytest.raises(NotAllowed):
            stop_user(town.successor, by=who)
    operator = make_user(is_operator=True)
    with pytest.raises(Refused):
        stop_user(operator, by=operator)
    stop_user(town.successor, by=operator)
    with pytest.raises(Refused):
        stop_user(town.successor, by=operator)


def test_restore_user_opens_the_account_again(town):
    stop_user(town.successor, by=None)
    with pytest.raises(NotAllowed):
        restore_user(town.successor, by=town.administrator)
    restore_user(town.successor, by=None)
    assert User.objects.get(pk=town.successor.pk).is_active
    assert Entry.objects.get(verb="user.restored").object_id == town.successor.pk
    with pytest.raises(Refused):
        restore_user(town.successor, by=None)


def test_close_department_with_cases_questions_and_agreements(town, case):
    make_proposal(
        town.city,
        town.organisation,
        by=town.representative,
        state="routing",
        departments=[town.env],
        desk=town.desk,
    )
    draft_agreement(town.env, [town.organisation], by=town.desk, kind="memorandum", title="海岸美化の覚書")
    town.env.staff.update(ended_at=clock.now())
    with pytest.raises(StillCarried) as refused:
        close_department(town.env, by=town.administrator)
    for words in ("進行中の案件1件", "回答していない照会1件", "所管する協定1件"):
        assert words in str(refused.value)
    assert refused.value.path == f"/nagisa/staff/handover/departments/{town.env.pk}/"
    move_department(town.env, town.sea, by=town.administrator, reason="機構改革")
    close_department(town.env, by=town.administrator)


def test_open_contact_for_an_owner_who_has_left(town):
    Staff.objects.filter(user=town.successor).update(ended_at=clock.now())
    with pytest.raises(Refused, match="役割に就いていません") as refused:
        contact(town, owner=town.successor)
    assert refused.value.field == "owner"
    assert Case.objects.count() == 0
