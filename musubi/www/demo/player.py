"""Playing stories. A story is a generator: it yields the moment of its next step and then acts at that moment.

    def litter_bags(town):
        yield day(2022, 9, 1)
        challenge = actions.draft_challenge(…)
        yield day(2022, 9, 8)
        actions.ask_for_check(challenge, …)

All stories are played together, the earliest step first, with the product's clock standing at it, so that
reference numbers, the journal and everybody's notices come out in the order in which things happened.
"""

import heapq
from collections.abc import Callable, Generator, Iterable
from datetime import date, datetime, timedelta
from itertools import count

from musubi.lib import clock
from musubi.lib.workdays import is_workday

type Story = Generator[datetime]

# Steps of one story on one day come one after the other, as people act.
PAUSE = timedelta(minutes=25)


class OutOfOrder(Exception):
    """A story went back in time, or past the end of the play."""


def day(year: int, month: int, number: int, hour: int = 10, minute: int = 0) -> datetime:
    return clock.at(date(year, month, number), hour, minute)


def open_day(wanted: date, step: int = -1) -> date:
    """`wanted`, or the next working day before it (`step` 1: after it)."""
    while not is_workday(wanted):
        wanted += timedelta(days=step)
    return wanted


def play(
    stories: Iterable[Story], *, until: datetime, after: Callable[[datetime], None] = lambda moment: None
) -> int:
    """Play the stories to their ends; returns the number of steps.

    `after` is called behind each step with its moment, the clock still standing there. Raises `OutOfOrder` where
    a story yields an earlier day than before, or a moment later than `until`.
    """
    queue: list[tuple[datetime, int, Story]] = []
    number = count()

    def wait(story: Story, last: datetime | None) -> None:
        try:
            moment = next(story, None)
        except Exception as error:
            error.add_note(f"in the story {story.__qualname__}, step after {last}")
            raise
        if moment is None:
            return
        if last is not None and moment <= last:
            if moment.date() < last.date():
                raise OutOfOrder(f"{story.__qualname__}: {moment:%Y-%m-%d} after {last:%Y-%m-%d}")
            moment = last + PAUSE
        if moment > until:
            raise OutOfOrder(f"{story.__qualname__}: {moment:%Y-%m-%d %H:%M} has not come yet")
        heapq.heappush(queue, (moment, next(number), story))

    for story in stories:
        wait(story, None)
    steps = 0
    while queue:
        moment, _number, story = heapq.heappop(queue)
        with clock.standing_at(moment):
            # The step's own code runs until the story names its next moment.
            wait(story, moment)
            after(moment)
        steps += 1
    return steps
