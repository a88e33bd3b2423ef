"""What case work costs with 100, 10,000 and 100,000 open cases: its pages, the radar's learning, the reminders.

    script/bench casework [--json] [--rounds N] [--sizes 100,10000,100000]
    script/postgres -- script/bench casework

As many finished cases lie beside the open ones. Pages are measured in the busiest municipality, as its desk; the
radar's learning and the reminders run as the worker runs them, in a process of their own, over everything.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.lib.house import fresh_database, open_house, settle_database, tell

if __name__ == "__main__":
    open_house()

from django.urls import reverse

from bench.lib.casework import load_cases
from bench.lib.measure import Page, compare
from bench.lib.report import Wanted, growth, page_lines, run
from bench.pages import BARE, forget_pages, signed_in
from musubi.cases.models import Case
from musubi.people.models import Municipality

GROWTH, REFIT_SECONDS, REMINDER_SECONDS, REMINDER_MEGABYTES = 1.5, 10, 60, 300
# The list of all cases, finished ones among them, is shown beside them.
WANTED = ["staff home", "board", "radar", "case page"]
CHORES = {
    "radar refit": "from musubi.cases.radar.learning import learn as work",
    "reminder pass": "from musubi.cases.tasks import remind as work",
}


def pages(city: Municipality) -> list[Page]:
    cookie = signed_in(city)
    case = Case.objects.filter(municipality=city, stage="trial").order_by("-pk").first()
    here = {name: reverse(f"staff-{name}", args=[city.slug]) for name in ("home", "cases", "radar")}
    return [
        Page("staff home", here["home"], cookie=cookie),
        Page("board", here["cases"], cookie=cookie),
        Page("list", f"{here['cases']}?view=list", cookie=cookie),
        Page("radar", here["radar"], cookie=cookie),
        Page("case page", reverse("staff-case", args=[city.slug, case.ref]), cookie=cookie),
    ]


def chore(name: str) -> dict:
    """One piece of the worker's work in a process of its own: seconds of the work, megabytes at its most, its answer."""
    # A business morning, whatever today is: nobody is reminded of anything on a Sunday.
    code = f"""
import json, resource, time
import django
django.setup()
{CHORES[name]}
from datetime import timedelta
from musubi.lib import clock
from musubi.lib.workdays import add_workdays
day = add_workdays(clock.today(), 0)
with clock.standing_at(clock.at(day, 9)):
    start = time.perf_counter()
    did = work()
seconds = time.perf_counter() - start
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"seconds": round(seconds, 2), "megabytes": round(most), "did": str(did)}}))
"""
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def measure(count: int, rounds: int) -> dict:
    """Loads so many open and finished cases into the emptied database and measures there."""
    fresh_database()
    forget_pages()
    rows = load_cases(count)
    settle_database()
    chores = {}
    for name in CHORES:
        tell(f"{name} over {count:,} cases")
        chores[name] = chore(name)
    settle_database()
    city = Municipality.objects.order_by("pk").first()
    tell(f"Measuring the pages with {count:,} cases, {rounds} times each")
    return {
        "cases": count,
        "rows": rows,
        "chores": chores,
        "pages": compare(pages(city), Page(BARE, "/"), rounds=rounds),
    }


def wanted(sizes: list[dict]) -> Wanted:
    small, large = sizes[0], sizes[-1]
    n, chores = large["cases"], large["chores"]
    passed = chores["reminder pass"]
    found = Wanted()
    found.at_most(
        f"seconds, radar refit, {n} finished cases", chores["radar refit"]["seconds"], REFIT_SECONDS
    )
    found.at_most(f"seconds, reminder pass, {n} open cases", passed["seconds"], REMINDER_SECONDS)
    found.at_most(f"megabytes, reminder pass, {n} open cases", passed["megabytes"], REMINDER_MEGABYTES)
    if small is not large:
        for name in WANTED:
            first, last = small["pages"][name]["statements"], large["pages"][name]["statements"]
            found.at_most(f"statements, {name}, {n}", last, first)
            found.at_most(f"{n} / {small['cases']} cases, {name}", growth(small, large, name), GROWTH)
    return found


def lines(size: dict) -> Iterator[str]:
    yield from (f"{size['cases']:,} open and as many finished cases", "")
    yield from page_lines(size["pages"])
    for name, work in size["chores"].items():
        yield f"{name:<30}{work['seconds']:>8.2f} s{work['megabytes']:>8} MB   {work['did']}"


if __name__ == "__main__":
    run(__doc__, sizes="100,10000,100000", rounds=40, measure=measure, wanted=wanted, lines=lines)
