"""Handing the ball over. Callers write the journal: the ball never moves without its reason."""

from datetime import date

from musubi.ball.models import Held
from musubi.lib import clock
from musubi.lib.workdays import add_workdays
from musubi.people.models import Department, Organisation
from musubi.people.queries import closing_days


def hand_to(holder: Department | Organisation, *, due_on: date, next_step: str) -> dict:
    """The column values that give the ball to `holder`, for the UPDATE of a move (see `lib.lifecycle.move`)."""
    to_department = isinstance(holder, Department)
    return {
        "ball_department_id": holder.pk if to_department else None,
        "ball_organisation_id": None if to_department else holder.pk,
        "ball_since": clock.now(),
        "ball_due_on": due_on,
        "ball_next": next_step,
    }


def drop() -> dict:
    """The column values of a closed thing: nobody holds its ball."""
    return {
        "ball_department_id": None,
        "ball_organisation_id": None,
        "ball_since": None,
        "ball_due_on": None,
        "ball_next": "",
    }


def workday_on_or_after(thing: Held, day: date) -> date:
    """`day`, or the municipality's next business day where it is closed then."""
    return add_workdays(day, 0, closed=closing_days(thing.municipality_id))
