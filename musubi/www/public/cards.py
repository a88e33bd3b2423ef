"""Rows as what the shared pieces show."""

from collections.abc import Iterable
from functools import lru_cache

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.queries import goal_numbers
from musubi.challenges.rules import takes_proposals
from musubi.challenges.states import CHALLENGE, Scale
from musubi.gatherings.models import Gathering
from musubi.gatherings.states import GATHERING, Kind
from musubi.lib import clock, fiscal
from musubi.outcomes.models import Story
from musubi.people.models import Municipality, Organisation
from musubi.solutions.models import Solution
from musubi.www.templatetags.pieces import days_left, wareki

CARD_COLUMNS = [
    "municipality",
    "department",
    "ref",
    "title",
    "problem",
    "deadline",
    "scale",
    "state",
    "expires_on",
    "published_at",
]
DEPARTMENT_COLUMNS = ["department__name", "department__name_en"]


def dress_challenges(rows):
    """With what a card shows and no more: the long texts stay in the database, and so do the goals' own rows."""
    return rows.select_related("department", "municipality").only(
        *CARD_COLUMNS,
        *DEPARTMENT_COLUMNS,
        "municipality__slug",
        "municipality__name",
        "municipality__name_en",
    )


def dress_challenges_here(rows):
    """The same where the municipality is at hand already: `challenge_cards` sets it."""
    return rows.select_related("department").only(*CARD_COLUMNS, *DEPARTMENT_COLUMNS)


def dress_stories(rows):
    return rows.select_related("municipality", "outcome").prefetch_related(
        "goals", "outcome__case__organisations"
    )


def state_words(challenge: Challenge) -> tuple[str, str]:
    """What everybody reads of the state, and its tone: one that is listed but takes no more proposals says so."""
    state = CHALLENGE[challenge.state]
    if challenge.state == "published" and not takes_proposals(challenge):
        return _("受付終了"), "neutral"
    return state.public or state.label, state.tone


def challenge_cards(
    rows: Iterable[Challenge], municipality: Municipality | None = None, *, with_city: bool = False
) -> list[dict]:
    """For `parts/challenge_card.html`, one for each row, with their goals in one statement.

    `municipality` is set on rows that were read by `dress_challenges_here`.
    """
    rows = list(rows)
    goals = goal_numbers([row.pk for row in rows])
    if municipality:
        for row in rows:
            row.municipality = municipality
    return [challenge_card(row, with_city=with_city, goals=goals.get(row.pk, [])) for row in rows]


@lru_cache(maxsize=2000)
def _before_ref(slug: str) -> str:
    # Asked for once for each municipality, not for each card.
    return reverse("challenge", args=[slug, "ref"]).removesuffix("ref/")


def challenge_card(
    challenge: Challenge, *, with_city: bool = False, goals: Iterable[int] | None = None
) -> dict:
    """For `parts/challenge_card.html`; `goals` are numbers, read here where they are not given."""
    label, tone = state_words(challenge)
    deadline = challenge.deadline
    return {
        "href": _before_ref(challenge.municipality.slug) + f"{challenge.ref}/",
        "title": challenge.title,
        "department": challenge.department.display_name,
        "municipality_name": challenge.municipality.display_name if with_city else "",
        "goals": challenge.goals.all() if goals is None else goals,
        "summary": _short(challenge.problem),
        "deadline": wareki(deadline),
        "left": days_left(deadline, clock.today()) if deadline and tone == "good" else "",
        "scale": challenge.scale,
        "scale_label": Scale(challenge.scale).label,
        "state_label": label,
        "state_tone": tone,
    }


def story_card(story: Story) -> dict:
    """For `parts/story_card.html`."""
    goals = list(story.goals.all())
    return {
        "href": reverse("story", args=[story.municipality.slug, story.ref]),
        "title": story.title,
        "summary": story.lead or _short(story.body),
        "goal": goals[0] if goals else None,
        "goals": goals,
        "partners": _("、").join(o.display_name for o in story.outcome.case.organisations.all()),
        "year": year_words(fiscal.fiscal_year(story.outcome.started_on)),
    }


def gathering_row(gathering: Gathering, municipality: Municipality) -> dict:
    """For `parts/gathering_row.html`."""
    state = GATHERING[gathering.state]
    return {
        "href": reverse("gathering", args=[municipality.slug, gathering.ref]),
        "title": gathering.title,
        "date": gathering.starts_at.astimezone(clock.TOKYO),
        "kind": Kind(gathering.kind).label,
        "place": gathering.place,
        "state_label": state.public,
        "state_tone": state.tone,
        "note": gathering.date_note,
    }


def solution_card(solution: Solution, municipality: Municipality) -> dict:
    """For `parts/member_card.html`."""
    return {
        "href": reverse("solution", args=[municipality.slug, solution.pk]),
        "title": solution.title,
        "kind": "",
        "summary": _short(solution.summary),
        "goals": solution.goals.all(),
        "meta": [("people", solution.organisation.display_name)],
    }


def member_card(organisation: Organisation, municipality: Municipality, solutions: int) -> dict:
    """For `parts/member_card.html`."""
    meta = [("pin", organisation.prefecture)] if organisation.prefecture else []
    if solutions:
        meta.append(("bulb", _("ソリューション %(n)d件") % {"n": solutions}))
    return {
        "href": reverse("member", args=[municipality.slug, organisation.pk]),
        "title": organisation.display_name,
        "kind": organisation.get_kind_display(),
        "summary": _short(organisation.description),
        "meta": meta,
    }


def year_words(year: int) -> str:
    """令和7年度, in English FY2025."""
    return f"FY{year}" if get_language() == "en" else fiscal.label(year)


def _short(text: str, length: int = 110) -> str:
    return text if len(text) <= length else text[:length] + "…"
