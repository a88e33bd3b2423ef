"""Which pots may pay which application, and what each candidate is worth: what a choice of awards starts from."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Bond:
    """Whether a pot may pay an application, by what its givers meant it for: `holds` is None where only people can say
    so, of a theme. `words` tell why, to whoever decides."""

    holds: bool | None
    words: str


def bond(pot: Pot, call: Call, goals: Collection[int]) -> Bond:
    """Of a pot with an application to a call that names these goals (ids)."""
    if pot.earmark == Earmark.PROGRAMME:
        if pot.programme_id == call.edition.programme_id:
            return Bond(True, "この制度のためのお金です。")
        return Bond(False, f"ほかの制度「{pot}」のためのお金です。この申請には使えません。")
    if pot.earmark == Earmark.GOAL:
        if pot.goal_id in goals:
            return Bond(True, "この申請が選んだゴールのためのお金です。")
        return Bond(
            False,
            f"ゴール「{pot}」のためのお金です。この申請はこのゴールを選んでいないので、使えません。",
        )
    if pot.earmark == Earmark.THEME:
        return Bond(
            None, f"テーマ「{pot}」のためのお金です。申請がテーマに合うことを確かめたときだけ使えます。"
        )
    return Bond(True, "どの申請にも使えます。")


def bonds(pots: Iterable[Pot], application: Application) -> dict[int, Bond]:
    """By pot id."""
    goals = {goal.pk for goal in application.goals.all()}
    return {pot.pk: bond(pot, application.call, goals) for pot in pots}


def may_pay(
    pots: Iterable[Pot], call: Call, application: Application, themed: Collection[int]
) -> frozenset[int]:
    """The pots that may pay an application: what is meant for anything, for this programme, for one of its goals. What
    belongs to a theme only people know: `themed` are the pots that somebody said may pay it."""
    goals = {goal.pk for goal in application.goals.all()}
    held = {pot.pk: bond(pot, call, goals).holds for pot in pots}
    return frozenset(pk for pk, holds in held.items() if holds or (holds is None and pk in themed))


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
