"""The ground the tests stand on: no network, a database file of their own, and files outside the installation."""

import socket
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections


def test_network_other_machine_fails_the_test():
    with pytest.raises(pytest.fail.Exception, match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_network_other_name_fails_the_test():
    with pytest.raises(pytest.fail.Exception, match="musubi.example"):
        socket.getaddrinfo("musubi.example", 443)


def test_network_datagram_to_other_machine_fails_the_test():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(pytest.fail.Exception):
        sender.sendto(b"?", ("192.0.2.1", 53))


def test_network_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


@pytest.mark.django_db
def test_database_is_not_the_installations_own():
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        assert not Path(name).is_relative_to(settings.BASE_DIR)
        assert Path(name).is_file()
    else:
        assert name.startswith("test_")


def test_files_are_kept_outside_the_installation():
    name = default_storage.save("試し.txt", ContentFile(b"1"))
    assert Path(default_storage.path(name)).is_relative_to(settings.VAR_DIR)
    assert not settings.VAR_DIR.is_relative_to(settings.BASE_DIR)


def test_files_are_for_the_account_of_the_installation_alone():
    name = default_storage.save("private/試し.txt", ContentFile(b"1"))
    path = Path(default_storage.path(name))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_passwords_are_hashed_quickly():
    assert make_password("x").startswith("md5$")


@pytest.mark.parametrize("turn", [1, 2])
def test_cache_is_empty_at_each_start(turn):
    assert cache.get("turn") is None
    cache.set("turn", turn)


def _put_and_count() -> int:
    """Writes one search row, committed, and counts the rows as another thread sees them."""
    seen = []

    def look():
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM people_organisation_search")
            seen.append(cursor.fetchone()[0])
        connections.close_all()

    terms = "'t1g'" if connection.vendor == "sqlite" else "array_to_tsvector(ARRAY['t1g'])"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO people_organisation_search (rowid, terms) VALUES (1, {terms})")
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen[0]


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_search_row_that_is_committed_is_seen_by_a_thread_and_gone_in_the_next_test(turn):
    assert _put_and_count() == 1
