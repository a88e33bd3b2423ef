"""Which applications to award with the money there is: plainly by rank, or the set that spends the budget best."""

import itertools
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd

MOST_UNIONS = 127


@dataclass(frozen=True)
class Candidate:
    """An application that passed: what it would get in yen, its points (an integer), and the pots that may pay it."""

    pk: int
    yen: int
    points: int
    pots: frozenset[int]


@dataclass
class Choice:
    """Who is awarded, from which pots: application → {pot: yen}. `proven`: no other set has more points."""

    shares: dict[int, dict[int, int]] = field(default_factory=dict)
    points: int = 0
    yen: int = 0
    proven: bool = False


def by_rank(candidates: Sequence[Candidate], money: Mapping[int, int], *, line: int | None = None) -> Choice:
    """Down the ranking, each as long as the money can pay it in full; who cannot be paid in full is passed over. All of
    them together get at most `line`, from whichever pots.

    Nobody is passed over because an earlier one was paid from a pot that could have been spared: what was taken from a
    pot is moved to another where that lets both be paid. A pot meant for few things is emptied before one meant for
    anything, so that what is general lasts.
    """
    purse = _Purse(candidates, money)
    taken, spent = [], 0
    for one in candidates:
        if (line is None or spent + one.yen <= line) and purse.pay(one):
            taken.append(one)
            spent += one.yen
    return _choice(taken, purse)


def best(
    candidates: Sequence[Candidate], money: Mapping[int, int], *, line: int | None = None, seconds: float = 10
) -> Choice:
    """The set with the most points altogether that the money can pay, each in full and all together for at most `line`;
    of equal ones the cheaper.

    Solved exactly (OR-Tools CP-SAT) within `seconds`; `proven` tells whether it was. Which set the pots can pay is
    said by one sum for each set of pots (what only they may pay is no more than they hold: Hall's condition for flows),
    so that the solver decides about applications alone. Amounts are scaled by their greatest common divisor, so that
    10^15 yen stay within its numbers. Where the time is over, it is never worse than the plain ranking.
    """
    from ortools.sat.python import cp_model

    candidates = [
        one
        for one in candidates
        if 0 < one.yen <= sum(money.get(pot, 0) for pot in one.pots) and (line is None or one.yen <= line)
    ]
    if not candidates:
        return Choice(proven=True)
    unit = gcd(*(one.yen for one in candidates))
    model = cp_model.CpModel()
    taken = {one.pk: model.new_bool_var(f"a{one.pk}") for one in candidates}
    unions = _unions({_payers(one, money) for one in candidates})
    if unions is None:
        _say_who_pays(model, candidates, money, taken)
    for pots in unions or ():
        bound = [one for one in candidates if _payers(one, money) <= pots]
        held = sum(money[pot] for pot in pots)
        model.add(sum(one.yen // unit * taken[one.pk] for one in bound) <= held // unit)
    if line is not None:
        model.add(sum(one.yen // unit * taken[one.pk] for one in candidates) <= line // unit)
    # One point outweighs all the money, as long as both fit into the solver's numbers.
    most = sum(one.yen // unit for one in candidates) + 1
    point = most if most * sum(one.points for one in candidates) < 2**60 else 1
    model.maximize(
        sum(
            (max(one.points, 0) * point - (one.yen // unit if point > 1 else 0)) * taken[one.pk]
            for one in candidates
        )
    )
    plain = by_rank(candidates, money, line=line)
    for pk in taken:
        model.add_hint(taken[pk], pk in plain.shares)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return plain
    purse = _Purse(candidates, money)
    choice = _choice([one for one in candidates if solver.value(taken[one.pk]) and purse.pay(one)], purse)
    choice.proven = status == cp_model.OPTIMAL
    return plain if choice.points < plain.points else choice


class _Purse:
    """What is left in the pots while one after another is paid from them."""

    def __init__(self, candidates: Collection[Candidate], money: Mapping[int, int]):
        self.left = dict(money)
        self.shares: dict[int, dict[int, int]] = {}
        self.payees: dict[int, dict[int, None]] = {pot: {} for pot in money}
        wide = Counter(pot for one in candidates for pot in one.pots)
        self.pots = {
            one.pk: sorted(_payers(one, money), key=lambda pot: (wide[pot], pot)) for one in candidates
        }

    def pay(self, one: Candidate) -> bool:
        """Pay it in full, moving what others get from pot to pot where need be; or leave all as it was."""
        self.shares[one.pk] = {}
        lacking, done = one.yen, []
        while lacking:
            way = self._way(one.pk)
            if not way:
                for part, way in reversed(done):
                    self._go(way, -part)
                del self.shares[one.pk]
                return False
            part = min(lacking, self.left[way[-1][0]])
            for (pot, _payee), (_next, payee) in itertools.pairwise(way):
                part = min(part, self.shares[payee][pot])
            self._go(way, part)
            done.append((part, way))
            lacking -= part
        return True

    def _way(self, pk: int) -> list[tuple[int, int]]:
        """The shortest way from an application to a pot with money left; empty where there is none.

        Each (pot, payee) of it: the payee takes from the pot what the next one gives up there.
        """
        came: dict[int, tuple[int | None, int]] = dict.fromkeys(self.pots[pk], (None, pk))
        queue = deque(self.pots[pk])
        while queue:
            pot = queue.popleft()
            if self.left[pot]:
                way, at = [], pot
                while at is not None:
                    before, payee = came[at]
                    way.append((at, payee))
                    at = before
                return way[::-1]
            for payee in self.payees[pot]:
                for other in self.pots[payee]:
                    if other not in came:
                        came[other] = pot, payee
                        queue.append(other)
        return []

    def _go(self, way: Sequence[tuple[int, int]], yen: int) -> None:
        for pot, payee in way:
            self._give(payee, pot, yen)
        for (pot, _payee), (_next, payee) in itertools.pairwise(way):
            self._give(payee, pot, -yen)
        self.left[way[-1][0]] -= yen

    def _give(self, payee: int, pot: int, yen: int) -> None:
        parts = self.shares[payee]
        parts[pot] = parts.get(pot, 0) + yen
        self.payees[pot][payee] = None
        if not parts[pot]:
            del parts[pot], self.payees[pot][payee]


def _choice(taken: Sequence[Candidate], purse: _Purse) -> Choice:
    return Choice(
        {one.pk: purse.shares[one.pk] for one in taken},
        sum(one.points for one in taken),
        sum(one.yen for one in taken),
    )


def _say_who_pays(
    model, candidates: Sequence[Candidate], money: Mapping[int, int], taken: Mapping[int, object]
) -> None:
    """The same as the sums for each set of pots, where there are too many sets: how much each pot pays to whom."""
    paid: dict[int, list] = {pot: [] for pot in money}
    for one in candidates:
        parts = []
        for pot in sorted(_payers(one, money)):
            parts.append(model.new_int_var(0, one.yen, f"p{one.pk}_{pot}"))
            paid[pot].append(parts[-1])
        model.add(sum(parts) == one.yen * taken[one.pk])
    for pot, parts in paid.items():
        model.add(sum(parts) <= money[pot])


def _unions(sets: Collection[frozenset[int]]) -> set[frozenset[int]] | None:
    """Every union of the sets: with five pots no more than 31. None where there are too many to say one by one."""
    found: set[frozenset[int]] = set()
    for one in sets:
        found |= {one | other for other in found} | {one}
        if len(found) > MOST_UNIONS:
            return None
    return found


def _payers(one: Candidate, money: Mapping[int, int]) -> frozenset[int]:
    return frozenset(one.pots & money.keys())
