"""Which challenges a person may read, and how lists narrow them."""

from collections.abc import Iterable

from django.db import connection, models
from django.db.models import F, Q

from musubi.challenges.models import Challenge
from musubi.challenges.states import LISTED, Visibility
from musubi.lib import clock, fulltext
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.people.queries import is_member

READABLE = [*LISTED, "closed"]
MARKS = {"goals": "g", "fields": "f", "department": "d", "scale": "k", "state": "s"}
LISTED_MARK = "listed"


def listed(municipality: Municipality | None = None) -> models.QuerySet[Challenge]:
    """What the public list shows: published to everyone and not past its date; matched and resolved ones stay."""
    rows = Challenge.objects.filter(visibility=Visibility.PUBLIC, state__in=LISTED).exclude(
        state="published", expires_on__lt=clock.today()
    )
    return rows.filter(municipality=municipality) if municipality else rows


def visible_to(user, municipality: Municipality) -> models.QuerySet[Challenge]:
    """Every challenge of the municipality the person may read, in any state.

    Everyone: what was published to all (closed ones by their address). Members and staff: what was widened to
    them. Departments: their own. The desk and auditors: all.
    """
    mine = authority(user)
    cities, sections, _ = mine.where(Can.SEE_CHALLENGE)
    rows = Challenge.objects.filter(municipality=municipality)
    if municipality.pk in cities:
        return rows
    widest = Visibility.PUBLIC
    if mine.in_municipality(municipality.pk):
        widest = Visibility.MUNICIPALITY
    elif is_member(user, municipality.pk):
        widest = Visibility.MEMBERS
    widened = Q(state__in=READABLE, visibility__gte=widest)
    return rows.filter(widened | Q(department__in=sections) if sections else widened)


def open_to_members(municipalities) -> models.QuerySet[Challenge]:
    """What a member of the municipalities may answer today, the newest first."""
    today = clock.today()
    return (
        Challenge.objects.filter(
            municipality__in=municipalities,
            state__in=["published", "matched"],
            visibility__gte=Visibility.MEMBERS,
        )
        .filter(Q(deadline=None) | Q(deadline__gte=today), Q(expires_on=None) | Q(expires_on__gte=today))
        .order_by("-published_at", "-id")
    )


def find(
    rows: models.QuerySet[Challenge],
    *,
    text: str = "",
    goal: int | None = None,
    field: str = "",
    department: int | None = None,
    scale: str = "",
    state: str = "",
    open_only: bool = False,
    municipality: Municipality | None = None,
    public: bool = False,
    newest: int | None = None,
) -> models.QuerySet[Challenge]:
    """`rows` narrowed by what a visitor asked for.

    Where words are searched, the index does all the narrowing, but for dates. `municipality`, and `public` where
    `rows` are those of `listed`, tell it what it may leave out as well. With `newest` only so many of the texts last
    written are looked at among all that it finds.
    """
    facts = {"goals": goal, "fields": field, "department": department, "scale": scale, "state": state}
    asked = [(fact, value) for fact, value in facts.items() if value]
    if open_only:
        asked.append(("state", "published"))
    if text.strip():
        told = [_mark(*fact) for fact in asked] + ([LISTED_MARK] if public else [])
        scope = municipality.pk if municipality else None
        rows = fulltext.search(rows, text, municipality_id=scope, marks=told, newest=newest)
    else:
        for fact, value in asked:
            rows = rows.filter(**{fact: value})
    if open_only:
        rows = rows.filter(Q(deadline=None) | Q(deadline__gte=clock.today()))
    return rows


def marks(row: Challenge, goals: Iterable[int], fields: Iterable[str]) -> list[str]:
    """What the search index knows of a challenge beside its words, so that `find` can ask for it."""
    facts = [("department", row.department_id), ("scale", row.scale), ("state", row.state)]
    facts += [("goals", goal) for goal in goals] + [("fields", code) for code in fields]
    is_listed = row.visibility == Visibility.PUBLIC and row.state in LISTED
    return [_mark(*fact) for fact in facts] + ([LISTED_MARK] if is_listed else [])


def _mark(fact: str, value) -> str:
    return f"{MARKS[fact]}{value}"


def for_cards(rows: models.QuerySet[Challenge]) -> models.QuerySet[Challenge]:
    """With what a card shows, in a constant number of statements."""
    return rows.select_related("department", "municipality").prefetch_related("goals", "fields")


def goal_numbers(keys: list[int]) -> dict[int, list[int]]:
    """The goals of challenges, by the challenge's key. Plain SQL, as every list asks for them."""
    found: dict[int, list[int]] = {}
    if keys:
        places = ", ".join(["%s"] * len(keys))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT challenge_id, goal_id FROM challenges_challenge_goals "
                f"WHERE challenge_id IN ({places}) ORDER BY goal_id",
                keys,
            )
            for key, goal in cursor.fetchall():
                found.setdefault(key, []).append(goal)
    return found


def goals_and_fields(key: int) -> tuple[list[int], set[str]]:
    """The numbers of one challenge's goals in order, and the codes of its fields, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT goal_id, '' FROM challenges_challenge_goals WHERE challenge_id = %s "
            "UNION ALL SELECT 0, field_id FROM challenges_challenge_fields WHERE challenge_id = %s",
            [key, key],
        )
        rows = cursor.fetchall()
    return sorted(goal for goal, _ in rows if goal), {field for _, field in rows if field}


def to_check(municipality: Municipality) -> models.QuerySet[Challenge]:
    """What waits for the desk, oldest first."""
    return Challenge.objects.filter(municipality=municipality, state="checking").order_by("submitted_at")


def expired(day) -> models.QuerySet[Challenge]:
    """Published challenges whose date has passed on `day`."""
    return Challenge.objects.filter(state="published", expires_on__lt=day)


def about_to_expire(day) -> models.QuerySet[Challenge]:
    """Published challenges that expire by `day` and whose owner was not asked about that date yet."""
    asked = Q(renewal_asked_for=F("expires_on"))
    return Challenge.objects.filter(state__in=["published", "matched"], expires_on__lte=day).exclude(asked)
