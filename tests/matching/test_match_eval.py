import csv
import io
import json
from importlib import import_module

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy import sparse

from musubi.matching.engine import evaluation
from musubi.matching.engine.evaluation import Pair
from tests.lib.shared_data import shared

command = import_module("musubi.matching.management.commands.match-eval")

PAIRS = [
    ("A1", "海岸に流れ着くごみの回収が追いつかず、漁業者が困っている。", "漂着ごみを衛星画像で見つけ、海岸清掃の人手を割り当てる。"),
    ("A2", "高齢者が買い物に行く足がない。バスの便数が減った。", "予約制の乗合タクシーで高齢者の買い物の足を確保する。"),
    ("A3", "保育所の申込みの審査に時間がかかり、職員の残業が続く。", "保育所の入所選考を自動化し、審査にかかる職員の時間を減らす。"),
    ("A4", "空き家が増え、持ち主が分からないまま傷んでいく。", "空き家の持ち主を調べ、借りたい人と結ぶ窓口を開く。"),
    ("A5", "外国人住民に避難の知らせが伝わらない。", "避難の知らせを多言語で届け、外国人住民の安否を確かめる。"),
]  # fmt: skip


def written(path, rows=PAIRS, heading=("id", "need", "solution"), encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heading, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return str(path)


def ran(*arguments):
    out = io.StringIO()
    call_command("match-eval", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def measured(*arguments):
    return json.loads(ran(*arguments, "--json"))


# --- measures ----------------------------------------------------------------------------------------------------


def test_measures_of_known_ranks():
    found = evaluation.measures([1, 2, 4, None, 10, 11, 1, 1])
    assert found["recall@1"].value == 3 / 8
    assert found["recall@10"].value == 6 / 8
    assert found["mrr"].value == pytest.approx((1 + 1 / 2 + 1 / 4 + 0 + 1 / 10 + 1 / 11 + 1 + 1) / 8)


def test_an_interval_holds_the_mean_and_is_the_same_each_time():
    values = np.array([1.0] * 60 + [0.0] * 40)
    found = evaluation.interval(values)
    assert found == evaluation.interval(values)
    # A binomial of 100 draws at 0.6 has a standard deviation of 0.049.
    assert found.value == 0.6
    assert found.low == pytest.approx(0.6 - 1.96 * 0.049, abs=0.02)
    assert found.high == pytest.approx(0.6 + 1.96 * 0.049, abs=0.02)


def test_an_interval_of_equal_values_has_no_width():
    found = evaluation.interval(np.array([1.0, 1.0, 1.0]))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_the_rank_of_ones_own_counts_equals_against_it():
    askers = sparse.csr_matrix(np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 1]]))
    others = sparse.csr_matrix(np.array([[2.0, 0, 0], [3, 1, 0], [1, 1, 1]]))
    assert evaluation.ranks_of_own(askers, others) == [2, 2, 2]


def test_the_reference_finds_what_shares_letters():
    pairs = [Pair(key, need, solution) for key, need, solution in PAIRS]
    forward, backward = evaluation.reference_ranks(pairs)
    assert forward == [1, 1, 1, 1, 1]
    assert backward == [1, 1, 1, 1, 1]


def test_the_reference_ranks_last_what_has_no_letters_to_compare():
    pairs = [Pair("1", "あ", "い"), Pair("2", "海ごみ", "海ごみの回収"), Pair("3", "空き家", "空き家の窓口")]
    forward, backward = evaluation.reference_ranks(pairs)
    assert forward == [3, 1, 1]
    assert backward == [3, 1, 1]


# --- the command -------------------------------------------------------------------------------------------------


def test_a_small_file_is_measured_both_ways(tmp_path):
    found = measured(written(tmp_path / "pairs.csv"))
    assert (found["pairs"], found["left_out"], found["hard"], found["misses"]) == (5, 0, 0, 0)
    for direction in ("need_to_solution", "solution_to_need"):
        one = found[direction]
        for part in (one, one["unseen"], one["reference"]):
            assert (part["recall@1"], part["recall@10"], part["mrr"]) == (1.0, 1.0, 1.0)
            assert part["intervals"]["mrr"] == [1.0, 1.0]
            assert "hard" not in part
        assert 0 < one["ms_per_query"]["median"] <= one["ms_per_query"]["p95"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_encodings_of_a_city_hall_are_read(tmp_path, encoding):
    pairs, left_out = command.read_pairs(written(tmp_path / "pairs.csv", encoding=encoding))
    assert [(pair.key, pair.need, pair.solution) for pair in pairs] == PAIRS
    assert left_out == 0


def test_hard_rows_are_told_apart_and_other_columns_ignored(tmp_path):
    rows = [(key, "海", need, solution, "hard" if key == "A2" else "easy") for key, need, solution in PAIRS]
    path = written(tmp_path / "pairs.csv", rows, ("id", "ministry", "need", "solution", "difficulty"))
    found = measured(path)
    assert found["hard"] == 1
    assert found["need_to_solution"]["hard"]["pairs"] == 1
    assert found["need_to_solution"]["unseen"]["hard"]["mrr"] == 1.0
    assert "難しい組だけ" in ran(path)


def test_rows_with_an_empty_text_are_left_out_and_counted(tmp_path):
    rows = [*PAIRS, ("A6", "", "何か"), ("A7", "何か", " ")]
    pairs, left_out = command.read_pairs(written(tmp_path / "pairs.csv", rows))
    assert ([pair.key for pair in pairs], left_out) == ([row[0] for row in PAIRS], 2)


def test_misses_are_written_with_what_came_instead(tmp_path):
    # A need that says something else than its solution, among more than ten that fit it better.
    others = [
        (f"B{i}", f"空き家の持ち主が分からない。その{i}", f"空き家の持ち主を調べる窓口{i}") for i in range(14)
    ]
    path = written(tmp_path / "pairs.csv", [*others, ("X", "空き家の持ち主が分からない", "海岸のごみを拾う")])
    found = measured(path, "--misses", str(tmp_path / "misses.csv"))
    rows = list(csv.DictReader((tmp_path / "misses.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == found["misses"]
    missed = next(row for row in rows if (row["direction"], row["id"]) == ("need_to_solution", "X"))
    assert (missed["need"], missed["solution"]) == ("空き家の持ち主が分からない", "海岸のごみを拾う")
    assert missed["rank"] == "" or int(missed["rank"]) > 10
    assert missed["first_id"].startswith("B")
    assert missed["first"].startswith("空き家の持ち主を調べる窓口")
    assert "空き家" in missed["shared"]


def test_one_pair_and_texts_without_words_are_measured(tmp_path):
    rows = [("1", "🙂", "\u202e!?"), ("2", "海", "海"), ("3", "x" * 100_000, "防災")]
    found = measured(written(tmp_path / "pairs.csv", rows))
    assert found["pairs"] == 3
    assert found["need_to_solution"]["recall@10"] >= 0.333
    assert measured(written(tmp_path / "one.csv", rows[1:2]))["need_to_solution"]["mrr"] == 1.0


# --- broken files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空です"),
        (b"\r\n\r\n", "空です"),
        ("id,need\n1,海\n".encode(), "列 solution がありません"),
        ("番号,課題\n1,海\n".encode(), "列 id、need、solution がありません"),
        (b"id,need,solution\n", "needとsolutionの両方が書かれた行がありません"),
        ("id,need,solution\n1,海,\n".encode(), "needとsolutionの両方が書かれた行がありません"),
        ("id,need,solution\n1,海,浜\n1,山,森\n".encode(), "3行目のid「1」は2行目と同じです"),
        ("id,need,solution\n,海,浜\n".encode(), "2行目のidが空です"),
        ('id,need,solution\n1,"海,浜\n'.encode(), "引用符"),
        (b"\x00\x01\x02PK", "文字として読めません"),
    ],
)
def test_a_broken_file_is_refused_with_what_to_do(tmp_path, content, said):
    path = tmp_path / "pairs.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        ran(str(path))
    assert said in str(refused.value)
    assert refused.value.returncode == 2


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(CommandError, match="見つかりません"):
        ran(str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="フォルダー"):
        ran(str(tmp_path))


def test_misses_that_cannot_be_written_are_refused_before_the_work(tmp_path):
    path = written(tmp_path / "pairs.csv")
    with pytest.raises(CommandError, match="書き出せません"):
        ran(path, "--misses", str(tmp_path / "none" / "misses.csv"))


# --- the shared pairs --------------------------------------------------------------------------------------------


def test_the_shared_pairs_are_matched_better_than_by_any_reference():
    found = measured(str(shared("matching/rs2024_need_solution_shared.csv")))
    assert (found["pairs"], found["hard"]) == (278, 19)
    forward = found["need_to_solution"]
    assert forward["mrr"] > 0.92
    assert forward["recall@10"] > 0.975
    assert forward["hard"]["recall@10"] > 0.7
    for direction in ("need_to_solution", "solution_to_need"):
        one = found[direction]
        for measure in ("recall@1", "recall@10", "mrr"):
            assert one[measure] >= one["reference"][measure]
            assert one["unseen"][measure] >= one["reference"][measure]
