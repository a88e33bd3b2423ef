"""Eight people who do whatever comes to their mind with the same few records, for some seconds."""

import random
import threading
import time
from collections import Counter

import pytest
from django.db import connection

from musubi.journal.models import Entry
from musubi.lib.errors import Refused
from tests import lives

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SECONDS = 10
PEOPLE = 8
# What makes new records is done rarely, so that people meet on the same ones.
RARE = {"draft_a_challenge", "draft_a_proposal", "open_a_contact"}


def test_storm_of_actions_ends_in_order_and_without_a_fault():
    city = lives.City.busy()
    gate, end = threading.Barrier(PEOPLE), time.monotonic() + SECONDS
    made, refused, faults = Counter(), Counter(), []

    def live(seed: int) -> None:
        rng = random.Random(seed)
        names = sorted(lives.MOVES)
        try:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                # Far above what any action takes: whoever waits longer waits for ever.
                cursor.execute("SET lock_timeout = '8s'")
            gate.wait(30)
            while time.monotonic() < end and not faults:
                name = rng.choice(names)
                if name in RARE and rng.random() < 0.7:
                    continue
                try:
                    lives.MOVES[name](city, rng.choice)
                    made[name] += 1
                except Refused as refusal:
                    refused[type(refusal).__name__] += 1
                except lives.Nothing:
                    pass
        except Exception as fault:
            faults.append(f"{name}: {fault!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert faults == []
    lives.check(city)
    # It was a storm: much went through, and people were told that others had been faster.
    assert sum(made.values()) > 100, made
    assert len(made) > len(lives.MOVES) // 2, sorted(set(lives.MOVES) - set(made))
    assert refused["Conflict"] > 0, refused
    assert Entry.objects.count() > sum(made.values()) // 2
