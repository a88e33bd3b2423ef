"""Real processes that look after an index: made, fed, killed, taken over; and what others pay for it."""

import os
import random
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.matching import documents, feed, live, tending
from musubi.matching.engine import index as engine
from musubi.matching.engine.index import Preparing
from musubi.matching.models import Experience
from musubi.solutions import actions as solutions
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_staff
from tests.factories.solutions import make_solution
from tests.notify.test_two_workers import database_url

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60


class Process:
    """A process of the product, and what it has said so far."""

    def __init__(self, said: Path, *command: str, **more):
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "MUSUBI_VAR": str(django_settings.VAR_DIR),
            "MUSUBI_INDEX": str(django_settings.INDEX_DIR),
            "MUSUBI_STATIC_MANIFEST": "0",
            "MUSUBI_DEMO": "0",
            "MUSUBI_SECRET_KEY": "x" * 50,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self._said = said
        with said.open("w") as file:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=django_settings.BASE_DIR,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                **more,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self, seconds: float = SECONDS) -> int:
        """Its exit status."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self._process.terminate()
        assert self.wait(30) == 0, self.said


@pytest.fixture
def processes(index, tmp_path):
    """Start processes of the product; none is left afterwards."""
    started = []

    def start(*command, **more) -> Process:
        started.append(Process(tmp_path / f"said-{len(started)}", *command, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def manage(processes):
    return lambda *arguments, **more: processes("manage.py", *arguments, **more)


def held() -> set[str]:
    """What a reader of the index sees; nothing while there is none."""
    try:
        return engine.Reader(engine.current(live.root())).keys()
    except Preparing:
        return set()


def wait_until(condition, seconds=SECONDS) -> float:
    """Returns how long it took."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - begin


def is_up_to_date() -> bool:
    return held() == documents.every_key()


def test_worker_makes_the_index_and_feeds_it_within_two_seconds(manage):
    city = make_municipality()
    desk = make_staff(city, "desk")
    make_challenge(city, desk=desk)
    worker = manage("work")
    wait_until(is_up_to_date)
    # Feeding begins, whatever loads at the first time.
    make_challenge(city, desk=desk)
    wait_until(is_up_to_date)
    took = []
    for number in range(5):
        solution = make_solution(title=f"見守りの仕組み{number}")
        key = documents.key_of(solution)
        took.append(wait_until(lambda key=key: live.matcher().reader.get(key) is not None))
        solutions.withdraw_solution(solution, by=None)
        took.append(wait_until(lambda key=key: live.matcher().reader.get(key) is None))
    # One slow moment of a shared machine is no fault.
    assert sorted(took)[len(took) // 2] < 2.0, took
    worker.end()
    assert worker.said.count("making the index anew") == 1
    assert "Traceback" not in worker.said


def test_worker_mends_an_index_that_is_not_whole(manage, index):
    make_challenge()
    index()
    folder = engine.current(live.root())
    (folder / "model.npz").write_bytes(b"torn")
    worker = manage("work")
    wait_until(lambda: is_up_to_date() and engine.current(live.root()) != folder)
    worker.end()
    assert worker.said.count("making the index anew: ") == 1


def test_next_one_feeds_when_the_first_is_killed(manage, index):
    index()
    # A machine without a worker follows by itself.
    first, second = manage("work"), manage("index", "--follow")
    make_challenge()
    wait_until(is_up_to_date)
    first.kill()
    make_challenge()
    wait_until(is_up_to_date)
    second.kill()
    make_challenge()
    assert not is_up_to_date()
    # Nobody is left; the next one does it.
    third = manage("work", "--once")
    assert third.wait() == 0, third.said
    assert is_up_to_date()


@pytest.mark.parametrize(("what", "step"), [("rebuild", 60), ("follow", 25)])
def test_killed_at_any_line_it_is_whole_and_catches_up(processes, index, what, step):
    city = make_municipality()
    desk = make_staff(city, "desk")
    for number in range(4):
        make_challenge(city, desk=desk, title=f"防災無線が聞こえない地区{number}へ知らせたい")
    solution = make_solution()
    index()
    if what == "follow":
        make_challenge(city, desk=desk)
        solutions.withdraw_solution(solution, by=None)
    process = processes("-m", "tests.matching.killed", what, str(step))
    assert process.wait(300) == 0, process.said
    assert int(process.said.split()[-1]) >= 5
    assert is_up_to_date()


def test_killed_at_any_moment_it_is_whole_and_catches_up(manage, index):
    """The same from outside: also in the middle of what is not Python."""
    city = make_municipality()
    desk = make_staff(city, "desk")
    for number in range(30):
        make_challenge(city, desk=desk, title=f"防災無線が聞こえない地区{number}へ知らせたい")
    index()
    before = held()
    for _ in range(3):
        make_challenge(city, desk=desk)
        processes = [manage("index", "--rebuild"), manage("index", "--follow")]
        wait_until(lambda one=processes[0]: len(list(live.root().glob("2*"))) > 1 or one.has_ended)
        time.sleep(random.uniform(0, 0.4))
        for process in processes:
            process.kill()
        assert held() >= before
    feed.follow()
    assert is_up_to_date()
    feed.rebuild()
    assert is_up_to_date()
    assert len(list(live.root().glob("2*"))) <= 2


def test_disk_without_room_is_said_clearly_and_leaves_the_index_in_use(manage, index):
    city = make_municipality()
    for number in range(10):
        letters = (chr(0x4E00 + (7 * number + 11 * i) % 9000) for i in range(1500))
        make_challenge(city, problem="".join(letters))
    index()
    before = engine.current(live.root())

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    process = manage("index", "--rebuild", preexec_fn=full)
    assert process.wait() == 1
    assert "書き込めません" in process.said
    assert "Traceback" not in process.said
    assert list(live.root().glob("2*")) == [before]
    assert is_up_to_date()


def test_folder_that_cannot_be_written_does_not_stop_the_worker(manage, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.INDEX_DIR = tmp_path / "file" / "index"
    worker = manage("work")
    wait_until(lambda: "could not be made" in worker.said)
    make_challenge()
    wait_until(lambda: not Entry.objects.filter(done_at=None).exists())
    worker.end()
    assert worker.said.count("making the index anew") == 1
    assert worker.said.count("索引のフォルダー") == 1
    assert "Traceback" not in worker.said


LOADED = """
import django, sys
django.setup()
import config.urls
from django.core.management import call_command
from django.test import Client
from musubi.notify import tasks

call_command("check")
for page in sys.argv[1:]:
    assert Client(HTTP_HOST="127.0.0.1").get(page).status_code == 200, page
tasks.discover()
tasks.tell_waiting()
print("loaded", sorted({"numpy", "scipy", "tantivy", "sudachipy", "onnxruntime"} & set(sys.modules)))
"""


def test_process_that_does_not_match_loads_nothing_of_it(processes):
    city = make_municipality()
    pages = ["/", f"/{city.slug}/", f"/{city.slug}/challenges/", "/accounts/login/"]
    process = processes("-c", LOADED, *pages)
    assert process.wait() == 0, process.said
    assert process.said.splitlines()[-1] == "loaded []"


def test_it_is_compared_at_night_by_the_one_that_can_mend(index, caplog):
    member = make_member(make_municipality())
    index()
    Experience.objects.create(
        organisation=member.organisation,
        municipality=member.municipality,
        case_id=1,
        title="海岸のごみ",
        outcomes=1,
        at=clock.now(),
    )
    first, second = tending.Tender(), tending.Tender()
    first.feeder.open()
    with clock.standing_at(clock.now() + timedelta(days=3)) as then:
        assert second.turn() == tending.BUSY
        while first.turn() == 0.0:
            pass
        assert feed.Fed.read(engine.current(live.root())).compared_at == then
    first.close()
    second.close()
    assert "1 documents of the index were not as in the database" in caplog.text
    assert not any(differing for _done, differing in feed.compared())


def test_worker_older_than_the_code_asks_to_be_started_again(processes):
    older = (
        "import django, sys; django.setup();"
        "from musubi.matching.engine import index; index.FORMAT = 0;"
        "from musubi.matching import tending; tending.tend(lambda: False)"
    )
    process = processes("-c", older)
    wait_until(lambda: "Start this process again" in process.said)
    time.sleep(tending.BUSY + 1)
    assert process.said.count("making the index anew") == 1
    # The others read what it had made.
    live.matcher()
