"""Money divided over pots, and what being late costs: to the yen, nothing made and nothing lost."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.late import late_charge
from musubi.fund.shares import spread

YEN = st.integers(0, 10**15)
A, B, C = 1, 2, 3


@pytest.mark.parametrize(
    ("yen", "over", "parts"),
    [
        (0, {}, {}),
        (0, {A: 0, B: 5}, {A: 0, B: 0}),
        (500, {A: 300, B: 500}, {A: 188, B: 312}),
        (800, {A: 300, B: 500}, {A: 300, B: 500}),
        # One yen is left over: to the greatest remainder, then to the lowest id.
        (1, {B: 1, A: 1}, {A: 1, B: 0}),
        (100, {C: 100, B: 100, A: 100}, {A: 34, B: 33, C: 33}),
        (2, {A: 1, B: 2}, {A: 1, B: 1}),
        (10**15, {A: 10**15, B: 1}, {A: 10**15 - 1, B: 1}),
        (10**15 - 1, {A: 10**15, B: 10**15}, {A: 5 * 10**14, B: 5 * 10**14 - 1}),
    ],
)
def test_spread(yen, over, parts):
    assert spread(yen, over) == parts


@pytest.mark.parametrize(
    ("yen", "over"), [(-1, {A: 1}), (1, {}), (1, {A: 0}), (11, {A: 10}), (5, {A: 10, B: -5}), (0, {A: -1})]
)
def test_what_is_not_there_is_not_spread(yen, over):
    with pytest.raises(ValueError, match="yen over"):
        spread(yen, over)


@given(over=st.dictionaries(st.integers(1, 99), YEN, max_size=8), data=st.data())
def test_nothing_is_made_and_nothing_lost(over, data):
    whole = sum(over.values())
    yen = data.draw(st.integers(0, whole))
    parts = spread(yen, over)
    assert parts.keys() == over.keys()
    assert sum(parts.values()) == yen
    for pot, part in parts.items():
        assert 0 <= part <= over[pot]
        assert whole == 0 or abs(Fraction(part) - Fraction(over[pot] * yen, whole)) < 1


@given(over=st.dictionaries(st.integers(1, 99), YEN, max_size=8), data=st.data())
def test_what_is_left_can_be_spread_too(over, data):
    yen = data.draw(st.integers(0, sum(over.values())))
    first = spread(yen, over)
    left = {pot: over[pot] - first[pot] for pot in over}
    assert spread(sum(left.values()), left) == left


# --- being late --------------------------------------------------------------------------------------------------

RATE = Fraction(1095, 10_000)


@pytest.mark.parametrize(
    ("on", "charge"),
    [
        (date(2026, 4, 1), 0),
        (date(2026, 4, 9), 0),
        (date(2026, 4, 10), 72),
        (date(2026, 4, 19), 720),
        (date(2027, 4, 9), 26_280),
    ],
)
def test_late_charge_counts_the_days_after_the_due_one(on, charge):
    assert late_charge(240_000, due_on=date(2026, 4, 9), on=on, rate=RATE, days=365) == charge


def test_late_charge_is_cut_to_the_yen():
    day = {"due_on": date(2026, 4, 9), "on": date(2026, 4, 10), "days": 365}
    # 3,333 × 10.95 % ÷ 365 = 0.9999
    assert late_charge(3_333, rate=RATE, **day) == 0
    assert late_charge(3_334, rate=RATE, **day) == 1
    # A float would give 99999999999999.98 or 100000000000000.02 somewhere.
    assert late_charge(10**15, rate=Fraction(1, 10), **{**day, "on": date(2027, 4, 9)}) == 10**14


@given(yen=YEN, days=st.integers(0, 3650), rate=st.fractions(0, 1, max_denominator=10_000))
def test_late_charge_never_falls_by_waiting(yen, days, rate):
    due = date(2026, 4, 9)
    now, then = (
        late_charge(yen, due_on=due, on=due + timedelta(days=count), rate=rate, days=365)
        for count in (days, days + 1)
    )
    assert 0 <= now <= then
