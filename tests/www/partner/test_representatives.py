"""Inviting and removing representatives; what an invitation's link can and cannot do."""

import re
from datetime import timedelta

import pytest

from musubi.lib import clock
from musubi.notify.models import Delivery
from musubi.people import actions
from musubi.people.models import Representative
from musubi.people.permissions import forget_authority
from musubi.www.partner.invitations import MOST_A_DAY
from tests.factories.people import make_municipality, make_representative, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(company):
    return f"/my/organisations/{company.pk}/people/"


def acting(company) -> set[str]:
    rows = Representative.objects.filter(organisation=company, ended_at=None)
    return set(rows.values_list("user__email", flat=True))


def link_in(mail: Delivery) -> str:
    return re.search(r"https?://[^/]+(/my/invitations/\S+)", mail.body)[1]


@pytest.fixture
def link(here, people):
    """The link in the mail to an address without an account."""
    assert here.post(people, {"email": "New@Example.jp"}).status_code == 302
    return link_in(Delivery.objects.get())


def test_invite_of_an_account_asks_its_owner_first(client, here, people, company, text):
    desk = make_staff(make_municipality(), "desk", email="desk@example.jp")
    known = here.post(people, {"email": "Desk@example.jp"}, follow=True)
    assert acting(company) == {"haruka@example.jp"}
    link = link_in(Delivery.objects.get(address="desk@example.jp"))
    # Nobody learns who has an account: the answer is the one for everybody.
    assert "Desk@example.jpに招待のメールを送りました。" in text(known)
    client.force_login(desk)
    assert client.post(link)["Location"] == "/my/"
    assert acting(company) == {"haruka@example.jp", "desk@example.jp"}


def test_invite_of_an_unknown_address_sends_a_link(here, people, company, link):
    mail = Delivery.objects.get()
    assert (mail.address, mail.subject) == (
        "new@example.jp",
        "「うみかぜ環境株式会社」の担当者に招待されました",
    )
    assert acting(company) == {"haruka@example.jp"}


def test_invite_of_somebody_who_acts_already_keeps_the_words(here, people, text):
    response = here.post(people, {"email": "haruka@example.jp"})
    assert response.status_code == 422
    assert "すでにこの団体の担当者です" in text(response)
    assert 'value="haruka@example.jp"' in text(response)


def test_invite_with_a_misspelt_address_keeps_the_words(here, people, text):
    response = here.post(people, {"email": "haruka@"})
    assert response.status_code == 422
    assert 'value="haruka@"' in text(response)


def test_invite_beyond_the_most_a_day_is_refused_in_words(here, people, text):
    for n in range(MOST_A_DAY):
        assert here.post(people, {"email": f"new{n}@example.jp"}).status_code == 302
    response = here.post(people, {"email": "onemore@example.jp"})
    assert response.status_code == 422
    assert "1日に20通までです" in text(response)
    assert Delivery.objects.count() == MOST_A_DAY


def test_invite_by_an_ordinary_representative_is_refused(client, company, people):
    client.force_login(make_representative(company, is_owner=False))
    assert client.get(people).status_code == 200
    assert client.post(people, {"email": "new@example.jp"}).status_code == 403
    assert not Delivery.objects.exists()


def test_people_of_another_organisation_are_not_found(there, people):
    assert there.get(people).status_code == 404
    assert there.post(people, {"email": "new@example.jp"}).status_code == 404


def test_invitation_without_sign_in_shows_the_way_in(client, link, text):
    client.logout()
    page = text(client.get(link))
    assert "「うみかぜ環境株式会社」の担当者に招いています" in page
    assert "/accounts/signup/?next=" in page


def test_invitation_is_accepted_by_the_invited_address(client, link, company):
    client.force_login(make_user(email="new@example.jp"))
    assert client.get(link).status_code == 200
    response = client.post(link)
    assert (response.status_code, response["Location"]) == (302, "/my/")
    assert acting(company) == {"haruka@example.jp", "new@example.jp"}


def test_invitation_is_of_no_use_to_another_address(client, link, company, stranger, text):
    client.force_login(stranger)
    assert "stranger@example.jp でログインしています" in text(client.get(link))
    assert client.post(link).status_code == 302
    assert acting(company) == {"haruka@example.jp"}


def test_invitation_that_was_changed_is_refused(client, link, text):
    response = client.get(link[:-3] + "x/")
    assert response.status_code == 410
    assert "この招待リンクは正しくありません" in text(response)


def test_invitation_is_good_for_fourteen_days(client, link, text):
    client.logout()
    with clock.standing_at(clock.now() + timedelta(days=15)):
        response = client.get(link)
    assert response.status_code == 410
    assert "使えなくなりました" in text(response)


def test_invitation_of_somebody_who_may_not_invite_any_more_is_refused(client, link, company, person):
    other = make_representative(company)
    actions.remove_representative(Representative.objects.get(user=person, organisation=company), by=other)
    forget_authority(person)
    client.force_login(make_user(email="new@example.jp"))
    assert client.post(link).status_code == 410
    assert "new@example.jp" not in acting(company)


def test_invitation_does_not_bring_back_whoever_was_removed(client, link, company, person):
    invited = make_user(email="new@example.jp")
    client.force_login(invited)
    client.post(link)
    row = Representative.objects.get(user=invited, organisation=company)
    actions.remove_representative(row, by=person)
    client.post(link)
    assert acting(company) == {"haruka@example.jp"}


def test_remove_asks_first(here, people, company, text):
    row = make_representative(company, is_owner=False, name="浜田 実").represents.get()
    page = text(here.get(f"{people}{row.pk}/remove/"))
    assert "浜田 実さん" in page
    assert len(acting(company)) == 2
    assert here.post(f"{people}{row.pk}/remove/").status_code == 302
    assert acting(company) == {"haruka@example.jp"}


def test_remove_of_the_last_owner_is_refused_in_words(here, people, company, person, text):
    make_representative(company, is_owner=False)
    row = Representative.objects.get(user=person, organisation=company)
    response = here.post(f"{people}{row.pk}/remove/", follow=True)
    assert "責任者が一人もいなくなります" in text(response)
    assert "haruka@example.jp" in acting(company)


def test_remove_of_others_by_an_ordinary_representative_is_refused(client, company, people, person):
    client.force_login(make_representative(company, is_owner=False))
    row = Representative.objects.get(user=person, organisation=company)
    assert client.post(f"{people}{row.pk}/remove/").status_code == 403
    assert "haruka@example.jp" in acting(company)


def test_remove_of_oneself_is_everybodys_right(client, company, people):
    member = make_representative(company, is_owner=False, email="leaving@example.jp")
    client.force_login(member)
    response = client.post(f"{people}{member.represents.get().pk}/remove/")
    assert response["Location"] == "/my/"
    assert acting(company) == set()


def test_remove_of_another_organisations_person_is_not_found(here, people, stranger):
    assert here.post(f"{people}{stranger.represents.get().pk}/remove/").status_code == 404


def test_owner_is_given_and_taken(here, people, company):
    row = make_representative(company, is_owner=False).represents.get()
    here.post(f"{people}{row.pk}/owner/", {"is_owner": "1"})
    row.refresh_from_db()
    assert row.is_owner
    here.post(f"{people}{row.pk}/owner/", {"is_owner": "0"})
    row.refresh_from_db()
    assert not row.is_owner
