"""Who is told what happens to a challenge."""

import pytest

from musubi.challenges import actions
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.actions import tell
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff

pytestmark = pytest.mark.django_db


def test_remarks_are_not_told_to_an_owner_who_left_the_municipality():
    city = make_municipality("nagisa")
    env = make_department(city, "環境課")
    officer, colleague = make_staff(city, "officer", env), make_staff(city, "officer", env)
    desk = make_staff(city, "desk")
    challenge = make_challenge(city, state="checking", by=officer, desk=desk)
    officer.staff.update(ended_at=clock.now())
    actions.return_to_draft(challenge, by=desk, remarks="件数を書き足してください。")
    told = tell(Entry.objects.order_by("-pk").first())
    assert [notice.user for notice in told] == [colleague]
