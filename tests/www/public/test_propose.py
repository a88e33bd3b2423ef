import pytest

from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality

pytestmark = pytest.mark.django_db


def test_propose_explains_three_tracks_with_an_entry_each(client):
    city = make_municipality("shiohama", name="汐浜市")
    make_challenge(city)
    make_challenge(city, state="checking")
    page = client.get("/shiohama/propose/").content.decode()
    assert 'href="/shiohama/challenges/"' in page
    for track in ("challenge", "trial", "open"):
        assert f'href="/my/proposals/new/?city=shiohama&amp;track={track}"' in page
    assert "いま募集中の課題は1件です。" in page


def test_propose_is_the_same_for_everybody_and_kept(client):
    make_municipality("shiohama")
    first = client.get("/shiohama/propose/")
    assert "csrfmiddlewaretoken" not in first.content.decode()
    again = client.get("/shiohama/propose/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_propose_of_no_municipality_is_not_found(client):
    assert client.get("/nowhere/propose/").status_code == 404
