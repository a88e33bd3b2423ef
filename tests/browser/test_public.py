"""A resident reads everything public without signing in: by mouse, by keyboard on a phone, in English, on paper."""

import re

import pytest
from playwright.sync_api import expect

from musubi.cases import actions as cases
from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from musubi.plan.models import Goal
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

LITTER = "海岸清掃で集めたごみの分別を続けたい"
SHELTER = "避難所の毛布を町で分け合いたい"
BAGS = "海岸清掃のごみ袋を用意したい"
COMPANY = "みなと環境見本株式会社"
KIT = "浜辺のごみを見分ける学習キット"
STORY = "海を守る袋を、町の企業とつくる"


@pytest.fixture
def city():
    """A municipality with something on each of its public pages."""
    city = make_municipality(
        "nagihama",
        name="凪浜市",
        name_en="Nagihama City",
        lead="海と山の町です。",
        lead_en="A town by the sea.",
    )
    desk = make_staff(city, "desk")
    officer = make_staff(city, "officer", make_department(city, "環境課", name_en="Environment Division"))
    sea = Goal.objects.get(number=14)
    make_challenge(city, by=officer, desk=desk, title=LITTER, goals=[sea.pk])
    make_challenge(
        city,
        by=make_staff(city, "officer", make_department(city, "防災課")),
        desk=desk,
        title=SHELTER,
        problem="毛布が年に300枚ほど足りない。",
        goal_image="来年までに千枚がそろう。",
        scale="large",
    )
    make_challenge(city, by=officer, desk=desk, title="まだ下書きの課題", state="draft")
    company = make_organisation(COMPANY, description="海のごみを減らす会社です。")
    make_member(city, company)
    make_solution(company, title=KIT)
    make_gathering(city, title="公民連携交流会")
    need = make_challenge(city, by=officer, desk=desk, title=BAGS)
    person = make_representative(company)
    case = make_case(city, company, officer=officer, desk=desk, by=person, track="challenge", challenge=need)
    cases.say(case, by=officer, body="始めましょう。")
    cases.advance(case, "implementation", by=officer, reason="試す必要がないため")
    outcome = outcomes.record_outcome(
        case, by=officer, kind="joint_event", title="袋の寄附", summary="届いた。", started_on=clock.today()
    )
    story = outcomes.write_story(
        outcome, by=officer, title=STORY, lead="袋の話。", body="袋が足りませんでした。"
    )
    outcomes.publish_story(story, by=desk)
    return city


def test_resident_finds_and_reads_everything_without_signing_in(walker, city, index):
    index()
    walk = walker().go("/").sees("凪浜市", LITTER)
    walk.fill("課題や自治体をさがす", "ごみの分別").press("検索").sees("「ごみの分別」の検索結果", LITTER)
    expect(walk.page.get_by_role("main")).not_to_contain_text(SHELTER)
    walk.go("/nagihama/").sees("町の困りごとを、一緒に解く。", LITTER, "公民連携交流会", STORY)

    # Words and conditions narrow the list; each can be taken off again.
    walk.follow("課題を見る").sees("3件", LITTER, SHELTER, BAGS)
    walk.fill("課題をさがす", "海岸清掃").press("検索").sees("2件", LITTER, BAGS, "しぼりこみ中")
    form = walk.unfold("条件でしぼる")
    walk.choose("SDGsゴール", "14 海の豊かさを守ろう", within=form).press("この条件でしぼる").sees(
        "1件", LITTER
    )
    walk.follow("「海岸清掃」 を外す").sees("1件", LITTER)
    walk.unfold("条件でしぼる")
    walk.follow("条件をすべて外す").sees("3件")
    form = walk.unfold("条件でしぼる")
    walk.choose("規模", "大きな社会課題", within=form).press("この条件でしぼる").sees("1件", SHELTER)
    walk.fill("課題をさがす", "存在しない言葉").press("検索").sees(
        "条件に合う課題はありません", "条件を1つ外すか"
    )
    walk.go("/nagihama/challenges/").follow(LITTER).sees(
        "いま困っていること", "職員2人で週6時間", "環境課", "似た課題", BAGS
    )

    menu = walk.page.get_by_role("navigation", name="主なページ")
    walk.follow("会員", within=menu).follow(COMPANY).sees("海のごみを減らす会社です。", KIT, STORY)
    walk.follow("ソリューション", within=menu).follow(KIT).sees("教材を貸し出します", COMPANY)
    walk.follow("イベント", within=menu).follow("公民連携交流会").sees("日時と会場")
    walk.follow("連携事例", within=menu).follow(STORY).sees("袋が足りませんでした。", BAGS)
    walk.follow("数字で見る", within=menu).sees("課題から実現まで")
    walk.follow("提案する", within=menu).sees("課題解決型", "実証実験提案型", "自由提案")
    for statement in ("ウェブアクセシビリティ", "個人情報の取扱い", "利用条件"):
        walk.follow(statement, within=walk.page.get_by_role("contentinfo"))
    walk.misses("まだ下書きの課題")


def test_phone_by_keyboard_alone_reaches_the_words_the_menu_and_the_filter(walker, city):
    walk = walker(width=360).go("/nagihama/challenges/")
    page = walk.page

    def tab_to(what, most=40):
        for _ in range(most):
            if what.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"not reached in {most} steps: {what}")

    # The first stop leads past the header.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ移動")).to_be_focused()
    expect(page.get_by_role("link", name="本文へ移動")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    # The filter opens, is set and sent.
    summary = page.locator("summary", has_text="条件でしぼる")
    tab_to(summary)
    page.keyboard.press("Enter")
    scale = walk.field("規模")
    tab_to(scale)
    page.keyboard.press("End")
    expect(scale.locator("option:checked")).to_have_text("大きな社会課題")
    tab_to(walk.button("この条件でしぼる"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walk.look().sees("1件", SHELTER)

    # The menu opens, every stop in it shows where it is, and leads on.
    menu = page.locator("details.only-narrow")
    page.evaluate("() => document.body.focus()")
    tab_to(menu.locator("summary"))
    page.keyboard.press("Enter")
    members = menu.get_by_role("link", name="会員")
    expect(members).to_be_visible()
    walk.look()
    tab_to(members)
    outline = members.evaluate("link => getComputedStyle(link).outlineStyle")
    shadow = members.evaluate("link => getComputedStyle(link).boxShadow")
    assert outline != "none" or shadow != "none"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walk.look().sees(COMPANY)
    assert walk.heading == "会員"


def test_english_is_one_click_away_and_stays(walker, city):
    walk = walker().go("/nagihama/challenges/")
    walk.follow("English", within=walk.page.get_by_role("banner"))
    assert walk.heading == "Challenges"
    expect(walk.page.locator("html")).to_have_attribute("lang", "en")
    walk.go("/nagihama/")
    assert walk.page.title().startswith("Nagihama City")
    walk.sees("A town by the sea.")
    for place in ("challenges", "solutions", "members", "gatherings", "stories", "figures", "propose"):
        walk.go(f"/nagihama/{place}/")
        # What people wrote stays in their language; what the product says does not.
        for part in ("banner", "contentinfo", "heading"):
            for words in walk.page.get_by_role(
                part, **({"level": 1} if part == "heading" else {})
            ).all_inner_texts():
                assert not re.search(r"[ぁ-んァ-ヴ]", words.replace("日本語", "")), f"{place}: {words}"
    walk.follow("日本語", within=walk.page.get_by_role("banner"))
    assert walk.heading == "提案する"


def test_paper_shows_the_words_and_leaves_the_machinery_out(walker, city):
    walk = walker(width=700)
    for path, words in (
        ("/nagihama/challenges/", LITTER),
        ("/nagihama/members/", COMPANY),
        ("/nagihama/stories/", STORY),
        ("/nagihama/figures/", "課題から実現まで"),
    ):
        walk.go(path)
        walk.page.emulate_media(media="print")
        main = walk.page.get_by_role("main")
        expect(main.get_by_text(words).first).to_be_visible()
        for machinery in ("header.top nav", ".skip", "form.filter"):
            for part in walk.page.locator(machinery).all():
                expect(part).not_to_be_visible()
        background, ink = main.evaluate(
            "m => [getComputedStyle(document.body).backgroundColor, getComputedStyle(m).color]"
        )
        assert background in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
        assert ink != "rgb(255, 255, 255)"
        assert walk.page.pdf(format="A4").startswith(b"%PDF")
        walk.page.emulate_media(media="screen")
    # One page of a challenge, on paper in dark mode too.
    walk.page.emulate_media(media="print", color_scheme="dark")
    assert walk.page.evaluate("() => getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
