import csv

import pytest

from musubi.matching.goals import suggest_goals
from tests.lib.shared_data import shared

pytestmark = pytest.mark.django_db


def goals(text, **kwargs):
    return [suggestion.goal for suggestion in suggest_goals(text, **kwargs)]


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("海岸清掃で集めた漂着ごみの分別に、毎週6時間かかっている。海洋プラスチックを減らしたい。", 14),
        ("食品ロスを減らし、生ごみの堆肥化を進めたい。", 12),
        ("市内の中小ビルの省エネと太陽光発電の導入が進まない。", 7),
        ("保護者と子どもの情報リテラシー講座を小学校で開きたい。", 4),
        ("高齢者のフレイル予防と健診の受診率を上げたい。", 3),
        ("避難所の運営訓練に若い人が来ない。災害時の備蓄も足りない。", 11),
        ("外国人住民にやさしい日本語で多言語の案内を届けたい。", 10),
        ("老朽化した水道管の漏水をなくしたい。断水も減らしたい。", 6),
    ],
)
def test_suggest_goals_first_is_what_the_text_is_about(text, goal):
    assert goals(text)[0] == goal


def test_suggest_goals_says_which_words():
    first = suggest_goals("空き家が増え、自治会の見回りが追いつかない。空き家の管理を助けてほしい。")[0]
    assert first.goal == 11
    assert "空き家" in first.words


@pytest.mark.parametrize("text", ["", " ", "あ", "海", "🎉🎉🎉", "\x00\x00", "1234567890", "!?"])
def test_suggest_goals_of_next_to_nothing_is_nothing(text):
    assert suggest_goals(text) == []


def test_suggest_goals_of_100000_letters_ends():
    assert goals("海岸のごみ\x00🎉" * 12_500)[0] in (12, 14)


def test_suggest_goals_official_targets_find_their_goal_mostly():
    """The official wording of each target, given as a text, names its own goal among the first three."""
    from musubi.plan.models import Target

    rows = list(Target.objects.values_list("goal_id", "text"))
    named = [(goal, goals(text)) for goal, text in rows]
    right = sum(goal in found for goal, found in named)
    answered = sum(bool(found) for _, found in named)
    assert (len(rows), answered > 100) == (169, True)
    assert right / answered > 0.6


def test_suggest_goals_agrees_with_what_municipalities_chose():
    path = shared("needs/municipal_needs_shared.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sdgs_by_municipality"].strip()]
    hits = 0
    for row in rows:
        chosen = {int(number) for number in row["sdgs_by_municipality"].replace("、", ",").split(",")}
        hits += bool(chosen & set(goals(f"{row['title']}\n{row['body']}")))
    assert (hits, len(rows)) == (len(rows), len(rows))
