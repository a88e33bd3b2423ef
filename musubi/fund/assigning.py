"""Who scores what: as many members as the programme wants for each application, the load even, no tie crossed."""

import heapq
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Plan:
    """`pairs` of (application, member) to assign; `short`: application → how many members are still lacking."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    short: dict[int, int] = field(default_factory=dict)


def plan(
    applications: Sequence[int],
    members: Sequence[int],
    *,
    wanted: int,
    tied: Collection[tuple[int, int]],
    load: Mapping[int, int] | None = None,
    there: Mapping[int, Collection[int]] | None = None,
) -> Plan:
    """Assign `wanted` of the members to each application. `tied`: (member, application) pairs that must not meet;
    `load`: what each member has already; `there`: who already scores an application.

    Applications with the fewest members left come first, and each takes the members with the least to do; what is
    uneven after that is evened out, so that loads differ by no more than the ties and what is there force. The same
    input gives the same plan.
    """
    there = there or {}
    load = {member: (load or {}).get(member, 0) for member in members}
    barred: dict[int, set[int]] = {one: set() for one in applications}
    for member, application in tied:
        if application in barred:
            barred[application].add(member)
    order = sorted(applications, key=lambda one: (-len(barred[one]), one))
    queue = [(count, member) for member, count in load.items()]
    heapq.heapify(queue)
    found = Plan()
    given: dict[int, set[int]] = {member: set() for member in members}
    for application in order:
        scoring = set(there.get(application, ()))
        lacking = wanted - len(scoring - barred[application])
        passed = []
        while lacking > 0 and queue:
            count, member = heapq.heappop(queue)
            if member in scoring or member in barred[application]:
                passed.append((count, member))
                continue
            given[member].add(application)
            load[member] = count + 1
            passed.append((count + 1, member))
            lacking -= 1
        for one in passed:
            heapq.heappush(queue, one)
        if lacking > 0:
            found.short[application] = lacking
        barred[application] |= scoring
    _even_out(given, load, barred)
    place = {application: number for number, application in enumerate(order)}
    found.pairs = sorted(
        ((application, member) for member, theirs in given.items() for application in theirs),
        key=lambda pair: (place[pair[0]], pair[1]),
    )
    return found


def _even_out(given: dict[int, set[int]], load: dict[int, int], barred: Mapping[int, set[int]]) -> None:
    """Pass applications on, from hand to hand where need be, until nobody could give one to a member with two less.

    With that no other plan is more even (what cannot be made better by one such chain cannot be made better at all).
    """
    while load and max(load.values()) - min(load.values()) > 1:
        for member in sorted(load, key=lambda one: (-load[one], one)):
            if chain := _chain(member, given, load, barred):
                for giver, application, taker in chain:
                    given[giver].remove(application)
                    given[taker].add(application)
                load[member] -= 1
                load[chain[-1][2]] += 1
                break
        else:
            return


def _chain(
    first: int, given: Mapping[int, set[int]], load: Mapping[int, int], barred: Mapping[int, set[int]]
) -> list[tuple[int, int, int]]:
    """The shortest chain of (giver, application, taker) from a member to one with two less; empty where there is none."""
    came: dict[int, tuple[int, int]] = {}
    left = sorted((member for member in load if member != first), key=lambda one: (load[one], one))
    queue = deque([first])
    while queue and left:
        giver = queue.popleft()
        for application in sorted(given[giver]):
            if not left:
                break
            takers = [one for one in left if one not in barred[application] and application not in given[one]]
            for taker in takers:
                came[taker] = giver, application
                if load[taker] <= load[first] - 2:
                    return _walked(came, first, taker)
                queue.append(taker)
            left = [one for one in left if one not in came]
    return []


def _walked(came: Mapping[int, tuple[int, int]], first: int, last: int) -> list[tuple[int, int, int]]:
    steps = []
    while last != first:
        giver, application = came[last]
        steps.append((giver, application, last))
        last = giver
    return steps[::-1]
