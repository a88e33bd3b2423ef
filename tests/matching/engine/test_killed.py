"""Killed at any moment, the index is as of its last commit, readers go on, and the lock is free."""

import os
import random
import shutil
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from musubi.matching.engine import index
from musubi.matching.engine.index import Entry, Generation, Reader, Writer, current
from musubi.matching.engine.model import Model

ROUNDS = 20
AT_FIRST = {f"old:{number}" for number in range(30)}
ANEW = {f"new:{number}" for number in range(20)}

processes = get_context("forkserver")
processes.set_forkserver_preload([__name__])


def an_entry(key: str) -> Entry:
    return Entry(key, frozenset({"need"}), f"海岸 {key}", "海岸", key.encode())


def make(root: Path, keys: set[str]) -> None:
    generation = Generation(root, Model())
    for key in sorted(keys):
        generation.writer.add(an_entry(key))
    generation.adopt()


@pytest.fixture
def root(tmp_path):
    make(tmp_path, AT_FIRST)
    return tmp_path


def keys_of(root: Path) -> set[str]:
    return Reader(current(root)).keys()


def tail(path: Path) -> list[str]:
    """The lines of a file that were written whole."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


# --- processes of their own ----------------------------------------------------------------------------------


def write(root: Path, name: str, told: Path) -> None:
    """Puts and removes one document after the other, and tells of each once it is committed."""
    writer = Writer(current(root))
    with told.open("a") as file:
        for number in range(1_000_000):
            writer.put(an_entry(f"{name}:{number}"))
            if number >= 10:
                writer.remove(f"{name}:{number - 10}")
            writer.commit()
            file.write(f"{number}\n")
            file.flush()


def build_again_and_again(root: Path, told: Path) -> None:
    for number in range(1_000_000):
        make(root, AT_FIRST | {f"build:{number}"})
        with told.open("a") as file:
            file.write(f"{number}\n")


def read(root: Path, told: Path, ended: Path) -> None:
    """Reads until told to end, and tells how often it did and whatever went wrong."""
    wanted = {"words": {"海岸": 1.0}}
    count, view = 0, Reader(current(root))
    try:
        while not ended.exists():
            if current(root) != view.folder:
                view = Reader(current(root))
            # Looked at anew each time, as often as can be.
            view._looked_at = 0
            found = view.search(wanted, limit=1_000)
            assert {key for key, *_ in found} >= AT_FIRST, found
            assert all(payload == key.encode() for key, payload, _score in found)
            count += 1
    except BaseException as problem:
        told.write_text(f"{count} {problem!r}\n")
        raise
    told.write_text(f"{count}\n")


def build_and_die(root: Path, step: int) -> None:
    """Builds, and is killed before the step of that number."""
    taken = 0

    def with_a_step(function):
        def stepping(*given, **named):
            nonlocal taken
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)
            taken += 1
            return function(*given, **named)

        return stepping

    for owner, name in (
        (Model, "save"), (Writer, "__init__"), (Writer, "add"), (Writer, "commit"), (Writer, "close"),
        (os, "fsync"), (Path, "replace"), (Path, "mkdir"), (Path, "open"), (shutil, "rmtree"), (index, "write_whole"),
    ):  # fmt: skip
        setattr(owner, name, with_a_step(getattr(owner, name)))
    make(root, ANEW)


def started(target, *given):
    process = processes.Process(target=target, args=given, daemon=True)
    process.start()
    return process


# --- rounds --------------------------------------------------------------------------------------------------


def test_writer_killed_again_and_again_loses_nothing_and_stops_nobody(root, tmp_path_factory):
    away = tmp_path_factory.mktemp("told")
    chance = random.Random(5)
    readers = [started(read, root, away / f"reader{number}", away / "end") for number in range(2)]
    for number in range(ROUNDS):
        told = away / f"writer{number}"
        writer = started(write, root, f"w{number}", told)
        deadline = time.monotonic() + 60
        while not tail(told) and time.monotonic() < deadline:
            assert writer.is_alive()
            time.sleep(0.005)
        time.sleep(chance.random() * 0.15)
        writer.kill()
        writer.join()

        # The lock is free at once.
        Writer(current(root)).close()
        found = keys_of(root)
        assert found >= AT_FIRST
        last = int(tail(told)[-1])
        mine = {int(key.partition(":")[2]) for key in found if key.startswith(f"w{number}:")}
        # All that was told to be there, and at most the one commit that nobody was told of any more.
        assert mine in (set(range(max(last - 9, 0), last + 1)), set(range(max(last - 8, 0), last + 2)))
    (away / "end").touch()
    for number, reader in enumerate(readers):
        reader.join(60)
        count = (away / f"reader{number}").read_text()
        assert reader.exitcode == 0, count
        assert int(count) > ROUNDS


def test_builder_killed_again_and_again_leaves_an_index_of_one_piece(root, tmp_path_factory):
    away = tmp_path_factory.mktemp("told")
    chance = random.Random(6)
    for number in range(ROUNDS // 2):
        told = away / f"builder{number}"
        builder = started(build_again_and_again, root, told)
        time.sleep(0.05 + chance.random() * 0.3)
        builder.kill()
        builder.join()
        found = keys_of(root)
        assert found >= AT_FIRST
        (*made,) = (key for key in found - AT_FIRST)
        done = tail(told)
        if done:
            last = int(done[-1])
            assert made in ([f"build:{last}"], [f"build:{last + 1}"])
        else:
            assert len(made) <= 1
    make(root, ANEW)
    assert keys_of(root) == ANEW
    assert len([folder for folder in root.iterdir() if folder.is_dir()]) == 2


def test_builder_killed_before_each_step_leaves_the_old_index_or_the_new(root):
    found = []
    for step in range(1_000):
        builder = started(build_and_die, root, step)
        builder.join(60)
        found.append(keys_of(root))
        assert found[-1] in (AT_FIRST, ANEW), step
        if builder.exitcode == 0:
            break
        assert builder.exitcode == -signal.SIGKILL
        if found[-1] == ANEW:
            make(root, AT_FIRST)
    # Every step was stood before, on both sides of the switch.
    assert step > 30
    assert found[0] == AT_FIRST
    assert found[-1] == ANEW
    assert found.count(ANEW) > 1
