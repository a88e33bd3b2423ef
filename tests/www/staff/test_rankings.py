"""How candidates are ranked: in words, with what was learned, and the desk's decision."""

import pytest

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.matching import actions
from musubi.matching.models import Ranking
from musubi.www.staff import rankings
from tests.factories.challenges import make_challenge
from tests.factories.matching import make_ranking, make_suggestion
from tests.factories.people import make_municipality, make_organisation
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
HERE = "/nagisa/staff/rankings/"
WEIGHTS = {"hubness": 0.8, "goals": 0.03, "fields": 0.03, "region": 0.05, "fresh": 0.02, "worked": 0.02}


def test_weights_are_told_in_words_with_what_would_change(town):
    make_ranking(town.city, weights=WEIGHTS | {"region": 0.3, "fresh": 0.0})
    shown = text(town.at("desk").get(HERE))
    cells = [
        "同じ都道府県・会員",
        "ほどほどに見る",
        "大きく見る",
        "強くなる",
        "新しい登録",
        "見ない",
        "弱くなる",
    ]
    assert [cell for cell in cells if cell not in shown] == []
    assert "はじめから入っている順位づけを使っています。" in shown
    assert "0.3" not in shown


@pytest.mark.parametrize(
    ("size", "words"), [(0.32, "大きく見る"), (0.06, "ほどほどに見る"), (0.02, "少し見る"), (0.0, "見ない"), (-0.1, "逆に見る")]
)  # fmt: skip
def test_effect_in_words(size, words):
    assert rankings.effect(size) == words


@pytest.mark.parametrize(
    ("before", "after", "words"), [(0.1, 0.105, "ほぼ同じ"), (0.1, 0.2, "強くなる"), (0.1, 0.05, "弱くなる"), (0, 0.001, "ほぼ同じ")]
)  # fmt: skip
def test_change_in_words(before, after, words):
    assert rankings.change(before, after) == words


def test_trial_on_decisions_not_learned_from_is_told_as_places(town):
    make_ranking(
        town.city,
        decisions=128,
        before={"mrr": 0.476, "mrr_low": 0.43, "mrr_high": 0.53, "accuracy": 0.68, "low": 0.6, "high": 0.75},
        after={"mrr": 0.625, "mrr_low": 0.55, "mrr_high": 0.7, "accuracy": 0.79, "low": 0.72, "high": 0.86},
    )
    shown = text(town.at("desk").get(HERE))
    assert "判断128件で試すと、最初に合う候補が出る位置の目安は、2.1番目から1.6番目になります。" in shown
    assert "いまは1.9〜2.3番目、新しい案は1.4〜1.8番目です。" in shown
    assert "68%(ぶれ60〜75%)から79%(ぶれ72〜86%)になります" in shown
    assert "はっきりした差とまでは言えません" not in shown
    assert "いまの順位づけよりよくなっていません" not in shown


def test_what_is_no_better_says_so(town):
    grade = {"mrr": 0.5, "mrr_low": 0.4, "mrr_high": 0.6, "accuracy": 0.7, "decisions": 40}
    make_ranking(town.city, before=grade, after=grade)
    shown = text(town.at("desk").get(HERE))
    assert "いまの順位づけよりよくなっていません" in shown
    assert "はっきりした差とまでは言えません" in shown


def test_desk_adopts_after_being_asked_again(town):
    row = make_ranking(town.city)
    assert "採用する" in text(town.at("desk").get(f"{HERE}{row.pk}/adopt/"))
    assert Ranking.objects.get().state == "proposed"
    answer = town.at("desk").post(f"{HERE}{row.pk}/adopt/")
    assert (answer.status_code, answer["Location"]) == (302, HERE)
    assert Ranking.objects.get().state == "adopted"
    assert Entry.objects.get(verb="ranking.adopted").actor == str(town.desk)
    assert "青木 直さんが採用した順位づけを使っています。" in text(town.at("desk").get(HERE))


def test_desk_refuses_and_it_stays_in_the_history(town):
    row = make_ranking(town.city)
    town.at("desk").post(f"{HERE}{row.pk}/refuse/")
    assert Ranking.objects.get().state == "refused"
    shown = text(town.at("desk").get(HERE))
    assert "採用しない" in shown
    assert "青木 直さんが決定" in shown


def test_what_was_decided_is_not_decided_again(town):
    row = make_ranking(town.city, state="refused", decided_at=clock.now(), decided_by=town.desk)
    for act in ("adopt", "refuse"):
        answer = town.at("desk").post(f"{HERE}{row.pk}/{act}/")
        assert answer.status_code == 422
        assert "「採用しない」のため" in text(answer)
    assert Ranking.objects.get().state == "refused"


def test_rankings_of_another_place_are_not_found(town):
    far = make_ranking(make_municipality("toi"))
    for act in ("adopt", "refuse"):
        assert town.at("desk").get(f"{HERE}{far.pk}/{act}/").status_code == 404
        assert town.at("desk").post(f"{HERE}{far.pk}/{act}/").status_code == 404
    assert Ranking.objects.get().state == "proposed"


def test_learning_with_too_little_says_so(town):
    answer = town.at("desk").post(f"{HERE}learn/", follow=True)
    assert "学び直せません" in text(answer)
    assert not Ranking.objects.exists()


def test_learning_makes_a_proposal_and_nothing_more(town):
    for _n in range(4):
        challenge = make_challenge(town.city, by=town.officer, desk=town.desk)
        for place in range(6):
            features = {"likeness": 0.5 - place / 20, "region": float(place >= 3)}
            row = make_suggestion(challenge, make_organisation(), features=features)
            words = {"fits": place >= 3, "reason": "" if place >= 3 else "region"}
            actions.judge(row, by=town.desk, side="municipality", **words)
    answer = town.at("desk").post(f"{HERE}learn/", follow=True)
    assert "次にすること: 新しい順位づけを採用するか決める" in text(answer)
    assert "判断24件で試すと、最初に合う候補が出る位置の目安は、4.0番目から" in text(answer)
    assert "これまでに24件の判断があります。" in text(answer)
    row = Ranking.objects.get()
    assert (row.state, row.decisions) == ("proposed", 24)
    assert row.weights["region"] > 0.05


def test_many_decisions_are_learned_from_by_a_command(town, monkeypatch):
    def never(_city):
        raise Refused("not in a request")

    monkeypatch.setattr(rankings, "MOST_DECISIONS", -1)
    monkeypatch.setattr(actions, "propose_ranking", never)
    assert "fit-ranking nagisa" in text(town.at("desk").post(f"{HERE}learn/", follow=True))


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor", "stranger"])
def test_only_the_desk_decides(town, role):
    row = make_ranking(town.city)
    for address in (HERE, f"{HERE}learn/", f"{HERE}{row.pk}/adopt/", f"{HERE}{row.pk}/refuse/"):
        assert town.at(role).post(address).status_code in (403, 405)
    assert Ranking.objects.get().state == "proposed"
