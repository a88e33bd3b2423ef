"""A representative comes from nowhere: account, organisation, membership, solution, and a proposal of each kind."""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from musubi.lib import clock
from musubi.notify.models import Delivery
from musubi.people.actions import admit_member
from musubi.people.models import Member, Organisation, User
from musubi.proposals.models import Proposal
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)
from tests.factories.solutions import make_solution

EMAIL = "minato@example.jp"
PASSWORD = "umi-no-midori-38"
COMPANY = "みなと環境見本株式会社"
# Invented; the first digit is the right check digit for the twelve that follow.
NUMBER = "9700005099123"
DAMAGED = "1.00E+12"
IDEA = "写真を撮るだけで分別先が分かる仕組みを、清掃の参加者に使ってもらいます。"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="結城 縁")


@pytest.fixture
def company():
    return make_organisation(COMPANY)


@pytest.fixture
def person(company):
    return make_representative(company, name="湊 はるか", email=EMAIL)


def mails_to(address: str) -> list[Delivery]:
    """What the worker has for this address, once it has told everyone."""
    call_command("work", "--once")
    return list(Delivery.objects.filter(address=address).order_by("id"))


def test_sign_up_is_confirmed_by_the_link_in_the_mail(walker, live, city):
    someone = walker().go("/nagihama/propose/").follow("アカウントを作る")
    someone.fill("氏名", "湊 はるか").fill("メールアドレス", EMAIL)
    someone.fill("パスワード", PASSWORD).fill("パスワード (再入力)", PASSWORD)
    someone.press("確認のメールを受け取る").sees(EMAIL)
    [mail] = mails_to(EMAIL)
    link = re.search(re.escape(live.url) + r"(/\S+)", mail.body)[1]
    someone.go(link).press("確認する")
    someone.fill("メールアドレス", EMAIL).fill("パスワード", PASSWORD).press("ログイン")
    someone.go("/my/").sees("はじめに、あなたの団体を登録しましょう")
    assert User.objects.get().name == "湊 はるか"


def test_organisation_with_a_number_damaged_by_a_spreadsheet_is_told_and_loses_nothing(walker, city, desk):
    walk = walker(make_user("湊 はるか")).go("/my/").follow("団体を登録する")
    walk.fill("法人番号", DAMAGED).fill("団体名", COMPANY).fill("所在地", "見本県凪浜市港町1-2")
    walk.pick("企業").press("登録する", status=422)
    walk.sees(
        "「1.00E+12」は表計算ソフトが指数表示に変えています",
        "元の桁は失われています",
        "入力した内容は残っています。",
    )
    for label, text in (("法人番号", DAMAGED), ("団体名", COMPANY), ("所在地", "見本県凪浜市港町1-2")):
        expect(walk.field(label)).to_have_value(text)
    assert Organisation.objects.count() == 0

    walk.fill("法人番号", NUMBER).press("登録する").sees(COMPANY)
    assert Organisation.objects.get().corporate_number == NUMBER

    walk.go("/my/memberships/").follow("会員になる 凪浜市")
    walk.fill("参加の目的", "海ごみの課題に関心があります。").press("申し込む").sees("申込み", COMPANY)
    admit_member(Member.objects.get(), by=desk)
    walk.go("/my/memberships/").sees("入会")
    walker().go("/nagihama/members/").follow(COMPANY).sees("団体の情報")


def test_solution_is_drafted_published_and_found_by_residents(walker, city, person, company):
    make_member(city, company)
    walk = walker(person).go("/my/solutions/").follow("ソリューションを登録する")
    walk.fill("名称", "浜辺のごみを見分ける学習キット").press("下書き保存")
    resident = walker().go("/nagihama/solutions/").sees("公開中のソリューションはまだありません")
    walk.go("/my/solutions/").follow("浜辺のごみを見分ける学習キット")
    walk.press("保存して公開する").sees("を保存しました。", "できること")
    walk.fill("できること", "採ったごみを子どもが自分で分類し、記録できる教材を貸し出します。")
    walk.press("保存して公開する")
    resident.go("/nagihama/solutions/").follow("浜辺のごみを見分ける学習キット").sees(
        "教材を貸し出します", COMPANY
    )


def test_draft_typed_in_a_closed_tab_is_there_again(walker, city, person):
    walk = walker(person).go("/my/proposals/new/?city=nagihama&track=open")
    walk.fill("提案名", "海岸ごみの分別を助ける画像判定").fill("提案の内容", IDEA)
    # Saved in the background, without a button.
    walk.sees("に保存しました。")
    walk.fill("費用と負担の考え方", "最初の3か月は当社が負担します。")
    walk.page.wait_for_function("() => Object.values(localStorage).some(kept => kept.includes('3か月'))")
    walk.page.close()

    walk = walk.new_tab().go("/my/").sees("書きかけの提案")
    walk.follow("海岸ごみの分別を助ける画像判定")
    expect(walk.field("提案の内容")).to_have_value(IDEA)
    # What the server had not heard yet, this device remembers.
    expect(walk.field("費用と負担の考え方")).to_have_value("最初の3か月は当社が負担します。")


def test_proposal_of_each_track_is_filed_with_a_receipt_on_screen_and_by_mail(
    walker, settings, city, desk, company, person
):
    settings.DEMO = settings.MAIL_CONFIGURED = True
    challenge = make_challenge(city, desk=desk)
    solution = make_solution(company)

    def receipt(walk, title):
        filed = Proposal.objects.get(title=title)
        walk.sees(
            "提案を受け付けました",
            filed.ref,
            f"{filed.submitted_at.astimezone(clock.TOKYO):%H:%M}",
            "に受け付けました",
        )
        expect(walk.button("控えを印刷する")).to_be_visible()
        return filed

    # 課題解決型, beginning on the challenge's own page.
    walk = walker(person).go(f"/nagihama/challenges/{challenge.ref}/").follow("この課題に提案する")
    walk.sees(challenge.title).follow("この課題に提案する").sees(challenge.problem)
    walk.fill("提案名", "海岸ごみの分別を助ける画像判定")
    walk.press("提出前の確認に進む").sees("提出までに、あと1か所です")
    expect(walk.button("凪浜市に提出する")).to_have_count(0)
    walk.follow("内容を直す")
    walk.fill("提案の内容", IDEA).choose("もとになるソリューション", solution.title)
    walk.page.get_by_label("添付ファイル").set_input_files(
        {"name": "計画書.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 made for a test"}
    )
    walk.press("提出前の確認に進む").sees(IDEA, "計画書.pdf", challenge.title)
    walk.press("凪浜市に提出する")
    first = receipt(walk, "海岸ごみの分別を助ける画像判定")
    assert (first.track, first.challenge, first.attachments.count()) == ("challenge", challenge, 1)

    # 実証実験提案型: a place and a time are wanted.
    walk.go("/nagihama/propose/").follow("実証実験を提案する")
    walk.fill("提案名", "遊歩道で人の流れを測る").fill("提案の内容", "個人が写らないセンサーを置きます。")
    walk.fill("実証したい場所・期間", "海岸遊歩道、3か月").press("提出前の確認に進む")
    walk.press("凪浜市に提出する")
    second = receipt(walk, "遊歩道で人の流れを測る")
    assert (second.track, second.field_wanted) == ("trial", "海岸遊歩道、3か月")

    # 自由提案, through the page that asks where to and which kind.
    walk.go("/my/").follow("提案する")
    walk.choose("自治体", "凪浜市").pick("自由提案 — 課題の一覧にないことでも、自由に提案できます。").press(
        "書きはじめる"
    )
    walk.fill("提案名", "防災の備蓄を商店街で分け合う").fill("提案の内容", "商店の倉庫を借ります。")
    walk.press("提出前の確認に進む").press("凪浜市に提出する")
    third = receipt(walk, "防災の備蓄を商店街で分け合う")
    assert third.track == "open"

    # In whose hands each lies is shown from then on.
    walk.go("/my/").sees("相手の番", first.title, second.title, third.title, "公民連携デスク")
    walk.follow(first.title).sees("公民連携デスク", "これまでのこと", "計画書.pdf")

    mails = mails_to(EMAIL)
    assert [mail.state for mail in mails] == ["sent"] * 3
    for mail, filed in zip(mails, (first, second, third), strict=True):
        assert filed.ref in mail.body
    outbox = walk.go("/accounts/demo/outbox/")
    for filed in (first, second, third):
        outbox.sees(filed.ref)
