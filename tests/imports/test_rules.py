from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musubi.imports.rules import Options, examine
from musubi.imports.states import Kind
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests.factories.challenges import make_challenge
from tests.factories.fund import make_fund
from tests.factories.people import make_department, make_member, make_municipality, make_organisation
from tests.factories.proposals import make_proposal
from tests.imports.tables import csv_of, xlsx_of

pytestmark = pytest.mark.django_db
NUMBER, OTHER_NUMBER = "7010701011370", "6010701009184"


@pytest.fixture
def city():
    return make_municipality(code="132217")


def told(report, level="error"):
    return [(p.cell, p.message) for p in report.problems if p.level == level]


def results(report):
    return [line.result.value for line in report.lines]


# --- challenges ------------------------------------------------------------------------------------------------


def test_challenge_dates_goals_and_digits_are_read_as_written(city):
    section = make_department(city, "環境課")
    data = csv_of(
        ["課題名", "担当課", "締切", "SDGs", "規模"],
        ["海ごみ", "環境部　環境課", "令和８年３月３１日", "１４、１２", "大きな社会課題"],
    )
    report = examine(Kind.CHALLENGES, data, "a.csv", city)
    (line,) = report.lines
    assert report.ok
    assert line.values["department"] == section
    assert line.values["deadline"] == date(2026, 3, 31)
    assert (line.values["goals"], line.values["scale"]) == ([14, 12], "large")


def test_challenge_bad_date_names_its_cell(city):
    data = csv_of(["課題名", "締切"], ["海ごみ", "随時"], ["川ごみ", "令和8年2月30日"])
    report = examine(Kind.CHALLENGES, data, "a.csv", city)
    assert [cell for cell, _ in told(report)] == ["B3"]
    assert "2026年2月は28日までです" in told(report)[0][1]
    assert (report.count("held"), report.count("error"), report.count("imported")) == (1, 1, 0)


def test_challenge_title_too_long_is_told_and_not_cut(city):
    report = examine(Kind.CHALLENGES, csv_of(["課題名", "内容"], ["あ" * 121, "い"]), "a.csv", city)
    assert told(report)[0] == (
        "A2",
        "課題名が121字あります。120字までに縮めてください(自動では切りません)。",
    )


def test_challenge_same_title_here_or_in_the_file_is_a_duplicate(city):
    known = make_challenge(city, title="海ごみを減らしたい")
    data = csv_of(
        ["課題名", "内容"],
        ["海ごみを　減らしたい", "a"],
        ["川ごみを減らしたい", "b"],
        ["川ごみを減らしたい。", "c"],
    )
    report = examine(Kind.CHALLENGES, data, "a.csv", city)
    assert results(report) == ["duplicate", "imported", "duplicate"]
    assert [(d["cell"], d["of"]) for d in report.as_json()["duplicates"]] == [
        ("A2", known.ref),
        ("A4", "シート「CSV」3行目"),
    ]
    assert report.ok


def test_challenge_same_title_in_another_municipality_is_none(city):
    make_challenge(make_municipality(), title="海ごみを減らしたい")
    report = examine(Kind.CHALLENGES, csv_of(["課題名", "内容"], ["海ごみを減らしたい", "a"]), "a.csv", city)
    assert results(report) == ["imported"]


def test_challenge_unknown_department_goes_to_the_desk_the_chosen_one_or_is_an_error(city):
    data = csv_of(["課題名", "担当課"], ["海ごみ", "なぞ課"])
    section = make_department(city, "環境課")
    desk = examine(Kind.CHALLENGES, data, "a.csv", city)
    assert desk.lines[0].values["department"].is_desk
    assert told(desk, "warning") == [
        ("B2", "担当課「なぞ課」は登録されていません。「公民連携デスク」に置きます。")
    ]
    chosen = examine(Kind.CHALLENGES, data, "a.csv", city, options=Options(department=section.pk))
    assert chosen.lines[0].values["department"] == section
    strict = examine(Kind.CHALLENGES, data, "a.csv", city, options=Options(strict=True))
    assert [cell for cell, _ in told(strict)] == ["B2"]


def test_challenge_department_of_another_municipality_is_no_choice(city):
    other = make_department(make_municipality(), "よその課")
    report = examine(
        Kind.CHALLENGES,
        csv_of(["課題名", "内容"], ["海", "a"]),
        "a.csv",
        city,
        options=Options(department=other.pk),
    )
    assert not report.ok


def test_challenge_to_be_published_needs_what_publishing_needs(city):
    data = csv_of(["課題名", "内容", "目指す姿"], ["海ごみ", "困っている", ""])
    report = examine(Kind.CHALLENGES, data, "a.csv", city, options=Options(state="published"))
    assert [cell for cell, _ in told(report)] == ["C2"]


def test_unreadable_goal_is_told_and_the_row_comes_in(city):
    report = examine(Kind.CHALLENGES, csv_of(["課題名", "SDGs"], ["海ごみ", "14、18"]), "a.csv", city)
    assert report.lines[0].values["goals"] == [14]
    assert [cell for cell, _ in told(report, "warning")] == ["A2", "B2"]
    assert report.ok


# --- organisations -----------------------------------------------------------------------------------------------


def test_organisation_damaged_number_is_told_at_its_cell(city):
    data = xlsx_of(["名称", "法人番号"], ["みなと株式会社", "4.01101E+12"], ["はま株式会社", 4011010000000])
    report = examine(Kind.ORGANISATIONS, data, "a.xlsx", city)
    assert [(p.sheet, p.cell) for p in report.errors] == [("一覧", "B2"), ("一覧", "B3")]
    assert "指数表示" in report.errors[0].message
    assert "0に丸めた" in report.errors[1].message


def test_organisation_same_number_or_spelling_in_the_file_is_a_duplicate(city):
    data = csv_of(
        ["名称", "法人番号"],
        ["株式会社みなと", NUMBER],
        ["みなと商事株式会社", NUMBER],
        ["㈱みなと", ""],
        ["株式会社　ミナト", ""],
    )
    report = examine(Kind.ORGANISATIONS, data, "a.csv", city)
    assert results(report) == ["imported", "duplicate", "duplicate", "imported"]
    assert [d["cell"] for d in report.as_json()["duplicates"]] == ["B3", "A4"]


def test_organisation_same_name_with_another_number_is_another_one(city):
    data = csv_of(["名称", "法人番号"], ["株式会社みなと", NUMBER], ["株式会社みなと", OTHER_NUMBER])
    assert results(examine(Kind.ORGANISATIONS, data, "a.csv", city)) == ["imported", "imported"]


def test_organisation_known_elsewhere_joins_and_a_member_is_a_duplicate(city):
    known = make_organisation("株式会社みなと", corporate_number=NUMBER)
    member = make_member(city, make_organisation("株式会社はま")).organisation
    data = csv_of(["名称", "法人番号"], ["(株)みなと", NUMBER], ["株式会社はま", ""], ["みなと", NUMBER])
    report = examine(Kind.ORGANISATIONS, data, "a.csv", city)
    assert results(report) == ["imported", "duplicate", "duplicate"]
    assert report.lines[0].values["existing"] == known.pk
    assert report.lines[1].of == member.name
    without = examine(Kind.ORGANISATIONS, data, "a.csv", city, options=Options(members=False))
    assert results(without) == ["duplicate"] * 3


def test_organisation_that_left_is_not_brought_back_by_a_table(city):
    make_member(city, make_organisation("株式会社みなと"), state="left", left_on=clock.today())
    report = examine(Kind.ORGANISATIONS, csv_of(["名称", "住所"], ["株式会社みなと", "a"]), "a.csv", city)
    assert results(report) == ["duplicate"]


def test_organisation_near_name_is_told_and_comes_in(city):
    make_organisation("株式会社みなと")
    report = examine(Kind.ORGANISATIONS, csv_of(["名称", "住所"], ["NPO法人みなと", "港町"]), "a.csv", city)
    assert results(report) == ["imported"]
    assert "名前が似ています" in told(report, "warning")[0][1]


def test_organisation_future_day_and_bad_address_of_a_site_are_errors(city):
    data = csv_of(
        ["名称", "入会日", "URL"], ["みなと株式会社", "2999/1/1", "ht!tp"], ["はま株式会社", "", "example.jp"]
    )
    report = examine(Kind.ORGANISATIONS, data, "a.csv", city)
    assert sorted(cell for cell, _ in told(report)) == ["B2", "C2"]
    assert report.lines[1].values["url"] == "https://example.jp"


# --- proposals -----------------------------------------------------------------------------------------------------


def test_proposal_finds_its_organisation_and_challenge(city):
    challenge = make_challenge(city, title="海ごみを減らしたい")
    organisation = make_organisation("株式会社みなと")
    data = csv_of(
        ["提案者", "提案名", "内容", "課題名", "受付日"],
        ["㈱みなと", "分別の日", "年4回", "海ごみを減らしたい", "R6.9.2"],
        ["新しい団体合同会社", "別の案", "月1回", challenge.ref, ""],
    )
    report = examine(Kind.PROPOSALS, data, "a.csv", city)
    assert report.ok
    first, second = (line.values for line in report.lines)
    assert (first["organisation"], first["track"], first["challenge"]) == (
        organisation.pk,
        "challenge",
        challenge.pk,
    )
    assert first["submitted_on"] == date(2024, 9, 2)
    assert second["organisation"] is None
    assert second["new"]["kind"] == "company"
    assert second["challenge"] == challenge.pk


def test_proposal_same_organisation_and_title_is_a_duplicate(city):
    proposal = make_proposal(city, title="分別の日")
    data = csv_of(
        ["提案者", "提案名", "内容"],
        [proposal.organisation.name, "分別の日", "a"],
        ["はま株式会社", "分別の日", "b"],
        ["はま㈱", "分別の 日", "c"],
    )
    assert results(examine(Kind.PROPOSALS, data, "a.csv", city)) == ["duplicate", "imported", "duplicate"]


def test_proposal_unknown_challenge_or_track_is_an_error(city):
    data = csv_of(
        ["提案者", "提案名", "内容", "類型", "課題名"],
        ["みなと株式会社", "一", "a", "課題解決型", ""],
        ["みなと株式会社", "二", "a", "なぞ型", ""],
        ["みなと株式会社", "三", "a", "課題解決型", "ない課題"],
    )
    assert [cell for cell, _ in told(examine(Kind.PROPOSALS, data, "a.csv", city))] == ["E2", "D3", "E4"]


# --- every kind ----------------------------------------------------------------------------------------------------


def test_rows_that_are_no_data_are_left_out_and_told(city):
    data = csv_of(
        ["課題名", "内容"],
        ["記入例:海岸清掃", "例"],
        ["海ごみ", "a"],
        ["課題名", "内容"],
        ["合計", "1件"],
    )
    report = examine(Kind.CHALLENGES, data, "a.csv", city)
    assert results(report) == ["left_out", "imported", "left_out", "left_out"]
    assert [cell for cell, _ in told(report, "warning") if cell] == ["A2", "A3", "A4", "A5"]


def test_own_municipality_is_no_other_one(city):
    own = csv_of(
        ["課題名", "自治体コード"], ["海ごみ", "13221"], ["川ごみ", "132217"], ["山ごみ", "１３２２１７"]
    )
    assert not [
        m for _, m in told(examine(Kind.CHALLENGES, own, "a.csv", city), "warning") if "別の自治体" in m
    ]


def test_a_person_puts_the_columns_right(city):
    data = csv_of(["甲", "乙"], ["内容です", "題名です"])
    refused = examine(Kind.CHALLENGES, data, "a.csv", city)
    assert (refused.ok, refused.count("held")) == (False, 1)
    report = examine(Kind.CHALLENGES, data, "a.csv", city, mapping={"CSV": {"A": "problem", "B": "title"}})
    assert report.ok
    assert (report.lines[0].title, report.lines[0].values["problem"]) == ("題名です", "内容です")


def test_one_field_for_two_columns_is_refused(city):
    data = csv_of(["課題名", "乙"], ["a", "b"])
    report = examine(Kind.CHALLENGES, data, "a.csv", city, mapping={"CSV": {"A": "title", "B": "title"}})
    assert [cell for cell, _ in told(report)] == ["B1"]


def test_unknown_sheet_and_no_table_are_refused_in_words(city):
    with pytest.raises(Refused, match="このファイルのシート: 一覧"):
        examine(
            Kind.CHALLENGES,
            xlsx_of(["課題名", "内容"], ["a", "b"]),
            "a.xlsx",
            city,
            options=Options(sheet="x"),
        )
    for data in (b"", b"\x00\x01\x02\xff" * 50, b"%PDF-1.7"):
        with pytest.raises(Refused, match="「a.csv」"):
            examine(Kind.CHALLENGES, data, "a.csv", city)


def test_header_without_rows_is_an_error(city):
    report = examine(Kind.CHALLENGES, csv_of(["課題名", "内容"]), "a.csv", city)
    assert (report.ok, len(report.lines)) == (False, 0)


CELL = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "海ごみ",
            "合計",
            "※注",
            "令和6年4月1日",
            "4.01E+12",
            NUMBER,
            "㈱みなと",
            "株式会社みなと",
            "課題解決型",
            "-",
            "あ" * 130,
        ]
    ),
    st.integers(-5, 10**14),
    st.dates(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(Kind.values), rows=st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=12))
def test_rows_in_are_rows_imported_and_rows_reported_whatever_the_table(city, kind, rows):
    header = {
        Kind.CHALLENGES: ["課題名", "内容", "締切", "SDGs"],
        Kind.ORGANISATIONS: ["名称", "法人番号", "入会日", "URL"],
        Kind.PROPOSALS: ["提案者", "提案名", "内容", "受付日"],
        Kind.CONTRIBUTIONS: ["拠出者", "金額", "使いみち", "受領日"],
    }[kind]
    if kind == Kind.CONTRIBUTIONS and not city.funds.exists():
        make_fund(city)
    report = examine(kind, xlsx_of(header, *rows), "a.xlsx", city)
    found = report.as_json()
    filled = sum(len(sheet.table.rows) for sheet in report.sheets)
    assert found["rows_in"] == filled == found["rows_imported"] + found["rows_reported"]
    assert found["rows_in"] == sum(found["counts"].values()) == len(found["rows"])
    told_rows = {(p["sheet"], p["row"]) for p in found["problems"]}
    for row in found["rows"]:
        if row["result"] in ("duplicate", "error", "left_out"):
            assert (row["sheet"], row["row"]) in told_rows
    if not found["ok"]:
        assert found["rows_imported"] == 0
