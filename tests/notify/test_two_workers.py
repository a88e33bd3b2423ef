"""Workers side by side, and workers that are killed: real threads, real processes, a real SMTP server."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, connections

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify import tasks
from musubi.notify.actions import tell
from musubi.notify.models import Chore, Delivery, Notice
from musubi.notify.registry import Letter
from tests.factories.notify import make_delivery, make_entry, registered
from tests.factories.people import make_municipality, make_user


def at_once(*functions):
    """Run the functions in threads that start together; returns what each gave or raised."""
    barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(i, function):
        try:
            barrier.wait(10)
            results[i] = function()
        except Exception as error:
            results[i] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i, f)) for i, f in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_and_mail_everything_once(kind, smtp):
    users = [make_user() for _ in range(2)]
    city = make_municipality(desk=False)
    for _ in range(150):
        make_entry("test.done", *users, thing=city)

    def work():
        call_command("work", once=True)

    assert at_once(work, work, work) == [None, None, None]
    # One may leave while another still holds the last rows; nothing stays behind after all have ended.
    assert Entry.objects.filter(done_at=None).count() == 0
    told = Counter(Notice.objects.values_list("entry_id", "user_id"))
    assert (len(told), max(told.values())) == (300, 1)
    work()
    assert Delivery.objects.exclude(state="sent", attempts=1).count() == 0
    assert (len(smtp.mails), len(set(smtp.message_ids))) == (300, 300)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_entry_make_one_notice():
    user = make_user()

    def slowly(entry):
        time.sleep(0.3)
        yield Letter(user, "件名", "", "")

    with registered("test.slow", slowly):
        entry = make_entry("test.slow")
        made = at_once(lambda: len(tell(entry)), lambda: len(tell(entry)))
    assert sorted(made) == [0, 1]
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_slow_worker_does_not_undo_what_the_next_one_did(smtp, monkeypatch):
    """The first sits on a mail beyond its lease; the second sends it; the first's failure changes nothing."""
    row = make_delivery()
    taken, go_on = threading.Event(), threading.Event()
    real = tasks.mail.send

    def stuck(mail, line):
        if not taken.is_set():
            taken.set()
            go_on.wait(10)
            raise RuntimeError("late")
        return real(mail, line)

    monkeypatch.setattr(tasks.mail, "send", stuck)

    def second():
        taken.wait(10)
        with clock.standing_at(clock.now() + tasks.LEASE):
            tasks.send_waiting()
        go_on.set()

    assert at_once(tasks.send_waiting, second) == [1, None]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error, len(smtp.mails)) == ("sent", 2, "", 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_do_periodic_work_once(monkeypatch):
    done = []
    monkeypatch.setattr(tasks, "PERIODIC", {})

    @tasks.periodic("試験")
    def work():
        time.sleep(0.2)
        done.append(1)

    assert sorted(at_once(tasks.do_chores, tasks.do_chores, tasks.do_chores)) == [0, 0, 1]
    assert (len(done), Chore.objects.get().claimed_at) == (1, None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_claims_at_once_never_overlap():
    now = clock.now()
    Delivery.objects.bulk_create(
        Delivery(address="a@example.jp", subject="x", body="x", created_at=now, next_try_at=now)
        for _ in range(4 * tasks.BATCH)
    )

    def claim():
        return tasks._claim(
            Delivery.objects.filter(state="queued").order_by("id"), clock.now(), state="sending"
        )

    claims = at_once(claim, claim, claim, claim)
    assert [len(ids) for ids in claims] == [tasks.BATCH] * 4
    assert len(set().union(*claims)) == 4 * tasks.BATCH


# --- killed


def database_url() -> str:
    """The test database's address, for another process."""
    here = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(Path(here['NAME']).absolute()))}"
    host, port = quote(str(here["HOST"]), safe=""), f":{here['PORT']}" if here["PORT"] else ""
    word = f":{quote(here['PASSWORD'])}" if here["PASSWORD"] else ""
    return f"postgres://{here['USER']}{word}@{host}{port}/{here['NAME']}"


def worker(smtp, *arguments, lease="300"):
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "EMAIL_URL": smtp.url,
        "MUSUBI_VAR": str(django_settings.VAR_DIR),
        "MUSUBI_INDEX": "",
        "MUSUBI_STATIC_MANIFEST": "0",
        "MUSUBI_DEMO": "0",
        "MUSUBI_SECRET_KEY": "x" * 50,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.notify.worker", lease, "work", *arguments],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_worker_killed_while_sending_leaves_nothing_behind(smtp):
    """kill -9 in the middle of a mail; the next worker sends the rest, and nothing but that one mail again."""
    user, city = make_user(), make_municipality(desk=False)
    for _ in range(60):
        make_entry("test.done", user, thing=city)
    reached, killed = threading.Event(), threading.Event()

    def hold_the_tenth():
        if len(smtp.mails) == 10:
            reached.set()
            killed.wait(30)

    smtp.on_data = hold_the_tenth
    first = worker(smtp)
    assert reached.wait(30)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    killed.set()
    assert Delivery.objects.filter(state="sending").count() > 1
    wait_until(lambda: len(smtp.mails) == 11)

    time.sleep(1)
    output, _ = (second := worker(smtp, "--once", lease="1")).communicate(timeout=60)
    assert second.returncode == 0, output.decode()
    assert Notice.objects.values("entry_id").distinct().count() == Notice.objects.count() == 60
    assert Delivery.objects.filter(state="sent").count() == 60
    seen = Counter(smtp.message_ids)
    # The mail whose fate the first could not note goes out twice, recognisably; all others once.
    assert sorted(seen.values()) == [1] * 59 + [2]
    assert Counter(Delivery.objects.values_list("attempts", flat=True)) == {1: 59, 2: 1}


@pytest.mark.django_db(transaction=True)
def test_worker_killed_at_any_moment_tells_all_once_in_the_end(smtp):
    user, city = make_user(), make_municipality(desk=False)
    for _ in range(200):
        make_entry("test.done", user, thing=city)
    for share in (1, 60, 120):
        process = worker(smtp, lease="0.2")
        wait_until(lambda share=share: Notice.objects.count() >= share)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        time.sleep(0.3)
    process = worker(smtp, "--once", lease="0.2")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output.decode()
    assert Entry.objects.filter(done_at=None).count() == 0
    assert Notice.objects.values("entry_id").distinct().count() == Notice.objects.count() == 200
    assert Delivery.objects.filter(state="sent").count() == 200
    assert len(set(smtp.message_ids)) == 200
    assert len(smtp.mails) <= 203  # at most one more per killed worker


@pytest.mark.django_db(transaction=True)
def test_worker_asked_to_end_finishes_the_mail_in_hand(smtp):
    user, city = make_user(), make_municipality(desk=False)
    for _ in range(20):
        make_entry("test.done", user, thing=city)
    reached = threading.Event()

    def slow():
        if len(smtp.mails) == 5:
            reached.set()
            time.sleep(0.5)

    smtp.on_data = slow
    process = worker(smtp)
    assert reached.wait(30)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output.decode()
    assert len(smtp.mails) == 6
    assert Counter(Delivery.objects.values_list("state", "attempts")) == {("sent", 1): 6, ("queued", 0): 14}
    assert not Delivery.objects.filter(state="queued", claimed_at__isnull=False).exists()
