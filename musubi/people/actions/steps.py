"""Steps that the actions of `people` share."""

from django.db import IntegrityError, models, transaction

from musubi.lib.errors import Conflict, Refused
from musubi.people import rules
from musubi.people.models import (
    Organisation,
    User,
)
from musubi.people.permissions import Can, require


def require_keeper(by: User | None, organisation: Organisation, can: Can) -> None:
    if not rules.may_keep_for(by, organisation):
        require(by, can, organisation)


def hold(thing: models.Model) -> None:
    """Let others who change the same municipality or organisation wait until this action is committed."""
    list(type(thing).objects.select_for_update(no_key=True).filter(pk=thing.pk).values_list("pk"))


def insert(
    row: models.Model, taken: str, *, field: str | None = None, error: type[Refused] = Refused
) -> None:
    """Save a new row; where a unique constraint says it is there already, refuse in words."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as problem:
        raise error(taken) if error is Conflict else error(taken, field=field) from problem


def change(thing: models.Model, texts: dict, **others) -> dict[str, list[str]]:
    """Set what differs and save those columns alone. Returns {column: [before, after]} as text, for the journal."""
    values = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in texts.items()
        if value is not None
    }
    before = {name: getattr(thing, name) for name in {**values, **others}}
    changed = {name: value for name, value in {**values, **others}.items() if before[name] != value}
    if not changed:
        return {}
    try:
        for name, value in changed.items():
            setattr(thing, name, value)
        rules.check_fields(thing, only=changed)
        thing.save(update_fields=list(changed))
    except (Refused, IntegrityError):
        for name in changed:
            setattr(thing, name, before[name])
        raise
    return {name: [shown(before[name]), shown(value)] for name, value in changed.items()}


def shown(value) -> str:
    return "" if value is None else str(value)
