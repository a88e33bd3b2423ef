"""What happens to a gathering, from its draft to the report."""

from datetime import datetime

from django.db import transaction

from musubi.gatherings import rules
from musubi.gatherings.models import Gathering
from musubi.gatherings.states import GATHERING
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import Department, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields

WORDS = ["kind", "series", "title", "description", "starts_at", "ends_at", "date_note", "place"]


@transaction.atomic
def draft_gathering(
    department: Department,
    *,
    by: User | None,
    kind: str,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    **words: str,
) -> Gathering:
    """The desk enters a gathering that `department` holds; nobody else reads it until it is opened.

    `kind` is one of `states.Kind`; `words` are the other fields in `WORDS`. Where the day is not settled, give the
    likeliest one and say so in `date_note` (9月上旬). Raises Missing without a title, Refused where it ends before
    it starts.
    """
    require(by, Can.MANAGE_GATHERINGS, department)
    known = _known({"kind": kind, "title": title, "starts_at": starts_at, "ends_at": ends_at, **words})
    gathering = Gathering(
        municipality_id=department.municipality_id,
        department=department,
        created_at=clock.now(),
        **known,
    )
    _check(gathering, known)
    gathering.ref = next_ref(department.municipality_id, "gathering")
    gathering.save()
    journal.write(
        "gathering.drafted",
        gathering,
        by=by,
        kind=kind,
        department=department.name,
        starts_at=starts_at.isoformat(),
    )
    return gathering


@transaction.atomic
def save_gathering(
    gathering: Gathering, *, by: User | None, department: Department | None = None, **words
) -> None:
    """Change a gathering's particulars (`WORDS`, and the department that holds it) until it has taken place.

    Follows: where an opened one is put on another time or place, members are told.
    """
    require(by, Can.MANAGE_GATHERINGS, gathering)
    if not rules.is_editable(gathering):
        raise Refused("開催済みか中止のイベントは書き直せません。開催後の内容は、開催報告に書いてください。")
    changes = {name: value for name, value in _known(words).items() if getattr(gathering, name) != value}
    if department is not None and department.pk != gathering.department_id:
        if department.municipality_id != gathering.municipality_id:
            raise Refused("主催部署は、この自治体の部署から選んでください。", field="department")
        changes["department"] = department
    trial = Gathering(**{name: getattr(gathering, name) for name in WORDS} | _known_only(changes))
    _check(trial, changes)
    if changes:
        update(gathering, "イベント", guard={"state": gathering.state}, **changes)
    moved = gathering.state != "draft" and bool({"starts_at", "ends_at", "date_note", "place"} & set(changes))
    verb = "gathering.rearranged" if moved else "gathering.saved"
    journal.write(verb, gathering, by=by, changed=sorted(changes))


@transaction.atomic
def open_gathering(gathering: Gathering, *, by: User | None) -> None:
    """The desk shows the gathering to everyone and takes sign-ups; a closed or full one is opened again.

    Follows: members are told the first time.
    """
    require(by, Can.MANAGE_GATHERINGS, gathering)
    again = gathering.opened_at is not None
    move(gathering, GATHERING, "open", opened_at=gathering.opened_at or clock.now())
    journal.write("gathering.reopened" if again else "gathering.opened", gathering, by=by)


@transaction.atomic
def close_gathering(gathering: Gathering, *, by: User | None) -> None:
    """The desk ends the sign-up; the gathering stays on the list."""
    require(by, Can.MANAGE_GATHERINGS, gathering)
    move(gathering, GATHERING, "closed")
    journal.write("gathering.closed", gathering, by=by)


@transaction.atomic
def hold(gathering: Gathering, *, by: User | None) -> None:
    """The desk notes that the gathering took place. Raises Refused before it has begun."""
    require(by, Can.MANAGE_GATHERINGS, gathering)
    if not rules.has_begun(gathering):
        raise Refused("まだ開始の日時になっていません。開催日が変わったときは、先に日時を直してください。")
    move(gathering, GATHERING, "held")
    journal.write("gathering.held", gathering, by=by, kind=gathering.kind)


@transaction.atomic
def report(gathering: Gathering, report: str, *, by: User | None) -> None:
    """The desk publishes what came of it. Raises Missing without words."""
    require(by, Can.MANAGE_GATHERINGS, gathering)
    move(gathering, GATHERING, "reported", report=report.strip())
    journal.write("gathering.reported", gathering, by=by)


@transaction.atomic
def cancel(gathering: Gathering, *, by: User | None, reason: str) -> None:
    """The desk cancels a gathering, with the reason that everyone reads. Follows: members are told, had it been
    opened."""
    require(by, Can.MANAGE_GATHERINGS, gathering)
    move(gathering, GATHERING, "cancelled", cancel_reason=reason.strip())
    journal.write("gathering.cancelled", gathering, by=by, reason=gathering.cancel_reason)


def _known(words: dict) -> dict:
    unknown = set(words) - set(WORDS)
    if unknown:
        raise TypeError(f"not words of a gathering: {sorted(unknown)}")
    return {name: value.strip() if isinstance(value, str) else value for name, value in words.items()}


def _known_only(changes: dict) -> dict:
    return {name: value for name, value in changes.items() if name in WORDS}


def _check(gathering: Gathering, changes: dict) -> None:
    if not gathering.title:
        raise Missing("イベントの名称を入力してください。", field="title")
    check_fields(gathering, only=_known_only(changes))
    rules.check_times(gathering.starts_at, gathering.ends_at)
