"""What the worker does about mail and files: the desk is told once an hour, words are forgotten, files looked through."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.cases import actions, scanning
from musubi.cases.mail import chores
from musubi.cases.mail.receiving import receive
from musubi.cases.models import CaseFile, RefusedMail
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify import tasks
from musubi.notify.actions import tell
from musubi.notify.models import Chore, Notice
from musubi.proposals.models import Attachment
from musubi.services.storage import keep
from tests.cases.mails import PDF, make_mail
from tests.factories.cases import make_case
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)
from tests.services.test_virus_scan import clamd as clamd

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"
    settings.TRUSTED_AUTHSERV = ""


@pytest.fixture
def city():
    return make_municipality("nagisa")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(city, officer, desk, person):
    return make_case(city, person.represents.get().organisation, officer=officer, desk=desk)


def spam(case, person, times: int) -> None:
    for n in range(times):
        receive(make_mail(case, person, sender=f"x{n}@evil.example").as_bytes())


def told(verb: str) -> list[Notice]:
    for entry in Entry.objects.filter(verb=verb, done_at=None):
        tell(entry)
    return list(Notice.objects.filter(kind=verb))


def test_desk_is_told_of_many_in_one_notice(case, person, desk):
    spam(case, person, 8)
    assert (chores.tell_of_refused(), chores.tell_of_refused()) == (1, 0)
    (notice,) = told("refusedmail.reported")
    assert (notice.user, notice.title) == (desk, "受け付けなかったメールが8通あります")
    assert "x7@evil.example" in notice.body
    assert "ほか3通" in notice.body
    assert notice.path == "/nagisa/staff/mail/?state=refused"
    assert RefusedMail.objects.filter(told_at=None).count() == 0


def test_worker_tells_once_an_hour_however_much_comes(case, person, desk):
    tasks.discover()
    start = clock.at(clock.today(), 10)
    for minute in range(0, 180, 10):
        with clock.standing_at(start + timedelta(minutes=minute)):
            spam(case, person, 1)
            name = "受け付けなかったメールのお知らせ"
            Chore.objects.get_or_create(name=name)
            tasks._do_one(tasks.PERIODIC[name])
    assert Entry.objects.filter(verb="refusedmail.reported").count() == 3
    assert len(told("refusedmail.reported")) == 3


def test_each_desk_is_told_of_its_own(case, person, desk):
    far = make_municipality("hoka")
    far_desk, far_person = make_staff(far, "desk"), make_representative(make_organisation())
    there = make_case(
        far, far_person.represents.get().organisation, officer=make_staff(far, "officer"), desk=far_desk
    )
    spam(case, person, 2)
    spam(there, far_person, 1)
    assert chores.tell_of_refused() == 2
    assert {(notice.user, notice.title) for notice in told("refusedmail.reported")} == {
        (desk, "受け付けなかったメールが2通あります"),
        (far_desk, "受け付けなかったメールが1通あります"),
    }


def test_mail_that_belongs_to_nobody_is_told_to_who_runs_the_installation(case, person, desk):
    make_municipality("hoka")
    operator = make_user(is_operator=True)
    receive(make_mail(case, person, to="reply@city.example").as_bytes())
    assert chores.tell_of_refused() == 1
    (notice,) = told("refusedmail.reported")
    assert (notice.user, notice.path) == (operator, "")


def test_machines_are_not_worth_a_notice(case, person, desk):
    receive(make_mail(case, person, Auto_Submitted="auto-replied").as_bytes())
    assert (RefusedMail.objects.count(), chores.tell_of_refused()) == (1, 0)


def test_words_are_forgotten_after_a_month_and_the_row_after_half_a_year(case, person):
    spam(case, person, 1)
    now = clock.now()
    with clock.standing_at(now + timedelta(days=29)):
        assert chores.forget_refused() == 0
    with clock.standing_at(now + timedelta(days=31)):
        assert chores.forget_refused() == 1
    assert RefusedMail.objects.get().excerpt == ""
    with clock.standing_at(now + timedelta(days=181)):
        chores.forget_refused()
    assert RefusedMail.objects.count() == 0


# --- files --------------------------------------------------------------------------------------------------------


def put(case, by, content: bytes = PDF, name: str = "見積書.pdf") -> CaseFile:
    return actions.add_file(case, by=by, **keep(CaseFile, SimpleUploadedFile(name, content)))


def test_file_taken_in_without_clamd_is_marked_as_not_scanned(case, person, monkeypatch):
    monkeypatch.delenv("MUSUBI_CLAMD", raising=False)
    assert put(case, person).scanned == "not_scanned"
    assert scanning.scan_waiting() == 0


def test_file_taken_in_with_clamd_is_marked_as_clean(case, person, clamd, monkeypatch):
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert put(case, person).scanned == "clean"


def test_file_taken_in_while_clamd_was_away_is_scanned_later(case, person, clamd, monkeypatch):
    monkeypatch.setenv("MUSUBI_CLAMD", "127.0.0.1:1")
    file = put(case, person)
    assert (file.scanned, chores.scan_files()) == ("not_scanned", 0)
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert (chores.scan_files(), chores.scan_files()) == (1, 0)
    file.refresh_from_db()
    assert (file.scanned, clamd.got) == ("clean", PDF)


def test_virus_found_later_is_told_and_journalled_once(case, person, officer, desk, clamd, monkeypatch):
    monkeypatch.delenv("MUSUBI_CLAMD", raising=False)
    file = put(case, person, b"%PDF-1.7 EICAR")
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert (chores.scan_files(), chores.scan_files()) == (1, 0)
    file.refresh_from_db()
    assert file.scanned == "infected"
    entry = Entry.objects.get(verb="case.file_blocked")
    assert entry.data == {"file": file.pk, "name": "見積書.pdf", "found": "Eicar-Signature"}
    notices = told("case.file_blocked")
    assert {notice.user for notice in notices} == {desk, officer}
    assert "もうだれも開けません" in notices[0].body


def test_attachments_of_proposals_are_scanned_too(case, person, desk, clamd, monkeypatch):
    kept = keep(Attachment, SimpleUploadedFile("企画.pdf", b"%PDF-1.7 EICAR"))
    attachment = Attachment.objects.create(
        proposal=case.proposal,
        file=kept["stored"],
        name=kept["name"],
        size=kept["size"],
        media_type=kept["media_type"],
        added_at=clock.now(),
        added_by=person,
    )
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert scanning.scan_waiting() == 1
    attachment.refresh_from_db()
    assert attachment.scanned == "infected"
    assert [notice.user for notice in told("proposal.file_blocked")] == [desk]


def test_file_that_is_gone_from_the_disk_stops_nobody(case, person, clamd, monkeypatch):
    monkeypatch.delenv("MUSUBI_CLAMD", raising=False)
    gone, here = put(case, person), put(case, person, name="b.pdf")
    gone.file.storage.delete(gone.file.name)
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert scanning.scan_waiting() == 1
    here.refresh_from_db()
    assert here.scanned == "clean"


def test_file_above_clamds_limit_stays_marked_and_stops_nobody(case, person, clamd, monkeypatch):
    monkeypatch.delenv("MUSUBI_CLAMD", raising=False)
    big, small = put(case, person, PDF * 10), put(case, person, name="b.pdf")
    clamd.limit = 500
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    assert scanning.scan_waiting() == 1
    big.refresh_from_db()
    small.refresh_from_db()
    assert (big.scanned, small.scanned) == ("not_scanned", "clean")
