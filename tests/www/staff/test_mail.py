"""The desk's page of mails that were not taken in, and how a case shows what came by mail."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions
from musubi.cases.mail.receiving import receive
from musubi.cases.models import CaseFile
from musubi.lib import clock
from musubi.proposals.models import Attachment
from tests.cases.mails import make_mail
from tests.factories.cases import make_case
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
PAGE = "/nagisa/staff/mail/?state=refused"


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"
    settings.TRUSTED_AUTHSERV = ""
    return settings


@pytest.fixture
def case(town):
    return make_case(town.city, town.organisation, officer=town.officer, desk=town.desk)


def refuse(case, town, times: int = 1, **headers):
    for n in range(times):
        receive(
            make_mail(
                case, town.representative, "<b>怪しい本文</b>", sender=f"x{n}@evil.example", **headers
            ).as_bytes()
        )


def test_desk_reads_who_wrote_when_and_why(town, case):
    refuse(case, town, Subject="<script>alert(1)</script>")
    page = text(town.at("desk").get(PAGE))
    assert "x0@evil.example" in page
    assert "差出人が、お知らせを受け取った本人のアドレスと違う" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;怪しい本文&lt;/b&gt;" in page
    assert f"/nagisa/staff/cases/{case.ref}/" in page


def test_other_desks_read_nothing_of_it(town, case):
    refuse(case, town)
    assert "x0@evil.example" not in text(town.at("stranger").get("/hoka/staff/mail/?state=refused"))
    assert town.at("officer").get(PAGE).status_code == 403


def test_page_says_what_to_do_when_nothing_was_refused(town, mailbox):
    assert "受け付けなかったメールはありません" in text(town.at("desk").get(PAGE))
    mailbox.REPLY_ADDRESS = ""
    assert "MUSUBI_REPLY_ADDRESS" in text(town.at("desk").get(PAGE))


def test_page_shows_twenty_at_a_time_at_the_same_cost(town, case):
    refuse(case, town, 2)
    town.at("desk").get(PAGE)
    with CaptureQueriesContext(connection) as few:
        town.at("desk").get(PAGE)
    for n in range(30):
        receive(make_mail(case, town.representative, sender=f"y{n}@evil.example").as_bytes())
    with CaptureQueriesContext(connection) as many:
        page = town.at("desk").get(PAGE)
    assert len(page.context["rows"]) == 20
    assert len(few) == len(many)


def test_thread_shows_the_words_and_folds_the_quotation(town, case):
    quoted = (
        "来月からです。\n\n2026年11月22日(日) 10:00 Musubi <a@city.example>:\n> <b>いつ始められますか。</b>"
    )
    mail = make_mail(case, town.representative, quoted)
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="tool.exe")
    receive(mail.as_bytes())
    for page in (
        text(town.at("officer").get(f"/nagisa/staff/cases/{case.ref}/")),
        text(town.at("representative").get(f"/my/cases/nagisa/{case.ref}/")),
    ):
        assert "<p>来月からです。</p>" in page
        assert '<details class="quoted"><summary>引用を表示</summary>' in page
        assert "&lt;b&gt;いつ始められますか。&lt;/b&gt;" in page
        assert "資料「tool.exe」は受け付けませんでした" in page
        assert "メールで" in page


def test_what_a_mail_of_staff_quotes_is_read_inside_alone(town, case):
    answer = "火曜にうかがいます。\n\n2026年11月22日(日) 10:00 森 <mori@city.example>:\n> 予算は内々に百万円までです。"
    receive(make_mail(case, town.officer, answer).as_bytes())
    inside = text(town.at("officer").get(f"/nagisa/staff/cases/{case.ref}/"))
    outside = text(town.at("representative").get(f"/my/cases/nagisa/{case.ref}/"))
    assert "内々に百万円" in inside
    assert "火曜にうかがいます。" in outside
    assert "内々に百万円" not in outside


def put(case, by, scanned: str) -> CaseFile:
    stored = default_storage.save("cases/2026/x.pdf", ContentFile(b"%PDF-1.7"))
    return actions.add_file(
        case, by=by, stored=stored, name="見積書.pdf", size=8, media_type="application/pdf", scanned=scanned
    )


@pytest.mark.parametrize(
    ("scanned", "words"), [("not_scanned", "ウイルス検査: 未検査"), ("clean", "ウイルス検査: 異常なし"), ("infected", "ウイルスが見つかりました")]
)  # fmt: skip
def test_each_file_says_whether_it_was_scanned(town, case, scanned, words):
    file = put(case, town.representative, scanned)
    pages = {
        f"/nagisa/staff/cases/{case.ref}/": town.at("officer"),
        f"/my/cases/nagisa/{case.ref}/": town.at("representative"),
    }
    for address, browser in pages.items():
        page = text(browser.get(address))
        assert page.count(words) == 2  # in the thread and among the files
        assert (f'href="{address}files/{file.pk}/"' in page) == (scanned != "infected")
        answer = browser.get(f"{address}files/{file.pk}/")
        assert answer.status_code == (403 if scanned == "infected" else 200)
        if scanned == "infected":
            assert "ウイルスが見つかったため、開けません" in text(answer)
        else:
            assert answer["Content-Disposition"].startswith("attachment")


def test_attachments_of_a_proposal_say_so_too(town, case):
    stored = default_storage.save("proposals/2026/x.pdf", ContentFile(b"%PDF-1.7"))
    about = {"file": stored, "size": 8, "media_type": "application/pdf", "added_at": clock.now()}
    Attachment.objects.create(proposal=case.proposal, name="a.pdf", added_by=town.representative, **about)
    bad = Attachment.objects.create(
        proposal=case.proposal, name="b.pdf", added_by=town.representative, scanned="infected", **about
    )
    ref = case.proposal.ref
    page = text(town.at("desk").get(f"/nagisa/staff/proposals/{ref}/"))
    assert "ウイルス検査: 未検査" in page
    assert "ウイルスが見つかりました" in page
    assert f"/files/{bad.pk}/" not in page
    assert town.at("desk").get(f"/nagisa/staff/proposals/{ref}/files/{bad.pk}/").status_code == 403
    own = text(town.at("representative").get(f"/my/proposals/{case.proposal.pk}/"))
    assert "ウイルス検査: 未検査" in own
    assert f"/files/{bad.pk}/" not in own


@pytest.mark.parametrize(("trusted", "warned"), [("", True), ("mx.city.example", False)])
def test_the_desk_is_warned_while_nobody_proves_who_answers(town, mailbox, trusted, warned):
    mailbox.TRUSTED_AUTHSERV = trusted

    assert ("返信の差出人を、確かめていません" in text(town.at("desk").get(PAGE))) is warned


def test_nobody_is_warned_where_mail_cannot_be_answered(town, mailbox):
    mailbox.REPLY_ADDRESS = ""

    assert "返信の差出人を、確かめていません" not in text(town.at("desk").get(PAGE))
