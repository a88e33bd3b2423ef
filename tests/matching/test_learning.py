"""Learning the weights of the ranking from what people decided."""

import random
from dataclasses import asdict
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from musubi.journal.queries import history
from musubi.lib.errors import Refused
from musubi.matching import actions, learning
from musubi.matching.ask import weights_of
from musubi.matching.engine.matcher import Weights
from musubi.matching.learning import Decision, decisions_of, fit, folds, grade, learn, scored
from musubi.matching.models import Ranking, Suggestion
from musubi.matching.states import Misfit, Side
from tests.factories.challenges import make_challenge
from tests.factories.matching import FEATURES, found
from tests.factories.people import make_municipality, make_organisation, make_staff

NOTHING = dict.fromkeys(FEATURES, 0.0)


def decisions(*, challenges: int, weights: dict, seed: int = 1, noise: float = 0.03) -> list[Decision]:
    """What people would decide who go by `weights`: of eight suggestions for a challenge the best three are good."""
    dice = random.Random(seed)
    made = []
    for challenge in range(challenges):
        rows = [
            NOTHING
            | {
                "likeness": dice.uniform(0.2, 0.7),
                "hubness": dice.uniform(0.1, 0.4),
                "goals": dice.choice([0, 1, 2]),
                "fields": dice.choice([0, 1]),
                "region": dice.choice([0, 1]),
            }
            for _n in range(8)
        ]
        rows.sort(key=lambda row: -_score(row, weights) + dice.gauss(0, noise))
        made += [Decision(challenge, row, place < 3) for place, row in enumerate(rows)]
    return made


def _score(row: dict, weights: dict) -> float:
    used = asdict(Weights()) | weights
    return (
        row["likeness"]
        - used["hubness"] * row["hubness"]
        + sum(used[name] * row[name] for name in ("goals", "fields", "region"))
    )


def test_who_cares_for_the_region_is_understood():
    fitted = fit(decisions(challenges=30, weights={"region": 0.25}))
    assert fitted.region > 3 * Weights().region
    assert abs(fitted.fresh - Weights().fresh) < 0.01  # nothing was said about it


def test_few_decisions_move_little():
    few, many = (fit(decisions(challenges=n, weights={"region": 0.25})) for n in (1, 30))
    assert Weights().region <= few.region < many.region


def test_who_decides_like_the_product_keeps_its_weights():
    fitted = asdict(fit(decisions(challenges=40, weights={})))
    for name, (spread, _most) in learning.PRIOR.items():
        assert abs(fitted[name] - getattr(Weights(), name)) < spread


def test_no_weight_turns_against_its_meaning():
    fitted = fit(decisions(challenges=60, weights={"hubness": -1.0, "region": -0.5, "goals": -0.2}))
    assert fitted.hubness == Weights().hubness / 2
    assert (fitted.region, fitted.goals) == (0.0, 0.0)


def test_no_challenge_is_both_learned_from_and_graded_by():
    given = decisions(challenges=12, weights={})
    parts = folds(given)
    assert len(parts) == 5
    assert sorted(one.challenge for held, _rest in parts for one in held) == sorted(
        one.challenge for one in given
    )
    for held, rest in parts:
        assert {one.challenge for one in held}.isdisjoint(one.challenge for one in rest)


def test_grades_are_counted_by_challenge():
    told = grade(
        [(1, 0.9, True), (1, 0.5, False), (1, 0.4, False), (2, 0.2, True), (2, 0.8, False), (3, 0.5, True)]
    )
    # The third challenge has one kind only: it cannot tell.
    assert (told["mrr"], told["accuracy"]) == (0.75, 0.667)
    assert (told["decisions"], told["challenges"], told["pairs"]) == (5, 2, 3)
    assert (told["low"], told["high"]) == (0.0, 1.0)


def test_ties_are_no_knowledge():
    assert grade([(1, 0.5, True), (1, 0.5, False)])["accuracy"] == 0.5


def test_what_is_learned_helps_with_what_was_not_seen():
    before, after = [], []
    for held, rest in folds(decisions(challenges=40, weights={"region": 0.3})):
        before += scored(held, Weights())
        after += scored(held, fit(rest))
    assert grade(after)["accuracy"] > grade(before)["high"]


def test_the_same_decisions_teach_the_same():
    given = decisions(challenges=10, weights={"region": 0.2})
    assert fit(given) == fit(given)
    assert grade(scored(given, Weights())) == grade(scored(given, Weights()))


# --- from rows -----------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def decide(city, *, challenges: int = 6, weights=None) -> None:
    """Decisions in the database, as people would have made them who go by `weights`."""
    made = decisions(challenges=challenges, weights=weights or {"region": 0.3})
    organisations = [make_organisation() for _n in range(8)]
    for number in range(challenges):
        mine = [one for one in made if one.challenge == number]
        challenge = make_challenge(city)
        actions.keep_for_challenge(
            challenge,
            [
                found(organisation, likeness=one.features["likeness"], features=one.features)
                for organisation, one in zip(organisations, mine, strict=True)
            ],
        )
        rows = challenge.suggestions.order_by("need_rank")
        for row, one in zip(rows, mine, strict=True):
            Suggestion.objects.filter(pk=row.pk).update(state="fits" if one.good else "misfit")


@pytest.fixture
def city():
    return make_municipality("minato")


def test_every_kind_of_decision_counts_and_nothing_else(city):
    desk, challenge = make_staff(city, "desk"), make_challenge(city)
    organisations = [make_organisation() for _n in range(5)]
    actions.keep_for_challenge(challenge, [found(one) for one in organisations])
    rows = list(challenge.suggestions.order_by("need_rank"))
    actions.judge(rows[0], by=desk, side=Side.MUNICIPALITY, fits=True)
    actions.judge(rows[1], by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.SUBJECT)
    actions.judge(rows[2], by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.KNOWN)
    actions.note_case(
        city,
        [rows[3].organisation_id],
        case_id=1,
        title="案件",
        text="",
        at=rows[0].suggested_at,
        challenge=challenge,
    )
    assert [one.good for one in decisions_of(city)] == [True, False, True]
    assert decisions_of(make_municipality()) == []


def test_too_little_to_learn_from_is_said_in_words(city):
    with pytest.raises(Refused, match="いまは0件"):
        learn(city)
    decide(city, challenges=2)
    with pytest.raises(Refused, match="いまは16件.*両方の判断がある課題は2件"):
        actions.propose_ranking(city)
    assert not Ranking.objects.exists()


def test_a_proposal_says_how_good_it_is_and_changes_nothing(city):
    decide(city)
    ranking = actions.propose_ranking(city)
    assert (ranking.state, ranking.decisions) == ("proposed", 48)
    assert set(ranking.weights) == set(asdict(Weights()))
    assert ranking.before.keys() >= {"mrr", "accuracy", "low", "high", "decisions"}
    assert ranking.after["decisions"] == 48
    assert history(ranking).get().verb == "ranking.proposed"
    assert weights_of(city.pk) is None


def test_what_was_adopted_is_what_the_next_proposal_is_compared_with(city):
    decide(city)
    desk = make_staff(city, "desk")
    first = actions.propose_ranking(city)
    actions.adopt_ranking(first, by=desk)
    assert weights_of(city.pk) == Weights(**first.weights)
    second = actions.propose_ranking(city)
    assert second.weights == first.weights
    assert second.before != first.before


def test_a_new_proposal_takes_the_place_of_one_that_waits(city):
    decide(city)
    first, second = actions.propose_ranking(city), actions.propose_ranking(city)
    assert list(Ranking.objects.all()) == [second]
    with pytest.raises(Refused):
        actions.adopt_ranking(first, by=make_staff(city, "desk"))


def fit_ranking(*arguments) -> str:
    out = StringIO()
    call_command("fit-ranking", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_proposes_and_never_adopts(city):
    decide(city)
    told = fit_ranking("minato")
    assert "判断 48 件から順位づけの案を作りました" in told
    assert "まだ使われていません" in told
    assert Ranking.objects.get().state == "proposed"


def test_the_command_goes_through_all_and_says_where_there_is_too_little(city):
    decide(city)
    make_municipality("yama", name="山田町")
    told = fit_ranking()
    assert "山田町: 判断がまだ少ない" in told
    assert Ranking.objects.get().municipality == city


def test_the_command_says_what_is_wrong(city):
    with pytest.raises(CommandError, match="「nowhere」という自治体はありません"):
        fit_ranking("nowhere")
    with pytest.raises(CommandError, match="判断がまだ少ない"):
        fit_ranking("minato")
