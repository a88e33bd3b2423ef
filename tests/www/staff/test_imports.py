import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.challenges.models import Challenge
from musubi.imports.actions import preview
from musubi.imports.columns import headings
from musubi.imports.models import Run
from musubi.imports.rules import examine
from musubi.imports.states import Kind
from musubi.people.models import Member
from tests.factories.people import make_department, make_municipality, make_representative, make_staff
from tests.imports.tables import csv_of, xlsx_of

pytestmark = pytest.mark.django_db
START = "/minato/staff/import/"
CHALLENGES = csv_of(["課題名", "内容"], ["海ごみ", "困っている"], ["川ごみ", "困っている"])


@pytest.fixture
def city():
    return make_municipality("minato")


@pytest.fixture
def desk(city, client):
    person = make_staff(city, "desk")
    client.force_login(person)
    return person


def upload(client, data, kind="challenges", name="表.csv"):
    return client.post(START, {"kind": kind, "file": SimpleUploadedFile(name, data)})


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def sent(response) -> dict:
    """What the preview's form would send, untouched."""
    html = response.content.decode()
    found = {}
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    for tag in re.findall(r"<input [^>]*checked[^>]*>", html):
        found[re.search(r'name="([^"]+)"', tag)[1]] = (re.search(r'value="([^"]+)"', tag) or [0, "on"])[1]
    return found


def test_upload_leads_to_the_preview_and_registers_nothing(client, city, desk):
    response = upload(client, CHALLENGES)
    run = Run.objects.get()
    assert response.headers["Location"] == f"{START}{run.pk}/"
    page = text(client.get(response.headers["Location"]))
    assert "2行を取り込めます" in page
    assert "表の行 2 = 取り込み 2 + 報告 0" in page
    assert "見出しが「課題名」と同じ" in page
    assert Challenge.objects.count() == 0


def test_import_brings_every_row_in_and_shows_the_result(client, city, desk):
    here = upload(client, CHALLENGES).headers["Location"]
    response = client.post(here, sent(client.get(here)) | {"step": "import"}, follow=True)
    assert "2行を取り込みました" in text(response)
    assert list(Challenge.objects.order_by("id").values_list("title", flat=True)) == ["海ごみ", "川ごみ"]
    again = client.post(here, sent(response) | {"step": "import", "state": "draft"}, follow=True)
    assert again.status_code == 200
    assert Challenge.objects.count() == 2


def test_columns_changed_since_the_preview_are_shown_before_they_are_imported(client, city, desk):
    here = upload(client, csv_of(["課題名", "内容"], ["題", "文"])).headers["Location"]
    form = sent(client.get(here)) | {"map-0-A": "problem", "map-0-B": "title"}
    response = client.post(here, form | {"step": "import"}, follow=True)
    assert Challenge.objects.count() == 0
    assert "もう一度「取り込む」を押してください" in text(response)
    client.post(here, sent(response) | {"step": "import"})
    challenge = Challenge.objects.get()
    assert (challenge.title, challenge.problem) == ("文", "題")


def test_options_changed_since_the_preview_are_shown_before_they_are_imported(client, city, desk):
    section = make_department(city, "環境課")
    here = upload(client, CHALLENGES).headers["Location"]
    form = sent(client.get(here)) | {"department": section.pk}
    response = client.post(here, form | {"step": "import"}, follow=True)
    assert Challenge.objects.count() == 0
    client.post(here, sent(response) | {"step": "import"})
    assert {row.department for row in Challenge.objects.all()} == {section}


def test_errors_name_their_cells_and_leave_no_button_to_import(client, city, desk):
    data = xlsx_of(["名称", "法人番号"], ["みなと株式会社", "1.00E+12"], ["はま株式会社", ""])
    response = client.get(upload(client, data, "organisations", "表.xlsx").headers["Location"])
    page = text(response)
    assert "エラーが1件あるため、まだ取り込めません" in page
    assert "一覧 B2" in page
    assert 'value="import"' not in response.content.decode()
    forced = client.post(response.request["PATH_INFO"], sent(response) | {"step": "import"}, follow=True)
    assert "1行も取り込んでいません" in text(forced)
    assert Member.objects.count() == 0


def test_leaving_the_bad_column_out_lets_the_table_in(client, city, desk):
    data = csv_of(["名称", "法人番号"], ["みなと株式会社", "1.00E+12"])
    here = upload(client, data, "organisations").headers["Location"]
    form = sent(client.get(here)) | {"map-0-B": ""}
    checked = client.post(here, form | {"step": "check"}, follow=True)
    assert "1行を取り込めます" in text(checked)
    client.post(here, sent(checked) | {"step": "import"})
    assert Member.objects.get(municipality=city).state == "active"


def test_same_problems_are_shown_once_with_their_cells(client, city, desk):
    data = csv_of(["課題名", "担当課"], *[[f"課題{n}", "なぞ課"] for n in range(12)])
    page = text(client.get(upload(client, data).headers["Location"]))
    assert "B2、B3、B4、B5、B6、B7、B8、B9 ほか4件" in page
    assert page.count("担当課「なぞ課」は登録されていません") == 1


def test_abandon_gives_the_import_up(client, city, desk):
    here = upload(client, CHALLENGES).headers["Location"]
    client.post(here, {"step": "abandon"})
    assert Run.objects.get().state == "abandoned"
    assert "取り込みをやめました" in text(client.get(here))
    assert Challenge.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "選んだファイルは空です"),
        (b"%PDF-1.7 x", "PDFは表として読めません"),
        (b"PK\x03\x04" + b"\x00" * 99, "Excelのブックとして読めません"),
    ],
)
def test_a_file_that_is_no_table_is_answered_on_the_form(client, city, desk, data, words):
    response = upload(client, data)
    assert response.status_code == 422
    assert words in text(response)
    assert Run.objects.count() == 0


def test_no_file_is_answered_on_the_form(client, city, desk):
    response = client.post(START, {"kind": "challenges"})
    assert (response.status_code, "ファイルを選んでください" in text(response)) == (422, True)


def test_rows_download_holds_every_row_and_problem(client, city, desk):
    here = upload(client, csv_of(["課題名", "SDGs"], ["海ごみ", "18"], ["海ごみ", ""])).headers["Location"]
    lines = client.get(f"{here}rows.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "シート,行,結果,名前,番号,問題"
    assert [line.split(",")[1:4] for line in lines[1:]] == [
        ["2", "取り込み", "海ごみ"],
        ["3", "重複", "海ごみ"],
    ]
    assert "B2 SDGsゴール" in lines[1]


@pytest.mark.parametrize("kind", Kind.values)
def test_template_is_understood_and_its_example_is_no_data(client, city, desk, kind):
    data = client.get(f"{START}template/{kind}.xlsx").content
    report = examine(kind, data, "a.xlsx", city)
    assert [one.field for one in report.sheets[0].guesses] == [slot.name for slot in headings(kind)]
    assert [line.result for line in report.lines] == ["left_out", "left_out"]


def test_template_of_an_unknown_kind_is_not_found(client, city, desk):
    assert client.get(f"{START}template/nazo.xlsx").status_code == 404


def test_earlier_imports_are_listed_in_a_constant_number_of_statements(
    client, city, desk, django_assert_max_num_queries
):
    for _ in range(3):
        preview("challenges", CHALLENGES, "表.csv", city, by=desk)
    client.get(START)
    with django_assert_max_num_queries(9):
        page = text(client.get(START))
    assert page.count("表.csv") == 3


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_others_of_the_municipality_may_not_import(client, city, role):
    run = preview("challenges", CHALLENGES, "表.csv", city, by=None)
    client.force_login(make_staff(city, role))
    for address in (
        START,
        f"{START}{run.pk}/",
        f"{START}{run.pk}/rows.csv",
        f"{START}template/challenges.xlsx",
    ):
        assert client.get(address).status_code == 403
    assert client.post(f"{START}{run.pk}/", {"step": "import"}).status_code == 403


def test_representatives_and_strangers_may_not_import(client, city):
    assert client.get(START).status_code == 302
    client.force_login(make_representative())
    assert client.get(START).status_code == 403


def test_a_run_of_another_municipality_is_not_found(client, city, desk):
    run = preview("challenges", CHALLENGES, "表.csv", make_municipality(), by=None)
    assert client.get(f"{START}{run.pk}/").status_code == 404
