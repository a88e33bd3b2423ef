"""The ground the tests stand on: no network, a database file of their own, and files outside the installation."""

import socket
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection


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


def test_passwords_are_hashed_quickly():
    assert make_password("x").startswith("md5$")


@pytest.mark.parametrize("turn", [1, 2])
def test_cache_is_empty_at_each_start(turn):
    assert cache.get("turn") is None
    cache.set("turn", turn)
