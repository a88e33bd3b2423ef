"""The same work on many things, spread over the cores of this machine when there are enough of them."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import batched, islice
from multiprocessing import connection, get_context, parent_process

# Starting a helper and loading its dictionary takes as long as a few hundred texts.
ALONE, BATCH, MOST = 1_500, 100, 8


class Helpers:
    """Other processes of this one's code. None is started before so many things have been done `alone`, none where
    there is but one core, or where `wanted` is 0."""

    def __init__(self, wanted: int | None = None, *, alone: int = ALONE, batch: int = BATCH):
        self.alone, self.batch = alone, batch
        mine = getattr(os, "sched_getaffinity", None)
        cores = len(mine(0)) if mine else os.cpu_count() or 1
        self.count = (min(cores, MOST) if cores > 1 else 0) if wanted is None else wanted
        self._done_here = 0
        self._pool = None

    def __enter__(self) -> "Helpers":
        return self

    def __exit__(self, *error) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each[Thing, Result](
        self, work: Callable[..., Result], things: Iterable[Thing], *given
    ) -> Iterator[Result]:
        """`work(thing, *given)` of each thing, in their order; things are read as they are needed. `work` is a function
        of a module, and what it takes and gives can be pickled. Raises BrokenProcessPool where a helper was killed."""
        things = iter(things)
        for thing in islice(things, max(self.alone - self._done_here, 0)) if self.count else things:
            self._done_here += 1
            yield work(thing, *given)
        waiting = deque()
        for batch in batched(things, self.batch):
            waiting.append(self._started().submit(_do, work, batch, given))
            if len(waiting) > 3 * self.count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def _started(self):
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor

            # Not forked: the parent has threads (the index's writer) and connections of its own.
            self._pool = ProcessPoolExecutor(self.count, get_context("spawn"), initializer=_begin)
        return self._pool


def _do(work: Callable, batch: Iterable, given: tuple) -> list:
    return [work(thing, *given) for thing in batch]


def _begin() -> None:
    """A helper ends with the process it helps, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    connection.wait([parent_process().sentinel])
    os._exit(1)
