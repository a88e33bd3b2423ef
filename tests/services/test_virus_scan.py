import io
import socket
import struct
import threading

import pytest

from musubi.services import virus_scan
from musubi.services.virus_scan import Result, Verdict, scan


class Clamd(threading.Thread):
    """Speaks clamd's INSTREAM: finds a word, has a limit."""

    def __init__(self, listener: socket.socket, limit: int = 1 << 20):
        super().__init__(daemon=True)
        self.listener, self.limit, self.got = listener, limit, b""
        self.start()

    def run(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            with line, line.makefile("rb") as file:
                assert file.read(10) == b"zINSTREAM\0"
                self.got = b""
                while size := struct.unpack("!L", file.read(4))[0]:
                    self.got += file.read(size)
                    if len(self.got) > self.limit:
                        line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                        break
                else:
                    line.sendall(
                        b"stream: Eicar-Signature FOUND\0" if b"EICAR" in self.got else b"stream: OK\0"
                    )


@pytest.fixture(params=["host:port", "unix"])
def clamd(request, tmp_path):
    if request.param == "unix":
        listener, address = socket.socket(socket.AF_UNIX), f"unix:{tmp_path / 'clamd'}"
        listener.bind(str(tmp_path / "clamd"))
        listener.listen()
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    server = Clamd(listener)
    server.address = address
    yield server
    listener.close()


def test_clean_file_is_sent_whole_and_left_at_its_beginning(clamd):
    content = bytes(range(256)) * 1000
    file = io.BytesIO(content)
    file.seek(7)
    assert scan(file, clamd.address) == Result(Verdict.CLEAN)
    assert (clamd.got, file.tell()) == (content, 0)


def test_infected_file_is_named(clamd):
    assert scan(io.BytesIO(b"..EICAR.."), clamd.address) == Result(Verdict.INFECTED, "Eicar-Signature")


def test_file_above_clamds_limit_is_not_scanned(clamd):
    clamd.limit = 10
    result = scan(io.BytesIO(b"x" * 100), clamd.address)
    assert result == Result(Verdict.NOT_SCANNED, "INSTREAM size limit exceeded. ERROR")


def test_without_clamd_nothing_is_scanned(monkeypatch):
    monkeypatch.delenv("MUSUBI_CLAMD", raising=False)
    assert scan(io.BytesIO(b"x")) == Result(Verdict.NOT_SCANNED, "MUSUBI_CLAMD is not set", reached=False)


def test_address_comes_from_the_environment(clamd, monkeypatch):
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert scan(io.BytesIO(b"x")).verdict is Verdict.CLEAN


@pytest.mark.parametrize("address", ["unix:/no/such/socket", "127.0.0.1:1", "127.0.0.1:nonsense", "x"])
def test_clamd_that_is_not_there_means_not_scanned(address):
    result = scan(io.BytesIO(b"x"), address)
    assert result.verdict is Verdict.NOT_SCANNED
    assert result.detail


def test_clamd_that_says_nothing_means_not_scanned(monkeypatch):
    monkeypatch.setattr(virus_scan, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = scan(io.BytesIO(b"x"), f"127.0.0.1:{silent.getsockname()[1]}")
    assert result == Result(Verdict.NOT_SCANNED, "TimeoutError: timed out", reached=True)
