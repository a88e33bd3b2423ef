"""The fund out in the open: what everybody may read of calls, applications, awards, contributions and the ledger."""

from datetime import date, timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from musubi.fund import actions, shown
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import CallQuestion
from musubi.fund.states import Source
from musubi.lib import clock
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_contribution,
    make_edition,
    make_fund,
    screen,
)
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_representative,
    make_user,
)

pytestmark = pytest.mark.django_db
START = clock.at(date(2025, 6, 12), 12)
AFTER = clock.at(date(2025, 8, 29))


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市")


@pytest.fixture
def fund(city):
    with clock.standing_at(START):
        fund = make_fund(city)
        make_contribution(general(fund), yen=9_000_000, organisation=make_organisation("あおば商事株式会社"))
    return fund


@pytest.fixture
def call(fund):
    """Takes applications from 11 June, noon, to 2 July 2025, noon."""
    with clock.standing_at(START):
        return make_call(fund, title="見本の募集")


@pytest.fixture
def filed(call):
    """Two applications: the first will be awarded, the second not."""
    with clock.standing_at(START):
        return [
            make_application(call, organisation=make_organisation(name), title=title)
            for name, title in (("うみかぜ会", "藻場の再生"), ("やまかぜ会", "里山の手入れ"))
        ]


@pytest.fixture
def award(filed):
    with clock.standing_at(AFTER):
        return make_award(filed[0])


def address(name: str, *words) -> str:
    return reverse(name, args=["minato", *words])


def rows_of(response) -> list:
    """The table of the page, links and chips as their words. The page must not come from memory."""
    return [
        [cell["text"] if isinstance(cell, dict) else cell for cell in row]
        for row in response.context["table"]["rows"]
    ]


def everything(client, call) -> str:
    """The words of every public page and file of the fund."""
    names = ["fund", "fund-calls", "fund-awards", "fund-contributions", "fund-ledger", "feed", "city"]
    addresses = [address(name) for name in names] + [address("fund-ledger") + "?account=all"]
    addresses += [address(name, call.ref) for name in ("fund-call", "fund-applications")]
    tables = ("calls", "applications", "awards", "contributions", "ledger")
    addresses += [address("fund-csv", table) for table in tables]
    return "".join(client.get(one).content.decode() for one in addresses)


# --- calls ------------------------------------------------------------------------------------------------------


def test_a_call_tells_its_terms_in_plain_words(client, call):
    with clock.standing_at(START):
        page = client.get(address("fund-call", call.ref))
    assert page.status_code == 200
    assert [row[:4] for row in page.context["years"]["rows"]] == [
        ["1年目", "対象経費の5分の4以内", "5,000,000円", "1,000円未満を切捨て"],
        ["2年目", "対象経費の2分の1以内", "3,000,000円", "1,000円未満を切捨て"],
    ]
    assert [row[:3] for row in page.context["costs"]["rows"]] == [
        ["人件費", "対象", "—"],
        ["物品費", "対象", "—"],
        ["旅費", "対象", "200,000円"],
        ["飲食費", "対象外", "—"],
    ]
    assert [(table["caption"], len(table["rows"])) for table in page.context["criteria"]] == [
        ("第一次審査(書類)・満点15点", 2),
        ("第二次審査(プレゼンテーション)・満点5点", 1),
    ]
    assert page.context["papers"]["rows"] == [["決算書", "—", "該当するとき", "申請のとき"]]


def test_a_criterion_s_own_minimum_is_shown_where_one_asks_for_it(client, call):
    criterion = call.edition.criteria.filter(stage="first").first()
    type(criterion).objects.filter(pk=criterion.pk).update(least=3)
    with clock.standing_at(START):
        first, second = client.get(address("fund-call", call.ref)).context["criteria"]
    assert [row[-1] for row in first["rows"]] == [3, "—"]
    assert (len(first["columns"]), len(second["columns"])) == (6, 5)


def test_a_draft_is_not_there_and_a_cancelled_one_says_so(client, fund):
    with clock.standing_at(START):
        draft = make_call(fund, state="draft", title="まだ秘密")
        given_up = make_call(fund, title="やめた募集")
        actions.cancel_call(given_up, by=None, reason="予算の都合")
        actions.cancel_call(make_call(fund, state="draft", title="もとから秘密"), by=None, reason="やめた")
        assert client.get(address("fund-call", draft.ref)).status_code == 404
        assert client.get(address("fund-applications", draft.ref)).status_code == 404
        listed = client.get(address("fund-calls"))
        assert [row[0] for row in rows_of(listed)] == ["やめた募集"]
        assert "この募集は中止になりました" in client.get(address("fund-call", given_up.ref)).text


@pytest.mark.parametrize(
    ("moment", "label", "left"),
    [
        (clock.at(date(2025, 6, 10), 9), "受付前", "受付開始まであと1日"),
        (clock.at(date(2025, 6, 11), 11), "受付前", "本日から受付"),
        (clock.at(date(2025, 6, 11), 12), "受付中", "あと21日"),
        (clock.at(date(2025, 7, 2), 12) - timedelta(seconds=1), "受付中", "本日まで"),
        (clock.at(date(2025, 7, 2), 12), "受付終了", ""),
    ],
)
def test_a_call_opens_and_closes_to_the_second(client, call, moment, label, left):
    with clock.standing_at(moment):
        page = client.get(address("fund-call", call.ref))
        assert (page.context["state_label"], page.context["left"]) == (label, left)
        assert page.context["takes"] == (label == "受付中")
        assert (reverse("my-fund-call", args=[call.pk]) in page.text) == (label == "受付中")
        assert "令和7年7月2日(水) 12:00:00" in page.text


def test_a_kept_page_ends_with_the_window_though_nothing_happened(client, call):
    last = clock.at(date(2025, 7, 2), 12) - timedelta(seconds=1)
    caches["pages"].clear()
    for name, words in (("fund", []), ("fund-calls", []), ("fund-call", [call.ref]), ("city", [])):
        with clock.standing_at(last):
            before = client.get(address(name, *words))
            assert "受付中" in before.text, name
            assert client.get(address(name, *words))["ETag"] == before["ETag"]
        with clock.standing_at(last + timedelta(seconds=1)):
            assert "受付中" not in client.get(address(name, *words)).text, name


def test_an_unchanged_page_comes_from_memory(client, call, django_assert_num_queries):
    with clock.standing_at(START):
        first = client.get(address("fund-call", call.ref))
        with django_assert_num_queries(2):
            again = client.get(address("fund-call", call.ref))
        assert again.content == first.content
        known = {"If-None-Match": first["ETag"]}
        assert client.get(address("fund-call", call.ref), headers=known).status_code == 304


# --- questions ----------------------------------------------------------------------------------------------------


def test_a_question_is_asked_once_and_shown_with_its_answer_without_a_name(client, call):
    organisation = make_organisation("しおさい会")
    person = make_representative(organisation, name="大島 なぎさ")
    client.force_login(person)
    with clock.standing_at(START):
        form = client.get(address("fund-ask", call.ref))
        sent = {
            "question": "昨年も申請しました。今年もできますか。",
            "organisation": organisation.pk,
            "key": form.context["form"]["key"].value(),
        }
        for _ in range(2):
            answer = client.post(address("fund-ask", call.ref), sent)
            assert answer.status_code == 302
        question = CallQuestion.objects.get()
        assert (question.organisation, question.asked_by) == (organisation, person)
        client.logout()
        assert "昨年も申請しました" not in client.get(address("fund-call", call.ref)).text
        actions.answer(question, by=None, words="できます。")
        page = client.get(address("fund-call", call.ref)).text
        assert "昨年も申請しました" in page
        assert "できます。" in page
        assert "しおさい会" not in page
        assert "大島" not in page


def test_a_refused_question_keeps_its_words(client, call):
    client.force_login(make_user())
    with clock.standing_at(clock.at(date(2025, 7, 3))):
        answer = client.post(address("fund-ask", call.ref), {"question": "間に合いますか。"})
    assert answer.status_code == 422
    assert "間に合いますか。" in answer.text
    assert "質問の受付は終わりました" in answer.text
    with clock.standing_at(START):
        empty = client.post(address("fund-ask", call.ref), {"question": " "})
    assert empty.status_code == 422
    assert CallQuestion.objects.count() == 0


def test_asking_needs_an_account(client, call):
    assert client.get(address("fund-ask", call.ref)).status_code == 302


def test_nobody_asks_for_another_organisation(client, call):
    other = make_organisation("よその会")
    client.force_login(make_representative(make_organisation("うちの会")))
    with clock.standing_at(START):
        answer = client.post(
            address("fund-ask", call.ref), {"question": "どうですか。", "organisation": other.pk}
        )
    assert answer.status_code == 422
    assert CallQuestion.objects.count() == 0


# --- applications, and nothing before the release ---------------------------------------------------------------


def test_nothing_is_counted_while_somebody_can_still_apply(client, call, filed):
    with clock.standing_at(START):
        page = client.get(address("fund-applications", call.ref))
        assert page.context["is_counted"] is False
        assert page.context["table"]["rows"] == []
        assert "うみかぜ会" not in everything(client, call)


def test_an_open_programme_names_who_applied_once_the_window_is_over(client, call, filed):
    with clock.standing_at(AFTER):
        actions.withdraw_application(filed[1], by=filed[1].filed_by)
        page = client.get(address("fund-applications", call.ref))
    assert rows_of(page) == [[filed[0].ref, "藻場の再生", "うみかぜ会", "800,000円", "受付済み", "—"]]


def test_a_blind_programme_names_nobody_but_who_is_awarded(client, fund):
    with clock.standing_at(START):
        call = make_call(fund, edition=make_edition(fund.municipality, is_blind=True))
        first = make_application(call, organisation=make_organisation("うみかぜ会"), title="藻場の再生")
        second = make_application(call, organisation=make_organisation("やまかぜ会"), title="里山の手入れ")
    with clock.standing_at(AFTER):
        before = everything(client, call)
        assert "うみかぜ会" not in before
        assert "藻場の再生" not in before
        caches["pages"].clear()
        assert rows_of(client.get(address("fund-applications", call.ref)))[0] == [
            first.ref, "(公開していません)", "—", "800,000円", "受付済み", "—",
        ]  # fmt: skip
        make_award(first)
        after = everything(client, call)
        caches["pages"].clear()
        assert rows_of(client.get(address("fund-applications", call.ref))) == [
            [first.ref, "藻場の再生", "うみかぜ会", "800,000円", "交付決定", "800,000円"],
            [second.ref, "(公開していません)", "—", "800,000円", "不採択", "—"],
        ]
    assert "やまかぜ会" not in after
    assert "里山の手入れ" not in after


def test_somebody_in_business_alone_is_named_only_with_an_award(client, call):
    with clock.standing_at(START):
        person = make_organisation("大島 なぎさ", kind="sole")
        make_application(call, organisation=person, title="ひとりの事業")
    with clock.standing_at(AFTER):
        assert "大島" not in everything(client, call)
        assert "ひとりの事業" not in everything(client, call)


def test_no_page_nor_file_tells_a_result_before_the_release(client, call, filed):
    """Decided behind the curtain, awarded or not: every word of every page and file stays the same, but its state."""
    with clock.standing_at(AFTER):
        actions.begin_screening(call, by=None)
        before = everything(client, call)
        first, second = screen(call)
        money = {general(call.fund).pk: 700_000}
        words = {"reasons": "秘密の理由", "yen": 700_000, "shares": money, "conditions": "秘密の条件"}
        actions.prepare_decision(first, by=None, outcome="awarded", **words)
        actions.prepare_decision(second, by=None, outcome="not_awarded", reasons="秘密の講評")
        assert everything(client, call) == before
        assert client.get(address("fund-award", first.ref)).status_code == 404
        assert client.get(address("fund-360giving")).status_code == 404
        actions.release(call, by=None)
        after = everything(client, call)
    assert "秘密の理由" in after
    # Why somebody was not awarded is told to them alone.
    assert "秘密の講評" not in after


def test_one_withdrawn_after_a_decision_was_prepared_is_never_told(client, call, filed):
    with clock.standing_at(AFTER):
        actions.begin_screening(call, by=None)
        first, second = screen(call)
        money = {general(call.fund).pk: 700_000}
        actions.prepare_decision(
            first, by=None, outcome="awarded", reasons="幻の理由", yen=700_000, shares=money
        )
        actions.prepare_decision(second, by=None, outcome="not_awarded", reasons="予算の都合")
        actions.withdraw_application(first, by=first.filed_by)
        actions.release(call, by=None)
        words = everything(client, call)
        assert client.get(address("fund-award", first.ref)).status_code == 404
    assert "幻の理由" not in words
    assert "うみかぜ会" not in words


# --- awards -----------------------------------------------------------------------------------------------------


def settle(award, *, spent: int = 1_000_000) -> None:
    """From acceptance to the outcome, with an advance of half the award."""
    by = award.application.filed_by
    actions.accept_award(award, by=by)
    payment = actions.request_advance(award, by=by, yen=award.yen // 2, reason="材料費")
    actions.pay(payment, by=None)
    actions.register_asset(
        award, by=by, name="水中カメラ", yen=500_000, bought_on=clock.today(), place="自宅の倉庫"
    )
    costs = [{"category": "wages", "label": "担当者", "yen": spent}]
    actions.save_report(award, by=by, done="した", effect="あった", costs=costs)
    actions.file_report(award, by=by)
    actions.fix_amount(
        award, by=None, inspection=dict.fromkeys(INSPECTION, True), without_evidence="現地で確認した"
    )
    rest = award.payments.filter(kind="rest").first()
    if rest:
        actions.pay(rest, by=None)
    actions.report_outcome(award, by=by, outcome="藻場が2ha増えた。")


def test_an_award_is_told_from_its_decision_to_its_outcome(client, award):
    with clock.standing_at(AFTER):
        settle(award, spent=900_000)
        page = client.get(address("fund-award", award.application.ref))
    assert [row[1:] for row in page.context["steps"]["rows"]] == [
        ["交付決定", "800,000円"],
        ["概算払", "400,000円"],
        ["実績報告", ""],
        ["額の確定", "720,000円"],
        ["精算払", "320,000円"],
        ["成果報告", ""],
    ]
    for words in ("効果が見込まれる。", "藻場が2ha増えた。", "水中カメラ", "うみかぜ会", "成果報告済み"):
        assert words in page.text, words
    # Where it is kept may be somebody's home; what was asked of the papers is nobody else's.
    for words in ("自宅の倉庫", "材料費"):
        assert words not in page.text, words
    assert page.context["shares"]["rows"] == [["使いみちの指定なし", "800,000円"]]


def test_a_revoked_and_a_stopped_award_stay_on_the_record(client, award):
    with clock.standing_at(AFTER):
        by = award.application.filed_by
        actions.accept_award(award, by=by)
        change = actions.request_change(award, by=by, kind="stop", reason="内輪の事情")
        assert "変更" not in client.get(address("fund-award", award.application.ref)).context["state_label"]
        actions.decide_change(change, by=None, approve=True, words="")
        page = client.get(address("fund-award", award.application.ref))
        assert page.context["state_label"] == "中止"
        assert "内輪の事情" not in page.text
        assert "効果が見込まれる。" in page.text
        assert [row[1:] for row in page.context["steps"]["rows"]] == [
            ["交付決定", "800,000円"],
            ["事業の中止(変更後の交付決定額)", "0円"],
        ]


# --- contributions ----------------------------------------------------------------------------------------------


def test_a_giver_is_named_exactly_as_they_chose(client, fund, call):
    with clock.standing_at(START):
        pot = general(fund)
        hidden = make_organisation("かくれ商会")
        make_contribution(
            pot, yen=300_000, organisation=hidden, is_anonymous=True, message="かくれ商会一同より"
        )
        words = {"source": Source.PERSON, "name": "みどり町の住民", "message": "海のために"}
        actions.receive(actions.pledge(pot, by=None, yen=10_000, **words), by=None)
        words = everything(client, call)
        caches["pages"].clear()
        given = rows_of(client.get(address("fund-contributions")))
    assert "かくれ商会" not in words
    assert [row[:3] + row[6:] for row in given] == [
        ["みどり町の住民", "個人", "10,000円", "海のために"],
        ["匿名", "企業・団体", "300,000円", "—"],
        ["あおば商事株式会社", "企業・団体", "9,000,000円", "—"],
    ]


# --- the ledger -------------------------------------------------------------------------------------------------


def test_the_ledger_shows_every_yen_with_its_balance(client, fund, award):
    with clock.standing_at(AFTER):
        settle(award, spent=900_000)
        page = client.get(address("fund-ledger"))
    assert [row[1:2] + row[4:] for row in rows_of(page)] == [
        ["拠出の受領", "9,000,000", "—", "9,000,000"],
        ["助成金の支払", "—", "400,000", "8,600,000"],
        ["助成金の支払", "—", "320,000", "8,280,000"],
    ]
    with clock.standing_at(AFTER):
        whole = client.get(address("fund-ledger") + "?account=all")
        free = client.get(address("fund-ledger") + "?account=free")
    assert len(rows_of(whole)) == fund.postings.count()
    assert rows_of(free)[-1][-1] == "8,280,000"
    assert page.context["sides"][0] == page.context["sides"][1]


def test_the_balance_is_carried_over_to_the_next_page(client, fund):
    with clock.standing_at(START):
        for _ in range(60):
            make_contribution(general(fund), yen=1_000)
        second = client.get(address("fund-ledger") + "?page=2")
    rows = rows_of(second)
    assert len(rows) == 11
    assert second.context["carried"] == "9,049,000円"
    assert (rows[0][-1], rows[-1][-1]) == ("9,050,000", "9,060,000")


def test_the_ledger_narrows_to_a_year_and_an_earmark(client, city, fund):
    with clock.standing_at(START):
        pot = actions.earmark(fund, by=None, theme="子どもの居場所")
        make_contribution(pot, yen=700_000)
    with clock.standing_at(clock.at(date(2026, 4, 10))):
        later = make_fund(city, year=2026)
        make_contribution(general(later), yen=50_000)
        narrow = client.get(address("fund-ledger") + f"?year=2025&pot={pot.pk}")
        assert [row[-1] for row in rows_of(narrow)] == ["700,000"]
        later_only = client.get(address("fund-ledger") + "?year=2026")
        assert [row[-1] for row in rows_of(later_only)] == ["50,000"]
        # An earmark of another year counts as not given.
        assert len(rows_of(client.get(address("fund-ledger") + f"?year=2026&pot={pot.pk}"))) == 1


def test_the_sums_of_a_year_add_up_whatever_happened(client, city, award, fund):
    with clock.standing_at(AFTER):
        by = award.application.filed_by
        make_contribution(general(fund), yen=40_000, state="returned")
        make_contribution(general(fund), yen=60_000, state="pledged")
        actions.accept_award(award, by=by)
        actions.pay(actions.request_advance(award, by=by, yen=800_000, reason="材料費"), by=None)
    with clock.standing_at(clock.at(date(2025, 9, 1))):
        actions.revoke(award, by=None, reason="目的外の使用")
        assert shown.sums(city)[2025] == shown.Sums(9_000_000, 0, 800_000, 0, 8_200_000, 60_000)
    with clock.standing_at(clock.at(date(2025, 12, 1))):
        late = actions.receive_return(award.claims.get(), by=None)
        one = shown.sums(city)[2025]
    assert late > 0
    assert one == shown.Sums(9_000_000 + late, 0, 0, 0, 9_000_000 + late, 60_000)
    assert one.received == one.paid + one.promised + one.free


# --- front, feed, what it costs ----------------------------------------------------------------------------------


def test_the_front_shows_open_calls_money_awards_and_gifts(client, city, award):
    with clock.standing_at(AFTER):
        page = client.get(address("fund"))
        assert [tile["value"] for tile in page.context["tiles"]] == ["900万", "0", "80万", "820万"]
        assert [row[1:] for row in page.context["years"]["rows"]] == [
            ["9,000,000", "0", "0", "800,000", "8,200,000", "0"]
        ]
        assert "藻場の再生" in page.text
    assert "いま受け付けている募集はありません" in page.text


def test_a_city_without_a_fund_says_so_on_every_page(client, city):
    for name in ("fund", "fund-calls", "fund-awards", "fund-contributions", "fund-ledger"):
        assert client.get(address(name)).status_code == 200, name


def test_the_citys_front_page_and_feed_lead_to_an_open_call(client, call):
    with clock.standing_at(START):
        assert address("fund-call", call.ref) in client.get("/minato/").text
        assert "[助成の募集] 見本の募集" in client.get("/minato/feed.atom").text


def test_a_call_of_another_city_is_not_found(client, call):
    make_municipality("tonari")
    with clock.standing_at(START):
        assert client.get(reverse("fund-call", args=["tonari", call.ref])).status_code == 404


@pytest.mark.parametrize("name", ["fund", "fund-calls", "fund-awards", "fund-contributions", "fund-ledger"])
def test_a_list_costs_at_most_twelve_statements_whatever_its_length(client, city, fund, name):
    def cost() -> int:
        caches["pages"].clear()
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address(name)).status_code == 200
        return len(seen)

    with clock.standing_at(START):
        call = make_call(fund)
        application = make_application(call)
    with clock.standing_at(AFTER):
        make_award(application)
        few = cost()
        assert few <= 12
    with clock.standing_at(START):
        for _ in range(4):
            make_contribution(general(fund), yen=5_000_000)
            call = make_call(fund)
            application = make_application(call)
            with clock.standing_at(AFTER):
                make_award(application)
    with clock.standing_at(AFTER):
        assert cost() == few


def test_the_applications_of_a_call_cost_the_same_for_one_and_many(client, call):
    def cost() -> int:
        caches["pages"].clear()
        with CaptureQueriesContext(connection) as seen:
            client.get(address("fund-applications", call.ref))
        return len(seen)

    with clock.standing_at(START):
        make_application(call)
    with clock.standing_at(AFTER):
        few = cost()
        assert few <= 12
    with clock.standing_at(START):
        for _ in range(4):
            make_application(call)
    with clock.standing_at(AFTER):
        assert cost() == few
