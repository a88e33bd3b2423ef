"""What a large call costs: assigning, ranking and its lists, the best use of the money, a thousand letters.

    script/bench fund [--json] [--write] [--rounds N] [--sizes 100,10000]
    script/postgres -- script/bench fund

So many applications, five scorers each and 200 ties; the pages as the secretariat asks for them, through the real
middleware. The choice of 500 applications from five earmarks and the 1,000 letters are the same at every size.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.lib.house import fresh_database, open_house, settle_database, tell

if __name__ == "__main__":
    open_house()

from django.urls import NoReverseMatch, reverse

from bench.lib.fund import choices, load_call
from bench.lib.measure import Page, compare
from bench.lib.report import Wanted, growth, page_lines, put_between, run
from bench.pages import BARE, forget_pages, signed_in
from musubi.fund import actions
from musubi.fund.choosing import best, by_rank
from musubi.fund.letters.files import pdfs_of
from musubi.fund.letters.issuing import letters_in
from musubi.fund.models import Assignment, Call
from musubi.fund.ranking import keep
from musubi.fund.states import Stage

DOCS = Path(__file__).resolve().parents[1] / "docs/performance.md"
STATEMENTS, GROWTH = 12, 1.3
ASSIGN_SECONDS, CHOICE_SECONDS, LETTERS_SECONDS = 10, 10, 60
SCORERS, TIES, LETTERS, CANDIDATES, EARMARKS, INSTANCES = 5, 200, 1000, 500, 5, 3
# Beside what was wanted: the other lists of a call.
PAGES = {
    "secretariat list": ("staff-fund-applications", False),
    "ranking": ("staff-fund-ranking", True),
    "progress of a stage": ("staff-fund-stage", True),
}
WANTED = ["secretariat list", "ranking"]


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of this process's and its children's CPU: where the machine has other work, the clock
    says more of that. The CPU of PostgreSQL is not among it."""

    wall: float
    cpu: float


def seconds(act) -> tuple[Took, object]:
    wall, cpu = time.perf_counter(), _cpu()
    found = act()
    return Took(round(time.perf_counter() - wall, 2), round(_cpu() - cpu, 2)), found


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pages(call: Call) -> list[Page]:
    """One that has no address yet is told and left out."""
    city = call.fund.municipality
    cookie = signed_in(city)
    found = []
    for name, (view, of_stage) in PAGES.items():
        try:
            address = reverse(view, args=[city.slug, *([call.ref, Stage.FIRST.value] if of_stage else [])])
        except NoReverseMatch:
            tell(f"No address is called {view}: left out")
        else:
            found.append(Page(name, address, cookie=cookie))
    return found


def measure(count: int, rounds: int) -> dict:
    """Loads a call of so many applications into the emptied database and works through it."""
    fresh_database()
    forget_pages()
    year, call = load_call(count, scorers=SCORERS, ties=TIES)
    settle_database()
    tell(f"Assigning {count:,} applications to {year.written['committeemember']} members")
    took, plan = seconds(lambda: actions.assign(call, by=None, stage=Stage.FIRST))
    sheets = len(plan.pairs)
    recused = Assignment.objects.filter(application__call=call, state="recused").count()
    year.score(call, Stage.FIRST)
    keep(call, Stage.FIRST)  # as every scored sheet does for its application
    settle_database()
    tell(f"Measuring the pages of {count:,} applications, {rounds} times each")
    return {
        "applications": count,
        "sheets": sheets,
        "short": len(plan.short),
        "recused": recused,
        "assign": asdict(took),
        "pages": compare(pages(call), Page(BARE, "/"), rounds=rounds),
    }


def choose() -> dict:
    """The best use of the money, several times over; what counts is the slowest."""
    found = []
    for seed in range(INSTANCES):
        candidates, money = choices(CANDIDATES, EARMARKS, seed)
        tell(f"Choosing among {CANDIDATES} applications, {EARMARKS} earmarks ({seed + 1} of {INSTANCES})")
        took, choice = seconds(lambda candidates=candidates, money=money: best(candidates, money, seconds=60))
        plain = by_rank(sorted(candidates, key=lambda one: -one.points), money)
        found.append(
            {**asdict(took), "proven": choice.proven, "points": choice.points, "plain": plain.points}
        )
    return {
        "wall": max(one["wall"] for one in found),
        "cpu": max(one["cpu"] for one in found),
        "proven": sum(one["proven"] for one in found),
        "instances": found,
    }


def write_letters() -> dict:
    """Every result of a call released at once, and the decisions on paper."""
    fresh_database()
    year, _call = load_call(1, ties=0)
    call = year.add_call(LETTERS, state="second_passed")
    year.decide(call)
    tell(f"Releasing {LETTERS:,} results")
    released, _none = seconds(lambda: actions.release(call, by=None))
    tell(f"Setting {LETTERS:,} letters")
    took, made = seconds(lambda: list(pdfs_of(letters_in(call, "award"))))
    wrong = [name for name, pdf in made if not isinstance(pdf, bytes) or pdf[:5] != b"%PDF-"]
    if wrong or len(made) != LETTERS:
        raise RuntimeError(f"{len(made)} letters, of which {wrong[:3]} could not be set")
    return {
        "release": asdict(released),
        "letters": asdict(took),
        "megabytes": round(sum(len(pdf) for _name, pdf in made) / 2**20, 1),
    }


def more() -> dict:
    return {"choice": choose(), "letters": write_letters()}


def wanted(sizes: list[dict], also: dict) -> Wanted:
    small, large = sizes[0], sizes[-1]
    n, found = large["applications"], Wanted()
    found.at_most(f"seconds, {n} × {SCORERS} assigned, {TIES} ties", large["assign"]["wall"], ASSIGN_SECONDS)
    for name in WANTED:
        if name not in large["pages"]:
            continue
        found.at_most(f"statements, {name}, {n}", large["pages"][name]["statements"], STATEMENTS)
        if small is not large:
            found.at_most(
                f"{n} / {small['applications']} applications, {name}", growth(small, large, name), GROWTH
            )
    choice = also["choice"]
    found.at_most(f"seconds, best of {CANDIDATES} with {EARMARKS} earmarks", choice["wall"], CHOICE_SECONDS)
    found.at_most("choices without proof", INSTANCES - choice["proven"], 0)
    found.at_most(f"seconds, {LETTERS} letters", also["letters"]["letters"]["wall"], LETTERS_SECONDS)
    return found


def lines(size: dict) -> Iterator[str]:
    yield from (f"{size['applications']:,} applications, {size['sheets']:,} sheets", "")
    yield f"assigned in {size['assign']['wall']} s; {size['recused']} recused, {size['short']} lack members"
    yield from page_lines(size["pages"])


def table(result: dict) -> Iterator[str]:
    """The part of docs/performance.md that holds this database's figures."""
    small, large = result["sizes"][0], result["sizes"][-1]
    n, m = small["applications"], large["applications"]
    yield (
        f"**{result['database']}**, {result['date']}, {result['machine']}, {result['rounds']} rounds, medians; "
        "× bare is CPU:"
    )
    yield ""
    yield f"| page | statements at {n:,} | at {m:,} | × bare at {n:,} | at {m:,} | growth |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, page in large["pages"].items():
        first = small["pages"][name]
        yield (
            f"| {name} | {first['statements']} | {page['statements']} | {first['ratio']:.2f} | "
            f"{page['ratio']:.2f} | {growth(small, large, name):.2f} |"
        )
    choice, letters = result["choice"], result["letters"]
    yield ""
    yield "| work | seconds | of which CPU |"
    yield "| --- | ---: | ---: |"

    def row(words: str, took: dict) -> str:
        return f"| {words} | {took['wall']:.1f} | {took['cpu']:.1f} |"

    yield row(f"{m:,} applications × {SCORERS} scorers assigned, {TIES} ties", large["assign"])
    yield row(
        f"best set of {CANDIDATES} from {EARMARKS} earmarks, the slowest of {INSTANCES} ({choice['proven']} proven)",
        choice,
    )
    yield row(f"{LETTERS:,} results released at once", letters["release"])
    yield row(f"{LETTERS:,} letters to PDF", letters["letters"])
    held = sum(one["ok"] for one in result["wanted"])
    yield ""
    yield f"Wanted: {held} of {len(result['wanted'])} held."


def write(result: dict) -> None:
    name = "fund postgres" if result["database"].startswith("PostgreSQL") else "fund sqlite"
    put_between(DOCS, name, table(result))


if __name__ == "__main__":
    also: dict = {}

    def more_once() -> dict:
        also.update(also or more())
        return also

    run(
        __doc__,
        sizes="100,10000",
        rounds=15,
        measure=measure,
        wanted=lambda sizes: wanted(sizes, more_once()),
        lines=lines,
        more=more_once,
        write=write,
    )
