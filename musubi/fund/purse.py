"""Which pots may pay which application, and what each candidate is worth: what a choice of awards starts from."""

from collections.abc import Collection, Iterable, Mapping

from musubi.fund.choosing import Candidate
from musubi.fund.models import Application, Call, Pot
from musubi.fund.scoring import Standing
from musubi.fund.states import Earmark

# A share of the points is told to the solver in so many parts of one.
PARTS = 10_000
TEXTS = ["title", "purpose", "content", "effect"]


def pots_of(call: Call) -> list[Pot]:
    """The pots a call pays from, with what their names need."""
    return list(call.pots.select_related("goal", "programme").order_by("pk"))


def may_pay(
    pots: Iterable[Pot], call: Call, application: Application, themed: Collection[int]
) -> frozenset[int]:
    """The pots that may pay an application: what is meant for anything, for this programme, for one of its goals. What
    belongs to a theme only people know: `themed` are the pots that somebody said may pay it."""
    goals = {goal.pk for goal in application.goals.all()}
    found = set()
    for pot in pots:
        if (
            pot.earmark == Earmark.GENERAL
            or (pot.earmark == Earmark.PROGRAMME and pot.programme_id == call.edition.programme_id)
            or (pot.earmark == Earmark.GOAL and pot.goal_id in goals)
            or (pot.earmark == Earmark.THEME and pot.pk in themed)
        ):
            found.add(pot.pk)
    return frozenset(found)


def speaks_of(application: Application, theme: str) -> bool:
    """Whether the words of a theme stand in the application."""
    return any(theme in getattr(application, name) for name in TEXTS)


def candidates(
    ranked: Iterable[Standing],
    applications: Mapping[int, Application],
    call: Call,
    pots: Iterable[Pot],
    themes: Mapping[int, str],
) -> list[Candidate]:
    """The applications in the order of their ranking, each with what it asks for, its share of the points in
    `PARTS` of one (cut), and who may pay. `themes`: pot id → "all", "words" (where it speaks of the theme) or "none"."""
    pots = list(pots)
    found = []
    for one in ranked:
        application = applications.get(one.application)
        if application is None:
            continue
        themed = {
            pot.pk
            for pot in pots
            if pot.earmark == Earmark.THEME
            and (
                themes.get(pot.pk) == "all"
                or (themes.get(pot.pk, "words") == "words" and speaks_of(application, pot.theme))
            )
        }
        found.append(
            Candidate(
                application.pk,
                application.requested,
                (one.share * PARTS).__floor__(),
                may_pay(pots, call, application, themed),
            )
        )
    return found
