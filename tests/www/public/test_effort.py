"""Money and people's time in a story: on the public page only where the desk says so."""

import pytest
from django.urls import reverse

from musubi.lib import clock
from musubi.outcomes import actions
from tests.factories.cases import make_contact
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db


def test_effort_is_public_once_the_desk_shows_it_and_only_what_is_known(client):
    city = make_municipality()
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    outcome = actions.record_outcome(
        make_contact(city, officer=officer),
        by=officer,
        kind="joint_event",
        title="親子の講座",
        summary="97組が来た。",
        started_on=clock.today(),
        hours_saved=1200,
        yen_spent=45_000,
    )
    story = actions.write_story(outcome, by=officer, title="97組の夏", body="会社と組んだ。")
    actions.publish_story(story, by=desk)
    address = reverse("story", args=[city.slug, story.ref])
    assert "1,200時間" not in client.get(address).content.decode()
    client.force_login(officer)
    switch = reverse("staff-story-effort", args=[city.slug, story.ref])
    assert client.post(switch, {"shows": "1"}).status_code == 403
    client.force_login(desk)
    assert client.post(switch, {"shows": "1"}).status_code == 302
    client.logout()
    shown = client.get(address).content.decode()
    facts = [
        words
        for words in ("節減できた額", "節減できた時間", "かかった額", "職員がかけた時間")
        if words in shown
    ]
    assert facts == ["節減できた時間", "かかった額"]
    assert "1,200時間" in shown
    assert "45,000円" in shown
