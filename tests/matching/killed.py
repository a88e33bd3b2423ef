"""The index made or fed again and again, each time killed a little later, until it gets through.

python -m tests.matching.killed rebuild|follow STEP

Each try is a forked process that ends itself with SIGKILL at the n-th line it runs of what writes the index; n grows by
about STEP. After each the index must be there as before or be said not to be; at the end it is like the database.
Prints how many were killed.
"""

import os
import random
import signal
import sys


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


def is_killed(work, number: int, files: set[str]) -> bool:
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if not child:
        code = 1
        try:
            die_at(number, files)
            work()
            code = 0
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
    work = feed.rebuild if what == "rebuild" else feed.follow
    work_name = index.current(live.root()).name if what == "rebuild" else ""
    before = index.Reader(index.current(live.root())).keys()
    lottery, number, killed = random.Random(4), 1, 0
    while is_killed(lambda: work(), number, files):
        killed += 1
        number += lottery.randint(1, 2 * step)
        reader = index.Reader(index.current(live.root()))
        keys = reader.keys()
        whole = documents.every_key()
        # Whole steps only: as it was, or as it is to be.
        assert keys in (before, whole), (number, keys)
        # One that was killed keeps nobody out.
        index.Writer(reader.folder).close()
    if what == "rebuild":
        assert index.current(live.root()).name != work_name
    feed.follow()
    found = index.Reader(index.current(live.root())).keys()
    assert found == documents.every_key()
    assert not any(differing for _done, differing in feed.compared())
    feed.sweep()
    assert len([path for path in live.root().iterdir() if path.is_dir()]) <= 2
    return killed


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print("killed", run(sys.argv[1], int(sys.argv[2])))
