"""A process killed in the middle of an action (kill -9, a power cut) leaves nothing half done, and nobody waiting."""

import os
import signal
import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection

from tests.at_once.killed import ACTIONS, act
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal
from tests.notify.test_two_workers import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def everything() -> dict:
    """Every row of every table of the product, the search tables and the links between records included."""
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True)]
    tables += ["challenges_challenge_search", "proposals_proposal_search", "cases_case_search"]
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def record_for(name: str):
    """(person, record) on which the action goes through."""
    city = make_municipality()
    desk, officer = make_staff(city, "desk"), make_staff(city, "officer")
    challenge = make_challenge(city, by=officer, desk=desk)
    words = {"track": "challenge", "challenge": challenge}
    if name == "submit":
        draft = make_proposal(city, state="draft", **words)
        return draft.author, draft
    if name in ("route", "open_case"):
        return desk, make_proposal(city, **words)
    return desk, make_case(city, officer=officer, desk=desk, **words)


@pytest.mark.parametrize("name", ACTIONS)
def test_action_killed_in_the_middle_leaves_nothing_behind(name):
    by, record = record_for(name)
    before = everything()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "MUSUBI_VAR": str(django_settings.VAR_DIR),
        "MUSUBI_STATIC_MANIFEST": "0",
        "MUSUBI_SECRET_KEY": "x" * 50,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.at_once.killed", name, str(by.pk), str(record.pk)],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line == "in the middle\n", process.stderr.read()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert everything() == before
    # Nothing it had taken is still taken: the next person does it at once.
    act(name, by.pk, record.pk)
    assert everything() != before
