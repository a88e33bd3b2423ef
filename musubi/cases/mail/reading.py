"""What one mail says: from whom, to whom, in which words, with which files. Everything in it may be made up.

Read with the standard library's plainest parser and decoded here, so that a header no standard knows cannot stop us.
"""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parseaddr
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from musubi.cases.mail import charsets
from musubi.cases.mail.html import text_of

DEEPEST = 12
MOST_PARTS = 200
MOST_FILES = 20
LONGEST_HEADER = 2000
# A mail of 25 MB has a third of a million lines. Python makes an object of every header and every part it is told of.
MOST_LINES = 600_000
MOST_BOUNDARIES = 20_000
# An inline picture smaller than this is a tracking pixel, a spacer or a bullet.
TINY_PICTURE = 1500
_LONGEST_TEXT = 400_000
_WHERE = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to")
_SIGNATURES = {
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-keys",
}
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "application/pdf": "pdf"}  # fmt: skip


class Broken(Exception):
    """Nothing can be read out of this mail."""


@dataclass
class Attached:
    """A file of the mail. `inline`: a picture within the text rather than a file the person chose to send."""

    name: str
    content: bytes
    inline: bool = False


@dataclass
class Incoming:
    """One mail as it was read. `automatic` says in words why no person sent it, or is empty."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    subject: str = ""
    message_id: str = ""
    answers: list[str] = field(default_factory=list)
    key: UUID | None = None
    automatic: str = ""
    authentication: list[str] = field(default_factory=list)
    text: str = ""
    files: list[Attached] = field(default_factory=list)
    left_out: int = 0


def read(raw: bytes, *, headers_only: bool = False) -> Incoming:
    """Read a mail. Raises Broken where it is none, or is built to be unreadable."""
    if raw.count(b"\n") > MOST_LINES or raw.count(b"\n--") > MOST_BOUNDARIES:
        raise Broken("too many lines, or too many parts")
    # What a mailbox file or Postfix's pipe puts before the first header.
    raw = re.sub(rb"\A(?:From [^\n]{0,500}\n|\r?\n)+", b"", raw[:2000]) + raw[2000:]
    try:
        message = message_from_bytes(raw, policy=compat32)
        mail = _headers(message, raw)
        if not headers_only:
            _body(message, mail)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise Broken(f"{type(error).__name__}: {error}"[:300]) from error
    return mail


def _headers(message: Message, raw: bytes) -> Incoming:
    if not message.keys():
        raise Broken("no headers")
    senders = [address for _, address in getaddresses(_all(message, "from")) if address]
    message_id = _one_line(_header(message, "message-id"))[:255]
    return Incoming(
        # A mail of several authors is nobody's word.
        sender=_address(senders[0]) if len(senders) == 1 else "",
        recipients=_recipients(message),
        subject=_one_line(_header(message, "subject"))[:200],
        message_id=message_id,
        answers=re.findall(r"<[^<>\s]{1,250}>", f"{_header(message, 'in-reply-to')} {_header(message, 'references')}")[:50],
        key=_key(message, message_id, raw),
        automatic=_automatic(message),
        authentication=[str(value) for value in message.get_all("authentication-results", [])[:20]],
    )  # fmt: skip


def _key(message: Message, message_id: str, raw: bytes) -> UUID:
    """What makes the mail the same one when it is delivered twice: its id and author, or all it says below `Received`."""
    author = str(message.get("from", ""))[:LONGEST_HEADER]
    body = raw.partition(b"\r\n\r\n")[2] or raw.partition(b"\n\n")[2]
    what = message_id or f"{message.get('date', '')} {sha256(body).hexdigest()}"
    return uuid5(NAMESPACE_URL, f"mail:{what}:{author}".encode("utf-8", "replace").decode("utf-8", "replace"))


def _recipients(message: Message) -> list[str]:
    found = []
    for name in _WHERE:
        found += [address.lower() for _, address in getaddresses(_all(message, name)) if address]
    return list(dict.fromkeys(found))[:100]


def _address(address: str) -> str:
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address.lower()[:254]


def _automatic(message: Message) -> str:
    """In words why a machine sent this, or empty (RFC 3834, and what older programs say)."""
    submitted = _header(message, "auto-submitted").split(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:40]}"
    if message.get_content_type() in ("multipart/report", "message/delivery-status"):
        return "配信の報告"
    returned = message.get("return-path")
    if returned is not None and not parseaddr(str(returned))[1]:
        return "Return-Path: <>"
    if (precedence := _header(message, "precedence").strip().lower()) in (
        "bulk",
        "junk",
        "list",
        "auto_reply",
    ):
        return f"Precedence: {precedence}"
    for name in (
        "x-autoreply",
        "x-autorespond",
        "list-id",
        "x-failed-recipients",
    ):
        if name in message:
            return name
    author = parseaddr(str(message.get("from", "")))[1].rpartition("@")[0].lower()
    if author in ("mailer-daemon", "postmaster") or re.fullmatch(r"(no|do-?not)[-_.]?reply", author):
        return f"差出人 {author}"
    if any(
        part.get_content_type() == "text/calendar" and (part.get_param("method") or "").lower() == "reply"
        for part in _parts(message)
    ):
        return "予定への自動の回答"
    return ""


# --- the words and the files ---------------------------------------------------------------------------------


def _parts(message: Message):
    """The parts that hold something, in order; what is forwarded as a whole mail stays one part."""
    waiting, count = [(message, 1)], 0
    while waiting:
        part, depth = waiting.pop(0)
        count += 1
        if depth > DEEPEST or count > MOST_PARTS:
            raise Broken("too many parts, or one within the other too often")
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting[:0] = [(below, depth + 1) for below in part.get_payload()]
        else:
            yield part


def _body(message: Message, mail: Incoming) -> None:
    plain, html = [], []
    for part in _parts(message):
        kind = part.get_content_type()
        disposition = part.get_content_disposition()
        named = _file_name(part)
        if kind in _SIGNATURES:
            continue
        if kind in ("text/plain", "text/html") and disposition != "attachment" and not named:
            (plain if kind == "text/plain" else html).append(_text(part))
        elif kind == "text/calendar" and not named:
            continue
        elif kind.startswith("multipart/"):
            raise Broken("a multipart without parts")
        else:
            _attach(part, kind, named, disposition, mail)
    mail.text = "\n\n".join(text for text in plain if text.strip())[:_LONGEST_TEXT]
    if not mail.text.strip():
        mail.text = "\n\n".join(text_of(text[:_LONGEST_TEXT]) for text in html)[:_LONGEST_TEXT]


def _attach(part: Message, kind: str, named: str, disposition: str | None, mail: Incoming) -> None:
    if kind == "message/rfc822":
        content = b"".join(below.as_bytes() for below in part.get_payload()[:1])
    else:
        content = part.get_payload(decode=True) or b""
    inline = kind.startswith("image/") and disposition != "attachment" and "content-id" in part
    if inline and len(content) < TINY_PICTURE:
        return
    if len(mail.files) >= MOST_FILES:
        mail.left_out += 1
        return
    extension = _EXTENSIONS.get(kind) or {"message/rfc822": "eml", "application/ms-tnef": "dat"}.get(
        kind, "bin"
    )
    mail.files.append(Attached(named or f"添付{len(mail.files) + 1}.{extension}", content, inline))


def _text(part: Message) -> str:
    # Four bytes a character at most, and as many again for what switches between character sets.
    raw = (part.get_payload(decode=True) or b"")[: 8 * _LONGEST_TEXT]
    charset = part.get_param("charset") or ""
    # RFC 2231 gives a triple where the parameter itself is encoded.
    text = charsets.decode(raw, charset[2] if isinstance(charset, tuple) else charset)
    if str(part.get_param("format") or "").lower() == "flowed":
        text = _unflowed(text, delsp=str(part.get_param("delsp") or "").lower() == "yes")
    return text


def _unflowed(text: str, *, delsp: bool) -> str:
    """format=flowed (RFC 3676) as it was typed: a line that ends in a space goes on in the next of the same depth."""
    found: list[list] = []  # [quote depth, text, goes on]
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        flows = words.endswith(" ") and words != "-- "
        if flows and delsp:
            words = words[:-1]
        if found and found[-1][2] and found[-1][0] == depth and words != "-- ":
            found[-1][1].append(words)
            found[-1][2] = flows
        else:
            found.append([depth, [words], flows])
    return "\n".join((">" * depth + " " if depth else "") + "".join(words) for depth, words, _ in found)


def _file_name(part: Message) -> str:
    """The name of a file, in whichever of the three ways mail programs write it; empty where it has none."""
    name = part.get_param("filename", None, "content-disposition") or part.get_param(
        "name", None, "content-type"
    )
    if isinstance(name, tuple):
        charset, _, value = name
        name = charsets.decode(value.encode("latin-1", "replace"), charset or "utf-8")
    return _one_line(_words(str(name)))[:200] if name else ""


def _all(message: Message, name: str) -> list[str]:
    """The headers of that name, undecoded: a name in an encoded word may hold a comma."""
    # As they stand in the mail: asked for in the usual way, bytes beyond ASCII are lost.
    return [str(value)[:20_000] for each, value in message.raw_items() if each.lower() == name][:20]


def _header(message: Message, name: str) -> str:
    return _words((_all(message, name) or [""])[0][:LONGEST_HEADER])


def _words(value: str) -> str:
    """A header's words, with `=?charset?B?…?=` decoded."""
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return charsets.tidy(value)
    found = ""
    for piece, charset in pieces:
        if isinstance(piece, bytes):
            found += charsets.decode(piece, "" if charset in (None, "unknown-8bit") else charset)
        else:
            found += _repaired(piece)
    return charsets.tidy(found)


def _repaired(text: str) -> str:
    """Bytes beyond ASCII that stood in a header unencoded arrive as surrogates."""
    raw = text.encode("utf-8", "surrogateescape")
    return charsets.decode(raw) if any("\ud800" <= c <= "\udfff" for c in text) else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
