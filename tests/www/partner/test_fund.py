"""An organisation's applications to a fund: begun from a call, written together, checked, sent, corrected, taken back."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.models import Application, Paper
from musubi.lib import clock
from tests.factories.fund import SHIOKAZE_TERMS, fill_application, make_call, make_edition, make_fund
from tests.factories.people import make_organisation, make_representative

pytestmark = pytest.mark.django_db

ACCOUNTS = Parts(
    years=SHIOKAZE_TERMS.years,
    categories=SHIOKAZE_TERMS.categories,
    criteria=SHIOKAZE_TERMS.criteria,
    papers=[
        {"code": "accounts", "name": "決算書"},
        {"code": "slides", "name": "説明資料", "is_required": False},
    ],
)
TEXTS = {
    "representative_title": "代表理事",
    "representative_name": "浜田 理",
    "title": "藻場を増やす事業",
    "purpose": "海の環境が悪くなっている。",
    "content": "藻場を増やす。",
    "schedule": "7月から3月まで。",
    "structure": "3人で行う。",
    "effect": "藻場が1ha増える。",
    "future": "会費で続ける。",
}
SUMS = {"requested": "800,000", "own_money": "２００，０００円", "other_grants": "", "income": "0"}
COSTS = {
    "cost_pk": ["", "", ""],
    "cost_category": ["wages", "things", "wages"],
    "cost_label": ["担当者", "種苗", ""],
    "cost_yen": ["900,000", "100000円", ""],
}


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def call(fund):
    return make_call(fund, edition=make_edition(fund.municipality, parts=ACCOUNTS))


@pytest.fixture
def draft(call, company, person):
    return actions.start_application(call, by=person, organisation=company, title="海の事業")


def at(name: str, application: Application, *more) -> str:
    return reverse(f"my-fund-{name}", args=[application.pk, *more])


def pdf(name: str = "決算書.pdf", content: bytes = b"%PDF-1.7 words") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def sent(application: Application, do: str = "save", **more) -> dict:
    return {**TEXTS, **SUMS, **COSTS, "version": str(application.version), "do": do, **more}


def hand_in_accounts(application: Application, here) -> None:
    paper = application.edition.papers.get(code="accounts")
    here.post(
        at("edit", application), {"do": "save", "version": application.version, f"paper_{paper.pk}": pdf()}
    )
    application.refresh_from_db()


@pytest.fixture
def ready(draft, person, here):
    """A draft that lacks nothing."""
    fill_application(draft, person)
    hand_in_accounts(draft, here)
    fill_application(draft, person)
    draft.refresh_from_db()
    return draft


def fresh(application: Application) -> Application:
    return Application.objects.get(pk=application.pk)


# --- beginning ---------------------------------------------------------------------------------------------------


def test_the_list_offers_the_open_calls(here, call, text):
    page = text(here.get("/my/fund/"))
    assert "申請はまだありません" in page
    assert reverse("my-fund-call", args=[call.pk]) in page


def test_no_page_of_an_organisation_s_applications_is_kept_by_a_browser(here, call, draft):
    pages = [
        "/my/fund/",
        reverse("my-fund-call", args=[call.pk]),
        *(at(name, draft) for name in ("application", "edit")),
    ]
    for address in [*pages, at("application", Application(pk=0))]:
        assert here.get(address)["Cache-Control"] == "private, no-store", address
    assert here.post(at("edit", draft), sent(draft))["Cache-Control"] == "private, no-store"
    assert "no-store" not in here.get("/").get("Cache-Control", "")


def test_begin_makes_a_draft_filled_from_the_profile(here, call, company):
    company.description = "海の環境を守る会社です。"
    company.save()
    address = reverse("my-fund-call", args=[call.pk])
    form = here.get(address).context["form"]
    response = here.post(
        address, {"organisation": company.pk, "key": form["key"].value(), "title": "海の事業"}
    )
    draft = Application.objects.get()
    assert response.url == at("edit", draft)
    assert (draft.title, draft.structure) == ("海の事業", "海の環境を守る会社です。")
    assert here.post(address, {"organisation": company.pk, "key": form["key"].value()}).url == at(
        "edit", draft
    )
    assert Application.objects.count() == 1


def test_begin_out_of_time_says_when(here, call, company, text):
    address = reverse("my-fund-call", args=[call.pk])
    with clock.standing_at(call.closes_at):
        response = here.get(address)
        assert "に終わりました" in text(response)
        response = here.post(address, {"organisation": company.pk})
        assert response.status_code == 422
        assert "いま受け付けていません" in text(response)
    assert Application.objects.count() == 0


def test_a_call_that_is_prepared_is_not_there(here, fund):
    draft = make_call(fund, state="draft")
    assert here.get(reverse("my-fund-call", args=[draft.pk])).status_code == 404


def test_without_an_organisation_one_is_registered_first(client, call):
    from tests.factories.people import make_user

    client.force_login(make_user())
    response = client.get(reverse("my-fund-call", args=[call.pk]))
    assert response.url.startswith(reverse("my-organisation-new") + "?next=")


# --- writing -----------------------------------------------------------------------------------------------------


def test_saving_keeps_the_words_the_sums_and_the_costs(here, draft):
    response = here.post(at("edit", draft), sent(draft))
    assert response.url == at("edit", draft)
    saved = fresh(draft)
    assert {name: getattr(saved, name) for name in TEXTS} == TEXTS
    assert (saved.requested, saved.own_money, saved.other_grants, saved.income) == (800_000, 200_000, 0, 0)
    assert list(saved.costs.values_list("category__code", "label", "yen")) == [
        ("wages", "担当者", 900_000),
        ("things", "種苗", 100_000),
    ]


def test_the_page_shows_what_was_saved_and_how_the_grant_comes_about(here, draft, text):
    here.post(at("edit", draft), sent(draft))
    page = text(here.get(at("edit", draft)))
    assert 'value="900,000"' in page
    assert "収入と経費が同じ額になっています。" in page
    assert "助成率をかけた額" in page
    assert "1年目の助成率 4/5" in page


def test_a_save_in_the_background_answers_with_the_new_version_and_the_sums(here, draft, text):
    response = here.post(at("edit", draft), sent(draft, do="autosave"))
    assert response["X-Saved"] == "1"
    assert 'name="version" value="1"' in text(response)
    assert 'hx-swap-oob="true"' in text(response)
    assert fresh(draft).title == TEXTS["title"]


def test_the_form_says_what_becomes_public(here, draft, text):
    page = text(here.get(at("edit", draft)))
    assert page.count("交付が決まると公開されます。") == 3
    assert "整理番号、団体名、事業名、申請額、審査の結果" in page
    draft.edition.is_blind = True
    draft.edition.save()
    assert "団体名と事業名は出ません" in text(here.get(at("edit", draft)))


def test_who_does_business_alone_is_not_asked_who_represents_them(here, draft, company, text):
    assert 'name="representative_name"' in text(here.get(at("edit", draft)))
    company.kind = "sole"
    company.save()
    assert 'name="representative_name"' not in text(here.get(at("edit", draft)))
    assert here.post(at("edit", draft), sent(draft)).status_code == 302


def test_what_cannot_be_read_stays_on_the_page_and_the_rest_is_saved(here, draft, text):
    costs = {**COSTS, "cost_yen": ["たくさん", "100000", ""]}
    response = here.post(at("edit", draft), sent(draft, requested="八十万", **costs))
    assert response.status_code == 422
    page = text(response)
    assert "2か所を直してください" in page
    assert '<a href="#id_cost_0_yen">経費の1行目: 金額を整数で' in page
    assert 'value="たくさん"' in page
    assert 'value="八十万"' in page
    saved = fresh(draft)
    assert (saved.title, saved.requested, saved.costs.count()) == (TEXTS["title"], 0, 0)


def test_a_save_in_the_background_says_what_it_could_not_read(here, draft, text):
    costs = {**COSTS, "cost_yen": ["たくさん", "100000", ""]}
    response = here.post(at("edit", draft), sent(draft, do="autosave", **costs))
    assert "X-Saved" not in response
    assert "経費の1行目" in text(response)


def test_an_older_window_does_not_overwrite_and_loses_nothing(here, draft, company, text):
    mate = Client()
    mate.force_login(make_representative(company))
    mate.post(at("edit", draft), sent(draft, title="同僚の題名"))
    response = here.post(at("edit", draft), sent(draft, title="わたしの題名"))
    page = text(response)
    assert response.status_code == 409
    assert "別の画面で先に保存されています" in page
    assert "同僚の題名" in page
    assert 'value="わたしの題名"' in page
    assert fresh(draft).title == "同僚の題名"
    # In the background it is told, too, and stays the older one.
    response = here.post(at("edit", draft), sent(draft, do="autosave", title="わたしの題名"))
    assert "まだ保存していません" in text(response)
    assert 'name="version" value="0"' in text(response)
    # The person decides.
    newest = re.search(r'name="newest" value="(\d+)"', page)[1]
    here.post(at("edit", draft), sent(draft, do="overwrite", title="わたしの題名", newest=newest))
    assert fresh(draft).title == "わたしの題名"


def test_another_organisation_does_not_learn_that_it_is_there(there, draft):
    for name in ("application", "edit", "check", "receipt", "copy", "withdraw"):
        assert there.get(at(name, draft)).status_code == 404
        assert there.post(at(name, draft)).status_code == 404
    assert there.get("/my/fund/").content.decode().count("海の事業") == 0


def test_one_that_was_signed_out_finds_the_words_again(client, draft, text):
    response = client.post(at("edit", draft), sent(draft))
    assert response.status_code == 401
    assert TEXTS["content"] in text(response)


# --- papers ------------------------------------------------------------------------------------------------------


def test_a_paper_is_stored_named_and_handed_out_as_a_download(here, draft):
    paper = draft.edition.papers.get(code="accounts")
    form = here.get(at("edit", draft))
    words = sent(draft, key=str(form.context["key"]))
    here.post(at("edit", draft), {**words, f"paper_{paper.pk}": pdf()})
    row = Paper.objects.get()
    assert (row.required, row.name, row.application) == (paper, "決算書.pdf", draft)
    response = here.get(at("file", draft, row.pk))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response.streaming_content) == b"%PDF-1.7 words"


def test_a_form_sent_twice_attaches_once(here, draft):
    key = str(here.get(at("edit", draft)).context["key"])
    for version in (0, 1):
        here.post(at("edit", draft), {**sent(draft, key=key), "version": version, "paper_other": pdf()})
    assert draft.papers.count() == 1


def test_a_file_that_is_not_what_it_says_is_refused_beside_its_field(here, draft, text):
    response = here.post(at("edit", draft), {**sent(draft), "paper_other": pdf(content=b"MZ program")})
    assert response.status_code == 422
    assert "中身はPDFではないようです" in text(response)
    assert draft.papers.count() == 0
    assert fresh(draft).title == TEXTS["title"]


def test_one_with_a_virus_is_not_handed_out(here, draft):
    here.post(at("edit", draft), {**sent(draft), "paper_other": pdf()})
    Paper.objects.update(scanned="infected")
    assert here.get(at("file", draft, Paper.objects.get().pk)).status_code == 403


def test_a_paper_of_another_organisation_is_not_there(here, there, draft):
    here.post(at("edit", draft), {**sent(draft), "paper_other": pdf()})
    assert there.get(at("file", draft, Paper.objects.get().pk)).status_code == 404


def test_a_paper_is_taken_off(here, draft):
    here.post(at("edit", draft), {**sent(draft), "paper_other": pdf()})
    draft.refresh_from_db()
    here.post(at("edit", draft), sent(draft, do=f"detach:{Paper.objects.get().pk}"))
    assert Paper.objects.count() == 0


# --- checking and sending ----------------------------------------------------------------------------------------


def test_the_check_says_each_problem_and_leads_to_its_place(here, draft, text):
    here.post(at("edit", draft), sent(draft, purpose="", own_money="150,000"))
    page = text(here.get(at("check", draft)))
    edit = at("edit", draft)
    assert f'<a href="{edit}#id_purpose">「目的と地域の課題」を入力してください。</a>' in page
    assert f'href="{edit}#id_own_money"' in page
    assert f'<a href="{edit}#papers">「決算書」を添付してください。</a>' in page
    assert "あと3か所です" in page
    form = text(here.get(edit))
    for place in ('id="id_purpose"', 'id="id_own_money"', 'id="papers"', 'id="costs"'):
        assert place in form
    assert fresh(draft).state == "draft"


def test_sending_gives_a_receipt_and_a_double_click_sends_once(here, ready, text):
    assert "送るまでに" not in text(here.get(at("check", ready)))
    for _click in range(2):
        response = here.post(at("check", ready), {"version": ready.version})
        assert response.url == at("receipt", ready)
    row = fresh(ready)
    assert (row.state, row.filed_by.email) == ("submitted", "haruka@example.jp")
    page = text(here.get(at("receipt", ready)))
    assert row.ref in page
    assert "助成の申請を受け付けました" in page


def test_late_is_refused_politely_and_the_draft_kept(here, ready, call, text):
    with clock.standing_at(call.closes_at):
        response = here.post(at("check", ready), {"version": ready.version})
        assert response.status_code == 422
        assert "受付時間を過ぎたため、申請できませんでした" in text(response)
        assert "受付時間ではありません" in text(here.get(at("edit", ready)))
        assert "受付は終わりました" in text(here.get("/my/fund/"))
    assert fresh(ready).state == "draft"
    assert fresh(ready).content == "藻場を増やす。"


def test_what_a_colleague_saved_meanwhile_is_read_before_it_is_sent(here, ready, text):
    response = here.post(at("check", ready), {"version": ready.version - 1})
    assert response.status_code == 422
    assert "先に保存しました" in text(response)
    assert fresh(ready).state == "draft"


def test_a_sent_one_is_read_and_not_written(here, ready, text):
    here.post(at("check", ready), {"version": ready.version})
    assert here.get(at("edit", ready)).url == at("application", ready)
    assert "別の画面で送られました" in text(here.post(at("edit", ready), sent(ready, do="autosave")))
    assert here.get(at("check", ready)).url == at("receipt", ready)
    assert fresh(ready).title == "藻場を増やす見本事業"


def test_the_copy_holds_the_whole_application(here, ready, text):
    page = text(here.get(at("copy", ready)))
    for words in (
        "海の環境が悪くなっている。",
        "担当者",
        "1,000,000",
        "800,000",
        "決算書.pdf",
        "うみかぜ環境株式会社",
    ):
        assert words in page


def test_one_returned_is_corrected_and_sent_again_with_its_number(here, ready, call, text):
    here.post(at("check", ready), {"version": ready.version})
    ref = fresh(ready).ref
    actions.return_application(fresh(ready), by=None, remarks="効果を数で書いてください。")
    answer = here.get(at("application", ready))
    assert "効果を数で書いてください。" in text(answer)
    assert answer.context["turn"].since == fresh(ready).returned_at
    assert "直して送り直す" in text(here.get("/my/"))
    with clock.standing_at(call.closes_at + timedelta(days=1)):
        assert "効果を数で書いてください。" in text(here.get(at("edit", ready)))
        here.post(at("check", ready), {"version": fresh(ready).version})
    assert (fresh(ready).state, fresh(ready).ref) == ("submitted", ref)
    assert "効果を数で書いてください。" not in text(here.get(at("application", ready)))


def test_withdrawing_asks_first(here, ready, text):
    here.post(at("check", ready), {"version": ready.version})
    assert "元に戻せません" in text(here.get(at("withdraw", ready)))
    assert fresh(ready).state == "submitted"
    here.post(at("withdraw", ready), {"reason": "人手が足りないため"})
    row = fresh(ready)
    assert (row.state, row.reason) == ("withdrawn", "人手が足りないため")
    assert here.get(at("withdraw", ready)).url == at("application", ready)


def test_home_says_whose_turn_it_is_and_until_when(here, draft, call, text):
    page = text(here.get("/my/"))
    assert "申請を書いて送る" in page
    assert at("edit", draft) in page


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_takes_no_more_statements_for_many(
    here, call, company, person, django_assert_max_num_queries
):
    calls = [call, make_call(call.fund, edition=call.edition)]
    for number in range(25):
        actions.start_application(calls[number % 2], by=person, organisation=company, title="海の事業")
    with django_assert_max_num_queries(12):
        page = here.get("/my/fund/").content.decode()
    assert page.count("海の事業") == 20
    assert "25" in page


def test_the_list_is_sorted_from_the_last_begun_and_filtered(here, draft, ready, text):
    later = actions.start_application(
        ready.call,
        by=ready.organisation.representatives.first().user,
        organisation=ready.organisation,
        title="あとの事業",
    )
    page = text(here.get("/my/fund/"))
    assert page.index("あとの事業") < page.index("藻場を増やす見本事業")
    assert "あとの事業" in text(here.get("/my/fund/?show=applying"))
    assert "申請はまだありません" in text(here.get("/my/fund/?show=running"))
    assert later.state == "draft"


def test_other_organisations_see_only_their_own(there, call, draft):
    other = make_organisation("べつの会社")
    actions.start_application(call, by=make_representative(other), organisation=other, title="べつの事業")
    assert "べつの事業" not in there.get("/my/fund/").content.decode()
