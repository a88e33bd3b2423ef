import pytest

from musubi.matching.engine import batch
from musubi.matching.engine.batch import Asking, answers
from musubi.matching.engine.index import Preparing, Reader, current
from musubi.matching.engine.matcher import NEED, SEED, Document, Matcher, Question, Weights, build

TEXTS = {
    "solution:1": "海岸に流れ着くごみを衛星画像で見つけ、清掃する。",
    "solution:2": "空き家の持ち主を調べ、借りたい人と結ぶ。",
    "solution:3": "通学路の見守りを、歩く人の多い時刻に頼む。",
}
ASKED = [
    Asking(Question(NEED, "", "海岸のごみの清掃に手が足りない"), (SEED,)),
    Asking(Question(NEED, "", "空き家の持ち主が分からない"), (SEED,), weights=Weights(hubness=0.1)),
    Asking(Question(NEED, "", "🙂"), (SEED,)),
    Asking(Question(NEED, "", "通学路を見守る人がいない"), (SEED,), limit=1),
]


@pytest.fixture
def root(tmp_path):
    documents = [Document(key, SEED, "", text) for key, text in TEXTS.items()]
    build(tmp_path / "index", documents, sample=documents)
    return tmp_path / "index"


def test_answers_are_those_of_the_matcher(root):
    matcher = Matcher(Reader(current(root)))
    found = list(answers(root, iter(ASKED), helpers=0))
    assert found == [
        matcher.match(one.question, marks=one.marks, limit=one.limit, weights=one.weights) for one in ASKED
    ]
    assert [matches[0].key if matches else None for matches in found] == [*TEXTS][:2] + [None, "solution:3"]


def test_several_processes_give_the_same_answers(root):
    many = [ASKED[i % 4] for i in range(batch.ALONE + 60)]
    assert list(answers(root, many, helpers=2)) == list(answers(root, many, helpers=0))


def test_little_more_is_read_than_was_answered(root):
    read = []
    given = answers(root, (read.append(i) or ASKED[i % 4] for i in range(1_000)), helpers=1)
    for _answer in range(batch.ALONE + 1):
        next(given)
    given.close()
    assert len(read) <= batch.ALONE + 5 * batch.BATCH


def test_a_question_that_cannot_be_answered_keeps_nobody_from_the_others(root):
    broken = Asking(Question(NEED, "", "海岸"), (SEED,), limit="many")
    assert [one is None for one in answers(root, [ASKED[0], broken, ASKED[1]], helpers=0)] == [
        False,
        True,
        False,
    ]


def test_without_an_index_nothing_is_answered(tmp_path):
    with pytest.raises(Preparing):
        list(answers(tmp_path / "none", ASKED, helpers=0))
