"""A department officer writes a challenge in five minutes; the desk checks it; everybody reads it at once."""

import pytest
from playwright.sync_api import expect

from musubi.challenges.models import Challenge
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff

TITLE = "海岸清掃のごみ袋を、続けられる形で用意したい"
VAGUE = "海岸清掃のごみ袋が足りず、とても困っています。"
PROBLEM = (
    "年に約40回の海岸清掃で、ごみ袋を年3万枚購入している。費用は年120万円で、来年度は2割減らす必要がある。"
    "清掃の参加者は増えていて、袋が足りない日もある。"
)
GOAL_IMAGE = "来年度末までに、企業と費用を分け合い、ボランティア8,000人に袋が行きわたっている。"
REMARKS = "7月から9月に海岸が使えるかを、条件に書き足してください。"
NUMBERS_WANTED = "困りごとの大きさが伝わる数字を一つ入れてみましょう"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"), name="青木 海")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def similar(city):
    return make_challenge(city, title="海岸清掃で集めたごみの分別を続けたい")


def write_with_advice(writer, similar):
    """Advice comes while the officer types, and nothing is sent for good."""
    advice = writer.page.get_by_role("complementary", name="助言")
    writer.fill("課題名", TITLE).fill("いま困っていること", VAGUE)
    writer.sees(NUMBERS_WANTED, "似た課題と、その後", similar.title, "SDGsゴールの候補", within=advice)
    writer.look()
    writer.fill("いま困っていること", PROBLEM).fill("目指す姿", GOAL_IMAGE)
    expect(advice).not_to_contain_text(NUMBERS_WANTED)
    sea = writer.button("加える : 14 海の豊かさを守ろう", within=advice)
    sea.click()
    expect(writer.page.locator("input[name=goals][value='14']")).to_be_checked()
    expect(sea).to_have_count(0)


def write_and_ask_for_advice(writer, similar):
    """Without scripts the same advice comes by a button."""
    advice = writer.page.get_by_role("complementary", name="助言")
    writer.fill("課題名", TITLE).fill("いま困っていること", VAGUE)
    writer.press("助言を見る")
    writer.sees(NUMBERS_WANTED, "似た課題と、その後", similar.title, "SDGsゴールの候補", within=advice)
    writer.fill("いま困っていること", PROBLEM).fill("目指す姿", GOAL_IMAGE)
    writer.press("加える : 14 海の豊かさを守ろう")
    expect(advice).not_to_contain_text(NUMBERS_WANTED)
    expect(writer.page.locator("input[name=goals][value='14']")).to_be_checked()
    expect(writer.field("目指す姿")).to_have_value(GOAL_IMAGE)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_challenge_from_writing_to_the_public_list(walker, city, officer, desk, similar, index, scripts):
    index()

    def walk(user=None):
        return walker(user, scripts=scripts)

    resident = walk().go("/nagihama/challenges/").sees("1件", similar.title)

    writer = walk(officer).go("/nagihama/staff/").follow("課題を書く")
    (write_with_advice if scripts else write_and_ask_for_advice)(writer, similar)
    writer.pick("実証の場").fill("自治体が提供できるものの説明", "市内3か所の海岸を試す場所にできる。")
    writer.press("下書きを保存").sees("保存しました", "続きはいつでも書けます", TITLE)
    written = Challenge.objects.get(title=TITLE)
    assert (written.state, written.department.name) == ("draft", "環境課")
    assert [goal.number for goal in written.goals.all()] == [14]
    # The desk can read the draft, nobody else can.
    resident.go("/nagihama/challenges/").sees("1件")
    resident.go(f"/nagihama/challenges/{written.ref}/", status=404)
    writer.press("確認を依頼する").sees("デスクに確認を依頼しました", "デスクが確認しています")

    checker = walk(desk).go("/nagihama/staff/").sees(TITLE)
    checker.follow(TITLE)
    checker.follow("指摘を添えて差し戻す").fill("担当課への指摘", REMARKS)
    checker.press("差し戻す").sees("指摘を添えて差し戻しました", REMARKS)

    writer.go("/nagihama/staff/").follow(TITLE).sees("デスクから差し戻されています", REMARKS)
    writer.follow("指摘を見ながら直す").sees(REMARKS)
    expect(writer.field("いま困っていること")).to_have_value(PROBLEM)
    writer.fill("条件・留意点", "7月から9月は海水浴場のため使えない。")
    writer.press("保存して、デスクに確認を依頼").sees("保存して、デスクに確認を依頼しました")

    # Visibility widens in steps, and each step shows on the very next request.
    checker.go(f"/nagihama/staff/challenges/{written.ref}/").sees("海水浴場のため使えない")
    checker.pick("庁内 — 職員だけが読めます").press("この範囲で公開する").sees(
        "公開範囲を「庁内」にして公開しました"
    )
    resident.go("/nagihama/challenges/").sees("1件")
    checker.follow("公開範囲を広げる").pick("会員").press("広げる").sees("公開範囲を「会員」に広げました")
    resident.go("/nagihama/challenges/").sees("1件")
    checker.follow("公開範囲を広げる").pick("公開").press("広げる").sees("公開範囲を「公開」に広げました")
    resident.go("/nagihama/challenges/").sees("2件", TITLE)
    resident.follow(TITLE).sees(
        PROBLEM, GOAL_IMAGE, "実証の場", "市内3か所の海岸", "海水浴場のため使えない", "環境課"
    )
    assert resident.heading == TITLE


def test_challenge_without_a_title_is_told_what_is_missing_and_keeps_the_rest(walker, city, officer):
    writer = walker(officer).go("/nagihama/staff/challenges/new/")
    writer.fill("いま困っていること", PROBLEM).press("下書きを保存", status=422)
    writer.sees("1か所を直してください", "入力した内容は残っています。")
    expect(writer.field("いま困っていること")).to_have_value(PROBLEM)
    assert Challenge.objects.count() == 0


def test_challenge_typed_but_not_sent_is_there_again_after_the_tab_was_closed(walker, city, officer):
    writer = walker(officer).go("/nagihama/staff/challenges/new/")
    writer.fill("課題名", TITLE)
    writer.page.wait_for_function(
        "title => Object.values(localStorage).some(kept => kept.includes(title))", arg=TITLE
    )
    writer.page.close()
    writer = writer.new_tab().go("/nagihama/staff/challenges/new/")
    writer.sees("送信していない入力を元に戻しました。")
    expect(writer.field("課題名")).to_have_value(TITLE)
