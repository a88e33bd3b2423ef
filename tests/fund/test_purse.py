"""Which pots may pay which application, and what each is worth to a choice."""

from datetime import date
from fractions import Fraction

import pytest

from musubi.fund import actions
from musubi.fund.purse import bonds, candidates, may_pay, pots_of
from musubi.fund.scoring import Standing
from musubi.lib import clock
from musubi.plan.models import Goal
from tests.factories.fund import general, make_application, make_call, make_edition, make_fund
from tests.factories.people import make_municipality

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 12)):
        yield


@pytest.fixture
def pots():
    """`call`, and its pots: anything, this programme, another, goal 14, a theme."""
    city = make_municipality("shiokaze")
    fund, edition = make_fund(city), make_edition(city)
    other = make_edition(city)
    found = {
        "general": general(fund),
        "programme": actions.earmark(fund, by=None, programme=edition.programme),
        "other": actions.earmark(fund, by=None, programme=other.programme),
        "goal": actions.earmark(fund, by=None, goal=Goal.objects.get(pk=14)),
        "theme": actions.earmark(fund, by=None, theme="藻場"),
    }
    mine = [pot for name, pot in found.items() if name != "other"]
    found["call"] = make_call(fund, edition=edition, pots=mine)
    # As in a call from before this was refused.
    found["call"].pots.add(found["other"])
    return found


def names(pots, found) -> set[str]:
    return {name for name, pot in pots.items() if name != "call" and pot.pk in found}


def test_money_goes_to_what_it_is_meant_for(pots):
    call = pots["call"]
    application = make_application(call)
    assert names(pots, may_pay(pots_of(call), call, application, [])) == {"general", "programme"}
    application.goals.add(pots["goal"].goal)
    found = may_pay(pots_of(call), call, application, [pots["theme"].pk])
    assert names(pots, found) == {"general", "programme", "goal", "theme"}


def test_each_pot_says_whether_it_may_pay_and_why(pots):
    application = make_application(pots["call"])
    found = bonds(pots_of(pots["call"]), application)
    said = {name: found[pot.pk] for name, pot in pots.items() if name != "call"}
    assert {name: one.holds for name, one in said.items()} == {
        "general": True,
        "programme": True,
        "other": False,
        "goal": False,
        "theme": None,
    }
    assert "ほかの制度" in said["other"].words
    assert "このゴールを選んでいない" in said["goal"].words
    assert "テーマ「藻場」" in said["theme"].words
    application.goals.add(pots["goal"].goal)
    assert bonds([pots["goal"]], application)[pots["goal"].pk].holds is True


@pytest.mark.parametrize(
    ("how", "content", "is_paid"),
    [
        ("words", "藻場を増やす。", True),
        ("words", "買い物を助ける。", False),
        ("all", "買い物を助ける。", True),
        ("none", "藻場を増やす。", False),
    ],
)
def test_a_theme_is_what_somebody_says_it_is(pots, how, content, is_paid):
    call = pots["call"]
    application = make_application(call, title="見本", content=content, effect="増える。")
    standing = Standing(application.pk, Fraction(7), Fraction(2, 3), {}, 2, 0)
    found = candidates(
        [standing], {application.pk: application}, call, pots_of(call), {pots["theme"].pk: how}
    )
    assert [(one.yen, one.points) for one in found] == [(800_000, 6666)]
    assert (pots["theme"].pk in found[0].pots) is is_paid


def test_who_does_not_stand_for_a_decision_is_no_candidate(pots):
    call = pots["call"]
    standing = Standing(1, Fraction(7), Fraction(1, 2), {}, 2, 0)
    assert candidates([standing], {}, call, pots_of(call), {}) == []
