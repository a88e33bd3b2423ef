"""Who scores what: as many members as the programme wants for each application, the load even, no tie crossed."""

import heapq
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

    Applications with the fewest members left come first, and each takes the members with the least to do, so that the
    greatest and the least load differ by no more than the ties force. The same input gives the same plan.
    """
    there = there or {}
    load = {member: (load or {}).get(member, 0) for member in members}
    barred: dict[int, set[int]] = {}
    for member, application in tied:
        barred.setdefault(application, set()).add(member)
    order = sorted(applications, key=lambda one: (-len(barred.get(one, ())), one))
    queue = [(count, member) for member, count in load.items()]
    heapq.heapify(queue)
    found = Plan()
    for application in order:
        scoring = set(there.get(application, ()))
        lacking = wanted - len(scoring - barred.get(application, set()))
        passed = []
        while lacking > 0 and queue:
            count, member = heapq.heappop(queue)
            if member in scoring or member in barred.get(application, ()):
                passed.append((count, member))
                continue
            found.pairs.append((application, member))
            passed.append((count + 1, member))
            scoring.add(member)
            lacking -= 1
        for one in passed:
            heapq.heappush(queue, one)
        if lacking > 0:
            found.short[application] = lacking
    return found
