"""How long the steps took: half of them within so many days, eight of ten within so many.

What is still open counts (`lib.survival`): leaving it out would flatter. A proposal that ended otherwise before a step
(withdrawn before any answer) is watched until that day.
"""

from collections.abc import Callable, Iterable, Sequence

from musubi.cases.states import PATH, StayEnd
from musubi.lib import clock
from musubi.lib.survival import kaplan_meier_quantiles
from musubi.outcomes.figures.facts import Fact, Visit

STEPS: dict[str, Callable[[Fact], int | None]] = {
    "acknowledged": lambda fact: fact.acknowledged,
    "first_answer": lambda fact: fact.answered,
    "dialogue": lambda fact: fact.talked,
    "decision": lambda fact: fact.decided,
}
# What the product holds a municipality to, in days from receipt; the public plot draws the line.
PROMISED = {"first_answer": 14, "decision": 30}
PUBLIC_STEPS = list(PROMISED)
# Fewer tell more about one proposal than about the town hall.
FEWEST = 5


def steps(facts: Iterable[Fact]) -> dict[str, dict]:
    """Per step from receipt: `count` proposals, `ended` of them came there, `median_days` and `p80_days` (calendar
    days; None where the curve has not come so far)."""
    facts = list(facts)
    return {name: step(facts, name) for name in STEPS}


def step(facts: Sequence[Fact], name: str) -> dict:
    """The times of one step; see `steps`."""
    today = clock.today().toordinal()
    reached, days = [], []
    for fact in facts:
        day = STEPS[name](fact)
        until = day
        if until is None:
            until = today if fact.is_open else fact.decided or fact.left
        reached.append(day is not None)
        days.append(max(until - fact.received, 0))
    return _times(days, reached)


def stages(visits: Iterable[Visit]) -> dict[str, dict]:
    """The same per stage of the path, from entering it to moving on or being closed. A pause ends the watching."""
    today = clock.today().toordinal()
    found: dict[str, tuple[list[int], list[bool]]] = {stage: ([], []) for stage in PATH[:-1]}
    for visit in visits:
        days, ended = found[visit.stage]
        days.append(max((today if visit.until is None else visit.until) - visit.since, 0))
        ended.append(visit.end in (StayEnd.MOVED, StayEnd.CLOSED))
    return {stage: _times(*pair) for stage, pair in found.items()}


def by_year(facts: Sequence[Fact]) -> list[dict]:
    """One row per fiscal year of receipt, oldest first, with the times of the public steps."""
    years = sorted({fact.year for fact in facts})
    return [
        {"fiscal_year": year, **{name: step(of_year, name) for name in PUBLIC_STEPS}}
        for year, of_year in ((y, [fact for fact in facts if fact.year == y]) for y in years)
    ]


def _times(days: list[int], ended: list[bool]) -> dict:
    median, slow = kaplan_meier_quantiles(days, ended)
    return {
        "count": len(days),
        "ended": sum(ended),
        "median_days": None if median is None else int(median),
        "p80_days": None if slow is None else int(slow),
    }
