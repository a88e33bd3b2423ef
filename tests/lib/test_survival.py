"""Kaplan–Meier quantiles against the estimator written out by hand."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musubi.lib.survival import kaplan_meier_quantiles


def product_limit(pairs: list[tuple[int, bool]], share: Fraction) -> int | None:
    """The textbook's definition, in exact fractions."""
    alive = Fraction(1)
    for time in sorted({time for time, ended in pairs if ended}):
        at_risk = sum(1 for other, _ended in pairs if other >= time)
        ends = sum(1 for other, ended in pairs if other == time and ended)
        alive *= 1 - Fraction(ends, at_risk)
        if 1 - alive >= share:
            return time
    return None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=40))
def test_quantiles_equal_the_textbook(pairs):
    durations, observed = [time for time, _e in pairs], [ended for _t, ended in pairs]
    expected = [product_limit(pairs, Fraction(1, 2)), product_limit(pairs, Fraction(4, 5)), None]
    expected[2] = product_limit(pairs, Fraction(1))
    assert kaplan_meier_quantiles(durations, observed, (0.5, 0.8, 1)) == expected


def test_quantiles_known_example():
    """The remission times of 6-MP patients (Freireich 1963), whose published median is 23 weeks."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    watched = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    found = kaplan_meier_quantiles(ended + watched, [True] * len(ended) + [False] * len(watched))
    assert found == [23, None]


def test_quantiles_all_ended_are_the_plain_ones():
    assert kaplan_meier_quantiles([10, 2, 4, 8, 6], [True] * 5) == [6, 8]


def test_quantiles_all_open_are_unknown():
    assert kaplan_meier_quantiles([3, 4], [False, False]) == [None, None]
    assert kaplan_meier_quantiles([], []) == [None, None]


def test_quantiles_open_ones_make_it_longer():
    """What leaving the open ones out would hide: half were not answered within the days the fast ones took."""
    assert kaplan_meier_quantiles([2, 3, 4], [True] * 3) == [3, 4]
    assert kaplan_meier_quantiles([2, 3, 4, 30, 30, 30], [True] * 3 + [False] * 3) == [4, None]


@pytest.mark.parametrize(
    ("durations", "observed", "shares"),
    [([1, 2], [True], (0.5,)), ([-1], [True], (0.5,)), ([1], [True], (0,)), ([1], [True], (1.1,))],
)
def test_quantiles_refuse_what_makes_no_sense(durations, observed, shares):
    with pytest.raises(ValueError):
        kaplan_meier_quantiles(durations, observed, shares)
