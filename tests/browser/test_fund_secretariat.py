"""The secretariat of a fund: an application is returned and checked, sheets are handed out, results released, money paid."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from musubi.fund import actions
from musubi.fund.models import Application
from musubi.fund.rules import correction_due
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.lib.fiscal import fiscal_year
from tests.factories.fund import (
    fill_application,
    general,
    make_application,
    make_call,
    make_committee,
    make_contribution,
    make_fund,
    score_all,
)
from tests.factories.people import make_municipality, make_organisation, make_staff

SEA, HILL = "藻場を増やす見本事業", "里山の道をなおす見本事業"
LACKING = "予算の内訳に、単価と数を書いてください。"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def call(city):
    """Its window is over; two applications have come."""
    with clock.standing_at(clock.now() - timedelta(days=40)):
        fund = make_fund(city, year=fiscal_year(clock.today()))
        make_contribution(general(fund), yen=5_000_000)
        found = make_call(fund, title="凪浜市の助成")
        for title in (SEA, HILL):
            organisation = make_organisation(f"{title[:2]}見本株式会社")
            make_application(found, organisation=organisation, state="submitted", title=title)
    make_committee(fund, 2)
    return found


def of(title: str) -> Application:
    return Application.objects.get(title=title)


def test_secretariat_from_the_first_check_to_the_first_payment(walker, call, desk):
    walk = walker(desk).go("/nagihama/staff/fund/").sees("形式を確認する申請", SEA, HILL)

    # One is returned, with a day; it comes back, and both are checked.
    walk.follow(SEA).follow("補正をお願いする")
    expect(walk.field("補正の期限")).to_have_value(correction_due(call).isoformat())
    walk.press("補正をお願いする", status=422).sees("1か所を直してください")
    walk.fill("直してほしいところ", LACKING).press("補正をお願いする")
    walk.sees("補正をお願いしました。", LACKING, format_date(correction_due(call)))
    returned = of(SEA)
    fill_application(returned, returned.filed_by, title=SEA, content="苗1,000株を植える。")
    actions.file_application(returned, by=returned.filed_by)
    for title in (SEA, HILL):
        walk.go("/nagihama/staff/fund/").follow(title).press("確認済みにする").sees(
            "形式の確認を済ませました。"
        )

    # The sheets are handed out; who is to decide is told what is still to come.
    walk.go(f"/nagihama/staff/fund/calls/{call.ref}/screening/first/").press("審査に進める")
    walk.sees("まだだれにも割り当てていない申請が2件あります。").follow("採点を割り当てる")
    walk.press("採点表4件を渡す").sees("採点表を4件渡しました。", "採点 0 / 4件")
    walk.go(f"/nagihama/staff/fund/calls/{call.ref}/decisions/")
    walk.sees("第一次審査の結果を決めていない申請が2件あります").follow("第一次審査へ")
    score_all(call, Stage.FIRST)
    walk.page.reload()
    walk.look().sees("採点がそろいました。").follow("順位を見る").follow("結果を決める")
    walk.press("この結果に決める").sees("通過2件、不通過0件。発表までは外に出ません。")
    score_all(call, Stage.SECOND)
    passed = {of(SEA).pk, of(HILL).pk}
    actions.decide_stage(call, by=desk, stage=Stage.SECOND, passed=passed, reasons={})

    # Each decision by itself, then everything at once.
    walk.go(f"/nagihama/staff/fund/applications/{of(SEA).ref}/decision/")
    walk.pick("交付決定").fill("交付額(円)", "８００，０００").fill("理由・講評", "効果が見込まれる。")
    walk.press("準備する")
    walk.go(f"/nagihama/staff/fund/applications/{of(HILL).ref}/decision/")
    walk.pick("不交付決定").fill("理由・講評", "予算の都合による。").press("準備する")
    walk.go(f"/nagihama/staff/fund/calls/{call.ref}/decisions/").sees("800,000", "発表前")
    walk.follow("最後の確認と発表へ")
    assert of(SEA).shown_state == "submitted"
    walk.press("2件の結果を発表する", status=422)
    walk.page.get_by_role("checkbox").check()
    walk.press("2件の結果を発表する")
    assert (of(SEA).shown_state, of(HILL).shown_state) == ("awarded", "not_awarded")

    # An advance is asked for and paid; the books say so.
    award = of(SEA).award
    actions.accept_award(award, by=returned.filed_by)
    actions.request_advance(award, by=returned.filed_by, yen=300_000, reason="苗を先に買うため。")
    walk.go("/nagihama/staff/fund/").sees("概算払の請求").follow(SEA).sees("概算払 300,000円を払い、記録する")
    act = walk.unfold("支払を記録する")
    walk.press("支払った", within=act).sees("支払済み", "現金預金")
    walk.go("/nagihama/staff/fund/ledger/").sees("貸借は一致しています。", "300,000円")
