"""Handing the ball over, and how long it may lie. Callers that hand it over write the journal: it never moves
without its reason."""

from datetime import date

from django.db import transaction

from musubi.ball.models import Held, Limit
from musubi.ball.states import DEFAULT_LIMITS
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.workdays import add_workdays
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.queries import closing_days
from musubi.people.rules import require_management

LONGEST_LIMIT = 250


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


@transaction.atomic
def set_limit(municipality: Municipality, kind: str, stage: str, days: int, *, by: User | None) -> Limit:
    """An administrator sets how many business days the ball may lie at a stage; due dates already given stay.

    `kind` and `stage` are a key of `DEFAULT_LIMITS`. Raises NotAllowed unless `by` manages the municipality,
    Refused for an unknown stage or fewer than one day or more than about a year.
    """
    require_management(by, municipality)
    if (kind, stage) not in DEFAULT_LIMITS:
        raise Refused("期限を決める段階を一覧から選んでください。", field="stage")
    if not 1 <= days <= LONGEST_LIMIT:
        raise Refused(f"営業日数は、1から{LONGEST_LIMIT}までの数で入力してください。", field="days")
    row, _made = Limit.objects.update_or_create(
        municipality=municipality, kind=kind, stage=stage, defaults={"days": days}
    )
    journal.write("limit.set", row, by=by, kind=kind, stage=stage, days=days)
    return row
