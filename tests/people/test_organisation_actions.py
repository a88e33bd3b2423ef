from datetime import date

import pytest

from musubi.journal.queries import history
from musubi.lib.errors import Conflict, NotAllowed, Refused
from musubi.people import actions
from musubi.people.models import Organisation, Representative
from musubi.people.permissions import Can, may
from musubi.people.queries import find_organisations
from musubi.people.rules import similar_organisations
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
NUMBER = "7000012050002"


def register(**words):
    return actions.register_organisation(**{"name": "見本環境サービス株式会社", "kind": "company", **words})


def live(organisation):
    return {(row.user, row.is_owner) for row in organisation.representatives.filter(ended_at=None)}


# --- registering ----------------------------------------------------------------------------------------------


def test_register_organisation_makes_the_person_its_owner():
    person = make_user()
    row = register(
        by=person, corporate_number=" ７000012050002 ", description="海岸の清掃", founded_on=date(2001, 4, 1)
    )
    row.refresh_from_db()
    assert (row.corporate_number, row.name_key) == (NUMBER, "見本環境サービス/株式会社")
    assert live(row) == {(person, True)}
    assert may(person, Can.INVITE_REPRESENTATIVE, row)
    assert list(find_organisations("海岸")) == [row]
    entry = history(row).get()
    assert (entry.verb, entry.ref, entry.data) == (
        "organisation.registered",
        NUMBER,
        {"kind": "company", "represented": True},
    )


def test_register_organisation_by_a_desk_leaves_it_without_an_owner():
    row = register(by=make_staff(make_municipality(), "desk"), represent=False)
    assert live(row) == set()
    assert row.corporate_number is None


def test_register_organisation_on_behalf_by_anyone_else_is_not_allowed():
    for person in (make_user(), make_staff(make_municipality(), "officer")):
        with pytest.raises(NotAllowed):
            register(by=person, represent=False)
    assert not Organisation.objects.exists()


def test_register_organisation_by_a_stopped_person_is_not_allowed():
    with pytest.raises(NotAllowed):
        register(by=make_user(is_active=False))


def test_register_organisation_by_the_product_itself_represents_nobody():
    assert live(register(by=None)) == set()


def test_register_organisation_with_a_known_number_tells_no_person():
    owner = make_representative(
        make_organisation(corporate_number=NUMBER), name="秘密太郎", email="himitsu@example.jp"
    )
    with pytest.raises(Refused) as refusal:
        register(by=make_user(), corporate_number=NUMBER)
    assert refusal.value.field == "corporate_number"
    assert "招いてもらって" in str(refusal.value)
    assert owner.name not in str(refusal.value)
    assert owner.email not in str(refusal.value)
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"corporate_number": "4.01101E+12"}, "corporate_number"),
        ({"corporate_number": "4011010000000"}, "corporate_number"),
        ({"corporate_number": "7000012050003"}, "corporate_number"),
        ({"name": "  "}, "name"),
        ({"name": "社" * 121}, "name"),
        ({"kind": "ministry"}, "kind"),
        ({"url": "javascript:alert(1)"}, "url"),
    ],
)
def test_register_organisation_with_bad_input_says_where(words, field):
    with pytest.raises(Refused) as refusal:
        register(by=make_user(), **words)
    assert refusal.value.field == field
    assert not Organisation.objects.exists()
    assert not Representative.objects.exists()


def test_register_organisation_of_a_similar_name_is_allowed_and_told():
    first = register(by=make_user(), name="株式会社みなと商会")
    assert similar_organisations("(株)みなと商会") == [first]
    assert similar_organisations("みなと商會") == [first]
    assert similar_organisations("やまと商会") == []
    second = register(by=make_user(), name="㈱みなと商会")
    assert set(similar_organisations("株式会社みなと商会")) == {first, second}


def test_similar_organisations_puts_the_same_number_first():
    same_name = make_organisation("みなと商会株式会社")
    same_number = make_organisation("やまと商会株式会社", corporate_number=NUMBER)
    assert similar_organisations("みなと商会株式会社", NUMBER) == [same_number, same_name]


# --- changing -------------------------------------------------------------------------------------------------


def test_change_organisation_is_found_by_the_new_name():
    person = make_user()
    row = register(by=person, name="みなと商会株式会社")
    actions.change_organisation(
        row, by=person, name="みなと未来株式会社", corporate_number=NUMBER, founded_on=None
    )
    row.refresh_from_db()
    assert (row.name_key, row.corporate_number) == ("みなと未来/株式会社", NUMBER)
    assert list(find_organisations("未来")) == [row]
    assert list(find_organisations("商会")) == []
    entry = history(row).last()
    assert (entry.verb, entry.data["changed"]) == (
        "organisation.changed",
        {"name": ["みなと商会株式会社", "みなと未来株式会社"], "corporate_number": ["", NUMBER]},
    )


def test_change_organisation_to_a_known_number_is_refused():
    make_organisation(corporate_number=NUMBER)
    person = make_user()
    row = register(by=person)
    with pytest.raises(Refused) as refusal:
        actions.change_organisation(row, by=person, corporate_number=NUMBER)
    assert refusal.value.field == "corporate_number"
    assert row.corporate_number is None


def test_change_organisation_of_others_is_not_allowed():
    row = register(by=make_user())
    city = make_municipality()
    make_member(city, row)
    for person in (make_user(), make_representative(), make_staff(city, "desk")):
        with pytest.raises(NotAllowed):
            actions.change_organisation(row, by=person, description="書き換え")


def test_change_organisation_without_an_owner_is_its_desks():
    city = make_municipality()
    desk = make_staff(city, "desk")
    row = register(by=desk, represent=False)
    actions.change_organisation(row, by=desk, address="見本町1-2-3")
    make_member(city, row)
    actions.change_organisation(row, by=desk, address="見本町4-5-6")
    with pytest.raises(NotAllowed):
        actions.change_organisation(row, by=make_staff(make_municipality(), "desk"), address="よそ")
    assert Organisation.objects.get().address == "見本町4-5-6"


# --- representatives ------------------------------------------------------------------------------------------


def test_invite_representative_may_act_at_once():
    owner, colleague = make_user(), make_user()
    organisation = register(by=owner)
    row = actions.invite_representative(organisation, colleague, by=owner)
    assert may(colleague, Can.WRITE_PROPOSAL, organisation)
    assert not may(colleague, Can.INVITE_REPRESENTATIVE, organisation)
    assert history(row).get().data == {"organisation_id": organisation.pk, "is_owner": False}


def test_invite_representative_twice_is_refused():
    owner = make_user()
    organisation = register(by=owner)
    with pytest.raises(Refused, match="すでにこの団体の担当者"):
        actions.invite_representative(organisation, owner, by=owner)
    assert live(organisation) == {(owner, True)}


def test_invite_representative_by_an_ordinary_one_or_a_desk_is_not_allowed():
    organisation = register(by=make_user())
    city = make_municipality()
    make_member(city, organisation)
    for person in (
        make_representative(organisation, is_owner=False),
        make_staff(city, "desk"),
        make_representative(),
    ):
        with pytest.raises(NotAllowed):
            actions.invite_representative(organisation, make_user(), by=person)


def test_invite_representative_names_the_first_owner_of_a_paper_application():
    desk, owner = make_staff(make_municipality(), "desk"), make_user()
    organisation = register(by=desk, represent=False)
    actions.invite_representative(organisation, owner, by=desk)
    assert live(organisation) == {(owner, True)}
    with pytest.raises(NotAllowed):
        actions.invite_representative(organisation, make_user(), by=desk)


def test_invite_representative_who_is_stopped_is_refused():
    owner = make_user()
    with pytest.raises(Refused) as refusal:
        actions.invite_representative(register(by=owner), make_user(is_active=False), by=owner)
    assert refusal.value.field == "user"


def test_remove_representative_takes_authority_and_keeps_the_row():
    owner, colleague = make_user(), make_user()
    organisation = register(by=owner)
    row = actions.invite_representative(organisation, colleague, by=owner)
    actions.remove_representative(row, by=owner)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not may(colleague, Can.WRITE_PROPOSAL, organisation)
    assert history(row).last().verb == "representative.removed"


def test_remove_representative_by_themselves():
    owner, colleague = make_user(), make_user()
    organisation = register(by=owner)
    row = actions.invite_representative(organisation, colleague, by=owner)
    actions.remove_representative(row, by=colleague)
    assert live(organisation) == {(owner, True)}


def test_remove_the_last_owner_is_refused():
    owner, colleague = make_user(), make_user()
    organisation = register(by=owner)
    theirs = actions.invite_representative(organisation, colleague, by=owner)
    mine = organisation.representatives.get(user=owner)
    with pytest.raises(Refused, match="一人もいなくなります"):
        actions.remove_representative(mine, by=owner)
    actions.change_ownership(theirs, is_owner=True, by=owner)
    actions.remove_representative(mine, by=owner)
    assert live(organisation) == {(colleague, True)}


def test_remove_representative_twice_is_a_conflict():
    owner = make_user()
    organisation = register(by=owner)
    row = actions.invite_representative(organisation, make_user(), by=owner)
    seen_before = Representative.objects.get(pk=row.pk)
    actions.remove_representative(row, by=owner)
    with pytest.raises(Conflict):
        actions.remove_representative(seen_before, by=owner)


def test_remove_representative_by_an_ordinary_one_is_not_allowed():
    organisation = register(by=make_user())
    with pytest.raises(NotAllowed):
        actions.remove_representative(
            organisation.representatives.get(), by=make_representative(organisation, is_owner=False)
        )


def test_change_ownership_of_the_last_owner_is_refused():
    owner = make_user()
    organisation = register(by=owner)
    with pytest.raises(Refused):
        actions.change_ownership(organisation.representatives.get(), is_owner=False, by=owner)
    assert live(organisation) == {(owner, True)}


def test_change_ownership_by_an_ordinary_one_is_not_allowed():
    organisation = register(by=make_user())
    person = make_representative(organisation, is_owner=False)
    with pytest.raises(NotAllowed):
        actions.change_ownership(organisation.representatives.get(user=person), is_owner=True, by=person)
