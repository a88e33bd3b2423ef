"""Handing one mail to the mail server. The worker is the only caller; what is sent is a row of its own."""

import re
import smtplib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.utils.translation import gettext as _

from musubi.lib import calendar

# ASCII, so that the line is known again in whatever language and encoding it comes back.
ANSWER_MARKS = ("##-", "-##")


class Sendable(Protocol):
    """What can be sent: a delivery row, or anything like it."""

    pk: int
    address: str
    subject: str
    body: str
    created_at: datetime
    reply_to: str
    thread: str
    calendar: str | None


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


def message(mail: Sendable) -> EmailMultiAlternatives:
    """The mail as it is sent.

    The Message-ID follows from the row alone, so that a mail sent twice (a worker died between the server's
    answer and the note of it) can be recognised as one by whoever receives it.
    """
    headers = {
        "Message-ID": message_id(mail),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.thread:
        # All mails about one thing answer the same mail, which was never sent: so mail programs keep them together.
        root = f"<{mail.thread}@{_domain()}>"
        headers |= {"In-Reply-To": root, "References": root}
    made = EmailMultiAlternatives(
        subject=one_line(mail.subject),
        body=mail.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.address],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers=headers,
    )
    if mail.calendar:
        # As a body of its own for the programs that ask yes or no, as a file for those that only open files.
        method = calendar.method_of(mail.calendar)
        made.attach_alternative(mail.calendar, f"text/calendar; method={method}")
        made.attach("invite.ics", mail.calendar.encode(), "application/ics")
    return made


def message_id(mail: Sendable) -> str:
    return f"<delivery-{mail.pk}-{int(mail.created_at.timestamp() * 1_000_000):x}@{_domain()}>"


def delivery_named(message_id: str) -> int | None:
    """The id of the delivery whose mail bore this Message-ID, if it is one of ours."""
    found = re.fullmatch(rf"<?delivery-(\d{{1,18}})-[0-9a-f]+@{re.escape(_domain())}>?", message_id.strip())
    return int(found[1]) if found else None


def answer_line() -> str:
    """The first line of a mail that can be answered: an answer stands above it, what it answers below."""
    words = _("返信はこの線より上に書いてください。案件の参加者全員に届きます")
    return f"{ANSWER_MARKS[0]} {words} {ANSWER_MARKS[1]}"


def _domain() -> str:
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    domain = sender.rpartition("@")[2] if "@" in sender else urlsplit(settings.ORIGIN).hostname
    return domain or "localhost"


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
