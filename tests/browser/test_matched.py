"""A representative meets challenges that may fit, answers, saves a search; a resident meets what is related."""

import pytest
from playwright.sync_api import expect

from musubi.lib import clock
from musubi.matching import actions
from musubi.matching.models import SavedSearch, Verdict
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.matching import found
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

KIT = "浜辺のごみを見分ける学習キット"
NEED = "浜辺のごみを子どもと分類したい"
WHY = [
    {"kind": "words", "words": [["浜辺", "浜辺"], ["ごみ", "ごみ"]]},
    {"kind": "synonyms", "words": [["デジタル化", "DX"]]},
    {"kind": "goals", "goals": [4, 14]},
]
AGAINST = [{"kind": "not_member"}, {"kind": "elsewhere", "name": "見本県"}]


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def challenge(city, desk):
    words = {"problem": "浜辺のごみを分類する教材がなく、年に40回の清掃が学びにならない。", "goals": [4, 14]}
    return make_challenge(city, desk=desk, title=NEED, deadline=clock.today(), **words)


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


@pytest.fixture
def suggestion(company, challenge):
    solution = make_solution(company, title=KIT)
    actions.keep_for_seed(solution, [found(challenge, likeness=0.6, reasons=WHY, against=AGAINST)])
    return solution.suggestions.get()


@pytest.mark.parametrize("width", [1280, 360])
def test_representative_reads_why_answers_and_proposes(walker, company, person, challenge, suggestion, width):
    walk = walker(person, width=width, scripts=width > 600).go("/my/")
    part = walk.part("御団体に合いそうな課題")
    walk.sees(
        NEED, "どちらの文章にも「浜辺」「ごみ」があります", "まだこの自治体の会員ではありません", within=part
    )
    walk.follow(f"なぜ表示されるのか {NEED}").sees("気になる点", "御団体の所在地(見本県)")
    expect(walk.page.locator("mark").first).to_have_text("浜辺")

    # A misfit wants a reason; what was typed stays.
    walk.pick("合わない").fill("ひとこと", "今年度は人手がありません").press("答える", status=422)
    walk.sees("合わない理由を選んでください")
    expect(walk.field("ひとこと")).to_have_value("今年度は人手がありません")
    walk.choose("合わない理由", "時期が合わない").press("答える").sees("次からの順位に生かします")
    verdict = Verdict.objects.get()
    assert (verdict.fits, verdict.reason, verdict.words) == (False, "timing", "今年度は人手がありません")
    walk.follow("合わないと答えた課題").sees(NEED, "時期が合わない", "今年度は人手がありません")

    walk.press(f"合う {NEED}").go("/my/").sees("「合う」と答えました")
    walk.follow(f"提案する {NEED}").sees(challenge.problem)
    expect(walk.field("提案名")).to_have_value(KIT)
    walk.press("下書き保存").go("/my/").follow(f"続きを書く {NEED}").sees(challenge.problem)


def test_representative_answers_by_the_keyboard_alone(walker, person, suggestion):
    walk = walker(person).go("/my/")
    page = walk.page
    for name in (f"なぜ表示されるのか {NEED}", f"提案する {NEED}"):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()") == name:
                break
        else:
            pytest.fail(f"{name} is not reached")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walk.look().sees("「合う」と答えました")
    assert Verdict.objects.get().fits is True


def test_list_is_narrowed_without_scripts_on_a_phone(walker, company, person, suggestion):
    other = make_challenge(make_municipality("kitahama", name="北浜市"), title="山の道を直したい")
    actions.keep_for_seed(suggestion.solution, [found(suggestion.challenge), found(other)])
    walk = walker(person, width=360, scripts=False).go("/my/").follow("すべて見る 御団体に合いそうな課題")
    walk.unfold("条件でしぼる")
    walk.choose("自治体", "北浜市").press("この条件でしぼる").sees("1件", "山の道を直したい").misses(NEED)
    walk.follow("条件をすべて外す").sees("2件")


@pytest.mark.parametrize("scripts", [True, False])
def test_search_is_saved_stopped_and_dropped(walker, person, challenge, company, index, scripts):
    index()
    width = 1280 if scripts else 360
    walk = walker(person, width=width, scripts=scripts).go("/nagihama/challenges/?goal=14")
    walk.follow("この条件を保存して、新しい課題の知らせを受け取る")
    expect(walk.field("検索の名前")).to_have_value("ゴール14 凪浜市")
    walk.fill("検索の名前", "浜辺の仕事").fill("探していること", "浜辺のごみ")
    if not scripts:
        walk.press("いま見つかる課題を見る")
    walk.sees(NEED, "どちらの文章にも", "同じSDGsゴール", within=walk.page.locator("#found"))
    walk.fill("1回に知らせる件数の上限", "30").press("保存する", status=422)
    walk.fill("1回に知らせる件数の上限", "3").press("保存する").sees("浜辺の仕事", "1回に3件まで", "の朝に")
    walk.press("止める 浜辺の仕事").sees("止めています").press("再開する 浜辺の仕事").sees("知らせています")
    walk.press("消す 浜辺の仕事").sees("保存した検索はまだありません")
    assert not SavedSearch.objects.exists()


def test_representative_without_anything_is_told_what_to_do(walker, person, company):
    walk = walker(person, width=360).go("/my/").sees("できることを書くと、合いそうな課題が届きます")
    walk.go("/my/searches/").follow("検索を作る").sees("ここに出ます")
    walk.go("/my/matches/").sees("なぜ表示されるのか").follow("ソリューションを登録する")
    make_solution(company, title=KIT)
    walk.go("/my/matches/").sees("候補を準備しています")


@pytest.mark.parametrize("scripts", [True, False])
def test_resident_meets_what_is_related(walker, city, desk, challenge, suggestion, index, scripts):
    officer = make_staff(city, "officer")
    told = make_challenge(city, desk=desk, title="浜辺のごみを親子で拾いたい")
    case = make_case(city, officer=officer, desk=desk, track="challenge", challenge=told)
    outcome = outcomes.record_outcome(
        case, by=officer, kind="joint_event", title="清掃の日", summary="集まった。", started_on=clock.today()
    )
    outcomes.publish_story(
        outcomes.write_story(outcome, by=officer, title="浜に百人", body="集まった。"), by=desk
    )
    make_member(city, suggestion.organisation)
    actions.keep_for_challenge(challenge, [found(suggestion.solution, likeness=0.6, reasons=WHY)])
    index()
    width = 1280 if scripts else 360
    walk = walker(width=width, scripts=scripts).go(f"/nagihama/challenges/{challenge.ref}/")
    walk.sees("この課題に近い解決策", KIT, "共通する言葉")
    if scripts:
        walk.page.keyboard.press("End")
        walk.sees("この自治体の似た課題", "浜辺のごみを親子で拾いたい").look()
    else:
        walk.follow("似た課題と、その後を見る").sees("この自治体の似た課題", "浜辺のごみを親子で拾いたい")
    walk.follow("事例「浜に百人」").sees("集まった。")
    walk.go(f"/nagihama/challenges/{challenge.ref}/").follow(KIT).sees("この解決策が役立ちそうな課題", NEED)
    walk.go(f"/nagihama/challenges/{challenge.ref}/similar/")
