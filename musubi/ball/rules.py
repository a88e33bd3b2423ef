"""How long the ball may lie, and on which day it is due."""

from datetime import date

from musubi.ball.models import Limit
from musubi.ball.states import DEFAULT_LIMITS
from musubi.lib import clock
from musubi.lib.workdays import add_workdays
from musubi.people.queries import closing_days


def limit(municipality_id: int, kind: str, stage: str) -> int:
    """Business days the ball may lie at this stage in this municipality."""
    own = Limit.objects.filter(municipality_id=municipality_id, kind=kind, stage=stage).values_list(
        "days", flat=True
    )
    return own.first() or DEFAULT_LIMITS[kind, stage]


def due(municipality_id: int, kind: str, stage: str, *, start: date | None = None) -> date:
    """The day the ball is due when it is taken up on `start` (default today)."""
    return add_workdays(
        start or clock.today(), limit(municipality_id, kind, stage), closed=closing_days(municipality_id)
    )
