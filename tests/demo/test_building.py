from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from musubi.fund import actions
from musubi.fund.models import Posting
from musubi.fund.states import Source
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people import actions as people
from musubi.people.models import Municipality, User
from musubi.www.demo import building
from musubi.www.demo.building import EARLIEST, CannotBuild, build, is_built
from musubi.www.demo.player import day
from musubi.www.demo.town import Cast, Town, found
from tests.factories.people import make_municipality

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with clock.standing_at(clock.at(EARLIEST, 18)):
        yield


def founding(name):
    town = Town(Cast())
    yield day(2024, 4, 1)
    found(town, name)
    fund = actions.open_fund(town.municipality, by=town.desk, name="見本ファンド", fiscal_year=2024)
    pot = fund.pots.get()
    actions.pledge(pot, by=town.desk, source=Source.PUBLIC, yen=1_000_000, name="見本区")


@pytest.fixture
def short(monkeypatch):
    """A demo of two foundings alone."""
    monkeypatch.setattr(building, "stories", lambda today: [founding("shiokaze"), founding("hamanagi")])


def run(*arguments) -> str:
    out = StringIO()
    call_command("build_demo", *arguments, stdout=out)
    return out.getvalue()


def test_demo_is_built_once(short):
    assert not is_built()
    assert "100% できました" in run()
    assert is_built()
    before = Entry.objects.count()
    assert run().startswith("デモはできています。")
    assert Entry.objects.count() == before


def test_rebuild_starts_afresh(short):
    run()
    User.objects.create_user("visitor@example.jp", None, name="訪れた人")
    people.change_settings(Municipality.objects.get(slug="shiokaze"), by=None, name="ちがう区")
    run("--rebuild")
    assert is_built()
    assert Municipality.objects.get(slug="shiokaze").name == "汐風区"
    assert not User.objects.filter(email="visitor@example.jp").exists()
    # The ledger was let go with the rest, and is as final as before.
    assert Posting.objects.count() == 2
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        Posting.objects.all().delete()


def test_interrupted_build_leaves_nothing(short, monkeypatch):
    def torn(today):
        yield day(2025, 1, 6)
        raise KeyboardInterrupt

    whole = building.stories
    monkeypatch.setattr(building, "stories", lambda today: [*whole(today), torn(today)])
    with pytest.raises(KeyboardInterrupt):
        build()
    assert not is_built()
    assert not Municipality.objects.exists()
    assert not Entry.objects.exists()
    monkeypatch.setattr(building, "stories", whole)
    build()
    assert is_built()


def test_interrupted_rebuild_keeps_what_was_there(short, monkeypatch):
    build()

    def torn(today):
        yield day(2025, 1, 6)
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "stories", lambda today: [torn(today)])
    with pytest.raises(KeyboardInterrupt):
        build(rebuild=True)
    assert is_built()


@pytest.mark.parametrize("arguments", [(), ("--rebuild",)])
def test_database_of_others_is_left_alone(short, arguments):
    make_municipality(name="本物市")
    with pytest.raises(CommandError, match=r"すでに自治体\(本物市\)があります") as error:
        run(*arguments)
    assert error.value.returncode == 2
    assert Municipality.objects.count() == 1


def test_day_before_the_history_ends_is_refused(short):
    with clock.standing_at(day(2026, 1, 1)), pytest.raises(CannotBuild, match="日付"):
        build()
