"""Handing the ball over, and how long it may lie. Callers that hand it over write the journal: it never moves
without its reason."""

from datetime import date

from django.db import transaction

from musubi.ball.models import Escalation, Held, Limit
from musubi.ball.states import DEFAULT_LIMITS
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.workdays import add_workdays
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.queries import closing_days
from musubi.people.rules import require_management

LONGEST_LIMIT = 250
LONGEST_WARNING = 20
LONGEST_WAIT = 60


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


@transaction.atomic
def set_escalation(
    municipality: Municipality,
    *,
    soon_days: int,
    manager_days: int,
    desk_days: int,
    hour: int,
    by: User | None,
) -> Escalation:
    """An administrator sets when people are reminded: `soon_days` business days before the due day (0: not before
    it), the manager `manager_days` and the desk `desk_days` after it, from `hour` o'clock in Japan.

    What was told already is not told again. Raises NotAllowed unless `by` manages the municipality, Refused where
    a number is out of range or the desk would hear no later than the manager.
    """
    require_management(by, municipality)
    if not 0 <= soon_days <= LONGEST_WARNING:
        raise Refused(
            f"期限の前の日数は、0から{LONGEST_WARNING}までの数で入力してください。", field="soon_days"
        )
    if not 1 <= manager_days <= LONGEST_WAIT:
        raise Refused(
            f"管理職に知らせるまでの日数は、1から{LONGEST_WAIT}までの数で入力してください。",
            field="manager_days",
        )
    if not manager_days < desk_days <= LONGEST_WAIT:
        raise Refused(
            "デスクに知らせるまでの日数は、管理職に知らせるまでの日数より大きく、"
            f"{LONGEST_WAIT}以下の数にしてください。",
            field="desk_days",
        )
    if not 0 <= hour <= 23:
        raise Refused("知らせる時刻は、0時から23時までの数で入力してください。", field="hour")
    values = {"soon_days": soon_days, "manager_days": manager_days, "desk_days": desk_days, "hour": hour}
    row, _made = Escalation.objects.update_or_create(municipality=municipality, defaults=values)
    journal.write("escalation.set", row, by=by, **values)
    return row
