"""The hand-over book: what the record says, in the dict, in the PDF and in the Word file alike."""

import time
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from docx import Document
from docx.oxml.ns import qn
from pypdf import PdfReader

from musubi.cases import actions
from musubi.cases.agreements.actions import draft_agreement, sign_agreement
from musubi.cases.handover.actions import can_take
from musubi.cases.handover.book import Subject, write_book
from musubi.cases.handover.paper import as_pdf
from musubi.cases.handover.takers import takers
from musubi.cases.handover.word import as_word
from musubi.cases.models import Todo
from musubi.lib import clock
from musubi.people.models import Representative, Staff
from tests.cases.handover.conftest import contact
from tests.factories.people import make_department, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 25)


@pytest.fixture
def year(town):
    """A case with one of everything somebody could have promised, on 25 March 2026."""
    with clock.standing_at(date(2026, 3, 2)):
        case = contact(town, "海岸ごみの分別を助ける画像判定", summary="写真を撮るだけで分別先が分かります。")
        actions.add_department(case, town.sea, by=town.manager)
    with clock.standing_at(date(2026, 3, 3)):
        agreement = draft_agreement(
            town.env,
            [town.organisation],
            by=town.desk,
            kind="memorandum",
            title="海岸美化の覚書",
            cases=[case],
        )
        sign_agreement(agreement, by=town.desk, signed_on=date(2026, 3, 3), expires_on=date(2026, 6, 30))
        actions.set_adoption_route(
            case,
            by=town.leaver,
            budget="令和8年度 海岸清掃費",
            department=town.env,
            deadline=date(2026, 10, 1),
        )
    with clock.standing_at(date(2026, 3, 5)):
        actions.record_meeting(
            case, by=town.leaver, held_at=clock.at(date(2026, 4, 2), 14), place="環境課 会議室"
        )
        Todo.objects.create(
            case=case, text="実証の場所を決める", department=town.env, due_on=date(2026, 3, 20)
        )
    with clock.standing_at(date(2026, 3, 9)):
        actions.say(case, by=town.leaver, body="見積りをお願いします。", next_step="見積りを出す")
    with clock.standing_at(date(2026, 3, 12)):
        make_proposal(
            town.city,
            town.organisation,
            by=town.representative,
            state="routing",
            departments=[town.env],
            desk=town.desk,
            title="藻場の見守り",
        )
    with clock.standing_at(TODAY):
        yield case


def book_of(town, *, by=None, **subject) -> dict:
    subject = subject or {"person": town.leaver}
    return write_book(Subject(town.city, **subject), by=by or town.leaver)


def pdf_pages(book: dict) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(as_pdf(book))).pages]


def word_text(book: dict) -> tuple[object, str]:
    document = Document(BytesIO(as_word(book)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return document, "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_book_says_where_the_case_stands_and_whose_ball_it_is(town, year):
    (page,) = book_of(town)["cases"]
    assert (page["ref"], page["stage"], page["since"], page["days"]) == (
        year.ref,
        "受付",
        "令和8年3月2日(月)",
        "23日",
    )
    assert page["ball"] == {
        "holder": "うみかぜ環境株式会社",
        "since": "令和8年3月9日(月)",
        "due": "令和8年3月16日(月)",
        "left": "6営業日超過",
        "next": "見積りを出す",
    }
    assert page["late"]
    assert "ボールの期限を6営業日超過" in page["signs"]


def test_book_lists_what_was_promised_in_the_order_of_days(town, year):
    (page,) = book_of(town)["cases"]
    assert [(p["due"], p["kind"], p["what"], p["who"], p["late"]) for p in page["promises"]] == [
        ("令和8年3月20日(金)", "宿題", "実証の場所を決める", "環境課", "期限超過"),
        ("令和8年4月2日(木)", "打合せ", "14:00 環境課 会議室", "双方", ""),
        (
            "令和8年6月30日(火)",
            "協定",
            f"「海岸美化の覚書」({year.agreements.get().ref})が満了します",
            "環境課",
            "",
        ),
        ("令和8年10月1日(木)", "導入の道筋", "導入を判断する期限。予算: 令和8年度 海岸清掃費", "環境課", ""),
    ]
    assert page["next_date"] == "令和8年4月2日(木) 打合せ: 14:00 環境課 会議室"


def test_book_names_the_people_with_their_mail(town, year):
    (page,) = book_of(town)["cases"]
    assert page["people"] == [
        {"part": "担当者", "of": "環境課", "name": "髙﨑 邉子", "mail": "takasaki@example.jp"},
        {"part": "関係する部署", "of": "水産課", "name": "", "mail": ""},
        {"part": "団体", "of": "うみかぜ環境株式会社", "name": "潮見 遥", "mail": "shiomi@example.jp"},
    ]


def test_book_holds_the_last_five_happenings(town, year):
    (page,) = book_of(town)["cases"]
    assert [h["what"] for h in page["history"]] == [
        "「受付」になりました",
        "内部メモ",
        "導入の道筋を決めました",
        "打合せ",
        "メッセージ",
    ]
    actions.note(year, by=town.leaver, body="書類は棚の二段目。")
    (page,) = book_of(town)["cases"]
    assert len(page["history"]) == 5
    assert page["history"][-1] == {
        "at": "令和8年3月25日(水)",
        "who": "髙﨑 邉子(環境課)",
        "what": "内部メモ",
        "text": "書類は棚の二段目。",
    }


def test_book_lists_questions_and_agreements_of_the_department(town, year):
    book = book_of(town)
    (waiting,) = book["waiting"]
    assert (waiting["title"], waiting["next"], waiting["department"], waiting["due"]) == (
        "藻場の見守り",
        "照会に回答する",
        "環境課",
        "令和8年3月27日(金)",
    )
    (agreement,) = book["agreements"]
    assert (agreement["title"], agreement["with"], agreement["expires"]) == (
        "海岸美化の覚書",
        "うみかぜ環境株式会社",
        "令和8年6月30日(火)",
    )
    assert dict(book["counts"]) == {
        "進行中の案件": "1件",
        "うち期限を過ぎたもの": "1件",
        "約束したこと": "4件",
        "回答を待つ照会・提案": "1件",
        "所管する協定": "1件",
    }


def test_book_of_a_department_says_in_which_part(town, year):
    (page,) = book_of(town, department=town.env, by=town.manager)["cases"]
    assert page["part"] == "主担当課"
    (page,) = book_of(town, department=town.sea, by=town.desk)["cases"]
    assert page["part"] == "関係する部署"


def test_book_of_somebody_with_nothing_is_a_book_all_the_same(town, year):
    book = book_of(town, person=town.other, by=town.other)
    assert (book["cases"], book["waiting"], book["agreements"]) == ([], [], [])
    assert "引き継ぐものはありません。" in "".join(pdf_pages(book))
    assert "引き継ぐものはありません。" in word_text(book)[1]


def test_pdf_has_cover_contents_and_a_page_per_case(town, year):
    second = contact(town, "空き店舗の活用")
    book = write_book(Subject(town.city, person=town.leaver), by=town.leaver, to="森 和子さん")
    pages = pdf_pages(book)
    for words in ("庁内限り", "引継書", "髙﨑 邉子", "環境課", "森 和子さん", "令和8年3月25日(水)", "1 / "):
        assert words in pages[0], words
    assert "目次" in pages[1]
    assert year.title in pages[1]
    for words in ("見積りを出す", "6営業日超過", "実証の場所を決める", "shiomi@example.jp", "庁内限り"):
        assert words in pages[2], words
    assert any(second.title in page and second.ref in page for page in pages[3:])
    assert not any(year.title in page for page in pages[3:] if second.ref in page)


def test_word_holds_the_same_facts_with_real_headings(town, year):
    book = book_of(town)
    document, text = word_text(book)
    for words in (
        "庁内限り",
        "髙﨑 邉子",
        "見積りを出す",
        "実証の場所を決める",
        "shiomi@example.jp",
        "藻場の見守り",
    ):
        assert words in text, words
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert headings == [year.title, "回答を待っている照会・提案", "所管する協定"]
    assert {p.text for p in document.paragraphs if p.style.name == "Heading 2"} == {
        "いま、だれの番か",
        "概要",
        "約束したこと・決まっている日",
        "人",
        "最近のこと",
    }


def test_word_sets_japanese_in_a_japanese_font_and_numbers_its_pages(town, year):
    document, _text = word_text(book_of(town))
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "游ゴシック"
    section = document.sections[0]
    assert section.header.paragraphs[0].text == "引継書 髙﨑 邉子  【庁内限り】"
    assert "PAGE" in section.footer._element.xml
    assert "NUMPAGES" in section.footer._element.xml
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert document.element.body[-1].tag == qn("w:sectPr")


def test_book_of_any_text_is_made_and_says_what_could_not_be_set(town, year):
    actions.note(year, by=town.leaver, body="現地の写真😀を\x0b見てください\ue000")
    book = book_of(town)
    pages = pdf_pages(book)
    assert "現地の写真〓を" in "".join(pages)
    assert "U+1F600(GRINNING FACE) 1か所" in pages[-1]
    assert "U+E000(外字) 1か所" in pages[-1]
    assert "現地の写真😀" in word_text(book)[1]


def test_book_of_a_name_with_a_character_nobody_sees_is_made(town, year):
    type(town.leaver).objects.filter(pk=town.leaver.pk).update(name="髙﨑\x0b邉子")
    town.leaver.refresh_from_db()
    document, _text = word_text(book_of(town))
    assert document.core_properties.title == "引継書 髙﨑邉子"


# --- who reads what ----------------------------------------------------------------------------------------------


def test_book_leaves_out_what_its_reader_may_not_see(town, year):
    with_other = make_department(town.city, "商工課")
    boss = make_staff(town.city, "manager", with_other)
    book = book_of(town, by=boss)
    assert (book["cases"], book["beyond"], book["waiting"]) == ([], 1, [])


def test_book_leaves_out_cases_of_an_organisation_its_reader_acts_for(town, year):
    Representative.objects.create(user=town.desk, organisation=town.organisation)
    town.desk.__dict__.pop("_authority", None)
    book = book_of(town, by=town.desk)
    assert (book["cases"], book["left_out"], book["waiting"]) == ([], 1, [])


def test_takers_agree_with_the_rule(town, year):
    contact(town)
    Representative.objects.create(user=town.successor, organisation=town.organisation)
    above = make_department(town.city, "環境部")
    town.env.parent = above
    town.env.save()
    make_staff(town.city, "manager", above, name="上 役")
    found = takers(town.city)
    assert {t.user.name for t in found} == {
        "青木 直",
        "髙﨑 邉子",
        "森 和子",
        "林 一郎",
        "浜 二郎",
        "上 役",
    }
    for each in town.leaver.owns.all():
        for taker in found:
            taker.user.__dict__.pop("_authority", None)
            assert taker.can_take(each) == can_take(taker.user, each), (taker.user, each)


# --- size --------------------------------------------------------------------------------------------------------


def test_book_costs_the_same_for_many(town, year):
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            book_of(town)
        return len(seen)

    statements()
    few = statements()
    for n in range(6):
        each = contact(town, f"相談{n}")
        Todo.objects.create(case=each, text="返事", department=town.env, due_on=TODAY + timedelta(days=n))
    assert statements() == few


def test_thick_book_is_set_in_seconds(town, year):
    """Three hundred pages; the bound is wide, since the machine that tests may be busy."""
    book = book_of(town)
    book["cases"] = [book["cases"][0] | {"ref": f"2026-{n:03}"} for n in range(300)]
    started = time.monotonic()
    pages = PdfReader(BytesIO(as_pdf(book))).pages
    assert len(pages) >= 302
    assert time.monotonic() - started < 60
    assert "2026-299" in pages[301].extract_text() or "2026-299" in "".join(
        p.extract_text() for p in pages[290:]
    )


def test_ended_roles_do_not_count_as_departments(town, year):
    Staff.objects.filter(user=town.leaver).update(ended_at=clock.now())
    assert Subject(town.city, person=town.leaver).departments == []
