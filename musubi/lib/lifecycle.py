"""States as a table, and the one way to move along it.

An app's `states.py` declares its table; `move` is the only code that changes a state column. A move is an
UPDATE filtered by the state the caller saw; zero rows changed means somebody was faster. This is right on
SQLite and on PostgreSQL alike, with no lock held before it.

An action that decides by more than that one row (the questions asked, the files counted) takes `hold` first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from musubi.lib.errors import Conflict, Missing, Refused


@dataclass(frozen=True)
class State:
    """One row of a lifecycle table.

    `label` is what staff read, `public` what everybody else reads; `to` names the states it may move to;
    `requires` names the fields that must be filled to *enter* it; `closing` states want a reason.
    """

    value: str
    label: str
    to: tuple[str, ...] = ()
    public: str = ""
    requires: tuple[str, ...] = ()
    closing: bool = False
    tone: str = "neutral"

    def __str__(self) -> str:
        return self.value


class Lifecycle:
    """A named table of states. `subject` is the Japanese noun used in messages, e.g. 課題."""

    def __init__(self, name: str, subject: str, states: Iterable[State]):
        self.name, self.subject = name, subject
        self.states = {state.value: state for state in states}
        for state in self.states.values():
            unknown = set(state.to) - set(self.states)
            if unknown:
                raise ValueError(f"{name}: {state.value} moves to unknown {sorted(unknown)}")

    def __getitem__(self, value: str) -> State:
        return self.states[value]

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in self.states.values()]

    @property
    def open(self) -> list[str]:
        return [state.value for state in self.states.values() if not state.closing]

    @property
    def closed(self) -> list[str]:
        return [state.value for state in self.states.values() if state.closing]

    def allows(self, here: str, there: str) -> bool:
        return there in self.states[here].to

    def require(self, here: str, there: str) -> None:
        """Raise `Refused` where the table has no such move."""
        if not self.allows(here, there):
            raise Refused(
                f"この{self.subject}は「{self[here].label}」のため、「{self[there].label}」にはできません。"
                "画面を読み込み直して、今の状態を確かめてください。"
            )


def move(
    thing: models.Model,
    lifecycle: Lifecycle,
    to: str,
    *,
    field: str = "state",
    guard: dict | None = None,
    **changes,
) -> None:
    """Move `thing` to state `to`, setting `changes` in the same UPDATE.

    `guard` adds conditions the row must still meet (e.g. `{"ball_department_id": 3}`).
    Raises `Refused` where the table has no such move, `Missing` where a required field would stay empty,
    `Conflict` where the row has moved since it was read. On success `thing` carries the new values.
    """
    here = getattr(thing, field)
    lifecycle.require(here, to)
    for name in lifecycle[to].requires:
        value = changes.get(name, getattr(thing, name, None))
        if value in (None, ""):
            label = thing._meta.get_field(name).verbose_name
            raise Missing(
                f"「{label}」が入力されていません。入力してからもう一度お試しください。", field=name
            )
    update(thing, lifecycle.subject, guard={field: here, **(guard or {})}, **{field: to}, **changes)


def hold(thing: models.Model, subject: str) -> None:
    """Let others who change the same row wait until this action is committed, and read the row anew.

    For actions that look at other rows too before they write, or that go on whoever wrote just before: what they
    read stays true. Raises `Conflict` where the row is gone. Call it inside the action's transaction, first.
    """
    # NO KEY: rows that merely point here (a line in a thread) may be added meanwhile.
    rows = type(thing)._base_manager.select_for_update(no_key=True)
    try:
        thing.refresh_from_db(from_queryset=rows)
    except type(thing).DoesNotExist as error:
        raise Conflict(
            f"この{subject}は、別の人が先に消しました。一覧に戻って、今の内容を確かめてください。"
        ) from error


def update(thing: models.Model, subject: str, *, guard: dict, **changes) -> None:
    """UPDATE one row where `guard` still holds; raise `Conflict` where it no longer does."""
    rows = type(thing)._base_manager.filter(pk=thing.pk, **guard).update(**changes)
    if rows != 1:
        raise Conflict(
            f"この{subject}は、別の人が先に変更しました。画面を読み込み直して、今の内容を確かめてからもう一度操作してください。"
        )
    for name, value in changes.items():
        setattr(thing, name, value)
