"""Two workers in the same round at the same time, and one killed in its middle: real threads on PostgreSQL."""

import threading
import time
from collections import Counter
from datetime import date

import pytest
from django.db import connection, connections

from musubi.ball import tasks
from musubi.ball.models import Digest, Reminder, Round
from musubi.cases import actions
from musubi.cases import tasks as cases
from musubi.lib import clock
from musubi.notify.models import Delivery, Notice
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_staff

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DAY = date(2026, 6, 15)


@pytest.fixture
def many(monkeypatch):
    """Ninety cases of three owners, all due on the day, in chunks of seven."""
    monkeypatch.setattr(tasks, "CHUNK", 7)
    city = make_municipality()
    section = make_department(city)
    with clock.standing_at(date(2026, 6, 1)):
        for officer in [make_staff(city, "officer", section) for _ in range(3)]:
            for _ in range(30):
                case = make_contact(city, officer=officer)
                actions.hand_ball(case, section, by=officer, next_step="返事をする", due_on=DAY)
    return city


def at_once(*functions) -> list:
    """Run the functions in threads that start together; returns what each gave or raised."""
    barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(i, function):
        try:
            barrier.wait(10)
            with clock.standing_at(DAY):
                results[i] = function()
        except BaseException as error:
            results[i] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_three_workers_in_the_same_round_remind_of_everything_once(many):
    assert sum(at_once(cases.remind, cases.remind, cases.remind)) == 90
    told = Counter(Notice.objects.values_list("user_id", "path"))
    assert (len(told), set(told.values()), Reminder.objects.count()) == (90, {1}, 90)
    assert Round.objects.get(name="case").day == DAY


def test_three_workers_write_each_digest_once(many):
    assert sum(at_once(cases.write_digests, cases.write_digests, cases.write_digests)) == 3
    assert (Digest.objects.count(), Delivery.objects.count()) == (3, 3)


class Killed(BaseException):
    pass


def test_worker_killed_beside_another_leaves_nothing_unsaid(many):
    """The first dies after it has claimed a chunk and before it has told of it, while the second waits for it."""
    claimed = threading.Event()

    def dies():
        def kill(execute, sql, *arguments):
            if 'INSERT INTO "notify_notice"' in sql:
                claimed.set()
                time.sleep(0.5)
                raise Killed
            return execute(sql, *arguments)

        with connection.execute_wrapper(kill):
            cases.remind()

    def follows():
        claimed.wait(10)
        return cases.remind()

    results = at_once(dies, follows)
    assert (type(results[0]), results[1]) == (Killed, 90)
    told = Counter(Notice.objects.values_list("user_id", "path"))
    assert (len(told), set(told.values()), Reminder.objects.count()) == (90, {1}, 90)
