import threading
import time

import pytest

from musubi.matching import feed, goals, live
from musubi.matching.engine import index as engine
from musubi.matching.engine.index import Preparing
from tests.factories.challenges import make_challenge


class Gate:
    """Opening an index that takes as long as is wanted; counts how often it was done."""

    def __init__(self, monkeypatch):
        self.opened, self.begun, self.go_on = 0, threading.Event(), threading.Event()
        real = engine.Reader

        def slowly(*arguments, **words):
            self.opened += 1
            self.begun.set()
            self.go_on.wait(20)
            return real(*arguments, **words)

        monkeypatch.setattr(engine, "Reader", slowly)


def in_thread(results: list) -> threading.Thread:
    def run():
        try:
            results.append(live.matcher())
        except Preparing as problem:
            results.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_matcher_is_opened_once_for_all_threads(index, monkeypatch):
    index()
    gate, results = Gate(monkeypatch), []
    gate.go_on.set()
    threads = [in_thread(results) for _ in range(8)]
    for thread in threads:
        thread.join(20)
    assert (gate.opened, len(results), len(set(map(id, results)))) == (1, 8, 1)


def test_thread_does_not_wait_long_for_the_one_that_opens(index, monkeypatch):
    index()
    monkeypatch.setattr(live, "WAIT_SECONDS", 0.05)
    gate, first = Gate(monkeypatch), []
    thread = in_thread(first)
    assert gate.begun.wait(20)
    with pytest.raises(Preparing, match="being opened"):
        live.matcher()
    gate.go_on.set()
    thread.join(20)
    assert live.matcher() is first[0]


def test_threads_go_on_with_the_last_generation_while_the_next_is_opened(index, monkeypatch):
    index()
    before = live.matcher()
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    feed.rebuild()
    gate, results = Gate(monkeypatch), []
    thread = in_thread(results)
    assert gate.begun.wait(20)
    begin = time.monotonic()
    assert live.matcher() is before
    assert time.monotonic() - begin < live.WAIT_SECONDS
    gate.go_on.set()
    thread.join(20)
    assert results[0] is not before
    assert live.matcher() is results[0]


def test_new_generation_is_seen_after_a_moment(index, monkeypatch):
    index()
    assert live.matcher().reader.keys() == set()
    challenge = make_challenge()
    feed.rebuild()
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    assert live.matcher().reader.keys() == {f"challenge:{challenge.pk}"}


def test_failure_to_open_does_not_keep_the_lock(index):
    with pytest.raises(Preparing):
        live.matcher()
    index()
    assert live.matcher() is live.matcher()


def test_warm_up_opens_what_there_is_and_does_not_mind_nothing(index, settings):
    live.warm_up()
    index()
    live.warm_up()
    assert live._kept
    settings.INDEX_DIR = None
    live.warm_up()


def test_warm_up_learns_the_words_of_the_goals(settings):
    settings.INDEX_DIR = None
    goals._model.cache_clear()
    live.warm_up()
    assert goals._model.cache_info().currsize == 1
