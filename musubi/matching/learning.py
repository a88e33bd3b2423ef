"""Learning the weights of the ranking from what people decided: a logistic regression drawn towards the product's own
weights, and how well it does on decisions it has not seen.

The decisions of a municipality are few. So there are six weights to learn and no more, each with a prior around the
product's weight (how far it may reasonably lie away is in `PRIOR`); where the decisions say nothing, that stays. None
may turn against its meaning, and what keeps a text that fits everything from burying the others (`hubness`) is never
less than half of what the product gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from musubi.lib.errors import Refused
from musubi.matching.models import Suggestion
from musubi.matching.states import ACTED, Misfit
from musubi.people.models import Municipality

if TYPE_CHECKING:
    import numpy as np

    from musubi.matching.engine.matcher import Weights

LEAST, LEAST_OF_A_KIND, LEAST_CHALLENGES = 20, 5, 4
FOLDS = 5
RESAMPLES = 1000
# By how much a weight may reasonably differ from the product's (a standard deviation), and the most it may be.
PRIOR = {
    "hubness": (0.3, 1.5),
    "goals": (0.04, 0.3),
    "fields": (0.04, 0.3),
    "region": (0.05, 0.4),
    "fresh": (0.04, 0.3),
    "worked": (0.03, 0.3),
}
SIGNS = {"hubness": -1.0}
# How many units of logit one unit of score is worth, before anything is known; and its spread, as a logarithm.
STEEPNESS, STEEPNESS_SPREAD = 6.0, 0.7


@dataclass(frozen=True)
class Learned:
    """Weights, from how many decisions, and how well those in use and these order decisions they have not seen:
    see `grade`."""

    weights: dict[str, float]
    decisions: int
    before: dict
    after: dict


@dataclass(frozen=True)
class Decision:
    """A suggestion somebody decided on: for which challenge, what the ranking knew, and whether it was a good one."""

    challenge: int
    features: dict[str, float]
    good: bool


def learn(municipality: Municipality) -> Learned:
    """Weights from the decisions of a municipality. Raises Refused where there is too little to learn from."""
    from musubi.matching.ask import weights_of
    from musubi.matching.engine.matcher import Weights

    decisions = decisions_of(municipality)
    require_enough(decisions)
    used = weights_of(municipality.pk) or Weights()
    before, after = [], []
    for held_out, rest in folds(decisions):
        fitted = fit(rest)
        before += scored(held_out, used)
        after += scored(held_out, fitted)
    return Learned(
        {name: round(value, 4) for name, value in asdict(fit(decisions)).items()},
        len(decisions),
        grade(before),
        grade(after),
    )


def decisions_of(municipality: Municipality) -> list[Decision]:
    """What was decided on suggestions for the challenges of a municipality, by either side.

    What was turned down only because it had been considered before says nothing about how good it was.
    """
    rows = Suggestion.objects.filter(
        challenge__municipality=municipality,
        # The features of what was only found from the other side are those of another question.
        best_rank__isnull=False,
        state__in=["fits", "misfit", *ACTED],
    )
    known = rows.filter(state="misfit", verdicts__fits=False, verdicts__reason=Misfit.KNOWN)
    rows = rows.exclude(pk__in=known).order_by("challenge", "pk")
    return [
        Decision(challenge, features, state != "misfit")
        for challenge, features, state in rows.values_list("challenge", "features", "state")
        if {"likeness", *PRIOR} <= features.keys()
    ]


def require_enough(decisions: Sequence[Decision]) -> None:
    """Raise Refused, with what is missing, where nothing could be learned and held out."""
    good = sum(one.good for one in decisions)
    bad = len(decisions) - good
    kinds = defaultdict(set)
    for one in decisions:
        kinds[one.challenge].add(one.good)
    both = sum(len(seen) == 2 for seen in kinds.values())
    if len(decisions) >= LEAST and min(good, bad) >= LEAST_OF_A_KIND and both >= LEAST_CHALLENGES:
        return
    raise Refused(
        f"判断がまだ少ないため、順位づけを学び直せません。いまは{len(decisions)}件"
        f"(合う・紹介・案件 {good}件、合わない {bad}件)で、両方の判断がある課題は{both}件です。"
        f"全部で{LEAST}件以上、それぞれ{LEAST_OF_A_KIND}件以上、両方の判断がある課題が{LEAST_CHALLENGES}件以上になると学べます。"
    )


# --- fitting -------------------------------------------------------------------------------------------------


def fit(decisions: Sequence[Decision]) -> Weights:
    """The weights under which the good ones score higher, as far as the decisions speak against the prior."""
    import numpy as np
    from scipy.optimize import minimize

    from musubi.matching.engine.matcher import Weights

    names = list(PRIOR)
    usual = np.array([getattr(Weights(), name) for name in names])
    spread = np.array([PRIOR[name][0] for name in names])
    most = np.array([PRIOR[name][1] for name in names])
    signs = np.array([SIGNS.get(name, 1.0) for name in names])
    likeness = np.array([one.features["likeness"] for one in decisions])
    values = np.array([[one.features[name] for name in names] for one in decisions]) * signs
    good = np.array([one.good for one in decisions], float)

    def loss(given: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the posterior, and its gradient; given are threshold, log steepness and weights."""
        threshold, log_steepness, weights = given[0], given[1], given[2:]
        steepness = np.exp(log_steepness)
        score = likeness + values @ weights - threshold
        logit = steepness * score
        wrong = 1 / (1 + np.exp(-np.clip(logit, -500, 500))) - good
        off = (weights - usual) / spread
        off_steepness = (log_steepness - np.log(STEEPNESS)) / STEEPNESS_SPREAD
        total = np.sum(np.logaddexp(0, logit) - good * logit) + 0.5 * (off @ off + off_steepness**2)
        gradient = np.concatenate(
            [
                [-steepness * wrong.sum()],
                [(wrong * logit).sum() + off_steepness / STEEPNESS_SPREAD],
                steepness * (values.T @ wrong) + off / spread,
            ]
        )
        return float(total), gradient

    least = np.array(
        [value / 2 if name == "hubness" else 0.0 for name, value in zip(names, usual, strict=True)]
    )
    start = np.concatenate([[float(np.mean(likeness + values @ usual))], [np.log(STEEPNESS)], usual])
    bounds = [(None, None), (np.log(0.5), np.log(60.0)), *zip(least, most, strict=True)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[2:]
    return Weights(**{name: float(value) for name, value in zip(names, found, strict=True)})


# --- grading -------------------------------------------------------------------------------------------------

# Of one decision: its challenge, its score, and whether it was good.
type Scored = tuple[int, float, bool]


def folds(decisions: Sequence[Decision]) -> list[tuple[list[Decision], list[Decision]]]:
    """(held out, the rest) by challenge: no challenge is on both sides."""
    kinds = defaultdict(set)
    for one in decisions:
        kinds[one.challenge].add(one.good)
    # Those with both kinds are spread first, so that each part has some to be graded by.
    order = sorted(kinds, key=lambda challenge: (len(kinds[challenge]) < 2, challenge))
    count = min(FOLDS, len(order))
    part = {challenge: number % count for number, challenge in enumerate(order)}
    return [
        (
            [one for one in decisions if part[one.challenge] == number],
            [one for one in decisions if part[one.challenge] != number],
        )
        for number in range(count)
    ]


def scored(decisions: Sequence[Decision], weights: Weights) -> list[Scored]:
    """The decisions with the score the weights give them: the engine's own sum."""
    import numpy as np

    from musubi.matching.engine.matcher import score

    if not decisions:
        return []
    features = {name: np.array([one.features[name] for one in decisions]) for name in ("likeness", *PRIOR)}
    totals = score(features, weights)
    return [(one.challenge, float(total), one.good) for one, total in zip(decisions, totals, strict=True)]


def grade(decisions: Sequence[Scored]) -> dict[str, float]:
    """How well scores order decisions, challenge by challenge; only those with both kinds can tell.

    `mrr`: mean reciprocal rank of the first good one; `accuracy`: of how many pairs the good one scores higher. `low`
    and `high` bound the accuracy, `mrr_low` and `mrr_high` the other, with 95 % (bootstrap over challenges);
    `decisions`, `challenges` and `pairs` are how many there were to grade by.
    """
    import numpy as np

    rows: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for challenge, total, good in decisions:
        rows[challenge].append((total, good))
    reciprocal, right, pairs, count = [], [], [], 0
    for _challenge, one in sorted(rows.items()):
        goods = np.array([total for total, good in one if good])
        bads = np.array([total for total, good in one if not good])
        if not (len(goods) and len(bads)):
            continue
        # Ties count half: an order by chance must not look like one that knows.
        beaten = (goods[:, None] > bads).sum() + 0.5 * (goods[:, None] == bads).sum()
        best = goods.max()
        reciprocal.append(1 / (1 + (bads > best).sum() + 0.5 * (bads == best).sum()))
        right.append(float(beaten))
        pairs.append(len(goods) * len(bads))
        count += len(one)
    reciprocal, right, pairs = np.array(reciprocal), np.array(right), np.array(pairs, float)
    # Always the same draws: the same decisions give the same figures.
    draws = np.random.default_rng(20_260_401).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    low, high = np.percentile(right[draws].sum(axis=1) / pairs[draws].sum(axis=1), [2.5, 97.5])
    mrr_low, mrr_high = np.percentile(reciprocal[draws].mean(axis=1), [2.5, 97.5])
    figures = {
        "mrr": reciprocal.mean(),
        "mrr_low": mrr_low,
        "mrr_high": mrr_high,
        "accuracy": right.sum() / pairs.sum(),
        "low": low,
        "high": high,
    }
    return {name: round(float(value), 3) for name, value in figures.items()} | {
        "decisions": count,
        "challenges": len(pairs),
        "pairs": int(pairs.sum()),
    }
