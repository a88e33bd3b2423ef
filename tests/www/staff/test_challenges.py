"""Writing a challenge with advice, and its steps until the end."""

from uuid import UUID

import pytest
from django.utils import timezone

from musubi.cases import actions as case_actions
from musubi.challenges import actions
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.outcomes import actions as outcome_actions
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
NEW = "/nagisa/staff/challenges/new/"
WORDS = {
    "title": "海岸清掃のごみ袋を用意したい",
    "problem": "年に約40回の海岸清掃で、ごみ袋を年3万枚購入している。費用は年120万円で、来年度は2割減らす必要がある。",
    "goal_image": "来年度末までに、ボランティア8,000人に袋が行きわたっている。",
    "scale": "small",
    "channel": "site",
    "goals": ["14", "12"],
    "fields": ["environment"],
    "offers_field": "on",
}


def typed(town, **changes):
    return {**WORDS, "department": town.env.pk, **changes}


# --- writing -----------------------------------------------------------------------------------------------------


def test_draft_needs_a_title_only_and_is_kept(town):
    answer = town.at("officer").post(
        NEW,
        {"title": "落ち葉", "scale": "small", "channel": "site", "department": town.env.pk, "act": "save"},
    )
    row = Challenge.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/nagisa/staff/challenges/{row.ref}/")
    assert (row.title, row.state, row.owner, row.department) == ("落ち葉", "draft", town.officer, town.env)


def test_all_words_are_kept_and_the_desk_is_asked_in_one_go(town):
    town.at("officer").post(
        NEW, typed(town, act="check", deadline="2030-01-31", code="bags", conditions="夏は不可")
    )
    row = Challenge.objects.get()
    assert (row.state, row.problem, row.offers_field, row.offers_data) == (
        "checking",
        WORDS["problem"],
        True,
        False,
    )
    assert (str(row.deadline), row.code, row.conditions) == ("2030-01-31", "bags", "夏は不可")
    assert sorted(row.goals.values_list("pk", flat=True)) == [12, 14]
    assert list(row.fields.values_list("pk", flat=True)) == ["environment"]


@pytest.mark.parametrize(("act", "state"), [("save", "draft"), ("check", "checking")])
def test_a_new_form_sent_twice_makes_one_draft(town, act, state):
    key = town.at("officer").get(NEW).context["form"]["key"].value()
    answers = [town.at("officer").post(NEW, typed(town, key=str(key), act=act)) for _ in range(2)]
    row = Challenge.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/nagisa/staff/challenges/{row.ref}/"] * 2
    assert (row.state, row.key) == (state, UUID(str(key)))


def test_a_new_form_that_comes_back_with_an_error_keeps_its_key(town):
    key = "00000000-0000-4000-8000-000000000001"
    page = text(town.at("officer").post(NEW, typed(town, key=key, title="", act="save")))
    assert f'name="key" value="{key}"' in page
    assert f'name="key" value="{key}"' not in text(town.at("officer").get(NEW))


def test_a_form_of_what_is_written_already_has_no_key(town):
    row = make_challenge(town.city, state="draft", by=town.officer)
    page = text(town.at("officer").get(f"/nagisa/staff/challenges/{row.ref}/edit/"))
    assert 'name="seen"' in page
    assert 'name="key"' not in page


def test_asking_the_desk_too_early_keeps_the_draft_and_says_what_is_missing(town):
    answer = town.at("officer").post(NEW, typed(town, goal_image="", act="check"), follow=True)
    row = Challenge.objects.get()
    assert row.state == "draft"
    assert answer.request["PATH_INFO"] == f"/nagisa/staff/challenges/{row.ref}/edit/"
    assert "「目指す姿」が入力されていません" in text(answer)


def test_without_a_title_nothing_typed_is_lost(town):
    answer = town.at("officer").post(NEW, typed(town, title="", act="save", conditions="夏は使えない"))
    assert answer.status_code == 422
    page = text(answer)
    assert "夏は使えない" in page
    assert WORDS["problem"] in page
    assert 'value="14" checked' in page or 'checked value="14"' in page or "id_goals_13" in page
    assert not Challenge.objects.exists()


def test_officer_writes_for_the_own_department_only(town):
    answer = town.at("officer").post(NEW, typed(town, department=town.sea.pk, act="save"))
    assert (answer.status_code, Challenge.objects.count()) == (422, 0)
    assert town.at("desk").post(NEW, typed(town, department=town.sea.pk, act="save")).status_code == 302


def test_title_too_long_is_told_beside_the_field(town):
    answer = town.at("officer").post(NEW, typed(town, title="あ" * 121, act="save"))
    assert answer.status_code == 422
    assert "120" in text(answer)


# --- advice ------------------------------------------------------------------------------------------------------


def hints(town, role="officer", **words):
    return town.at(role).post("/nagisa/staff/challenges/hints/", typed(town, **words))


def test_advice_names_what_is_missing(town):
    page = text(
        hints(town, title="分別アプリを導入したい", problem="問い合わせが多い。", goal_image="", goals=[])
    )
    assert "手段が題名に入っています" in page
    assert "数字を一つ入れてみましょう" in page
    assert "うまくいったらどんな場面になるか" in page


def test_advice_suggests_goals_that_are_not_chosen_yet(town):
    assert 'data-goal="14"' in text(hints(town, goals=[]))
    assert 'data-goal="14"' not in text(hints(town, goals=["14"]))


def test_advice_shows_similar_challenges_here_and_elsewhere_and_what_became_of_them(town, index):
    other = make_municipality("tonari", name="となり市")
    officer, desk = make_staff(other, "officer"), make_staff(other, "desk")
    there = make_challenge(
        other, by=officer, desk=desk, title="河川清掃のごみ袋を企業と用意したい", problem=WORDS["problem"]
    )
    case = case_actions.open_case(
        make_proposal(other, track="challenge", challenge=there, desk=desk), by=officer, lead=there.department
    )
    outcome = outcome_actions.record_outcome(
        case,
        by=officer,
        kind="implemented",
        title="企業3社が分担",
        summary="続いています。",
        started_on=timezone.localdate(),
    )
    story = outcome_actions.write_story(
        outcome, by=desk, title="漁網から生まれたごみ袋", body="4か月で実現しました。"
    )
    here = make_challenge(
        town.city, by=town.other, desk=town.desk, title="海岸清掃のごみ袋の費用", problem=WORDS["problem"]
    )
    assert "候補を準備しています" in text(hints(town))
    index()
    page = text(hints(town))
    assert page.index(here.title) < page.index(there.title)
    assert "「海岸清掃」" in page
    assert "となり市" in page
    assert "漁網から生まれたごみ袋" not in page  # nothing of it is published yet
    outcome_actions.publish_story(story, by=desk)
    assert "事例「漁網から生まれたごみ袋」(本格導入)" in text(hints(town))


def test_advice_never_shows_another_departments_draft(town, index):
    make_challenge(
        town.city, by=town.other, state="draft", title="海岸清掃のごみ袋 内緒", problem=WORDS["problem"]
    )
    make_challenge(town.city, by=town.other, desk=town.desk, title="海岸清掃の袋", problem=WORDS["problem"])
    index()
    page = text(hints(town))
    assert "海岸清掃の袋" in page
    assert "内緒" not in page


def test_advice_names_targets_and_similar_records_with_a_goal(town, index):
    make_challenge(town.city, title="浜の袋", problem=WORDS["problem"], desk=town.desk, goals=[5])
    index()
    page = text(hints(town, goals=[]))
    assert "近いターゲット 14.1" in page
    assert "海洋蓄積物や富栄養化" in page
    assert 'data-goal="5"' in page
    assert "似た記録でも選ばれています: 「浜の袋」" in page


@pytest.mark.parametrize(
    "words", ["", "\x00", "🎉" * 50, "あ", "海岸清掃" * 25_000, "'\" AND OR * (", "<script>alert(1)</script>"]
)
def test_advice_on_odd_words_answers(town, words):
    answer = hints(town, title=words, problem=words, goal_image=words)
    assert answer.status_code == 200
    assert "<script>alert" not in text(answer)


def test_advice_without_a_script_keeps_what_was_typed(town):
    answer = town.at("officer").post(NEW, typed(town, title="", act="hints"))
    page = text(answer)
    assert answer.status_code == 200
    assert "か所を直してください" not in page
    assert WORDS["problem"] in page
    assert "もっと伝わる書き方" in page


def test_suggested_goal_is_added_without_a_script(town):
    answer = town.at("officer").post(NEW, typed(town, goals=["12"], add_goal="14"))
    assert [str(value) for value in answer.context["form"]["goals"].value()] == ["12", "14"]
    assert not Challenge.objects.exists()


# --- two officers ------------------------------------------------------------------------------------------------


def test_second_of_two_officers_is_told_and_loses_nothing(town):
    row = make_challenge(town.city, by=town.officer, state="draft")
    address = f"/nagisa/staff/challenges/{row.ref}/edit/"
    seen = town.at("officer").get(address).context["form"]["seen"].value()
    actions.save_challenge(row, by=town.manager, problem="課長が書き直した。")
    mine = typed(town, problem="私が書いた。", seen=seen, act="save")
    answer = town.at("officer").post(address, mine)
    page = text(answer)
    assert answer.status_code == 422
    assert "林 一郎さんが保存しました" in page
    assert "私が書いた。" in page
    assert "課長が書き直した。" in page
    row.refresh_from_db()
    assert row.problem == "課長が書き直した。"
    again = answer.context["form"]["seen"].value()
    assert town.at("officer").post(address, {**mine, "seen": again}).status_code == 302
    row.refresh_from_db()
    assert row.problem == "私が書いた。"


def test_closed_challenge_is_not_rewritten(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk, state="closed")
    answer = town.at("officer").get(f"/nagisa/staff/challenges/{row.ref}/edit/", follow=True)
    assert "終了した課題は書き直せません" in text(answer)


# --- steps -------------------------------------------------------------------------------------------------------


def step(town, role, row, name, **data):
    answer = town.at(role).post(f"/nagisa/staff/challenges/{row.ref}/{name}/", data)
    row.refresh_from_db()
    return answer


def test_desk_publishes_to_the_chosen_circle(town):
    row = make_challenge(town.city, by=town.officer, state="checking")
    assert step(town, "desk", row, "publish", visibility=Visibility.MEMBERS).status_code == 302
    assert (row.state, row.visibility) == ("published", Visibility.MEMBERS)


def test_desk_returns_with_remarks_that_head_the_officers_page(town):
    row = make_challenge(town.city, by=town.officer, state="checking")
    assert step(town, "desk", row, "return", remarks="").status_code == 422
    step(town, "desk", row, "return", remarks="件数を書き足してください。")
    assert row.state == "draft"
    page = text(town.at("officer").get(f"/nagisa/staff/challenges/{row.ref}/"))
    assert "デスクから差し戻されています" in page
    assert "件数を書き足してください。" in page
    assert row.title in text(town.at("officer").get("/nagisa/staff/"))


def test_publishing_what_a_colleague_published_first_is_told(town):
    row = make_challenge(town.city, by=town.officer, state="checking")
    actions.publish(Challenge.objects.get(pk=row.pk), by=town.desk)
    answer = step(town, "desk", row, "publish", visibility=Visibility.MEMBERS)
    assert answer.status_code == 422
    assert "この課題は一度公開されています" in text(answer)
    assert row.visibility == Visibility.PUBLIC


def test_visibility_widens_and_never_narrows(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk, visibility=Visibility.MEMBERS)
    assert step(town, "manager", row, "widen", visibility=Visibility.MUNICIPALITY).status_code == 422
    assert step(town, "manager", row, "widen", visibility=Visibility.PUBLIC).status_code == 302
    assert row.visibility == Visibility.PUBLIC


def test_close_wants_a_reason_and_reopen_brings_it_back(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk)
    assert step(town, "manager", row, "close").status_code == 422
    answer = step(town, "manager", row, "close", reason="other", note="")
    assert (answer.status_code, row.state) == (422, "published")
    assert "終了の説明を書いてください" in text(answer)
    step(town, "manager", row, "close", reason="budget")
    assert (row.state, row.close_reason) == ("closed", "budget")
    step(town, "manager", row, "reopen")
    assert row.state == "published"


def test_renew_to_a_day_gone_by_is_refused_with_the_day_kept(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk)
    answer = step(town, "officer", row, "renew", expires_on="2001-01-01")
    assert answer.status_code == 422
    assert "今日以降の日付" in text(answer)
    assert 'value="2001-01-01"' in text(answer)


def test_submit_from_the_page_moves_the_draft(town):
    row = make_challenge(town.city, by=town.officer, state="draft")
    step(town, "officer", row, "submit")
    assert row.state == "checking"
    assert "この課題は「確認待ち」のため" in text(
        town.at("officer").post(f"/nagisa/staff/challenges/{row.ref}/submit/", follow=True)
    )


@pytest.mark.parametrize("name", ["submit", "publish", "return", "widen", "renew", "close", "reopen"])
def test_steps_of_a_challenge_out_of_sight_are_not_found(town, name):
    row = make_challenge(town.city, by=town.officer, state="draft")
    assert town.at("other").post(f"/nagisa/staff/challenges/{row.ref}/{name}/", {}).status_code == 404


def test_submit_is_refused_to_who_may_only_read(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk, visibility=Visibility.MUNICIPALITY)
    assert town.at("other").post(f"/nagisa/staff/challenges/{row.ref}/submit/").status_code == 403
    assert town.at("auditor").post(f"/nagisa/staff/challenges/{row.ref}/submit/").status_code == 403


# --- lists and pages ---------------------------------------------------------------------------------------------


def test_list_narrows_by_state_department_and_words(town):
    make_challenge(town.city, by=town.officer, desk=town.desk, title="落ち葉の堆肥化")
    make_challenge(town.city, by=town.other, desk=town.desk, title="藻場の再生")
    make_challenge(town.city, by=town.officer, state="draft", title="書きかけ")

    def titles(query):
        return [
            row.title
            for row, _state in town.at("desk").get(f"/nagisa/staff/challenges/{query}").context["rows"]
        ]

    assert titles("") == ["書きかけ", "藻場の再生", "落ち葉の堆肥化"]
    assert titles("?state=published") == ["藻場の再生", "落ち葉の堆肥化"]
    assert titles(f"?department={town.sea.pk}") == ["藻場の再生"]
    assert titles("?q=堆肥") == ["落ち葉の堆肥化"]
    assert titles("?q=\x00&state=odd&department=x&page=-3") != []


def test_empty_list_says_what_to_do(town):
    assert "まだ課題がありません" in text(town.at("officer").get("/nagisa/staff/challenges/"))
    assert "条件に合う課題はありません" in text(town.at("officer").get("/nagisa/staff/challenges/?q=藻場"))


def test_list_costs_the_same_for_one_and_for_many(town, django_assert_num_queries):
    browser = town.at("desk")
    make_challenge(town.city, by=town.officer, desk=town.desk)
    with django_assert_num_queries(12) as counted:
        browser.get("/nagisa/staff/challenges/")
    for _n in range(6):
        make_challenge(town.city, by=town.officer, desk=town.desk)
    with django_assert_num_queries(len(counted)):
        browser.get("/nagisa/staff/challenges/")


def test_page_tells_its_whole_story(town):
    row = make_challenge(town.city, by=town.officer, desk=town.desk)
    proposal = make_proposal(
        town.city, town.organisation, by=town.representative, track="challenge", challenge=row
    )
    case = case_actions.open_case(proposal, by=town.officer, lead=town.env)
    page = text(town.at("officer").get(f"/nagisa/staff/challenges/{row.ref}/"))
    assert f"/nagisa/staff/proposals/{proposal.ref}/" in page
    assert f"/nagisa/staff/cases/{case.ref}/" in page
    for words in (
        "課題を書きはじめた",
        "課題の確認を依頼した",
        "課題を公開した",
        "公開範囲: 公開",
        "課題が連携中になった",
    ):
        assert words in page


def test_words_longer_than_a_page_are_refused_and_kept(town):
    answer = town.at("officer").post(NEW, typed(town, act="save", problem="長" * 2001))
    assert answer.status_code == 422
    assert "長" * 2001 in text(answer)
    assert not Challenge.objects.exists()
