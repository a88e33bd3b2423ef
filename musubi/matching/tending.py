"""Looks after this machine's index for as long as a process runs: feeds it, compares it at night, has it made anew.

It is made anew by a process of its own, of low priority: feeding goes on meanwhile, the memory it takes is given back,
and it ends with the one that began it. This is no periodic work of the worker's: that is done once for the whole
installation, but each machine has an index of its own.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection

from musubi.lib import clock
from musubi.matching import feed, live

# Between two looks at the journal. With what a commit takes, and a reader's own look, well under two seconds.
POLL = 0.6
BUSY = 3.0
PAUSE = 10.0
LOOK_OVER = 60.0
# Made anew by itself more often than this within an hour, something else is wrong: then it waits, longer each time.
OFTEN, LONGEST_WAIT = 3, 3600.0
SAID_AGAIN = 3600.0
# What `index --rebuild` ends with while another process makes the index.
MADE_BY_ANOTHER = 75

log = logging.getLogger(__name__)


def tend(stop: Callable[[], bool], *, once: bool = False) -> None:
    """Look after the index until `stop` says so; with `once`, bring it up to date and return. Never raises."""
    if settings.INDEX_DIR is None:
        return
    tender = Tender()
    try:
        while not stop():
            wait = tender.turn_here() if once else tender.turn()
            if once and wait:
                return
            end = time.monotonic() + wait
            while not stop() and (left := end - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
    finally:
        tender.close()


class Tender:
    """One process's way of looking after the index: `turn` by `turn`."""

    def __init__(self) -> None:
        self.feeder = feed.Feeder()
        self._making: subprocess.Popen | None = None
        self._made: list[float] = []
        self._differed = 0
        self._is_made = False
        self._not_before = 0.0
        self._looked_at = 0.0
        self._comparing: Iterator[tuple[int, set[str]]] | None = None
        self._said: dict[str, float] = {}

    def turn(self) -> float:
        """Do what is next; returns the seconds to wait before the next turn. Never raises."""
        from musubi.matching.engine.index import Busy, Preparing

        try:
            try:
                self._see_what_was_made()
                self._look_over()
                taken = self.feeder.step()
                more = self._compare()
            except Preparing as problem:
                self._comparing = None
                if self._is_made and self._making is None:
                    return self._give_up(problem)
                self._have_made(str(problem), log.warning)
                return POLL if self._making else BUSY
            self._is_made = False
            return 0.0 if taken or more else POLL
        except Busy:
            self._comparing = None
            return BUSY
        except Exception:
            return self._stand_back("the index cannot be looked after; trying again")

    def turn_here(self) -> float:
        """The same without another process: what is to be made is made at once. Not zero when all is done."""
        from musubi.matching.engine.index import Busy, Preparing, Reader, current

        try:
            try:
                Reader(current(live.root()), embed=live.embed())
                return 0.0 if self.feeder.step() else POLL
            except Preparing as problem:
                if self._made:
                    raise
                self._made.append(time.monotonic())
                log.warning("making the index anew: %s", problem)
                feed.rebuild()
                return 0.0
        except Busy:
            return BUSY
        except Exception:
            return self._stand_back("the index cannot be brought up to date")

    def close(self) -> None:
        self.feeder.close()
        if self._making is not None:
            self._making.terminate()
            try:
                self._making.wait(5)
            except subprocess.TimeoutExpired:
                self._making.kill()
                self._making.wait()
        connection.close()

    def _look_over(self) -> None:
        """From time to time: can the index be read at all, is anything left behind, is it time to learn or to compare?"""
        from musubi.matching.engine.index import Reader, current

        if time.monotonic() - self._looked_at < LOOK_OVER:
            return
        self._looked_at = time.monotonic()
        Reader(current(live.root()), embed=live.embed())
        if self._making is None:
            feed.sweep()
            if why := feed.why_learn_again():
                self._have_made(why, log.info)
        if self._comparing is None and feed.is_to_be_compared():
            self.feeder.open()  # only one compares: the one that can mend
            self._comparing, self._differed = feed.compared(), 0

    def _compare(self) -> bool:
        """One piece of the nightly comparison; whether there is more of it."""
        if self._comparing is None:
            return False
        _looked_at, keys = next(self._comparing, (0, None))
        if keys is None:
            self._comparing = None
            self.feeder.mend(set(), compared_at=clock.now())
            if self._differed:
                log.warning("%s documents of the index were not as in the database", self._differed)
            return False
        if keys:
            self.feeder.mend(keys)
            self._differed += len(keys)
        return True

    # --- made anew

    def _have_made(self, why: str, say: Callable) -> None:
        if self._making is not None or time.monotonic() < self._not_before:
            return
        say("making the index anew: %s", why)
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "index", "--rebuild", "--beside"]
        # It watches this pipe and ends with us.
        self._making = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def _see_what_was_made(self) -> None:
        if self._making is None or (code := self._making.poll()) is None:
            return
        self._making.stdin.close()
        self._making = None
        if code == MADE_BY_ANOTHER:
            self._not_before = time.monotonic() + BUSY
            return
        now = time.monotonic()
        self._made = [at for at in self._made if now - at < LONGEST_WAIT] + [now]
        too_often = len(self._made) - OFTEN + 1
        wait = 0.0 if too_often < 1 and code == 0 else min(30.0 * 2 ** max(too_often, 0), LONGEST_WAIT)
        self._not_before = now + wait
        self._looked_at = 0.0
        self._is_made = code == 0
        if self._is_made:
            log.info("the index is made")
        else:
            log.error("the index could not be made (exit status %s); once more in %.0f s", code, wait)

    def _give_up(self, problem: Exception) -> float:
        """What was just made by the code on the disk is not what this process reads."""
        log.error(
            "the index was made, and still cannot be read (%s): was the code changed? Start this process again",
            problem,
        )
        self._is_made = False
        self._not_before = time.monotonic() + LONGEST_WAIT
        return BUSY

    def _stand_back(self, words: str) -> float:
        """Say what went wrong, the same not again and again, and wait."""
        self._comparing = None
        self.feeder.close()
        error = sys.exc_info()[1]
        said = f"{words}: {type(error).__name__}: {error}"
        if time.monotonic() - self._said.get(said, -SAID_AGAIN) >= SAID_AGAIN:
            self._said = {said: time.monotonic()}
            log.error(said, exc_info=not isinstance(error, OSError))
        connection.close()
        return PAUSE
