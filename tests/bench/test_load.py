from datetime import date

import pytest
from django.db import transaction

from bench.load import load
from musubi.cases.models import Case
from musubi.challenges.models import Challenge
from musubi.challenges.queries import find, listed
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Municipality, Numbering
from musubi.people.numbering import next_ref
from musubi.proposals.models import Proposal

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def on_a_day():
    with clock.standing_at(DAY):
        yield


def test_an_invented_country_holds_what_was_asked_for():
    written = load(200, municipalities=4)
    assert (written["challenge"], written["proposal"]) == (200, 80)
    assert Challenge.objects.count() == 200
    assert Municipality.objects.count() == 4
    assert written["case"] == Case.objects.count() > 0
    assert not Entry.objects.filter(done_at=None).exists()


def test_the_same_seed_gives_the_same_country():
    def country(seed):
        with transaction.atomic():
            load(60, municipalities=3, seed=seed)
            rows = list(Challenge.objects.order_by("pk").values_list("ref", "title", "problem", "state"))
            transaction.set_rollback(True)
        return rows

    assert country(1) == country(1)
    assert country(1) != country(2)


def test_every_text_can_be_searched():
    load(100, municipalities=2)
    words = {row.pk for row in Challenge.objects.all() if "防災" in row.searchable}
    assert {row.pk for row in find(Challenge.objects.all(), text="防災")} == words
    assert words
    city = Municipality.objects.first()
    here = {row.pk for row in listed(city) if "防災" in row.searchable}
    assert {row.pk for row in find(listed(city), text="防災", municipality=city)} == here


def test_a_search_narrows_by_the_index_as_the_table_would():
    load(300, municipalities=2)
    city = Municipality.objects.first()
    asked = {"goal": 13, "field": "safety", "scale": "small", "state": "resolved"}
    for name, value in asked.items():
        here = find(listed(city), **{name: value})
        words = {row.pk for row in here if "防災" in row.searchable}
        found = find(listed(city), text="防災", municipality=city, public=True, **{name: value})
        assert {row.pk for row in found} == words != set(), name


def test_numbers_go_on_after_those_that_were_given():
    load(100, municipalities=2)
    city = Municipality.objects.first()
    last = Numbering.objects.get(municipality=city, kind="proposal", year=2026).last
    assert Proposal.objects.filter(municipality=city, ref=f"2026-{last:03d}").exists()
    assert next_ref(city.pk, "proposal") == f"2026-{last + 1:03d}"
