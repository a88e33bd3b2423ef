import pytest

from musubi.imports.columns import SLOTS, fold, guess, headings
from musubi.imports.states import Kind
from musubi.lib.tables import read
from tests.imports.tables import csv_of


def fields(kind, *names, rows=(("x",),)):
    width = len(names)
    (table,) = read(csv_of(names, *[[*row, *[""] * (width - len(row))] for row in rows]), "a.csv")
    return [one.field for one in guess(kind, table)]


def test_headings_of_challenges_as_municipalities_write_them():
    names = ["No.", "課題名", "担当部署", "現状と課題", "目指す姿", "関連するSDGs", "募集期限", "備考"]
    assert fields(Kind.CHALLENGES, *names) == [
        "number",
        "title",
        "department",
        "problem",
        "goal_image",
        "goals",
        "deadline",
        "conditions",
    ]


def test_headings_of_proposals_as_municipalities_write_them():
    names = ["受付番号", "受付日", "提案者", "提案件名", "提案内容", "区分", "課題名"]
    assert fields(Kind.PROPOSALS, *names) == [
        "number",
        "submitted_on",
        "organisation",
        "title",
        "content",
        "track",
        "challenge",
    ]


def test_width_spaces_and_remarks_in_brackets_are_forgiven():
    assert fields(Kind.ORGANISATIONS, "団 体 名（正式名称）", "ＵＲＬ", "法人番号(13桁)") == [
        "name",
        "url",
        "corporate_number",
    ]


def test_the_word_alone_is_the_title_unless_a_better_column_is_there():
    assert fields(Kind.CHALLENGES, "課題", "内容") == ["title", "problem"]
    assert fields(Kind.CHALLENGES, "課題", "件名") == ["problem", "title"]


def test_a_municipality_is_never_taken_for_an_organisation():
    assert fields(Kind.ORGANISATIONS, "地方公共団体名", "団体名") == ["municipality", "name"]


def test_each_field_is_given_once_and_the_other_column_says_why():
    (table,) = read(csv_of(["名称", "団体名", "所在地"], ["A", "B", "C"]), "a.csv")
    found = guess(Kind.ORGANISATIONS, table)
    assert [one.field for one in found] == ["", "name", "address"]
    assert found[0].why == "「団体名」にはB列のほうが合うため、使いません"
    assert found[1].why == "見出しが「団体名」と同じ"


def test_a_column_of_13_digits_is_one_of_corporate_numbers():
    rows = [["みなと", "4011005003009"], ["はま", "2010005003854"], ["かぜ", "7010701011370"]]
    assert fields(Kind.ORGANISATIONS, "名称", "コード", rows=rows) == ["name", "corporate_number"]


@pytest.mark.parametrize("kind", Kind.values)
def test_the_template_sheet_is_understood_whole(kind):
    slots = headings(kind)
    assert fields(kind, *[str(slot.label) for slot in slots]) == [slot.name for slot in slots]


@pytest.mark.parametrize("kind", Kind.values)
def test_no_word_stands_for_two_fields_at_the_same_rank_first(kind):
    firsts = [fold(slot.words[0]) for slot in SLOTS[kind]]
    assert len(firsts) == len(set(firsts))
