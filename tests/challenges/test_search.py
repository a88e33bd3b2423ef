"""A search and its filters: the index narrows before it counts, and follows every step of a challenge."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from musubi.cases import actions as cases
from musubi.challenges import actions, queries
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.lib import clock, fulltext
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_contact
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "海浜課"))


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def found(city, **asked) -> list[str]:
    """The titles a visitor's search for ごみ brings, when only the two newest texts are looked at."""
    rows = queries.find(queries.listed(city), text="ごみ", municipality=city, public=True, newest=2, **asked)
    return sorted(rows.values_list("title", flat=True))


def terms(challenge: Challenge) -> set[str]:
    column = (
        "array_to_string(tsvector_to_array(terms), ' ')" if connection.vendor == "postgresql" else "terms"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM challenges_challenge_search WHERE rowid = %s", [challenge.pk])
        return set(cursor.fetchone()[0].split(" "))


def test_find_among_the_newest_finds_an_older_one_that_fits_the_filters(city, officer, desk):
    words = {"goals": [14], "fields": ["environment"], "scale": "large"}
    make_challenge(city, by=officer, desk=desk, title="古いごみ", state="matched", **words)
    elsewhere = make_staff(city, "officer")
    for n in range(3):
        make_challenge(city, by=elsewhere, desk=desk, title=f"新しいごみ{n}", goals=[4], fields=["children"])
    asked = {
        "goal": 14,
        "field": "environment",
        "department": officer.staff.get().department_id,
        "scale": "large",
        "state": "matched",
    }
    assert found(city) == ["新しいごみ1", "新しいごみ2"]
    for name, value in asked.items():
        assert found(city, **{name: value}) == ["古いごみ"], name
    assert found(city, **asked) == ["古いごみ"]
    assert found(city, **asked | {"goal": 4}) == []


def test_find_among_the_newest_counts_only_what_is_public(city, officer, desk):
    make_challenge(city, by=officer, desk=desk, title="古いごみ")
    make_challenge(city, by=officer, desk=desk, title="庁内のごみ", visibility=Visibility.MUNICIPALITY)
    make_challenge(city, by=officer, desk=desk, title="終わったごみ", state="closed")
    make_challenge(city, by=officer, title="下書きのごみ", state="draft")
    assert found(city) == ["古いごみ"]


def test_find_open_only_finds_an_older_one_that_is_still_open(city, officer, desk):
    make_challenge(city, by=officer, desk=desk, title="募集中のごみ")
    for n in range(3):
        make_challenge(city, by=officer, desk=desk, title=f"解決したごみ{n}", state="resolved")
    assert found(city, open_only=True) == ["募集中のごみ"]


def test_search_follows_the_classification(city, officer):
    challenge = make_challenge(city, by=officer, title="ごみ", goals=[14], fields=["environment"])
    actions.save_challenge(challenge, by=officer, goals=[12], fields=["children"], scale="large")
    assert found(city, goal=12, field="children", scale="large") == ["ごみ"]
    assert (found(city, goal=14), found(city, field="environment"), found(city, scale="small")) == (
        [],
        [],
        [],
    )


def test_search_follows_each_step(city, officer, desk):
    def shown(challenge) -> list[str]:
        """The states in which the index has it; the last one is no state but the public list."""

        def has_it(**asked) -> bool:
            rows = queries.find(Challenge.objects.all(), text="海岸", municipality=city, **asked)
            return rows.filter(pk=challenge.pk).exists()

        states = [state for state in ("draft", "checking", "published", "closed") if has_it(state=state)]
        return states + ["listed"] * has_it(public=True)

    challenge = make_challenge(city, by=officer, state="draft")
    assert shown(challenge) == ["draft"]
    actions.ask_for_check(challenge, by=officer)
    assert shown(challenge) == ["checking"]
    actions.return_to_draft(challenge, by=desk, remarks="数字を一つ入れてください。")
    assert shown(challenge) == ["draft"]
    actions.ask_for_check(challenge, by=officer)
    actions.publish(challenge, by=desk, visibility=Visibility.MEMBERS)
    assert shown(challenge) == ["published"]
    actions.widen(challenge, by=desk, visibility=Visibility.PUBLIC)
    assert shown(challenge) == ["published", "listed"]
    actions.close(challenge, by=desk, reason="budget")
    assert shown(challenge) == ["closed"]
    actions.reopen(challenge, by=desk)
    assert shown(challenge) == ["published", "listed"]


def test_search_follows_a_case_and_its_outcome(city, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk, title="ごみ")
    cases.open_case(make_proposal(city, track="challenge", challenge=challenge), by=desk)
    assert (found(city, state="published"), found(city, state="matched")) == ([], ["ごみ"])
    outcomes.record_outcome(
        make_contact(city, officer=officer, challenge=challenge),
        by=officer,
        kind="implemented",
        title="分別が半分に",
        summary="週3時間になった。",
        started_on=clock.today(),
    )
    assert (found(city, state="matched"), found(city, state="resolved")) == ([], ["ごみ"])


def test_search_follows_the_day_of_expiry(city, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk, title="ごみ")
    with clock.standing_at(challenge.expires_on + timedelta(days=1)):
        assert actions.expire_due() == 1
    rows = queries.find(Challenge.objects.all(), text="ごみ", state="closed", municipality=city)
    assert list(rows) == [challenge]


def test_a_step_taken_from_an_older_screen_keeps_the_words_a_colleague_saved(city, officer, desk):
    challenge = make_challenge(city, by=officer, state="checking", title="ごみ")
    screen = Challenge.objects.get(pk=challenge.pk)
    actions.save_challenge(challenge, by=officer, title="ごみの分別", goals=[14])
    actions.publish(screen, by=desk)
    assert found(city, goal=14) == ["ごみの分別"]
    rows = queries.find(queries.listed(city), text="分別", municipality=city)
    assert list(rows) == [challenge]


def test_find_in_all_municipalities_narrows_too(city, officer, desk):
    make_challenge(city, by=officer, desk=desk, title="海ごみ", goals=[14])
    make_challenge(title="山ごみ", goals=[15])
    make_challenge(title="庁内の海ごみ", goals=[14], visibility=Visibility.MUNICIPALITY)
    rows = queries.find(Challenge.objects.all(), text="ごみ", goal=14, public=True)
    assert list(rows.values_list("title", flat=True)) == ["海ごみ"]


def test_a_word_that_looks_like_a_mark_is_a_word(city, officer, desk):
    make_challenge(city, by=officer, desk=desk, title="ごみ g14 n67g31g34g listed", goals=[4])
    assert (found(city, goal=14), found(city, goal=4)) == ([], ["ごみ g14 n67g31g34g listed"])


def test_the_migration_gives_rows_written_before_it_the_marks_their_actions_would(
    city, officer, desk, monkeypatch
):
    migration = import_module("musubi.challenges.migrations.0005_search_marks")
    monkeypatch.setattr(migration, "CHUNK", 2)
    words = {"by": officer, "desk": desk, "goals": [4, 14], "fields": ["environment"]}
    rows = [
        make_challenge(city, state=state, **words) for state in ("draft", "published", "matched", "closed")
    ]
    rows.append(make_challenge(city, visibility=Visibility.MEMBERS, **words))
    after = [terms(row) for row in rows]
    for row in rows:
        fulltext.index(row, text=row.searchable, municipality_id=city.pk)
    assert [terms(row) for row in rows] != after
    migration.mark(apps, connection.schema_editor())
    assert [terms(row) for row in rows] == after
