"""What happens to suggestions, the ranking and saved searches."""


import pytest

from musubi.journal.queries import history
from musubi.matching import actions
from musubi.matching.models import Suggestion
from musubi.matching.states import Side
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_suggestion
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_staff,
)
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


def last(thing):
    return history(thing).last()


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def challenge(city):
    return make_challenge(city)


# --- keeping what the engine finds ---------------------------------------------------------------------------


def kept(challenge):
    rows = challenge.suggestions.order_by("need_rank", "pk")
    return [(row.solution or row.organisation, row.need_rank) for row in rows]


def test_what_is_found_for_a_challenge_is_kept_in_its_order(challenge):
    solution, organisation = make_solution(), make_organisation()
    actions.keep_for_challenge(challenge, [found(solution, likeness=0.61234567), found(organisation)])
    assert kept(challenge) == [(solution, 1), (organisation, 2)]
    row = challenge.suggestions.get(solution=solution)
    assert (row.likeness, row.best_rank, row.seed_rank, row.state) == (0.61235, 1, None, "suggested")
    assert row.reasons == [{"kind": "words", "words": [["海岸", "浜辺"]]}]
    assert row.features["hubness"] == 0.2


def test_what_falls_out_loses_its_place_and_keeps_what_was_shown(challenge):
    first, second = make_solution(), make_solution()
    actions.keep_for_challenge(challenge, [found(first), found(second)])
    actions.keep_for_challenge(challenge, [found(second)])
    row = challenge.suggestions.get(solution=first)
    assert (row.need_rank, row.best_rank) == (None, 1)
    row = challenge.suggestions.get(solution=second)
    assert (row.need_rank, row.best_rank) == (1, 1)


def test_refreshing_keeps_what_people_decided(challenge, desk):
    solution = make_solution()
    suggestion = make_suggestion(challenge, solution)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)
    actions.keep_for_challenge(challenge, [])
    actions.keep_for_challenge(challenge, [found(solution)])
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.need_rank, suggestion.verdicts.count()) == ("fits", 1, 1)


def test_a_pair_found_from_both_sides_is_one_row(challenge):
    solution = make_solution()
    actions.keep_for_seed(solution, [found(challenge, likeness=0.4)])
    actions.keep_for_challenge(challenge, [found(solution, likeness=0.6)])
    actions.keep_for_seed(solution, [found(challenge, likeness=0.4)])
    row = Suggestion.objects.get()
    assert (row.need_rank, row.seed_rank, row.likeness) == (1, 1, 0.6)


def test_words_found_from_the_other_side_are_told_the_same_way_round(challenge):
    solution = make_solution()
    reasons = [{"kind": "synonyms", "words": [["DX", "デジタル化"]]}, {"kind": "member"}]
    actions.keep_for_seed(solution, [found(challenge, reasons=reasons)])
    assert Suggestion.objects.get().reasons == [
        {"kind": "synonyms", "words": [["デジタル化", "DX"]]},
        {"kind": "member"},
    ]


def test_what_was_only_looked_up_for_a_seed_goes_when_it_falls_out(challenge):
    organisation = make_organisation()
    actions.keep_for_seed(organisation, [found(challenge)])
    actions.keep_for_seed(organisation, [])
    assert not Suggestion.objects.exists()


def test_keeping_again_writes_no_more_statements_for_more_rows(challenge, django_assert_num_queries):
    solutions = [make_solution() for _n in range(20)]
    actions.keep_for_challenge(challenge, [found(one) for one in solutions])
    with django_assert_num_queries(5):
        actions.keep_for_challenge(challenge, [found(one) for one in reversed(solutions)])


# --- judging -------------------------------------------------------------------------------------------------


def test_the_municipality_says_that_it_fits(challenge, desk):
    suggestion = make_suggestion(challenge)
    verdict = actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True, words=" よさそうです ")
    assert (suggestion.state, verdict.fits, verdict.words, verdict.by) == ("fits", True, "よさそうです", desk)
    entry = last(suggestion)
    assert (entry.verb, entry.data) == (
        "suggestion.judged",
        {
            "side": "municipality",
            "fits": True,
            "reason": "",
            "words": "よさそうです",
            "organisation": suggestion.organisation.name,
        },
    )
