"""Handing one mail to the mail server. The worker is the only caller; what is sent is a row of its own."""

import smtplib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, mailers


class Sendable(Protocol):
    """What can be sent: a delivery row, or anything like it."""

    pk: int
    address: str
    subject: str
    body: str
    created_at: datetime


class RefusedForGood(Exception):
    """This mail will never be taken: no such mailbox, an impossible address. Trying again is of no use."""


class NotNow(Exception):
    """The server will perhaps take this mail later (4xx)."""


class Unreachable(Exception):
    """The mail server cannot be spoken to; whatever the mail, it is of no use to go on now."""


@contextmanager
def connection() -> Iterator:
    """An open line to the mail server, for any number of `send`s. Raises `Unreachable`."""
    line = mailers.default
    try:
        line.open()
    except (OSError, smtplib.SMTPException) as error:
        _hang_up(line)
        raise Unreachable(_words(error)) from error
    try:
        yield line
    finally:
        _hang_up(line)


def send(mail: Sendable, line) -> None:
    """Send one mail over an open `connection()`.

    Raises `RefusedForGood` where the server says no for ever (5xx), `NotNow` where it says later (4xx),
    `Unreachable` where it went away, and whatever else the backend raises.
    """
    if not mail.address.strip():
        raise RefusedForGood("no address")  # Django would call it done
    try:
        line.send_messages([message(mail)])
    except smtplib.SMTPRecipientsRefused as error:
        raise _judged(*next(iter(error.recipients.values()))) from error
    except smtplib.SMTPDataError as error:
        raise _judged(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPException as error:
        if not isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        _hang_up(line)
        raise Unreachable(_words(error)) from error
    except OSError as error:
        _hang_up(line)
        raise Unreachable(_words(error)) from error
    except ValueError as error:
        raise RefusedForGood(str(error)) from error


def message(mail: Sendable) -> EmailMessage:
    """The mail as it is sent.

    The Message-ID follows from the row alone, so that a mail sent twice (a worker died between the server's
    answer and the note of it) can be recognised as one by whoever receives it.
    """
    return EmailMessage(
        subject=one_line(mail.subject),
        body=mail.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.address],
        headers={
            "Message-ID": message_id(mail),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )


def message_id(mail: Sendable) -> str:
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    domain = sender.rpartition("@")[2] if "@" in sender else urlsplit(settings.ORIGIN).hostname
    return f"<delivery-{mail.pk}-{int(mail.created_at.timestamp() * 1_000_000):x}@{domain or 'localhost'}>"


def one_line(text: str) -> str:
    """`text` fit for a header: line ends and control characters become spaces, runs of spaces one."""
    return " ".join(
        "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split()
    )


def _hang_up(line) -> None:
    with suppress(OSError, smtplib.SMTPException):
        line.close()


def _judged(code: int, words: bytes | str) -> Exception:
    said = f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
    return RefusedForGood(said) if code >= 500 else NotNow(said)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
