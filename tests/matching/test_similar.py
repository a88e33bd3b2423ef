import pytest

from musubi.challenges.states import Visibility
from musubi.matching.engine.index import Preparing
from musubi.matching.similar import similar_challenges, similar_proposals
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
SEA = {
    "title": "海岸清掃のごみ袋を用意したい",
    "problem": "年3万枚の清掃用ごみ袋を購入している。ボランティアは年8,000人。",
}
BUS = {"title": "交通空白地の移動手段がほしい", "problem": "路線バスの廃止で、通院に年1,200人が困っている。"}
SORT = {"title": "画像判定で海岸ごみを分別", "content": "漂着ごみの写真から分別先を判定します。"}
ODD = ["", " ", "あ", "海", "🎉", "\x00", "1" * 50, "!\"'&|():*", "海岸清掃の\x00ごみ袋🎉" * 8000]


def titles(found):
    return [similar.thing.title for similar in found]


def ask(city, **kwargs):
    return similar_challenges(
        "清掃で使うごみ袋", "海岸清掃のボランティアに配るごみ袋が足りない。", city, **kwargs
    )


# --- challenges --------------------------------------------------------------------------------------------------


def test_similar_challenges_here_come_first_then_public_ones_elsewhere(index):
    city, other = make_municipality(), make_municipality()
    there = make_challenge(other, **SEA)
    here = make_challenge(city, **{**SEA, "title": "河川清掃のごみ袋を配りたい"})
    make_challenge(city, **BUS)
    index()
    found = ask(city)
    assert titles(found) == [here.title, there.title]
    assert [similar.here for similar in found] == [True, False]
    assert "清掃" in " ".join(found[0].shared)
    assert 0 < found[0].likeness <= 2
    assert found[0].strength == "strong"


def test_similar_challenges_never_shows_what_others_may_not_read(index):
    city, other = make_municipality(), make_municipality()
    make_challenge(city, state="draft", **SEA)
    make_challenge(city, state="checking", **SEA)
    make_challenge(city, visibility=Visibility.DEPARTMENT, **SEA)
    make_challenge(other, visibility=Visibility.MEMBERS, **SEA)
    make_challenge(other, state="draft", **SEA)
    shown = make_challenge(city, visibility=Visibility.MUNICIPALITY, **SEA)
    index()
    assert [similar.thing for similar in ask(city)] == [shown]


def test_similar_challenges_leaves_out_the_one_being_written(index):
    city = make_municipality()
    mine = make_challenge(city, **SEA)
    index()
    assert ask(city, exclude=mine) == []


def test_similar_challenges_costs_the_same_for_one_and_for_many(index, django_assert_num_queries):
    city = make_municipality()
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    make_challenge(city, by=officer, desk=desk, **SEA)
    index()
    ask(city)
    # Here, and elsewhere (the public ones found are all of this municipality: looked up, and left out).
    with django_assert_num_queries(2):
        ask(city)
    for n in range(8):
        make_challenge(city, by=officer, desk=desk, **{**SEA, "title": f"海岸清掃のごみ袋 {n}"})
    index()
    with django_assert_num_queries(2):
        assert len(ask(city, limit=5)) == 5


def test_similar_challenges_without_an_index_says_that_it_is_being_prepared():
    with pytest.raises(Preparing):
        ask(make_municipality())


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:8]))
def test_similar_challenges_of_odd_text_answers_without_error(index, text):
    city = make_municipality()
    make_challenge(city, **SEA)
    index()
    for title, body in ((text, ""), ("", text), (text, text)):
        assert len(similar_challenges(title, body, city)) <= 5


# --- proposals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ODD, ids=lambda text: repr(text[:8]))
def test_similar_proposals_of_odd_text_answers_without_error(text):
    city = make_municipality()
    make_proposal(city)
    assert [len(found) <= 3 for found in similar_proposals([(text, text), ("", text)], city)] == [True, True]


def test_similar_proposals_answers_each_text_by_itself_in_two_statements(django_assert_num_queries):
    city, other = make_municipality(), make_municipality()
    sort = make_proposal(city, **SORT)
    bus = make_proposal(city, title="予約制の移動支援", content="高齢者の通院を乗合タクシーで助けます。")
    make_proposal(city, state="draft", **SORT)
    make_proposal(other, **SORT)
    asked = [
        ("海岸の漂着ごみ調査", "漂着ごみを写真で記録し、分別する"),
        ("通院の足", "高齢者の通院を支える移動支援"),
        ("", ""),
    ]
    with django_assert_num_queries(2):
        found = similar_proposals(asked, city)
    assert [[similar.thing for similar in each] for each in found] == [[sort], [bus], []]
    assert set(found[0][0].shared) < {"漂着ごみ", "海岸", "分別", "写真"}
    assert similar_proposals([("", "漂着ごみの写真を分別")], city, exclude=[sort.pk]) == [[]]


def test_similar_proposals_sees_what_was_received_or_changed_since():
    city = make_municipality()
    assert similar_proposals([("漂着ごみの分別", "写真で判定")], city) == [[]]
    first = make_proposal(city, **SORT)
    (found,) = similar_proposals([("漂着ごみの分別", "写真で判定")], city)
    assert [similar.thing for similar in found] == [first]
    type(first).objects.filter(pk=first.pk).update(title="通院の足", content="乗合タクシー")
    assert similar_proposals([("漂着ごみの分別", "写真で判定")], city) == [[]]


def test_similar_proposals_knows_words_from_the_index_where_there_is_one(index):
    city = make_municipality()
    proposal = make_proposal(city, **SORT)
    make_challenge(city, **SEA)
    index()
    (found,) = similar_proposals([("漂着ごみの分別", "写真で判定")], city)
    assert [similar.thing for similar in found] == [proposal]
