"""Lists of suggestions, what became of them, and who is shown."""

from datetime import date, timedelta

import pytest

from musubi.challenges.actions import close
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching import actions, queries, rules
from musubi.matching.models import Suggestion
from musubi.matching.states import Misfit, Side
from musubi.solutions.actions import withdraw_solution
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_suggestion
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def challenge(city):
    return make_challenge(city)


# --- lists ---------------------------------------------------------------------------------------------------


def test_a_challenge_lists_those_kept_now_and_those_decided(challenge):
    first, second, third = (make_suggestion(challenge) for _n in range(3))
    desk = make_staff(challenge.municipality, "desk")
    actions.judge(first, by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.COST)
    actions.keep_for_challenge(challenge, [found(third.organisation)])
    assert list(queries.suggestions_for(challenge)) == [third, first]


def test_a_withdrawn_solution_is_not_listed_unless_something_came_of_it(challenge):
    solution, other = make_solution(), make_solution()
    suggestion, acted = (
        make_suggestion(challenge, solution),
        make_suggestion(challenge, other, state_to="in_case"),
    )
    for one in (solution, other):
        withdraw_solution(one, by=None)
    assert list(queries.suggestions_for(challenge)) == [acted]
    assert suggestion.need_rank == 1


def test_the_list_takes_the_same_statements_for_any_number(challenge, django_assert_num_queries):
    for _n in range(12):
        make_suggestion(challenge, make_solution())
    with django_assert_num_queries(2):
        for row in queries.suggestions_for(challenge):
            str(row), row.challenge.municipality.name, list(row.verdicts.all())


@pytest.fixture
def person():
    return make_representative()


@pytest.fixture
def near(challenge, person):
    """A challenge that is suggested to the person's organisation."""
    actions.keep_for_seed(person.represents.get().organisation, [found(challenge)])
    return Suggestion.objects.get()


def mine(person) -> list[Suggestion]:
    person.__dict__.pop("_authority", None)
    return list(queries.suggestions_for_organisations(person))


def test_a_representative_sees_what_is_suggested_to_the_own_organisation(near, person):
    make_suggestion(near.challenge)
    assert mine(person) == [near]
    assert mine(make_representative()) == []
    assert mine(make_staff(near.challenge.municipality, "desk")) == []


def test_the_best_come_first_whatever_they_are_suggested_for(near, person):
    solution = make_solution(near.organisation)
    actions.keep_for_seed(
        solution, [found(make_challenge(), likeness=0.9), found(make_challenge(), likeness=0.3)]
    )
    assert [row.likeness for row in mine(person)] == [0.9, 0.5, 0.3]


def test_only_open_challenges_that_may_be_read_are_suggested(near, person):
    challenge = near.challenge
    type(challenge).objects.update(visibility=Visibility.MEMBERS)
    assert mine(person) == []
    make_member(challenge.municipality, near.organisation)
    assert mine(person) == [near]
    type(challenge).objects.update(visibility=Visibility.MUNICIPALITY)
    assert mine(person) == []
    type(challenge).objects.update(visibility=Visibility.PUBLIC, deadline=clock.today() - timedelta(days=1))
    assert mine(person) == []
    type(challenge).objects.update(deadline=None)
    assert mine(person) == [near]
    close(challenge, by=make_staff(challenge.municipality, "desk"), reason="withdrawn")
    assert mine(person) == []


def test_what_the_municipality_turned_down_is_not_offered(near, person):
    desk = make_staff(near.challenge.municipality, "desk")
    actions.judge(near, by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.SCALE)
    assert mine(person) == []


def test_what_one_turned_down_oneself_can_be_judged_anew(near, person):
    actions.judge(near, by=person, side=Side.ORGANISATION, fits=False, reason=Misfit.SCALE)
    assert mine(person) == [near]


def test_what_was_introduced_stays_though_it_is_not_among_those_kept(near, person):
    near.state, near.acted_at = "introduced", clock.now()
    near.save()
    actions.keep_for_seed(near.organisation, [])
    assert mine(person) == [near]


# --- what became of them -------------------------------------------------------------------------------------


def told(row: queries.Row) -> tuple:
    return row.shown, row.fits, row.misfit, row.introduced, row.in_case, row.realised, row.acted


def test_what_became_of_suggestions_is_told_by_rank_month_and_municipality(city):
    with clock.standing_at(date(2026, 4, 10)):
        challenge = make_challenge(city)
        desk = make_staff(city, "desk")
        rows = [make_suggestion(challenge) for _n in range(7)]
        actions.judge(rows[0], by=desk, side=Side.MUNICIPALITY, fits=True)
        actions.judge(rows[1], by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.COST)
        make_representative(rows[2].organisation)
        actions.introduce(rows[2], by=desk, words="どうぞ")
        owners = [row.organisation_id for row in (rows[2], rows[5])]
        actions.note_case(city, owners, case_id=1, title="案件", text="", at=clock.now(), challenge=challenge)
    with clock.standing_at(date(2026, 5, 10)):
        other = make_municipality(name="二番市")
        actions.note_case(
            other, [], case_id=2, title="案件", text="", at=clock.now(), challenge=make_challenge(other)
        )
        make_suggestion(make_challenge(other), state_to="realised")

    everything = queries.acted_on()
    assert told(everything.total) == (8, 1, 1, 1, 3, 1, 3)
    assert [(row.key, row.shown, row.acted) for row in everything.ranks] == [
        ("1", 2, 1),
        ("2", 1, 0),
        ("3", 1, 1),
        ("4-5", 2, 0),
        ("6-10", 2, 1),
        ("11-20", 0, 0),
    ]
    assert [(row.key, row.shown) for row in everything.months] == [("2026-04", 7), ("2026-05", 1)]
    assert {row.key: row.shown for row in everything.municipalities} == {city.name: 7, "二番市": 1}

    here = queries.acted_on(city, (date(2026, 4, 1), date(2026, 4, 10)))
    assert told(here.total) == (7, 1, 1, 1, 2, 0, 2)
    assert told(queries.acted_on(city, (date(2026, 4, 11), date(2027, 3, 31))).total) == (0,) * 7


def test_a_place_is_counted_where_it_was_highest(challenge):
    first, second = make_suggestion(challenge), make_suggestion(challenge)
    actions.keep_for_challenge(challenge, [found(second.organisation)])
    ranks = {row.key: row.shown for row in queries.acted_on(challenge.municipality).ranks}
    assert (ranks["1"], ranks["2"]) == (2, 0)
    assert first.best_rank == 1


def test_what_was_only_found_for_a_seed_was_not_shown(near):
    assert queries.acted_on().total.shown == 0


def test_what_became_of_them_takes_four_statements(challenge, django_assert_num_queries):
    for _n in range(5):
        make_suggestion(challenge)
    with django_assert_num_queries(4):
        queries.acted_on(challenge.municipality, (date(2026, 4, 1), date(2027, 3, 31)))


# --- who is shown --------------------------------------------------------------------------------------------


def test_exposure_sets_places_beside_members(city):
    small = make_organisation(size="small", prefecture=city.prefecture)
    large = make_organisation(size="large", prefecture="遠県")
    never = make_organisation(size="small")
    for one in (small, large, never):
        make_member(city, one)
    outsider = make_organisation(size="large")
    for owners in ([small, large, outsider], [large]):
        challenge = make_challenge(city)
        actions.keep_for_challenge(challenge, [found(one) for one in owners])
    shown = queries.exposure(city)
    assert (shown.members, shown.places, shown.never, shown.others) == (3, 3, 1, 1)
    sizes = {row.key: (row.members, row.places) for row in shown.sizes}
    assert sizes == {"micro": (0, 0), "small": (2, 1), "medium": (0, 0), "large": (1, 2), "": (0, 0)}
    assert [(row.key, row.members, row.places) for row in shown.regions] == [
        ("same", 1, 1),
        ("elsewhere", 1, 2),
        ("", 1, 0),
    ]
    assert round(sum(row.place_share for row in shown.sizes), 6) == 1


def test_exposure_of_a_new_municipality_is_nothing_and_no_fault(city):
    shown = queries.exposure(city)
    assert (shown.members, shown.places, shown.never, shown.others) == (0, 0, 0, 0)


def test_exposure_looks_at_the_first_ten_of_what_is_open(city, django_assert_num_queries):
    owners = [make_organisation() for _n in range(11)]
    for one in owners:
        make_member(city, one)
    challenge = make_challenge(city)
    actions.keep_for_challenge(challenge, [found(one) for one in owners])
    with django_assert_num_queries(3):
        shown = queries.exposure(city)
    assert (shown.places, shown.never) == (10, 1)
    close(challenge, by=make_staff(city, "desk"), reason="withdrawn")
    assert queries.exposure(city).places == 0


# --- a turn for newcomers ------------------------------------------------------------------------------------


@pytest.fixture
def answers():
    """Twelve organisations that answer a challenge, best first."""
    return [found(make_organisation(), likeness=0.9 - n / 20) for n in range(12)]


def test_the_best_newcomer_below_the_first_ten_gets_the_sixth_place(answers):
    late = answers[10].thing.pk
    given = rules.give_turn(answers, {late: "newcomer", answers[11].thing.pk: "first_turn"})
    assert given == [*answers[:5], answers[10], *answers[5:10], answers[11]]
    assert given[5].reasons[-1] == {"kind": "newcomer"}
    assert {"kind": "first_turn"} not in answers[11].reasons


def test_the_first_five_are_never_moved(answers):
    given = rules.give_turn(answers, {one.thing.pk: "newcomer" for one in answers[10:]})
    assert given[:5] == answers[:5]


def test_nobody_moves_where_a_newcomer_stands_there_already(answers):
    newcomers = {answers[7].thing.pk: "newcomer", answers[10].thing.pk: "newcomer"}
    assert rules.give_turn(answers, newcomers) == answers


@pytest.mark.parametrize(
    "change", [{"likeness": 0.29}, {"against": [{"kind": "misfit"}]}, {"against": [{"kind": "declined"}]}]
)
def test_a_newcomer_that_is_far_away_or_was_turned_down_waits(answers, change):
    for name, value in change.items():
        setattr(answers[10], name, value)
    assert rules.give_turn(answers, {answers[10].thing.pk: "newcomer"}) == answers


def test_newcomers_are_members_since_ninety_days_and_those_never_shown(city, challenge):
    fresh, old, shown, unseen = (make_organisation() for _n in range(4))
    make_member(city, fresh)
    make_member(city, old, joined_on=clock.today() - timedelta(days=90))
    for one in (fresh, old, shown):
        make_suggestion(make_challenge(city), one)
    keys = [one.pk for one in (fresh, old, shown, unseen)]
    assert queries.newcomers([challenge], keys, new_for=rules.NEW_FOR).at(challenge, keys) == {
        fresh.pk: "newcomer",
        unseen.pk: "first_turn",
    }


def test_who_has_its_turn_keeps_it_when_the_list_is_made_anew(challenge):
    organisation = make_organisation()
    make_suggestion(challenge, organisation)
    assert queries.newcomers([challenge], [organisation.pk], new_for=rules.NEW_FOR).at(
        challenge, [organisation.pk]
    ) == {organisation.pk: "first_turn"}
