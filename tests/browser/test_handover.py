"""Somebody leaves: what they carry is a book on paper, goes to a successor, and only then does the role end."""

from io import BytesIO

import pytest
from docx import Document
from playwright.sync_api import expect
from pypdf import PdfReader

from musubi.cases import actions as cases
from musubi.cases.models import Case
from musubi.people.models import Staff
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_organisation, make_staff

TITLES = ("海岸ごみの分別を助ける画像判定", "空きびんを集める移動回収車", "小学校の海の教室")
NOTE = "課長の内諾は得ている。"
REASON = "4月1日付の人事異動のため"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def department(city):
    return make_department(city, "環境課", duties="海岸清掃、ごみの分別、廃棄物")


@pytest.fixture
def manager(city, department):
    return make_staff(city, "manager", department, name="海野 長")


@pytest.fixture
def leaver(city, department):
    return make_staff(city, "officer", department, name="青木 海")


@pytest.fixture
def successor(city, department):
    return make_staff(city, "officer", department, name="森 和子")


@pytest.fixture
def administrator(city):
    return make_staff(city, "administrator", name="高波 治")


@pytest.fixture
def carried(city, leaver):
    company = make_organisation("みなと環境見本株式会社")
    rows = [make_contact(city, company, officer=leaver, title=title) for title in TITLES]
    cases.note(rows[0], by=leaver, body=NOTE)
    return rows


def words_of(path: str, content: bytes) -> str:
    if path.endswith(".pdf"):
        return "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).replace("\n", "")
    document = Document(BytesIO(content))
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    return "".join(part.text for part in [*document.paragraphs, *(p for c in cells for p in c.paragraphs)])


def test_leaver_hands_over_on_paper_and_in_the_record_before_the_role_ends(
    walker, tmp_path, city, manager, leaver, successor, administrator, carried
):
    # The role cannot end while cases are carried; the refusal leads to the page where they are given away.
    ends = walker(administrator).go("/nagihama/staff/settings/people/")
    ends.press(f"役割を終える : {leaver.name} 部署の職員")
    ends.sees(f"{leaver.name}さんには、", "3件", "先に引継ぎの画面で、後任の人に引き継いでください。")
    ends.follow("引継ぎの画面を開く").sees("案件の中身と引継書は見られません", carried[0].ref)
    ends.misses(*TITLES, NOTE)
    assert Staff.objects.get(user=leaver).ended_at is None

    # The manager finds who carries what.
    walk = walker(manager, width=360).go("/nagihama/staff/handover/")
    walk.follow(leaver.name).sees("3件", *TITLES, "環境課")

    # The book, on paper and to be edited, says who it is for.
    walk.fill("宛て先(表紙に載ります) 任意", "後任 森 和子さん")
    for name in ("PDF", "Word"):
        with walk.page.expect_download() as download:
            walk.button(name).click()
        file = download.value.suggested_filename
        download.value.save_as(tmp_path / file)
        found = words_of(file, (tmp_path / file).read_bytes())
        wanted = [leaver.name, "後任 森 和子さん", *TITLES, *(case.ref for case in carried)]
        assert [word for word in wanted if word.replace(" ", "") not in found.replace(" ", "")] == [], file
    walk.press("画面で見る").sees("後任 森 和子さん", "目次", *TITLES, NOTE)

    # Two of the three go to the successor; without a reason nothing moves, and the ticks stay.
    here = f"/nagihama/staff/handover/people/{leaver.pk}/"
    walk.go(here).page.get_by_role("checkbox", name=carried[2].ref).uncheck()
    walk.choose("後任", successor.name)
    walk.press("選んだ案件を引き継ぐ", status=422).sees("引き継ぐ理由(異動・退職など)を書いてください。")
    expect(walk.page.get_by_role("checkbox", name=carried[2].ref)).not_to_be_checked()
    expect(walk.field("後任").locator("option:checked")).to_have_text(successor.name)
    walk.fill("理由", REASON).press("選んだ案件を引き継ぐ")
    walk.sees(f"2件を{successor.name}さんに引き継ぎました。", "1件", TITLES[2])
    owners = dict(Case.objects.values_list("title", "owner__name"))
    assert owners == dict(zip(TITLES, [successor.name, successor.name, leaver.name], strict=True))

    # One is left: the role still does not end. Then it is given away too, and it does.
    ends.go("/nagihama/staff/settings/people/").press(f"役割を終える : {leaver.name} 部署の職員")
    ends.sees("1件", "引継ぎの画面を開く")
    walk.choose("後任", successor.name).fill("理由", REASON).press("選んだ案件を引き継ぐ")
    walk.sees("引き継ぐ案件はありません", "役割を終えることができます。")
    ends.go("/nagihama/staff/settings/people/").press(f"役割を終える : {leaver.name} 部署の職員")
    ends.sees("役割を終えました。")
    assert Staff.objects.get(user=leaver).ended_at is not None

    # The successor has them, with the whole record.
    theirs = walker(successor).go(f"/nagihama/staff/cases/{carried[0].ref}/")
    theirs.sees(NOTE, REASON, successor.name)
