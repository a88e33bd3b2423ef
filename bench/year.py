"""A year of a busy city through the actions, 901 activities of 74 organisations, with a worker that keeps dying.

    script/bench year [--json] [--seed N] [--days N]

The same year that `tests/test_year.py` checks; here it is timed: what an activity takes (all tries included), what
the worker's morning takes, and that nothing was left without a holder or reminded of twice.
"""

import argparse
import json
import time
from statistics import median

from bench.lib.house import describe_database, fresh_database, open_house, tell

if __name__ == "__main__":
    open_house()

from django.conf import settings
from django.test.utils import setup_test_environment

from musubi.notify import tasks as worker
from tests import year


class Timed(year.Year):
    """A year that keeps the seconds of each activity and of each morning's round."""

    acts: list[float]
    mornings: list[float]

    def act(self) -> None:
        self.acts.append(_seconds(super().act))

    def work(self) -> None:
        self.mornings.append(_seconds(super().work))
        if len(self.mornings) % 60 == 0:
            tell(
                f"{len(self.mornings)} mornings, {self.activities} activities, {self.deaths} deaths of the worker"
            )


def _seconds(do) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--days", type=int, default=365)
    given = parser.parse_args()
    fresh_database()
    setup_test_environment()  # mails stay in memory
    settings.MAIL_CONFIGURED = True
    worker.discover()
    Timed.acts, Timed.mornings = [], []
    start = time.perf_counter()
    lived = year.live(given.seed, days=given.days, made=Timed)
    seconds = time.perf_counter() - start
    doubled = year.reminded([table.kind for table in year.TABLES]) ^ lived.expected
    result = {
        "database": describe_database(),
        "seconds": round(seconds, 1),
        "activities": lived.activities,
        "deaths": lived.deaths,
        "days_down": lived.days_down,
        "reminders": len(lived.expected),
        "milliseconds_activity": round(median(lived.acts) * 1000, 1),
        "milliseconds_morning": round(median(lived.mornings) * 1000, 1),
        "wanted": [
            {"name": "reminders missed or too many", "value": len(doubled), "limit": 0, "ok": not doubled}
        ],
    }
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        print(f"{name:<24}{value}")


if __name__ == "__main__":
    main()
