"""The shares of many kinds at once."""

from musubi.lib.survival import MEDIAN, SLOW, kaplan_meier_quantiles

ONE_BY_ONE = 3000
"""A curve takes scipy a fifth of a millisecond. A country has tens of thousands of kinds: more than these are reckoned
all at once, as the same product over sorted arrays."""


def curves(kind, enough, days, observed):
    """For each kind the times by which half and 80 % had moved, NaN where too few have: an array of two columns.

    `kind` numbers each stay's kind from 0, `enough` says of each kind whether it is asked for, `days` and `observed`
    are as in `kaplan_meier_quantiles`. What is not asked for is NaN.
    """
    return (_one_by_one if enough.sum() <= ONE_BY_ONE else _at_once)(kind, enough, days, observed)


def _one_by_one(kind, enough, days, observed):
    import numpy as np

    found = np.full((len(enough), 2), np.nan)
    order = np.argsort(kind, kind="stable")
    ends = np.cumsum(np.bincount(kind, minlength=len(enough)))
    for number in np.flatnonzero(enough):
        rows = order[ends[number - 1] if number else 0 : ends[number]]
        shares = kaplan_meier_quantiles(days[rows], observed[rows], (MEDIAN, SLOW))
        found[number] = [np.nan if share is None else share for share in shares]
    return found


def _at_once(kind, enough, days, observed):
    """The product-limit estimate of every kind: at each time with ends, the share of those still there that stayed."""
    import numpy as np

    found = np.full((len(enough), 2), np.nan)
    asked = enough[kind]
    if not asked.any():
        return found
    kind, days, observed = kind[asked], days[asked], observed[asked]
    order = np.lexsort((days, kind))
    kind, days, observed = kind[order], days[order], observed[order]
    # A step: the stays of one kind that lasted equally long. Those of its kind from here on were still there.
    steps = np.flatnonzero(np.r_[True, (kind[1:] != kind[:-1]) | (days[1:] != days[:-1])])
    ended = np.add.reduceat(observed.astype(np.int64), steps)
    last_row = np.cumsum(np.bincount(kind))[kind[steps]]
    stayed = 1 - ended / (last_row - steps)
    first_steps = np.flatnonzero(np.r_[True, kind[steps][1:] != kind[steps][:-1]])
    # Products within each kind, as sums of logarithms. Where nobody stays it is the kind's last step.
    sums = np.cumsum(np.log(np.where(stayed > 0, stayed, 1)))
    lengths = np.diff(np.append(first_steps, len(steps)))
    before = np.repeat(np.where(first_steps > 0, sums[first_steps - 1], 0), lengths)
    moved = np.where(stayed > 0, 1 - np.exp(sums - before), 1)
    places = np.arange(len(steps))
    for column, share in enumerate((MEDIAN, SLOW)):
        first = np.minimum.reduceat(np.where(moved >= share - 1e-9, places, len(steps)), first_steps)
        reached = first < len(steps)
        found[kind[steps[first[reached]]], column] = days[steps[first[reached]]]
    return found
