"""What came of it is recorded, told as a story, and counted; the chain shows on every page along the way."""

import pytest
from playwright.sync_api import expect

from musubi.cases import actions as cases
from musubi.cases.models import Case
from musubi.lib import clock
from musubi.outcomes.actions import record_outcome
from musubi.outcomes.models import Outcome
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

NEED = "海岸清掃のごみ袋を、続けられる形で用意したい"
OFFER = "広告入りのごみ袋を無償で届けます"
RESULT = "ごみ袋3万枚を企業の協賛で用意"
STORY = "海を守る袋を、町の企業とつくる"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"), name="青木 海")


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


@pytest.fixture
def case(city, desk, officer, company, person) -> Case:
    """A case at 事業化, come from a challenge and a proposal."""
    challenge = make_challenge(city, by=officer, desk=desk, title=NEED)
    case = make_case(
        city,
        company,
        officer=officer,
        desk=desk,
        by=person,
        track="challenge",
        challenge=challenge,
        title=OFFER,
    )
    cases.say(case, by=officer, body="袋の大きさを決めましょう。")
    cases.advance(case, "implementation", by=officer, reason="試す必要がないため")
    return case


def test_outcome_becomes_a_story_and_the_chain_shows_on_every_page(walker, case, desk, officer, person):
    here = f"/nagihama/staff/cases/{case.ref}/"
    walk = walker(officer).go(here)
    form = walk.unfold("成果を記録する")
    walk.choose("種類", "共同事業", within=form).fill("成果", RESULT, within=form)
    walk.fill("どうなったか", "3万枚を用意し、8,000人に行きわたりました。", within=form)
    walk.press("記録する", within=form, status=422).sees("1か所を直してください")
    expect(walk.field("成果", within=form)).to_have_value(RESULT)
    walk.fill("事業開始日・実施日", clock.today().isoformat(), within=form)
    walk.fill("節減できた額(円)", "1200000", within=form).press("記録する", within=form)
    walk.sees("成果を記録しました。続けて連携事例を書けます。", RESULT)
    outcome = Outcome.objects.get()
    assert (outcome.kind, outcome.yen_saved, outcome.case) == ("joint_event", 1_200_000, case)
    form = walk.unfold("段階を進める")
    walk.choose("どの段階へ", "完了", within=form).press("進める", within=form).sees("この案件は完了しました")

    walk.follow("連携事例を書く").fill("見出し", STORY)
    walk.fill("本文", "## はじまり\n\n袋が足りませんでした。\n\n- 3万枚\n- 8,000人").press("保存する")
    walk.sees("連携事例の下書きを保存しました。", "袋が足りませんでした。")
    resident = walker().go("/nagihama/stories/").sees("連携事例はまだありません")
    publisher = walker(desk).go("/nagihama/staff/stories/").follow(STORY).press("公開する")
    publisher.sees("連携事例を公開しました。")
    resident.go("/nagihama/stories/").follow(STORY).sees("袋が足りませんでした。", "みなと環境見本株式会社")
    assert resident.heading == STORY

    # From the need to the story, on each of its pages, for whoever reads there.
    chain = [NEED, OFFER, RESULT, STORY]
    links = resident.page.get_by_role("list", name="つながり")
    resident.sees(NEED, case.organisations.get().name, RESULT, within=links)
    resident.follow(NEED, within=links).sees("1件の提案", "1件の連携", STORY, within=links)
    resident.follow(STORY, within=links)
    assert resident.heading == STORY
    inside = ["challenges/" + case.challenge.ref, "proposals/" + case.proposal.ref, "cases/" + case.ref]
    for place in inside:
        walk.go(f"/nagihama/staff/{place}/")
        links = walk.page.get_by_role("list", name="つながり")
        walk.sees(NEED, RESULT, STORY, within=links)
    walk.follow(STORY, within=links)
    assert walk.heading == STORY
    theirs = walker(person)
    for place in (f"/my/proposals/{case.proposal.pk}/", f"/my/cases/nagihama/{case.ref}/"):
        theirs.go(place).sees(*chain, within=theirs.page.get_by_role("list", name="つながり"))
    theirs.follow(STORY)


def test_figure_leads_to_the_records_it_counted(walker, case, officer):
    record_outcome(
        case,
        by=officer,
        kind="joint_event",
        title=RESULT,
        summary="8,000人に届いた。",
        started_on=clock.today(),
    )
    resident = walker().go("/nagihama/figures/")
    funnel = resident.page.get_by_role("table").first
    expect(funnel.get_by_role("link")).not_to_have_count(0)
    told = [link.evaluate("link => link.firstChild.textContent") for link in funnel.get_by_role("link").all()]
    assert told[0] == "1"
    for at, number in enumerate(told):
        resident.press_on(funnel.get_by_role("link").nth(at)).sees(f"{number}件")
        resident.follow("数字に戻る")
    inside = walker(officer).go("/nagihama/staff/figures/")
    inside.press_on(inside.page.get_by_role("table").first.get_by_role("link").first).sees(NEED).follow(NEED)
    assert inside.heading == NEED
