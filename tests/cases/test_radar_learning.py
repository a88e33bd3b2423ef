"""What the radar learns from the record: how long each kind takes, and what helped; which figures fit which case."""

from datetime import date

import numpy as np
import pytest
from django.core.management import call_command
from django.db import IntegrityError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from musubi.ball.models import Limit
from musubi.cases.models import LastWord, Pace, Remedy, RemedyAct, Stay
from musubi.cases.radar import curves, learning
from musubi.cases.radar.curves import _at_once, _one_by_one
from musubi.cases.radar.learning import learn
from musubi.cases.radar.pace import Paces, Source, Usual
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify import tasks
from tests.factories.people import make_department, make_municipality
from tests.factories.stays import make_line, make_stay, make_stays

pytestmark = pytest.mark.django_db


@pytest.fixture
def env():
    return make_department(make_municipality(), "環境課")


def pace(**kind) -> tuple:
    """(stays, moved, median, slow) of one kind; what is not named is null."""
    kind = {"municipality": None, "department": None, "track": None, "stage": "dialogue", **kind}
    wanted = {name: value for name, value in kind.items() if value is not None}
    nulls = {f"{name}__isnull": True for name, value in kind.items() if value is None}
    row = Pace.objects.get(**wanted, **nulls)
    return row.stays, row.moved, row.median_days, row.slow_days


# --- how long it takes ---------------------------------------------------------------------------------------


def test_curve_of_finished_stays_is_their_plain_share(env):
    """1, 2, … 20 days: half had moved by the 10th, 80 % by the 16th."""
    make_stays(env, list(range(1, 21)))

    learn()

    assert pace() == (20, 20, 10, 16)
    assert pace(municipality=env.municipality, department=env, track="") == (20, 20, 10, 16)


def test_curve_counts_a_pause_as_watched_so_far(env):
    """Ten move on the 5th day and ten are paused on the 6th; of the ten left, eight move on the 10th and two on the 30th.

    By hand: S(5) = 20/30, S(10) = 20/30 · 2/10 = 0.13: half and 80 % had moved by the 10th. Counted as moved, the
    paused ones would make the median 6.
    """
    make_stays(env, [5] * 10)
    make_stays(env, [6] * 10, end="paused")
    make_stays(env, [10] * 8 + [30] * 2)

    learn()

    assert pace() == (30, 20, 10, 10)


def test_curve_counts_an_open_stay_as_watched_so_far(env):
    """Ten of twenty-five have moved by the 4th day, fifteen lie there for 20 days now: nobody knows when half will have."""
    make_stays(env, [4] * 10)
    for stay in make_stays(env, [4] * 15, since=date(2024, 6, 1)):
        Stay.objects.filter(pk=stay.pk).update(until=None, end="")
    with clock.standing_at(date(2024, 6, 21)):
        learn()

    assert pace() == (25, 10, None, None)


def test_a_case_given_up_has_moved(env):
    make_stays(env, [7] * 20, end="closed")

    learn()

    assert pace() == (20, 20, 7, 7)


def test_days_are_calendar_days_in_japan(env):
    """From half past eleven at night to half past midnight is a day; it would be none in UTC."""
    for stay in make_stays(env, [0] * 20):
        Stay.objects.filter(pk=stay.pk).update(
            since=clock.at(date(2026, 6, 1), 23, 30), until=clock.at(date(2026, 6, 2), 0, 30)
        )

    learn()

    assert pace()[2:] == (1, 1)


@pytest.mark.parametrize(("moved", "paused"), [(19, 0), (9, 30)])
def test_too_few_stays_or_too_few_moved_teach_nothing(env, moved, paused):
    make_stays(env, [5] * moved)
    make_stays(env, [5] * paused, end="paused")

    assert learn() == {"stays": moved + paused, "paces": 0, "remedies": 0}


def test_kinds_are_learned_apart_and_together(env):
    other = make_department(env.municipality, "水産課")
    elsewhere = make_department(make_municipality(), "観光課")
    make_stays(env, [10] * 20, track="open")
    make_stays(other, [20] * 20, track="open")
    make_stays(other, [30] * 20, track="trial")
    make_stays(elsewhere, [40] * 20, track="open")

    learn()

    here = {"municipality": env.municipality}
    assert pace(**here, department=env, track="open")[0::2] == (20, 10)
    assert pace(**here, track="open")[0::2] == (40, 10)
    assert pace(**here)[0::2] == (60, 20)
    assert pace(track="open")[0::2] == (60, 20)
    assert pace()[0::2] == (80, 20)
    assert Pace.objects.count() == 4 + 3 + 2 + 2 + 1


def test_learning_again_replaces_the_figures_whole(env):
    make_stays(env, [5] * 20)
    learn()
    Stay.objects.all().delete()

    learn()

    assert Pace.objects.count() == 0


def test_learning_beside_another_leaves_the_others_figures(env, monkeypatch):
    make_stays(env, [5] * 20)
    learn()

    def beaten(*args, **kwargs):
        raise IntegrityError

    monkeypatch.setattr(learning.Pace.objects, "bulk_create", beaten)
    learn()

    assert pace() == (20, 20, 5, 5)


def test_command_says_what_was_learned(env, capsys):
    make_stays(env, [5] * 20)

    call_command("learn-paces")

    assert "段階の滞在 20 件から、目安を 5 種類、効いた一手を 0 種類計算しました。" in capsys.readouterr().out


def test_worker_learns_every_night(env):
    make_stays(env, [5] * 20)
    tasks.discover()

    tasks.PERIODIC["段階の目安を学び直す"].do()

    assert Pace.objects.count() == 5


@settings(max_examples=200, deadline=None)
@example([(2, 5, True)])
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.booleans()), min_size=1, max_size=80))
def test_many_curves_at_once_are_scipys_one_by_one(rows):
    kind, days, observed = (np.array(column) for column in zip(*rows, strict=True))
    # Kinds that nobody has, and one that is not asked for.
    enough = np.array([True, True, False, True, True, True])
    asked = (kind, enough & (np.bincount(kind, minlength=6) > 0), days, observed)

    np.testing.assert_array_equal(_at_once(*asked), _one_by_one(*asked))


def test_a_countrys_many_kinds_are_learned_at_once(env, monkeypatch):
    make_stays(env, [5] * 8 + [10] * 8 + [30] * 4)
    make_stays(make_department(env.municipality), [7] * 20, track="open")
    learn()
    one_by_one = list(
        Pace.objects.values_list("department", "track", "stays", "moved", "median_days", "slow_days")
    )
    monkeypatch.setattr(curves, "ONE_BY_ONE", 0)

    learn()

    found = Pace.objects.values_list("department", "track", "stays", "moved", "median_days", "slow_days")
    assert list(found) == one_by_one
    assert len(one_by_one) == 2 + 2 + 1 + 2 + 1


# --- which figures fit ---------------------------------------------------------------------------------------


def known(slow: float | None, *, median: float | None = 3, stays: int = 34, **kind) -> None:
    Pace.objects.create(
        **{"stage": "dialogue", **kind},
        stays=stays,
        moved=stays,
        median_days=median,
        slow_days=slow,
        fitted_at=clock.now(),
    )


def test_nearest_kind_with_history_is_used_and_named(env):
    """Each of the levels in turn: with the nearer ones gone, the next one speaks."""
    here = {"municipality": env.municipality}
    known(11, **here, department=env, track="challenge", stays=34)
    known(12, **here, track="challenge", stays=60)
    known(13, **here, stays=90)
    known(14, track="challenge", stays=512)
    known(15, stays=2000)
    found = []
    for row in [*Pace.objects.order_by("slow_days"), None]:
        usual = Paces(env.municipality_id).usual("dialogue", department=env.pk, track="challenge")
        found.append((usual.slow_days, usual.source_words(env.name)))
        if row:
            row.delete()

    assert found == [
        (11, "環境課の課題解決型 34件から"),
        (12, "庁内の課題解決型 60件から"),
        (13, "庁内の同じ段階 90件から"),
        (14, "ほかの自治体も含む課題解決型 512件から"),
        (15, "ほかの自治体も含む同じ段階 2000件から"),
        (14, "まだ履歴が少ないため、設定の期限から"),
    ]


def test_limit_is_the_municipalitys_own_in_calendar_days(env):
    Limit.objects.create(municipality=env.municipality, kind="case", stage="dialogue", days=5)

    usual = Paces(env.municipality_id).usual("dialogue", department=env.pk, track="open")

    assert usual == Usual(Source.LIMIT, 7, track="open", limit=5)
    assert usual.words() == "期限の目安が7日(5営業日)です"


def test_a_case_without_a_proposal_is_a_kind_of_its_own(env):
    known(9, municipality=env.municipality, track="")
    known(30, municipality=env.municipality)

    paces = Paces(env.municipality_id)

    assert paces.usual("dialogue", department=env.pk, track="").slow_days == 9
    assert paces.usual("dialogue", department=env.pk, track="open").slow_days == 30
    assert paces.usual("dialogue").slow_days == 30


def test_another_municipalitys_figures_are_not_used(env):
    known(9, municipality=make_municipality())

    assert Paces(env.municipality_id).usual("dialogue").source is Source.LIMIT


def test_where_80_percent_have_not_moved_a_wider_kind_speaks(env):
    known(None, municipality=env.municipality)
    known(50)

    assert Paces(env.municipality_id).usual("dialogue").source is Source.STAGE_EVERYWHERE


def test_where_80_percent_never_moved_the_median_is_drawn_out(env):
    known(None, median=100, municipality=env.municipality)

    usual = Paces(env.municipality_id).usual("dialogue")

    assert (usual.source, usual.slow_days, usual.is_stretched) == (Source.STAGE, pytest.approx(230), True)
    assert (
        usual.words() == "半数は100日以内に次へ動きます。8割はまだ動いていないため、230日を目安にしています"
    )


def test_words_name_half_and_80_percent():
    assert Usual(Source.STAGE, 30, 12, 40).words() == "半数は12日以内、8割は30日以内に次へ動きます"


# --- what helped ---------------------------------------------------------------------------------------------


def slow_stays(env, count: int = 10, days: int = 30, **facts) -> list[Stay]:
    """Beside many quick ones (80 % within 10 days), `count` that took longer."""
    make_stays(env, [10] * count * 9, **facts)
    return make_stays(env, [days] * count, **facts)


def remedy(act: str, **kind) -> tuple | None:
    kind = {"municipality": None, "stage": "dialogue", "last_word": LastWord.MUNICIPALITY, **kind}
    row = Remedy.objects.filter(act=act, **kind).first()
    return (row.stays, row.done, row.moved) if row else None


def test_remedies_count_what_was_done_while_slow_and_what_went_on_within_the_week(env):
    """Ten slow alike (we spoke last). Seven met: five of those on the 25th day of thirty, two on the 15th."""
    stays = slow_stays(env)
    for number, stay in enumerate(stays):
        make_line(stay, 3)
        if number < 7:
            make_line(stay, 25 if number < 5 else 15, "meeting")

    learn()

    assert remedy(RemedyAct.MEETING) == (10, 7, 5)
    assert remedy(RemedyAct.MEETING, municipality=env.municipality) == (10, 7, 5)
    # The message of the 3rd day was written before it was slow.
    assert remedy(RemedyAct.MESSAGE) is None


def test_remedies_are_told_apart_by_who_spoke_last(env):
    stays = slow_stays(env, 20)
    for number, stay in enumerate(stays):
        make_line(stay, 2)
        if number < 10:
            make_line(stay, 4, side="organisation")
        make_line(stay, 28, "ball")

    learn()

    assert remedy(RemedyAct.BALL, last_word=LastWord.ORGANISATION) == (10, 10, 10)
    assert remedy(RemedyAct.BALL, last_word=LastWord.MUNICIPALITY) == (10, 10, 10)
    assert remedy(RemedyAct.BALL, last_word=LastWord.NOBODY) is None


def test_remedies_organisations_own_message_is_no_act_of_ours(env):
    for stay in slow_stays(env):
        make_line(stay, 28, side="organisation")

    learn()

    assert remedy(RemedyAct.MESSAGE, last_word=LastWord.NOBODY) is None


def test_remedies_a_department_that_joined_is_read_from_the_journal(env):
    for stay in slow_stays(env)[:4]:
        Entry.objects.create(
            at=clock.at(date(2024, 7, 1)),
            verb="case.department_added",
            actor="森 和子",
            kind="case",
            object_id=stay.case_id,
            title="過去の案件",
        )

    learn()

    assert remedy(RemedyAct.DEPARTMENT, last_word=LastWord.NOBODY) == (10, 4, 4)


def test_remedies_ways_out_are_counted_of_all(env):
    make_stays(env, [10] * 90)
    make_stays(env, [30] * 5, end="closed")
    make_stays(env, [30] * 3, then="trial")
    make_stays(env, [30] * 2, then="planning")

    learn()

    assert remedy(RemedyAct.CLOSE, last_word=LastWord.NOBODY) == (10, 10, 5)
    # From dialogue, planning comes next; trial leaves it out.
    assert remedy(RemedyAct.SKIP, last_word=LastWord.NOBODY) == (10, 10, 3)


def test_remedies_an_act_before_giving_up_did_not_help(env):
    make_stays(env, [10] * 90)
    for stay in make_stays(env, [30] * 10, end="closed"):
        make_line(stay, 28, "meeting")

    learn()

    assert remedy(RemedyAct.MEETING, last_word=LastWord.NOBODY) == (10, 10, 0)


def test_remedies_of_too_few_are_not_told(env):
    for stay in slow_stays(env, 9):
        make_line(stay, 28, "meeting")

    learn()

    assert Remedy.objects.count() == 0


def test_remedies_of_one_case_lie_in_the_stay_they_were_done_in(env):
    """A case that was slow twice: what was done in the second stay is not counted for the first."""
    make_stays(env, [10] * 90)
    make_stays(env, [10] * 90, stage="planning")
    for _n in range(10):
        first = make_stay(env, 30)
        second = Stay.objects.create(
            case=first.case,
            municipality=env.municipality,
            department=env,
            stage="planning",
            since=first.until,
            until=first.until + (first.until - first.since),
            end="moved",
        )
        make_line(second, 28, "meeting")

    learn()

    nobody = {"last_word": LastWord.NOBODY}
    assert remedy(RemedyAct.MEETING, **nobody) is None
    assert remedy(RemedyAct.MEETING, stage="planning", **nobody) == (10, 10, 10)
