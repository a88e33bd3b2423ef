"""Asking ClamAV's clamd about a file. Never inside a database transaction: it may take seconds.

`MUSUBI_CLAMD` says where clamd listens: `unix:/run/clamav/clamd.ctl` or `host:port`; unset, nothing is scanned.
The protocol is one command (INSTREAM), so no package stands between.
"""

import logging
import os
import socket
import struct
from dataclasses import dataclass
from typing import BinaryIO

from django.db import models
from django.utils.translation import gettext_lazy as _

TIMEOUT = 30.0
_CHUNK = 1 << 16
log = logging.getLogger(__name__)


class Verdict(models.TextChoices):
    """What is known about a file, as people read it beside the file."""

    CLEAN = "clean", _("ウイルス検査: 異常なし")
    INFECTED = "infected", _("ウイルスが見つかりました")
    NOT_SCANNED = "not_scanned", _("ウイルス検査: 未検査")


@dataclass(frozen=True)
class Result:
    """`detail` names what was found, or why nothing could be scanned; `reached` says whether clamd was there at all."""

    verdict: Verdict
    detail: str = ""
    reached: bool = True


def is_configured() -> bool:
    return bool(os.environ.get("MUSUBI_CLAMD", ""))


def scan(file: BinaryIO, address: str | None = None) -> Result:
    """Have the whole of `file` looked through; it is left at its beginning.

    `address` is `MUSUBI_CLAMD` unless given. Never raises for what goes wrong on the way: that is NOT_SCANNED.
    """
    address = os.environ.get("MUSUBI_CLAMD", "") if address is None else address
    if not address:
        return Result(Verdict.NOT_SCANNED, "MUSUBI_CLAMD is not set", reached=False)
    file.seek(0)
    reached = False
    try:
        with _connect(address) as line:
            reached = True
            answer = _ask(file, line)
    except (OSError, ValueError) as error:
        log.warning("clamd at %s could not be asked: %s", address, error)
        return Result(Verdict.NOT_SCANNED, f"{type(error).__name__}: {error}", reached)
    finally:
        file.seek(0)
    if answer == "stream: OK":
        return Result(Verdict.CLEAN)
    if answer.endswith(" FOUND"):
        return Result(Verdict.INFECTED, answer.removeprefix("stream: ").removesuffix(" FOUND"))
    log.warning("clamd at %s did not look through a file: %s", address, answer or "no answer")
    return Result(Verdict.NOT_SCANNED, answer or "clamd said nothing")


def _ask(file: BinaryIO, line: socket.socket) -> str:
    try:
        line.sendall(b"zINSTREAM\0")
        while chunk := file.read(_CHUNK):
            line.sendall(struct.pack("!L", len(chunk)) + chunk)
        line.sendall(struct.pack("!L", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # clamd says why before it hangs up (a file above its own limit)
    answer = b""
    while b"\0" not in answer and (more := line.recv(4096)):
        answer += more
    return answer.split(b"\0")[0].decode(errors="replace").strip()


def _connect(address: str) -> socket.socket:
    if address.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(TIMEOUT)
        try:
            line.connect(address.removeprefix("unix:"))
        except OSError:
            line.close()
            raise
        return line
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), timeout=TIMEOUT)
