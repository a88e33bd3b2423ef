"""Challenges that may fit: on 今日, as a list, one by one with both texts, and what the organisation says to them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.challenges import actions as challenges
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching import actions
from musubi.matching.models import Suggestion, Verdict
from musubi.matching.states import Side
from tests.factories.challenges import make_challenge
from tests.factories.matching import found
from tests.factories.people import make_member, make_municipality, make_staff
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


def address(suggestion: Suggestion) -> str:
    kind, thing = (
        ("solution", suggestion.solution)
        if suggestion.solution
        else ("organisation", suggestion.organisation)
    )
    return f"/my/matches/{suggestion.challenge_id}/{kind}/{thing.pk}/"


def suggest(challenge, thing, **fields) -> Suggestion:
    """A challenge kept for `thing`, after those it has."""
    kept = [
        found(row.challenge, likeness=row.likeness, reasons=row.reasons, against=row.against)
        for row in thing.suggestions.filter(seed_rank__isnull=False).order_by("seed_rank")
    ]
    actions.keep_for_seed(thing, [*kept, found(challenge, **fields)])
    return thing.suggestions.get(challenge=challenge)


@pytest.fixture
def solution(company):
    return make_solution(company)


@pytest.fixture
def suggestion(city, company, solution):
    return suggest(make_challenge(city, title="海岸のごみ"), solution)


# --- 今日 -------------------------------------------------------------------------------------------------------


def test_home_shows_what_fits_with_its_reason_and_what_speaks_against_it(here, solution, city, text):
    suggest(
        make_challenge(city, title="海岸のごみ", deadline=clock.today() + timedelta(days=12)),
        solution,
        likeness=0.6,
        against=[{"kind": "not_member"}],
    )
    page = text(here.get("/my/"))
    assert "どちらの文章にも「浜辺」があります" in page
    assert "まだこの自治体の会員ではありません" in page
    assert "内容が近い" in page
    assert "あと12日" in page
    assert "汐浜市" in page
    assert f"御団体の「{solution.title}」から" in page


def test_home_shows_the_first_five_and_each_challenge_once(here, city, company, text):
    solutions = [make_solution(company, title=f"道具{n}") for n in range(2)]
    for n in range(6):
        challenge = make_challenge(city, title=f"困りごと{n}号")
        for solution in solutions:
            suggest(challenge, solution, likeness=0.3 + n / 20)
    page = text(here.get("/my/"))
    shown = [n for n in range(6) if f"困りごと{n}号</a>" in page]
    assert shown == [1, 2, 3, 4, 5]
    assert [page.count(f"困りごと{n}号</a>") for n in shown] == [1] * 5
    assert page.index("困りごと5号") < page.index("困りごと1号")


def test_home_offers_nothing_the_organisation_may_not_read_or_answer(here, city, solution, text):
    suggest(make_challenge(city, title="会員だけの話", visibility=Visibility.MEMBERS), solution)
    suggest(make_challenge(city, title="締め切った話", deadline=clock.today() - timedelta(days=1)), solution)
    closed = make_challenge(city, title="終わった話")
    suggest(closed, solution)
    challenges.close(closed, by=make_staff(city, "desk"), reason="withdrawn")
    page = text(here.get("/my/"))
    assert [words for words in ("会員だけの話", "締め切った話", "終わった話") if words in page] == []
    make_member(city, solution.organisation)
    assert "会員だけの話" in text(here.get("/my/"))


def test_home_keeps_what_the_municipality_says_to_itself(here, suggestion, text):
    desk = make_staff(suggestion.challenge.municipality, "desk")
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=False, reason="scale", words="小さすぎる")
    suggestion.against = [{"kind": "misfit", "reason": "scale", "side": "municipality"}]
    suggestion.save(update_fields=["against"])
    page = text(here.get("/my/"))
    assert "海岸のごみ</a>" not in page
    for path in ("/my/matches/", "/my/matches/?answered=misfit"):
        page = text(here.get(path))
        assert "規模・体制が合わない" not in page
        assert "小さすぎる" not in page


def test_home_drops_a_challenge_once_it_was_answered_with_a_proposal(here, suggestion, person, text):
    words = {"track": "challenge", "challenge": suggestion.challenge, "by": person}
    company, city = suggestion.organisation, suggestion.challenge.municipality
    draft = make_proposal(city, company, state="draft", **words)
    assert f'href="/my/proposals/{draft.pk}/edit/">' in text(here.get("/my/"))
    make_proposal(city, company, **words)
    assert "どちらの文章にも" not in text(here.get("/my/"))


def test_home_without_index_says_that_suggestions_are_being_prepared(here, solution, text):
    page = text(here.get("/my/"))
    assert "候補を準備しています。しばらくしてから開き直してください。" in page


def test_home_without_anything_described_says_what_to_do(here, text):
    page = text(here.get("/my/"))
    assert "できることを書くと、合いそうな課題が届きます" in page
    assert 'href="/my/solutions/new/"' in page


def test_home_asks_the_engine_where_nothing_is_kept_yet(here, index, city, solution, text):
    make_challenge(city, title="浜辺のごみを子どもと分類したい", problem="浜辺のごみを分類する教材がない。")
    make_challenge(
        city, title="会計の伝票を減らしたい", problem="紙の伝票が多い。", goal_image="紙をなくす。"
    )
    index()
    page = text(here.get("/my/"))
    assert "浜辺のごみを子どもと分類したい" in page
    assert "会計の伝票" not in page
    assert "どちらの文章にも" in page
    assert Suggestion.objects.count() == 0


def test_home_with_a_torn_index_is_shown_all_the_same(here, index, city, solution, text):
    make_challenge(city, title="浜辺のごみを分類したい")
    index()
    from musubi.matching import live

    (live.root() / "CURRENT").write_text("nothing-like-this")
    live.forget()
    response = here.get("/my/")
    assert response.status_code == 200
    assert "候補を準備しています" in text(response)


def test_home_costs_the_same_for_one_suggestion_and_for_many(here, city, company):
    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            assert here.get(path).status_code == 200
        return len(queries)

    def fill():
        suggest(make_challenge(city, goals=[14], fields=["welfare"]), make_solution(company, goals=[14]))

    fill()
    # The names of goals and fields are asked for once a process.
    here.get("/my/matches/")
    one = {path: cost(path) for path in ("/my/", "/my/matches/")}
    for _ in range(19):
        fill()
    assert {path: cost(path) for path in one} == one


# --- the list ---------------------------------------------------------------------------------------------------


def test_matches_are_narrowed_by_municipality_goal_and_field(here, city, solution, text):
    other = make_municipality("kitahama", name="北浜市")
    suggest(make_challenge(city, title="海の話", goals=[14], fields=["environment"]), solution)
    suggest(make_challenge(other, title="山の話", goals=[15]), solution)

    def shown(query: str) -> list[str]:
        page = text(here.get(f"/my/matches/?{query}"))
        return [title for title in ("海の話", "山の話") if f"{title}</a>" in page]

    assert shown("") == ["海の話", "山の話"]
    assert shown("city=kitahama") == ["山の話"]
    assert shown("goal=14") == ["海の話"]
    assert shown("field=environment") == ["海の話"]
    assert shown("city=kitahama&goal=14") == []
    assert shown("city=nowhere&goal=x&page=99") == ["海の話", "山の話"]
    assert "条件に合う課題はありません" in text(here.get("/my/matches/?city=kitahama&goal=14"))


def test_matches_come_twenty_a_page(here, city, solution, text):
    for n in range(21):
        suggest(make_challenge(city, title=f"困りごと{n}"), solution)
    assert text(here.get("/my/matches/")).count("なぜ表示されるのか<span") == 20
    assert text(here.get("/my/matches/?page=2")).count("なぜ表示されるのか<span") == 1


def test_matches_say_in_general_why_they_are_shown(here, suggestion, text):
    page = text(here.get("/my/matches/"))
    assert 'id="why"' in page
    assert "順位づけの変更は、人が前後を比べて採用します。" in page


# --- one of them, and the answer ---------------------------------------------------------------------------------


def test_match_shows_both_texts_with_the_shared_words_marked(here, city, company, text):
    solution = make_solution(company, summary="海岸で<b>使える</b>袋です。")
    challenge = make_challenge(city, problem="海岸の掃除に人手がかかる。")
    suggestion = suggest(challenge, solution, reasons=[{"kind": "words", "words": [["海岸", "海岸"]]}])
    page = text(here.get(address(suggestion)))
    assert "<mark>海岸</mark>の掃除に" in page
    assert "<mark>海岸</mark>で&lt;b&gt;使える&lt;/b&gt;袋です。" in page


def test_match_answered_as_fitting_is_kept_and_leads_to_a_proposal(here, suggestion, person, text):
    response = here.post(address(suggestion), {"fits": "yes", "next": "/my/"}, follow=True)
    assert response.redirect_chain == [("/my/", 302)]
    verdict = Verdict.objects.get()
    assert (verdict.side, verdict.fits, verdict.by) == (Side.ORGANISATION, True, person)
    page = text(response)
    assert "「海岸のごみ」を「合う」と記録しました。次からの順位に生かします。" in page
    assert "「合う」と答えました" in page
    challenge, solution = suggestion.challenge, suggestion.solution
    query = f"city={challenge.municipality.slug}&amp;challenge={challenge.ref}&amp;organisation={solution.organisation_id}&amp;solution={solution.pk}"
    assert f'href="/my/proposals/new/?{query}"' in page


def test_proposing_begins_with_everything_chosen(here, suggestion, text):
    make_member(suggestion.challenge.municipality, suggestion.organisation)
    page = text(here.get("/my/"))
    there = page.split('href="/my/proposals/new/?city=')[1].split('"')[0].replace("&amp;", "&")
    form = text(here.get(f"/my/proposals/new/?city={there}"))
    assert "浜辺のごみを見分ける学習キット" in form
    assert "海岸のごみ" in form


def test_match_answered_as_a_misfit_goes_to_the_other_list_and_may_come_back(here, suggestion, text):
    here.post(address(suggestion), {"fits": "no", "reason": "scale", "words": "人手が足りません"})
    assert "海岸のごみ</a>" not in text(here.get("/my/"))
    page = text(here.get("/my/matches/?answered=misfit"))
    assert "海岸のごみ</a>" in page
    assert "「合わない」と答えました: 規模・体制が合わない" in page
    assert "人手が足りません" in page
    here.post(address(suggestion), {"fits": "yes"})
    assert "海岸のごみ</a>" in text(here.get("/my/"))


def test_match_called_a_misfit_without_a_reason_asks_for_it_and_keeps_the_words(here, suggestion, text):
    response = here.post(address(suggestion), {"fits": "no", "words": "人手が足りません"})
    assert response.status_code == 422
    assert "合わない理由を選んでください" in text(response)
    assert "人手が足りません" in text(response)
    assert not Verdict.objects.exists()


@pytest.mark.parametrize("words", [{}, {"fits": "maybe"}, {"fits": "no", "reason": "because"}])
def test_match_answered_with_nonsense_keeps_nothing(here, suggestion, words):
    assert here.post(address(suggestion), words).status_code == 422
    assert not Verdict.objects.exists()


def test_match_leads_nowhere_outside(here, suggestion):
    response = here.post(address(suggestion), {"fits": "yes", "next": "https://evil.example/"})
    assert response["Location"] == "/my/matches/"


def test_match_of_another_organisation_is_not_there(there, here, suggestion):
    assert there.get(address(suggestion)).status_code == 404
    assert there.post(address(suggestion), {"fits": "yes"}).status_code == 404
    assert not Verdict.objects.exists()


def test_match_of_a_challenge_one_may_not_read_is_not_there(here, city, solution):
    hidden = suggest(make_challenge(city, visibility=Visibility.MEMBERS), solution)
    assert here.get(address(hidden)).status_code == 404
    assert here.post(address(hidden), {"fits": "yes"}).status_code == 404
    assert here.get(f"/my/matches/{hidden.challenge_id}/nonsense/{solution.pk}/").status_code == 404


def test_match_once_it_became_a_case_is_refused_in_words(here, suggestion, text):
    Suggestion.objects.update(state="in_case", acted_at=clock.now())
    response = here.post(address(suggestion), {"fits": "no", "reason": "cost"})
    assert response.status_code == 422
    assert "もう案件になっています" in text(response)


def test_match_found_just_now_is_kept_with_the_answer(here, index, city, solution):
    challenge = make_challenge(
        city, title="浜辺のごみを子どもと分類したい", problem="浜辺のごみを分類する教材がない。"
    )
    index()
    path = f"/my/matches/{challenge.pk}/solution/{solution.pk}/"
    assert here.get(path).status_code == 200
    assert Suggestion.objects.count() == 0
    assert here.post(path, {"fits": "no", "reason": "region"}).status_code == 302
    verdict = Verdict.objects.get()
    assert (verdict.suggestion.challenge, verdict.suggestion.solution, verdict.reason) == (
        challenge,
        solution,
        "region",
    )


def test_match_neither_kept_nor_found_is_not_there(here, index, city, solution):
    challenge = make_challenge(
        city, title="会計の伝票を減らしたい", problem="紙の伝票が多い。", goal_image="紙をなくす。"
    )
    path = f"/my/matches/{challenge.pk}/solution/{solution.pk}/"
    assert here.get(path).status_code == 404
    index()
    assert here.get(path).status_code == 404


# --- on a solution's own page --------------------------------------------------------------------------------------


def test_solution_page_shows_what_it_may_help_with(here, suggestion, company, text):
    other = make_solution(company, title="別の道具")
    suggest(make_challenge(suggestion.challenge.municipality, title="別の話"), other)
    page = text(here.get(f"/my/solutions/{suggestion.solution_id}/"))
    assert "この解決策が役立ちそうな課題" in page
    assert "海岸のごみ</a>" in page
    assert "別の話" not in page


def test_solution_page_asks_the_engine_where_nothing_is_kept(here, index, city, solution, text):
    make_challenge(city, title="浜辺のごみを子どもと分類したい", problem="浜辺のごみを分類する教材がない。")
    path = f"/my/solutions/{solution.pk}/"
    assert "候補を準備しています" in text(here.get(path))
    index()
    assert "浜辺のごみを子どもと分類したい</a>" in text(here.get(path))


def test_solution_page_of_a_draft_shows_none(here, company, text):
    assert "役立ちそうな課題" not in text(
        here.get(f"/my/solutions/{make_solution(company, state='draft').pk}/")
    )


@pytest.mark.parametrize("is_kept", [True, False])
def test_solution_page_costs_the_same_for_one_and_for_many(here, index, city, solution, is_kept):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.get(f"/my/solutions/{solution.pk}/").status_code == 200
        return len(queries)

    def fill(n):
        challenge = make_challenge(city, title=f"浜辺のごみを子どもと分類したい{n}", goals=[14])
        if is_kept:
            suggest(challenge, solution)

    fill(0)
    index()
    one = cost()
    for n in range(1, 6):
        fill(n)
    index.follow()
    assert cost() == one
