"""What every test stands on: its own database file and folders, quick passwords, and no network.

Tests marked `postgres` need a real PostgreSQL (`script/postgres -- .venv/bin/pytest …`) and are skipped on SQLite.
"""

import ipaddress
import socket
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.db import connection
from django.test import override_settings
from django.utils import translation

# How long one example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile("musubi", deadline=None)
hypothesis.settings.load_profile("musubi")


def is_transactional(item) -> bool:
    """Whether a test commits for real: threads, a live server, or asked for by its marker."""
    marker = item.get_closest_marker("django_db")
    asked = marker is not None and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    return bool(
        asked or {"transactional_db", "live_server", "django_db_reset_sequences"} & set(item.fixturenames)
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if is_transactional(item):
            # The flush after such a test also takes what migrations put in (the SDGs goals): give it back.
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)
    if "postgresql" in django_settings.DATABASES["default"]["ENGINE"]:
        return
    skip = pytest.mark.skip(reason="needs a real PostgreSQL; script/test runs it there")
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory, request):
    """A SQLite file of this very run, so that two people, or two workers, testing at once never share one.

    With `--reuse-db` the name in the settings is kept, since the point is to find it again.
    """
    default = django_settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3") and not request.config.getvalue("reuse_db"):
        default["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        # A test's data need not survive a power cut.
        default["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session", autouse=True)
def installation(tmp_path_factory):
    """Settings of the test installation: its own folders, no manifest of static files, quick password hashes."""
    var: Path = tmp_path_factory.mktemp("var")
    (var / "static").mkdir()
    default = django_settings.STORAGES["default"]
    storages = django_settings.STORAGES | {
        "default": default | {"OPTIONS": default.get("OPTIONS", {}) | {"location": var / "files"}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(
        VAR_DIR=var,
        INDEX_DIR=None,
        STATIC_ROOT=var / "static",
        STORAGES=storages,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ):
        yield


@pytest.fixture(autouse=True)
def fresh_start():
    """Nothing kept from the test before: no cached page (row ids repeat after a rollback), no chosen language."""
    for cache in caches.all(initialized_only=True):
        cache.clear()
    with translation.override(django_settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def index(db, tmp_path, settings):
    """A matching index of this test's own. `index()` makes it from the rows there are by then, `index.follow()` brings it
    up to date with what happened since. Without this fixture there is none, and asking raises `Preparing`."""
    from musubi.matching import live
    from tests.matching.own_index import OwnIndex

    settings.INDEX_DIR = tmp_path / "index"
    yield OwnIndex()
    live.forget()


@pytest.fixture(autouse=True)
def empty_search_tables(request, django_db_blocker):
    """After a test that commits: Django's flush knows models only, not the search tables beside them."""
    yield
    if is_transactional(request.node):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                if table.endswith("_search"):
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture
def emptied_ledger(transactional_db):
    """What was committed goes before the database is flushed: a fund's ledger refuses to be deleted."""
    from musubi.www.demo.building import LEDGER, ledger_let_go

    yield
    if connection.vendor == "sqlite":  # PostgreSQL truncates
        with ledger_let_go(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {LEDGER}")


def is_here(host: str | bytes | None) -> bool:
    """Whether a host name or address means this very machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback or ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Fails the test that reaches for another machine. (PostgreSQL's own library is not Python's and is left alone.)"""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def refuse(host):
        # Not an ordinary exception: code that forgives a network fault would hide it.
        pytest.fail(f"A test reached for {host!r}; only this machine may be reached.")

    def check(this, address):
        if this.family in {socket.AF_INET, socket.AF_INET6} and not is_here(address[0]):
            refuse(address[0])

    def guarded_connect(self, address):
        check(self, address)
        return connect(self, address)

    def guarded_connect_ex(self, address):
        check(self, address)
        return connect_ex(self, address)

    def guarded_sendto(self, data, *flags_and_address):
        check(self, flags_and_address[-1])
        return sendto(self, data, *flags_and_address)

    def guarded_getaddrinfo(host, *args, **kwargs):
        if not is_here(host):
            refuse(host)
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket.socket, "sendto", guarded_sendto)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    yield
    patch.undo()
