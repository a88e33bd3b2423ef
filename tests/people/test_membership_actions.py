from datetime import date

import pytest

from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people import actions
from musubi.people.models import Member
from musubi.people.queries import is_member, members_of
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE = date(2025, 4, 10), date(2025, 5, 10), date(2025, 6, 10)


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


def counted(city, *days):
    return [members_of(city, on=day).count() for day in days]


def test_apply_for_membership_waits_for_the_desk(city, company, person):
    member = actions.apply_for_membership(company, city, " 海の環境学習に関わりたい ", by=person)
    member.refresh_from_db()
    assert (member.state, member.message, member.joined_on) == ("applied", "海の環境学習に関わりたい", None)
    assert not is_member(person, city.pk)
    entry = history(member).get()
    assert (entry.verb, entry.municipality, entry.title) == ("member.applied", city.code, company.name)


def test_apply_for_membership_where_nobody_checks_is_admitted_at_once(company, person):
    city = make_municipality(members_need_approval=False)
    member = actions.apply_for_membership(company, city, by=person)
    assert (member.state, member.joined_on) == ("active", clock.today())
    assert is_member(person, city.pk)
    assert [(entry.verb, entry.actor_id) for entry in history(member)] == [
        ("member.applied", person.pk),
        ("member.admitted", None),
    ]


def test_apply_for_membership_twice_is_refused(city, company, person, desk):
    member = actions.apply_for_membership(company, city, by=person)
    with pytest.raises(Refused, match="すでに申込み中"):
        actions.apply_for_membership(company, city, by=person)
    actions.admit_member(member, by=desk)
    with pytest.raises(Refused, match="すでに会員"):
        actions.apply_for_membership(company, city, by=person)
    assert Member.objects.count() == 1


def test_apply_for_membership_of_another_organisation_is_not_allowed(city, company, desk):
    for other in (make_representative(), desk):
        with pytest.raises(NotAllowed):
            actions.apply_for_membership(company, city, by=other)


def test_admit_member_from_an_earlier_day(city, company, person, desk):
    with clock.standing_at(MAY):
        member = actions.apply_for_membership(company, city, by=person)
        actions.admit_member(member, by=desk, joined_on=APRIL)
    member.refresh_from_db()
    assert (member.state, member.joined_on) == ("active", APRIL)
    assert counted(city, date(2025, 4, 9), APRIL) == [0, 1]
    assert history(member).last().data == {"joined_on": "2025-04-10"}


def test_admit_member_from_tomorrow_is_refused(city, company, person, desk):
    with clock.standing_at(APRIL):
        member = actions.apply_for_membership(company, city, by=person)
        with pytest.raises(Refused) as refusal:
            actions.admit_member(member, by=desk, joined_on=date(2025, 4, 11))
    assert refusal.value.field == "joined_on"
    assert Member.objects.get().state == "applied"


def test_admit_member_whose_application_was_taken_back_meanwhile_is_a_conflict(city, company, person, desk):
    member = actions.apply_for_membership(company, city, by=person)
    seen_before = Member.objects.get()
    actions.leave(member, by=person, reason="見合わせます")
    with pytest.raises(Conflict):
        actions.admit_member(seen_before, by=desk)


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_admit_and_refuse_by_others_than_the_desk_is_not_allowed(city, company, person, role):
    member = actions.apply_for_membership(company, city, by=person)
    other = make_staff(city, role)
    with pytest.raises(NotAllowed):
        actions.admit_member(member, by=other)
    with pytest.raises(NotAllowed):
        actions.refuse_member(member, "理由", by=other)


def test_admit_member_of_another_municipality_is_not_allowed(city, company, person):
    member = actions.apply_for_membership(company, city, by=person)
    with pytest.raises(NotAllowed):
        actions.admit_member(member, by=make_staff(make_municipality(), "desk"))


def test_refuse_member_wants_a_reason(city, company, person, desk):
    member = actions.apply_for_membership(company, city, by=person)
    with pytest.raises(Missing) as refusal:
        actions.refuse_member(member, "  ", by=desk)
    assert refusal.value.field == "reason"
    actions.refuse_member(member, "区内での活動が確かめられませんでした。", by=desk)
    member.refresh_from_db()
    assert (member.state, member.reason) == ("refused", "区内での活動が確かめられませんでした。")
    assert history(member).last().data == {"reason": "区内での活動が確かめられませんでした。"}


def test_refuse_a_member_is_refused(city, desk):
    with pytest.raises(Refused, match="会員"):
        actions.refuse_member(make_member(city), "理由", by=desk)


def test_apply_again_after_a_refusal(city, company, person, desk):
    member = actions.apply_for_membership(company, city, "一度目", by=person)
    actions.refuse_member(member, "書類が足りません。", by=desk)
    again = actions.apply_for_membership(company, city, "二度目", by=person)
    again.refresh_from_db()
    assert (again.pk, again.state, again.message, again.reason) == (member.pk, "applied", "二度目", "")
    assert verbs(again) == ["member.applied", "member.refused", "member.applied"]


def test_leave_is_counted_until_the_day_before(city, company, person):
    with clock.standing_at(APRIL):
        member = make_member(city, company)
    with clock.standing_at(MAY):
        actions.leave(member, by=person, reason="事業の見直し")
    member.refresh_from_db()
    assert (member.state, member.left_on, member.reason) == ("left", MAY, "事業の見直し")
    assert counted(city, APRIL, date(2025, 5, 9), MAY) == [1, 1, 0]
    assert history(member).get().data == {"reason": "事業の見直し", "was": "active"}


def test_leave_without_a_reason_is_refused(city, company, person):
    member = make_member(city, company)
    with pytest.raises(Missing) as refusal:
        actions.leave(member, by=person, reason="")
    assert refusal.value.field == "reason"
    assert Member.objects.get().state == "active"


def test_leave_before_admission_takes_the_application_back(city, company, person):
    member = actions.apply_for_membership(company, city, by=person)
    actions.leave(member, by=person, reason="見合わせます")
    member.refresh_from_db()
    assert (member.state, member.joined_on, member.left_on) == ("left", None, None)
    assert counted(city, clock.today()) == [0]


def test_leave_twice_is_refused(city, company, person):
    member = make_member(city, company)
    actions.leave(member, by=person, reason="理由")
    with pytest.raises(Refused, match="退会"):
        actions.leave(member, by=person, reason="理由")


def test_leave_by_the_desk_and_not_by_others(city, company, desk):
    member = make_member(city, company)
    for other in (
        make_representative(),
        make_staff(city, "officer"),
        make_staff(make_municipality(), "desk"),
    ):
        with pytest.raises(NotAllowed):
            actions.leave(member, by=other, reason="理由")
    actions.leave(member, by=desk, reason="解散のため")
    assert Member.objects.get().state == "left"


def test_join_again_after_leaving(city, company, person, desk):
    with clock.standing_at(APRIL):
        member = make_member(city, company)
    with clock.standing_at(MAY):
        actions.leave(member, by=person, reason="事業の見直し")
        member = actions.apply_for_membership(company, city, by=person)
        assert counted(city, APRIL, MAY) == [1, 0]
        with pytest.raises(Refused) as refusal:
            actions.admit_member(member, by=desk, joined_on=APRIL)
        assert refusal.value.field == "joined_on"
    with clock.standing_at(JUNE):
        actions.admit_member(member, by=desk)
        assert counted(city, MAY, JUNE) == [0, 1]
    member.refresh_from_db()
    assert (member.state, member.joined_on, member.left_on) == ("active", JUNE, None)


def test_enrol_member_is_one_step(city, company, desk):
    with clock.standing_at(MAY):
        member = actions.enrol_member(company, city, by=desk, joined_on=APRIL, message="紙の申込書")
    member.refresh_from_db()
    assert (member.state, member.joined_on, member.message) == ("active", APRIL, "紙の申込書")
    assert verbs(member) == ["member.enrolled"]


def test_enrol_member_admits_an_application_that_waits(city, company, person, desk):
    waiting = actions.apply_for_membership(company, city, "ぜひ", by=person)
    member = actions.enrol_member(company, city, by=desk)
    assert (member.pk, member.state, member.message) == (waiting.pk, "active", "ぜひ")


def test_enrol_member_twice_is_refused(city, company, desk):
    actions.enrol_member(company, city, by=desk)
    with pytest.raises(Refused, match="すでに会員"):
        actions.enrol_member(company, city, by=desk)


def test_enrol_member_by_the_representative_is_not_allowed(city, company, person):
    with pytest.raises(NotAllowed):
        actions.enrol_member(company, city, by=person)
    assert not Member.objects.exists()
