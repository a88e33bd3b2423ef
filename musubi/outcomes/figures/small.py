"""What of the figures everybody may see: small numbers of a breakdown are put together, so that none of them tells
how one known proposal ended. Why and how: docs/adr/0010."""

from collections.abc import Iterable

from musubi.outcomes.figures.breakdowns import ENDS, PROPOSAL_STEPS
from musubi.outcomes.figures.times import FEWEST

LEAST = 3
REST = "rest"


def merge_small(rows: Iterable[dict], *, by: str, least: int = LEAST) -> list[dict]:
    """`rows` of a breakdown (dicts of `key`, `label` and counts), with the small ones put into one row `REST`.

    A row is small where its count `by` is under `least`. Where the small ones together are still under `least`, the
    smallest of the others joins them: else a subtraction would give the hidden row back. Sums stay what they were;
    what is left may be `REST` alone, which says no more than the sum.
    """
    rows = [row for row in rows if row[by]]
    small = [row for row in rows if row[by] < least]
    kept = [row for row in rows if row[by] >= least]
    while small and kept and sum(row[by] for row in small) < least:
        smallest = min(kept, key=lambda row: row[by])
        kept.remove(smallest)
        small.append(smallest)
    if not small:
        return kept
    counts = [name for name in small[0] if name not in ("key", "label")]
    return [*kept, {"key": REST, "label": "", **{n: sum(row[n] for row in small) for n in counts}}]


def is_telling(rows: list[dict], *, by: str) -> bool:
    """Whether a merged breakdown still says something: more than one row, none of them small."""
    return len(rows) > 1 and all(row[by] >= LEAST for row in rows)


def hide_small(rows: list[dict], *, by: str, least: int = LEAST) -> list[dict]:
    """`rows` of steps with everything but `key`, `label` and the count `by` put to None where that count is small.

    How many proposals a department received tells nobody's ending; how far the one that came is would. Others are
    hidden with them until the hidden ones together are `least` again, for the reason given in `merge_small`.
    """
    hidden = [row for row in rows if 0 < row[by] < least]
    others = sorted((row for row in rows if row[by] >= least), key=lambda row: row[by])
    while hidden and others and sum(row[by] for row in hidden) < least:
        hidden.append(others.pop(0))
    masked = [id(row) for row in hidden]
    return [_masked(row, by) if id(row) in masked else row for row in rows]


def published(found: dict) -> dict:
    """The figures (`outcomes.figures.figures`) as everybody may read them, in the same shape.

    Declines: the total is None while it is small; small reasons stand together under `rest`, and where nothing else
    is left there are no reasons. Second matches follow declines: their total, where it is not small. Proposals: no row says how those not taken up ended, and small rows and a small whole
    tell what was received and no more. Times of fewer than `times.FEWEST` are None.
    """
    total = found["declines"]["total"]
    reasons = [{"key": k, "label": "", "n": n} for k, n in found["declines"].items() if k != "total"]
    merged = merge_small(reasons, by="n")
    declines = {"total": total if total == 0 or total >= LEAST else None}
    if is_telling(merged, by="n"):
        declines |= {row["key"]: row["n"] for row in merged}
    offered = found["second_matches"]["total"]
    whole = hide_small([{"key": "", "label": "", **found["proposal_funnel"]}], by="received")[0]
    proposals = {
        dimension: hide_small(
            [{k: v for k, v in row.items() if k not in ENDS} for row in rows], by="received"
        )
        for dimension, rows in found["proposals_by"].items()
    }
    return {
        **found,
        "declines": declines,
        "second_matches": {"total": offered if offered == 0 or offered >= LEAST else None},
        "proposal_funnel": {name: whole[name] for name in PROPOSAL_STEPS},
        "proposals_by": proposals,
        "times": {name: _enough(times) for name, times in found["times"].items()},
        "stage_times": {name: _enough(times) for name, times in found["stage_times"].items()},
        "times_by_fiscal_year": published_times(found["times_by_fiscal_year"]),
    }


def published_times(rows: list[dict]) -> list[dict]:
    """Rows of `times.by_year` in which nothing is told of too few proposals."""
    return [
        {name: _enough(value) if isinstance(value, dict) else value for name, value in row.items()}
        for row in rows
    ]


def _masked(row: dict, by: str) -> dict:
    return {name: value if name in ("key", "label", by) else None for name, value in row.items()}


def _enough(times: dict) -> dict:
    return times if times["count"] >= FEWEST else {**times, "median_days": None, "p80_days": None}
