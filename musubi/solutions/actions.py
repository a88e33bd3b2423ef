"""What an organisation does with its solutions."""

from collections.abc import Iterable

from django.db import transaction

from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Missing
from musubi.lib.lifecycle import move, update
from musubi.people.models import Organisation, User
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.solutions.models import Solution
from musubi.solutions.states import SOLUTION

WORDS = ["title", "summary", "results", "needs", "cost"]


@transaction.atomic
def draft_solution(
    organisation: Organisation, *, by: User | None, title: str, goals=(), fields=(), **words: str
) -> Solution:
    """A representative starts to write what the organisation can offer; only the organisation can read it.

    `words` are the fields in `WORDS`; `goals` are goal numbers and `fields` field codes.
    Raises NotAllowed unless `by` writes for the organisation, Missing without a title.
    """
    require(by, Can.WRITE_SOLUTION, organisation)
    solution = Solution(
        organisation=organisation, created_at=clock.now(), **_known({"title": title, **words})
    )
    _check(solution)
    solution.save()
    _classify(solution, goals, fields)
    fulltext.index(solution, text=solution.searchable)
    journal.write("solution.drafted", solution, by=by, organisation=organisation.name)
    return solution


@transaction.atomic
def save_solution(solution: Solution, *, by: User | None, goals=None, fields=None, **words: str) -> None:
    """Change the words. A published solution shows the new words at once, and the journal keeps which changed.

    Raises Missing where a published one would lose its title or summary, Conflict where it has moved meanwhile.
    """
    require(by, Can.WRITE_SOLUTION, solution)
    changes = {name: value for name, value in _known(words).items() if getattr(solution, name) != value}
    _check(Solution(**{name: getattr(solution, name) for name in WORDS} | changes), only=changes)
    if solution.state == "published" and not changes.get("summary", solution.summary):
        raise Missing("公開中のソリューションの「できること」は空にできません。", field="summary")
    if changes:
        update(solution, "ソリューション", guard={"state": solution.state}, **changes)
    _classify(solution, goals, fields)
    fulltext.index(solution, text=solution.searchable)
    journal.write("solution.saved", solution, by=by, changed=sorted(changes))


@transaction.atomic
def publish_solution(solution: Solution, *, by: User | None) -> None:
    """The organisation shows its solution to everyone. One shown before returns to its old place in the list.

    Raises Missing without a summary.
    """
    require(by, Can.WRITE_SOLUTION, solution)
    move(solution, SOLUTION, "published", published_at=solution.published_at or clock.now())
    journal.write("solution.published", solution, by=by, organisation=solution.organisation.name)


@transaction.atomic
def withdraw_solution(solution: Solution, *, by: User | None) -> None:
    """The organisation takes its solution off the public pages; it may be published again."""
    require(by, Can.WRITE_SOLUTION, solution)
    move(solution, SOLUTION, "withdrawn")
    journal.write("solution.withdrawn", solution, by=by)


def _known(words: dict[str, str]) -> dict[str, str]:
    unknown = set(words) - set(WORDS)
    if unknown:
        raise TypeError(f"not words of a solution: {sorted(unknown)}")
    return {name: value.strip() for name, value in words.items()}


def _check(solution: Solution, only: Iterable[str] | None = None) -> None:
    if not solution.title:
        raise Missing("ソリューションの名称を入力してください。", field="title")
    check_fields(solution, only=WORDS if only is None else list(only))


def _classify(solution: Solution, goals: Iterable[int] | None, fields: Iterable[str] | None) -> None:
    if goals is not None:
        solution.goals.set(goals)
    if fields is not None:
        solution.fields.set(fields)
