"""Which applications to award with the money there is: plainly by rank, or the set that spends the budget best."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd


@dataclass(frozen=True)
class Candidate:
    """An application that passed: what it would get in yen, its points (an integer), and the pots that may pay it."""

    pk: int
    yen: int
    points: int
    pots: frozenset[int]


@dataclass
class Choice:
    """Who is awarded, from which pots: application → {pot: yen}. `proven`: no other set is better."""

    shares: dict[int, dict[int, int]] = field(default_factory=dict)
    points: int = 0
    yen: int = 0
    proven: bool = True


def by_rank(candidates: Sequence[Candidate], money: Mapping[int, int]) -> Choice:
    """Down the ranking, each as long as its pots can pay it in full; who cannot be paid in full is passed over.

    A pot meant for few things is emptied before one meant for anything, so that what is general lasts.
    """
    left = dict(money)
    narrow = _narrowness(candidates)
    choice = Choice()
    for candidate in candidates:
        share, lacking = {}, candidate.yen
        for pot in sorted(candidate.pots & left.keys(), key=lambda pot: (narrow[pot], pot)):
            part = min(left[pot], lacking)
            if part:
                share[pot] = part
                lacking -= part
        if lacking:
            continue
        for pot, part in share.items():
            left[pot] -= part
        choice.shares[candidate.pk] = share
        choice.points += candidate.points
        choice.yen += candidate.yen
    return choice


def best(candidates: Sequence[Candidate], money: Mapping[int, int], *, seconds: float = 10) -> Choice:
    """The set with the most points altogether that the money can pay, each in full; of equal ones the cheaper.

    Solved exactly (OR-Tools CP-SAT) within `seconds`; `proven` tells whether it was. Which set the pots can pay is
    said by one sum for each set of pots (what only they may pay is no more than they hold: Hall's condition for flows),
    so that the solver decides about applications alone. Amounts are scaled by their greatest common divisor, so that
    10^15 yen stay within its numbers.
    """
    from ortools.sat.python import cp_model

    candidates = [
        one for one in candidates if one.yen > 0 and sum(money.get(pot, 0) for pot in one.pots) >= one.yen
    ]
    if not candidates:
        return Choice()
    unit = gcd(*(one.yen for one in candidates))
    model = cp_model.CpModel()
    taken = {one.pk: model.new_bool_var(f"a{one.pk}") for one in candidates}
    for pots in _unions({_payers(one, money) for one in candidates}):
        bound = [one for one in candidates if _payers(one, money) <= pots]
        held = sum(money[pot] for pot in pots)
        model.add(sum(one.yen // unit * taken[one.pk] for one in bound) <= held // unit)
    # One point outweighs all the money, as long as both fit into the solver's numbers.
    most = sum(one.yen // unit for one in candidates) + 1
    point = most if most * sum(one.points for one in candidates) < 2**60 else 1
    model.maximize(
        sum(
            (max(one.points, 0) * point - (one.yen // unit if point > 1 else 0)) * taken[one.pk]
            for one in candidates
        )
    )
    for pk in by_rank(candidates, money).shares:
        model.add_hint(taken[pk], 1)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return by_rank(candidates, money)
    chosen = [one for one in candidates if solver.value(taken[one.pk])]
    shares = _paid(chosen, money)
    return Choice(
        shares,
        sum(one.points for one in chosen),
        sum(one.yen for one in chosen),
        status == cp_model.OPTIMAL,
    )


def _unions(sets: Collection[frozenset[int]]) -> set[frozenset[int]]:
    """Every union of the sets: with five pots no more than 31."""
    found: set[frozenset[int]] = set()
    for one in sets:
        found |= {one | other for other in found} | {one}
    return found


def _payers(one: Candidate, money: Mapping[int, int]) -> frozenset[int]:
    return frozenset(one.pots & money.keys())


def _paid(chosen: Sequence[Candidate], money: Mapping[int, int]) -> dict[int, dict[int, int]]:
    """Which pot pays how much of each: a greatest flow from the pots to the applications."""
    from ortools.graph.python import max_flow

    flow = max_flow.SimpleMaxFlow()
    pots = {pot: 1 + number for number, pot in enumerate(sorted(money))}
    things = {one.pk: 1 + len(pots) + number for number, one in enumerate(chosen)}
    end = 1 + len(pots) + len(chosen)
    for pot, node in pots.items():
        flow.add_arc_with_capacity(0, node, money[pot])
    arcs = {}
    for one in chosen:
        for pot in sorted(_payers(one, money)):
            arcs[flow.add_arc_with_capacity(pots[pot], things[one.pk], one.yen)] = one.pk, pot
        flow.add_arc_with_capacity(things[one.pk], end, one.yen)
    flow.solve(0, end)
    shares: dict[int, dict[int, int]] = {one.pk: {} for one in chosen}
    for arc, (pk, pot) in arcs.items():
        if part := flow.flow(arc):
            shares[pk][pot] = part
    return shares


def _narrowness(candidates: Collection[Candidate]) -> dict[int, int]:
    """How many of the candidates each pot can pay."""
    found: dict[int, int] = {}
    for candidate in candidates:
        for pot in candidate.pots:
            found[pot] = found.get(pot, 0) + 1
    return found
