"""Reading the journal."""

from django.db import connection, models

from musubi.journal.models import Entry

RECENT = 32


def history(thing: models.Model) -> models.QuerySet[Entry]:
    """Everything that happened to `thing`, oldest first."""
    return Entry.objects.filter(kind=thing._meta.model_name, object_id=thing.pk).order_by("id")


def fingerprint(municipality: str) -> str:
    """A short text that differs as soon as one more entry that concerns `municipality` is committed.

    `municipality` is a code; "" asks for the whole installation. Entries of no municipality (an organisation
    changed its description) concern all. The greatest id alone is not enough: PostgreSQL hands out ids before
    commit, so entry 101 may be seen before entry 100; the sum over the last few ids changes when the late one
    arrives.
    """
    newest = "SELECT id FROM journal_entry {where} ORDER BY id DESC LIMIT 32"
    if municipality:
        one = newest.format(where="WHERE municipality = %s")
        sources, values = [one, one], [municipality, ""]
    else:
        sources, values = [newest.format(where="")], []
    union = " UNION ALL ".join(f"SELECT * FROM ({source}) AS s{i}" for i, source in enumerate(sources))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MAX(id), SUM(id) FROM ({union}) AS newest", values)
        top, total = cursor.fetchone()
    return f"{top or 0}-{total or 0}"
