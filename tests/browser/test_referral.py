"""Second match: what one department declines another may want, once the organisation has read what travels and agreed."""

import pytest
from playwright.sync_api import expect

from musubi.proposals.models import Proposal
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

TITLE = "海岸ごみの分別を助ける画像判定"
CONTENT = "写真を撮るだけで、ごみの種類と分別先が分かります。"
COST = "最初の3か月は当社が負担します。"
FEEDBACK = "画像判定の精度が高いことがよく分かりました。今年度の清掃の計画は決まっているため見送ります。"
REASON = "水産課が藻場の再生を進めており、画像判定の技術が役に立つと思います。"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def fisheries(city):
    department = make_department(city, "水産課", duties="漁業、藻場、磯焼け、漁港")
    return make_staff(city, "officer", department, name="磯辺 漁")


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


def test_declined_proposal_travels_only_after_its_organisation_has_read_what_travels(
    walker, city, desk, fisheries, company, person
):
    proposal = make_proposal(city, company, by=person, title=TITLE, content=CONTENT, cost=COST)
    here, there = f"/nagihama/staff/proposals/{proposal.ref}/", f"/my/proposals/{proposal.pk}/"

    # The desk declines it, and is asked at once who else may want it.
    walk = walker(desk).go(here).follow("見送る")
    walk.choose("見送りの理由", "時期が合わない").fill("提案者へのフィードバック", FEEDBACK)
    walk.press("この内容で見送る").sees("ほかの部署や課題に紹介する", FEEDBACK)
    ask = "選んだところに紹介してよいか、団体に尋ねる"
    walk.choose("候補にない部署", "水産課").press(ask, status=422)
    walk.sees("紹介する理由を書いてください。団体が判断するときに読みます。")
    expect(walk.field("候補にない部署").locator("option:checked")).to_have_text("水産課")
    walk.fill("紹介する理由", REASON).press(ask)
    walk.sees("水産課への紹介について、団体に尋ねました。", "団体の返事待ち", REASON)

    # Nothing of it is shown there yet.
    other = walker(fisheries).go("/nagihama/staff/").misses(TITLE, CONTENT)
    other.go(here, status=404).misses(TITLE, CONTENT)

    # On a phone without JavaScript the representative reads who would get what and why, and agrees.
    theirs = walker(person, width=360, scripts=False).go("/my/").sees(TITLE)
    theirs.go(there).sees("ほかで検討してもよいか、返事をしてください").follow("内容を見て返事をする")
    theirs.sees("凪浜市 水産課", REASON, "同意するまで、提案の内容は相手に伝わりません。")
    travels = theirs.page.locator("section", has=theirs.page.get_by_role("heading", name="渡す内容"))
    theirs.sees(TITLE, CONTENT, COST, company.name, within=travels)
    theirs.fill("自治体に伝えたいこと", "海の中の写真でも試せます。").press("同意する")
    theirs.sees("同意を自治体に伝えました。", "水産課")
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.referrals.get().state) == ("routing", "consented")

    # Now the department reads just that, with the reason as its question, and answers.
    other.go("/nagihama/staff/").follow(TITLE)
    other.sees("次にすること: 水産課として回答する", REASON, CONTENT, COST)
    other.pick("対話したい").fill("理由・条件", "藻場の写真で試したい。").press("回答する")
    other.sees("回答を記録しました。")
    walk.go(here).sees("団体が同意", "海の中の写真でも試せます。", "対話したい", "藻場の写真で試したい。")
    walk.sees("次にすること: 案件を開いて、対話を始める")
    # It kept its number, and the organisation sees how far it has come.
    theirs.go(there).sees(proposal.ref, "水産課")


def test_refused_referral_shows_nothing_to_the_department(walker, city, desk, fisheries, company, person):
    proposal = make_proposal(
        city, company, by=person, desk=desk, state="declined", title=TITLE, content=CONTENT
    )
    here = f"/nagihama/staff/proposals/{proposal.ref}/"
    walk = walker(desk).go(here).follow("ほかの部署や課題に紹介する").fill("紹介する理由", REASON)
    walk.choose("候補にない部署", "水産課").press("選んだところに紹介してよいか、団体に尋ねる")

    theirs = walker(person).go(f"/my/proposals/{proposal.pk}/").follow("内容を見て返事をする")
    theirs.press("断る").sees("断ったことを自治体に伝えます。提案の内容は伝わりません。")
    walker(fisheries).go(here, status=404).misses(TITLE, CONTENT)

    # Asked once, not again.
    walk.go(here).sees("団体が辞退").follow("ほかの部署や課題に紹介する").fill("紹介する理由", REASON)
    walk.choose("候補にない部署", "水産課")
    walk.press("選んだところに紹介してよいか、団体に尋ねる", status=422).sees(
        "団体は、ここへの紹介を前に断っています。"
    )
    assert Proposal.objects.get().state == "declined"
