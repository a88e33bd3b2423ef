"""Invented seeds and questions for the matching bench: the shared texts, taken apart into sentences and put together
anew. The same number gives the same text, whatever the size."""

import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from musubi.matching.engine.matcher import NEED, SEED, Document, Question
from musubi.matching.engine.payload import Facts

SHARED = Path(__file__).parents[3] / "shared" / "data"
PAIRS = SHARED / "matching" / "rs2024_need_solution_shared.csv"
NEEDS = SHARED / "needs" / "municipal_needs_shared.csv"
GOALS, FIELDS, CITIES, PREFECTURES = 17, 20, 100, 47
# One seed in so many bears one goal: the filter of the measured questions.
FILTER = "goal:11"
MARKS = ("kind:solution",)


@dataclass(frozen=True)
class Texts:
    """What the seeds are made of, and the needs that are asked."""

    names: list[str]
    sentences: list[str]
    needs: list[tuple[str, str]]


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[。!?!?])|\n", text) if len(part.strip()) > 8]


@lru_cache(maxsize=1)
def texts() -> Texts:
    """Raises FileNotFoundError without the shared data."""
    with PAIRS.open(encoding="utf-8-sig", newline="") as file:
        pairs = list(csv.DictReader(file))
    with NEEDS.open(encoding="utf-8-sig", newline="") as file:
        needs = list(csv.DictReader(file))
    sentences = [
        one for row in pairs for name in ("need", "solution", "purpose") for one in _sentences(row[name])
    ]
    sentences += [one for row in needs for one in _sentences(row["body"])]
    asked = [(row["name"], row["need"]) for row in pairs] + [(row["title"], row["body"]) for row in needs]
    return Texts([name for name, _need in asked], list(dict.fromkeys(sentences)), asked)


def seed(number: int, side: str = SEED) -> Document:
    """A solution (or, of the other side, a challenge) of that number."""
    known = texts()
    dice = random.Random(f"{side} {number}")
    body = "".join(dice.choices(known.sentences, k=dice.randint(2, 5)))
    goals = frozenset(dice.sample(range(1, GOALS + 1), 2))
    kind = "solution" if side == SEED else "challenge"
    marks = {"public", f"member:{dice.randrange(CITIES)}", *(f"goal:{goal}" for goal in goals)}
    facts = Facts(
        goals,
        frozenset({f"field{dice.randrange(FIELDS)}"}),
        frozenset({f"prefecture{dice.randrange(PREFECTURES)}"}),
        f"o{number // 2}",
        740_000 - dice.randrange(1_000),
        dice.choice((0, 0, 0, 1, 3)),
    )
    return Document(f"{kind}:{number}", side, dice.choice(known.names), body, frozenset(marks), facts)


def seeds(count: int) -> Iterator[Document]:
    return (seed(number) for number in range(count))


def even_sample(count: int, most: int) -> Iterator[Document]:
    """At most so many of them, spread evenly."""
    step = max(count / most, 1)
    return (seed(int(i * step)) for i in range(min(count, most)))


def questions(count: int) -> list[Question]:
    """Whole texts of needs: real ones first, made ones when those are used up."""
    real = [Question(NEED, title, body, Facts(frozenset({11, 13}))) for title, body in texts().needs if body]
    made = (seed(number, NEED) for number in range(max(count - len(real), 0)))
    return (real + [Question(NEED, one.title, one.text, one.facts) for one in made])[:count]
