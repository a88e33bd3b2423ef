"""A municipality's own letters: words, layout, Word templates that are trusted with nothing, many at once."""

import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from docx import Document

from musubi.fund.letters import actions
from musubi.fund.letters.batches import make_one, make_waiting
from musubi.fund.letters.files import file_of
from musubi.fund.letters.issuing import issue, letter_for, letters_about
from musubi.fund.letters.kinds import ORDER
from musubi.fund.letters.samples import sample
from musubi.fund.letters.sheets import sheet_of
from musubi.fund.letters.styles import style_of
from musubi.fund.letters.word import as_word, template_for
from musubi.fund.models import Application, LetterBatch, LetterIssue, LetterStyle
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.services.typesetting_word_child import Unfit, check_package
from tests.factories.fund import make_application, make_call, make_fund
from tests.factories.people import make_municipality, make_representative, make_staff
from tests.fund.after import award_of, on
from tests.fund.test_letters import words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="潮風市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def verbs(thing) -> list[str]:
    return [entry.verb for entry in history(thing)]


def laid_out(city, kind="award") -> dict:
    return sheet_of(sample(kind, city="潮風市"), style_of(city, kind))


# --- words and layout --------------------------------------------------------------------------------------------------


def test_own_words_stand_in_the_place_of_ours_and_leave_other_kinds_alone(city, desk):
    style = actions.save_letter_style(
        city, by=desk, kind="award", form="7", title="{制度名}決定書", body="｛団体名｝へ。\n{ 交付決定額 }を交付する。",
        conditions="公開すること。", notes="教示文。", sender="{自治体名}長 海野 渉", contact="企画課", seal="omitted",
        blocks=["title", "number", "facts"], margins={"top": 30, "left": None}, size=Decimal("11.5"),
    )  # fmt: skip
    sheet = laid_out(city)
    assert sheet["form"] == "様式第7号"
    assert sheet["title"] == "なぎさ市SDGs推進助成金決定書"
    assert sheet["body"] == ["一般社団法人𠮷野の浜づくりへ。", "金1,200,000円を交付する。"]
    assert sheet["conditions"][1:] == ["公開すること。"]
    assert (sheet["sender"], sheet["contact"], sheet["seal"]) == (
        ["潮風市長 海野 渉"],
        ["企画課"],
        "(公印省略)",
    )
    layout = sheet["layout"]
    assert (layout["blocks"], layout["top"], layout["left"], layout["size"]) == (
        ["title", "number", "facts"], 30, 25, 11.5
    )  # fmt: skip
    assert laid_out(city, "refusal")["contact"] != ["企画課"]
    assert verbs(style) == ["letter.style_saved"]


def test_common_words_hold_for_every_kind_that_has_none_of_its_own(city, desk):
    actions.save_letter_style(city, by=desk, kind="", sender="潮風市長 海野 渉", size=Decimal(12))
    actions.save_letter_style(city, by=desk, kind="refusal", sender="副市長")
    assert laid_out(city)["sender"] == ["潮風市長 海野 渉"]
    assert laid_out(city, "refusal")["sender"] == ["副市長"]
    assert laid_out(city, "claim")["layout"]["size"] == 12


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"body": "{返還額}を交付する。"}, "body"),
        ({"title": "{決定"}, "title"),
        ({"body": "長" * 5001}, "body"),
        ({"title": "長" * 81}, "title"),
        ({"blocks": ["number", "facts"]}, "place_title"),
        ({"blocks": ["title", "title"]}, "blocks"),
        ({"blocks": ["title", "#panic"]}, "blocks"),
        ({"margins": {"top": 4}}, "margin_top"),
        ({"size": Decimal(20)}, "size"),
        ({"seal": "big"}, "seal"),
    ],
)
def test_style_that_cannot_be_is_refused(city, desk, words, field):
    with pytest.raises(Refused) as refusal:
        actions.save_letter_style(city, by=desk, kind="award", **words)
    assert refusal.value.field == field
    assert not LetterStyle.objects.exclude(body="", title="", blocks=[], margins={}).exists()


def test_style_of_a_kind_there_is_not_is_refused(city, desk):
    with pytest.raises(Refused):
        actions.save_letter_style(city, by=desk, kind="postcard")


def test_restore_brings_our_words_back_and_keeps_what_they_were(city, desk):
    with pytest.raises(Refused):
        actions.restore_letter_style(city, by=desk, kind="award")
    actions.save_letter_style(city, by=desk, kind="award", title="決定書")
    actions.restore_letter_style(city, by=desk, kind="award")
    assert laid_out(city)["title"] == "なぎさ市SDGs推進助成金 交付決定通知書"
    assert laid_out(city)["layout"]["blocks"] == ORDER
    style = LetterStyle.objects.get()
    assert verbs(style) == ["letter.style_saved", "letter.style_restored"]
    assert history(style).last().data["before"]["title"] == "決定書"


# --- Word templates ------------------------------------------------------------------------------------------------------


def docx(*texts: str) -> bytes:
    document = Document()
    for text in texts:
        document.add_paragraph(text)
    made = BytesIO()
    document.save(made)
    return made.getvalue()


def upload(raw: bytes, name: str = "決定通知.docx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, raw)


def changed(raw: bytes, name: str, content: str | None, old: str = "") -> bytes:
    """The document with one part put in, or a text in it put in the place of `old`."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as before, zipfile.ZipFile(made, "w") as after:
        for part in before.namelist():
            text = before.read(part)
            if part == name and old:
                text = text.decode().replace(old, content).encode()
            after.writestr(part, text)
        if not old:
            after.writestr(name, content)
    return made.getvalue()


def test_own_template_is_used_from_then_on_and_ours_again_when_it_is_dropped(city, desk):
    raw = docx(
        "{{ 団体名 }} 様",
        "{%p for line in conditions %}",
        "・{{ line }}",
        "{%p endfor %}",
        "{{ 交付決定額 }}",
    )
    style = actions.keep_letter_template(city, by=desk, kind="award", upload=upload(raw))
    assert style.file_name == "決定通知.docx"
    said = words_of(as_word(laid_out(city), style_of(city, "award").word))
    assert said.startswith("一般社団法人𠮷野の浜づくり様・活動の記録を、年に2回公開すること。・")
    assert said.endswith("金1,200,000円")
    assert style_of(city, "refusal").word == ""
    actions.drop_letter_template(city, by=desk, kind="award")
    assert style_of(city, "award").word == ""
    with pytest.raises(Refused):
        actions.drop_letter_template(city, by=desk, kind="award")
    assert verbs(style) == ["letter.template_kept", "letter.template_dropped"]


def test_our_template_may_be_fetched_changed_and_sent(city, desk):
    ours = template_for(laid_out(city)["layout"])
    actions.keep_letter_template(city, by=desk, kind="award", upload=upload(ours))
    own = as_word(laid_out(city), style_of(city, "award").word)
    assert words_of(own) == words_of(as_word(laid_out(city)))


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ title.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self._TemplateReference__context }}",
        "{{ title.format('x') }}",
        "{{ range(999999999)|list }}",
        "{{ 'a' * 999999999 }}",
        "{{ title|attr('__class__') }}",
        "{{ title|replace('a', 'b') }}",
        "{% for a in 'aaaaaaaaaa' %}x{% endfor %}",
        "{% for a in facts %}{% for b in facts %}{% for c in facts %}{% for d in facts %}x{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'secret' %}",
        "{% import 'os' as os %}",
        "{% macro m() %}{% endmacro %}",
        "{{ 口座番号 }}",
        "{{ 団体名 ",
        "{% if title %}",
    ],
)
def test_template_that_does_more_than_to_name_and_repeat_is_refused(city, desk, text):
    with pytest.raises(Refused) as refusal:
        actions.keep_letter_template(city, by=desk, kind="award", upload=upload(docx(text)))
    assert refusal.value.field == "word"
    assert str(refusal.value).endswith("。")
    assert not LetterStyle.objects.exclude(file="").exists()


REL = '<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="http://example.jp/x" TargetMode="External"/></Relationships>'


@pytest.mark.parametrize(
    "raw",
    [
        lambda: b"%PDF-1.7 no",
        lambda: b"PK\x03\x04 broken",
        lambda: changed(docx("x"), "word/document.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><w:document ", "<w:document "),
        lambda: changed(docx("x"), "word/embeddings/oleObject1.bin", "MZ"),
        lambda: changed(docx("x"), "word/_rels/document.xml.rels", REL.format("attachedTemplate"), "</Relationships>"),
        lambda: changed(docx("x"), "word/_rels/document.xml.rels", REL.format("image"), "</Relationships>"),
        lambda: changed(docx("FIELD"), "word/document.xml", "<w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\x</w:instrText>", "<w:t>FIELD</w:t>"),
        lambda: changed(docx("x"), "word/media/bomb.xml", "0" * 40_000_000),
    ],
    ids=["pdf", "broken", "entities", "embedded", "remote template", "remote picture", "field", "bomb"],
)  # fmt: skip
def test_file_that_is_no_plain_word_document_is_refused(city, desk, raw):
    with pytest.raises(Refused):
        actions.keep_letter_template(city, by=desk, kind="award", upload=upload(raw()))
    assert not LetterStyle.objects.exclude(file="").exists()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BEGIN, SEPARATE, END = (
    f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
)


def with_xml(xml: str) -> bytes:
    """A document with this between the runs of its paragraph."""
    return changed(docx("x"), "word/document.xml", f"{xml}<w:r><w:t>x</w:t>", "<w:r><w:t>x</w:t>")


def code(text: str) -> str:
    return f"<w:r><w:instrText>{text}</w:instrText></w:r>"


def field(inside: str) -> str:
    return f"{BEGIN}{inside}{SEPARATE}<w:r><w:t>1</w:t></w:r>{END}"


@pytest.mark.parametrize(
    "xml",
    [
        "<w:fldSimple w:instr='DDEAUTO c:\\x'/>",
        '<w:fldSimple w:instr="D&#68;EAUTO c:\\x"/>',
        f'<q:fldSimple xmlns:q="{WORD}" q:instr="DDEAUTO c:\\x"/>',
        f'<q:fldSimple xmlns:q="{WORD}" xmlns:z="z" q:instr="DDEAUTO c:\\x" z:instr="PAGE"/>',
        '<w:fldSimple w:instr="ＤＤＥAUTO c:\\x"/>',
        field(f'<w:r><q:instrText xmlns:q="{WORD}">DDEAUTO c:\\x</q:instrText></w:r>'),
        field(code("D") + code("D&#69;AUTO c:\\x")),
        field(code("D<!-- -->DE<?z z?>AUTO c:\\x")),
        field(code("<![CDATA[DDEAUTO c:\\x]]>")),
        field(code("D<z:z xmlns:z='z'>PAGE</z:z>DEAUTO c:\\x")),
        field(code("D") + f"<z:z xmlns:z='z'>{code('PAGE')}</z:z>" + code("DEAUTO c:\\x")),
        field(code("D") + f"<w:del>{code('PAGE')}</w:del>" + code("DEAUTO c:\\x")),
        field(code("D") + field(code("PAGE")) + code("DEAUTO c:\\x")),
        field(code("D") + f"{BEGIN}{code('QUOTE 68')}{SEPARATE}<w:r><w:t>DE</w:t></w:r>{END}" + code("AUTO x")),
        field(code("PAGE")) + field(code("LINK Excel.Sheet.8 c:\\x")),
        field(code("LINK") + "<w:r><w:tab/></w:r>" + code("Excel.Sheet.8 c:\\x")),
    ],
)  # fmt: skip
def test_field_that_calls_is_found_however_it_is_written(xml):
    with pytest.raises(Unfit):
        check_package(with_xml(xml))


def test_what_an_ordinary_document_holds_is_let_through(city, desk):
    xml = (
        field(code(" PAGE ") + code(" \\* MERGEFORMAT"))
        + field(code('EQ \\* jc2 \\o\\ad(\\s\\up 9(なぎさ),汀)'))
        + field(code(' HYPERLINK "https://example.jp/" '))
        + "<w:fldSimple w:instr=' NUMPAGES '/>"
    )  # fmt: skip
    raw = changed(with_xml(xml), RELS, REL.format("hyperlink"), "</Relationships>")
    actions.keep_letter_template(city, by=desk, kind="award", upload=upload(raw))
    assert as_word(laid_out(city), style_of(city, "award").word)


RELS = "word/_rels/document.xml.rels"
TEMPLATE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"


@pytest.mark.parametrize(
    "link",
    [
        f'<Relationship Id="rIdX" Type="{TEMPLATE}" Target="http://example.jp/x" TargetMode="Extern&#97;l"/>',
        f"<Relationship Id='rIdX' Type='{TEMPLATE}' Target='http://example.jp/x' TargetMode='External'/>",
        f'<p:Relationship xmlns:p="http://schemas.openxmlformats.org/package/2006/relationships" Id="rIdX" Type="{TEMPLATE}" Target="http://example.jp/x" TargetMode="External"/>',
        f'<Relationship Id="rIdX" Type="{TEMPLATE}" Target="http://example.jp/>" TargetMode="External"/>',
        f'<Relationship Id="rIdX" Type="{TEMPLATE}" Target="http://example.jp/x"/>',
        f'<Relationship Id="rIdX" Type="{TEMPLATE}" Target="x" TargetMode="External" xmlns:z="z" z:TargetMode="Internal"/>',
        '<Relationship Id="rIdX" Type="http://example.jp/hyperlink" Target="x" TargetMode="External"/>',
        '<Relationship Id="rIdX" Type="http://example.jp/image" Target="file:///c:/x"/>',
        '<Relationship Id="rIdX" Type="http://example.jp/aFChunk" Target="x.xml"/>',
    ],
)
def test_link_outside_is_found_however_it_is_written(link):
    with pytest.raises(Unfit):
        check_package(changed(docx("x"), RELS, f"{link}</Relationships>", "</Relationships>"))


def declared(raw: bytes, name: str, kind: str) -> bytes:
    """The document with a part declared in the list of its kinds."""
    override = f'<Override PartName="{name}" ContentType="{kind}"/></Types>'
    return changed(raw, "[Content_Types].xml", override, "</Types>")


PLAIN_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"


@pytest.mark.parametrize(
    "raw",
    [
        lambda: declared(changed(docx("x"), "word/footer9.dat", "<w:ftr/>"), "/word/footer9.dat", PLAIN_KIND),
        lambda: declared(changed(docx("x"), "word/media/footer9.png", "<w:ftr/>"), "/word/media/footer9.png", PLAIN_KIND),
        lambda: declared(changed(docx("x"), "word/media/a.png", "<w:ftr/>"), "/word/media/%61.png", PLAIN_KIND),
        lambda: changed(docx("x"), "word/media/a.png", "no kind is declared"),
        lambda: declared(docx("x"), "/word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        lambda: declared(changed(docx("x"), "word/x.xml", "<x/>"), "/word/x.xml", "text/html"),
        lambda: changed(docx("x"), "WORD/document.xml", "<x/>"),
        lambda: changed(docx("x"), "word/x.xml", "<x"),
        lambda: changed(docx("x"), "word/x.xml", "<?xml version='1.0' encoding='UTF-7'?><x/>"),
        lambda: with_xml("<w:altChunk/>"),
        lambda: with_xml('<w:pict><v:imagedata xmlns:v="urn:schemas-microsoft-com:vml" src="http://example.jp/x"/></w:pict>'),
        lambda: changed(docx("x"), "word/settings.xml", "<w:mailMerge/></w:settings>", "</w:settings>"),
    ],
    ids=["end of name", "declared as text", "encoded name", "undeclared", "macros", "html", "twice", "broken", "encoding", "chunk", "picture", "mail merge"],
)  # fmt: skip
def test_part_that_is_not_what_it_seems_is_refused(raw):
    with pytest.raises(Unfit):
        check_package(raw())


def test_what_filling_puts_together_is_looked_at_once_more(city, desk):
    text = code("{% if title %}DD{% endif %}E{% if title %}AUTO c:\\x{% endif %}")
    check_package(with_xml(field(text)))
    with pytest.raises(Refused, match="フィールド"):
        actions.keep_letter_template(city, by=desk, kind="award", upload=upload(with_xml(field(text))))
    assert not LetterStyle.objects.exclude(file="").exists()


def test_template_of_another_kind_of_file_or_too_large_is_refused(city, desk):
    for one in (upload(docx("x"), "x.docm"), upload(docx("x"), "x.pdf"), upload(b"x" * 5_000_001)):
        with pytest.raises(Refused) as refusal:
            actions.keep_letter_template(city, by=desk, kind="award", upload=one)
        assert refusal.value.field in ("word", None)


# --- issued letters, and many at once -------------------------------------------------------------------------------------


def test_issued_letter_keeps_the_words_it_was_issued_with_until_it_is_written_anew(city, desk):
    award = award_of(make_fund(city))
    letter = letter_for(letters_about(award.application), "award")
    with pytest.raises(Refused):
        actions.reissue_letter(letter, by=desk, reason="誤り")
    with on(8, 26):
        number = issue(letter).number
    actions.save_letter_style(city, by=desk, kind="award", title="決定書")
    type(award.application.organisation).objects.update(name="正しい名前の会")
    assert "決定書" not in words_of(file_of(letter, "docx")[1])
    fresh = Application.objects.get(pk=award.application_id)
    letter = letter_for(letters_about(fresh), "award")
    with pytest.raises(Missing):
        actions.reissue_letter(letter, by=desk, reason=" ")
    actions.reissue_letter(letter, by=desk, reason="団体名の誤り")
    said = words_of(file_of(letter, "docx")[1])
    assert "決定書" in said
    assert "正しい名前の会" in said
    assert LetterIssue.objects.get(kind="award").number == number
    entry = history(fresh).last()
    assert (entry.verb, entry.data["changed"], entry.data["reason"]) == (
        "letter.reissued",
        ["party"],
        "団体名の誤り",
    )


def test_batch_makes_every_letter_of_a_call_and_names_what_could_not_be(city, desk):
    with on(6, 12):
        call = make_call(make_fund(city))
        good, bad = (make_application(call, state="submitted") for _ in range(2))
        type(bad.organisation).objects.filter(pk=bad.organisation_id).update(name="😀の会")
        batch = actions.ask_for_letters(call, by=desk, kind="receipt")
        with pytest.raises(Conflict):
            actions.ask_for_letters(call, by=desk, kind="receipt")
        assert "letter.batch_asked" in verbs(call)
        make_waiting(lambda: False, once=True)
    batch.refresh_from_db()
    assert (batch.state, batch.total, batch.done, len(batch.problems)) == ("ready", 2, 2, 1)
    assert "U+1F600" in batch.problems[0]
    with zipfile.ZipFile(batch.file) as package:
        (name,) = package.namelist()
        assert name.startswith(f"{good.ref}_申請受付書_")
        assert package.read(name).startswith(b"%PDF-")
    assert not make_one()


def test_batch_of_a_worker_that_died_is_made_again_and_one_that_works_is_left(city, desk):
    with on(6, 12):
        call = make_call(make_fund(city))
        batch = actions.ask_for_letters(call, by=desk, kind="receipt")
    with clock.standing_at(clock.at(date(2025, 6, 13), 10)):
        LetterBatch.objects.update(state="working", claimed_at=clock.now())
        assert not make_one()
    with clock.standing_at(clock.at(date(2025, 6, 13), 10, 6)):
        assert make_one()
    batch.refresh_from_db()
    assert (batch.state, batch.total) == ("ready", 0)


@pytest.mark.parametrize("kind", ["minutes", "gift-thanks", "postcard"])
def test_batch_of_a_kind_that_a_call_s_applications_do_not_have_is_refused(city, desk, kind):
    with pytest.raises(Refused):
        actions.ask_for_letters(make_call(make_fund(city)), by=desk, kind=kind)


ACTS = {
    "save": lambda city, by: actions.save_letter_style(city, by=by, kind="award", title="題"),
    "restore": lambda city, by: actions.restore_letter_style(city, by=by, kind="award"),
    "keep": lambda city, by: actions.keep_letter_template(
        city, by=by, kind="award", upload=upload(docx("x"))
    ),
    "drop": lambda city, by: actions.drop_letter_template(city, by=by, kind="award"),
    "ask": lambda city, by: actions.ask_for_letters(make_call(make_fund(city)), by=by, kind="award"),
    "reissue": lambda city, by: actions.reissue_letter(
        letters_about(make_application(make_call(make_fund(city)), state="submitted"))[1],
        by=by,
        reason="誤り",
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["officer", "auditor", "elsewhere", "applicant"])
def test_act_by_who_may_not_is_not_allowed(city, act, role):
    by = {
        "elsewhere": lambda: make_staff(make_municipality(), "desk"),
        "applicant": make_representative,
    }.get(role, lambda: make_staff(city, role))()
    with pytest.raises(NotAllowed):
        ACTS[act](city, by)
    assert not LetterStyle.objects.exists()
