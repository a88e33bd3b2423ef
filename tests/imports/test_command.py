import json

import pytest
from django.core.management import call_command

from musubi.challenges.models import Challenge
from musubi.imports.models import Run
from musubi.people.models import Organisation
from tests.factories.people import make_department, make_municipality, make_staff
from tests.imports.tables import csv_of, xlsx_of

pytestmark = pytest.mark.django_db
NUMBER = "7010701011370"


@pytest.fixture
def city():
    city = make_municipality("minato")
    make_staff(city, "desk", email="desk@example.jp")
    return city


@pytest.fixture
def run(capsys):
    """Runs the command: (exit code, standard output, standard error)."""

    def run(*args):
        code = 0
        try:
            call_command("import", *map(str, args))
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def file(tmp_path):
    def file(data: bytes, name: str = "表.csv"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return file


def test_import_reports_in_japanese_and_imports(city, run, file):
    path = file(csv_of(["課題名", "内容"], ["海ごみ", "困っている"]))
    code, out, _ = run("challenges", path, "--city", "minato")
    assert code == 0
    assert "A 課題名 → 課題名 (見出しが「課題名」と同じ)" in out
    assert "表の行 1 = 取り込み 1 + 報告 0" in out
    assert Challenge.objects.get().owner.email == "desk@example.jp"


def test_dry_run_registers_nothing(city, run, file):
    path = file(csv_of(["課題名", "内容"], ["海ごみ", "困っている"]))
    code, out, _ = run("challenges", path, "--city", "minato", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["imported"], found["rows_in"], found["rows_imported"], found["rows_reported"]) == (
        False,
        1,
        1,
        0,
    )
    assert found["sheets"][0]["columns"][0]["field"] == "title"
    assert (Challenge.objects.count(), Run.objects.count()) == (0, 0)


def test_json_is_one_object(city, run, file):
    data = xlsx_of(["名称", "法人番号"], ["みなと株式会社", NUMBER], ["㈱みなと", ""], ["みなと㈱", NUMBER])
    code, out, err = run("organisations", file(data, "a.xlsx"), "--city", city.code, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["kind"], found["file"], found["imported"]) == ("organisations", "a.xlsx", True)
    assert (found["rows_in"], found["rows_imported"], found["rows_reported"]) == (3, 1, 2)
    assert [(d["sheet"], d["cell"]) for d in found["duplicates"]] == [("一覧", "A3"), ("一覧", "B4")]
    assert Organisation.objects.count() == 1


def test_an_error_refuses_the_whole_with_exit_code_1(city, run, file):
    path = file(csv_of(["名称", "法人番号"], ["みなと株式会社", NUMBER], ["はま合同会社", "1.00E+12"]))
    for more in (["--dry-run"], []):
        code, out, _ = run("organisations", path, "--city", "minato", "--json", *more)
        found = json.loads(out)
        assert code == 1
        assert (found["imported"], found["rows_imported"], found["rows_reported"]) == (False, 0, 2)
        assert [(p["sheet"], p["cell"]) for p in found["problems"] if p["level"] == "error"] == [
            ("CSV", "B3")
        ]
    assert Organisation.objects.count() == 0


def test_a_second_time_nothing_is_new_and_nothing_is_wrong(city, run, file):
    path = file(csv_of(["課題名", "内容"], ["海ごみ", "困っている"]))
    run("challenges", path, "--city", "minato")
    code, out, _ = run("challenges", path, "--city", "minato")
    assert code == 0
    assert "新しく取り込む行はありません" in out
    assert Challenge.objects.count() == 1


def test_columns_department_state_and_person_are_chosen(city, run, file):
    section = make_department(city, "環境課")
    make_staff(city, "desk", email="second@example.jp")
    path = file(csv_of(["甲", "乙", "目指す姿"], ["困っている", "海ごみ", "半分"]))
    code, _, err = run(
        "challenges", path, "--city", "minato", "--map", "B=課題名", "--map", "a=problem", "--department", "環境課",
        "--state", "checking", "--by", "Second@example.jp",
    )  # fmt: skip
    assert (code, err) == (0, "")
    challenge = Challenge.objects.get()
    assert (challenge.title, challenge.problem, challenge.department) == ("海ごみ", "困っている", section)
    assert (challenge.state, challenge.owner.email) == ("checking", "second@example.jp")


def test_a_city_without_a_desk_officer_is_told_what_to_do(run, file):
    make_municipality("minato")
    path = file(csv_of(["課題名", "内容"], ["海ごみ", "困っている"]))
    code, out, _ = run("challenges", path, "--city", "minato", "--json")
    found = json.loads(out)
    assert code == 1
    assert "--by" in found["problems"][0]["message"]
    assert (found["rows_in"], found["rows_imported"], found["rows_reported"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["なぞ", "{file}", "--city", "minato"], 2, "取り込む種類「なぞ」はありません"),
        (["challenges", "{file}", "--city", "ない市"], 2, "自治体「ない市」は登録されていません"),
        (["challenges", "{dir}/ない.csv", "--city", "minato"], 2, "が見つかりません"),
        (["challenges", "{dir}", "--city", "minato"], 2, "フォルダーです"),
        (["challenges", "{file}", "--city", "minato", "--department", "なぞ課"], 2, "部署「なぞ課」は"),
        (["challenges", "{file}", "--city", "minato", "--by", "nobody@example.jp"], 2, "登録されていません"),
        (["challenges", "{file}", "--city", "minato", "--by", "officer@example.jp"], 2, "権限がありません"),
        (["challenges", "{file}", "--city", "minato", "--map", "B:title"], 2, "B=title"),
        (["challenges", "{file}", "--city", "minato", "--sheet", "なぞ"], 1, "というシートはありません"),
        (["organisations", "{file}", "--city", "minato", "--joined-on", "きのう"], 2, "日付として読めません"),
        (["challenges", "{empty}", "--city", "minato"], 1, "ファイルが空です"),
        (["challenges", "{noise}", "--city", "minato"], 1, "noise.xlsx"),
    ],
)
def test_bad_input_is_answered_in_words(city, run, file, tmp_path, args, code, words):
    make_staff(city, "officer", email="officer@example.jp")
    places = {
        "file": file(csv_of(["課題名", "内容"], ["海ごみ", "困っている"])),
        "dir": tmp_path,
        "empty": file(b"", "empty.csv"),
        "noise": file(bytes(range(256)) * 9, "noise.xlsx"),
    }
    args = [arg.format(**places) for arg in args]
    got, out, err = run(*args)
    assert (got, out) == (code, "")
    assert words in err
    got, out, err = run(*args, "--json")
    found = json.loads(out)
    assert (got, err, found["imported"]) == (code, "", False)
    assert words in found["problems"][0]["message"]
