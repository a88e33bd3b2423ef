"""Who is awarded with the money there is: down the ranking, and the set that spends it best; shares to the yen."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musubi.fund import choosing
from musubi.fund.choosing import Candidate, Choice, best, by_rank
from musubi.fund.shares import spread

GENERAL, SEA, TOWN = 1, 2, 3


def asks(pk, yen, points, *pots) -> Candidate:
    return Candidate(pk, yen, points, frozenset(pots or [GENERAL]))


# --- down the ranking ----------------------------------------------------------------------------------------


def test_the_ranking_is_paid_from_the_top():
    choice = by_rank([asks(1, 60, 9), asks(2, 50, 8), asks(3, 40, 7)], {GENERAL: 100})
    assert choice == Choice({1: {GENERAL: 60}, 3: {GENERAL: 40}}, points=16, yen=100)


def test_money_meant_for_the_sea_is_spent_before_what_is_general():
    choice = by_rank([asks(1, 60, 9, GENERAL, SEA), asks(2, 70, 8)], {GENERAL: 80, SEA: 50})
    assert choice.shares == {1: {SEA: 50, GENERAL: 10}, 2: {GENERAL: 70}}


def test_money_meant_for_the_sea_pays_for_nothing_else():
    assert by_rank([asks(1, 10, 9)], {GENERAL: 9, SEA: 100}) == Choice()


def test_nobody_is_passed_over_for_a_pot_that_could_have_been_spared():
    # The first is paid from the sea at first, since fewer may be; the second can be paid from nothing else.
    few = [asks(1, 10, 9, GENERAL, SEA), asks(2, 10, 8, SEA), asks(3, 99, 7), asks(4, 99, 6)]
    choice = by_rank(few, {GENERAL: 10, SEA: 10})
    assert choice.shares == {1: {GENERAL: 10}, 2: {SEA: 10}}


def test_who_cannot_be_paid_in_full_takes_nothing_from_those_behind():
    choice = by_rank([asks(1, 25, 9, GENERAL, SEA), asks(2, 10, 8, SEA)], {GENERAL: 10, SEA: 10})
    assert choice.shares == {2: {SEA: 10}}


def test_a_line_holds_all_pots_together_and_falls_on_none():
    # The sea can pay for nobody here: the line leaves the general money what it needs.
    few, money = [asks(1, 800, 9), asks(2, 800, 8)], {GENERAL: 800, SEA: 800}
    for choice in (by_rank(few, money, line=800), best(few, money, line=800)):
        assert choice.shares == {1: {GENERAL: 800}}
    both = [asks(1, 60, 9), asks(2, 50, 8, SEA), asks(3, 40, 7, SEA)]
    assert by_rank(both, {GENERAL: 100, SEA: 100}, line=100).shares == {1: {GENERAL: 60}, 3: {SEA: 40}}
    assert by_rank(both, {GENERAL: 100, SEA: 100}, line=99).shares == {1: {GENERAL: 60}}


def test_below_a_line_the_best_set_is_sought_among_all_pots():
    few = [asks(1, 100, 9), asks(2, 50, 8, SEA), asks(3, 50, 7, TOWN), asks(4, 1, 1)]
    money = {GENERAL: 101, SEA: 50, TOWN: 50}
    assert best(few, money, line=100) == Choice(
        {2: {SEA: 50}, 3: {TOWN: 50}}, points=15, yen=100, proven=True
    )
    assert best(few, money, line=0) == Choice(proven=True)
    assert best(few, money, line=10**15) == best(few, money)


def test_without_candidates_nobody_is_awarded():
    assert by_rank([], {GENERAL: 1}) == Choice()
    assert best([], {GENERAL: 1}) == Choice(proven=True)


# --- the best set --------------------------------------------------------------------------------------------


def test_two_good_ones_are_better_than_the_dear_first():
    few = [asks(1, 100, 9), asks(2, 50, 8), asks(3, 50, 7)]
    assert by_rank(few, {GENERAL: 100}).points == 9
    assert best(few, {GENERAL: 100}) == Choice(
        {2: {GENERAL: 50}, 3: {GENERAL: 50}}, points=15, yen=100, proven=True
    )


def test_of_two_sets_with_the_same_points_the_cheaper():
    assert best([asks(1, 100, 9), asks(2, 90, 9)], {GENERAL: 100}).shares == {2: {GENERAL: 90}}


def test_sums_up_to_a_quadrillion_yen_are_exact():
    most = 10**15
    few = [asks(1, most, 9), asks(2, most - 1, 8, GENERAL, SEA), asks(3, 2, 7, SEA)]
    # All three together ask for one yen more than there is.
    assert best(few, {GENERAL: most, SEA: most}) == Choice(
        {1: {GENERAL: most}, 2: {SEA: most - 1}}, points=17, yen=2 * most - 1, proven=True
    )


def paid_in_full(choice: Choice, candidates, money) -> bool:
    """Each awarded one gets its yen from pots that may pay it, and no pot pays more than it holds."""
    by_pk = {one.pk: one for one in candidates}
    for pk, shares in choice.shares.items():
        assert sum(shares.values()) == by_pk[pk].yen
        assert set(shares) <= by_pk[pk].pots
        assert all(yen > 0 for yen in shares.values())
    for pot, held in money.items():
        assert sum(shares.get(pot, 0) for shares in choice.shares.values()) <= held
    assert choice.yen == sum(by_pk[pk].yen for pk in choice.shares)
    assert choice.points == sum(by_pk[pk].points for pk in choice.shares)
    return True


def affordable(chosen, money, line=None) -> bool:
    """Hall's condition, said plainly: whatever set of pots, those that only it may pay ask for no more than it holds; and
    all together for no more than the line."""
    return (line is None or sum(one.yen for one in chosen) <= line) and all(
        sum(one.yen for one in chosen if one.pots <= set(pots)) <= sum(money[pot] for pot in pots)
        for count in range(1, len(money) + 1)
        for pots in itertools.combinations(money, count)
    )


@st.composite
def budgets(draw, *, most=8, unit=1):
    money = {pot: draw(st.integers(0, 30)) * unit for pot in (GENERAL, SEA, TOWN)}
    pots = st.sets(st.sampled_from(sorted(money)), min_size=1).map(frozenset)
    candidates = [
        Candidate(pk, draw(st.integers(1, 20)) * unit, draw(st.integers(1, 100)), draw(pots))
        for pk in range(1, draw(st.integers(0, most)) + 1)
    ]
    return candidates, money


@given(budgets(), st.none() | st.integers(0, 90))
def test_down_the_ranking_each_is_paid_exactly_or_not_at_all(budget, line):
    candidates, money = budget
    choice = by_rank(candidates, money, line=line)
    assert paid_in_full(choice, candidates, money)
    # Each is taken if, and only if, it could be paid beside those before it.
    before = []
    for one in candidates:
        assert (one.pk in choice.shares) == affordable([*before, one], money, line)
        if one.pk in choice.shares:
            before.append(one)


@settings(max_examples=40)
@given(budgets(unit=1000), st.none() | st.integers(0, 90_000))
def test_the_best_set_is_proven_and_no_other_has_more(budget, line):
    candidates, money = budget
    choice = best(candidates, money, line=line)
    assert choice.proven
    assert paid_in_full(choice, candidates, money)
    sets = itertools.chain.from_iterable(
        itertools.combinations(candidates, count) for count in range(len(candidates) + 1)
    )
    points, yen = max(
        (sum(one.points for one in chosen), -sum(one.yen for one in chosen))
        for chosen in sets
        if affordable(chosen, money, line)
    )
    assert (choice.points, choice.yen) == (points, -yen)
    assert choice.points >= by_rank(candidates, money, line=line).points


@settings(max_examples=15)
@given(budgets(), st.none() | st.integers(0, 90))
def test_with_too_many_pots_for_sums_the_set_is_as_good(budget, line):
    candidates, money = budget
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "MOST_UNIONS", 0)
        by_flow = best(candidates, money, line=line)
    assert by_flow.proven
    assert paid_in_full(by_flow, candidates, money)
    by_sums = best(candidates, money, line=line)
    assert (by_flow.points, by_flow.yen) == (by_sums.points, by_sums.yen)


def test_without_time_it_is_never_worse_than_the_ranking_and_says_so():
    candidates = [
        asks(pk, 7 * pk % 50 + 1, pk % 13 + 1, *([SEA] if pk % 3 else [GENERAL, SEA])) for pk in range(60)
    ]
    money = {GENERAL: 300, SEA: 200}
    choice = best(candidates, money, seconds=0)
    assert not choice.proven
    assert choice.points >= by_rank(candidates, money).points
    assert paid_in_full(choice, candidates, money)


# --- shares --------------------------------------------------------------------------------------------------


def test_the_yen_left_over_go_to_the_greatest_remainders():
    assert spread(100, {1: 100, 2: 100, 3: 100}) == {1: 34, 2: 33, 3: 33}
    assert spread(5, {1: 2, 2: 6}) == {1: 1, 2: 4}
    assert spread(0, {1: 5}) == {1: 0}
    assert spread(0, {}) == {}


@pytest.mark.parametrize("yen", [-1, 11])
def test_more_than_there_is_is_not_divided(yen):
    with pytest.raises(ValueError, match="yen over 10"):
        spread(yen, {1: 4, 2: 6})


@given(st.dictionaries(st.integers(1, 9), st.integers(0, 10**15), max_size=6), st.data())
def test_shares_pay_exactly_and_overdraw_nothing(over, data):
    yen = data.draw(st.integers(0, sum(over.values())))
    found = spread(yen, over)
    assert sum(found.values()) == yen
    assert all(0 <= found[pot] <= over[pot] for pot in over)
