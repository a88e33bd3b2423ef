"""What terms give for costs: the order of the steps, rounding, caps, and never a yen too much."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.terms.amounts import Category, Direction, Rounding, Terms, fixed_amount, grant, reckon

WAGES, TRAVEL, FOOD = Category("wages"), Category("travel", cap=200_000), Category("food", eligible=False)
FIRST_YEAR = Terms(Fraction(4, 5), 5_000_000, categories=(WAGES, TRAVEL, FOOD))


def steps(*args, **money) -> list[tuple[str, int]]:
    return [(step.code, step.yen) for step in reckon(*args, **money)]


def test_the_steps_of_a_first_year():
    costs = {"wages": 1_234_567, "travel": 300_000, "food": 50_000}
    assert steps(FIRST_YEAR, costs) == [
        ("costs", 1_584_567),
        ("eligible", 1_534_567),
        ("categories", 1_434_567),
        ("rate", 1_147_653),
        ("rounded", 1_147_000),
    ]


def test_the_cap_comes_after_the_rate():
    assert steps(FIRST_YEAR, {"wages": 10_000_000})[-3:] == [
        ("rate", 8_000_000),
        ("cap", 5_000_000),
        ("rounded", 5_000_000),
    ]


def test_other_money_is_taken_off_before_the_rate():
    assert grant(FIRST_YEAR, {"wages": 1_000_000}, other_grants=300_000, income=100_000) == 480_000
    assert grant(FIRST_YEAR, {"wages": 100_000}, other_grants=300_000) == 0


def test_deductible_tax_is_taken_off_only_where_the_terms_say_so():
    costs = {"wages": 1_100_000}
    assert grant(FIRST_YEAR, costs, deductible_tax=100_000) == 880_000
    deducted = Terms(Fraction(4, 5), 5_000_000, categories=(WAGES,), tax="deduct")
    assert grant(deducted, costs, deductible_tax=100_000) == 800_000


def test_a_share_of_the_whole_caps_a_category():
    terms = Terms(None, categories=(WAGES, Category("travel", share=Fraction(1, 10))))
    assert grant(terms, {"wages": 900_000, "travel": 900_000}) == 1_080_000


def test_the_organisation_bears_its_own_share():
    terms = Terms(Fraction(1), categories=(WAGES,), own_share=Fraction(1, 5))
    assert steps(terms, {"wages": 1_000_000})[-2:] == [("own_share", 800_000), ("rounded", 800_000)]


def test_the_own_share_is_one_of_the_eligible_cost_and_not_of_what_others_leave():
    terms = Terms(None, categories=(WAGES,), own_share=Fraction(1, 5))
    assert steps(terms, {"wages": 1_000_000}, other_grants=400_000, income=100_000)[-3:] == [
        ("other_money", 500_000),
        ("own_share", 300_000),
        ("rounded", 300_000),
    ]
    assert grant(terms, {"wages": 1_000_000}, other_grants=900_000) == 0
    # A rate that leaves more to the organisation than it must bear is not lowered further.
    half = Terms(Fraction(1, 2), categories=(WAGES,), own_share=Fraction(1, 5))
    assert steps(half, {"wages": 1_000_000}, other_grants=500_000)[-2:] == [
        ("rate", 250_000),
        ("rounded", 250_000),
    ]


@pytest.mark.parametrize(
    ("direction", "yen"),
    [(Direction.DOWN, 1_234_000), (Direction.UP, 1_235_000), (Direction.HALF_UP, 1_235_000)],
)
def test_rounding_to_a_thousand(direction, yen):
    assert Rounding(1000, direction).apply(1_234_500) == yen


def test_rounding_up_never_passes_the_cap_or_the_cost():
    up = Rounding(1000, Direction.UP)
    assert grant(Terms(None, 1_234_500, up, (WAGES,)), {"wages": 9_999_999}) == 1_234_500
    assert grant(Terms(None, None, up, (WAGES,)), {"wages": 1_234_567}) == 1_234_567


def test_rounding_up_never_eats_into_the_own_share():
    for direction in (Direction.UP, Direction.HALF_UP):
        terms = Terms(None, None, Rounding(1000, direction), (WAGES,), Fraction(1, 5))
        assert grant(terms, {"wages": 1_000_500}) <= 800_400
    up = Terms(None, None, Rounding(1000, Direction.UP), (WAGES,), Fraction(1, 5))
    assert steps(up, {"wages": 1_000_500})[-2:] == [("own_share", 800_400), ("rounded", 800_400)]


def test_the_final_amount_is_the_least_of_award_and_what_was_spent():
    assert fixed_amount(1_147_000, FIRST_YEAR, {"wages": 1_000_000}) == 800_000
    assert fixed_amount(500_000, FIRST_YEAR, {"wages": 1_000_000}) == 500_000


@pytest.mark.parametrize("costs", [{"wages": -1}, {"rent": 1}])
def test_costs_that_cannot_be_are_refused(costs):
    with pytest.raises(ValueError, match="yen below zero|unknown categories"):
        grant(FIRST_YEAR, costs)


@given(
    wages=st.integers(0, 10**15),
    travel=st.integers(0, 10**15),
    other_grants=st.integers(0, 10**6) | st.integers(0, 10**15),
    income=st.integers(0, 10**6) | st.integers(0, 10**15),
    rate=st.none() | st.fractions(Fraction(1, 100), 1, max_denominator=100),
    cap=st.none() | st.integers(0, 10**15),
    own=st.fractions(0, 1, max_denominator=20),
    unit=st.sampled_from([1, 100, 1000, 10_000]),
    direction=st.sampled_from(list(Direction)),
)
def test_never_more_than_cost_cap_and_what_the_own_share_leaves(
    wages, travel, other_grants, income, rate, cap, own, unit, direction
):
    terms = Terms(rate, cap, Rounding(unit, direction), (WAGES, TRAVEL), own)
    given_yen = grant(terms, {"wages": wages, "travel": travel}, other_grants=other_grants, income=income)
    eligible = wages + min(travel, 200_000)
    assert isinstance(given_yen, int)
    assert 0 <= given_yen <= eligible
    assert cap is None or given_yen <= cap
    if given_yen:
        assert given_yen + other_grants + income <= (1 - own) * eligible
