"""The shared record from the municipality's side: who sees what, nothing typed is lost, one page for all."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from musubi.cases import actions
from musubi.cases.models import Case, CaseFile
from musubi.lib import clock
from musubi.outcomes.models import Outcome, Story
from tests.factories.cases import make_case, make_contact
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def case(city, officer):
    return make_case(city, officer=officer)


def address(case, name="staff-case", *more):
    return reverse(name, args=[case.municipality.slug, case.ref, *more])


def act(client, case, code, **data):
    return client.post(address(case, "staff-case-act", code), data)


def test_board_shows_each_open_case_in_its_stage(client, city, officer, case):
    make_contact(city, officer=officer, title="ベンチの修理")
    client.force_login(officer)
    page = client.get(reverse("staff-cases", args=[city.slug]))
    columns = {
        column["label"]: [card["title"] for card in column["cards"]] for column in page.context["columns"]
    }
    assert columns["受付"] == ["ベンチの修理"]
    assert columns["対話"] == [case.title]
    assert page.context["count"] == 2


@pytest.mark.parametrize("view", ["", "list"])
def test_board_and_list_cost_the_same_for_few_and_for_many(
    client, city, officer, view, django_assert_max_num_queries
):
    make_contact(city, officer=officer)
    client.force_login(officer)
    for _ in range(2):
        with django_assert_max_num_queries(26):
            client.get(reverse("staff-cases", args=[city.slug]), {"view": view})
        for _ in range(6):
            make_contact(city, officer=officer)


def test_list_narrows_by_text_and_stage_and_survives_odd_values(client, city, officer, case):
    make_contact(city, officer=officer, title="ベンチの修理")
    client.force_login(officer)
    here = reverse("staff-cases", args=[city.slug])

    def titles(**query):
        return [case.title for case, _words in client.get(here, {"view": "list", **query}).context["rows"]]

    assert titles(q="ベンチ") == ["ベンチの修理"]
    assert titles(stage="dialogue") == [case.title]
    assert len(titles(stage="nonsense", department="x", page="-3")) == 2


def test_case_page_of_another_department_is_not_found(client, case):
    client.force_login(make_staff(case.municipality, "officer"))
    assert client.get(address(case)).status_code == 404


def test_case_page_is_forbidden_to_the_organisation_under_the_staff_address(client, case):
    client.force_login(make_representative(case.organisations.get()))
    assert client.get(address(case)).status_code == 403


def test_auditor_reads_everything_and_is_offered_nothing(client, case, officer):
    actions.note(case, by=officer, body="部長と相談済み")
    client.force_login(make_staff(case.municipality, "auditor"))
    page = client.get(address(case))
    assert "部長と相談済み" in page.text
    assert page.context["forms"] == {}
    assert act(client, case, "say", body="口を出す").status_code == 403


def test_say_passes_the_ball_and_shows_the_words(client, case, officer):
    client.force_login(officer)
    answer = act(client, case, "say", body="費用を教えてください。", asks="on")
    assert answer.status_code == 302
    assert Case.objects.get(pk=case.pk).ball_organisation == case.organisations.get()
    assert "費用を教えてください。" in client.get(address(case)).text


def test_refused_form_comes_back_with_everything_typed(client, case, officer):
    client.force_login(officer)
    page = act(client, case, "close", reason="", feedback="とても良い提案でしたが、予算が足りません。")
    assert page.status_code == 422
    assert "とても良い提案でしたが、予算が足りません。" in page.text
    page = act(client, case, "advance", to="implementation", reason="")
    assert page.status_code == 422
    assert "まだ次のことが必要です" in page.text or "理由を書いてください" in page.text


def test_markup_in_a_message_is_shown_and_not_run(client, case, officer):
    actions.say(case, by=officer, body="<script>alert(1)</script> **大事**", asks=False)
    client.force_login(officer)
    page = client.get(address(case)).text
    assert "<script>alert(1)" not in page
    assert "<strong>大事</strong>" in page


def test_meeting_is_recorded_with_the_next_holder(client, case, officer):
    client.force_login(officer)
    organisation = case.organisations.get()
    answer = act(
        client,
        case,
        "meeting",
        held_at=(clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        minutes_long="60",
        minutes="見本を見た。",
        to=f"o{organisation.pk}",
        next_step="版下を送る",
    )
    assert answer.status_code == 302
    assert Case.objects.get(pk=case.pk).ball_next == "版下を送る"


def test_file_is_stored_and_served_only_as_a_download(client, case, officer):
    client.force_login(officer)
    answer = client.post(
        address(case, "staff-case-act", "file"),
        {"upload": SimpleUploadedFile("見積 書.pdf", b"%PDF-1.7 abc"), "internal": "on"},
    )
    assert answer.status_code == 302
    file = CaseFile.objects.get()
    assert (file.name, file.internal) == ("見積 書.pdf", True)
    download = client.get(address(case, "staff-case-file", file.pk))
    assert download["Content-Disposition"].startswith("attachment")
    assert download["X-Content-Type-Options"] == "nosniff"
    assert b"".join(download.streaming_content) == b"%PDF-1.7 abc"
    client.force_login(make_staff(case.municipality, "officer"))
    assert client.get(address(case, "staff-case-file", file.pk)).status_code == 404


@pytest.mark.parametrize("name", ["evil.docm", "run.exe", "page.html"])
def test_file_of_a_dangerous_kind_is_refused_in_words(client, case, officer, name):
    client.force_login(officer)
    page = client.post(address(case, "staff-case-act", "file"), {"upload": SimpleUploadedFile(name, b"MZ..")})
    assert page.status_code == 422
    assert CaseFile.objects.count() == 0


def test_unknown_act_is_not_found(client, case, officer):
    client.force_login(officer)
    assert act(client, case, "explode").status_code == 404


def test_case_without_a_proposal_is_opened_for_the_own_department_only(client, city, officer):
    company = make_organisation()
    make_member(city, company)
    client.force_login(officer)
    here = reverse("staff-case-new", args=[city.slug])
    other = make_staff(city, "officer").staff.get().department
    data = {"title": "相談", "organisation": company.pk, "channel": "walk_in", "summary": "長い概要"}
    refused = client.post(here, {**data, "lead": other.pk})
    assert (refused.status_code, Case.objects.count()) == (422, 0)
    assert "長い概要" in refused.text
    answer = client.post(here, {**data, "lead": officer.staff.get().department_id})
    assert (answer.status_code, Case.objects.get().stage) == (302, "intake")


def test_outcome_then_story_then_publication(client, city, officer, case):
    client.force_login(officer)
    answer = act(
        client,
        case,
        "outcome",
        kind="donation",
        title_="ごみ袋3万枚",
        summary="配布した。",
        started_on="2026-04-01",
    )
    assert answer.status_code == 302
    outcome = Outcome.objects.get()
    new = reverse("staff-story-new", args=[city.slug, outcome.pk])
    page = client.post(new, {"title": "", "body": "書きかけの本文"})
    assert page.status_code == 422
    assert "書きかけの本文" in page.text
    client.post(new, {"title": "市民とつくる海", "body": "本文"})
    story = Story.objects.get()
    publish = reverse("staff-story-publish", args=[city.slug, story.ref])
    assert client.post(publish).status_code in (403, 404)
    client.force_login(make_staff(city, "desk"))
    assert client.post(publish).status_code == 302
    assert Story.objects.get().state == "published"


def test_agreements_are_read_by_officers_and_added_by_the_desk_only(client, city, officer):
    client.force_login(officer)
    assert client.get(reverse("staff-agreements", args=[city.slug])).status_code == 200
    assert client.get(reverse("staff-agreement-new", args=[city.slug])).status_code == 403


def test_double_click_posts_one_message(client, case, officer):
    client.force_login(officer)
    key = client.get(address(case)).context["forms"]["say"]["key"].value()
    for _ in range(2):
        assert act(client, case, "say", body="一度だけ", asks="on", key=str(key)).status_code == 302
    assert case.posts.filter(body="一度だけ").count() == 1


def test_the_same_outcome_twice_is_refused(client, case, officer):
    client.force_login(officer)
    words = {"kind": "donation", "title_": "ごみ袋3万枚", "summary": "配布した。", "started_on": "2026-04-01"}
    assert act(client, case, "outcome", **words).status_code == 302
    page = act(client, case, "outcome", **words)
    assert (page.status_code, Outcome.objects.count()) == (422, 1)
    assert "もう記録されています" in page.text


def test_every_act_stands_once_on_the_page_in_the_readers_language(client, city, case):
    client.force_login(make_staff(city, "desk"))
    page = client.get(address(case))

    offered = page.context["forms"]
    assert {code: page.text.count(f'id="act-{code}"') for code in offered} == dict.fromkeys(offered, 1)
    assert [title for title, _forms in page.context["groups"]] == ["進める", "関わる人", "止める・終える"]
    assert "Select an option" not in page.text


def test_a_department_is_asked_inside_and_an_organisation_in_the_talk(client, city, officer, case):
    desk = make_staff(city, "desk")
    client.force_login(desk)
    actions.hand_ball(case, case.lead, by=officer, next_step="見積りを確かめる")
    with_us = client.get(address(case)).context["ball"]
    actions.hand_ball(case, case.organisations.get(), by=officer, next_step="見積りを送る")
    with_them = client.get(address(case)).context["ball"]

    assert (with_us["next_label"], with_us["next_href"]) == ("様子をたずねる", "?act=nudge#act-nudge")
    assert (with_them["next_label"], with_them["next_href"]) == ("様子をたずねる", "#act-say")


@pytest.mark.parametrize(
    ("code", "data", "place"),
    [
        ("say", {"body": "ありがとうございます。"}, "told-thread"),
        ("todo", {"text": "図面を送る", "due_on": "2099-01-05"}, "told-meetings"),
        ("ball", {"next_step": "図面を見る"}, "told"),
    ],
)
def test_what_was_done_is_read_where_the_page_jumps_to(client, officer, case, code, data, place):
    party = f"d{case.lead_id}"
    client.force_login(officer)

    answer = act(client, case, code, **data, to=party, doer=party)

    assert answer.url == f"{address(case)}#{place}"
    assert client.get(address(case)).content.decode().count(f'id="{place}"') == 1


def test_the_page_leads_to_each_of_its_sections(client, officer, case):
    client.force_login(officer)

    page = client.get(address(case))

    jumps = dict(page.context["jumps"])
    assert list(jumps) == [
        "打合せと宿題",
        "やり取り",
        "メッセージを書く",
        "進める・変える",
        "この案件について",
    ]
    text = page.content.decode()
    assert [text.count(f'id="{href[1:]}"') for href in jumps.values()] == [1] * 5
    # The ball and the next step come before anything else.
    assert text.index("ボール(次に動く人)") < text.index('class="jumps') < text.index('id="meetings"')


def test_a_closed_case_leads_to_nothing_that_can_be_done(client, officer, case):
    actions.close(case, by=officer, reason="timing", feedback="また来年に。")
    client.force_login(officer)

    assert list(dict(client.get(address(case)).context["jumps"])) == [
        "打合せと宿題",
        "やり取り",
        "この案件について",
    ]
