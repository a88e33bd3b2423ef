"""Staff home: what lies with me, what is overdue on top, the oldest first."""

from datetime import date

import pytest
from django.urls import reverse

from musubi.lib import clock
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


def test_the_oldest_comes_first_and_overdue_stands_above(client):
    city = make_municipality("hamanagi")
    desk = make_staff(city)
    for day, title in ((1, "春の提案"), (3, "夏の提案"), (2, "秋の提案")):
        with clock.standing_at(date(2026, 6, day)):
            make_proposal(city, title=title)
    client.force_login(desk)
    with clock.standing_at(date(2026, 6, 4)):
        page = client.get(reverse("staff-home", args=[city.slug])).text
    assert page.index("春の提案") < page.index("秋の提案") < page.index("夏の提案")
    assert "古い順" in page
    with clock.standing_at(date(2026, 7, 30)):
        page = client.get(reverse("staff-home", args=[city.slug])).text
    assert "期限を過ぎています(古い順)" in page
