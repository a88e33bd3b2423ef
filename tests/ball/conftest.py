"""One municipality with a case that lies with its lead department: opened on Monday 1 June 2026, due on Monday 15 June."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from musubi.cases import actions
from musubi.lib import clock
from musubi.notify.models import Notice
from tests.factories.cases import make_contact
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

OPENED = date(2026, 6, 1)


@pytest.fixture
def town():
    city = make_municipality("nagisa", name="渚市")
    env = make_department(city, "環境課")
    organisation = make_organisation("渚の海株式会社")
    made = SimpleNamespace(
        city=city,
        env=env,
        desk=make_staff(city, "desk", name="机"),
        officer=make_staff(city, "officer", env, name="担当"),
        colleague=make_staff(city, "officer", env, name="同僚"),
        manager=make_staff(city, "manager", env, name="課長"),
        organisation=organisation,
        person=make_representative(organisation, name="代表"),
    )
    env.manager = made.manager
    env.save()
    with clock.standing_at(OPENED):
        made.case = make_contact(city, organisation, officer=made.officer)
        actions.hand_ball(made.case, env, by=made.officer, next_step="返事をする", due_on=date(2026, 6, 15))
    return made


def days(first: date, last: date):
    """Every day of the calendar from the first to the last."""
    while first <= last:
        yield first
        first += timedelta(1)


def reminded() -> list[tuple[str, str, str]]:
    """(day, to whom, what) of each reminder, in the order of the days and of the accounts."""
    rows = Notice.objects.filter(kind="ball.reminded").select_related("user").order_by("at", "user_id", "id")
    return [(f"{n.at.astimezone(clock.TOKYO):%m-%d}", n.user.name, n.title.partition(":")[0]) for n in rows]
