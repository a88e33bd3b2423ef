"""From sheets to a ranking, by numbers reckoned by hand: recusals put right, minimums, ties."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.scoring import Item, Sheet, Standing, rank, standing
from musubi.fund.states import Recusal, Tie

EFFECT, CHANCE = Item(1, most=5, weight=2), Item(2, most=5, weight=1)
ITEMS = [EFFECT, CHANCE]


def stands(*sheets, application=1, recused=0, recusal=Recusal.FILL, total=0, each=0, items=ITEMS) -> Standing:
    """How an application with these sheets, each (effect, chance), stands; `total` and `each` are pass marks in percent."""
    return standing(
        application,
        [Sheet({item.pk: points for item, points in zip(items, sheet, strict=False)}) for sheet in sheets],
        items,
        recused=recused,
        recusal=recusal,
        pass_share=total,
        criterion_share=each,
    )


# --- totals --------------------------------------------------------------------------------------------------


def test_a_total_is_the_weighted_points_of_all_sheets():
    found = stands((4, 3), (5, 2))
    # 4×2+3 = 11 and 5×2+2 = 12, of 15 a sheet
    assert (found.total, found.share) == (23, Fraction(23, 30))
    assert found.by_item == {1: Fraction(9, 2), 2: Fraction(5, 2)}
    assert (found.sheets, found.recused, found.passes) == (2, 0, True)


def test_a_criterion_left_out_is_nothing():
    assert stands((4,)).total == 8


def test_the_recused_are_made_up_for_by_the_mean_of_the_others_decimals_cut():
    # Sheets of 11, 12 and 12: 35, and a mean of 11 2/3 for each of the two who were recused: 23 1/3, cut to 23.
    found = stands((4, 3), (5, 2), (5, 2), recused=2)
    assert (found.total, found.share) == (58, Fraction(58, 75))
    assert (found.sheets, found.recused) == (3, 2)


def test_decimals_are_cut_after_the_mean_is_multiplied():
    # Two sheets of 11 and 12: a mean of 11.5. One recused: 11; two: 23, not 22; three: 34.
    sheets = (4, 3), (5, 2)
    assert [stands(*sheets, recused=recused).total for recused in (0, 1, 2, 3)] == [23, 34, 46, 57]


def test_by_the_mean_nothing_is_cut():
    found = stands((4, 3), (5, 2), (5, 2), recused=2, recusal=Recusal.MEAN)
    assert (found.total, found.share) == (Fraction(35, 3), Fraction(35, 45))


def test_without_sheets_nothing_passes():
    for recusal in Recusal:
        found = stands(recused=2, recusal=recusal)
        assert (found.total, found.share, found.lacking) == (0, 0, ["total"])


def test_without_criteria_there_is_nothing_to_reach():
    found = stands((), items=[])
    assert (found.total, found.share, found.passes) == (0, 0, True)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6),
    st.integers(0, 4),
)
def test_whoever_is_recused_the_total_stays_within_one_point_of_the_mean(sheets, recused):
    mean = stands(*sheets, recusal=Recusal.MEAN).total
    total = stands(*sheets, recused=recused).total
    assert total.denominator == 1
    assert 0 <= mean * (len(sheets) + recused) - total < 1


# --- minimums ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sheet", "lacking"), [((3, 3), []), ((3, 2), ["total"]), ((0, 5), ["total"])])
def test_sixty_percent_is_enough_and_less_is_not(sheet, lacking):
    assert stands(sheet, total=60).lacking == lacking


def test_a_criterion_has_a_minimum_of_its_own():
    # 12 of 15 points, but one criterion at 2 of 5.
    assert stands((5, 2), total=60, each=40).lacking == []
    assert stands((5, 2), total=60, each=41).lacking == ["2"]
    assert stands((1, 1), total=60, each=50).lacking == ["total", "1", "2"]


def test_the_minimum_is_met_by_the_members_together():
    assert stands((5, 1), (5, 3), each=40).lacking == []


def test_made_up_for_sixty_percent_is_still_enough():
    # 9 of 15 is 60 % on each of three sheets; made up for two more it is 45 of 75.
    found = stands((3, 3), (3, 3), (3, 3), recused=2, total=60)
    assert (found.total, found.share, found.passes) == (45, Fraction(3, 5), True)


# --- the ranking ---------------------------------------------------------------------------------------------


def ranked(standings, tie=Tie.DRAW, requested=None) -> list[tuple[int, int, bool]]:
    """(application, place, tied) from the top."""
    return [
        (one.application, one.place, one.tied)
        for one in rank(standings, ITEMS, tie=tie, requested=requested or {})
    ]


def test_the_most_points_come_first():
    few = [stands((3, 3), application=1), stands((5, 5), application=2), stands((4, 4), application=3)]
    assert ranked(few) == [(2, 1, False), (3, 2, False), (1, 3, False)]


def test_who_does_not_pass_comes_after_all_who_do():
    few = [stands((5, 0), application=1, each=40), stands((2, 2), application=2, each=40)]
    assert ranked(few) == [(2, 1, False), (1, 2, False)]


def test_a_different_number_of_sheets_is_no_advantage():
    few = [stands((4, 4), (4, 4), (4, 4), application=1), stands((5, 5), application=2)]
    assert ranked(few) == [(2, 1, False), (1, 2, False)]


# 11 points each: 4×2+3 and 3×2+5.
ALIKE = [((3, 5), 1), ((4, 3), 2)]


def alike() -> list[Standing]:
    return [stands(sheet, application=pk) for sheet, pk in ALIKE]


def test_a_tie_goes_to_the_heavier_criterion():
    assert ranked(alike(), Tie.CRITERION) == [(2, 1, False), (1, 2, False)]


def test_a_tie_goes_to_who_asks_for_less():
    assert ranked(alike(), Tie.LESS, {1: 500_000, 2: 800_000}) == [(1, 1, False), (2, 2, False)]
    assert ranked(alike(), Tie.LESS, {1: 800_000, 2: 500_000}) == [(2, 1, False), (1, 2, False)]


def test_a_tie_left_to_the_committee_shares_a_place_and_the_next_is_skipped():
    third = stands((1, 1), application=3)
    assert ranked([*alike(), third], Tie.DRAW) == [(1, 1, True), (2, 1, True), (3, 3, False)]


def test_where_the_rule_does_not_decide_either_it_is_the_committees():
    same = [stands((4, 3), application=pk) for pk in (1, 2)]
    assert ranked(same, Tie.CRITERION) == [(1, 1, True), (2, 1, True)]
    assert ranked(same, Tie.LESS, {1: 500_000, 2: 500_000}) == [(1, 1, True), (2, 1, True)]


def test_of_two_heaviest_criteria_the_next_decides():
    items = [Item(1, 5, 1), Item(2, 5, 1), Item(3, 5, 1)]
    few = [stands((4, 2, 3), application=1, items=items), stands((4, 3, 2), application=2, items=items)]
    found = rank(few, items, tie=Tie.CRITERION, requested={})
    assert [one.application for one in found] == [2, 1]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
    st.sampled_from(Tie),
    st.lists(st.integers(1, 3), min_size=8, max_size=8),
)
def test_places_go_down_with_the_points_whatever_the_rule(sheets, tie, sums):
    few = [stands(sheet, application=pk, total=40) for pk, sheet in enumerate(sheets)]
    found = rank(few, ITEMS, tie=tie, requested=dict(enumerate(sums)))
    assert sorted(one.application for one in found) == list(range(len(sheets)))
    for number, one in enumerate(found, 1):
        assert one.place <= number
        assert one.tied == (sum(other.place == one.place for other in found) > 1)
    for first, second in zip(found, found[1:], strict=False):
        assert (first.passes, first.share) >= (second.passes, second.share)


def test_a_criterion_may_have_a_minimum_of_its_own():
    items = [Item(1, most=5, weight=2, least=3), CHANCE]
    assert stands((3, 0), (3, 1), items=items).passes
    assert stands((3, 5), (2, 5), items=items).lacking == ["1"]


def test_the_stricter_of_a_minimum_and_the_share_for_all_counts():
    items = [Item(1, most=5, weight=2, least=1), Item(2, most=5, weight=1, least=4)]
    assert stands((2, 4), items=items, each=40).passes
    assert stands((1, 3), items=items, each=40).lacking == ["1", "2"]
