"""What is related to a challenge or a solution, on their public pages."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.core.cache.backends import locmem
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.challenges import actions as challenges
from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching import actions, live
from musubi.matching.models import Suggestion
from musubi.matching.states import Side
from musubi.outcomes import actions as outcomes
from musubi.people import actions as people
from musubi.solutions import actions as solutions
from musubi.www.public import related
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_suggestion
from tests.factories.people import make_member, make_municipality, make_organisation, make_staff
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db

NEAR = "この課題に近い解決策"


@pytest.fixture
def city():
    return make_municipality("minato", name="みなと市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def challenge(city, desk):
    return make_challenge(city, desk=desk, title="海岸清掃の袋を用意したい")


@pytest.fixture
def path(challenge):
    return f"/minato/challenges/{challenge.ref}/"


def member_solution(city, **words):
    return make_solution(make_member(city).organisation, **words)


def titles(items) -> list[str]:
    return [item["title"] for item in items]


# --- solutions near a challenge ------------------------------------------------------------------------------------


def test_challenge_shows_solutions_near_it_with_the_words_they_share(client, city, challenge, path):
    solution = member_solution(city, title="浜の道具")
    make_suggestion(challenge, solution)
    page = client.get(path).text
    assert NEAR in page
    assert f'<a href="/minato/solutions/{solution.pk}/">浜の道具</a>' in page
    assert "「海岸」" in page


def test_challenge_shows_at_most_three_solutions_best_first(client, city, challenge, path):
    for n in range(5):
        make_suggestion(challenge, member_solution(city, title=f"道具{n}"))
    assert titles(client.get(path).context["solutions"]) == ["道具0", "道具1", "道具2"]


def test_challenge_leads_to_a_page_of_the_solution_that_is_there(client, city, challenge, path):
    other = make_municipality("tonari")
    elsewhere, both, nowhere = (make_organisation(f"団体{n}") for n in range(3))
    make_member(other, elsewhere)
    make_member(other, both)
    make_member(city, both)
    for owner in (elsewhere, both, nowhere):
        make_suggestion(challenge, make_solution(owner, title=f"道具 {owner.name}"))
    shown = client.get(path).context["solutions"]
    assert titles(shown) == ["道具 団体0", "道具 団体1"]
    assert [item["href"].split("/")[1] for item in shown] == ["tonari", "minato"]
    assert {client.get(item["href"]).status_code for item in shown} == {200}


def test_challenge_keeps_quiet_about_what_is_not_for_everybody(client, city, desk, challenge, path):
    fits = {
        "misfit": make_suggestion(challenge, member_solution(city, title="合わない道具")),
        "withdrawn": make_suggestion(challenge, member_solution(city, title="やめた道具")),
        "left": make_suggestion(challenge, member_solution(city, title="去った道具")),
    }
    make_suggestion(challenge, member_solution(city, title="遠い道具"), likeness=0.2)
    make_suggestion(challenge, make_member(city, make_organisation("団体そのもの")).organisation)
    why = [
        {"kind": "words", "words": [["海岸", "海岸"]]},
        {"kind": "experience", "title": "内緒の案件", "outcomes": 1, "city": ""},
    ]
    against = [{"kind": "declined", "reason": "budget", "ref": "P-1"}]
    good = make_suggestion(challenge, member_solution(city, title="よい道具"))
    wordless = [make_suggestion(challenge, member_solution(city, title=f"言葉のない道具{n}")) for n in (1, 2)]
    Suggestion.objects.filter(pk=wordless[0].pk).update(reasons=[{"kind": "goals", "goals": [14]}])
    Suggestion.objects.filter(pk=wordless[1].pk).update(reasons=[{"kind": "words", "words": [["分", "分"]]}])
    Suggestion.objects.filter(pk=good.pk).update(reasons=why, against=against)
    actions.judge(fits["misfit"], by=desk, side=Side.MUNICIPALITY, fits=False, reason="cost")
    solutions.withdraw_solution(fits["withdrawn"].solution, by=None)
    people.leave(fits["left"].organisation.memberships.get(), by=None, reason="移転のため")
    response = client.get(path)
    assert titles(response.context["solutions"]) == ["よい道具"]
    assert [words for words in ("内緒の案件", "予算の見通し", "P-1") if words in response.text] == []


def test_challenge_is_told_anew_once_a_suggestion_is_judged(client, city, desk, challenge, path):
    suggestion = make_suggestion(challenge, member_solution(city, title="浜の道具"))
    assert "浜の道具" in client.get(path).text
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=False, reason="cost")
    assert "浜の道具" not in client.get(path).text


# --- challenges near a solution ------------------------------------------------------------------------------------


def test_solution_shows_open_public_challenges_near_it(client, city, desk):
    solution = member_solution(city)
    other = make_municipality("tonari", name="となり市")
    yesterday = clock.today() - timedelta(days=1)
    closed = make_challenge(city, desk=desk, title="終わった課題")
    rows = [
        make_challenge(other, title="となりの課題"),
        make_challenge(city, desk=desk, title="会員の課題", visibility=Visibility.MEMBERS),
        make_challenge(city, desk=desk, title="締め切った課題", deadline=yesterday),
        make_challenge(city, desk=desk, title="解決した課題", state="resolved"),
        closed,
        make_challenge(city, desk=desk, title="ここの課題"),
    ]
    actions.keep_for_seed(solution, [found(row) for row in rows])
    challenges.close(closed, by=desk, reason="budget")
    response = client.get(f"/minato/solutions/{solution.pk}/")
    shown = response.context["challenges"]
    assert [(item["title"], item["where"]) for item in shown] == [
        ("となりの課題", "となり市"),
        ("ここの課題", "みなと市"),
    ]
    assert shown[0]["href"] == f"/tonari/challenges/{rows[0].ref}/"
    assert "この解決策が役立ちそうな課題" in response.text


def test_solution_costs_the_same_for_one_challenge_and_for_many(client, city, desk):
    solution = member_solution(city)

    def cost():
        caches["pages"].clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/minato/solutions/{solution.pk}/").status_code == 200
        return len(queries)

    rows = [make_challenge(city, desk=desk)]
    actions.keep_for_seed(solution, [found(row) for row in rows])
    one = cost()
    rows += [make_challenge(city, desk=desk) for _ in range(19)]
    actions.keep_for_seed(solution, [found(row) for row in rows])
    assert cost() == one


def test_what_the_worker_found_is_on_a_kept_page_within_a_minute(client, city, challenge, path, monkeypatch):
    solution = member_solution(city)
    caches["pages"].clear()
    assert NEAR not in client.get(path).text
    actions.keep_for_challenge(challenge, [found(solution)])  # no journal
    assert NEAR not in client.get(path).text
    later = SimpleNamespace(time=lambda: time.time() + related.KEEP_SECONDS + 1)
    monkeypatch.setattr(locmem, "time", later)
    assert NEAR in client.get(path).text


# --- challenges like a challenge -----------------------------------------------------------------------------------


def test_challenge_without_an_index_says_nothing_of_similar_ones(client, path):
    page = client.get(path).text
    assert "似た課題" not in page
    assert "part.js" not in page


def test_challenge_links_to_similar_ones_where_there_is_an_index(client, path, index):
    index()
    page = client.get(path).text
    assert f'data-part="{path}similar/?part"' in page
    assert f'<a href="{path}similar/">似た課題と、その後を見る</a>' in page
    assert "musubi/js/part.js" in page


def test_similar_ones_come_from_here_and_elsewhere_with_what_became_of_them(
    client, city, desk, challenge, path, index
):
    told = make_challenge(city, desk=desk, title="海岸清掃の仲間を増やしたい")
    officer = make_staff(city, "officer")
    case = make_case(city, officer=officer, desk=desk, track="challenge", challenge=told)
    words = {"kind": "joint_event", "title": "清掃の日", "summary": "集まった。", "started_on": clock.today()}
    outcome = outcomes.record_outcome(case, by=officer, **words)
    story = outcomes.write_story(outcome, by=officer, title="浜に百人", body="集まった。")
    make_challenge(
        city, desk=desk, title="読み聞かせを広げたい", problem="本がない。", goal_image="本がある。"
    )
    other = make_municipality("tonari", name="となり市")
    make_challenge(other, title="海岸清掃のごみを減らしたい")
    make_challenge(other, title="海岸清掃の会員の話", visibility=Visibility.MEMBERS)
    index()
    for query in ("", "?part"):
        page = client.get(f"{path}similar/{query}").text
        assert page.index("この自治体の似た課題") < page.index("ほかの自治体の似た課題")
        assert "海岸清掃の仲間を増やしたい" in page
        assert "海岸清掃のごみを減らしたい" in page
        assert "となり市" in page
        assert "「海岸清掃」" in page
        hidden = ("読み聞かせ", "会員の話", "浜に百人", "清掃の日")
        assert [words for words in hidden if words in page] == []
    outcomes.publish_story(story, by=desk)
    page = client.get(f"{path}similar/?part").text
    assert f'<a href="/minato/stories/{story.ref}/">事例「浜に百人」</a>' in page
    assert "<html" not in page


def test_similar_ones_of_a_challenge_not_for_everybody_are_not_there(client, city, desk, index):
    hidden = make_challenge(city, desk=desk, visibility=Visibility.MUNICIPALITY)
    index()
    address = f"/minato/challenges/{hidden.ref}/similar/"
    assert client.get(address).status_code == 404
    client.force_login(desk)
    assert client.get(address).status_code == 200


def test_similar_ones_are_kept_but_not_that_they_are_being_prepared(client, path, index):
    address = f"{path}similar/"
    response = client.get(address)
    assert (response.status_code, "候補を準備しています" in response.text) == (200, True)
    assert client.get(f"{address}?part").text.strip() == ""
    index()
    assert "似た課題は見つかりませんでした" in client.get(address).text
    with CaptureQueriesContext(connection) as queries:
        assert "似た課題は見つかりませんでした" in client.get(address).text
    assert len(queries) == 2


def test_similar_ones_with_a_torn_index_are_a_page_all_the_same(client, path, index):
    index()
    (live.root() / "CURRENT").write_text("nothing-like-this")
    live.forget()
    assert "候補を準備しています" in client.get(f"{path}similar/").text


def test_similar_ones_cost_the_same_for_one_and_for_many(client, city, desk, challenge, path, index):
    def cost():
        caches["pages"].clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{path}similar/").status_code == 200
        return len(queries)

    other = make_municipality("tonari")
    make_challenge(city, desk=desk, title="海岸清掃の仲間を増やしたい")
    make_challenge(other, title="海岸清掃の道具を増やしたい")
    index()
    one = cost()
    for n in range(8):
        make_challenge(city if n % 2 else other, title=f"海岸清掃の人手{n}を増やしたい")
    index.follow()
    assert cost() == one
