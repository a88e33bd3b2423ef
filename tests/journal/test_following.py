import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from musubi.journal import following
from musubi.journal.following import Late, Position
from musubi.journal.models import Entry
from musubi.lib import clock
from tests.factories.notify import make_entry
from tests.factories.people import make_municipality


def entries(count: int) -> list[int]:
    city = make_municipality(desk=False)
    return [make_entry("test.done", thing=city).pk for _ in range(count)]


def read(position: Position, most: int = following.BATCH) -> tuple[list[int], Position]:
    found, further = following.after(position, most)
    return [entry.pk for entry in found], further


def test_after_gives_each_entry_once_in_batches(db):
    start = following.now()
    written = entries(5)
    first, position = read(start, 3)
    second, position = read(position, 3)
    assert first + second == written
    assert read(position) == ([], position)


def test_now_is_behind_all_there_is(db):
    entries(3)
    assert read(following.now())[0] == []


def test_position_survives_being_written_down(db):
    entries(2)
    late = Late(7, 9, clock.now(), 1234)
    position = Position(following.now().top, following.now().at, (late,))
    assert Position.from_json(position.as_json()) == position
    assert Position.from_json(Position().as_json()) == Position()


@pytest.mark.parametrize("told", [{}, {"top": "x", "at": None, "late": []}, {"top": 1, "at": 3, "late": []}])
def test_position_that_was_never_written_is_refused(told):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Position.from_json(told)


def test_position_of_another_journal_is_known(db):
    entries(2)
    position = following.now()
    assert position.is_of_this_journal
    Entry.objects.filter(pk=position.top).update(at=clock.now() - timedelta(days=1))
    assert not position.is_of_this_journal
    Entry.objects.all().delete()
    assert not position.is_of_this_journal
    assert following.now().is_of_this_journal


def test_behind_counts_what_was_not_read(db):
    position = following.now()
    entries(4)
    assert following.behind(position) == 4


def begin() -> Position:
    """A position from which nothing is late: other tests have used up ids."""
    entries(1)
    return Position(following.now().top, following.now().at)


class Slow:
    """Somebody whose transaction has written an entry and is not committed yet."""

    def __init__(self, *, commits: bool = True):
        self.commits, self.written, self.go_on = commits, threading.Event(), threading.Event()
        self.pk = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            with transaction.atomic():
                (self.pk,) = entries(1)
                self.written.set()
                self.go_on.wait(20)
                if not self.commits:
                    transaction.set_rollback(True)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.written.wait(20)
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        self.go_on.set()
        self.thread.join(20)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_entry_committed_after_later_ones_is_not_missed():
    position = begin()
    with Slow() as slow:
        written = entries(3)
        found, position = read(position)
        assert found == written
        assert min(written) > slow.pk
        # However often it is looked for, and whatever is read meanwhile.
        for _ in range(3):
            found, position = read(position)
            assert found == []
        more = entries(2)
        found, position = read(position)
        assert found == more
        slow.end()
        found, position = read(Position.from_json(position.as_json()))
        assert found == [slow.pk]
    assert read(position) == ([], position)
    assert position.late == ()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_entry_not_committed_when_the_follower_began_is_not_missed():
    with Slow() as slow:
        entries(2)
        position = following.now()
        slow.end()
        assert read(position)[0] == [slow.pk]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_entry_that_was_rolled_back_is_not_looked_for_for_ever():
    position = begin()
    now = clock.now()
    with Slow(commits=False) as slow:
        entries(1)
        _found, position = read(position)
        assert [(one.first, one.last) for one in position.late] == [(slow.pk, slow.pk)]
        with clock.standing_at(now + timedelta(minutes=1)):
            _found, position = read(position)
            # Noted, but while it is at work it may still commit.
            _found, position = read(position)
            assert len(position.late) == 1
            slow.end()
            found, position = read(position)
            # Other databases of this server share its transaction numbers: tests beside this one may hold it up.
            deadline = time.monotonic() + 60
            while position.late and time.monotonic() < deadline:
                time.sleep(0.2)
                more, position = read(position)
                found += more
    assert (found, position.late) == ([], ())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_late_ones_arrive_one_by_one():
    position = begin()
    with Slow() as first, Slow() as second:
        last = entries(1)
        found, position = read(position)
        assert found == last
        second.end()
        found, position = read(position)
        assert found == [second.pk]
        first.end()
        found, position = read(position)
        assert found == [first.pk]
    assert position.late == ()
