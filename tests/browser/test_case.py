"""What came in is routed, answered and becomes a case: one record that all three sides write on until it moves."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from musubi.ball.actions import workday_on_or_after
from musubi.cases.models import Case, CaseFile
from musubi.lib import clock, era
from musubi.proposals.models import Proposal
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

TITLE = "海岸ごみの分別を助ける画像判定"
SECRET = "課長の内諾は得ている。金額はまだ伝えないこと。"
FEEDBACK = "画像判定の精度を具体的に示していただき参考になりました。来年6月の募集でまたご提案ください。"
PDF = {"name": "分別の手引き.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 made for a test"}
BUDGET = {"name": "予算の見込み.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 for the house"}


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def officer(city):
    department = make_department(city, "環境課", duties="海岸清掃、ごみの分別、廃棄物")
    return make_staff(city, "officer", department, name="青木 海")


@pytest.fixture
def trade(city):
    department = make_department(city, "産業振興課", duties="商店街、観光、中小企業")
    return make_staff(city, "officer", department, name="田辺 商")


@pytest.fixture
def company():
    return make_organisation("みなと環境見本株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか")


def test_proposal_is_routed_answered_and_becomes_a_case(walker, city, desk, officer, trade, company, person):
    make_proposal(city, title="海岸ごみの分別ゲーム", state="declined", desk=desk)
    challenge = make_challenge(city, by=officer, desk=desk)
    proposal = make_proposal(city, company, by=person, track="challenge", challenge=challenge, title=TITLE)

    # The engine says whom to ask and what came of the like before.
    reader = walker(desk).go("/nagihama/staff/").sees(TITLE)
    reader.go("/nagihama/staff/inbox/").sees("1件", TITLE, challenge.title, "照会先の候補", "環境課")
    reader.sees("似た提案と、その後", "海岸ごみの分別ゲーム", "見送り: 時期が合わない")
    reader.follow(f"部署を選んで照会する : {TITLE}")
    due_on = workday_on_or_after(proposal, clock.today() + timedelta(days=20))
    reader.pick("環境課").pick("産業振興課").fill("回答期限", due_on.isoformat())
    reader.fill("照会の内容", "9月の清掃で試せますか。").press("選んだ部署に照会する")
    reader.sees(f"{proposal.ref}を環境課、産業振興課に照会しました。", "回答待ち", era.format_date(due_on))
    reader.go("/nagihama/staff/inbox/").sees("受付箱は空です")

    # Both departments answer; the one that is not concerned says so.
    walk = walker(officer).go("/nagihama/staff/").follow(TITLE)
    walk.sees("次にすること: 環境課として回答する", "9月の清掃で試せますか。", era.format_date(due_on))
    walk.pick("対話したい").press("回答する", status=422).sees("1か所を直してください")
    expect(walk.field("対話したい")).to_be_checked()
    walk.fill("理由・条件", "9月の清掃で試したい。").press("回答する").sees("回答を記録しました。")
    other = walker(trade).go("/nagihama/staff/").follow(TITLE)
    other.pick("所管ではない").fill("理由・条件", "商店街には当たりません。").press("回答する")

    reader.go("/nagihama/staff/").follow(TITLE).sees("対話したい", "9月の清掃で試したい。", "所管ではない")
    reader.sees("次にすること: 案件を開いて、対話を始める")
    expect(reader.field("主担当課").locator("option:checked")).to_have_text("環境課")
    reader.press("案件を開く").sees("案件を開きました。", TITLE, company.name, "環境課")
    case = Case.objects.get()
    assert (case.proposal, case.challenge, case.lead.name) == (proposal, challenge, "環境課")
    assert "/staff/cases/" in reader.page.url

    # The organisation finds it from its proposal.
    theirs = walker(person).go(f"/my/proposals/{proposal.pk}/").follow("案件を開く")
    theirs.sees(TITLE, "環境課", challenge.title)


def test_case_is_one_record_of_all_sides_but_what_is_internal_stays_inside(
    walker, tmp_path, city, desk, officer, company, person
):
    case = make_case(city, company, officer=officer, desk=desk, title=TITLE)
    here = f"/nagihama/staff/cases/{case.ref}/"
    ours = walker(officer).go(here)
    theirs = walker(person).go("/my/cases/").follow(TITLE)

    # A message hands the ball over: who, what and until when stands on both sides.
    ours.fill("メッセージ", "9月の清掃の日程をお送りします。").fill(
        "お願いすること", "参加できる日を返信する"
    )
    ours.press("送信する").sees("メッセージを送りました。", "9月の清掃の日程をお送りします。")
    case.refresh_from_db()
    due = era.format_date(case.ball_due_on)
    ball = "ボール(次に動く人)"
    for walk in (ours, theirs.go(f"/my/cases/nagihama/{case.ref}/")):
        walk.sees("参加できる日を返信する", f"{due}まで", within=walk.page.get_by_role("group", name=ball))
    ours.sees(company.name, within=ours.page.get_by_role("group", name=ball))
    theirs.sees("いま、あなたの番です", within=theirs.page.get_by_role("group", name=ball))
    theirs.go("/my/").sees("あなたの番", "参加できる日を返信する")
    theirs.follow(TITLE).sees("9月の清掃の日程をお送りします。")
    theirs.fill("メッセージ", "12日と26日に参加できます。").press("送信する")
    ours.go(here).sees("12日と26日に参加できます。", "湊 はるか")
    ours.sees("環境課", within=ours.page.get_by_role("group", name=ball))

    # A note and a file for the house alone; a meeting with minutes and a file for all.
    colleague = walker(desk).go(here)
    note = colleague.unfold("内部メモを書く")
    colleague.fill("内部メモ", SECRET, within=note).press("メモを残す", within=note).sees(
        SECRET, "団体には見えません"
    )
    ours.go(here).sees(SECRET)
    meeting = ours.unfold("打合せを記録する")
    ours.fill("日時", "2026-06-15T10:00", within=meeting).fill("場所・方法", "市役所3階", within=meeting)
    ours.fill("出席者", "青木、湊", within=meeting).fill("話したこと", "袋の配り方", within=meeting)
    ours.fill("決まったこと・宿題", "9月に試す", within=meeting).press("記録する", within=meeting)
    ours.sees("打合せを記録しました。", "市役所3階", "袋の配り方", "9月に試す")
    for file, internal in ((PDF, False), (BUDGET, True)):
        form = ours.unfold("資料を載せる")
        form.locator("input[type=file]").set_input_files(file)
        if internal:
            ours.pick("庁内のみ(団体には見せない)", within=form)
        ours.press("載せる", within=form).sees("資料を載せました。", file["name"])

    theirs.go(f"/my/cases/nagihama/{case.ref}/").sees("市役所3階", "袋の配り方", "9月に試す", PDF["name"])
    theirs.misses(SECRET, BUDGET["name"], "内部メモ")
    with theirs.page.expect_download() as download:
        theirs.link(PDF["name"]).first.click()
    assert download.value.suggested_filename == PDF["name"]
    download.value.save_as(tmp_path / "got.pdf")
    assert (tmp_path / "got.pdf").read_bytes() == PDF["buffer"]
    hidden = CaseFile.objects.get(name=BUDGET["name"])
    answer = theirs.page.request.get(f"{theirs.url}/my/cases/nagihama/{case.ref}/files/{hidden.pk}/")
    assert answer.status == 404

    # The organisation's own file reaches the house.
    theirs.page.get_by_label("資料", exact=True).set_input_files(PDF | {"name": "見積り.pdf"})
    theirs.press("送信する").sees("見積り.pdf")
    ours.go(here).sees("見積り.pdf")


def test_case_moves_from_stage_to_stage_and_says_what_is_missing(walker, city, desk, officer, company):
    case = make_case(city, company, officer=officer, desk=desk, title=TITLE)
    here = f"/nagihama/staff/cases/{case.ref}/"
    manager = make_staff(city, "manager", officer.staff.get().department, name="海野 長")
    walk = walker(officer).go(here)

    def advance(to, *, reason="", status=200):
        form = walk.unfold("段階を進める")
        walk.choose("どの段階へ", to, within=form).fill("理由", reason, within=form)
        return walk.press("進める", within=form, status=status)

    walk.sees("「企画」に進むには", "まだ: 団体とのやり取りか打合せが一つ以上記録されている")
    advance("企画", reason="急ぎたい", status=422).sees("団体とのやり取りか打合せが一つ以上記録されている")
    expect(walk.field("理由", within=walk.unfold("段階を進める"))).to_have_value("急ぎたい")
    walk.fill("メッセージ", "はじめまして。").press("送信する")
    advance("企画").sees("段階を進めました。", "「企画」に進みました")

    # A trial wants the adoption route and an approved plan before it starts.
    advance("実証", status=422).sees("導入時の予算・担当部署・判断期限(導入の道筋)が決まっている")
    form = walk.unfold("導入の道筋を決める")
    walk.fill("どの予算で", "令和9年度 環境保全費", within=form).choose("どの部署が", "環境課", within=form)
    walk.fill("いつまでに判断するか", (clock.today() + timedelta(days=200)).isoformat(), within=form)
    walk.press("記録する", within=form).sees("導入の道筋を記録しました。", "令和9年度 環境保全費")
    walk.follow("実証実験を計画する")
    walk.fill("実証実験名", "分別の画像判定").fill("場所・フィールド", "南の浜")
    walk.fill("開始日", (clock.today() + timedelta(days=10)).isoformat())
    walk.fill("終了日", (clock.today() + timedelta(days=60)).isoformat())
    row = walk.page.get_by_role("group", name="指標1")
    walk.fill("指標", "分別にかかる時間の削減率", within=row).fill("しきい値", "50", within=row)
    walk.fill("単位", "%", within=row).press("予算の道のりを見る").sees("予算までの道のり")
    if walk.page.get_by_label("間に合わないことを承知のうえで").count():
        walk.page.get_by_label("間に合わないことを承知のうえで").check()
    walk.press("計画を保存する").sees("実証実験の計画を保存し、団体に知らせました。")
    # Whoever plans it does not approve it: a manager does.
    walk.sees("承認は、担当課の管理職か公民連携デスクが行います。")
    walker(manager).go(here).follow("計画を確かめて承認する").press("この計画を承認する").sees(
        "計画を承認しました。"
    )
    walk.go(here)
    advance("実証").sees("「実証」に進みました")

    # Leaving stages out wants a reason, which all sides read.
    advance("事業化", status=422).sees("1か所を直してください")
    case.refresh_from_db()
    assert case.stage == "trial"


def test_declined_proposal_carries_its_reason_and_feedback_to_the_organisation(
    walker, city, desk, company, person
):
    proposal = make_proposal(city, company, by=person, title=TITLE)
    walk = walker(desk).go(f"/nagihama/staff/proposals/{proposal.ref}/").follow("見送る")
    walk.choose("見送りの理由", "時期が合わない").press("この内容で見送る", status=422)
    walk.sees("提案者へのフィードバックを書いてください。")
    expect(walk.field("見送りの理由").locator("option:checked")).to_have_text("時期が合わない")
    walk.fill("提案者へのフィードバック", FEEDBACK).press("この内容で見送る").sees("見送りを記録し", FEEDBACK)
    walker(person).go(f"/my/proposals/{proposal.pk}/").sees(
        "今回は見送りとなりました", "時期が合わない", FEEDBACK
    )


def test_same_button_in_two_tabs_tells_the_second(walker, city, desk, officer, company, person):
    proposal = make_proposal(city, company, by=person, title=TITLE, state="routing", desk=desk, departments=[officer.staff.get().department])  # fmt: skip
    here = f"/nagihama/staff/proposals/{proposal.ref}/"
    first, second = walker(desk), walker(officer)
    for walk in (first, second):
        walk.go(here).unfold("案件を開いて、対話を始める")
        walk.choose("主担当課", "環境課")
    first.press("案件を開く").sees("案件を開きました。")
    second.press("案件を開く").sees("この提案は案件になっています。")
    expect(second.page.locator(".note.error")).to_be_visible()
    assert Case.objects.count() == 1

    # The same on the case: a stage moves once, and the second person keeps what was typed.
    case = Case.objects.get()
    for walk in (first, second):
        walk.go(f"/nagihama/staff/cases/{case.ref}/")
    first.fill("メッセージ", "はじめまして。").press("送信する")
    second.go(f"/nagihama/staff/cases/{case.ref}/")
    forms = [walk.unfold("段階を進める") for walk in (first, second)]
    for walk, form in zip((first, second), forms, strict=True):
        walk.choose("どの段階へ", "企画", within=form)
    first.press("進める", within=forms[0]).sees("段階を進めました。")
    second.fill("理由", "対話が済んだ", within=forms[1]).press("進める", within=forms[1], status=422)
    case.refresh_from_db()
    assert case.stage == "planning"
    assert Proposal.objects.count() == 1
