"""Full-text search in Japanese, inside the database, in the same transaction as the row it describes.

Each searchable model has a companion table `<table>_search(rowid, terms)`: an FTS5 table on SQLite, a
`tsvector` column with a GIN index on PostgreSQL. Both hold the same thing: the row's scope (its municipality),
its marks (facts that lists are narrowed by, e.g. its state) and the character bigrams of its text, made by
`lib.text.bigrams`. A search wants every bigram of the query, so 「防災」 finds 「地域防災計画」, and scope and marks let
the index, not the table, narrow to one city and to what was asked for.

Tokens are written in hexadecimal of their characters, because neither database's tokenizer can then split,
fold or stop them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.db import connections, migrations, models
from django.db.models.expressions import RawSQL

from musubi.lib.text import bigrams

LONGEST_QUERY = 200


@lru_cache(maxsize=1 << 15)
def _encode(token: str, kind: str = "t") -> str:
    return kind + "".join(f"{ord(letter):x}g" for letter in token)


def scope(municipality_id: int) -> str:
    return f"m{municipality_id}"


def tokens(text: str) -> list[str]:
    """The encoded search tokens of a text, each once, in order."""
    return list(dict.fromkeys(_encode(token) for token in bigrams(text)))


def index(
    thing: models.Model,
    *,
    text: str,
    municipality_id: int | None = None,
    marks: Sequence[str] = (),
    using: str = "default",
) -> None:
    """Write (or write again) what `thing` can be found by. Call it in every action that changes text or marks."""
    index_many(type(thing), [(thing.pk, text, municipality_id, marks)], using=using)


def index_many(
    model: type[models.Model],
    rows: Iterable[tuple[int, str, int | None, Sequence[str]]],
    *,
    using: str = "default",
) -> None:
    """`index` for many rows of one table: (primary key, text, municipality or None, marks) of each."""
    table = f"{model._meta.db_table}_search"
    found_by = [(pk, _terms(text, municipality_id, marks)) for pk, text, municipality_id, marks in rows]
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.executemany(
                f"INSERT INTO {table} (rowid, terms) VALUES (%s, array_to_tsvector(string_to_array(%s, ' '))) "
                "ON CONFLICT (rowid) DO UPDATE SET terms = EXCLUDED.terms",
                found_by,
            )
        else:
            cursor.executemany(f"DELETE FROM {table} WHERE rowid = %s", [(pk,) for pk, _ in found_by])
            cursor.executemany(f"INSERT INTO {table} (rowid, terms) VALUES (%s, %s)", found_by)


def _terms(text: str, municipality_id: int | None, marks: Sequence[str]) -> str:
    words = [*tokens(text), *_single_letters(text), *(_mark(mark) for mark in marks)]
    if municipality_id:
        words += [scope(municipality_id), *(_mark(mark, municipality_id) for mark in marks)]
    return " ".join(dict.fromkeys(words))


def _mark(mark: str, municipality_id: int | None = None) -> str:
    """A mark's token: of the whole table, or of one municipality, since a long list of rows takes long to walk."""
    # No word of a text begins with an n or an m, so nobody can write one that counts as a mark.
    return (scope(municipality_id) if municipality_id else "") + _encode(mark, "n")


def forget(thing: models.Model, *, using: str = "default") -> None:
    """Take `thing` out of the search table."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"DELETE FROM {thing._meta.db_table}_search WHERE rowid = %s", [thing.pk])


def _single_letters(text: str) -> Iterable[str]:
    """Kanji on their own, so that a one-character query (海, 緑) finds something."""
    return (_encode(letter) for letter in dict.fromkeys(text) if "\u4e00" <= letter <= "\u9fff")


def search(
    queryset: models.QuerySet,
    query: str,
    *,
    municipality_id: int | None = None,
    marks: Sequence[str] = (),
    any_term: bool = False,
    newest: int | None = None,
) -> models.QuerySet:
    """`queryset` narrowed to the rows that hold every bigram of `query` (with `any_term`, at least one) and all `marks`.

    With `newest`, to so many of them with the greatest keys, so that a word that is everywhere costs no more.
    What `queryset` is narrowed by itself counts after that cut, what the marks say before it.
    A query with nothing to look for (blank, only signs) returns the queryset as it is. Queries are cut at 200
    characters, so that time is bounded whatever is pasted in.
    """
    query = query[:LONGEST_QUERY]
    words = tokens(query)
    if not words:
        return queryset.none() if query.strip() else queryset
    narrowing = [_mark(mark, municipality_id) for mark in marks]
    if municipality_id and not narrowing:
        narrowing = [scope(municipality_id)]
    found = _matching(queryset.model, words, narrowing, any_term, newest, queryset.db)
    return queryset.filter(pk__in=found)


def _matching(
    model, words: list[str], narrowing: list[str], any_term: bool, newest: int | None, using: str
) -> RawSQL:
    table = f"{model._meta.db_table}_search"
    cut = f"ORDER BY rowid DESC LIMIT {int(newest)}" if newest else ""
    if connections[using].vendor == "postgresql":
        wanted = (" | " if any_term else " & ").join(f"'{word}'" for word in words)
        wanted = " & ".join([f"({wanted})", *(f"'{token}'" for token in narrowing)])
        # OFFSET 0 keeps PostgreSQL from walking the keys and unpacking the words of each to see whether it fits.
        found = f"SELECT rowid FROM {table} WHERE terms @@ %s::tsquery OFFSET 0"
        return RawSQL(f"SELECT rowid FROM ({found}) AS found {cut}", [wanted])
    wanted = (" OR " if any_term else " AND ").join(f'"{word}"' for word in words)
    wanted = " AND ".join([*(f'"{token}"' for token in narrowing), f"({wanted})"])
    return RawSQL(f"SELECT rowid FROM {table} WHERE {table} MATCH %s {cut}", [wanted])


class CreateSearchTable(migrations.RunPython):
    """Migration operation: the companion table of `table` (e.g. `challenges_challenge`)."""

    def __init__(self, table: str):
        self.table = table

        def forwards(apps, schema_editor):
            name = f"{table}_search"
            if schema_editor.connection.vendor == "postgresql":
                schema_editor.execute(
                    f"CREATE TABLE {name} (rowid bigint PRIMARY KEY, terms tsvector NOT NULL)"
                )
                schema_editor.execute(
                    f"CREATE INDEX {name}_terms ON {name} USING gin (terms) WITH (fastupdate = off)"
                )
            else:
                schema_editor.execute(
                    f"CREATE VIRTUAL TABLE {name} USING fts5(terms, tokenize = 'ascii', detail = 'none')"
                )

        def backwards(apps, schema_editor):
            schema_editor.execute(f"DROP TABLE {table}_search")

        super().__init__(forwards, backwards)

    def deconstruct(self):
        return (type(self).__name__, [self.table], {})
