"""The bench of the fund: what it loads can be worked through, and its figures have their place."""

import pytest

from bench.lib.fund import choices, load_call
from musubi.fund import actions
from musubi.fund.choosing import best, by_rank
from musubi.fund.models import Award, Interest
from musubi.fund.ranking import Ranking, keep, standings
from musubi.fund.states import Stage


@pytest.mark.django_db
def test_a_loaded_call_is_assigned_scored_and_ranked():
    year, call = load_call(12, scorers=3, ties=3)
    found = actions.assign(call, by=None, stage=Stage.FIRST)
    assert (len(found.pairs), found.short, Interest.objects.count()) == (36, {}, 3)
    year.score(call, Stage.FIRST)
    keep(call, Stage.FIRST)
    assert Ranking(call, Stage.FIRST)[0:12] == standings(call, Stage.FIRST)
    assert all(one.sheets == 3 for one in standings(call, Stage.FIRST))


@pytest.mark.django_db
def test_a_loaded_call_is_released():
    year, _call = load_call(1, ties=0)
    call = year.add_call(7, state="second_passed")
    year.decide(call)
    actions.release(call, by=None)
    assert Award.objects.count() == 7
    assert sum(Award.objects.values_list("yen", flat=True)) == sum(
        call.applications.values_list("requested", flat=True)
    )


def test_the_same_seed_gives_the_same_choice_to_make():
    candidates, money = choices(40, 5, 1)
    assert (candidates, money) == choices(40, 5, 1) != choices(40, 5, 2)
    assert len(money) == 6
    asked = sum(one.yen for one in candidates)
    assert sum(money.values()) == asked * 2 // 5
    plain = by_rank(sorted(candidates, key=lambda one: -one.points), money)
    choice = best(candidates, money)
    assert choice.proven
    assert choice.points >= plain.points


def test_the_page_has_a_place_for_every_table():
    from bench.fund import DOCS

    text = DOCS.read_text(encoding="utf-8")
    for name in ("fund sqlite", "fund postgres"):
        assert f"<!-- {name} -->\n" in text
        assert f"<!-- /{name} -->" in text
