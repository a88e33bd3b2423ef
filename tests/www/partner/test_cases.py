"""The shared record from the organisation's side: all of it but what is internal."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions
from musubi.cases.models import Case
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.people import make_department, make_municipality, make_staff

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 made for a test"


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"), name="森 和子")


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person, title="ごみ袋の共同製作")


@pytest.fixture
def url(case):
    return f"/my/cases/shiohama/{case.ref}/"


def file_in(case, officer, *, internal: bool, name: str):
    stored = default_storage.save("cases/2026/x.pdf", ContentFile(PDF))
    return actions.add_file(
        case,
        by=officer,
        stored=stored,
        name=name,
        size=len(PDF),
        media_type="application/pdf",
        internal=internal,
    )


def test_case_shows_ball_stages_and_thread(here, case, url, officer, text):
    actions.say(case, by=officer, body="試作の日数を教えてください。")
    actions.record_meeting(
        case,
        by=officer,
        held_at=clock.now(),
        place="市役所3階",
        minutes="袋は年に3万枚。",
        decisions="仕様を送る",
    )
    page = text(here.get(url))
    assert "いま、あなたの番です" in page
    assert "試作の日数を教えてください。" in page
    assert "市役所3階" in page
    assert "袋は年に3万枚。" in page
    assert 'aria-current="step">対話' in page


def test_case_has_nothing_internal_in_its_html(here, case, url, officer, city, text):
    actions.note(case, by=officer, body="内輪のメモです")
    file = file_in(case, officer, internal=True, name="内輪の資料.pdf")
    for path in (url, "/my/", "/my/cases/", f"/my/proposals/{case.proposal_id}/"):
        assert "内輪の" not in text(here.get(path))
        assert "内部メモ" not in text(here.get(path))
    assert here.get(f"{url}files/{file.pk}/").status_code == 404


def test_case_has_nothing_internal_even_for_a_desk_officer_who_represents_a_party(
    client, case, url, officer, company, city, text
):
    from musubi.people.models import Representative

    both = make_staff(city, "desk")
    Representative.objects.create(user=both, organisation=company)
    actions.note(case, by=officer, body="内輪のメモです")
    client.force_login(both)
    assert "内輪の" not in text(client.get(url))


def test_case_of_another_organisation_is_not_found(there, case, url, officer):
    file = file_in(case, officer, internal=False, name="計画.pdf")
    assert there.get(url).status_code == 404
    assert there.post(url, {"body": "のぞき見"}).status_code == 404
    assert there.get(f"{url}files/{file.pk}/").status_code == 404
    assert case.posts.filter(kind="message").count() == 0


def test_case_of_another_city_with_the_same_number_is_not_found(here, case):
    make_municipality("kitahama")
    assert here.get(f"/my/cases/kitahama/{case.ref}/").status_code == 404


def test_say_goes_on_the_record_and_passes_the_ball(here, case, url, officer):
    actions.say(case, by=officer, body="試作の日数を教えてください。")
    assert here.post(url, {"body": "十日です。"})["Location"] == url + "#told-thread"
    row = Case.objects.get()
    assert str(row.holder) == "環境課"
    last = row.posts.order_by("pk").last()
    assert (last.kind, last.side, last.body) == ("message", "organisation", "十日です。")


def test_say_nothing_is_told_in_words(here, case, url, text):
    response = here.post(url, {"body": " "})
    assert response.status_code == 422
    assert "メッセージを入力するか、資料を選んでください。" in text(response)


def test_say_with_a_file_that_is_refused_keeps_the_words_and_posts_nothing(here, case, url, text):
    bad = SimpleUploadedFile("悪い.exe", b"MZ", "application/octet-stream")
    before = case.posts.count()
    response = here.post(url, {"body": "消えてほしくない言葉", "files": [bad]})
    assert response.status_code == 422
    assert "「悪い.exe」の形式は受け付けていません" in text(response)
    assert "消えてほしくない言葉" in text(response)
    assert case.posts.count() == before


def test_say_with_a_file_puts_both_on_the_record(here, case, url):
    here.post(url, {"body": "仕様です。", "files": [SimpleUploadedFile("仕様.pdf", PDF, "application/pdf")]})
    file = case.files.get()
    assert (file.name, file.internal, file.size) == ("仕様.pdf", False, len(PDF))
    response = here.get(f"{url}files/{file.pk}/")
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_say_after_the_session_ended_shows_the_words_back(client, case, url, text):
    response = client.post(url, {"body": "消えてほしくない言葉"})
    assert response.status_code == 401
    assert "消えてほしくない言葉" in text(response)
    assert case.posts.filter(kind="message").count() == 0


def test_say_in_a_closed_case_is_not_offered_and_keeps_the_words(here, case, url, officer, text):
    actions.close(case, by=officer, reason="budget", feedback="来年度に改めてご相談ください。")
    page = text(here.get(url))
    assert "予算の見通しが立たない" in page
    assert "来年度に改めてご相談ください。" in page
    assert 'name="body"' not in page
    response = here.post(url, {"body": "遅れて書いた言葉"})
    assert response.status_code == 422
    assert "この案件は終了しています。" in text(response)
    assert "遅れて書いた言葉" in text(response)


def test_withdraw_wants_a_reason_and_ends_the_case(here, case, url, text):
    assert f'href="{url}withdraw/"' in text(here.get(url))
    assert here.post(f"{url}withdraw/", {"reason": " "}).status_code == 422
    assert Case.objects.get().stage == "dialogue"
    assert here.post(f"{url}withdraw/", {"reason": "社内の都合です"})["Location"] == url
    row = Case.objects.get()
    assert (row.stage, row.proposal.state) == ("closed", "withdrawn")
    page = text(here.get(url))
    assert "取り下げた案件です" in page
    assert f'href="{url}withdraw/"' not in page


def test_withdraw_of_another_organisation_is_not_found(there, case, url):
    assert there.post(f"{url}withdraw/", {"reason": "x"}).status_code == 404
    assert Case.objects.get().stage == "dialogue"


def test_withdraw_of_a_proposal_with_a_case_leads_to_the_case(here, case, url):
    assert here.get(f"/my/proposals/{case.proposal_id}/withdraw/")["Location"] == f"{url}withdraw/"


def test_cases_list_open_ones_first(here, case, city, company, person, officer, text):
    closed = make_case(city, company, officer=officer, by=person, title="終わった案件")
    actions.close(closed, by=officer, reason="budget", feedback="またの機会に。")
    page = text(here.get("/my/cases/"))
    assert page.index("ごみ袋の共同製作") < page.index("終わった案件")
    assert "<b>2</b>件" in page


def test_cases_when_empty_say_what_to_do(here, text):
    assert "連携案件はまだありません" in text(here.get("/my/cases/"))


def test_cases_cost_the_same_for_one_row_and_for_many(here, case, city, company, person):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.get("/my/cases/").status_code == 200
        return len(queries)

    one = cost()
    for _ in range(3):
        make_case(city, company, by=person)
    assert cost() == one


def test_the_page_leads_to_each_of_its_sections(here, url):
    page = here.get(url)
    text = page.content.decode()
    assert [text.count(f'id="{href[1:]}"') for _label, href in page.context["jumps"]] == [1] * 5
