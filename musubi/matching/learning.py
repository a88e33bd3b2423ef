"""Learning the weights of the ranking from what people decided."""

from dataclasses import dataclass

from musubi.lib.errors import Refused
from musubi.people.models import Municipality


@dataclass(frozen=True)
class Learned:
    """Weights, from how many decisions, and how well those in use and these order decisions they have not seen."""

    weights: dict[str, float]
    decisions: int
    before: dict
    after: dict


def learn(municipality: Municipality) -> Learned:
    """Raises Refused where there is too little to learn from."""
    raise Refused("判断がまだ少ないため、順位づけを学び直せません。")
