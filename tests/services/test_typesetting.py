"""The typesetter: real PDFs, read back."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from musubi.services import typesetting
from musubi.services.typesetting import TypesettingError, Unknown, UnknownCharacters, pdf, settable

LETTER = """
#import "/services/documents/paper.typ": paper, words
#let data = json(bytes(sys.inputs.data))
#show: paper.with(title: data.title, mark: "控え", footer: "なぎさ市")
= #data.title
#words(data.body)
"""


@pytest.fixture
def letter(tmp_path, monkeypatch):
    """A template beside the product's own paper."""
    (tmp_path / "services").symlink_to(typesetting.ROOT / "services")
    (tmp_path / "letter.typ").write_text(LETTER)
    monkeypatch.setattr(typesetting, "ROOT", tmp_path)
    return "letter.typ"


def read(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)


def test_pdf_holds_rare_kanji_of_names(letter):
    made = pdf(letter, {"title": "交付決定通知", "body": "髙橋 﨑村 渡邉 渡邊 𠮷野 辻󠄀 ㈱ ① 令和"})
    for name in ("髙橋", "﨑村", "渡邉", "渡邊", "𠮷野", "㈱"):
        assert name in read(made), name


def test_pdf_is_an_archive_file(letter):
    made = pdf(letter, {"title": "交付決定通知", "body": "本文"})
    reader = PdfReader(BytesIO(made))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.trailer["/Root"]["/Lang"] == "ja-JP"
    assert reader.metadata.title == "交付決定通知"
    box = reader.pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)


def test_pdf_reads_no_word_of_a_person_as_markup(letter):
    made = pdf(letter, {"title": "= 見出し", "body": '*強い* #panic("x") $x$ <b>\n二行目 ]'})
    text = read(made)
    assert '*強い* #panic("x") $x$ <b>\n二行目 ]' in text


def test_pdf_names_the_characters_it_cannot_set(letter):
    with pytest.raises(UnknownCharacters) as refused:
        pdf(letter, {"title": "通知", "body": "笑顔😀と外字\ue000です😀"})
    assert refused.value.unknown == [Unknown("\ue000", 1), Unknown("😀", 2)]
    assert "「😀」U+1F600(GRINNING FACE)" in str(refused.value)
    assert "U+E000(外字)" in str(refused.value)


def test_settable_puts_a_stand_in_and_lists_what_it_stands_for():
    data = {"rows": [{"name": "😀氏", "n": 3}, ["a\x01b\ufeff", None]], "name": "髙﨑"}
    assert settable(data) == (
        {"rows": [{"name": "〓氏", "n": 3}, ["ab", None]], "name": "髙﨑"},
        [Unknown("😀", 1)],
    )


def test_settable_keeps_lines_and_variants():
    assert settable("一\r\n二\t三 辻\U000e0100") == ("一\n二\t三 辻\U000e0100", [])


def test_pdf_of_whatever_characters_is_made_once_settable(letter):
    """Every plane, controls and noncharacters: what `settable` lets through can be set."""
    body = "".join(
        chr(n) for n in [*range(0x2FF), *range(0x2000, 0x2100), 0xFEFF, 0xFFFD, 0xFFFF, 0x10FFFF, 0xE0001]
    )
    data, unknown = settable({"title": "文字", "body": body})
    assert unknown
    assert pdf(letter, data).startswith(b"%PDF-")


def test_pdf_of_a_broken_template_tells_where(letter, tmp_path):
    (tmp_path / "letter.typ").write_text('#import "/services/documents/paper.typ": paper\n#nothing-there')
    with pytest.raises(TypesettingError, match="unknown variable"):
        pdf("letter.typ", {"title": "通知"})


def test_template_reads_no_file_outside_the_product(letter, tmp_path):
    (tmp_path / "letter.typ").write_text('#read("../../etc/passwd")')
    with pytest.raises(TypesettingError):
        pdf("letter.typ", {"title": "通知"})
