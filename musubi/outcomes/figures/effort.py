"""Money and people's time that outcomes saved and cost, where somebody wrote it down."""

from django.db import models
from django.db.models import Count, Q, Sum

from musubi.outcomes.models import Outcome
from musubi.outcomes.states import REALISED, OutcomeKind

# A poster is no service: what only told the world something is counted apart from what changed something.
GROUPS: dict[str, list[OutcomeKind]] = {
    "realised": REALISED,
    "trial_done": [OutcomeKind.TRIAL_DONE],
    "agreement_only": [OutcomeKind.AGREEMENT_ONLY],
    "publicity": [OutcomeKind.PUBLICITY],
}
AMOUNTS = ["yen_saved", "hours_saved", "yen_spent", "hours_spent"]


def by_kind(outcomes: models.QuerySet[Outcome], *, public: bool) -> dict[str, dict]:
    """Per kind that occurs: `count`, and of each of `AMOUNTS` its sum and of how many outcomes that is. One statement.

    `public` adds up only what a published story says, and where its desk let it say so.
    """
    told = Q(story__state="published", story__shows_effort=True) if public else Q()
    sums = {f"{name}_sum": Sum(name, filter=told) for name in AMOUNTS}
    known = {f"{name}_known": Count(name, filter=told) for name in AMOUNTS}
    rows = outcomes.order_by().values("kind").annotate(count=Count("pk"), **sums, **known)
    return {row.pop("kind"): row for row in rows}


def by_group(kinds: dict[str, dict]) -> dict[str, dict]:
    """Per group of kinds: `count` outcomes and, for each of `AMOUNTS`, the sum (None where nobody wrote any) and
    `<amount>_known`, of how many outcomes that sum is."""
    return {group: _together([kinds[k] for k in members if k in kinds]) for group, members in GROUPS.items()}


def _together(rows: list[dict]) -> dict:
    found: dict = {"count": sum(row["count"] for row in rows)}
    for name in AMOUNTS:
        amounts = [row[f"{name}_sum"] for row in rows if row[f"{name}_sum"] is not None]
        found[name] = sum(amounts) if amounts else None
        found[f"{name}_known"] = sum(row[f"{name}_known"] for row in rows)
    return found
