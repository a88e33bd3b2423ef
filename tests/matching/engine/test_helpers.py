import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from musubi.matching.engine.helpers import Helpers
from musubi.matching.engine.index import Reader, current
from musubi.matching.engine.matcher import NEED, SEED, Document, Matcher, Question, build

ROOT = Path(__file__).parents[3]
PLACES = ("海岸", "空き家", "商店街", "通学路", "図書館", "里山", "漁港")
DEEDS = ("清掃", "見守り", "調査", "案内", "修繕", "再生")


def of_process(thing, offset):
    return thing + offset, os.getpid()


def end_abruptly(thing):
    if thing == 250:
        os.kill(os.getpid(), signal.SIGKILL)
    return thing


def test_results_come_in_order_from_several_processes():
    with Helpers(2, alone=50) as helpers:
        found = list(helpers.each(of_process, iter(range(1_000)), 7))
    assert [value for value, _pid in found] == list(range(7, 1_007))
    assert {pid for _value, pid in found[:50]} == {os.getpid()}
    assert os.getpid() not in {pid for _value, pid in found[50:]}


def test_few_things_start_no_process():
    with Helpers(2, alone=50) as helpers:
        assert {pid for _value, pid in helpers.each(of_process, range(50), 0)} == {os.getpid()}
    with Helpers(0, alone=1) as helpers:
        assert {pid for _value, pid in helpers.each(of_process, range(500), 0)} == {os.getpid()}


def test_things_are_read_only_as_they_are_needed():
    read = 0

    def things():
        nonlocal read
        for number in range(100_000):
            read += 1
            yield number

    with Helpers(1, alone=10) as helpers:
        results = helpers.each(of_process, things(), 0)
        for _result in range(20):
            next(results)
    assert read < 2_000


def test_a_killed_helper_is_an_error_and_not_an_endless_wait():
    with Helpers(1, alone=10) as helpers, pytest.raises(BrokenProcessPool):
        list(helpers.each(end_abruptly, range(1_000)))


def test_helpers_end_with_the_process_they_help(tmp_path):
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from musubi.matching.engine.helpers import Helpers
from tests.matching.engine.test_helpers import of_process
with Helpers(2, alone=1) as helpers:
    pids = {{pid for _value, pid in helpers.each(of_process, range(2_000), 0)}} - {{os.getpid()}}
    print(*pids, flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    pids = [int(pid) for pid in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL
    assert pids
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() and running(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.05)


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_index_made_by_several_processes_is_the_same(tmp_path):
    documents = [
        Document(f"solution:{i}", SEED, PLACES[i % 7], f"{PLACES[i % 5]}の{DEEDS[i % 6]}を{i % 11}回行う。{DEEDS[i % 4]}も。")
        for i in range(1_800)
    ]  # fmt: skip
    answers = []
    for name, helpers in (("alone", 0), ("helped", 2)):
        root = tmp_path / name
        build(root, iter(documents), sample=documents[::3], helpers=helpers)
        reader = Reader(current(root))
        assert reader.keys() == {document.key for document in documents}
        matches = Matcher(reader).match(Question(NEED, "", "空き家の修繕と調査をしたい"), marks=[SEED])
        answers.append(sorted(match.score for match in matches))
    assert answers[0] == answers[1]
