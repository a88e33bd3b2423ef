"""The engine's port to an index: how common a term is, and which rows share a text's telling terms.

Today both answers come from the search tables of `lib.fulltext`. Whoever brings a bigger engine replaces this one
file: callers know `weights` and `candidates` only.
"""

import threading
import time
from collections import Counter
from math import log

from django.db import connections, models

from musubi.lib import fulltext
from musubi.lib.text import terms

LONGEST_TEXT = 4000
MOST_TERMS = 24
SAMPLE = 1000
KEEP_SECONDS = 15 * 60

_kept: dict[tuple, tuple[float, Counter, int, int]] = {}
_lock = threading.Lock()


def cut(text: str) -> str:
    """The part of a text that is looked at: time stays bounded whatever is pasted in."""
    return text[:LONGEST_TEXT].replace("\x00", "")


def weights(model: type[models.Model], counts: Counter, *, limit: int = MOST_TERMS) -> dict[str, float]:
    """The `limit` terms that tell most of a text, each with its weight: how often it is said × how rare it is.

    `counts` are terms as `lib.text.terms` makes them. Cutting by rarity alone would keep misspellings.
    """
    seen, sampled, total = _statistics(model)
    weighted = {}
    for term, count in counts.items():
        if (token := _token(term)) is None:
            continue
        weighted[term] = min(count, 4) * _rarity(seen.get(token, 0), sampled, total)
    best = sorted(weighted.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(best[:limit])


def candidates(
    model: type[models.Model],
    weighted: dict[str, float],
    *,
    municipality_id: int | None = None,
    limit: int = 40,
    using: str = "default",
) -> list[int]:
    """Primary keys of the rows that share most weight with a text, best first, at most `limit`.

    One small search per term, added up: neither database ranks as well, and both would read every row that
    holds any term. Terms are taken from the heaviest on until about as many rows as the budget would be read.
    """
    seen, sampled, total = _statistics(model)
    part = 1.0 if municipality_id is None else 0.2
    budget, chosen = 3000.0, []
    for term, weight in sorted(weighted.items(), key=lambda pair: -pair[1]):
        expected = seen.get(_token(term), 0) * total / max(sampled, 1) * part
        if chosen and expected > budget:
            continue
        budget -= expected
        chosen.append((_token(term), weight))
    if not chosen:
        return []
    table = f"{model._meta.db_table}_search"
    postgresql = connections[using].vendor == "postgresql"
    where = "terms @@ %s::tsquery" if postgresql else f"{table} MATCH %s"
    scope = fulltext.scope(municipality_id) if municipality_id else ""
    parts, values = [], []
    for token, weight in chosen:
        quoted = f"'{token}'" if postgresql else f'"{token}"'
        if scope:
            quoted += f" & '{scope}'" if postgresql else f' AND "{scope}"'
        parts.append(f"SELECT rowid AS id, {weight:.4f} AS weight FROM {table} WHERE {where}")
        values.append(quoted)
    # Table names are ours, weights are numbers, tokens are values.
    sql = (
        f"SELECT id FROM ({' UNION ALL '.join(parts)}) AS shared GROUP BY id "
        f"ORDER BY SUM(weight) DESC, id DESC LIMIT {int(limit)}"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(sql, values)
        return [pk for (pk,) in cursor.fetchall()]


def forget_statistics() -> None:
    """Have the frequencies counted again at the next question (tests, after a large import)."""
    with _lock:
        _kept.clear()


def _rarity(hits: int, sampled: int, total: int) -> float:
    """How telling a term is that `hits` of the sampled rows hold; never zero, for an empty table says nothing."""
    return log(1 + (total + 10) / (1 + hits * total / max(sampled, 1)))


def _token(term: str) -> str | None:
    """The term as the search table writes it; None for what the table does not hold on its own."""
    if len(term) == 1 and not ("\u4e00" <= term <= "\u9fff" or term.isascii()):
        return None
    found = fulltext.tokens(term)
    return found[0] if len(found) == 1 else None


def _statistics(model: type[models.Model], using: str = "default") -> tuple[Counter, int, int]:
    """(rows that hold a token, rows looked at, rows there are), from an even sample, kept for a quarter of an hour."""
    table = f"{model._meta.db_table}_search"
    key = (connections[using].settings_dict["NAME"], table)
    kept = _kept.get(key)
    if kept and kept[0] > time.monotonic():
        return kept[1:]
    with connections[using].cursor() as cursor:
        rows_of = model._meta.db_table
        cursor.execute(f"SELECT (SELECT MIN(id) FROM {rows_of}), (SELECT MAX(id) FROM {rows_of})")
        first, last = cursor.fetchone()
        rows, wanted = [], []
        if last is not None:
            wanted = list(range(first, last + 1, max((last - first) // SAMPLE, 1)))[: SAMPLE + 1]
            marks = ", ".join(["%s"] * len(wanted))
            column = "terms"
            if connections[using].vendor == "postgresql":
                column = "array_to_string(tsvector_to_array(terms), ' ')"
            cursor.execute(f"SELECT {column} FROM {table} WHERE rowid IN ({marks})", wanted)
            rows = cursor.fetchall()
    # Counting the table would read all of it; how many of the sampled numbers exist tells enough.
    total = round((last - first + 1) * len(rows) / len(wanted)) if rows else 0
    seen: Counter = Counter()
    for (words,) in rows:
        seen.update(words.split(" "))
    # A young installation changes fast and counts quickly: look again soon.
    seconds = KEEP_SECONDS if total > 5000 else 30
    with _lock:
        _kept[key] = (time.monotonic() + seconds, seen, len(rows), total)
    return seen, len(rows), total


def counted(text: str, *, twice: str = "") -> Counter:
    """The terms of a text, those of `twice` (a title) counted double."""
    counts = terms(cut(text))
    for term, count in terms(cut(twice)).items():
        counts[term] += 2 * count
    return counts
