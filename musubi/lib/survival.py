"""How long something takes, learned from what is finished *and* from what is still open.

Leaving the open ones out flatters: the slowest of a year are the ones that have not ended yet. So an open one counts
as "not within the days it has lain so far" (right-censored), and the shares are read off the Kaplan–Meier curve.
"""

from collections.abc import Sequence

MEDIAN, SLOW = 0.5, 0.8
"""The shares read everywhere in the product: half, and the eight of ten after which a thing counts as slow."""


def kaplan_meier_quantiles(
    durations: Sequence[float], observed: Sequence[bool], probabilities: Sequence[float] = (MEDIAN, SLOW)
) -> list[float | None]:
    """For each share, the shortest time within which at least that share had ended; None where too few have yet.

    `durations` are times ≥ 0 in one unit (days, say), `observed` says of each whether it ended then (True) or was
    only watched that long (False: still open, or it left for another reason). `probabilities` lie in (0, 1]. The
    curve is `scipy.stats.ecdf` on right-censored data; among equal times the ends come before the ones only watched.

    Raises ValueError for lists of different length, a negative duration or a share outside (0, 1].

    >>> kaplan_meier_quantiles([2, 5, 9, 9], [True, True, True, False])
    [5.0, None]
    """
    if len(durations) != len(observed):
        raise ValueError("one `observed` for each of the `durations`")
    if not all(0 < share <= 1 for share in probabilities):
        raise ValueError("a share lies above 0 and is 1 at most")
    if not any(observed):
        return [None] * len(probabilities)

    # Here, not above: scipy takes a second and 80 MB, which a process that asks for no curve need not pay.
    import numpy as np
    from scipy.stats import CensoredData, ecdf

    times = np.asarray(durations, dtype=float)
    if times.min() < 0:
        raise ValueError("a duration is never negative")
    curve = ecdf(CensoredData.right_censored(times, ~np.asarray(observed, dtype=bool))).cdf
    found = []
    for share in probabilities:
        # The curve is a product of fractions: 0.8 may come out as 0.7999999999999999.
        place = int(np.searchsorted(curve.probabilities, share - 1e-9))
        found.append(float(curve.quantiles[place]) if place < len(curve.quantiles) else None)
    return found
