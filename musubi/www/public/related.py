"""Challenges like this one, here and elsewhere."""

from functools import lru_cache

from django.db.models.expressions import RawSQL
from django.urls import reverse

from musubi.challenges.models import Challenge
from musubi.challenges.queries import listed
from musubi.lib.text import terms
from musubi.people.models import Municipality
from musubi.www.public.cards import state_words

LOOKED_AT = 40
SHOWN = 3
# One list of keys: PostgreSQL reads the whole table where a row may be on one list or on another.
CANDIDATES = """
    SELECT id FROM
        (SELECT id FROM challenges_challenge WHERE municipality_id = %s ORDER BY id DESC LIMIT %s) AS here
    UNION ALL SELECT challenge_id FROM
        (SELECT challenge_id FROM challenges_challenge_fields WHERE field_id = %s ORDER BY id DESC LIMIT %s) AS alike
"""
COLUMNS = ["ref", "state", "deadline"]  # past its date of expiry nothing is listed
CITY_COLUMNS = ["municipality__slug", "municipality__name", "municipality__name_en"]


@lru_cache(maxsize=4000)
def _words(title: str) -> frozenset[str]:
    # The newest titles of a city are looked at again for each of its challenges.
    return frozenset(terms(title))


def related(challenge: Challenge, field: str) -> dict[str, list[dict]]:
    """`{"here": […], "elsewhere": […]}` for `parts/similar.html`, at most three each, in one statement.

    Looks at the newest challenges of the same city and of the same field of work (its code, or ""), whatever the
    number of all challenges, and ranks them by the words of their titles and their field.
    """
    rows = (
        listed()
        .filter(pk__in=RawSQL(CANDIDATES, [challenge.municipality_id, LOOKED_AT, field, LOOKED_AT]))
        .order_by()
        .values_list("pk", "title", "municipality", *COLUMNS, *CITY_COLUMNS)
    )
    wanted = _words(challenge.title)
    # Bare values: of a hundred rows looked at, six are shown.
    ranked = sorted(((len(wanted & _words(row[1])), *row) for row in rows), reverse=True)
    found = {"here": [], "elsewhere": []}
    for shared, pk, title, municipality, *rest in ranked:
        here = municipality == challenge.municipality_id
        # From elsewhere all share the field already; from here only what shares words is related.
        if pk == challenge.pk or (here and not shared):
            continue
        place = found["here" if here else "elsewhere"]
        if len(place) < SHOWN:
            place.append(_item(title, rest))
    return found


def _item(title: str, rest: list) -> dict:
    columns = dict(zip([*COLUMNS, *CITY_COLUMNS], rest, strict=True))
    city = Municipality(**{name.removeprefix("municipality__"): columns.pop(name) for name in CITY_COLUMNS})
    row = Challenge(title=title, municipality=city, **columns)
    label, tone = state_words(row)
    return {
        "href": reverse("challenge", args=[row.municipality.slug, row.ref]),
        "title": row.title,
        "where": row.municipality.display_name,
        "state_label": label,
        "state_tone": tone,
    }
