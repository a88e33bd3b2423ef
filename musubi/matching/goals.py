"""Which of the seventeen goals and 169 targets a text speaks of, with the words that say so.

Two witnesses are added up: the words of the text (`goal_model`: official wording and everyday words), and the goals
people chose for published challenges and solutions that are like it. Without an index the words speak alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db.models import Q

from musubi.challenges.models import Challenge
from musubi.challenges.queries import READABLE, listed
from musubi.challenges.states import Visibility
from musubi.lib.text import normalise
from musubi.matching import live
from musubi.matching.documents import PUBLIC
from musubi.people.models import Municipality
from musubi.solutions.queries import published

if TYPE_CHECKING:
    from musubi.matching.goal_model import GoalModel

# A goal is named from here on, and not when it is far behind the first.
LEAST, BESIDE = 0.1, 0.25
LEAST_TARGET, MOST_TARGETS = 0.12, 3
# Records less like than this (`engine.matcher.Match.likeness`) have nothing to do with the text; a likeness of one in
# all counts as much as the doubt.
UNLIKE, DOUBT, RECORDS = 0.2, 1.0, 20
# Two texts so alike are one.
SAME = 1.7
TITLES = 1


@dataclass(frozen=True)
class TargetSuggestion:
    """A target (its official number, e.g. `11.5`), how strongly the text speaks of it, and the words that say so."""

    code: str
    score: float
    words: list[str]


@dataclass(frozen=True)
class Suggestion:
    """A goal (its number), how strongly the text speaks of it, the words of the text that say so, titles of similar
    records for which people chose it, and the targets of the goal the text is nearest to."""

    goal: int
    score: float
    words: list[str]
    records: list[str] = field(default_factory=list)
    targets: list[TargetSuggestion] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """A labelled record like the text: its key in the index, how like it is beyond the usual, and its goals."""

    key: str
    weight: float
    goals: frozenset[int]


def suggest_goals(
    text: str,
    *,
    title: str = "",
    limit: int = 3,
    municipality: Municipality | None = None,
    without: Sequence[str] = (),
    records: Sequence[Record] | None = None,
) -> list[Suggestion]:
    """The goals a text speaks of, strongest first; none where it says too little to tell.

    `municipality` lets what its own staff may read be a witness as well; `without` are keys of the index that may not
    (the challenge being written). `records` in place of looking for them, () for none. At most two statements.
    """
    if len(normalise(f"{title}{text}"[:1000])) < 2:
        return []
    model = _model()
    said = model.read(text, title=title)
    if records is None:
        records = similar_records(text, title=title, municipality=municipality, without=without)
    chosen = _chosen(records)
    scores = {
        goal: model.score(said, goal) + chosen.get(goal, 0.0)
        for goal in model.labels[: model.goals]
        if isinstance(goal, int)
    }
    order = sorted(scores, key=lambda goal: (-scores[goal], goal))
    least = max(LEAST, BESIDE * scores[order[0]])
    words = {goal: model.words(said, goal) for goal in order[: 2 * limit] if scores[goal] >= least}
    best = [goal for goal in words if words[goal] or chosen.get(goal, 0) >= least][:limit]
    titles = _titles(records, set(best), municipality)
    targets = _targets(model, said, best)
    return [
        Suggestion(
            goal, round(scores[goal], 3), words[goal], titles.get(goal, [])[:TITLES], targets.get(goal, [])
        )
        for goal in best
        if words[goal] or titles.get(goal)
    ]


def similar_records(
    text: str,
    *,
    title: str = "",
    municipality: Municipality | None = None,
    without: Sequence[str] = (),
    but_same: bool = False,
) -> list[Record]:
    """Published challenges and solutions with goals that are like a text; none while the index is being prepared.

    `but_same` leaves out those that are the very text (to measure with texts that are in the index themselves).
    """
    from musubi.matching.engine.index import Preparing
    from musubi.matching.engine.matcher import NEED, Question

    readable = [PUBLIC] if municipality is None else [PUBLIC, f"staff:{municipality.pk}"]
    try:
        matches = live.matcher().match(
            Question(NEED, title, text),
            limit=RECORDS,
            marks=[readable, ["kind:challenge", "kind:solution"]],
            without=without,
        )
    except Preparing:
        live.forget()
        return []
    return [
        Record(match.key, match.likeness - UNLIKE, match.facts.goals)
        for match in matches
        if match.facts.goals and match.likeness > UNLIKE and not (but_same and match.likeness >= SAME)
    ]


def _chosen(records: Sequence[Record]) -> dict[int, float]:
    """For each goal the part of the records' weight that has it, less for the doubt."""
    total = sum(record.weight for record in records) + DOUBT
    found: dict[int, float] = {}
    for record in records:
        for goal in record.goals:
            found[goal] = found.get(goal, 0.0) + record.weight / total
    return found


def _titles(
    records: Sequence[Record], goals: set[int], municipality: Municipality | None
) -> dict[int, list[str]]:
    """For each goal the titles of the records that have it, the likest first, as far as they may be read now."""
    wanted: dict[str, list[int]] = {}
    for record in records:
        if record.goals & goals:
            kind, _colon, pk = record.key.partition(":")
            wanted.setdefault(kind, []).append(int(pk))
    titles: dict[str, str] = {}
    if pks := wanted.get("challenge"):
        rows = listed()
        if municipality is not None:
            rows |= Challenge.objects.filter(
                Q(municipality=municipality, state__in=READABLE, visibility__gte=Visibility.MUNICIPALITY)
            )
        titles |= {
            f"challenge:{pk}": title for pk, title in rows.filter(pk__in=pks).values_list("pk", "title")
        }
    if pks := wanted.get("solution"):
        rows = published().filter(pk__in=pks)
        titles |= {f"solution:{pk}": title for pk, title in rows.values_list("pk", "title")}
    found: dict[int, list[str]] = {}
    for record in sorted(records, key=lambda record: -record.weight):
        for goal in record.goals & goals:
            if record.key in titles:
                found.setdefault(goal, []).append(titles[record.key])
    return found


def _targets(model: GoalModel, said, goals: Sequence[int]) -> dict[int, list[TargetSuggestion]]:
    """The three targets the text is nearest to, by the goals named."""
    named = [
        (label, float(said.scores[place]))
        for place, label in enumerate(model.labels)
        if isinstance(label, str) and int(label.partition(".")[0]) in goals
    ]
    found: dict[int, list[TargetSuggestion]] = {}
    for code, score in sorted(named, key=lambda pair: (-pair[1], pair[0]))[:MOST_TARGETS]:
        words = model.words(said, code)
        if score >= LEAST_TARGET and words:
            goal = int(code.partition(".")[0])
            found.setdefault(goal, []).append(TargetSuggestion(code, round(score, 3), words))
    return found


def load() -> None:
    """Learn the words of the goals beside a process's first requests."""
    _model()


@lru_cache(maxsize=1)
def _model() -> GoalModel:
    """Learned once a process, in half a second: what it is learned from comes with the product."""
    from musubi.matching.goal_model import GoalModel, everyday, official

    return GoalModel([*official(), *everyday()])
