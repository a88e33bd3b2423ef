"""Who scores what: enough members for each, no tie crossed, the load as even as the ties allow."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.assigning import Plan, plan


def loads(found: Plan, members, load=None) -> dict[int, int]:
    counted = {member: (load or {}).get(member, 0) for member in members}
    for _application, member in found.pairs:
        counted[member] += 1
    return counted


def test_each_application_gets_as_many_members_as_wanted():
    assert plan([1, 2], [7, 8, 9], wanted=2, tied=[]) == Plan([(1, 7), (1, 8), (2, 7), (2, 9)], {})


def test_a_tied_member_is_passed_over():
    assert plan([1, 2], [7, 8], wanted=1, tied=[(7, 1), (8, 2)]) == Plan([(1, 8), (2, 7)], {})


def test_what_ties_leave_too_few_for_is_named():
    assert plan([1, 2], [7, 8], wanted=2, tied=[(7, 1)]) == Plan([(1, 8), (2, 7), (2, 8)], {1: 1})
    assert plan([1], [7, 8], wanted=2, tied=[(7, 1), (8, 1)]) == Plan([], {1: 2})


def test_without_members_everything_is_lacking():
    assert plan([1, 2], [], wanted=3, tied=[]) == Plan([], {1: 3, 2: 3})


def test_who_has_more_already_gets_less():
    assert plan([1, 2], [7, 8], wanted=1, tied=[], load={7: 5}) == Plan([(1, 8), (2, 8)], {})


def test_who_scores_it_already_is_counted():
    assert plan([1], [7, 8, 9], wanted=2, tied=[], load={7: 1}, there={1: [7]}) == Plan([(1, 8)], {})
    assert plan([1], [7, 8], wanted=1, tied=[], there={1: [7]}) == Plan([], {})


def test_a_sheet_across_a_tie_does_not_count():
    assert plan([1], [7, 8], wanted=1, tied=[(7, 1)], there={1: [7]}) == Plan([(1, 8)], {})


def test_sheets_are_handed_on_where_the_first_try_is_uneven():
    # Taking the least loaded each time ends at 3, 1, 2 here.
    tied = [(9, 1), (9, 2), (8, 3), (8, 4), (8, 5), (8, 6)]
    found = plan([1, 2, 3, 4, 5, 6], [7, 8, 9], wanted=1, tied=tied)
    assert sorted(loads(found, [7, 8, 9]).values()) == [2, 2, 2]


members_of = st.integers(1, 6).map(lambda count: list(range(101, 101 + count)))


@given(st.integers(0, 30), members_of, st.integers(1, 5))
def test_without_ties_loads_differ_by_at_most_one(count, members, wanted):
    found = plan(range(count), members, wanted=wanted, tied=[])
    spread = loads(found, members).values()
    assert max(spread) - min(spread) <= 1
    assert len(found.pairs) == count * min(wanted, len(members))


@st.composite
def committees(draw, *, applications=12, members=6):
    there = list(range(1, draw(st.integers(1, applications)) + 1))
    people = list(range(101, 101 + draw(st.integers(1, members))))
    pairs = st.sampled_from([(member, one) for member in people for one in there])
    return there, people, draw(st.sets(pairs)), draw(st.integers(1, 3))


@given(committees())
def test_no_tie_is_ever_crossed_and_nobody_scores_twice(committee):
    applications, members, tied, wanted = committee
    found = plan(applications, members, wanted=wanted, tied=tied)
    assert not {(member, one) for one, member in found.pairs} & tied
    assert len(set(found.pairs)) == len(found.pairs)
    for one in applications:
        untied = len(members) - sum((member, one) in tied for member in members)
        assigned = sum(pair[0] == one for pair in found.pairs)
        assert assigned == min(wanted, untied)
        assert found.short.get(one, 0) == wanted - assigned


@given(committees(applications=4, members=4))
def test_no_other_plan_is_more_even(committee):
    applications, members, tied, wanted = committee
    found = sorted(loads(plan(applications, members, wanted=wanted, tied=tied), members).values())
    choices = []
    for one in applications:
        untied = [member for member in members if (member, one) not in tied]
        choices.append(list(itertools.combinations(untied, min(wanted, len(untied)))))
    best = min(
        sum(sum(member in takers for takers in way) ** 2 for member in members)
        for way in itertools.product(*choices)
    )
    assert sum(count**2 for count in found) == best


@given(committees())
def test_the_same_input_gives_the_same_plan(committee):
    applications, members, tied, wanted = committee
    found = plan(applications, members, wanted=wanted, tied=tied)
    again = plan(applications[::-1], members[::-1], wanted=wanted, tied=sorted(tied, reverse=True))
    assert found == again
