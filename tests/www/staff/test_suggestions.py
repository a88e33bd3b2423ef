"""Who could do a challenge: what staff see of it, and what they say and do."""

import re
import subprocess
import sys

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from musubi.journal.models import Entry
from musubi.matching import actions, ask
from musubi.matching.models import Suggestion, Verdict
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_suggestion
from tests.factories.people import make_member, make_municipality, make_organisation, make_representative
from tests.factories.solutions import make_solution
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
PREPARING = "候補を準備しています。しばらくしてから開き直してください。"


@pytest.fixture
def challenge(town):
    return make_challenge(town.city, by=town.officer, desk=town.desk)


@pytest.fixture
def solution(town):
    return make_solution(town.organisation)


@pytest.fixture
def candidate(challenge, solution):
    return make_suggestion(challenge, solution)


def page(challenge) -> str:
    return reverse("staff-challenge", args=["nagisa", challenge.ref])


def every(challenge) -> str:
    return reverse("staff-suggestions", args=["nagisa", challenge.ref])


def act(candidate, what: str) -> str:
    return reverse(f"staff-suggestion-{what}", args=["nagisa", candidate.challenge.ref, candidate.pk])


def block(answer) -> str:
    """The part of a challenge's page that tells who could do it."""
    return re.search(r'<section class="stack" id="suggestions".*?</section>', text(answer), re.S)[0]


# --- what is shown -----------------------------------------------------------------------------------------------


def test_candidate_is_shown_with_its_reasons_and_its_strength_in_words(town, challenge):
    town.organisation.size, town.organisation.prefecture = "micro", "海原県"
    town.organisation.save()
    against = [{"kind": "elsewhere", "name": "海原県"}]
    make_suggestion(challenge, make_solution(town.organisation), likeness=0.61, against=against)
    shown = block(town.at("desk").get(page(challenge)))
    for words in (
        "内容が近い",
        "うみかぜ環境株式会社",
        "企業",
        "5人以下",
        "所在地は海原県です",
        "どちらの文章にも「海岸」があります",
        "時点",
    ):
        assert words in shown, words
    assert "0.61" not in shown


def test_shared_words_are_marked_in_both_texts(town, challenge):
    reason = {"kind": "words", "words": [["海岸清掃", "浜辺"]]}
    make_suggestion(challenge, make_solution(town.organisation), reasons=[reason])
    shown = block(town.at("desk").get(page(challenge)))
    assert "年に約40回の<mark>海岸清掃</mark>で集めた" in shown
    assert "<mark>浜辺</mark>のごみを見分ける学習キット" in shown
    assert "<summary>文章を並べて見る" in shown


def test_texts_of_others_are_never_read_as_html(town, challenge):
    solution = make_solution(town.organisation, title="<b>浜</b>", summary="<script>海岸</script>")
    make_suggestion(challenge, solution, reasons=[{"kind": "words", "words": [["海岸", "<script>"]]}])
    for address in (page(challenge), every(challenge)):
        shown = text(town.at("desk").get(address))
        assert "<b>浜" not in shown
        assert "<script>海岸" not in shown
        assert "<mark>&lt;script&gt;</mark>海岸&lt;/script&gt;" in shown


def test_first_five_stand_on_the_challenges_page_and_twenty_on_their_own(town, challenge):
    seeds = [make_organisation(f"見本団体{n}") for n in range(23)]
    actions.keep_for_challenge(
        challenge, [found(seed, likeness=0.9 - n / 100) for n, seed in enumerate(seeds)]
    )
    assert block(town.at("desk").get(page(challenge))).count('<li id="suggestion-') == 5
    assert "候補23件をすべて見る" in block(town.at("desk").get(page(challenge)))
    first, second = (text(town.at("desk").get(every(challenge) + more)) for more in ("", "?page=2"))
    assert (first.count('<li id="suggestion-'), second.count('<li id="suggestion-')) == (20, 3)


def test_misfits_stay_below_the_others(town, challenge):
    worse, better = make_organisation("あと株式会社"), make_organisation("さき株式会社")
    actions.keep_for_challenge(challenge, [found(worse, likeness=0.9), found(better, likeness=0.4)])
    row = challenge.suggestions.get(organisation=worse)
    actions.judge(row, by=town.desk, side="municipality", fits=False, reason="scale", words="大きすぎる。")
    shown = block(town.at("desk").get(page(challenge)))
    assert shown.index("さき株式会社") < shown.index("あと株式会社")
    assert "自治体の判断: 合わない(規模・体制が合わない)" in shown
    assert "大きすぎる。" in shown


def test_withdrawn_solution_is_not_shown(town, challenge):
    make_suggestion(challenge, make_solution(town.organisation, state="withdrawn", title="やめたもの"))
    assert "やめたもの" not in text(town.at("desk").get(page(challenge)))
    assert "やめたもの" not in text(town.at("desk").get(every(challenge)))


def test_other_solutions_of_the_organisation_are_named_but_no_drafts(town, challenge, candidate):
    make_solution(town.organisation, title="ほかの教材")
    make_solution(town.organisation, state="draft", title="書きかけ")
    shown = block(town.at("desk").get(page(challenge)))
    assert "ほかの教材" in shown
    assert "書きかけ" not in shown


def test_without_an_index_the_page_says_that_it_is_being_prepared(town, challenge, index):
    answer = town.at("desk").get(page(challenge))
    assert answer.status_code == 200
    assert PREPARING in block(answer)
    assert PREPARING in text(town.at("desk").get(every(challenge)))


@pytest.fixture
def live_key(town, challenge, index):
    """The key of a solution that was found, and that nothing was kept of yet."""
    solution = make_solution(town.organisation, title="ごみの分別を引き受けます", summary=challenge.problem)
    index()
    return f"solution:{solution.pk}"


def test_what_the_worker_has_not_kept_yet_is_asked_for_live(town, challenge, live_key):
    shown = block(town.at("desk").get(page(challenge)))
    for words in ("ごみの分別を引き受けます", "いま探した結果です", "紹介する", f'value="{live_key}"'):
        assert words in shown
    assert not Suggestion.objects.exists()
    assert "紹介する" not in block(town.at("auditor").get(page(challenge)))


def test_what_was_found_just_now_is_acted_on_at_once(town, challenge, live_key):
    desk = town.at("desk")
    answer = desk.post(every(challenge), {"thing": live_key, "act": "fits"})
    row = Suggestion.objects.get()
    assert answer.url == f"{page(challenge)}#suggestion-{row.pk}"
    assert (row.state, row.need_rank, row.verdicts.get().fits) == ("fits", 1, True)
    # Sent once more, as by a second person with the same page: the same row, the same word.
    desk.post(every(challenge), {"thing": live_key, "act": "fits"})
    assert Suggestion.objects.get().state == "fits"
    assert Verdict.objects.count() == 1


@pytest.mark.parametrize(("act", "where"), [("introduce", "introduce"), ("misfit", "judge")])
def test_what_was_found_just_now_is_kept_for_its_form(town, challenge, live_key, act, where):
    answer = town.at("desk").post(every(challenge), {"thing": live_key, "act": act, "from": "all"})
    row = Suggestion.objects.get()
    assert (
        answer.url
        == reverse(f"staff-suggestion-{where}", args=["nagisa", challenge.ref, row.pk]) + "?from=all"
    )
    assert (row.state, row.need_rank) == ("suggested", 1)


def test_what_is_no_candidate_is_not_kept(town, challenge, live_key):
    answer = town.at("desk").post(every(challenge), {"thing": "solution:0", "act": "fits"}, follow=True)
    assert "いまは候補に入っていません" in text(answer)
    assert not Suggestion.objects.exists()
    assert town.at("auditor").post(every(challenge), {"thing": live_key, "act": "fits"}).status_code == 403
    assert not Suggestion.objects.exists()


def test_draft_is_not_matched(town):
    draft = make_challenge(town.city, state="draft", by=town.officer)
    assert "だれができそうか" not in text(town.at("officer").get(page(draft)))
    assert "候補は、公開している課題についてさがします" in text(town.at("officer").get(every(draft)))


@pytest.mark.parametrize(
    ("role", "words", "problem", "sees", "href"),
    [
        ("officer", "文章が短いため", "人手不足", "課題を書き足す", "edit/"),
        (
            "manager",
            "見つかりませんでした",
            "電算室の機器更改の手順書を作り直したい。" * 4,
            "公開範囲を広げる",
            "widen/",
        ),
        (
            "other",
            "見つかりませんでした",
            "電算室の機器更改の手順書を作り直したい。" * 4,
            "登録を勧めたり",
            "",
        ),
    ],
)
def test_nobody_found_says_why_and_what_helps(town, index, role, words, problem, sees, href):
    row = make_challenge(
        town.city,
        by=town.officer,
        desk=town.desk,
        visibility=30,
        title="更改",
        problem=problem,
        goal_image="更改",
    )
    make_solution(town.organisation)
    index()
    shown = block(town.at(role).get(page(row)))
    assert words in shown
    assert sees in shown
    assert href in shown


@pytest.mark.parametrize("role", ["other", "auditor"])
def test_others_see_but_are_offered_nothing_to_do(town, challenge, candidate, role):
    shown = block(town.at(role).get(page(challenge)))
    assert candidate.solution.title in shown
    for words in ("紹介する", ">合う<", "合わない<"):
        assert words not in shown


def test_pages_cost_the_same_for_one_and_for_twenty(town):
    def cost(many: int) -> list[int]:
        row = make_challenge(town.city, by=town.officer, desk=town.desk)
        seeds = []
        for n in range(many):
            owner = make_organisation(f"団体{many}-{n}")
            make_member(town.city, owner)
            make_solution(owner, title="ほかのもの")
            seeds.append(make_solution(owner))
        actions.keep_for_challenge(row, [found(seed) for seed in seeds])
        for suggestion in row.suggestions.all():
            actions.judge(suggestion, by=town.desk, side="municipality", fits=True)
        spent = []
        for address in (page(row), every(row)):
            with CaptureQueriesContext(connection) as asked:
                assert town.at("desk").get(address).status_code == 200
            spent.append(len(asked))
        return spent

    cost(1)
    assert cost(1) == cost(20)


# --- judging -----------------------------------------------------------------------------------------------------


def test_one_press_says_that_it_fits(town, challenge, candidate):
    answer = town.at("officer").post(act(candidate, "judge"), {"fits": "yes"})
    assert (answer.status_code, answer["Location"]) == (302, f"{page(challenge)}#suggestion-{candidate.pk}")
    candidate.refresh_from_db()
    assert candidate.state == "fits"
    assert Entry.objects.filter(verb="suggestion.judged").count() == 1


def test_misfit_with_its_reason_comes_back_to_where_it_was_asked(town, challenge, candidate):
    sent = {"fits": "no", "reason": "scale", "words": "人手が足りない。", "from": "all"}
    answer = town.at("desk").post(act(candidate, "judge"), sent)
    assert answer["Location"] == f"{every(challenge)}#suggestion-{candidate.pk}"
    said = Verdict.objects.get()
    assert (said.fits, said.reason, said.words, said.by) == (False, "scale", "人手が足りない。", town.desk)


def test_misfit_without_a_reason_keeps_what_was_typed(town, candidate):
    answer = town.at("desk").post(act(candidate, "judge"), {"fits": "no", "words": "まだ早いと思います。"})
    assert answer.status_code == 422
    assert "合わない理由を一つ選んでください。" in text(answer)
    assert "まだ早いと思います。" in text(answer)
    assert not Verdict.objects.exists()


def test_what_is_no_choice_is_refused(town, candidate):
    for sent in (
        {},
        {"fits": "maybe"},
        {"fits": "no", "reason": "ugly"},
        {"fits": "no", "words": "長" * 1001},
    ):
        assert town.at("desk").post(act(candidate, "judge"), sent).status_code == 422
    assert not Verdict.objects.exists()


def test_change_of_mind_drops_the_reason(town, candidate):
    town.at("desk").post(act(candidate, "judge"), {"fits": "no", "reason": "scale"})
    chosen = re.findall(
        r'<input[^>]*value="(\w+)"[^>]* checked', text(town.at("desk").get(act(candidate, "judge")))
    )
    assert chosen == ["no", "scale"]
    town.at("desk").post(act(candidate, "judge"), {"fits": "yes", "reason": "scale"})
    assert Verdict.objects.get().reason == ""


def test_what_became_a_case_is_not_judged_any_more(town, challenge, candidate):
    actions.note_case(
        town.city,
        [town.organisation.pk],
        case_id=1,
        title="案件",
        text="",
        at=candidate.suggested_at,
        challenge=challenge,
    )
    answer = town.at("desk").post(act(candidate, "judge"), {"fits": "no", "reason": "scale"})
    assert answer.status_code == 422
    assert "もう案件になっています" in text(answer)
    shown = block(town.at("desk").get(page(challenge)))
    assert "案件になった" in shown
    assert "紹介する" not in shown


# --- introducing -------------------------------------------------------------------------------------------------


def test_introducing_shows_who_will_read_it_before_it_is_sent(town, candidate):
    former = make_representative(town.organisation, name="前任 者")
    former.represents.update(ended_at=candidate.suggested_at)
    shown = text(town.at("desk").get(act(candidate, "introduce")))
    assert "うみかぜ環境株式会社の担当者1人に、お知らせとメールが届きます。" in shown
    assert town.representative.name in shown
    assert town.representative.email in shown
    assert "前任 者" not in shown


def test_names_of_representatives_are_for_who_manages_members(town, candidate):
    shown = text(town.at("officer").get(act(candidate, "introduce")))
    assert "担当者1人に" in shown
    assert town.representative.email not in shown


def test_words_are_there_from_the_offices_texts(town, challenge, candidate):
    shown = text(town.at("officer").get(act(candidate, "introduce")))
    assert f"環境課では、「{challenge.title}」({challenge.ref})に" in shown
    assert "selected>課題を団体に紹介する" in shown


def test_text_is_put_above_what_was_typed_without_a_script(town, candidate):
    sent = {
        "fill": "1",
        "wording": "introduction",
        "wording_was": "",
        "words": "先日はありがとうございました。",
    }
    shown = text(town.at("officer").post(act(candidate, "introduce"), sent))
    assert "先日はありがとうございました。" in shown
    assert "いっしょに取り組んでくださる方を探しています" in shown
    candidate.refresh_from_db()
    assert candidate.state == "suggested"


def test_introduced_once(town, challenge, candidate):
    answer = town.at("officer").post(act(candidate, "introduce"), {"words": "ぜひご覧ください。"})
    assert answer["Location"] == f"{page(challenge)}#suggestion-{candidate.pk}"
    candidate.refresh_from_db()
    assert candidate.state == "introduced"
    assert Entry.objects.get(verb="suggestion.introduced").data["words"] == "ぜひご覧ください。"
    assert "紹介済み" in block(town.at("officer").get(page(challenge)))
    again = town.at("officer").post(act(candidate, "introduce"), {"words": "もう一度。"})
    assert again.status_code == 422
    assert "「紹介済み」のため、紹介できません" in text(again)
    assert Entry.objects.filter(verb="suggestion.introduced").count() == 1


def test_nothing_is_sent_without_words(town, candidate):
    answer = town.at("desk").post(act(candidate, "introduce"), {"words": " "})
    assert answer.status_code == 422
    assert "紹介することばを書いてください" in text(answer)


def test_organisation_nobody_acts_for_cannot_be_told(town, challenge):
    candidate = make_suggestion(challenge, make_organisation("だれもいない会"))
    shown = text(town.at("desk").get(act(candidate, "introduce")))
    assert "担当者がまだいません" in shown
    assert 'name="words"' not in shown


def test_suggestions_of_another_place_are_not_found(town, challenge, candidate):
    other = make_challenge(town.city, by=town.officer, desk=town.desk)
    far = make_suggestion(make_challenge(make_municipality("toi")), town.organisation)
    for pk, ref in ((candidate.pk, other.ref), (far.pk, challenge.ref)):
        for what in ("judge", "introduce"):
            address = reverse(f"staff-suggestion-{what}", args=["nagisa", ref, pk])
            assert town.at("desk").get(address).status_code == 404
            assert town.at("desk").post(address, {"fits": "yes", "words": "x"}).status_code == 404


def test_page_with_kept_suggestions_loads_no_engine(town, challenge, candidate):
    """What was kept is shown without the engine: the page of a challenge stays as quick as it was."""
    code = (
        "import django, sys; django.setup(); import musubi.www.urls, musubi.www.staff.suggestions;"
        "print(sorted({'numpy', 'tantivy', 'sudachipy', 'scipy'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"
    assert ask.strength(0.6) == "strong"


# --- from the organisation's side --------------------------------------------------------------------------------


def member_page(town, role: str = "desk") -> str:
    row = town.city.members.get(organisation=town.organisation)
    return text(town.at(role).get(reverse("staff-member", args=["nagisa", row.pk])))


def test_challenges_that_would_suit_a_member_stand_on_its_page_once(town, challenge, candidate):
    make_suggestion(challenge, make_solution(town.organisation, title="もう一つ"))
    shown = member_page(town).partition('id="suiting"')[2].partition("</section>")[0]
    assert shown.count(f"/staff/challenges/{challenge.ref}/#suggestions") == 1
    assert "どちらの文章にも「海岸」があります" in shown


def test_challenge_a_person_may_not_read_does_not_suit_for_them(town):
    inside = make_challenge(town.city, by=town.officer, desk=town.desk, visibility=10, title="課内の話")
    make_suggestion(inside, town.organisation)
    assert "課内の話" in member_page(town)
    assert "課内の話" not in member_page(town, "other")


def test_what_suits_is_asked_for_live_where_nothing_is_kept(town, challenge, index):
    assert PREPARING in member_page(town)
    make_solution(town.organisation, title=challenge.title, summary=challenge.problem)
    index()
    assert f"/staff/challenges/{challenge.ref}/#suggestions" in member_page(town)
