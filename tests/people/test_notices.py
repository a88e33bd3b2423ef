import pytest

from musubi.journal.models import Entry
from musubi.notify.actions import tell
from musubi.notify.models import Delivery, Notice
from musubi.people import actions
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("minato")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def company():
    return make_organisation("見本環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company)


def told():
    """Tell the last entry; {person: (title, path)}."""
    return {
        notice.user: (notice.title, notice.path) for notice in tell(Entry.objects.order_by("-pk").first())
    }


def test_application_is_told_to_the_desk_with_its_purpose(city, desk, company, person):
    actions.apply_for_membership(company, city, "海の学習に関わりたい", by=person)
    assert told() == {desk: ("会員の申込み: 見本環境株式会社", "/minato/staff/members/")}
    assert "参加の目的: 海の学習に関わりたい" in Notice.objects.get().body
    assert Delivery.objects.get().address == desk.email


def test_application_that_nobody_checks_is_told_to_the_organisation_alone(desk, company, person):
    city = make_municipality(members_need_approval=False)
    make_staff(city, "desk")
    actions.apply_for_membership(company, city, by=person)
    applied, admitted = Entry.objects.order_by("pk")
    assert tell(applied) == []
    assert [notice.user for notice in tell(admitted)] == [person]


@pytest.mark.parametrize("step", [actions.admit_member, None])
def test_admission_is_told_to_the_organisation(city, desk, company, person, step):
    if step:
        step(actions.apply_for_membership(company, city, by=person), by=desk)
    else:
        actions.enrol_member(company, city, by=desk)
    assert told() == {person: (f"会員になりました: {city}", "/minato/")}


def test_refusal_is_told_with_its_reason(city, desk, company, person):
    actions.refuse_member(
        actions.apply_for_membership(company, city, by=person), "書類が足りません。", by=desk
    )
    assert set(told()) == {person}
    assert "理由: 書類が足りません。" in Notice.objects.get().body


@pytest.mark.parametrize("who", ["desk", "person"])
def test_leaving_is_told_to_the_other_side(city, desk, company, person, who):
    by, other = (desk, person) if who == "desk" else (person, desk)
    actions.leave(make_member(city, company), by=by, reason="解散のため")
    assert set(told()) == {other}
    assert Notice.objects.get().title == "会員を退会しました: 見本環境株式会社"


def test_application_taken_back_is_not_called_leaving(city, desk, company, person):
    actions.leave(actions.apply_for_membership(company, city, by=person), by=person, reason="見合わせます")
    assert told()[desk][0] == "会員の申込みを取り下げました: 見本環境株式会社"


def test_appointment_is_told_to_the_person(city):
    user = make_user()
    actions.appoint(user, city, "desk", by=make_staff(city, "administrator"))
    assert told() == {user: (f"{city}のデスク職員になりました", "/minato/staff/")}


def test_invitation_is_told_to_the_person(company, person):
    user = make_user()
    actions.invite_representative(company, user, by=person)
    assert told() == {user: ("見本環境株式会社の担当者になりました", "/my/")}
