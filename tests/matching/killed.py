"""The index made or fed again and again, each time killed a little later, until it gets through.

python -m tests.matching.killed rebuild|follow STEP

Each try is a forked process that ends itself with SIGKILL at the n-th line it runs of what writes the index; n grows by
about STEP. After each the index must be there, as before or as it is to be; at the end it is like the database. Prints
how many were killed.
"""

import faulthandler
import os
import random
import signal
import sys
from collections.abc import Callable


def die_at(number: int, files: set[str]) -> None:
    """Kill this process at the n-th line of these files."""
    left = number

    def line(frame, event, _argument):
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    sys.settrace(line)


def is_killed(work: Callable[[], object]) -> bool:
    """Do something in a process of its own: this one stays without threads and connections, and can be forked again."""
    child = os.fork()
    if not child:
        code = 1
        try:
            faulthandler.dump_traceback_later(60, exit=True)
            work()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "it failed without being killed"
    return False


def run(what: str, step: int) -> int:
    from musubi.matching import documents, feed, live
    from musubi.matching.engine import analysis, index, matcher  # noqa: F401  loaded before the first fork

    analysis.analyse("準備")
    files = {feed.__file__, index.__file__}
    noted = live.root() / ".before"

    def current() -> index.Reader:
        return index.Reader(index.current(live.root()))

    def begin() -> None:
        noted.write_text(" ".join(sorted(current().keys())))

    def work() -> None:
        die_at(number, files)
        feed.rebuild(helpers=0) if what == "rebuild" else feed.follow()

    def check() -> None:
        reader = current()
        # Whole steps only: as it was, or as it is to be.
        assert reader.keys() in (set(noted.read_text().split()), documents.every_key()), number
        # One that was killed keeps nobody out.
        index.Writer(reader.folder).close()

    def finish() -> None:
        feed.follow()
        assert current().keys() == documents.every_key()
        assert not any(differing for _done, differing in feed.compared())
        feed.sweep()
        assert len(list(live.root().glob("2*"))) <= 2

    is_killed(begin)
    lottery, number, killed = random.Random(4), 1, 0
    while is_killed(work):
        killed += 1
        number += lottery.randint(1, 2 * step)
        is_killed(check)
    is_killed(finish)
    return killed


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print("killed", run(sys.argv[1], int(sys.argv[2])))
