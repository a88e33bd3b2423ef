"""A challenge is published; its department sees who could do it and why, says no to one, and introduces another."""

import re

import pytest

from musubi.matching import actions
from musubi.matching.models import Suggestion
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_ranking
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

TITLE = "海岸清掃で集めたごみの分別を続けたい"


@pytest.fixture
def city(live):
    return make_municipality("nagihama", name="凪浜市", prefecture="海原県")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"), name="青木 海")


@pytest.fixture
def challenge(city, officer, desk):
    row = make_challenge(city, by=officer, desk=desk, title=TITLE)
    near = make_organisation(
        "みなと環境株式会社", size="small", prefecture="海原県", description="海のごみを調べます。"
    )
    far = make_organisation(
        "山の分別協会", kind="npo", size="micro", prefecture="山奥県", description="山のごみの会。"
    )
    for owner in (near, far):
        make_member(city, owner)
    make_representative(near, name="湊 はるか", email="minato@example.jp")
    words = {"kind": "words", "words": [["海岸清掃", "浜辺"], ["分別", "分類"]]}
    against = [{"kind": "elsewhere", "name": "山奥県"}]
    make_solution(near, title="海ごみの見学会")
    first = make_solution(near)
    actions.keep_for_challenge(
        row,
        [
            found(first, likeness=0.6, reasons=[words, {"kind": "member"}]),
            found(far, likeness=0.32, reasons=[words], against=against),
        ],
    )
    return row


def test_candidates_are_judged_and_introduced(walker, challenge, officer, desk):
    here = f"/nagihama/staff/challenges/{challenge.ref}/"
    # On a phone without JavaScript: reasons, both texts, and a no that asks for its reason.
    phone = walker(officer, width=360, scripts=False).go(here)
    phone.sees("だれができそうか", "内容が近い", "浜辺のごみを見分ける学習キット", "6〜20人", "海原県")
    phone.sees("所在地は山奥県です", "内容がやや近い")
    part = phone.page.locator("#suggestions li").first
    part.locator("summary", has_text="文章を並べて見る").click()
    both = part.locator(".side-by-side > div")
    upper, lower = both.nth(0).bounding_box(), both.nth(1).bounding_box()
    assert lower["y"] >= upper["y"] + upper["height"]
    assert both.nth(0).locator("mark").all_inner_texts() == ["海岸清掃", "分別", "海岸清掃", "分別", "分別"]
    assert both.nth(1).locator("mark").all_inner_texts() == ["浜辺", "分類"]
    phone.follow(re.compile("合わない.*山の分別協会"))
    phone.fill("ひとこと", "遠すぎると思います。").press("記録する", status=422)
    phone.sees("合わない理由を一つ選んでください。")
    assert phone.field("ひとこと").input_value() == "遠すぎると思います。"
    phone.pick("対応できる地域ではない").press("記録する")
    phone.sees(
        "「山の分別協会」を「合わない」と記録しました。", "自治体の判断: 合わない(対応できる地域ではない)"
    )

    # On a desktop by the keyboard: the texts beside each other, who will read it, and off it goes.
    walk = walker(desk).go(here)
    walk.page.locator("#suggestions summary").first.focus()
    walk.page.keyboard.press("Enter")
    both = walk.page.locator("#suggestions li").first.locator(".side-by-side > div")
    assert both.nth(0).bounding_box()["y"] == both.nth(1).bounding_box()["y"]
    walk.look()
    walk.follow(re.compile("紹介する.*学習キット"))
    walk.sees(
        "みなと環境株式会社の担当者1人に、お知らせとメールが届きます。", "湊 はるか", "minato@example.jp"
    )
    assert TITLE in walk.field("添えることば").input_value()
    walk.press("この内容で紹介する").sees("みなと環境株式会社に、この課題を紹介しました。", "紹介済み")
    assert set(Suggestion.objects.values_list("state", flat=True)) == {"introduced", "misfit"}

    # It counts, and leads back to its record.
    walk.go("/nagihama/staff/figures/").follow("候補は役に立ったか").sees(
        "順位ごとの、生かした割合", "公平さ"
    )
    walk.press_on(walk.page.get_by_role("row", name="1番目").get_by_role("link").first).sees(
        "浜辺のごみを見分ける学習キット", "紹介済み"
    )
    narrow = walker(desk, width=360).go("/nagihama/staff/figures/suggestions/")
    narrow.go(f"{here}suggestions/").go("/nagihama/staff/figures/suggestions/never/")


def test_ranking_is_adopted_by_a_person(walker, city, desk):
    make_ranking(city, before={"mrr": 0.476, "decisions": 128}, after={"mrr": 0.625, "decisions": 128})
    walk = walker(desk, width=360, scripts=False).go("/nagihama/staff/rankings/")
    walk.sees("判断128件で試すと、最初に合う候補が出る位置の目安は、2.1番目から1.6番目になります。")
    walk.follow("採用する").press("採用する").sees("結城 縁さんが採用した順位づけを使っています。")
    walker(desk).go("/nagihama/staff/rankings/").press("判断から学び直す").sees("学び直せません")
