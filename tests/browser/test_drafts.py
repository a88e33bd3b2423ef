"""A draft in a real browser: it saves itself, survives the end of the session, and tells the older window."""

import pytest

from musubi.proposals.models import Proposal
from tests.factories.people import make_municipality, make_organisation, make_representative

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person():
    make_municipality("shiohama", name="汐浜市")
    return make_representative(make_organisation("うみかぜ環境株式会社"))


def begin(page, live):
    page.goto(f"{live.url}/my/proposals/new/?city=shiohama&track=open")


def saved(page):
    page.get_by_text("に保存しました。").wait_for()


def stored() -> tuple[str, str]:
    proposal = Proposal.objects.get()
    return proposal.title, proposal.content


def test_draft_saves_itself_once_typing_stops(live, page, sign_in, person, axe):
    sign_in(page, person)
    begin(page, live)
    axe(page)
    page.get_by_label("提案名").fill("漁網のごみ袋")
    saved(page)
    assert stored() == ("漁網のごみ袋", "")
    page.get_by_label("提案の内容").fill("回収した漁網から袋を作ります。")
    # Sooner than the save in the background: the button itself saves.
    page.get_by_role("button", name="提出前の確認に進む").click()
    page.get_by_role("heading", name="提出前の確認").wait_for()
    assert stored() == ("漁網のごみ袋", "回収した漁網から袋を作ります。")
    axe(page)
    page.get_by_role("button", name="汐浜市に提出する").click()
    page.get_by_role("heading", name="提案を受け付けました").wait_for()
    assert page.locator(".number").inner_text() == Proposal.objects.get().ref
    axe(page)


def test_draft_survives_the_end_of_the_session(live, page, sign_in, person, faults):
    sign_in(page, person)
    begin(page, live)
    page.get_by_label("提案名").fill("漁網のごみ袋")
    saved(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("提案の内容").fill("消えてほしくない言葉")
    page.get_by_text("ログインの有効期限が切れました。").wait_for()
    assert page.get_by_label("提案の内容").input_value() == "消えてほしくない言葉"
    # Pressing the button without a session: the words are shown, and come back into the form afterwards.
    page.get_by_role("button", name="下書き保存").click()
    page.get_by_role("heading", name="ログインの有効期限が切れました").wait_for()
    assert page.get_by_text("消えてほしくない言葉").is_visible()
    faults.clear()
    sign_in(page, person)
    page.get_by_role("link", name="ログインして続ける").click()
    page.get_by_text("送信していない入力を元に戻しました。").wait_for()
    assert page.get_by_label("提案の内容").input_value() == "消えてほしくない言葉"
    # It is the draft that was begun, not a second one.
    page.get_by_role("button", name="下書き保存").click()
    page.get_by_text("に下書きを保存しました。").wait_for()
    assert stored() == ("漁網のごみ袋", "消えてほしくない言葉")


def test_draft_in_two_windows_tells_the_older_one(live, page, sign_in, person, faults):
    sign_in(page, person)
    begin(page, live)
    page.get_by_label("提案名").fill("はじめの題")
    saved(page)
    address = f"{live.url}/my/proposals/{Proposal.objects.get().pk}/edit/"
    newer = page.context.new_page()
    page.goto(address)
    newer.goto(address)
    newer.get_by_label("提案名").fill("新しい窓の題")
    saved(newer)
    page.get_by_label("提案の内容").fill("古い窓の言葉")
    page.get_by_text("この画面の内容はまだ保存していません").wait_for()
    assert stored() == ("新しい窓の題", "")
    page.get_by_role("button", name="下書き保存").click()
    page.get_by_role("heading", name="別の画面で先に保存されています").wait_for()
    assert page.locator("#draft dd", has_text="新しい窓の題").is_visible()
    assert page.get_by_label("提案の内容").input_value() == "古い窓の言葉"
    faults.clear()
    page.get_by_role("button", name="この画面の内容で保存する").click()
    page.get_by_text("に下書きを保存しました。").wait_for()
    assert stored() == ("はじめの題", "古い窓の言葉")


def test_draft_button_waits_for_the_save_under_way(live, page, sign_in, person):
    sign_in(page, person)
    begin(page, live)
    page.get_by_label("提案名").fill("はじめの題")
    saved(page)
    waiting = []
    page.route(
        "**/my/proposals/**", lambda route: waiting.append(route) if not waiting else route.continue_()
    )
    page.get_by_label("提案名").fill("つぎの題")
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="下書き保存").click()
    page.wait_for_timeout(300)
    waiting[0].continue_()
    page.get_by_text("に下書きを保存しました。").wait_for()
    assert stored() == ("つぎの題", "")
