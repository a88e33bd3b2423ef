"""Kinds of notice, journal entries and mails, and mail servers to send them to."""

import socketserver
import threading
from contextlib import contextmanager, suppress
from itertools import count

from musubi.journal.actions import write
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.models import Delivery, Notice
from musubi.notify.registry import KINDS, Letter, tells
from musubi.people.models import User
from tests.factories.people import make_municipality, make_user

_number = count(1)


@contextmanager
def registered(verb: str, function=None, *, mail=True, always=False):
    """A kind of notice for the length of a test; without a function everyone in `data["to"]` is told."""
    tells(verb, "試験のお知らせ", mail=mail, always=always)(function or everyone_named)
    try:
        yield KINDS[verb]
    finally:
        del KINDS[verb]


def everyone_named(entry):
    for user in User.objects.filter(pk__in=entry.data["to"]).order_by("pk"):
        yield Letter(user, f"お知らせ {entry.pk}", "本文です。", "/here/")


def make_entry(verb: str, *to, by=None, thing=None, **data) -> Entry:
    return write(verb, thing or make_municipality(desk=False), by=by, to=[user.pk for user in to], **data)


def make_notice(user=None, **fields) -> Notice:
    return Notice.objects.create(
        **{"user": user or make_user(), "kind": "test.done", "title": "件名", "at": clock.now(), **fields}
    )


def make_delivery(**fields) -> Delivery:
    n = next(_number)
    return Delivery.objects.create(
        **{
            "address": f"to{n}@example.jp",
            "subject": f"件名{n}",
            "body": "本文です。\n",
            "created_at": clock.now(),
            "next_try_at": clock.now(),
            **fields,
        }
    )


class Mailbox(socketserver.ThreadingTCPServer):
    """A small SMTP server on this machine. `mails` holds (recipient, raw message) as they were accepted.

    `answers` maps a recipient to the line RCPT is answered with; `on_data` is called before DATA is acknowledged.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[tuple[str, bytes]] = []
        self.answers: dict[str, bytes] = {}
        self.on_data = lambda: None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    @property
    def message_ids(self) -> list[str]:
        lines = (line for _, raw in self.mails for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n"))
        return [line.split(b": ")[1].decode() for line in lines if line.startswith(b"Message-ID")]


class _Talk(socketserver.StreamRequestHandler):
    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def handle(self) -> None:
        with suppress(OSError):
            self.talk()

    def talk(self) -> None:
        self.say(b"220 here")
        to = ""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
                self.say(self.server.answers.get(to, b"250 ok"))
            elif verb == b"DATA":
                self.say(b"354 go on")
                raw = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    raw += part
                self.server.on_data()
                self.server.mails.append((to, raw))
                self.say(b"250 taken")
            elif verb == b"QUIT":
                self.say(b"221 bye")
                return
            else:
                self.say(b"250 ok")


@contextmanager
def mailbox():
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
