import email
import email.policy
import re
from datetime import datetime

import pytest
from django.core.mail.backends.smtp import EmailBackend

from musubi.lib import clock
from musubi.services import mail
from tests.factories.notify import mailbox


class Letter:
    pk = 42
    address = "a@example.jp"
    subject = "件名"
    body = "本文です。\n"
    created_at = datetime(2025, 4, 1, 9, tzinfo=clock.TOKYO)
    reply_to = ""
    thread = ""
    calendar = None


@pytest.fixture
def server():
    with mailbox() as server:
        yield server


@pytest.fixture
def line(server):
    host, port = server.server_address
    line = EmailBackend(alias="default", host=host, port=port, timeout=5)
    line.open()
    yield line
    line.close()


def received(server):
    to, raw = server.mails[-1]
    return to, email.message_from_bytes(raw, policy=email.policy.default)


def test_mail_arrives_with_its_headers(server, line, settings):
    settings.DEFAULT_FROM_EMAIL = "Musubi <noreply@musubi.example.jp>"
    mail.send(Letter(), line)
    to, message = received(server)
    assert to == "a@example.jp"
    assert message["Subject"] == "件名"
    assert message["From"] == "Musubi <noreply@musubi.example.jp>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<delivery-42-[0-9a-f]+@musubi\.example\.jp>", message["Message-ID"])
    assert message["List-Unsubscribe"] is None
    assert message.get_content() == "本文です。\r\n"


def test_message_id_is_the_same_when_the_mail_is_sent_again(server, line):
    mail.send(Letter(), line)
    mail.send(Letter(), line)
    assert len(server.mails) == 2
    assert len(set(server.message_ids)) == 1


@pytest.mark.parametrize(
    "subject",
    [
        "件名\r\nBcc: x@example.jp",
        "件名\nBcc: x@example.jp",
        "件名\u2028Bcc: x@example.jp",
        "件名\x00\x0bBcc: x@example.jp",
    ],
)
def test_subject_cannot_add_a_header(server, line, subject):
    letter = Letter()
    letter.subject = subject
    mail.send(letter, line)
    to, message = received(server)
    assert (to, message["Subject"], message["Bcc"]) == ("a@example.jp", "件名 Bcc: x@example.jp", None)


@pytest.mark.parametrize(
    "address", ["a@example.jp\nBcc: x@example.jp", "a@example.jp, b@example.jp", "no address", ""]
)
def test_impossible_address_is_refused_for_good(server, line, address):
    letter = Letter()
    letter.address = address
    with pytest.raises(mail.RefusedForGood):
        mail.send(letter, line)
    assert server.mails == []


@pytest.mark.parametrize(
    ("answer", "raised"), [(b"550 no such user", mail.RefusedForGood), (b"450 later", mail.NotNow)]
)
def test_answer_about_the_recipient_decides_whether_to_try_again(server, line, answer, raised):
    server.answers["a@example.jp"] = answer
    with pytest.raises(raised, match=answer.decode()):
        mail.send(Letter(), line)
    server.answers.clear()
    mail.send(Letter(), line)  # the line is still good
    assert len(server.mails) == 1
