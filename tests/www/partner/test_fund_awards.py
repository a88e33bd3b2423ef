"""After the results: the decision, acceptance, an advance, changes, reports, what is given back; and before them, nothing."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import Application, Award, Change, Paper, Payment
from musubi.fund.states import Stage
from musubi.lib import clock
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
    score_all,
    screen,
)
from tests.factories.people import make_organisation, make_representative
from tests.fund.after import accept, advance, award_of, fix, on, report

pytestmark = pytest.mark.django_db

PAGES = [
    "application", "edit", "check", "receipt", "copy", "withdraw", "decision", "advance", "change", "status",
    "assets", "report", "report-receipt", "settlement", "tax", "outcome",
]  # fmt: skip


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def award(fund):
    return award_of(fund)


@pytest.fixture
def winner(award):
    """The browser of the person whose application was awarded."""
    return browser(award.application.filed_by)


def browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(name: str, thing, *more) -> str:
    application = thing.application if isinstance(thing, Award) else thing
    return reverse(f"my-fund-{name}", args=[application.pk, *more])


def fresh(award: Award) -> Award:
    return Award.objects.select_related("application").get(pk=award.pk)


def costs(*rows: tuple) -> dict:
    """What the rows of a budget send: (pk, category, label, yen)."""
    pks, categories, labels, yens = zip(*rows, strict=True)
    return {"cost_pk": pks, "cost_category": categories, "cost_label": labels, "cost_yen": yens}


SPENT = costs(("", "wages", "担当者", "900,000"))


def money(fund, yen: int) -> None:
    with on(5, 1):
        make_contribution(general(fund), yen=yen)


# --- before the release ------------------------------------------------------------------------------------------


@pytest.fixture
def behind(fund):
    """The same application of four organisations, each with another result that is prepared and not released."""
    money(fund, 5_000_000)
    call = make_call(fund, edition=make_edition(fund.municipality, has_reserve=True, tax="report"))
    found = {}
    for word in (
        "first_failed",
        "second_failed",
        "not_awarded",
        "awarded",
        "reserve",
        "checked",
        "submitted",
    ):
        organisation = make_organisation("見本の団体")
        state = "submitted" if word == "submitted" else "checked"
        found[word] = make_application(call, organisation=organisation, state=state)
    later = make_call(fund, edition=call.edition)
    return call, found, later


def screened(call, found) -> None:
    """As far as the release, and not further."""
    for word in ("checked", "submitted"):
        row = found[word]
        Application.objects.filter(pk=row.pk).update(state="withdrawn")
    with clock.standing_at(call.closes_at):
        actions.begin_screening(call, by=None)
        make_committee(call.fund)
        score_all(call, Stage.FIRST)
        passed = {found[word].pk for word in ("second_failed", "not_awarded", "awarded", "reserve")}
        failed = found["first_failed"].pk
        actions.decide_stage(call, by=None, stage=Stage.FIRST, passed=passed, reasons={failed: "一次の理由"})
        score_all(call, Stage.SECOND)
        passed.remove(found["second_failed"].pk)
        reasons = {found["second_failed"].pk: "二次の理由"}
        actions.decide_stage(call, by=None, stage=Stage.SECOND, passed=passed, reasons=reasons)
        for word, more in {
            "not_awarded": {},
            "reserve": {"place": 1},
            "awarded": {"yen": 800_000, "shares": {general(call.fund).pk: 800_000}},
        }.items():
            row = Application.objects.get(pk=found[word].pk)
            actions.prepare_decision(row, by=None, outcome=word, reasons="講評の言葉", **more)
    for word in ("checked", "submitted"):
        Application.objects.filter(pk=found[word].pk).update(state=word)


def answer(client: Client, row: Application, method: str, address: str) -> tuple:
    """All that can be told of an answer: status, where it leads, its words, how many statements it took."""
    with CaptureQueriesContext(connection) as asked:
        response = getattr(client, method)(address)
    words = "" if response.streaming else response.content.decode()
    where = re.sub(r"/\d+/", "/N/", response.headers.get("Location", ""))
    return response.status_code, where, alike(words, row), len(asked)


def alike(words: str, row: Application) -> str:
    """A page's words and the counts beside its menu, without what names the one application or the moment."""
    counts = " ".join(re.findall(r'class="count">\d+', words))
    words = words[words.find("<main") : words.find("</main>")]
    words = re.sub(r'<input type="hidden"[^>]*>|<time[^>]*>[^<]*</time>|\d\d:\d\d', "", words)
    words = re.sub(r"/\d+/", "/N/", words)
    words = re.sub(r"(application|change|receipt)-\d+", "N", words)
    for own in (row.ref, row.filed_by.name, row.organisation.corporate_number or row.ref):
        words = words.replace(own, "…")
    return counts + words


def unlike(one: tuple, other: tuple) -> list:
    """What is told in one answer and not in the other, line by line."""
    found = []
    for a, b in zip(one, other, strict=True):
        if isinstance(a, str):
            found += set(a.splitlines()) ^ set(b.splitlines())
        elif a != b:
            found.append((a, b))
    return found


def test_no_page_tells_a_result_before_its_release(behind):
    call, found, _later = behind
    screened(call, found)
    states = {word: Application.objects.get(pk=row.pk).state for word, row in found.items()}
    assert len(set(states.values())) == 5  # what is behind the curtain does differ
    for name in PAGES:
        for method in ("get", "post"):
            told = {}
            for word, row in found.items():
                client = browser(row.filed_by)
                row.refresh_from_db()
                client.get("/my/")
                told[word] = answer(client, row, method, at(name, row))
                if method == "post" and name == "withdraw":
                    Application.objects.filter(pk=row.pk).update(state=states[word])
            first = told["submitted"]
            for word, each in told.items():
                assert unlike(each, first) == [], f"{method} {name}: {word}"
    for word, row in found.items():
        assert Application.objects.get(pk=row.pk).state == states[word]


def test_no_list_tells_a_result_before_its_release(behind):
    call, found, later = behind
    screened(call, found)
    for address in ("/my/fund/", "/my/fund/?show=applying", "/my/fund/?show=running", "/my/fund/?show=over", "/my/",
                    reverse("my-fund-call", args=[later.pk])):  # fmt: skip
        told = {}
        for word, row in found.items():
            row.refresh_from_db()
            client = browser(row.filed_by)
            client.get("/my/")
            told[word] = answer(client, row, "get", address)
        for word, each in told.items():
            assert unlike(each, told["submitted"]) == [], f"{address}: {word}"


def test_an_organisations_list_keeps_its_order_and_its_counts(fund, company, person):
    """Several of one organisation: neither order nor count nor filter depends on what came out."""
    money(fund, 5_000_000)
    call = make_call(fund)
    rows = [make_application(call, organisation=company) for _number in range(4)]
    here = browser(person)
    here.get("/my/fund/")

    def shown():
        # Without the calls that are open now, below it.
        page = here.get("/my/fund/?show=applying").content.decode().split('id="calls"')[0] + "</main>"
        return alike(page, rows[0]), re.findall(r"/my/fund/(\d+)/", page)

    before = shown()
    with clock.standing_at(call.closes_at):
        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        actions.decide_stage(
            call,
            by=None,
            stage=Stage.FIRST,
            passed={rows[0].pk, rows[2].pk},
            reasons={rows[1].pk: "理由", rows[3].pk: "理由"},
        )
    after = shown()
    assert (unlike(after[:1], before[:1]), after[1]) == ([], before[1])
    assert before[1] == [str(row.pk) for row in reversed(rows)]


# --- the decision ------------------------------------------------------------------------------------------------


def test_the_decision_shows_yen_reasons_and_conditions_and_is_accepted_once(award, winner, text):
    Award.objects.filter(pk=award.pk).update(conditions="領収書を5年間保管すること。")
    page = text(winner.get(at("decision", award)))
    for words in ("800,000", "効果が見込まれる。", "領収書を5年間保管すること。", "この内容で承諾する"):
        assert words in page
    for _click in range(2):
        assert winner.post(at("decision", award)).url == at("decision", award)
    assert fresh(award).accepted_by == award.application.filed_by
    assert "承諾済みです" in text(winner.get(at("decision", award)))


def test_one_that_was_not_awarded_reads_why_and_has_no_award_pages(fund, text):
    money(fund, 3_000_000)
    call = make_call(fund)
    won, lost = make_application(call), make_application(call)
    with clock.standing_at(call.closes_at):
        make_award(won)
    client = browser(lost.filed_by)
    page = text(client.get(at("decision", lost)))
    assert "今回は不交付となりました" in page
    assert "予算の都合による。" in page
    for name in ("advance", "change", "status", "assets", "report", "settlement", "tax", "outcome"):
        assert client.get(at(name, lost)).status_code == 404
    assert "今回は不交付となりました" in text(client.get(at("application", lost)))


def test_one_that_was_withdrawn_never_shows_what_was_prepared(fund):
    money(fund, 3_000_000)
    call = make_call(fund)
    stays, leaves = make_application(call), make_application(call)
    with clock.standing_at(call.closes_at):
        for row in screen(call):
            actions.prepare_decision(row, by=None, outcome="not_awarded", reasons="講評の言葉")
        leaves.refresh_from_db()
        actions.withdraw_application(leaves, by=leaves.filed_by)
        actions.release(call, by=None)
    client = browser(leaves.filed_by)
    assert client.get(at("decision", leaves)).status_code == 404
    assert "講評の言葉" not in client.get(at("application", leaves)).content.decode()
    assert "講評の言葉" in browser(stays.filed_by).get(at("decision", stays)).content.decode()


def test_another_organisation_does_not_learn_of_the_award(award, there):
    for name in PAGES:
        assert there.get(at(name, award)).status_code == 404
        assert there.post(at(name, award)).status_code == 404


# --- an advance, changes -----------------------------------------------------------------------------------------


def test_an_advance_is_asked_for_once_and_put_aside_with_a_reason(award, winner, text):
    assert "承諾してから請求できます" in text(winner.get(at("advance", award)))
    accept(award)
    form = winner.get(at("advance", award)).context["form"]
    words = {"yen": "３００，０００円", "reason": "準備に要るため", "key": form["key"].value()}
    for _click in range(2):
        assert winner.post(at("advance", award), words).url == at("advance", award)
    payment = Payment.objects.get()
    assert (payment.yen, payment.reason, payment.state) == (300_000, "準備に要るため", "requested")
    page = text(winner.get(at("advance", award)))
    assert "500,000" in page
    # Its form is there to be signed, and the turn is the secretariat's since it was asked for.
    assert reverse("my-fund-letter", args=[award.application_id, "advance", payment.pk]) in page
    turn = winner.get(at("application", award)).context["turn"]
    assert (turn.mine, turn.since) == (False, payment.requested_at)
    cancel = at("advance-cancel", award, payment.pk)
    assert winner.post(cancel, {"reason": ""}).status_code == 422
    winner.post(cancel, {"reason": "日程が変わったため"})
    assert Payment.objects.get().state == "cancelled"


def test_more_than_is_left_is_refused_with_what_was_typed(award, winner, text):
    accept(award)
    response = winner.post(at("advance", award), {"yen": "900000", "reason": "準備に要るため"})
    assert response.status_code == 422
    assert "残りの800,000円以下" in text(response)
    assert "準備に要るため" in text(response)


def test_a_change_of_amount_is_reckoned_before_it_is_sent(award, winner, text):
    accept(award)
    page = text(winner.get(at("change", award)))
    assert 'value="1,000,000"' in page  # the budget as it was filed
    words = {"kind": "amount", **costs(("", "wages", "担当者", "600,000")), "do": "reckon"}
    answer = winner.post(at("change", award), words, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "変更後の額を480,000円以下(320,000円以上の減額)" in text(answer)
    assert "<html" not in text(answer)
    # Without a script the whole page comes back, with what was typed and no complaint.
    answer = winner.post(at("change", award), words)
    assert (answer.status_code, "480,000" in text(answer)) == (200, True)
    assert 'value="600,000"' in text(answer)
    words = {**words, "do": "send", "yen": "500,000", "reason": "人を減らすため"}
    answer = winner.post(at("change", award), words)
    assert answer.status_code == 422
    assert "480,000円以下に変更してください" in text(answer)
    assert winner.post(at("change", award), {**words, "yen": "480,000"}).url == at("application", award)
    change = Change.objects.get()
    assert (change.kind, change.before_yen, change.after_yen) == ("amount", 800_000, 480_000)
    assert "確認中の変更申請があります" in text(winner.get(at("change", award)))


def test_stopping_needs_only_the_reason(award, winner):
    answer = winner.post(at("change", award), {"kind": "stop", "reason": "続けられないため", "do": "send"})
    assert answer.url == at("application", award)
    assert (Change.objects.get().kind, Change.objects.get().after_yen) == ("stop", 0)


# --- on the way --------------------------------------------------------------------------------------------------


def test_how_it_goes_is_reported(award, winner, text):
    assert winner.post(at("status", award), {"text": ""}).status_code == 422
    winner.post(at("status", award), {"text": "予定どおりです。"})
    assert "予定どおりです。" in text(winner.get(at("status", award)))


def test_an_asset_over_the_threshold_is_registered(award, winner, text):
    words = {"name": "観測ブイ", "yen": "499,999", "bought_on": "2025-09-01", "place": "倉庫"}
    answer = winner.post(at("assets", award), words)
    assert answer.status_code == 422
    assert "500,000円以上のものです" in text(answer)
    winner.post(at("assets", award), {**words, "yen": "500,000"})
    assert "観測ブイ" in text(winner.get(at("assets", award)))


# --- the report --------------------------------------------------------------------------------------------------


def test_the_report_is_saved_with_what_the_amount_will_be_and_its_steps(award, winner, text):
    advance(award, 300_000)
    words = {"version": "0", "do": "save", "done": "藻場を増やした。", "effect": "増えた。", **SPENT}
    assert winner.post(at("report", award), words).url == at("report", award)
    page = text(winner.get(at("report", award)))
    for said in ("720,000", "420,000", "助成率をかけた額", "すでに受け取った額", "予算と実績"):
        assert said in page
    assert fresh(award).application.state == "advanced"


def test_evidence_hangs_on_its_cost_and_goes_with_the_report(award, winner, text):
    accept(award)
    words = {"version": "0", "do": "save", "done": "藻場を増やした。", "effect": "増えた。", **SPENT}
    winner.post(at("report", award), words)
    line = award.application.costs.get(phase="actual")
    receipt = SimpleUploadedFile("領収書.pdf", b"%PDF-1.7 words")
    words = {
        **words,
        "version": "1",
        **costs((line.pk, "wages", "担当者", "850,000")),
        f"evidence_{line.pk}": receipt,
    }
    winner.post(at("report", award), words)
    paper = Paper.objects.get()
    assert (paper.cost, paper.for_report, paper.name) == (line, True, "領収書.pdf")
    line.refresh_from_db()
    assert line.yen == 850_000
    assert "領収書.pdf" in text(winner.get(at("report", award)))
    words.pop(f"evidence_{line.pk}")
    for _click in range(2):
        sent = winner.post(at("report", award), {**words, "version": "2", "do": "file"})
        assert sent.url == at("report-receipt", award)
    assert fresh(award).application.state == "reported"
    page = text(winner.get(at("report", award)))
    assert "680,000" in page
    assert "領収書.pdf" in page


def test_a_report_that_lacks_something_is_kept_and_says_what(award, winner, text):
    accept(award)
    answer = winner.post(
        at("report", award), {"version": "0", "do": "file", "done": "藻場を増やした。", **SPENT}
    )
    assert answer.status_code == 422
    assert "効果を入力してください" in text(answer)
    assert fresh(award).report.done == "藻場を増やした。"
    # What comes back can be saved again.
    version = re.search(r'name="version" value="(\d+)"', text(answer))[1]
    words = {"version": version, "do": "file", "done": "藻場を増やした。", "effect": "増えた。", **SPENT}
    # What no file proves is named before it goes; whoever sends it all the same may.
    asked = winner.post(at("report", award), words)
    assert (asked.status_code, fresh(award).application.state) == (422, "awarded")
    (line,) = award.application.costs.filter(phase="actual")
    assert f'href="#id_evidence_{line.pk}"' in text(asked)
    words |= {"version": re.search(r'name="version" value="(\d+)"', text(asked))[1], "do": "file-bare"}
    assert winner.post(at("report", award), words).url == at("report-receipt", award)
    assert fresh(award).application.state == "reported"


def test_a_report_saves_itself_in_the_background(award, winner, text):
    accept(award)
    words = {"version": "0", "do": "autosave", "done": "藻場を増やした。", "effect": "", **SPENT}
    answer = winner.post(at("report", award), words)
    page = text(answer)
    assert (answer.status_code, answer["X-Saved"]) == (200, "1")
    for said in ('name="version" value="1"', "に保存しました", 'hx-swap-oob="true"', "720,000", "予算と実績"):
        assert said in page
    assert fresh(award).report.done == "藻場を増やした。"
    # A sum that cannot be read keeps nothing else from being saved.
    spoilt = {**words, "version": "1", "effect": "増えた。", **costs(("", "wages", "担当者", "九十万"))}
    answer = winner.post(at("report", award), spoilt)
    assert "X-Saved" not in answer
    assert "経費の1行目" in text(answer)
    assert fresh(award).report.effect == "増えた。"
    assert award.application.costs.filter(phase="actual").count() == 1
    # An older window is told, and one that is open when it was sent.
    assert "別の画面で先に保存された" in text(winner.post(at("report", award), words))
    winner.post(at("report", award), {**words, "version": "2", "effect": "増えた。", "do": "file-bare"})
    assert "いまは書き直せません" in text(winner.post(at("report", award), {**words, "version": "3"}))


def test_a_report_that_was_sent_has_a_receipt_and_a_copy(award, winner, text):
    accept(award)
    assert winner.get(at("report-receipt", award)).url == at("application", award)
    report(award, 900_000)
    page = text(winner.get(at("report-receipt", award)))
    copy = reverse("my-fund-letter", args=[award.application_id, "report", award.report.pk])
    for said in ("実績報告を受け付けました", award.application.ref, "このあとの流れ", copy):
        assert said in page
    assert copy in text(winner.get(at("report", award)))
    assert "検査で認められた経費" not in text(winner.get(at("report", award)))
    lines = [{"category": "wages", "label": "担当者", "yen": 500_000}]
    with on(3, 20, 2026):
        inspected = dict.fromkeys(INSPECTION, True)
        actions.fix_amount(
            award, by=None, inspection=inspected, costs=lines, without_evidence="現地で確認した"
        )
    assert "検査で認められた経費" in text(winner.get(at("report", award)))
    letter = winner.get(copy)
    assert (letter["Content-Type"], letter.content[:5]) == ("application/pdf", b"%PDF-")


def test_an_older_window_does_not_overwrite_the_report(award, winner, text):
    accept(award)
    words = {"version": "0", "do": "save", "effect": "増えた。", **SPENT}
    winner.post(at("report", award), {**words, "done": "同僚の言葉"})
    answer = winner.post(at("report", award), {**words, "done": "わたしの言葉"})
    page = text(answer)
    assert answer.status_code == 409
    assert "同僚の言葉" in page
    assert "わたしの言葉" in page
    assert fresh(award).report.done == "同僚の言葉"
    winner.post(at("report", award), {**words, "done": "わたしの言葉", "do": "overwrite", "newest": "1"})
    assert fresh(award).report.done == "わたしの言葉"


# --- the end -----------------------------------------------------------------------------------------------------


def test_what_is_to_be_given_back_says_until_when_and_what_being_late_costs(award, text):
    advance(award, 700_000)
    report(award, 500_000)
    fix(award)
    person = award.application.filed_by
    claim = award.claims.get()
    with clock.standing_at(claim.due_on):
        client = browser(person)
        page = text(client.get(at("settlement", award)))
        assert "300,000" in page
        assert "本日まで" in page
        assert "延滞金が加わります" in page
        assert "請求された額を返還する" in text(client.get("/my/"))
    with clock.standing_at(claim.due_on + timedelta(days=10)):
        page = text(browser(person).get(at("settlement", award)))
        # 300,000 yen × 10.95 % × 10 days ÷ 365
        assert "期限を10日過ぎています。きょう返還すると、延滞金900円を加えて300,900円です。" in page
    actions.receive_return(claim, by=None, on=claim.due_on)
    assert "返還をお願いします" not in text(browser(person).get(at("settlement", award)))


def test_tax_and_outcome_are_reported_after_the_settlement(fund, text):
    award = award_of(fund, tax="report")
    advance(award, 800_000)
    client = browser(award.application.filed_by)
    assert "この手続きをする段階ではありません" in text(client.get(at("tax", award)))
    report(award, 1_000_000)
    fix(award)
    assert fresh(award).application.state == "settled"
    assert "消費税等の仕入控除を報告する" in text(client.get("/my/fund/"))
    client.post(at("tax", award), {"yen": "10,000"})
    assert fresh(award).report.tax_yen == 10_000
    assert award.claims.get().yen == 10_000
    assert "10,000円" in text(client.get(at("tax", award)))
    client.post(at("outcome", award), {"outcome": "海が戻った。"})
    assert fresh(award).application.state == "outcome_reported"
    assert "海が戻った。" in text(client.get(at("application", award)))


def test_the_page_of_tax_is_not_there_where_the_programme_does_not_ask(award, winner):
    assert winner.get(at("tax", award)).status_code == 404


def test_the_second_year_goes_on_from_the_award(award, winner, text):
    call = make_call(award.application.call.fund, edition=award.application.edition)
    address = reverse("my-fund-call", args=[call.pk])
    assert "前の年から続ける事業" in text(winner.get(address))
    before = award.application
    onward = f"{address}?before={before.pk}"
    assert onward in text(winner.get(at("application", before)))
    answer = winner.post(address, {"organisation": before.organisation_id, "before": before.pk})
    second = Application.objects.latest("pk")
    assert answer.url == at("edit", second)
    assert (second.support_year, second.before, second.content) == (2, before, before.content)
    assert "2年目の助成" in text(winner.get(at("edit", second)))
    # Only once: it is not offered any more, and refused.
    assert "前の年から続ける事業" not in text(winner.get(address))
    with pytest.raises(Exception, match="すでに始めています"):
        actions.start_application(call, by=before.filed_by, organisation=before.organisation, before=before)
    page = text(winner.get(at("application", before)))
    assert "下書き" in page
    assert onward not in page


def test_every_page_of_every_stage_is_there(fund, text):
    """The application's page with all that may hang on it, at each stage of an award."""
    award = award_of(fund, tax="report")
    client = browser(award.application.filed_by)

    def look():
        for name in ("application", "decision", "advance", "change", "status", "assets", "report"):
            assert client.get(at(name, award)).status_code == 200, name
        return text(client.get(at("application", award)))

    assert "交付決定を承諾する" in look()
    advance(award, 800_000)
    actions.register_asset(
        award, by=award.application.filed_by, name="船", yen=600_000, bought_on=clock.today()
    )
    actions.report_status(award, by=award.application.filed_by, text="順調です。")
    page = look()
    assert "船" in page
    assert "順調です。" in page
    report(award, 500_000)
    assert "助成金の額を確定します" in look()
    with on(3, 20, 2026):
        actions.fix_amount(award, by=None, inspection=INSPECTION, without_evidence="現地で確認した")
    assert "請求された額を返還する" in look()
    actions.revoke(award, by=None, reason="条件に反したため")
    assert "条件に反したため" in text(client.get(at("application", award)))
    assert client.get(at("settlement", award)).status_code == 200


def test_a_letter_is_a_pdf_and_none_is_there_before_its_time(award, winner, there):
    letters = winner.get(at("decision", award)).context["letters"]
    assert [each["kind"] for each in letters] == ["application", "receipt", "award"]
    response = winner.get(letters[-1]["href"])
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert there.get(letters[-1]["href"]).status_code == 404
    assert winner.get(at("letter", award, "refusal", award.application.pk)).status_code == 404
    assert winner.get(at("letter", award, "nonsense", 1)).status_code == 404


def test_a_list_of_awards_takes_no_more_statements(fund, company, person, django_assert_max_num_queries):
    money(fund, 50_000_000)
    call = make_call(fund)
    rows = [make_application(call, organisation=company) for _number in range(6)]
    with clock.standing_at(call.closes_at):
        for row in screen(call):
            actions.prepare_decision(
                row,
                by=None,
                outcome="awarded",
                reasons="よい。",
                yen=800_000,
                shares={general(fund).pk: 800_000},
            )
        actions.release(call, by=None)
    here = browser(make_representative(company))
    with django_assert_max_num_queries(12):
        page = here.get("/my/fund/?show=running").content.decode()
    assert page.count("交付決定額") == len(rows)
