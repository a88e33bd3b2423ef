"""Registering and changing an organisation; whatever was typed stays."""

import pytest
from django.test import Client

from musubi.people.models import Organisation, Representative
from tests.factories.people import make_organisation, make_user

pytestmark = pytest.mark.django_db

NEW = "/my/organisations/new/"
WORDS = {"name": "汐見まちづくり協議会", "kind": "community", "description": "町会の集まりです。"}
REAL = "4011005003009"


@pytest.fixture
def newcomer(client):
    user = make_user("新井 凪")
    client.force_login(user)
    return user


def test_register_makes_the_person_its_owner(client, newcomer):
    response = client.post(NEW, WORDS)
    row = Organisation.objects.get(name="汐見まちづくり協議会")
    assert (response.status_code, response["Location"]) == (302, "/my/")
    owner = Representative.objects.get(organisation=row)
    assert (owner.user, owner.is_owner) == (newcomer, True)


def test_register_with_a_damaged_number_says_which_damage_and_keeps_the_words(client, newcomer, text):
    response = client.post(NEW, WORDS | {"corporate_number": "4.01101E+12"})
    assert response.status_code == 422
    assert "指数表示" in text(response)
    assert "町会の集まりです。" in text(response)
    assert not Organisation.objects.exists()


def test_register_with_trailing_zeros_is_caught(client, newcomer, text):
    response = client.post(NEW, WORDS | {"corporate_number": "4011010000000"})
    assert response.status_code == 422
    assert "町会の集まりです。" in text(response)
    assert not Organisation.objects.exists()


def test_register_of_a_known_number_says_whom_to_ask(client, newcomer, text):
    make_organisation("凪の台所株式会社", corporate_number=REAL)
    response = client.post(NEW, WORDS | {"corporate_number": REAL})
    assert response.status_code == 422
    assert "この法人番号の団体は、すでに登録されています。" in text(response)


def test_register_of_a_like_name_asks_first_and_keeps_the_words(client, newcomer, text):
    make_organisation("株式会社凪の台所")
    response = client.post(NEW, WORDS | {"name": "凪の台所(株)"})
    assert response.status_code == 422
    assert "もしかして、すでに登録されている団体ですか" in text(response)
    assert "株式会社凪の台所" in text(response)
    assert "町会の集まりです。" in text(response)
    assert Organisation.objects.count() == 1


def test_register_of_a_like_name_that_is_another_goes_through(client, newcomer):
    make_organisation("株式会社凪の台所")
    assert client.post(NEW, WORDS | {"name": "凪の台所(株)", "sure": "1"}).status_code == 302
    assert Organisation.objects.count() == 2


def test_register_on_the_way_to_a_proposal_leads_back(client, newcomer):
    response = client.post(NEW, WORDS | {"next": "/my/proposals/new/?city=shiohama"})
    assert response["Location"] == "/my/proposals/new/?city=shiohama"


def test_register_leads_nowhere_outside(client, newcomer):
    response = client.post(NEW, WORDS | {"next": "https://elsewhere.example/"})
    assert response["Location"] == "/my/"


def test_register_after_the_session_ended_shows_the_words_back(client, text):
    response = client.post(NEW, WORDS)
    assert response.status_code == 401
    assert "町会の集まりです。" in text(response)
    assert "/accounts/login/?next=/my/organisations/new/" in text(response)


def test_register_with_an_old_token_shows_the_words_back(newcomer, text):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(newcomer)
    response = strict.post(NEW, WORDS)
    assert response.status_code == 403
    assert "町会の集まりです。" in text(response)


def test_organisation_is_changed(here, company):
    url = f"/my/organisations/{company.pk}/"
    response = here.post(
        url, {"name": "うみかぜ環境株式会社", "kind": "company", "description": "袋を作ります。"}
    )
    assert (response.status_code, response["Location"]) == (302, url)
    company.refresh_from_db()
    assert company.description == "袋を作ります。"


def test_organisation_with_an_error_keeps_the_words(here, company, text):
    response = here.post(
        f"/my/organisations/{company.pk}/", {"name": "", "kind": "company", "description": "袋を作ります。"}
    )
    assert response.status_code == 422
    assert "袋を作ります。" in text(response)
    company.refresh_from_db()
    assert company.name == "うみかぜ環境株式会社"


def test_organisation_of_somebody_else_is_not_found(there, company):
    assert there.get(f"/my/organisations/{company.pk}/").status_code == 404
    assert there.post(f"/my/organisations/{company.pk}/", {"name": "乗っ取り"}).status_code == 404


def test_organisations_leads_to_the_only_one(here, company):
    assert here.get("/my/organisation/")["Location"] == f"/my/organisations/{company.pk}/"


def test_organisations_without_any_says_what_to_do(client, newcomer, text):
    assert "まだ団体が登録されていません" in text(client.get("/my/organisation/"))


def test_size_is_kept_and_may_be_left_open(client, newcomer, text):
    client.post(NEW, WORDS | {"size": "small"})
    row = Organisation.objects.get()
    assert row.size == "small"
    here = f"/my/organisations/{row.pk}/"
    assert '<option value="small" selected>6〜20人</option>' in text(client.get(here))
    client.post(here, WORDS | {"size": ""})
    assert Organisation.objects.get().size == ""
    assert client.post(here, WORDS | {"size": "giant"}).status_code == 422
