"""What is kept of public pages, and that nobody ever gets what is not theirs or no longer true."""

import gzip
from datetime import date, timedelta

import pytest
from django.core.cache import caches

from musubi.challenges import actions as challenges
from musubi.lib import clock
from musubi.people import actions as people
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市", code="900001")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def kept_count() -> int:
    return len(caches["pages"]._cache)


def test_unchanged_page_comes_from_memory_with_the_same_bytes(client, city, django_assert_num_queries):
    make_challenge(city)
    first = client.get("/minato/challenges/")
    # The municipality and the fingerprint of its journal; the view does not run.
    with django_assert_num_queries(2):
        second = client.get("/minato/challenges/")
    assert second.content == first.content
    assert second["ETag"] == first["ETag"]
    assert second["Cache-Control"] == "no-cache"
    assert second["X-Frame-Options"] == first["X-Frame-Options"] == "DENY"
    assert second["Content-Type"] == "text/html; charset=utf-8"


def test_known_etag_gets_304_without_a_body(client, city):
    etag = client.get("/minato/")["ETag"]
    response = client.get("/minato/", headers={"If-None-Match": f'"other", {etag}'})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    # A proxy that compresses makes a strong mark weak and may not the other way: both are the same page.
    response = client.get("/minato/", headers={"If-None-Match": etag.removeprefix("W/")})
    assert response.status_code == 304


def test_compressed_for_those_who_can_read_it_and_plain_for_others(client, city):
    plain = client.get("/minato/")
    packed = client.get("/minato/", headers={"Accept-Encoding": "br, gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in packed["Vary"]
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content)


def test_a_publication_shows_on_the_very_next_request(client, city, desk):
    challenge = make_challenge(city, state="checking", title="海辺の見守り", desk=desk)
    before = client.get("/minato/challenges/")
    assert "海辺の見守り" not in before.text
    challenges.publish(challenge, by=desk, visibility=40)
    after = client.get("/minato/challenges/", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert "海辺の見守り" in after.text


def test_what_happens_elsewhere_leaves_the_page_kept(client, city, django_assert_num_queries):
    client.get("/minato/challenges/")
    make_challenge(make_municipality("tonari"))
    with django_assert_num_queries(2):
        client.get("/minato/challenges/")


def test_an_organisations_change_shows_at_once_though_it_belongs_to_no_municipality(client, city):
    organisation = make_organisation("うみかぜ株式会社")
    make_member(city, organisation)
    owner = make_representative(organisation)
    assert "うみかぜ株式会社" in client.get("/minato/members/").text
    people.change_organisation(organisation, by=owner, description="漁網を袋にします。")
    assert "漁網を袋にします。" in client.get("/minato/members/").text


def test_the_installations_front_page_follows_every_municipality(client, city, desk):
    client.get("/")
    make_challenge(city, title="空き家の見回り", desk=desk)
    assert "空き家の見回り" in client.get("/").text


def test_the_next_day_makes_a_new_page(client, city):
    with clock.standing_at(date(2026, 8, 3)):
        make_challenge(city, title="期限のある課題", deadline=date(2026, 8, 10))
        assert "あと7日" in client.get("/minato/challenges/").text
    with clock.standing_at(date(2026, 8, 4)):
        assert "あと6日" in client.get("/minato/challenges/").text


def test_an_expired_challenge_leaves_the_list_on_its_day(client, city):
    with clock.standing_at(date(2026, 8, 3)):
        challenge = make_challenge(city, title="年度末までの課題")
        assert challenge.expires_on == date(2027, 3, 31)
        assert "年度末までの課題" in client.get("/minato/challenges/").text
    with clock.standing_at(date(2027, 4, 1)):
        assert "年度末までの課題" not in client.get("/minato/challenges/").text


def test_a_signed_in_person_never_feeds_the_kept_page(client, city, desk):
    client.force_login(desk)
    response = client.get("/minato/")
    assert desk.name in response.text
    assert kept_count() == 0
    assert "ETag" not in response
    assert "private" in response["Cache-Control"]


def test_a_signed_in_person_never_gets_the_kept_page(client, city, desk):
    client.get("/minato/")
    assert kept_count() == 1
    client.force_login(desk)
    assert desk.name in client.get("/minato/").text
    assert kept_count() == 1


def test_members_challenges_stay_with_the_members(client, city, desk):
    make_challenge(city, title="会員だけの相談", visibility=30, desk=desk)
    organisation = make_organisation()
    make_member(city, organisation)
    client.force_login(make_representative(organisation))
    assert "会員だけの相談" in client.get("/minato/challenges/").text
    client.logout()
    assert "会員だけの相談" not in client.get("/minato/challenges/").text


def test_a_request_by_htmx_neither_feeds_nor_gets_the_kept_page(client, city):
    client.get("/minato/challenges/", headers={"HX-Request": "true"})
    assert kept_count() == 0
    kept = client.get("/minato/challenges/")
    assert "HX-Request" in kept["Vary"]
    assert "ETag" not in client.get("/minato/challenges/", headers={"HX-Request": "true"})


def test_languages_are_kept_apart(client, city):
    japanese = client.get("/accessibility/")
    assert japanese["Content-Language"] == "ja"
    english = client.get("/accessibility/", headers={"Accept-Language": "en"})
    assert english["Content-Language"] == "en"
    client.cookies["django_language"] = "en"
    chosen = client.get("/accessibility/", headers={"Accept-Language": "ja"})
    assert chosen["Content-Language"] == "en"
    assert chosen.content == english.content != japanese.content


def test_head_answers_as_get_would_and_keeps_nothing(client, city):
    assert client.head("/minato/").status_code == 200
    assert kept_count() == 0
    etag = client.get("/minato/")["ETag"]
    head = client.head("/minato/")
    assert (head.status_code, head["ETag"], head.content) == (200, etag, b"")


def test_a_long_query_string_is_answered_but_not_kept(client, city):
    response = client.get("/minato/challenges/", {"q": "あ" * 400})
    assert response.status_code == 200
    assert kept_count() == 0


def test_each_query_string_is_a_page_of_its_own(client, city):
    make_challenge(city, title="防災の課題", scale="small")
    make_challenge(city, title="子育ての課題", scale="large")
    small = client.get("/minato/challenges/?scale=small").text
    large = client.get("/minato/challenges/?scale=large").text
    assert "防災の課題" in small
    assert "子育ての課題" not in small
    assert "子育ての課題" in large


def test_two_host_names_are_kept_apart(client, city, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    client.get("/minato/feed.atom", headers={"Host": "one.example"})
    assert "one.example" not in client.get("/minato/feed.atom", headers={"Host": "two.example"}).text


def test_a_page_that_was_not_found_is_not_kept(client, city):
    assert client.get("/minato/challenges/2026-999/").status_code == 404
    assert client.get("/nowhere/").status_code == 404
    assert kept_count() == 0


def test_a_new_municipality_has_its_page_at_once(client):
    assert client.get("/shinmachi/").status_code == 404
    make_municipality("shinmachi", name="新町")
    assert "新町" in client.get("/shinmachi/").text


def test_an_address_that_went_to_another_municipality_shows_that_one(client, city):
    assert "港見市" in client.get("/minato/").text
    city.slug = "furui"
    city.save()
    assert client.get("/minato/").status_code == 404
    make_municipality("minato", name="港北市", code="900002")
    assert "港北市" in client.get("/minato/").text
    assert "港見市" in client.get("/furui/").text


def test_nothing_private_is_on_a_kept_page(client, city, desk):
    owner = make_staff(city, "officer", name="課題担当の林")
    challenge = make_challenge(city, by=owner, desk=desk)
    client.cookies["csrftoken"] = "x" * 32
    for path in ("/", "/minato/", "/minato/challenges/", f"/minato/challenges/{challenge.ref}/"):
        response = client.get(path)
        for secret in ("csrfmiddlewaretoken", "nonce", owner.name, owner.email, desk.name):
            assert secret not in response.text
        assert not response.cookies


def test_someone_with_a_message_waiting_gets_a_fresh_page(client, city):
    client.get("/minato/")
    client.cookies["messages"] = "anything"
    assert "ETag" not in client.get("/minato/")


def test_accounts_pages_are_never_kept(client):
    assert client.get("/accounts/login/").status_code == 200
    assert kept_count() == 0


def test_tomorrows_gathering_is_still_coming_today(client, city):
    from tests.factories.gatherings import make_gathering

    make_gathering(city, title="夜の交流会", starts_at=clock.now() + timedelta(days=1))
    assert "夜の交流会" in client.get("/minato/").text
