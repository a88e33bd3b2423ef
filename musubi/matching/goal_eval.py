"""How often the goals are right: on texts that people labelled, and on the official targets, each without its own
words. Asked the way the screens ask (`goals.suggest_goals`)."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from musubi.lib.text import normalise
from musubi.matching.engine.evaluation import Measured, interval
from musubi.matching.goal_model import GoalModel, everyday, official
from musubi.matching.goals import similar_records, suggest_goals

SHOWN = 3
_GOAL = re.compile(r"(?<![\d.])(\d{1,2})(?:\.(?:\d{1,2}|[a-d]))?(?![\d.])")


@dataclass(frozen=True)
class Labelled:
    """A text with the goals people gave it. `line` is its line in the file."""

    line: int
    title: str
    body: str
    goals: frozenset[int]


@dataclass(frozen=True)
class Asked:
    """What was suggested for a labelled text, in how long, with how many similar records to learn from."""

    row: Labelled
    suggested: list[int]
    words: list[list[str]]
    milliseconds: float
    records: int = 0


@dataclass(frozen=True)
class Outcome:
    """`top1`: the first goal suggested is a label; `top3`: any of three is; `recall`: the part of all labels that is
    among the three. `asked` holds the single answers where texts were labelled."""

    count: int
    top1: Measured
    top3: Measured
    recall: Measured | None = None
    asked: list[Asked] = field(default_factory=list)


def goals_in(text: str) -> frozenset[int]:
    """The goals a label names: 「9」, 「3、11」, 「ゴール4・17」, 「11.5」 (a target counts for its goal)."""
    found = (int(match[1]) for match in _GOAL.finditer(normalise(text.casefold())))
    return frozenset(goal for goal in found if 1 <= goal <= 17)


def labelled(rows: Sequence[Labelled], *, records: bool) -> Outcome:
    """The rows as the challenge form would ask about them. `records`: with what similar published records were given,
    where there is an index; a record of the very same text is never asked."""
    suggest_goals("準備")  # The first question of a process also learns the model.
    asked = []
    for row in rows:
        start = time.perf_counter()
        known = similar_records(row.body, title=row.title, but_same=True) if records else ()
        found = suggest_goals(row.body, title=row.title, limit=SHOWN, records=known)
        took = 1000 * (time.perf_counter() - start)
        asked.append(Asked(row, [one.goal for one in found], [one.words for one in found], took, len(known)))
    first = np.array([float(bool(one.suggested) and one.suggested[0] in one.row.goals) for one in asked])
    three = np.array([float(bool(one.row.goals & set(one.suggested))) for one in asked])
    found = np.array([len(one.row.goals & set(one.suggested)) for one in asked])
    given = np.array([len(one.row.goals) for one in asked])
    return Outcome(len(asked), interval(first), interval(three), _ratio(found, given), asked)


def targets(*, strict: bool = False, tell: Callable[[str], None] = lambda _text: None) -> Outcome:
    """Each target's official words as a question, learned anew without them. `strict`: without the everyday words of
    that target as well, so that only what other targets say is left. The order is that of all seventeen scores."""
    model = GoalModel([*official(), *everyday()])
    own: dict[str, set[int]] = {}
    for place, passage in enumerate(model.passages):
        for code in passage.sources:
            if passage.official or strict:
                own.setdefault(code, set()).add(place)
    ranks = []
    asked = [passage for passage in model.passages if passage.official and passage.sources]
    for number, passage in enumerate(asked):
        (code,) = passage.sources
        model.fit(own[code], only_goals=True)
        scores = model.read(passage.text).scores
        right = model.labels.index(int(code.partition(".")[0]))
        # Equal scores, as of a text without any known word, are no answer.
        ranks.append(1 + int((np.delete(scores, right) >= scores[right]).sum()))
        if number % 40 == 39:
            tell(f"{number + 1} / {len(asked)}")
    places = np.array(ranks)
    return Outcome(
        len(ranks), interval((places == 1).astype(float)), interval((places <= SHOWN).astype(float))
    )


def _ratio(found: np.ndarray, given: np.ndarray) -> Measured:
    """The part found of all given, rows drawn with repetition for the interval."""
    dice = np.random.default_rng(len(found))
    draws = dice.integers(0, len(found), (2_000, len(found)))
    low, high = np.percentile(found[draws].sum(1) / given[draws].sum(1), [2.5, 97.5])
    return Measured(float(found.sum() / given.sum()), float(low), float(high))
