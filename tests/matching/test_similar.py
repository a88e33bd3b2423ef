import pytest

from musubi.challenges.states import Visibility
from musubi.matching import index
from musubi.matching.similar import similar_cases, similar_challenges, similar_proposals
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
SEA = {
    "title": "海岸清掃のごみ袋を用意したい",
    "problem": "年3万枚の清掃用ごみ袋を購入している。ボランティアは年8,000人。",
}
BUS = {"title": "交通空白地の移動手段がほしい", "problem": "路線バスの廃止で、通院に年1,200人が困っている。"}
ODD = ["", " ", "あ", "海", "🎉", "\x00", "1" * 50, "!\"'&|():*", "海岸清掃の\x00ごみ袋🎉" * 8000]


@pytest.fixture(autouse=True)
def fresh_statistics():
    index.forget_statistics()
    yield
    index.forget_statistics()


def titles(found):
    return [similar.thing.title for similar in found]


def ask(city, **kwargs):
    return similar_challenges(
        "清掃で使うごみ袋", "海岸清掃のボランティアに配るごみ袋が足りない。", city, **kwargs
    )


def test_similar_challenges_here_come_first_then_public_ones_elsewhere():
    city, other = make_municipality(), make_municipality()
    there = make_challenge(other, **SEA)
    here = make_challenge(city, **{**SEA, "title": "河川清掃のごみ袋を配りたい"})
    make_challenge(city, **BUS)
    found = ask(city)
    assert titles(found) == [here.title, there.title]
    assert [similar.here for similar in found] == [True, False]
    assert "ごみ袋" not in found[0].shared  # reasons are kanji and katakana words: hiragana binds anything
    assert "清掃" in " ".join(found[0].shared)
    assert 0 < found[0].score <= 1


def test_similar_challenges_never_shows_what_others_may_not_read():
    city, other = make_municipality(), make_municipality()
    make_challenge(city, state="draft", **SEA)
    make_challenge(city, state="checking", **SEA)
    make_challenge(city, visibility=Visibility.DEPARTMENT, **SEA)
    make_challenge(other, visibility=Visibility.MEMBERS, **SEA)
    make_challenge(other, state="draft", **SEA)
    shown = make_challenge(city, visibility=Visibility.MUNICIPALITY, **SEA)
    assert [similar.thing for similar in ask(city)] == [shown]


def test_similar_challenges_leaves_out_the_one_being_written():
    city = make_municipality()
    mine = make_challenge(city, **SEA)
    assert ask(city, exclude=mine) == []


def test_similar_challenges_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    city = make_municipality()
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    make_challenge(city, by=officer, desk=desk, **SEA)
    ask(city)
    with django_assert_num_queries(3):
        ask(city)
    for n in range(8):
        make_challenge(city, by=officer, desk=desk, **{**SEA, "title": f"海岸清掃のごみ袋 {n}"})
    with django_assert_num_queries(3):
        assert len(ask(city, limit=5)) == 5


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:8]))
def test_similar_challenges_of_odd_text_answers_without_error(text):
    city = make_municipality()
    make_challenge(city, **SEA)
    for title, body in ((text, ""), ("", text), (text, text)):
        assert len(similar_challenges(title, body, city)) <= 5


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:8]))
def test_similar_proposals_of_odd_text_answers_without_error(text):
    city = make_municipality()
    make_proposal(city)
    assert [len(found) <= 3 for found in similar_proposals([(text, text), ("", text)], city)] == [True, True]


def test_similar_proposals_answers_each_text_by_itself_in_two_statements(django_assert_num_queries):
    city, other = make_municipality(), make_municipality()
    sort = make_proposal(
        city, title="画像判定で海岸ごみを分別", content="漂着ごみの写真から分別先を判定します。"
    )
    bus = make_proposal(city, title="予約制の移動支援", content="高齢者の通院を乗合タクシーで助けます。")
    make_proposal(
        city,
        state="draft",
        title="画像判定で海岸ごみを分別",
        content="漂着ごみの写真から分別先を判定します。",
    )
    make_proposal(other, title="画像判定で海岸ごみを分別", content="漂着ごみの写真から分別先を判定します。")
    asked = [
        ("海岸の漂着ごみ調査", "漂着ごみを写真で記録し、分別する"),
        ("通院の足", "高齢者の通院を支える移動支援"),
        ("", ""),
    ]
    similar_proposals(asked, city)
    with django_assert_num_queries(2):
        found = similar_proposals(asked, city)
    assert [[similar.thing for similar in each] for each in found] == [[sort], [bus], []]
    assert similar_cases("漂着ごみの写真を分別", city, exclude=[sort.pk]) == []
