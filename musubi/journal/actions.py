"""Writing the journal. Every action ends with `write`, inside its own transaction."""

from django.db import models

from musubi.journal.models import Entry
from musubi.lib import clock


def write(verb: str, thing: models.Model, *, by, **data) -> Entry:
    """Record that `by` did `verb` to `thing`.

    `by` is a user, or None for the product itself. `thing` names itself through `journal_name()`,
    which returns a dict with `municipality` (code), `ref` and `title`. `data` must be JSON-serialisable
    and hold all that is needed to read the entry on its own, for ever.
    """
    return Entry.objects.create(
        at=clock.now(),
        verb=verb,
        actor_id=by.pk if by else None,
        actor=str(by) if by else "システム",
        kind=thing._meta.model_name,
        object_id=thing.pk,
        data=data,
        **{"municipality": "", "ref": "", "title": "", **thing.journal_name()},
    )
