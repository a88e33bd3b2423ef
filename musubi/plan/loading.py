"""The goals, targets and fields of work, brought from `data/` into the database."""

import csv
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps as installed
from django.db import connections, router

DATA = Path(__file__).parent / "data"


def read(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table in `data/`, as dicts by column."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t" if name.endswith(".tsv") else ",")


def load(*, using: str = "default", apps=installed, **_signal) -> None:
    """Write the three tables as the files have them. Any number of times: rows are matched by their keys.

    Called after every `migrate` and every emptying of the database, so the rows are simply there, in a test that
    empties the database too, and a corrected file takes effect with the next upgrade. Rows that the files no
    longer have are kept: records may point to them.
    """
    try:
        goal, target, field = (apps.get_model("plan", name) for name in ("Goal", "Target", "Field"))
    except LookupError:  # migrated back to before the tables
        return
    with connections[using].cursor() as cursor:
        if field._meta.db_table not in connections[using].introspection.table_names(cursor):
            return
    if not router.allow_migrate_model(using, goal):
        return
    _upsert(
        using,
        goal,
        "number",
        [goal(**row | {"number": int(row["number"])}) for row in read("goals.tsv")],
    )
    _upsert(
        using,
        target,
        "code",
        [
            target(code=row["code"], goal_id=int(row["goal"]), text=row["text"], text_en=row["text_en"])
            for row in read("targets.csv")
        ],
    )
    _upsert(
        using,
        field,
        "code",
        [field(position=position, **row) for position, row in enumerate(read("fields.csv"), 1)],
    )


def _upsert(using: str, model, key: str, rows: list) -> None:
    columns = [column.name for column in model._meta.concrete_fields if column.name != key]
    model._base_manager.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=[key], update_fields=columns
    )
