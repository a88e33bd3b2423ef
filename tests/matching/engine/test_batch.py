import json

import pytest

from musubi.matching.engine import batch
from musubi.matching.engine.batch import Asking, answer_all
from musubi.matching.engine.index import Preparing
from musubi.matching.engine.matcher import NEED, SEED, Document, Question, build

TEXTS = {
    "solution:1": "海岸に流れ着くごみを衛星画像で見つけ、清掃する。",
    "solution:2": "空き家の持ち主を調べ、借りたい人と結ぶ。",
    "solution:3": "通学路の見守りを、歩く人の多い時刻に頼む。",
}
ASKED = [
    Asking("1", Question(NEED, "", "海岸のごみの清掃に手が足りない"), (SEED,)),
    Asking("2", Question(NEED, "", "空き家の持ち主が分からない"), (SEED,)),
    Asking("3", Question(NEED, "", "🙂"), (SEED,)),
    Asking("4", Question(NEED, "", "通学路を見守る人がいない"), (SEED,), limit=1),
]


@pytest.fixture
def root(tmp_path):
    documents = [Document(key, SEED, "", text) for key, text in TEXTS.items()]
    build(tmp_path / "index", documents, sample=documents)
    return tmp_path / "index"


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_each_question_gets_a_line_with_the_best_and_their_words(root, tmp_path):
    file = tmp_path / "answers.jsonl"
    told = []
    assert answer_all(root, ASKED, file, progress=told.append, helpers=0) == 4
    found = lines(file)
    assert [one["name"] for one in found] == ["1", "2", "3", "4"]
    assert [one["found"][0][0] if one["found"] else None for one in found] == [
        "solution:1",
        "solution:2",
        None,
        "solution:3",
    ]
    assert "海岸" in found[0]["found"][0][2]
    assert len(found[3]["found"]) == 1
    assert told == [1, 2, 3, 4]


def test_a_batch_goes_on_where_it_was_torn_off(root, tmp_path, monkeypatch):
    whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
    answer_all(root, ASKED, whole, helpers=0)
    data = whole.read_bytes()
    first, second = data.splitlines(keepends=True)[:2]
    for cut in (0, 5, len(first) - 1, len(first), len(first) + 7, len(first) + len(second), len(data)):
        torn.write_bytes(data[:cut])
        answered = data[:cut].count(b"\n")
        assert answer_all(root, ASKED, torn, helpers=0) == len(ASKED) - answered
        assert torn.read_bytes() == data


def test_several_processes_give_the_same_lines(root, tmp_path, monkeypatch):
    many = [Asking(f"{i}", Question(NEED, "", ASKED[i % 4].question.text), (SEED,)) for i in range(300)]
    assert answer_all(root, many, tmp_path / "alone.jsonl", helpers=0) == 300
    assert batch.ALONE < 300
    assert answer_all(root, many, tmp_path / "helped.jsonl", helpers=2) == 300
    assert (tmp_path / "alone.jsonl").read_bytes() == (tmp_path / "helped.jsonl").read_bytes()


def test_without_an_index_nothing_is_written(tmp_path):
    with pytest.raises(Preparing):
        answer_all(tmp_path / "none", ASKED, tmp_path / "answers.jsonl", helpers=0)
    assert not (tmp_path / "answers.jsonl").exists()
