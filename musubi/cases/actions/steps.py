"""Steps that the actions of a case share."""

from datetime import date
from uuid import UUID

from musubi.ball.actions import hand_to, workday_on_or_after
from musubi.ball.rules import due
from musubi.cases.models import Case, Post
from musubi.cases.states import OPEN
from musubi.lib.errors import Refused
from musubi.lib.lifecycle import hold
from musubi.people.models import Department, Organisation


def ball_for(case: Case, to, next_step: str, *, due_on: date | None = None, stage: str = "") -> dict:
    """The column values that give the ball to `to`, due on a day or by the limit of the stage."""
    day = (
        workday_on_or_after(case, due_on)
        if due_on
        else due(case.municipality_id, "case", stage or case.stage)
    )
    return hand_to(to, due_on=day, next_step=next_step)


def require_party(case: Case, who: Department | Organisation) -> None:
    ids = case.department_ids if isinstance(who, Department) else case.organisation_ids
    if who.pk not in ids:
        raise Refused(
            "ボールは、この案件に関係する部署か団体にだけ渡せます。先に参加者に加えてください。", field="to"
        )


def hold_open(case: Case) -> None:
    """For what only adds to a case: nobody closes it until the line is written."""
    hold(case, "案件")
    require_open(case)


def posted(case: Case, key: UUID | None) -> Post | None:
    """The line that came from this form already. Asked while the case is held, so two sendings meet."""
    return case.posts.filter(key=key).first() if key else None


def require_open(case: Case) -> None:
    if case.stage not in OPEN:
        raise Refused("この案件は終了しています。続きがあるときは、新しい案件を開いてください。")
