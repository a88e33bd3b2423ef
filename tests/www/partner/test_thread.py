"""One thread, several departments and organisations: each reads what it may, by kind where asked."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from musubi.cases import actions
from musubi.cases.mail.receiving import receive
from musubi.cases.queries import files, thread
from musubi.lib import clock
from tests.cases.mails import make_mail
from tests.factories.cases import make_case
from tests.factories.people import make_department, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"), name="森 和子")


@pytest.fixture
def other_officer(city):
    return make_staff(city, "officer", make_department(city, "水産課"), name="浜 二郎")


@pytest.fixture
def second():
    """A representative of the second organisation in the case."""
    return make_representative(make_organisation("やまかぜ商事株式会社"), email="second@example.jp")


def put(case, by, name: str, *, internal: bool):
    stored = default_storage.save("cases/2026/x.pdf", ContentFile(b"%PDF-1.7"))
    about = {"stored": stored, "size": 8, "media_type": "application/pdf"}
    return actions.add_file(case, by=by, name=name, internal=internal, **about)


@pytest.fixture
def case(city, company, person, officer, other_officer, desk, second):
    """Two departments and two organisations, each of which has said something, and things that stay inside."""
    case = make_case(city, company, officer=officer, by=person, title="ごみ袋の共同製作")
    actions.add_department(case, other_officer.staff.get().department, by=desk)
    actions.add_organisation(case, second.represents.get().organisation, by=desk)
    case.refresh_from_db()
    for by, words in (
        (officer, "環境課です。"),
        (other_officer, "水産課です。"),
        (person, "うみかぜです。"),
        (second, "やまかぜです。"),
    ):
        actions.say(case, by=by, body=words)
    actions.note(case, by=officer, body="予算は厳しい。")
    actions.note(case, by=other_officer, body="水産課の内部の話。")
    put(case, officer, "公開の資料.pdf", internal=False)
    put(case, officer, "予算書.pdf", internal=True)
    actions.set_adoption_route(
        case, by=officer, budget="来年度の委託費", department=case.lead, deadline=clock.today()
    )
    return case


SHARED = ["環境課です。", "水産課です。", "うみかぜです。", "やまかぜです。", "公開の資料.pdf"]
INSIDE = ["予算は厳しい。", "水産課の内部の話。", "予算書.pdf", "来年度の委託費", "内部メモ"]


@pytest.mark.parametrize("who", ["person", "second"])
def test_every_organisation_reads_the_shared_thread_and_nothing_internal(case, who, request):
    user = request.getfixturevalue(who)
    browser = Client()
    browser.force_login(user)
    page = browser.get(f"/my/cases/shiohama/{case.ref}/").content.decode()
    assert [words for words in SHARED if words not in page] == []
    assert [words for words in INSIDE if words in page] == []
    assert not thread(case, user).filter(internal=True).exists()
    assert [file.name for file in files(case, user)] == ["公開の資料.pdf"]
    secret = case.files.get(internal=True)
    assert browser.get(f"/my/cases/shiohama/{case.ref}/files/{secret.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["officer", "other_officer", "desk"])
def test_every_department_in_the_case_reads_all_of_it(case, who, request):
    user = request.getfixturevalue(who)
    browser = Client()
    browser.force_login(user)
    page = browser.get(f"/shiohama/staff/cases/{case.ref}/").content.decode()
    assert [words for words in [*SHARED, *INSIDE[:3]] if words not in page] == []


def test_department_that_is_not_in_the_case_does_not_learn_of_it(case, city):
    browser = Client()
    browser.force_login(make_staff(city, "officer", make_department(city, "税務課")))
    assert browser.get(f"/shiohama/staff/cases/{case.ref}/").status_code == 404


def test_organisation_that_is_not_in_the_case_does_not_learn_of_it(case, there):
    assert there.get(f"/my/cases/shiohama/{case.ref}/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "shown", "hidden"),
    [("message", "うみかぜです。", "資料を載せました"), ("file", "資料を載せました", "うみかぜです。")],
)
def test_thread_is_filtered_by_kind_on_both_sides(case, here, officer, kind, shown, hidden):
    staff = Client()
    staff.force_login(officer)
    for browser, address in (
        (here, f"/my/cases/shiohama/{case.ref}/"),
        (staff, f"/shiohama/staff/cases/{case.ref}/"),
    ):
        page = browser.get(f"{address}?kind={kind}").content.decode()
        found = page.partition('<ol class="thread">')[2].partition("</ol>")[0]
        assert shown in found
        assert hidden not in found


def test_filter_offers_an_organisation_no_kind_it_cannot_read(case, here):
    for query in ("", "?kind=note", "?kind=nonsense"):
        page = here.get(f"/my/cases/shiohama/{case.ref}/{query}")
        assert "?kind=note#thread" not in [href for _, href, _, _ in page.context["tabs"]]
        assert [words for words in INSIDE if words in page.content.decode()] == []


def test_mail_of_the_second_organisation_is_its_own_word(case, second, settings):
    settings.REPLY_ADDRESS, settings.TRUSTED_AUTHSERV = "reply@city.example", ""
    post = receive(make_mail(case, second, "メールで返事をします。").as_bytes()).post
    assert (post.author, post.organisation) == (second, second.represents.get().organisation)
