import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from musubi.challenges.states import Visibility
from musubi.matching import documents, goal_eval
from musubi.matching.goal_eval import goals_in
from musubi.matching.goals import Record, suggest_goals
from musubi.plan.models import Target
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality
from tests.factories.solutions import make_solution
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
    assert (first.goal, first.words) == (11, ["空き家", "自治会"])


def test_suggest_goals_shows_words_as_people_write_them():
    found = suggest_goals("dxを進め、co2も減らす。")
    assert {word for suggestion in found for word in suggestion.words} == {"DX", "CO2"}


def test_suggest_goals_names_the_nearest_targets_with_their_words():
    found = suggest_goals("避難所の備蓄が足りない。災害のとき、路線バスが止まると通院の足がない。")
    targets = [target for suggestion in found for target in suggestion.targets]
    assert len(targets) <= 3
    assert {target.code: set(target.words) for target in targets if target.code in ("11.5", "11.2")} == {
        "11.2": {"路線バス"},
        "11.5": {"避難所", "災害", "備蓄"},
    }
    assert all(target.code.startswith(f"{s.goal}.") for s in found for target in s.targets)


@pytest.mark.parametrize("text", ["", " ", "あ", "海", "🎉🎉🎉", "\x00\x00", "1234567890", "!?", "שלום"])
def test_suggest_goals_of_next_to_nothing_is_nothing(text):
    assert suggest_goals(text) == []


def test_suggest_goals_of_100000_letters_ends():
    assert goals("海岸のごみ\x00🎉" * 12_500)[0] in (12, 14)


# --- what people chose for similar records -----------------------------------------------------------------------

WORDLESS = "毎朝のつるし飾りを、みんなで順に片付ける手立てがほしい。"


def test_suggest_goals_learns_from_records_people_labelled(index):
    city = make_municipality()
    assert 5 not in goals(WORDLESS, municipality=city)
    shown = make_challenge(city, title="つるし飾りの片付け", problem=WORDLESS, goals=[5])
    make_solution(
        make_member(city).organisation,
        title="つるし飾りの手入れ",
        summary="つるし飾りを片付けます。",
        goals=[5],
    )
    index()
    found = {s.goal: s for s in suggest_goals(WORDLESS, municipality=city)}
    assert found[5].records == ["つるし飾りの片付け"]
    without = [documents.key_of(shown)]
    again = {s.goal: s for s in suggest_goals(WORDLESS, municipality=city, without=without)}
    assert again[5].records == ["つるし飾りの手入れ"]


def test_suggest_goals_never_tells_of_records_others_may_not_read(index):
    city, other = make_municipality(), make_municipality()
    make_challenge(city, title="内緒の飾り", problem=WORDLESS, goals=[5], visibility=Visibility.MUNICIPALITY)
    index()
    assert 5 in goals(WORDLESS, municipality=city)
    assert 5 not in goals(WORDLESS, municipality=other)
    assert 5 not in goals(WORDLESS)


def test_suggest_goals_tells_no_titles_of_records_taken_back_since(index):
    city = make_municipality()
    shown = make_challenge(city, title="つるし飾りの片付け", problem=WORDLESS, goals=[5])
    index()
    type(shown).objects.filter(pk=shown.pk).update(visibility=Visibility.DEPARTMENT)
    assert 5 not in goals(WORDLESS, municipality=city)


def test_suggest_goals_asks_the_database_once_a_kind_of_record(index, django_assert_num_queries):
    city = make_municipality()
    suggest_goals(WORDLESS)
    with django_assert_num_queries(0):
        suggest_goals(WORDLESS, municipality=city)
    for number in range(3):
        make_challenge(city, title=f"つるし飾りの片付け {number}", problem=WORDLESS, goals=[5])
    index()
    suggest_goals(WORDLESS, municipality=city)
    with django_assert_num_queries(1):
        assert 5 in goals(WORDLESS, municipality=city)


def test_suggest_goals_goes_on_without_an_index():
    assert goals("老朽化した水道管の漏水をなくしたい。", municipality=make_municipality())[0] == 6


def test_suggest_goals_weighs_few_records_less_than_clear_words():
    far = [Record("challenge:1", 0.1, frozenset({5}))]
    assert goals("老朽化した水道管の漏水をなくしたい。", records=far)[0] == 6


# --- measured ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield {strict: goal_eval.targets(strict=strict) for strict in (False, True)}


def test_official_targets_find_their_goal_without_their_own_words(measured):
    outcome = measured[False]
    assert outcome.count == Target.objects.count() == 169
    assert outcome.top1.value >= 0.66
    assert outcome.top3.value >= 0.90
    assert outcome.top1.low < outcome.top1.value < outcome.top1.high


def test_official_targets_find_their_goal_through_other_targets_alone(measured):
    assert measured[True].top1.value >= 0.52
    assert measured[True].top3.value >= 0.79


def test_goals_agree_with_what_municipalities_chose():
    found = run(shared("needs/municipal_needs_shared.csv"), "--json")
    assert found["labelled"]["top3"] == 1.0
    assert "labelled_with_records" not in found  # there is no index
    assert (found["labelled"]["count"], found["left_out"]) == (1, 34)


# --- the command -------------------------------------------------------------------------------------------------

ROWS = [
    ["避難所の備蓄", "災害のときの備蓄が足りない。", "11"],
    ["水道管の漏水", "老朽化した水道管の漏水が多い。", "6, 9"],
    ["ラベルなし", "読まない行", ""],
    ["外れ", "食品ロスを減らしたい。", "5"],
]


def written(path, rows, heading=("title", "body", "sdgs_by_municipality"), encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heading, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def run(path, *options):
    out = io.StringIO()
    call_command("goal-eval", str(path), *options, stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue()) if "--json" in options else out.getvalue()


@pytest.fixture
def few_targets(monkeypatch):
    """The command's figures of a file do not need the figures of the targets, which take seconds."""
    outcome = goal_eval.Outcome(0, goal_eval.Measured(0, 0, 0), goal_eval.Measured(0, 0, 0))
    monkeypatch.setattr(goal_eval, "targets", lambda **_kwargs: outcome)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_goal_eval_counts_what_was_suggested(tmp_path, few_targets, encoding):
    found = run(written(tmp_path / "needs.csv", ROWS, encoding=encoding), "--json")
    one = found["labelled"]
    assert (one["count"], found["left_out"]) == (3, 1)
    assert (one["top1"], one["top3"]) == (0.6667, 0.6667)
    assert one["recall"] in (0.5, 0.75)
    assert one["top3_interval"] == [0.0, 1.0]
    assert [(miss["line"], miss["title"], miss["goals"]) for miss in found["misses"]] == [(5, "外れ", [5])]


def test_goal_eval_says_it_in_words(tmp_path, few_targets):
    told = run(written(tmp_path / "needs.csv", ROWS))
    assert "ゴールの付いた文章 3件" in told
    assert "外れ 5行目「外れ」 付いたゴール [5]" in told


def test_goal_eval_never_asks_the_record_that_is_the_text_itself(tmp_path, few_targets, index):
    city = make_municipality()
    text = "つるし飾りの片付けに、毎朝みんなで順に手を貸す手立てがほしい。"
    make_challenge(city, title="つるし飾りの片付け", problem=text, goal_image=text, goals=[5])
    index()
    row, other = ["つるし飾りの片付け", text, "5"], ["つるし飾りを片付けたい", "毎朝手を貸してほしい。", "5"]
    found = run(written(tmp_path / "needs.csv", [row, other]), "--json")
    assert (found["labelled"]["top3"], found["labelled_with_records"]["top3"]) == (0.0, 0.5)
    assert [miss["line"] for miss in found["misses"]] == [2, 3]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.csv", None, "見つかりません"),
        ("empty.csv", "", "空です"),
        ("columns.csv", "title,body\na,b\n", "列 sdgs_by_municipality がありません"),
        ("labels.csv", "title,body,sdgs_by_municipality\na,b,未定\n", "両方が書かれた行がありません"),
    ],
)
def test_goal_eval_of_a_file_it_cannot_read_says_what_to_do(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match=says) as refused:
        run(path)
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", {9}),
        ("3、11", {3, 11}),
        ("目標４・ゴール17", {4, 17}),
        ("11.5, 13.1", {11, 13}),
        ("SDGs 0 18 2024", set()),
        ("17.a", {17}),
        ("", set()),
    ],
)
def test_goals_in_reads_labels(text, expected):
    assert goals_in(text) == expected
