"""The same mail handed over twice at the same moment: one message, one set of files, one answer."""

import pytest
from django.core.files.storage import default_storage

from musubi.cases import actions
from musubi.cases.mail import chores
from musubi.cases.mail.receiving import receive
from musubi.cases.models import CaseFile, Post, RefusedMail
from musubi.journal.models import Entry
from musubi.notify.models import Delivery
from tests.at_once.race import race, seen, told
from tests.cases.mails import PDF, make_mail
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"
    settings.TRUSTED_AUTHSERV = ""


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(person):
    city = make_municipality("nagisa")
    officer = make_staff(city, "officer")
    case = make_case(city, person.represents.get().organisation, officer=officer)
    actions.say(case, by=officer, body="いつ始められますか。")
    return case


def on_the_disk() -> set[str]:
    years = default_storage.listdir("cases")[0] if default_storage.exists("cases") else []
    return {f"cases/{year}/{name}" for year in years for name in default_storage.listdir(f"cases/{year}")[1]}


def test_same_mail_four_times_at_once_is_one_message(case, person):
    mail = make_mail(case, person, "来月から始められます。")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="見積書.pdf")
    raw, before = mail.as_bytes(), on_the_disk()
    assert told(race(*[lambda: receive(raw)] * 4)) == 0
    assert Post.objects.filter(case=case, data__has_key="mail").count() == 1
    file = CaseFile.objects.get()
    assert Entry.objects.filter(verb="case.spoken", actor_id=person.pk).count() == 1
    assert seen(case).holder == case.lead
    # What the slower ones had put on the disk is gone again.
    assert on_the_disk() - before == {file.file.name}


def test_same_refused_mail_at_once_is_listed_and_answered_once(case, person):
    raw = make_mail(case, person, "").as_bytes()
    results = race(*[lambda: receive(raw)] * 4)
    assert told(results) == 0
    assert sorted(each.what for each in results) == ["duplicate"] * 3 + ["refused"]
    assert (RefusedMail.objects.count(), Delivery.objects.filter(notice=None).count()) == (1, 1)


def test_different_mails_at_once_are_all_kept(case, person):
    raws = [make_mail(case, person, f"{n}通目です。").as_bytes() for n in range(6)]
    assert told(race(*(lambda raw=raw: receive(raw) for raw in raws))) == 0
    said = Post.objects.filter(case=case, data__has_key="mail").values_list("body", flat=True)
    assert sorted(said) == [f"{n}通目です。" for n in range(6)]


def test_two_workers_tell_the_desk_once(case, person):
    for n in range(3):
        receive(make_mail(case, person, sender=f"x{n}@evil.example").as_bytes())
    results = race(chores.tell_of_refused, chores.tell_of_refused)
    assert sorted(results) == [0, 1]
    assert Entry.objects.filter(verb="refusedmail.reported").count() == 1
