"""The tables that municipalities really have. They lie beside the checkout; where they are absent, nothing is checked."""

from collections import Counter

import pytest

from musubi.challenges.models import Challenge
from musubi.imports.actions import carry_out, preview
from musubi.imports.rules import Options, examine
from musubi.lib.errors import Refused
from musubi.people.models import Member, Organisation
from tests.factories.people import make_department, make_municipality, make_staff
from tests.lib.shared_data import shared

pytestmark = pytest.mark.django_db


def look(kind, name, city=None, **more):
    path = shared(name)
    return examine(kind, path.read_bytes(), path.name, city or make_municipality(), **more)


def taken_for(report):
    return {one.column.name: one.field for one in report.sheets[0].guesses if one.field}


def test_needs_come_in_as_drafts_of_their_departments_or_the_desk():
    city = make_municipality()
    desk = make_staff(city, "desk")
    section = make_department(city, "環境政策課")
    path = shared("needs/municipal_needs_shared.csv")
    run = preview("challenges", path.read_bytes(), path.name, city, by=desk)
    assert run.report["ok"]
    assert run.report["rows_in"] == 35
    carry_out(run, by=desk)
    assert run.report["rows_imported"] == 35
    assert Challenge.objects.filter(municipality=city, state="draft").count() == 35
    assert Challenge.objects.exclude(problem="").count() == 12
    assert [c.title for c in Challenge.objects.filter(department=section)] != []
    (with_goal,) = Challenge.objects.filter(goals__isnull=False)
    assert [goal.number for goal in with_goal.goals.all()] == [9]
    unknown = [p for p in run.report["problems"] if "登録されていません" in p["message"]]
    assert {p["level"] for p in run.report["problems"]} == {"warning"}
    assert all(p["cell"].startswith("F") for p in unknown)


def test_needs_of_other_municipalities_are_told_once():
    report = look("challenges", "needs/municipal_needs_shared.csv")
    told = [p for p in report.problems if "別の自治体" in p.message]
    assert [(p.sheet, p.cell, p.level) for p in told] == [("CSV", "E2", "warning")]


def test_needs_with_strict_departments_are_refused_cell_by_cell():
    report = look("challenges", "needs/municipal_needs_shared.csv", options=Options(strict=True))
    assert len(report.errors) == 35
    assert {p.cell[0] for p in report.errors} == {"F"}


def test_members_come_in_with_their_numbers():
    city = make_municipality()
    desk = make_staff(city, "desk")
    path = shared("members/organisations_shinagawa_shared.csv")
    run = preview("organisations", path.read_bytes(), path.name, city, by=desk)
    carry_out(run, by=desk)
    report = run.report
    assert report["rows_in"] == 195
    assert report["rows_imported"] + report["rows_reported"] == 195
    assert report["rows_imported"] == Organisation.objects.count() == Member.objects.count()
    assert taken_for(look("organisations", "members/organisations_shinagawa_shared.csv")) == {
        "法人番号": "corporate_number",
        "名称": "name",
        "名称カナ": "name_kana",
        "名称英字": "name_en",
        "所在地": "address",
        "業種": "industry",
    }
    first = Organisation.objects.get(corporate_number="7010701011370")
    assert (first.name, first.kind, first.description) == (
        "三井金属鉱業株式会社",
        "company",
        "業種: 非鉄金属",
    )


def test_members_a_second_time_are_all_duplicates():
    city = make_municipality()
    desk = make_staff(city, "desk")
    path = shared("members/organisations_shinagawa_shared.csv")
    carry_out(preview("organisations", path.read_bytes(), path.name, city, by=desk), by=desk)
    known = Organisation.objects.count()
    again = preview("organisations", path.read_bytes(), path.name, city, by=desk)
    assert again.report["counts"]["duplicate"] == 195
    assert "取り込み済み" in again.report["problems"][0]["message"]
    with pytest.raises(Refused, match="新しく取り込む行がありません"):
        carry_out(again, by=desk)
    assert Organisation.objects.count() == known


def test_subsidies_with_a_merged_header_make_sense_as_organisations():
    report = look("organisations", "importer/jp_subsidies_h30_merged_header.xlsx")
    (sheet,) = report.sheets
    assert sheet.table.header_rows == (3, 4)
    assert taken_for(report) == {"補助金交付先名": "name", "法人番号": "corporate_number"}
    results = Counter(line.result.value for line in report.lines)
    assert results == {"imported": 172, "duplicate": 228, "left_out": 5}
    # Below the table stand a note and the lists that its drop-down cells choose from.
    assert [line.row for line in report.lines if line.result == "left_out"] == [405, 411, 412, 413, 414]
    assert report.ok


def test_events_show_the_cells_whose_numbers_a_spreadsheet_damaged():
    report = look("organisations", "importer/yaizu_event_standard_dataset_cp932.csv")
    damaged = [p for p in report.errors if "指数表示" in p.message]
    assert [p.cell for p in damaged] == [f"B{n}" for n in range(2, 18)]
    assert report.count("imported") == 0
    assert report.count("error") == 16


def test_events_in_cp932_and_utf8_are_one_table():
    city, twins = make_municipality(), []
    for name in ("cp932", "utf8"):
        report = look("organisations", f"importer/yaizu_event_standard_dataset_{name}.csv", city).as_json()
        report.pop("file")
        twins.append(report)
    assert twins[0] == twins[1]


def test_municipalities_are_no_organisations_and_say_which_column_is_missing():
    report = look("organisations", "importer/municipalities_2017_cp932.csv")
    missing = [p for p in report.errors if "「団体名」の列が見つかりません" in p.message]
    assert [(p.sheet, p.cell) for p in missing] == [("CSV", "A1")]
    found = report.as_json()
    assert (found["rows_in"], found["rows_imported"], found["rows_reported"]) == (1916, 0, 1916)


def test_municipalities_come_in_once_a_person_names_the_column():
    mapping = {"CSV": {"D": "name"}}
    report = look("organisations", "importer/municipalities_2017_cp932.csv", mapping=mapping)
    assert taken_for(report)["city"] == "name"
    assert report.ok
    assert report.count("imported") + report.count("duplicate") == 1916
