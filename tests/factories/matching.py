"""Suggestions as the product keeps them, without an engine."""

from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.matching import actions
from musubi.matching.ask import Found
from musubi.matching.models import Ranking, Suggestion
from musubi.matching.states import ACTED
from musubi.people.models import Municipality, Organisation
from musubi.solutions.models import Solution
from tests.factories.challenges import make_challenge
from tests.factories.people import make_organisation

FEATURES = {
    "likeness": 0.5,
    "hubness": 0.2,
    "goals": 0.0,
    "fields": 0.0,
    "region": 0.0,
    "fresh": 0.0,
    "worked": 0.0,
}


def found(thing: Challenge | Solution | Organisation, **fields) -> Found:
    """What the engine would give for `thing`."""
    likeness = fields.pop("likeness", 0.5)
    features = FEATURES | {"likeness": likeness} | fields.pop("features", {})
    reasons = [{"kind": "words", "words": [["海岸", "浜辺"]]}]
    return Found(
        thing, **{"score": likeness, "likeness": likeness, "features": features, "reasons": reasons} | fields
    )


def make_suggestion(
    challenge: Challenge | None = None, thing: Solution | Organisation | None = None, **fields
) -> Suggestion:
    """A suggestion for `challenge`, the next after those it has; written into the state `state_to` (default: none)."""
    state = fields.pop("state_to", "")
    challenge = challenge or make_challenge()
    thing = thing or make_organisation()
    kept = [
        found(row.solution or row.organisation, likeness=row.likeness)
        for row in challenge.suggestions.filter(need_rank__isnull=False).order_by("need_rank")
    ]
    actions.keep_for_challenge(challenge, [*kept, found(thing, **fields)])
    solution = thing if isinstance(thing, Solution) else None
    owner = thing.organisation if isinstance(thing, Solution) else thing
    row = Suggestion.objects.get(challenge=challenge, organisation=owner, solution=solution)
    if state:
        row.state = state
        if state in ACTED:
            row.acted_at = clock.now()
        if state == "introduced":
            row.introduced_at = clock.now()
        row.save()
    return row


def make_ranking(municipality: Municipality, **fields) -> Ranking:
    """Weights that wait for a decision."""
    grade = {"mrr": 0.8, "accuracy": 0.7, "low": 0.6, "high": 0.8, "decisions": 40}
    return Ranking.objects.create(
        **{
            "municipality": municipality,
            "weights": {"hubness": 0.7, "goals": 0.05},
            "decisions": 40,
            "before": grade,
            "after": grade | {"mrr": 0.9},
            "fitted_at": clock.now(),
        }
        | fields
    )
