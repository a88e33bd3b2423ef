import pytest

from musubi.people.models import Member
from tests.factories.people import make_member, make_municipality, make_user

pytestmark = pytest.mark.django_db


def test_memberships_show_state_and_what_can_be_joined(here, city, company, text):
    make_member(city, company)
    make_municipality("kitahama", name="北浜市")
    page = text(here.get("/my/memberships/"))
    joined, others = page.split("会員になれる自治体")
    assert "汐浜市" in joined
    assert "汐浜市" not in others
    assert "/my/memberships/join/kitahama/" in others


def test_join_asks_the_municipality(here, city, company):
    response = here.post(
        "/my/memberships/join/shiohama/",
        {"organisation": company.pk, "message": "海の課題に関心があります。"},
    )
    assert response["Location"] == "/my/memberships/"
    member = Member.objects.get()
    assert (member.organisation, member.state, member.message) == (
        company,
        "applied",
        "海の課題に関心があります。",
    )


def test_join_where_no_check_is_asked_is_at_once(here, company):
    make_municipality("kitahama", members_need_approval=False)
    here.post("/my/memberships/join/kitahama/", {"organisation": company.pk})
    assert Member.objects.get().state == "active"


def test_join_twice_is_refused_and_keeps_the_words(here, city, company, text):
    make_member(city, company)
    response = here.post(
        "/my/memberships/join/shiohama/",
        {"organisation": company.pk, "message": "海の課題に関心があります。"},
    )
    assert response.status_code == 422
    assert "この団体は、すでに会員です。" in text(response)
    assert "海の課題に関心があります。" in text(response)


def test_join_for_another_organisation_is_refused(here, city, stranger):
    other = stranger.represents.get().organisation
    response = here.post("/my/memberships/join/shiohama/", {"organisation": other.pk})
    assert response.status_code == 422
    assert not Member.objects.exists()


def test_join_without_an_organisation_leads_to_registering_and_back(client, city):
    client.force_login(make_user())
    response = client.get("/my/memberships/join/shiohama/")
    assert response["Location"] == "/my/organisations/new/?next=/my/memberships/join/shiohama/"


def test_join_of_no_municipality_is_not_found(here):
    assert here.get("/my/memberships/join/nowhere/").status_code == 404


def test_leave_wants_a_reason(here, city, company, text):
    member = make_member(city, company)
    url = f"/my/memberships/{member.pk}/leave/"
    response = here.post(url, {"reason": " "})
    assert response.status_code == 422
    member.refresh_from_db()
    assert member.state == "active"
    assert here.post(url, {"reason": "市内の事業所を閉じるため"}).status_code == 302
    member.refresh_from_db()
    assert (member.state, member.reason) == ("left", "市内の事業所を閉じるため")


def test_leave_of_another_organisation_is_not_found(there, city, company):
    member = make_member(city, company)
    assert there.post(f"/my/memberships/{member.pk}/leave/", {"reason": "x"}).status_code == 404
