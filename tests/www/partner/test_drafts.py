"""Writing a proposal: whatever happens, no word is lost; and what is sent twice is filed once."""

import re
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from musubi.challenges import actions as challenges
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.proposals import actions
from musubi.proposals.models import Proposal
from tests.factories.challenges import make_challenge
from tests.factories.people import make_organisation, make_representative, make_staff, make_user
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db

NEW = "/my/proposals/new/?city=shiohama&track=open"
KEY = "8c1ba0b4-0d9c-4f55-9a8e-4f3f3b4b2c11"
WORDS = {"title": "漁網のごみ袋", "content": "回収した漁網から袋を作ります。"}
PDF = b"%PDF-1.7 made for a test"


@pytest.fixture
def draft(city, company, person):
    return make_proposal(city, company, by=person, state="draft", **WORDS)


@pytest.fixture
def form(draft):
    """The address of the draft's form."""
    return f"/my/proposals/{draft.pk}/edit/"


def fresh(proposal):
    return Proposal.objects.get(pk=proposal.pk)


def pdf(name="計画書.pdf", content=PDF):
    return SimpleUploadedFile(name, content, "application/pdf")


# Beginning


def test_new_asks_for_municipality_and_track(here, city, text):
    page = text(here.get("/my/proposals/new/"))
    assert "汐浜市" in page
    assert "実証実験提案型" in page
    assert "error" not in page


def test_new_without_an_organisation_leads_to_registering_and_back(client, city):
    client.force_login(make_user())
    response = client.get(NEW)
    assert response["Location"] == (
        "/my/organisations/new/?next=%2Fmy%2Fproposals%2Fnew%2F%3Fcity%3Dshiohama%26track%3Dopen"
    )


def test_new_shows_an_empty_form_and_stores_nothing(here, city, text):
    response = here.get(NEW)
    assert response.status_code == 200
    assert 'name="content"' in text(response)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(("track", "own"), [("challenge", "challenge"), ("trial", "field_wanted")])
def test_new_asks_what_the_track_needs(here, city, text, track, own):
    page = text(here.get(f"/my/proposals/new/?city=shiohama&track={track}"))
    assert f'name="{own}"' in page
    assert ('name="field_wanted"' in page) == (track == "trial")


def test_new_from_a_challenge_shows_it_beside_the_form(here, city, text):
    challenge = make_challenge(city, title="海のごみを減らしたい", problem="年に約40回の清掃で困っている。")
    page = text(here.get(f"/my/proposals/new/?city=shiohama&challenge={challenge.ref}"))
    assert "年に約40回の清掃で困っている。" in page
    assert f'<option value="{challenge.pk}" selected>' in page


def test_new_offers_no_challenge_the_person_may_not_read(here, city, text):
    hidden = make_challenge(city, title="会員だけの課題", visibility=Visibility.MEMBERS)
    page = text(here.get(f"/my/proposals/new/?city=shiohama&challenge={hidden.ref}"))
    assert "会員だけの課題" not in page


def test_new_from_a_solution_begins_with_its_words(here, city, company, text):
    solution = make_solution(company, title="学習キット", summary="教材を貸し出します。")
    page = text(here.get(f"{NEW}&solution={solution.pk}"))
    assert "教材を貸し出します。" in page


def test_new_does_not_read_another_organisations_solution(here, city, text):
    solution = make_solution(state="draft", summary="よその秘密です。")
    assert "よその秘密です。" not in text(here.get(f"{NEW}&solution={solution.pk}"))


def test_new_first_save_makes_the_draft(here, city, company, person):
    response = here.post(NEW, WORDS | {"key": KEY, "do": "save", "goals": ["14"]})
    proposal = Proposal.objects.get()
    assert response["Location"] == f"/my/proposals/{proposal.pk}/edit/"
    assert (proposal.organisation, proposal.municipality, proposal.author) == (company, city, person)
    assert (proposal.state, proposal.track, proposal.title) == ("draft", "open", "漁網のごみ袋")
    assert [goal.pk for goal in proposal.goals.all()] == [14]


def test_new_sent_twice_makes_one_draft(here, city):
    for _ in range(2):
        here.post(NEW, WORDS | {"key": KEY, "do": "save"})
    assert Proposal.objects.count() == 1


def test_new_saved_in_the_background_then_by_the_button_makes_one_draft(here, city, text):
    answer = here.post(NEW, {"title": "漁網", "key": KEY, "do": "autosave"})
    proposal = Proposal.objects.get()
    assert f'name="draft" value="{proposal.pk}"' in text(answer)
    here.post(
        NEW,
        WORDS | {"key": KEY, "draft": proposal.pk, "seen": proposal.saved_at.isoformat(), "do": "save"},
    )
    assert Proposal.objects.get().title == "漁網のごみ袋"


def test_new_for_an_organisation_of_others_is_not_begun(here, city):
    other = make_organisation()
    here.post(f"{NEW}&organisation={other.pk}", WORDS | {"key": KEY})
    assert not Proposal.objects.exists()


def test_new_in_the_draft_of_others_is_not_found(there, city, draft):
    assert there.post(NEW, WORDS | {"draft": draft.pk}).status_code == 404


# Saving


def test_save_keeps_what_is_missing_missing(here, draft, form):
    here.post(form, {"title": "", "content": "袋だけ", "seen": draft.saved_at.isoformat()})
    assert (fresh(draft).title, fresh(draft).content) == ("", "袋だけ")


def test_save_tells_when(here, draft, form, text):
    with clock.standing_at(clock.at(clock.today(), 10, 32)):
        page = text(here.post(form, WORDS | {"seen": draft.saved_at.isoformat()}, follow=True))
    assert "10:32 に下書きを保存しました。" in page


def test_save_in_the_background_answers_with_one_line(here, draft, form, text):
    with clock.standing_at(clock.at(clock.today(), 10, 32)):
        answer = here.post(
            form, WORDS | {"title": "袋", "seen": draft.saved_at.isoformat(), "do": "autosave"}
        )
    assert "10:32 に保存しました。" in text(answer)
    assert "<html" not in text(answer)
    assert answer["X-Saved"] == "1"
    assert fresh(draft).title == "袋"
    seen = re.search(r'name="seen" value="([^"]+)"', text(answer))[1]
    assert datetime.fromisoformat(seen) == fresh(draft).saved_at


def test_save_with_a_word_too_long_keeps_the_rest_and_shows_it(here, draft, form, text):
    long = "長" * 121
    response = here.post(form, {"title": long, "content": "新しい内容", "seen": draft.saved_at.isoformat()})
    assert response.status_code == 422
    assert long in text(response)
    assert (fresh(draft).title, fresh(draft).content) == ("漁網のごみ袋", "新しい内容")


def test_save_in_the_background_names_what_was_not_saved(here, draft, form, text):
    answer = here.post(
        form,
        {"title": "長" * 121, "content": "新しい内容", "seen": draft.saved_at.isoformat(), "do": "autosave"},
    )
    assert "保存できていない欄があります: 提案名" in text(answer)
    assert "X-Saved" not in answer
    assert fresh(draft).content == "新しい内容"


def test_save_from_the_older_window_shows_both_and_stores_nothing(here, draft, form, text):
    older = draft.saved_at.isoformat()
    here.post(form, {"title": "新しい窓の題", "content": "新しい窓の言葉", "seen": older})
    response = here.post(form, {"title": "古い窓の題", "content": "古い窓の言葉", "seen": older})
    assert response.status_code == 409
    page = text(response)
    assert "別の画面で先に保存されています" in page
    assert "新しい窓の言葉" in page
    assert "古い窓の言葉" in page
    assert fresh(draft).content == "新しい窓の言葉"


def test_save_from_the_older_window_after_reading_both_overwrites(here, draft, form):
    older = draft.saved_at.isoformat()
    here.post(form, {"title": "新しい窓の題", "seen": older})
    here.post(
        form,
        {
            "title": "古い窓の題",
            "seen": older,
            "newest": fresh(draft).saved_at.isoformat(),
            "do": "overwrite",
        },
    )
    assert fresh(draft).title == "古い窓の題"


def test_save_in_the_background_from_the_older_window_is_told(here, draft, form, text):
    older = draft.saved_at.isoformat()
    here.post(form, {"title": "新しい窓の題", "seen": older})
    answer = here.post(form, {"title": "古い窓の題", "seen": older, "do": "autosave"})
    assert "この画面の内容はまだ保存していません" in text(answer)
    assert "X-Saved" not in answer
    assert f'name="seen" value="{older}"' in text(answer)
    assert fresh(draft).title == "新しい窓の題"


def test_save_after_the_session_ended_shows_the_words_back(client, draft, form, text):
    response = client.post(form, WORDS | {"content": "消えてほしくない言葉", "do": "save"})
    assert response.status_code == 401
    assert "消えてほしくない言葉" in text(response)
    assert f"/accounts/login/?next={form}" in text(response)
    assert fresh(draft).content == WORDS["content"]


def test_save_with_an_old_token_shows_the_words_back(person, draft, form, text):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    response = strict.post(form, {"content": "消えてほしくない言葉"})
    assert response.status_code == 403
    assert "消えてほしくない言葉" in text(response)


def test_save_of_another_organisations_draft_is_not_found(there, draft, form):
    assert there.get(form).status_code == 404
    assert there.post(form, {"title": "乗っ取り"}).status_code == 404
    assert fresh(draft).title == "漁網のごみ袋"


def test_save_by_the_desk_is_not_found(client, city, draft, form):
    client.force_login(make_staff(city, "desk"))
    assert client.get(form).status_code == 404


def test_save_of_a_submitted_proposal_changes_nothing(here, person, draft, form, text):
    actions.submit(draft, by=person)
    response = here.post(form, {"title": "書き直し"})
    assert response["Location"] == f"/my/proposals/{draft.pk}/"
    answer = here.post(form, {"title": "書き直し", "do": "autosave"})
    assert "別の画面で提出されました" in text(answer)
    assert fresh(draft).title == "漁網のごみ袋"


def test_track_is_changed_and_the_words_stay(here, draft, form):
    here.post(form, WORDS | {"seen": draft.saved_at.isoformat(), "do": "track:trial"})
    assert (fresh(draft).track, fresh(draft).content) == ("trial", WORDS["content"])


# Files


def test_file_is_attached_with_the_save(here, draft, form, text):
    here.post(form, WORDS | {"seen": draft.saved_at.isoformat(), "files": [pdf(), pdf("図.pdf")]})
    assert [row.name for row in draft.attachments.all()] == ["計画書.pdf", "図.pdf"]
    assert "計画書.pdf" in text(here.get(form))


def test_file_that_is_refused_costs_no_words(here, draft, form, text):
    response = here.post(
        form,
        {
            "title": "新しい題",
            "seen": draft.saved_at.isoformat(),
            "files": [pdf("悪い.exe"), pdf("よい.pdf")],
        },
    )
    assert response.status_code == 422
    assert "「悪い.exe」の形式は受け付けていません" in text(response)
    assert fresh(draft).title == "新しい題"
    assert [row.name for row in draft.attachments.all()] == ["よい.pdf"]


def test_file_is_taken_off_and_the_words_stay(here, draft, form):
    here.post(form, WORDS | {"seen": draft.saved_at.isoformat(), "files": [pdf()]})
    attachment = draft.attachments.get()
    here.post(
        form,
        WORDS
        | {"title": "新しい題", "seen": fresh(draft).saved_at.isoformat(), "do": f"detach:{attachment.pk}"},
    )
    assert not draft.attachments.exists()
    assert fresh(draft).title == "新しい題"


def test_file_is_a_download_for_the_organisation_alone(here, there, client, city, draft, form):
    here.post(form, WORDS | {"seen": draft.saved_at.isoformat(), "files": [pdf()]})
    url = f"/my/proposals/{draft.pk}/files/{draft.attachments.get().pk}/"
    response = here.get(url)
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment;")
    assert (response["X-Content-Type-Options"], response["Content-Type"]) == ("nosniff", "application/pdf")
    assert there.get(url).status_code == 404
    client.force_login(make_staff(city, "desk"))
    assert client.get(url).status_code == 404


def test_file_of_a_submitted_proposal_is_read_by_the_desk_too(here, client, city, person, draft, form):
    here.post(form, WORDS | {"seen": draft.saved_at.isoformat(), "files": [pdf()]})
    actions.submit(fresh(draft), by=person)
    client.force_login(make_staff(city, "desk"))
    assert client.get(f"/my/proposals/{draft.pk}/files/{draft.attachments.get().pk}/").status_code == 200


# Checking and submitting


def test_check_lists_what_is_missing_with_links(here, city, company, person, text):
    draft = make_proposal(city, company, by=person, state="draft", track="trial", title="", field_wanted="")
    page = text(here.get(f"/my/proposals/{draft.pk}/check/"))
    assert f'href="/my/proposals/{draft.pk}/edit/#id_title"' in page
    assert f'href="/my/proposals/{draft.pk}/edit/#id_field_wanted"' in page
    assert "汐浜市に提出する" not in page


def test_check_button_saves_first(here, draft, form):
    response = here.post(
        form, WORDS | {"title": "新しい題", "seen": draft.saved_at.isoformat(), "do": "check"}
    )
    assert response["Location"] == f"/my/proposals/{draft.pk}/check/"
    assert fresh(draft).title == "新しい題"


def test_submit_gives_the_receipt_with_number_and_time(here, draft, text):
    with clock.standing_at(clock.at(clock.today().replace(year=2026, month=6, day=15), 14, 5)):
        response = here.post(f"/my/proposals/{draft.pk}/check/")
    assert response["Location"] == f"/my/proposals/{draft.pk}/receipt/"
    page = text(here.get(response["Location"]))
    assert '<p class="number">2026-001</p>' in page
    assert "令和8年6月15日(月) 14:05" in page


def test_submit_twice_files_once_and_shows_the_receipt(here, draft):
    for _ in range(2):
        response = here.post(f"/my/proposals/{draft.pk}/check/")
        assert response["Location"] == f"/my/proposals/{draft.pk}/receipt/"
    assert fresh(draft).ref.endswith("-001")
    assert Proposal.objects.exclude(state="draft").count() == 1


def test_submit_of_an_incomplete_draft_says_what_is_missing(here, city, company, person, text):
    draft = make_proposal(city, company, by=person, state="draft", title="")
    response = here.post(f"/my/proposals/{draft.pk}/check/")
    assert response.status_code == 422
    assert "提案名を入力してください。" in text(response)
    assert fresh(draft).state == "draft"


def test_submit_to_a_challenge_that_has_closed_keeps_the_draft(here, city, company, person, text):
    desk = make_staff(city, "desk")
    challenge = make_challenge(city, desk=desk)
    draft = make_proposal(
        city, company, by=person, state="draft", track="challenge", challenge=challenge, **WORDS
    )
    challenges.close(challenge, by=desk, reason="withdrawn")
    assert "受付を終えています" in text(here.get(f"/my/proposals/{draft.pk}/edit/"))
    assert "汐浜市に提出する" not in text(here.get(f"/my/proposals/{draft.pk}/check/"))
    assert here.post(f"/my/proposals/{draft.pk}/check/").status_code == 422
    assert fresh(draft).state == "draft"


def test_submit_of_another_organisation_is_not_found(there, draft):
    assert there.post(f"/my/proposals/{draft.pk}/check/").status_code == 404
    assert fresh(draft).state == "draft"


def test_draft_is_shared_by_the_organisations_people(client, company, draft, form):
    client.force_login(make_representative(company, is_owner=False))
    response = client.post(form, WORDS | {"title": "同僚の題", "seen": draft.saved_at.isoformat()})
    assert response.status_code == 302
    assert fresh(draft).title == "同僚の題"


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 25, "x", "-1", "٣" * 40])
def test_numbers_that_make_no_sense_are_no_numbers(here, city, company, number):
    new = f"/my/proposals/new/?city={city.slug}&track=challenge&organisation={company.pk}"
    assert here.get(f"{new}&solution={number}&challenge={number}").status_code == 200
    words = {"title": "題", "draft": number, "challenge": number, "do": "save"}
    assert here.post(new, words).status_code == 422
    row = Proposal.objects.get()
    path = f"/my/proposals/{row.pk}/edit/"
    assert here.post(path, {"title": "題", "challenge": number, "do": "save"}).status_code == 422
    assert here.post(path, {"title": "題", "do": f"detach:{number}"}).status_code == 302
