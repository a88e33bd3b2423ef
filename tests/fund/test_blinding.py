"""What a blind screening sees: the files that were looked through, in the copy without names, under a neutral name."""

from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Application, Assignment, MaskedPaper, Paper
from musubi.fund.states import Stage
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.fund import score_all
from tests.factories.people import make_staff
from tests.www.committee.conftest import browser, make_screening, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 7, 14)):
        yield


@pytest.fixture
def screening():
    return make_screening(is_blind=True)


def paper_of(screening, number: int = 0) -> Paper:
    return screening.applications[number].papers.select_related("application__call").get()


def copy(words: bytes = b"%PDF-1.4 masked") -> dict:
    stored = default_storage.save("fund/copy.pdf", ContentFile(words))
    return {"stored": stored, "name": "見本海洋_黒塗り.pdf", "size": 15, "media_type": "application/pdf"}


def member_reads(screening, paper: Paper):
    """What a member gets at the file's address, and the sheet's page."""
    sheet = Assignment.objects.get(
        application=paper.application_id, member=screening.members[0], stage=Stage.FIRST
    )
    client = browser(screening.members[0].user)
    return (
        client.get(reverse("committee-paper", args=["nagisa", sheet.pk, paper.pk])),
        text(client.get(reverse("committee-sheet", args=["nagisa", sheet.pk]))),
    )


def verb(paper: Paper) -> str:
    return history(paper.application).latest("pk").verb


def test_a_file_is_shown_once_it_was_looked_through_under_a_neutral_name(screening):
    paper = paper_of(screening)
    response, page = member_reads(screening, paper)
    assert (response.status_code, "書類1件は、団体名が分かるおそれ" in page) == (404, True)
    actions.show_paper(paper, by=screening.desk, shown=True)
    assert (paper.shown_blind, paper.blind_by, paper.blind_at) == (True, screening.desk, clock.now())
    assert verb(paper) == "application.paper_shown_blind"
    response, page = member_reads(screening, paper)
    assert b"".join(response.streaming_content) == b"%PDF-1.4"
    assert (
        "filename*=utf-8''%E6%9B%B8%E9%A1%9E1_%E6%B1%BA%E7%AE%97%E6%9B%B8.pdf"
        in (response["Content-Disposition"])
    )
    assert ("書類1_決算書.pdf" in page, "決算書0.pdf" in page, "見本海洋" in page) == (True, False, False)
    actions.show_paper(paper, by=screening.desk, shown=False)
    assert verb(paper) == "application.paper_hidden_blind"
    assert member_reads(screening, paper)[0].status_code == 404


def test_another_applications_file_is_not_found_under_the_own_sheet(screening):
    mine, other = paper_of(screening), paper_of(screening, 1)
    actions.show_paper(other, by=None, shown=True)
    sheet = Assignment.objects.get(application=mine.application, member=screening.members[0])
    address = reverse("committee-paper", args=["nagisa", sheet.pk, other.pk])
    assert browser(screening.members[0].user).get(address).status_code == 404


def test_the_copy_without_names_takes_the_files_place(screening, django_capture_on_commit_callbacks):
    paper = paper_of(screening)
    actions.mask_paper(paper, by=screening.desk, **copy())
    assert verb(paper) == "application.paper_masked"
    assert member_reads(screening, paper)[0].status_code == 404
    actions.show_paper(paper, by=None, shown=True)
    response, page = member_reads(screening, Paper.objects.get(pk=paper.pk))
    assert b"".join(response.streaming_content) == b"%PDF-1.4 masked"
    assert ("黒塗り" in page, "黒塗り" in response["Content-Disposition"]) == (False, False)
    first = MaskedPaper.objects.get().file.name
    with django_capture_on_commit_callbacks(execute=True):
        actions.mask_paper(paper, by=None, **copy(b"%PDF-1.4 better"))
    assert MaskedPaper.objects.count() == 1
    assert not default_storage.exists(first)
    # The applicant and the later screening have the file as it was handed in.
    assert paper.application.papers.get().file.read() == b"%PDF-1.4"


def test_the_copy_goes_with_its_file(screening, django_capture_on_commit_callbacks):
    paper = paper_of(screening)
    actions.mask_paper(paper, by=None, **copy())
    stored = MaskedPaper.objects.get().file.name
    Application.objects.filter(pk=paper.application_id).update(state="returned")
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_paper(Paper.objects.get(pk=paper.pk), by=paper.added_by)
    assert (MaskedPaper.objects.exists(), default_storage.exists(stored)) == (False, False)
    with pytest.raises(Conflict, match="先に外しました"):
        actions.show_paper(paper, by=None, shown=True)


def test_all_judge_by_the_same_files(screening):
    paper, other = paper_of(screening), paper_of(screening, 1)
    actions.show_paper(other, by=None, shown=True)
    score_all(screening.call, Stage.FIRST)
    with pytest.raises(Refused, match="同じ書類で採点"):
        actions.show_paper(paper, by=None, shown=True)
    # What tells a name after all is taken away at any time.
    actions.show_paper(other, by=None, shown=False)
    pks = [row.pk for row in screening.applications]
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=pks, reasons={})
    for act in (
        lambda: actions.show_paper(paper_of(screening), by=None, shown=True),
        lambda: actions.mask_paper(paper_of(screening), by=None, **copy()),
        lambda: actions.hide_words(paper_of(screening).application, by=None, words="藻場"),
    ):
        with pytest.raises(Refused, match="第一次審査は終わりました"):
            act()


def test_it_is_the_secretariats_and_for_blind_screenings_only(screening):
    manager = make_staff(screening.city, "manager")
    paper = paper_of(screening)
    for act in (
        lambda by: actions.show_paper(paper, by=by, shown=True),
        lambda by: actions.mask_paper(paper, by=by, **copy()),
        lambda by: actions.hide_words(paper.application, by=by, words="藻場"),
    ):
        with pytest.raises(NotAllowed):
            act(manager)
        screening.call.edition.__class__.objects.update(is_blind=False)
        with pytest.raises(Refused, match="団体名を出して審査"):
            act(None)
        screening.call.edition.__class__.objects.update(is_blind=True)


def test_further_words_are_left_out_everywhere(screening):
    application = screening.applications[0]
    actions.hide_words(application, by=screening.desk, words=" 藻場 \n\n事業0\n藻場")
    assert application.hidden_words == "藻場\n事業0"
    assert history(application).latest("pk").verb == "application.words_hidden"
    page = member_reads(screening, paper_of(screening))[1]
    assert ("(申請団体)が(申請団体)を増やす。" in page, "藻場" in page) == (True, False)
    home = text(browser(screening.members[0].user).get(reverse("committee", args=["nagisa"])))
    assert ("見本の事業0" in home, "見本の事業1" in home) == (False, True)
    with pytest.raises(Missing, match="短すぎます"):
        actions.hide_words(application, by=None, words="海")
    with pytest.raises(Refused, match="50個まで"):
        actions.hide_words(application, by=None, words="\n".join(f"言葉{n}" for n in range(51)))


def test_the_secretariat_prepares_the_copy_and_looks_at_it(screening):
    client, paper = browser(screening.desk), paper_of(screening)
    ref = paper.application.ref

    def at(name, *parts):
        return reverse(name, args=["nagisa", ref, *parts])

    preview = at("staff-fund-application") + "?view=member"
    assert "見せない" in text(client.get(preview))
    assert client.get(at("staff-fund-blind-file", paper.pk)).status_code == 404
    assert client.post(at("staff-fund-blind-copy", paper.pk), {}).status_code == 422
    sent = SimpleUploadedFile("写し.pdf", b"%PDF-1.4 masked")
    assert client.post(at("staff-fund-blind-copy", paper.pk), {"file": sent}).status_code == 302
    client.post(at("staff-fund-blind-show", paper.pk), {"do": "show"})
    page = text(client.get(preview))
    assert ("書類1_決算書.pdf" in page, "写し.pdf" in page) == (True, True)
    response = client.get(at("staff-fund-blind-file", paper.pk))
    assert b"".join(response.streaming_content) == b"%PDF-1.4 masked"
    assert client.post(at("staff-fund-blind-words"), {"words": "海"}).status_code == 422
    client.post(at("staff-fund-blind-words"), {"words": "藻場"})
    assert "(申請団体)が(申請団体)を増やす。" in text(client.get(preview))
    client.post(at("staff-fund-blind-show", paper.pk), {"do": "hide"})
    assert not Paper.objects.get(pk=paper.pk).shown_blind
    auditor = browser(make_staff(screening.city, "auditor"))
    assert "blind-show" not in text(auditor.get(preview))
    assert auditor.post(at("staff-fund-blind-show", paper.pk), {"do": "show"}).status_code == 403
