"""A desk officer's first day: receives, routes, answers and declines in under ten minutes, without a manual."""

import pytest

from musubi.cases.models import Case
from musubi.proposals.models import Proposal
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

MINUTES = 10
# Generous to nobody: seconds to find one's way on a page not seen before, to find and use one control, and to type
# one Japanese letter with its conversion (Card, Moran and Newell's keystroke level, doubled for a first day).
A_PAGE, A_CONTROL, A_LETTER = 12, 4, 0.8


class FirstDay:
    """A walk that adds up the time a newcomer would take."""

    def __init__(self, walk):
        self.walk, self.seconds = walk, A_PAGE

    def _spend(self, seconds: float, walk):
        self.seconds += seconds
        return self

    def fill(self, label, text, **more):
        return self._spend(A_CONTROL + A_LETTER * len(text), self.walk.fill(label, text, **more))

    def pick(self, label, **more):
        return self._spend(A_CONTROL, self.walk.pick(label, **more))

    def choose(self, label, option, **more):
        return self._spend(A_CONTROL, self.walk.choose(label, option, **more))

    def press(self, name, **more):
        return self._spend(A_CONTROL + A_PAGE, self.walk.press(name, **more))

    def follow(self, name, **more):
        return self._spend(A_CONTROL + A_PAGE, self.walk.follow(name, **more))

    def sees(self, *words, **more):
        self.walk.sees(*words, **more)
        return self


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def officer(city):
    department = make_department(city, "公園緑地課", duties="公園、街路樹、花壇、遊具")
    return make_staff(city, "officer", department, name="緑川 葉子")


def test_newcomer_receives_routes_answers_and_declines_in_ten_minutes(walker, city, officer):
    desk = make_staff(city, "desk", name="結城 縁")
    company = make_organisation("みなと造園見本株式会社")
    person = make_representative(company, name="湊 はるか")
    make_proposal(city, company, by=person, title="公園の花壇をうちの社員で世話します")
    unfit = make_proposal(city, company, by=person, title="庁舎の屋上に広告を出させてください")

    # Both lie on the first page; the first one's button leads to whom to ask.
    day = FirstDay(walker(desk).go("/nagihama/staff/"))
    day.sees("あなたの番になっているものが 2 件あります。")
    first = day.walk.page.locator("li", has_text="公園の花壇")
    day.walk._leave(first.locator("a.btn"), 200)
    day.seconds += A_CONTROL + A_PAGE
    day.sees("次にすること: 照会先を決める", "公園緑地課")
    day.pick("公園緑地課").fill("照会の内容", "花壇の世話を任せられますか。").press("選んだ部署に照会する")
    day.sees("公園緑地課に照会しました。")

    # What came in on paper is registered with its organisation.
    day.walk.go("/nagihama/staff/")
    day.follow("持ち込みの提案を登録").fill("団体名", "凪浜なぎさ会")
    day.choose("団体の種別", "地域団体").fill("提案名", "浜の早朝清掃を一緒に").fill(
        "提案の内容", "毎月第一日曜に清掃します。"
    )
    day.press("受け付ける").sees("次は照会先を決めます")

    # The one that cannot be is declined, with words that help.
    day.walk.go("/nagihama/staff/")
    second = day.walk.page.locator("li", has_text="庁舎の屋上")
    day.walk._leave(second.locator("a.btn"), 200)
    day.seconds += A_CONTROL + A_PAGE
    day.follow("見送る").choose("見送りの理由", "制度・規則上できない")
    day.fill(
        "提案者へのフィードバック", "庁舎への広告は規則により入札で行います。募集の際にぜひご応募ください。"
    )
    day.press("この内容で見送る")
    unfit.refresh_from_db()
    assert unfit.state == "declined"

    # The department is willing; the desk opens the case and answers.
    theirs = (
        walker(officer).go("/nagihama/staff/").follow("照会に回答する : 公園の花壇をうちの社員で世話します")
    )
    theirs.pick("対話したい").fill("理由・条件", "秋の植え替えからお願いしたい。").press("回答する")
    day.walk.go("/nagihama/staff/")
    day.seconds += A_PAGE
    answered = day.walk.page.locator("li", has_text="公園の花壇")
    day.walk._leave(answered.locator("a.btn"), 200)
    day.seconds += A_CONTROL + A_PAGE
    day.press("案件を開く").sees("案件を開きました。")
    day.fill("メッセージ", "ご提案ありがとうございます。秋の植え替えからご一緒させてください。").press(
        "送信する"
    )
    day.sees("メッセージを送りました。")

    case = Case.objects.get()
    assert (case.lead.name, case.ball_organisation) == ("公園緑地課", company)
    assert Proposal.objects.filter(channel="walk_in", state="submitted").count() == 1
    assert day.seconds < MINUTES * 60, f"{day.seconds:.0f} seconds"
