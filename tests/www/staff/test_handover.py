"""The hand-over pages: who sees whose, the book on the screen and on paper, giving cases away."""

from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from docx import Document
from pypdf import PdfReader

from musubi.cases import actions as case_actions
from musubi.cases.models import Case
from musubi.people.models import Staff, User
from tests.factories.cases import make_contact
from tests.factories.people import make_staff, make_user
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(town):
    return contact(town, "海岸ごみの分別を助ける画像判定")


def contact(town, title="相談"):
    return make_contact(town.city, town.organisation, officer=town.officer, title=title)


def home(town, person=None) -> str:
    return f"/nagisa/staff/handover/people/{(person or town.officer).pk}/"


def test_index_lists_who_carries_most_first(town, case):
    contact(town)
    page = text(town.at("desk").get("/nagisa/staff/handover/"))
    assert page.index("森 和子") < page.index("林 一郎")
    assert "環境課" in page
    assert "水産課" in page


def test_index_of_an_officer_names_only_that_officer(town, case):
    page = text(town.at("officer").get("/nagisa/staff/handover/"))
    assert "森 和子" in page
    assert "林 一郎" not in page
    assert "staff/handover/departments/" not in page


def test_index_of_a_manager_names_the_own_department(town, case):
    page = text(town.at("manager").get("/nagisa/staff/handover/"))
    assert "森 和子" in page
    assert "浜 二郎" not in page


def test_index_shows_who_has_left_and_still_owns_cases(town, case):
    Staff.objects.filter(user=town.officer).delete()
    assert "役割なし(後任が必要)" in text(town.at("desk").get("/nagisa/staff/handover/"))


def test_index_costs_the_same_for_many(town, case):
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert town.at("desk").get("/nagisa/staff/handover/").status_code == 200
        return len(seen)

    statements()  # the first request also asks who this is
    few = statements()
    for _ in range(8):
        make_staff(town.city, "officer", town.sea)
        contact(town)
    assert statements() == few


def test_person_page_costs_the_same_for_many(town, case):
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert town.at("desk").get(home(town)).status_code == 200
        return len(seen)

    statements()  # the first request also asks who this is
    few = statements()
    for _ in range(8):
        make_staff(town.city, "officer", town.env)
        contact(town)
    assert statements() == few


def test_book_costs_the_same_for_many(town, case):
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert town.at("desk").get(home(town) + "book/").status_code == 200
        return len(seen)

    statements()  # the first request also asks who this is
    few = statements()
    for _ in range(8):
        contact(town)
    assert statements() == few


# --- giving cases away -------------------------------------------------------------------------------------------


def test_reassign_gives_the_ticked_cases_to_one(town, case):
    kept = contact(town, "のこす案件")
    answer = town.at("manager").post(
        home(town), {"cases": [case.pk], "successor": town.manager.pk, "reason": "4月の異動"}
    )
    assert (answer.status_code, answer["Location"]) == (302, home(town))
    assert Case.objects.get(pk=case.pk).owner == town.manager
    assert Case.objects.get(pk=kept.pk).owner == town.officer
    assert "1件を林 一郎さんに引き継ぎました。" in text(town.at("manager").get(home(town)))


def test_reassign_gives_single_cases_to_others(town, case):
    second = contact(town)
    aide = make_staff(town.city, "officer", town.env)
    town.at("desk").post(
        home(town),
        {
            "cases": [case.pk, second.pk],
            "successor": town.manager.pk,
            f"to_{second.pk}": aide.pk,
            "reason": "異動",
        },
    )
    assert Case.objects.get(pk=case.pk).owner == town.manager
    assert Case.objects.get(pk=second.pk).owner == aide


def test_reassign_that_is_refused_keeps_what_was_typed(town, case):
    answer = town.at("desk").post(
        home(town), {"cases": [case.pk], "successor": town.other.pk, "reason": "ほかの課へ"}
    )
    assert answer.status_code == 422
    page = text(answer)
    assert f"浜 二郎さんは、{case.ref}に関係する部署の職員ではない" in page
    assert 'value="ほかの課へ"' in page
    assert f'value="{case.pk}" checked' in page
    assert Case.objects.get(pk=case.pk).owner == town.officer


def test_reassign_without_cases_reason_or_successor_says_what_is_missing(town, case):
    page = text(town.at("desk").post(home(town), {}))
    assert "引き継ぐ案件を一つ以上選んでください。" in page
    assert "引き継ぐ理由" in page
    page = text(town.at("desk").post(home(town), {"cases": [case.pk], "reason": "異動"}))
    assert "後任を選んでください。" in page


def test_reassign_of_a_case_somebody_else_gave_away_meanwhile(town, case):
    second = contact(town)
    case_actions.change_owner(case, town.manager, by=town.desk)
    answer = town.at("desk").post(
        home(town), {"cases": [case.pk, second.pk], "successor": town.manager.pk, "reason": "異動"}
    )
    assert answer.status_code == 422
    assert "すでに担当者が変わったか、終わった案件が選ばれています。" in text(answer)
    assert Case.objects.get(pk=second.pk).owner == town.officer


def test_reassign_when_nothing_is_left(town, case):
    case_actions.change_owner(case, town.manager, by=town.desk)
    answer = town.at("desk").post(home(town), {"cases": [case.pk], "reason": "異動"}, follow=True)
    assert "引き継ぐ案件は、もうありません。" in text(answer)


def test_reassign_by_the_officer_is_refused(town, case):
    assert town.at("officer").post(home(town), {"cases": [case.pk]}).status_code == 403


def test_administrator_gives_cases_away_by_number_without_reading_them(town, case):
    page = text(town.at("administrator").get(home(town)))
    assert case.ref in page
    assert case.title not in page
    assert "うみかぜ" not in page
    town.at("administrator").post(
        home(town), {"cases": [case.pk], "successor": town.manager.pk, "reason": "退職"}
    )
    assert Case.objects.get(pk=case.pk).owner == town.manager
    assert town.at("administrator").get(home(town) + "book/").status_code == 403


def test_manager_is_told_of_cases_beyond_the_own_department(town, case):
    Staff.objects.create(user=town.officer, municipality=town.city, department=town.sea, role="officer")
    case_actions.open_contact(
        town.city, [town.organisation], by=town.desk, title="藻場の相談", lead=town.sea, channel="walk_in", owner=town.officer
    )  # fmt: skip
    page = text(town.at("manager").get(home(town)))
    assert "藻場の相談" not in page
    assert "あなたが見られない案件が1件あります。" in page


def test_end_role_of_an_owner_leads_to_the_hand_over(town, case):
    role = town.officer.staff.get()
    answer = town.at("administrator").post(f"/nagisa/staff/settings/people/{role.pk}/end/", follow=True)
    page = text(answer)
    assert "担当している進行中の案件1件があります。" in page
    assert f'<a href="{home(town)}">引継ぎの画面を開く</a>' in page
    assert Staff.objects.get(pk=role.pk).ended_at is None


@pytest.fixture
def operator(client):
    client.force_login(make_user("運営 守", is_operator=True))
    return client


def test_operator_stops_an_account_once_its_work_is_handed_over(town, case, operator):
    role = town.officer.staff.get()
    people = "/nagisa/staff/settings/people/"
    assert f"{people}{role.pk}/stop/" in text(operator.get(people))
    answer = operator.post(f"{people}{role.pk}/stop/", {"reason": "退職"})
    assert answer.status_code == 422
    assert "担当している進行中の案件1件があります。" in text(answer)
    assert f'<a href="{home(town)}">引継ぎの画面を開く</a>' in text(answer)
    assert 'value="退職"' in text(answer)
    case_actions.change_owner(case, town.manager, by=town.desk)

    page = text(operator.post(f"{people}{role.pk}/stop/", {"reason": "退職"}, follow=True))

    assert "利用を止めました。" in page
    assert "利用停止中" in page
    assert not User.objects.get(pk=town.officer.pk).is_active
    page = text(operator.post(f"{people}{role.pk}/restore/", follow=True))
    assert "利用を再開しました。" in page
    assert User.objects.get(pk=town.officer.pk).is_active


def test_stopping_an_account_asks_why(town, operator):
    role = town.officer.staff.get()
    answer = operator.post(f"/nagisa/staff/settings/people/{role.pk}/stop/", {"reason": " "})
    assert answer.status_code == 422
    assert User.objects.get(pk=town.officer.pk).is_active


def test_administrator_is_not_offered_to_stop_accounts(town):
    role = town.officer.staff.get()
    page = text(town.at("administrator").get("/nagisa/staff/settings/people/"))
    assert "役割を終える" in page
    assert "利用を止める" not in page
    answer = town.at("administrator").post(f"/nagisa/staff/settings/people/{role.pk}/stop/", {"reason": "x"})
    assert answer.status_code == 403


# --- departments -------------------------------------------------------------------------------------------------


def test_department_is_moved_to_another(town, case):
    address = f"/nagisa/staff/handover/departments/{town.env.pk}/"
    answer = town.at("administrator").post(address, {"to": town.sea.pk, "reason": "機構改革"}, follow=True)
    assert "環境課の案件1件と、協定・照会を水産課に引き継ぎました。" in text(answer)
    assert Case.objects.get(pk=case.pk).lead == town.sea
    assert "担当課が環境課から水産課に変わりました。" in text(
        town.at("representative").get(f"/my/cases/nagisa/{case.ref}/")
    )


def test_department_move_that_is_refused_keeps_what_was_typed(town, case):
    address = f"/nagisa/staff/handover/departments/{town.env.pk}/"
    answer = town.at("desk").post(address, {"to": "", "reason": "機構改革"})
    assert answer.status_code == 422
    assert "引き継ぐ部署を選んでください。" in text(answer)
    assert 'value="機構改革"' in text(answer)


def test_department_move_by_its_manager_is_refused(town, case):
    address = f"/nagisa/staff/handover/departments/{town.env.pk}/"
    assert town.at("manager").get(address).status_code == 200
    assert town.at("manager").post(address, {"to": town.sea.pk, "reason": "x"}).status_code == 403


# --- the book ----------------------------------------------------------------------------------------------------


def test_book_on_the_screen_for_whom_it_is_written(town, case):
    page = text(town.at("officer").get(home(town) + "book/?to=後任 林さん"))
    assert "引継書 森 和子" in page
    assert "庁内限り" in page
    assert "後任 林さん" in page
    assert case.title in page


def test_book_as_pdf(town, case):
    answer = town.at("officer").get(home(town) + "book.pdf?to=林さん")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages]
    assert "林さん" in pages[0]
    assert case.title in pages[2]


def test_book_as_word(town, case):
    answer = town.at("officer").get(home(town) + "book.docx")
    document = Document(BytesIO(answer.content))
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == [case.title]


def test_book_in_a_form_there_is_not(town, case):
    assert town.at("officer").get(home(town) + "book.odt").status_code == 404


def test_book_leaves_out_cases_of_an_organisation_one_acts_for(town, case):
    from musubi.people.models import Representative

    Representative.objects.create(user=town.desk, organisation=town.organisation)
    page = text(town.at("desk").get(home(town) + "book/"))
    assert case.title not in page
    assert "あなたが担当者を務める団体の案件1件は、載せていません。" in page
