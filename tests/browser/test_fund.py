"""The fund as an organisation and its committee meet it: a draft that keeps itself, points by keyboard, an advance."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from musubi.fund import actions
from musubi.fund.models import Application, Assignment, Payment
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_committee,
    make_contribution,
    make_fund,
)
from tests.factories.people import make_municipality, make_organisation, make_representative

TITLE = "商店街の電気の家計簿"
PURPOSE = "商店街の店は、電気代の内訳を知りません。"
REPORT = "18店で電気を測り、説明会を3回開きました。"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


def row(walk, number: int):
    """One row of the budget that is typed."""
    return walk.page.get_by_role("group", name=f"経費の{number}行目", exact=True)


def some_days_ago(days: int):
    return clock.standing_at(clock.now() - timedelta(days=days))


def test_application_keeps_itself_is_told_what_lacks_and_is_sent(walker, city, person):
    call = make_call(make_fund(city), title="見本助成 秋の募集")
    walk = walker(person).go("/my/fund/").follow(call.title)
    walk.fill("事業名", TITLE).press("申請を書きはじめる").sees("公開されること")
    walk.fill("代表者の役職", "代表取締役").fill("代表者の氏名", "湊 まもる").fill(
        "目的と地域の課題", PURPOSE
    )
    line = row(walk, 1)
    walk.fill("内訳", "調査員 2人×10日", within=line).fill("金額(円)", "１，０００，０００円", within=line)
    walk.fill("申請額(円)", "800000")
    # Saved in the background, without a button, and reckoned.
    walk.sees("に保存しました。", "助成率をかけた額", "収入が経費より200,000円足りません。")
    walk.page.close()

    walk = walk.new_tab().go("/my/fund/").follow(TITLE)
    expect(walk.field("目的と地域の課題")).to_have_value(PURPOSE)
    for label in ("事業の内容", "進め方と日程", "助成が終わったあとの続け方"):
        walk.fill(label, "20店の使い方を測って比べます。")
    walk.fill("実施体制", "算定の専門家が2人。").fill("自己資金(円)", "200,000").sees("同じ額になっています")
    walk.press("送る前の確認に進む").sees("送るまでに、あと1か所です")
    expect(walk.button("凪浜市に申請する")).to_have_count(0)
    walk.follow("「見込まれる効果と測り方」を入力してください。")
    walk.fill("見込まれる効果と測り方", "20店の電気を平均1割減らします。")
    walk.press("送る前の確認に進む").sees("代表取締役 湊 まもる", "1,000,000円").press("凪浜市に申請する")
    filed = Application.objects.get()
    assert (filed.state, filed.requested, filed.representative) == (
        "submitted",
        800_000,
        "代表取締役 湊 まもる",
    )
    walk.sees("助成の申請を受け付けました", filed.ref, "このあとの流れ").follow("申請の状況を見る")
    walk.sees("交付申請書の写し", "凪浜市 助成の事務局")


def test_committee_member_scores_with_the_keyboard(walker, city):
    fund = make_fund(city)
    with some_days_ago(60):
        application = make_application(make_call(fund), title=TITLE, purpose=PURPOSE)
    with some_days_ago(30):
        member = make_committee(fund)[0]
        actions.begin_screening(application.call, by=None)
        actions.assign(
            application.call, by=None, stage=Stage.FIRST, due_on=clock.today() + timedelta(days=40)
        )
    walk = walker(member.user).go("/nagihama/committee/").sees("あと1件です")
    keys = walk.page.keyboard

    def enter():
        with walk.page.expect_navigation():
            keys.press("Enter")
        walk.look()

    walk.link(TITLE).focus()
    enter()
    walk.sees(PURPOSE)
    walk.page.get_by_role("group", name=re.compile("地域課題への効果")).get_by_label("0", exact=True).focus()
    for points in (4, 3):
        for _step in range(points):
            keys.press("ArrowRight")
        keys.press("Tab")
    expect(walk.field("講評")).to_be_focused()
    keys.type("測り方が具体的です。")
    walk.sees("に保存しました。まだ提出していません。")
    keys.press("Tab")
    expect(walk.button("採点を提出する")).to_be_focused()
    enter()
    walk.sees("採点を提出しました。これですべてです。", "提出済み")
    sheet = Assignment.objects.get(member=member)
    points = list(sheet.scores.order_by("criterion__position").values_list("points", flat=True))
    assert (sheet.state, points, sheet.comment) == ("scored", [4, 3], "測り方が具体的です。")


@pytest.fixture
def award(city, company, person):
    with some_days_ago(60):
        fund = make_fund(city, year=fiscal_year(clock.today()))
        make_contribution(general(fund), yen=5_000_000)
        application = make_application(make_call(fund), organisation=company, title=TITLE)
    with some_days_ago(30):
        return make_award(application)


def test_award_is_accepted_and_an_advance_asked_for_on_a_phone(walker, award, person):
    walk = walker(person, width=360).go("/my/").follow(TITLE)
    walk.sees("800,000").press("この内容で承諾する")
    walk.sees("承諾済みです").follow("概算払を請求する")
    walk.fill("請求する額(円)", "900,000").fill("概算払が必要な理由", "測定器を先に買うため。")
    walk.press("概算払を請求する", status=422).sees("800,000円")
    expect(walk.field("概算払が必要な理由")).to_have_value("測定器を先に買うため。")
    walk.fill("請求する額(円)", "３００，０００").press("概算払を請求する")
    walk.sees("概算払を請求しました", "これまでの請求と支払", "概算払請求書(PDF)", "500,000円")
    assert Payment.objects.get().yen == 300_000


def test_report_keeps_itself_and_is_sent(walker, award, person):
    actions.accept_award(award, by=person)
    walk = (
        walker(person)
        .go(f"/my/fund/{award.application_id}/report/")
        .sees("書きはじめると、自動で保存します。")
    )
    line = row(walk, 1)
    # The sum may come before the words.
    walk.fill("実施したこと", REPORT).fill("金額(円)", "900,000", within=line)
    walk.sees("に保存しました。", "720,000", "予算と実績")
    walk.page.close()

    walk = walk.new_tab().go(f"/my/fund/{award.application_id}/report/")
    expect(walk.field("実施したこと")).to_have_value(REPORT)
    walk.fill("効果", "電気が8%減りました。").press("実績報告を送る", status=422)
    walk.sees("経費の1行目の「内訳」を入力してください。")
    # A cost without a file stops the report once, and names it.
    walk.fill("内訳", "調査員 2人×9日", within=row(walk, 1)).press("実績報告を送る", status=422)
    walk.sees("証拠書類のない経費があります", "調査員 2人×9日").press("証拠書類のないまま送る")
    walk.sees("実績報告を受け付けました", "このあとの流れ").follow("送った実績報告を見る").sees(
        REPORT, "720,000"
    )


def test_without_scripts_a_budget_is_typed_and_reckoned(walker, city, company, person):
    call = make_call(make_fund(city))
    draft = actions.start_application(call, by=person, organisation=company, title=TITLE)
    walk = walker(person, width=360, scripts=False).go(f"/my/fund/{draft.pk}/edit/")
    walk.fill("内訳", "測定器", within=row(walk, 1)).fill("金額(円)", "-5", within=row(walk, 1))
    walk.press("下書き保存", status=422).sees("0円以上で入力してください。")
    walk.fill("金額(円)", "500,000", within=row(walk, 1)).press("下書き保存")
    walk.sees("に保存しました。", "400,000円", "経費の合計")
