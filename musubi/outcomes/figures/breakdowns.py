"""How far challenges and proposals came, and the same by channel, track, department and fiscal year."""

from collections.abc import Callable, Iterable

from musubi.challenges.states import Channel
from musubi.outcomes.figures.facts import Fact, Need
from musubi.people.models import Municipality
from musubi.proposals.states import Track

PROPOSAL_STEPS: dict[str, Callable[[Fact], bool]] = {
    "received": lambda fact: True,
    "answered": lambda fact: fact.answered is not None,
    "dialogue": lambda fact: fact.talked is not None,
    "accepted": lambda fact: fact.accepted,
    "realised": lambda fact: fact.realised,
}
# Beside the steps: how the others ended. Never public in a breakdown.
ENDS: dict[str, Callable[[Fact], bool]] = {
    "open": lambda fact: fact.is_open,
    "declined": lambda fact: fact.declined,
    "withdrawn": lambda fact: fact.left is not None,
}
CHALLENGE_STEPS: dict[str, Callable[[Need], bool]] = {
    "published": lambda need: True,
    "answered": lambda need: need.answered,
    "dialogue": lambda need: need.talked,
    "realised": lambda need: need.realised,
}


def proposals_by(facts: Iterable[Fact], departments: dict[int, str]) -> dict[str, list[dict]]:
    """Rows by `channel`, `track`, `department` and `fiscal_year`: each with its `key`, its `label` (a name for people)
    and a count per step and end. What has no department yet has the key ""."""
    facts = list(facts)
    columns = {**PROPOSAL_STEPS, **ENDS}
    return {
        "channel": _rows(facts, lambda fact: fact.channel, Channel, columns),
        "track": _rows(facts, lambda fact: fact.track, Track, columns),
        "department": _by_department(facts, departments, columns),
        "fiscal_year": _by_year(facts, columns),
    }


def challenges_by(needs: Iterable[Need], departments: dict[int, str]) -> dict[str, list[dict]]:
    """The same of challenges: by `channel`, `department` and `fiscal_year`."""
    needs = list(needs)
    return {
        "channel": _rows(needs, lambda need: need.channel, Channel, CHALLENGE_STEPS),
        "department": _by_department(needs, departments, CHALLENGE_STEPS),
        "fiscal_year": _by_year(needs, CHALLENGE_STEPS),
    }


def funnel(things: Iterable, steps: dict[str, Callable]) -> dict[str, int]:
    """How many of `things` came to each step."""
    found = dict.fromkeys(steps, 0)
    for thing in things:
        for name, came in steps.items():
            found[name] += came(thing)
    return found


def departments_of(city: Municipality) -> dict[int, str]:
    """The names of all departments, closed ones too, in the municipality's order, in the reader's language."""
    rows = city.departments.order_by("position", "id").only("name", "name_en")
    return {row.pk: row.display_name for row in rows}


def _rows(things, key, choices, steps) -> list[dict]:
    groups = _groups(things, key)
    return [
        {"key": choice.value, "label": str(choice.label), **funnel(groups[choice.value], steps)}
        for choice in choices
        if choice.value in groups
    ]


def _by_department(things, departments: dict[int, str], steps) -> list[dict]:
    groups = _groups(things, lambda thing: thing.department)
    rows = [
        {"key": str(pk), "label": name, **funnel(groups[pk], steps)}
        for pk, name in departments.items()
        if pk in groups
    ]
    if None in groups:
        rows.append({"key": "", "label": "", **funnel(groups[None], steps)})
    return rows


def _by_year(things, steps) -> list[dict]:
    groups = _groups(things, lambda thing: thing.year)
    return [{"key": str(year), "label": str(year), **funnel(groups[year], steps)} for year in sorted(groups)]


def _groups(things, key) -> dict:
    groups: dict = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups
