"""Official letters: what they say, their numbers, and that they stay what they were; real PDFs and Word files, read back."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from unicodedata import normalize

import pytest
from docx import Document
from pypdf import PdfReader

from musubi.fund import actions
from musubi.fund.letters import reading
from musubi.fund.letters.contents import CLASSES, as_json, from_json
from musubi.fund.letters.files import file_of, pdfs_of
from musubi.fund.letters.issuing import (
    issue,
    issue_waiting,
    letter_for,
    letters_about,
    letters_in,
    letters_of_call,
    letters_of_contribution,
    written,
)
from musubi.fund.letters.kinds import DEFAULTS, LetterKind
from musubi.fund.letters.paper import as_pdf, as_pdfs
from musubi.fund.letters.samples import sample
from musubi.fund.letters.sheets import sheet_of
from musubi.fund.letters.styles import style_of
from musubi.fund.letters.word import as_word
from musubi.fund.models import Claim, LetterIssue
from musubi.fund.states import Stage
from musubi.people.numbering import next_ref
from musubi.services.typesetting import UnknownCharacters
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_contribution,
    make_edition,
    make_fund,
    screen,
)
from tests.factories.people import make_municipality, make_organisation
from tests.fund.after import INSPECTED, accept, advance, award_of, on, report

pytestmark = pytest.mark.django_db


def text_of(pdf: bytes) -> str:
    """What the PDF says, without its line ends and blanks."""
    pages = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return "".join(normalize("NFC", pages).split())


def words_of(docx: bytes) -> str:
    document = Document(BytesIO(docx))
    tables = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "".join("".join([*(one.text for one in document.paragraphs), *tables]).split())


def kinds(application) -> list[str]:
    return [letter.kind.value for letter in letters_about(application)]


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="潮風市")


@pytest.fixture
def fund(city):
    return make_fund(city)


# --- contents ----------------------------------------------------------------------------------------------------------


def test_sample_of_each_kind_is_set_on_paper_and_in_word_with_the_same_words(city):
    sheets = [sheet_of(sample(kind), style_of(city, kind)) for kind in LetterKind.values]
    for sheet, made in zip(sheets, as_pdfs(sheets), strict=True):
        assert "（　　）" not in sheet["title"] + "".join(sheet["body"])
        _says_all(sheet, text_of(made), words_of(as_word(sheet)))


def _says_all(sheet: dict, pdf: str, word: str) -> None:
    said = [sheet["title"], *sheet["to"], *(fact["label"] for fact in sheet["facts"]), *sheet["conditions"]]
    said += [line for fact in sheet["facts"] for line in fact["lines"] + fact["points"]]
    said += [cell for table in sheet["tables"] for row in table["rows"] for cell in row]
    for words in said:
        folded = "".join(words.split())
        assert folded in word, words
        assert folded in pdf or sheet["tables"], words


@pytest.mark.parametrize("kind", LetterKind.values)
def test_content_survives_being_kept(kind):
    content = sample(kind)
    assert from_json(kind, as_json(content)) == content


def test_every_kind_has_its_content_its_words_and_no_placeholder_it_cannot_fill():
    assert set(CLASSES) == set(LetterKind) == set(DEFAULTS)


def test_letter_is_an_archive_file(city):
    made = as_pdf(sheet_of(sample("award"), style_of(city, "award")))
    reader = PdfReader(BytesIO(made))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "なぎさ市SDGs推進助成金 交付決定通知書"


def test_letter_with_rare_kanji_has_them_and_one_without_a_glyph_is_an_error(city, fund):
    with on(6, 12):
        organisation = make_organisation("𠮷槗髙﨑邉の会")
        application = make_application(make_call(fund), organisation=organisation)
        name, made = file_of(letter_for(letters_about(application), "receipt"), "pdf")
        assert "𠮷槗髙﨑邉の会" in text_of(made)
        assert name == f"{application.ref}_申請受付書_𠮷槗髙﨑邉の会.pdf"
        type(organisation).objects.update(name="笑顔😀の会")
        application.refresh_from_db()
        with pytest.raises(UnknownCharacters) as refused:
            file_of(letter_for(letters_about(application), "receipt"), "pdf")
    assert "U+1F600" in str(refused.value)


# --- the path of an application ----------------------------------------------------------------------------------------


def test_draft_has_no_letter_and_a_filed_one_its_receipt_and_copy(fund):
    with on(6, 12):
        call = make_call(fund)
        assert kinds(make_application(call, state="draft")) == []
        application = make_application(call, state="submitted")
        assert kinds(application) == ["application", "receipt"]
        said = text_of(file_of(letter_for(letters_about(application), "application"), "pdf")[1])
    for words in (
        "様式第1号",
        "潮風市長様",
        "金800,000円",
        "人件費担当者1,000,000",
        "自己資金200,000",
        "合計1,000,000",
    ):
        assert words in said, words


def test_results_have_letters_at_the_release_and_none_before(fund):
    with on(6, 12):
        make_contribution(general(fund), yen=3_000_000)
        call = make_call(fund, edition=make_edition(fund.municipality, has_reserve=True))
        first, second, third = (make_application(call) for _ in range(3))
    with on(8, 25):
        screen(call)
        for application, outcome, more in (
            (first, "awarded", {"yen": 800_000, "shares": {general(fund).pk: 800_000}, "conditions": "1 公開すること。\n(2)10.5%を残すこと。"}),
            (second, "not_awarded", {}),
            (third, "reserve", {"place": 2}),
        ):  # fmt: skip
            application.refresh_from_db()
            actions.prepare_decision(
                application, by=None, outcome=outcome, reasons=f"{outcome}の理由", **more
            )
            assert kinds(application) == ["application", "receipt"]
        # The receipt and the thanks of the contribution.
        assert (issue_waiting(), issue_waiting()) == (2, 0)
        actions.release(call, by=None)
    for application, more in ((first, "award"), (second, "refusal"), (third, "reserve")):
        application = type(application).objects.get(pk=application.pk)
        assert kinds(application) == ["application", "receipt", more]
        content, _style = written(letters_about(application)[-1])
        assert content.on == date(2025, 8, 25)
        assert content.reasons == f"{'awarded' if more == 'award' else application.state}の理由"
    award = written(letter_for(letters_about(type(first).objects.get(pk=first.pk)), "award"))[0]
    assert award.own_conditions == ["公開すること。", "10.5%を残すこと。"]
    assert award.terms == "助成の対象となる経費の5分の4以内(1年目、上限5,000,000円)"
    assert (award.yen, award.eligible) == (800_000, 1_000_000)


def test_failed_application_that_was_withdrawn_before_the_release_has_no_refusal(fund):
    with on(6, 12):
        call = make_call(fund)
        kept, gone = make_application(call), make_application(call)
    with on(8, 25):
        from tests.factories.fund import make_committee, score_all

        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        actions.decide_stage(
            call, by=None, stage=Stage.FIRST, passed=[], reasons={kept.pk: "効果", gone.pk: "効果"}
        )
        gone.refresh_from_db()
        actions.withdraw_application(gone, by=gone.filed_by)
        actions.release(call, by=None)
    fresh = {row.pk: row for row in call.applications.all()}
    assert kinds(fresh[kept.pk]) == ["application", "receipt", "refusal"]
    assert kinds(fresh[gone.pk]) == ["application", "receipt"]


def test_the_report_s_copy_says_what_was_reported_whatever_the_inspection_corrects(fund):
    award = award_of(fund)
    accept(award)
    report(award, 900_000)
    with on(3, 20, 2026):
        actions.fix_amount(
            award,
            by=None,
            inspection=INSPECTED,
            costs=[{"category": "wages", "label": "担当者", "yen": 500_000}],
            money={"income": 1},
            without_evidence="現地で確認した",
        )
    letter = letter_for(letters_about(award.application), "report")
    content, style = written(letter)
    assert content.compared == [["人件費", 1_000_000, 900_000, -100_000]]
    income, compared, _costs = content.tables()
    assert compared.rows[-1] == ["合計", "1,000,000", "900,000", "-100,000"]
    # Income makes up what was spent, as it was reported.
    assert income.rows == [
        ["助成金(この報告から計算した額)", "720,000"],
        ["ほかの助成金", "0"],
        ["事業の収入", "0"],
        ["自己資金", "180,000"],
        ["合計", "900,000"],
    ]
    sheet = sheet_of(content, style)
    assert (sheet["form"], sheet["title"]) == ("様式第8号", "見本助成 実績報告書")
    assert sheet["to"] == ["潮風市長 様"]
    assert sheet["sender"][-2:] == [award.application.organisation.name, "代表理事 浜田 理"]
    for form in ("pdf", "docx"):
        name, made = file_of(letter, form)
        assert name.startswith(f"{award.application.ref}_実績報告書の写し_")
        assert made


def test_a_letter_names_who_represents_the_organisation(fund):
    award = award_of(fund)
    content, style = written(letter_for(letters_about(award.application), "receipt"))
    name = award.application.organisation.name
    assert sheet_of(content, style)["to"][-2:] == [name, "代表理事 浜田 理 様"]
    assert sheet_of(replace(content, representative=""), style)["to"][-1] == f"{name} 代表者 様"
    assert sheet_of(replace(content, representative="", is_person=True), style)["to"][-1] == f"{name} 様"
    # Letters that were kept before anybody was named read as they did.
    kept = as_json(content)
    kept.pop("representative")
    assert from_json("receipt", kept).representative == ""


def test_award_s_later_letters_say_what_happened_to_the_yen(fund):
    award = award_of(fund)
    advance(award, 500_000)
    person = award.application.filed_by
    with on(9, 10):
        change = actions.request_change(
            award, by=person, kind="amount", yen=700_000, reason="単価が下がった。"
        )
        actions.decide_change(change, by=None, approve=True, words="")
    with on(3, 10, 2026):
        costs = [{"category": "wages", "label": "担当者", "yen": 500_000}]
        actions.save_report(award, by=person, done="行った。", effect="増えた。", costs=costs)
        actions.file_report(award, by=person)
        actions.fix_amount(award, by=None, inspection=INSPECTED, without_evidence="現地で確認した")
    with on(3, 20, 2026):
        actions.revoke(award, by=None, reason="目的の外に使った。")
    application = type(award.application).objects.get(pk=award.application_id)
    letters = letters_about(application)
    assert [letter.kind.value for letter in letters] == [
        "application", "receipt", "award", "advance", "change", "report", "fixing", "revocation", "claim", "claim"
    ]  # fmt: skip
    contents = {letter.kind.value: written(letter)[0] for letter in letters}
    # The decision says what was decided at first, whatever was changed since.
    assert contents["award"].yen == 800_000
    assert (contents["advance"].yen, contents["advance"].decided) == (500_000, 700_000)
    assert (contents["change"].before, contents["change"].after) == (800_000, 700_000)
    reported = contents["report"]
    assert (reported.on, reported.paid, reported.costs) == (
        date(2026, 3, 10),
        500_000,
        [["人件費", "担当者", 500_000]],
    )
    fixing = contents["fixing"]
    assert (fixing.decided, fixing.eligible, fixing.final, fixing.paid) == (
        700_000,
        500_000,
        400_000,
        500_000,
    )
    assert fixing.facts()[-1] == ("返還を求める額", "金100,000円(期限 令和8年3月30日)")
    claims = [written(letter)[0] for letter in letters if letter.kind == "claim"]
    assert [(one.yen, one.is_order, one.rate) for one in claims] == [
        (100_000, False, "10.95%"), (400_000, True, "10.95%")
    ]  # fmt: skip
    assert letter_for(letters, "claim", award.claims.first().pk) == letters[-2]


@pytest.mark.parametrize(("above", "below", "words"), [(117, 800, "14.625%"), (1, 7, "7分の1")])
def test_a_claim_names_the_late_rate_exactly(fund, above, below, words):
    award = award_of(fund)
    claim = Claim(
        award=award, kind=Claim.Kind.REVOKED, yen=1, claimed_on=date(2026, 3, 1), due_on=date(2026, 4, 1)
    )
    edition = award.application.edition
    edition.late_above, edition.late_below = above, below
    assert reading.claim(claim).rate == words


# --- numbers, and staying the same -------------------------------------------------------------------------------------


def test_issued_letter_keeps_its_number_and_words_whatever_changes(city, fund):
    award = award_of(fund)
    letter = letter_for(letters_about(award.application), "award")
    first = issue(letter)
    assert first.number == award.number == "潮風市発第1号"
    type(award.application.organisation).objects.update(name="別の名前")
    fresh = type(award.application).objects.get(pk=award.application_id)
    content, _style = written(letter_for(letters_about(fresh), "award"))
    assert content.party != "別の名前"
    assert issue(letter) == first
    assert LetterIssue.objects.filter(kind="award").count() == 1


def test_worker_issues_what_waits_once_with_one_number_each(fund):
    award_of(fund)
    with on(8, 26):
        assert issue_waiting() == 5  # the decision, and receipt and thanks of two contributions
        assert issue_waiting() == 0
    numbers = list(LetterIssue.objects.order_by("pk").values_list("number", flat=True))
    assert numbers == [f"潮風市発第{number}号" for number in (1, 2, 3, 4, 5)]


def test_letter_that_is_issued_late_has_a_number_of_the_year_it_is_dated_in(fund):
    award = award_of(fund, number_style="{year}潮企第{number}号")
    with on(4, 10, 2026):
        assert issue_waiting() == 5
    letters = LetterIssue.objects.order_by("pk")
    assert {row.content["on"][:4] for row in letters} == {"2025"}
    assert [row.number for row in letters] == [f"2025潮企第{number}号" for number in (1, 2, 3, 4, 5)]
    assert award.number == letters[0].number
    # The year that has begun counts from one.
    with on(4, 11, 2026):
        assert next_ref(award.application.municipality_id, "letter") == "2026-001"


def test_form_number_and_seal_are_written_in_the_programme_s_style(fund):
    award = award_of(fund, form_style="after", has_seal=False, number_style="{year}潮企第{number}号")
    said = text_of(file_of(letter_for(letters_about(award.application), "award"), "pdf")[1])
    for words in ("第2号様式", "(公印省略)", "2025潮企第1号", "令和7年8月25日", "金800,000円"):
        assert words in said, words


def test_contribution_has_a_receipt_and_thanks_once_it_came(fund):
    with on(5, 1):
        promised = make_contribution(general(fund), state="pledged")
        assert letters_of_contribution(promised) == []
        came = make_contribution(general(fund), yen=3_000_000)
    letters = letters_of_contribution(came)
    assert [letter.kind.value for letter in letters] == ["gift-receipt", "gift-thanks"]
    said = text_of(file_of(letters[1], "pdf")[1])
    assert "金3,000,000円のご拠出を賜り" in said
    assert "「ファンドが支援する事業全般」のために" in said


def test_call_has_a_summary_and_minutes_of_each_stage_once_it_is_screened(fund):
    with on(6, 12):
        call = make_call(fund)
        application = make_application(call)
        assert letters_of_call(call) == []
    with on(8, 25):
        actions.note_panel(application, by=None, stage=Stage.FIRST, text="測り方が具体的。")
        screen(call)
        letters = letters_of_call(call)
        assert [(letter.kind.value, letter.stage) for letter in letters] == [
            ("scores", "first"), ("minutes", "first"), ("scores", "second"), ("minutes", "second")
        ]  # fmt: skip
        scores, minutes = (file_of(letter, "docx")[1] for letter in letters[:2])
    assert f"1{application.ref}" in words_of(scores)
    # 2 members × (4 × 2 + 4)
    assert "24" in words_of(scores)
    assert "80.0%" in words_of(scores)
    assert "測り方が具体的。" in words_of(minutes)
    assert "通過" in words_of(minutes)


def test_many_letters_are_made_at_once_and_one_that_cannot_be_does_not_stop_the_others(fund):
    with on(6, 12):
        call = make_call(fund)
        good, bad, last = (make_application(call, state="submitted") for _ in range(3))
        type(bad.organisation).objects.filter(pk=bad.organisation_id).update(name="😀の会")
        made = list(pdfs_of(letters_in(call, LetterKind.RECEIPT)))
    assert [name.split("_")[0] for name, _pdf in made] == [good.ref, bad.ref, last.ref]
    assert isinstance(made[1][1], UnknownCharacters)
    assert good.ref in text_of(made[0][1])
    assert last.ref in text_of(made[2][1])


def test_a_programme_s_own_rules_for_a_letter_come_before_the_municipality_s(city):
    style = style_of(city, LetterKind.AWARD)
    plain = sample(LetterKind.AWARD)
    assert sheet_of(plain, style)["seal"] == "印"
    own = replace(plain, programme_rules={"form": "7の2", "title": "{団体名} 決定書", "seal": "omitted"})
    sheet = sheet_of(own, replace(style, seal="seal"))
    assert (sheet["form"], sheet["title"], sheet["seal"]) == ("7の2", f"{plain.party} 決定書", "(公印省略)")


def test_two_programmes_write_the_same_letter_each_in_its_own_way(city, fund):
    editions = [
        make_edition(city, letters={"receipt": {"form": form, "title": f"受付の控え{form}"}}) for form in "12"
    ]
    found = []
    for edition in editions:
        application = make_application(make_call(fund, edition=edition))
        (letter,) = [one for one in letters_about(application) if one.kind == LetterKind.RECEIPT]
        found.append(sheet_of(*written(letter)))
    assert [(sheet["form"], sheet["title"]) for sheet in found] == [
        ("様式第1号", "受付の控え1"),
        ("様式第2号", "受付の控え2"),
    ]
