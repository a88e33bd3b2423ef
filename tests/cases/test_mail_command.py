"""`script/musubi receive-mail`: one mail from standard input, or a maildir emptied."""

import fcntl
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, OperationalError

from musubi.cases.mail import receiving
from musubi.cases.models import Post, RefusedMail
from tests.cases.mails import make_mail
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"
    settings.TRUSTED_AUTHSERV = ""
    return settings


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(person):
    city = make_municipality("nagisa")
    return make_case(city, person.represents.get().organisation, officer=make_staff(city, "officer"))


@pytest.fixture
def maildir(tmp_path):
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path


def put(maildir: Path, name: str, raw: bytes) -> Path:
    path = maildir / "new" / name
    path.write_bytes(raw)
    return path


def names(maildir: Path, folder: str) -> list[str]:
    where = maildir / folder
    return sorted(path.name for path in where.iterdir()) if where.exists() else []


def pipe(monkeypatch, raw: bytes, **options) -> list[dict]:
    """What the command says of one mail on its standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    out = io.StringIO()
    call_command("receive-mail", stdout=out, json=True, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_mail_on_standard_input_becomes_a_message(case, person, monkeypatch):
    raw = make_mail(case, person).as_bytes()
    post = {"what": "message", "case": case.ref}
    (said,) = pipe(monkeypatch, raw)
    assert said == post | {"post": Post.objects.get(data__has_key="mail").pk}
    assert pipe(monkeypatch, raw) == [{"what": "duplicate"}]


def test_refused_mail_is_dealt_with(case, person, monkeypatch):
    (said,) = pipe(monkeypatch, make_mail(case, person, sender="x@evil.example").as_bytes())
    assert (said["what"], said["why"]) == ("refused", "not_the_sender")


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), OSError("disk full"), KeyError("a mistake of ours")]
)
def test_what_is_not_the_mails_fault_is_tried_again(case, person, monkeypatch, error):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(receiving, "_who", fails)
    with pytest.raises(CommandError) as raised:
        pipe(monkeypatch, make_mail(case, person).as_bytes())
    assert raised.value.returncode == 75
    assert RefusedMail.objects.count() == 0


def test_without_a_mailbox_the_mail_server_keeps_the_mail(mailbox, monkeypatch):
    mailbox.REPLY_ADDRESS = ""
    with pytest.raises(CommandError) as raised:
        pipe(monkeypatch, b"From: a@b.example\r\n\r\nx")
    assert raised.value.returncode == 75


def test_database_that_is_away_makes_the_program_say_try_again(tmp_path):
    away = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "MUSUBI_REPLY_ADDRESS": "reply@city.example",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "receive-mail"],
        input=b"From: a@b.example\r\nTo: reply+x@city.example\r\n\r\nx",
        env=os.environ | away | {"MUSUBI_VAR": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 75, done.stderr.decode()


def test_maildir_is_emptied_oldest_first(case, person, maildir):
    for n in (2, 1):
        put(maildir, f"{n}.mx", make_mail(case, person, f"{n}通目です。").as_bytes())
    out = io.StringIO()
    call_command("receive-mail", maildir=maildir, stdout=out)
    assert list(Post.objects.filter(data__has_key="mail").values_list("body", flat=True)) == [
        "1通目です。",
        "2通目です。",
    ]
    assert (names(maildir, "new"), names(maildir, "cur")) == ([], ["1.mx:2,S", "2.mx:2,S"])
    assert out.getvalue() == "メッセージ 2 通、受け付けなかったもの 0 通、すでに届いていたもの 0 通\n"


def test_broken_mail_goes_to_failed_and_is_told(case, maildir):
    put(maildir, "1.mx", b"\x00no mail")
    err = io.StringIO()
    call_command("receive-mail", maildir=maildir, stdout=io.StringIO(), stderr=err)
    assert (names(maildir, "new"), names(maildir, "cur"), names(maildir, ".failed/new")) == ([], [], ["1.mx"])
    assert names(maildir, ".failed") == ["cur", "new", "tmp"]
    assert "1.mx: 読めないため .failed に移しました" in err.getvalue()
    assert RefusedMail.objects.get().why == "broken"


def test_mail_on_which_we_come_to_grief_goes_to_failed_and_the_others_go_on(
    case, person, maildir, monkeypatch
):
    real = receiving._take_in

    def sometimes(mail):
        if "毒" in mail.incoming.text:
            raise KeyError("a mistake of ours")
        return real(mail)

    monkeypatch.setattr(receiving, "_take_in", sometimes)
    put(maildir, "1.mx", make_mail(case, person, "毒です。").as_bytes())
    put(maildir, "2.mx", make_mail(case, person, "次です。").as_bytes())
    call_command("receive-mail", maildir=maildir, stdout=io.StringIO(), stderr=io.StringIO())
    assert (names(maildir, ".failed/new"), names(maildir, "cur")) == (["1.mx"], ["2.mx:2,S"])
    assert [(row.why, row.detail) for row in RefusedMail.objects.all()] == [
        ("broken", "KeyError: 'a mistake of ours'")
    ]


def test_mail_the_database_cannot_hold_keeps_none_back(case, person, maildir, monkeypatch):
    take_in = receiving._take_in

    def cannot(mail):
        if mail.incoming.subject == "毒":
            raise DataError("cannot contain NUL")
        return take_in(mail)

    monkeypatch.setattr(receiving, "_take_in", cannot)
    put(maildir, "1.mx", make_mail(case, person, Subject="毒").as_bytes())
    put(maildir, "2.mx", make_mail(case, person).as_bytes())
    call_command("receive-mail", maildir=maildir, stdout=io.StringIO(), stderr=io.StringIO())
    assert (names(maildir, ".failed/new"), names(maildir, "cur")) == (["1.mx"], ["2.mx:2,S"])


def test_database_trouble_leaves_the_maildir_as_it_is(case, person, maildir, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(receiving, "_take_in", gone)
    put(maildir, "1.mx", make_mail(case, person).as_bytes())
    with pytest.raises(CommandError) as raised:
        call_command("receive-mail", maildir=maildir, stdout=io.StringIO())
    assert (raised.value.returncode, names(maildir, "new"), names(maildir, "cur")) == (75, ["1.mx"], [])


def test_run_that_died_before_it_moved_the_mail_does_no_harm(case, person, maildir):
    mail = make_mail(case, person).as_bytes()
    receiving.receive(mail)
    put(maildir, "1.mx", mail)
    out = io.StringIO()
    call_command("receive-mail", maildir=maildir, stdout=out)
    assert "すでに届いていたもの 1 通" in out.getvalue()
    assert Post.objects.filter(data__has_key="mail").count() == 1
    assert names(maildir, "cur") == ["1.mx:2,S"]


def test_mail_another_run_has_in_hand_is_left_to_it(case, person, maildir):
    path = put(maildir, "1.mx", make_mail(case, person).as_bytes())
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        call_command("receive-mail", maildir=maildir, stdout=io.StringIO())
        assert (names(maildir, "new"), Post.objects.filter(data__has_key="mail").count()) == (["1.mx"], 0)
    call_command("receive-mail", maildir=maildir, stdout=io.StringIO())
    assert (names(maildir, "new"), Post.objects.filter(data__has_key="mail").count()) == ([], 1)


def test_folder_that_is_no_maildir_is_told_in_words(tmp_path):
    with pytest.raises(CommandError, match="Maildir ではありません"):
        call_command("receive-mail", maildir=tmp_path)
