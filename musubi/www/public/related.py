"""What is related to a challenge or a solution, on their public pages.

Solutions near a challenge, and challenges near a solution, are what the worker keeps: one statement. Challenges like a
challenge are asked of the engine, which takes longer than such a page may: they have an address of their own, to which
the page links, and which a small script brings into it (`js/part.js`).
"""

import json
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.queries import listed
from musubi.lib import clock
from musubi.matching import ask, documents, reasons
from musubi.outcomes.queries import published_stories
from musubi.people.models import Organisation
from musubi.solutions.models import Solution
from musubi.www.public.cards import state_words

SHOWN = 3
# What the worker found meanwhile is on the page after this long, and nothing of it is in the journal.
KEEP_SECONDS = 60
# What shares no word with it, only goals or fields, is left out: so many are looked at.
LOOKED_AT = 10
WORDS = 4


# Of each solution near enough, by its place: its page in this municipality, else in the first whose member offers it.
NEAR_SOLUTIONS = """
    SELECT solution.id, solution.title, organisation.name, organisation.name_en, kept.reasons, (
        SELECT city.slug FROM people_member AS member
        JOIN people_municipality AS city ON city.id = member.municipality_id
        WHERE member.organisation_id = kept.organisation_id
            AND member.joined_on <= %s AND (member.left_on IS NULL OR member.left_on > %s)
        ORDER BY CASE WHEN city.id = %s THEN 0 ELSE 1 END, city.code LIMIT 1
    ) FROM matching_suggestion AS kept
    JOIN solutions_solution AS solution ON solution.id = kept.solution_id
    JOIN people_organisation AS organisation ON organisation.id = kept.organisation_id
    WHERE kept.challenge_id = %s AND kept.need_rank IS NOT NULL AND kept.likeness >= %s
        AND kept.state <> 'misfit' AND solution.state = 'published'
    ORDER BY kept.need_rank LIMIT %s
"""


def solutions_near(challenge: Challenge) -> list[dict]:
    """For `parts/similar.html`: published solutions of members somewhere, the nearest first; at most `SHOWN`.

    SQL as it is: a queryset takes longer to be put together than all else on the page.
    """
    today, city = clock.today(), challenge.municipality_id
    with connection.cursor() as cursor:
        cursor.execute(NEAR_SOLUTIONS, [today, today, city, challenge.pk, ask.FAIR, LOOKED_AT])
        rows = cursor.fetchall()
    found = []
    for pk, title, name, name_en, why, slug in rows:
        shared = words_of(json.loads(why) if isinstance(why, str) else why)
        if slug and shared:
            owner = Organisation(name=name, name_en=name_en)
            found.append(
                {
                    "href": reverse("solution", args=[slug, pk]),
                    "title": title,
                    "where": owner.display_name,
                    "shared": shared,
                }
            )
    return found[:SHOWN]


def challenges_near(solution: Solution) -> list[dict]:
    """For `parts/similar.html`: public challenges that take proposals today, the nearest first; at most `SHOWN`."""
    today = clock.today()
    rows = solution.suggestions.filter(seed_rank__isnull=False, likeness__gte=ask.FAIR).exclude(
        state="misfit"
    )
    rows = rows.filter(
        Q(challenge__deadline=None) | Q(challenge__deadline__gte=today),
        Q(challenge__expires_on=None) | Q(challenge__expires_on__gte=today),
        challenge__in=listed().filter(state__in=["published", "matched"]).values("pk"),
    )
    rows = rows.select_related("challenge__municipality").only(
        "reasons",
        *(f"challenge__{name}" for name in ("ref", "title", "state", "deadline", "expires_on")),
        *(f"challenge__municipality__{name}" for name in ("slug", "name", "name_en")),
    )
    found = [(row, words_of(row.reasons)) for row in rows.order_by("seed_rank")[:LOOKED_AT]]
    return [item_of(row.challenge, shared) for row, shared in found if shared][:SHOWN]


def challenges_like(challenge: Challenge, *, most: int) -> tuple[list[dict], list[dict]]:
    """For `parts/similar.html`: public challenges like this one in its municipality and elsewhere, each with what a
    published story tells of it; at most `most` each. Raises `engine.index.Preparing`."""
    city = challenge.municipality
    text = documents.challenge_text(challenge)
    here = ask.like_text(
        challenge.title,
        text,
        challenges=listed(city),
        marks=[documents.PUBLIC, f"staff:{city.pk}"],
        exclude=challenge,
        limit=most,
    )
    elsewhere = ask.like_text(
        challenge.title,
        text,
        challenges=listed().exclude(municipality=city),
        marks=[documents.PUBLIC],
        exclude=challenge,
        limit=most,
    )
    stories = _stories(found.thing.pk for found in [*here, *elsewhere])

    def items(part: Iterable[ask.Found]) -> list[dict]:
        found = [(one, words_of(one.reasons)) for one in part]
        return [item_of(one.thing, shared, stories.get(one.thing.pk)) for one, shared in found if shared]

    return items(here), items(elsewhere)


def _stories(challenges: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(title, address) of the newest public story of each challenge."""
    rows = published_stories().filter(outcome__case__challenge__in=list(challenges)).reverse()
    told = rows.values_list("outcome__case__challenge", "title", "municipality__slug", "ref")
    return {pk: (title, reverse("story", args=[slug, ref])) for pk, title, slug, ref in told}


def item_of(challenge: Challenge, shared: list[str], story: tuple[str, str] | None = None) -> dict:
    city = challenge.municipality
    label, tone = state_words(challenge)
    title, href = story or ("", "")
    return {
        "href": reverse("challenge", args=[city.slug, challenge.ref]),
        "title": challenge.title,
        "where": city.display_name,
        "state_label": label,
        "state_tone": tone,
        "shared": shared,
        "became": title and _("事例「%(title)s」") % {"title": title},
        "became_href": href,
    }


def words_of(why: Iterable[dict]) -> list[str]:
    """The words both texts hold. Everybody reads these, and nothing of who did what with whom.

    What says too little by itself is no reason to show somebody else's work: one letter, or a verb cut off at its っ.
    """
    return [word for word in reasons.words_of(why) if len(word) > 1 and not word.endswith("っ")][:WORDS]
