import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from xlsxwriter import Workbook

from musubi.lib.errors import Refused
from musubi.services.storage import MEDIA_TYPES, accept_upload, clean_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def packed(*parts: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return file.getvalue()


def workbook() -> bytes:
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("一覧").write(0, 0, "団体名")
    return file.getvalue()


def word(*more: tuple[str, bytes], types: bytes = b"<Types/>") -> bytes:
    return packed(("[Content_Types].xml", types), ("word/document.xml", b"<x/>"), *more)


def odf(kind: str, *more: tuple[str, bytes]) -> bytes:
    return packed(("mimetype", MEDIA_TYPES[kind].encode()), ("content.xml", b"<x/>"), *more)


GOOD = [
    ("計画.pdf", b"%PDF-1.7\n..."),
    ("写真.PNG", PNG),
    ("a.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 9),
    ("a.jpeg", b"\xff\xd8\xff\xe1" + b"\0" * 9),
    ("a.gif", b"GIF89a..."),
    ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 "),
    ("一覧.xlsx", workbook()),
    ("提案書.docx", word()),
    ("a.pptx", packed(("[Content_Types].xml", b"<Types/>"), ("ppt/presentation.xml", b"<x/>"))),
    ("a.odt", odf("odt")),
    ("a.ods", odf("ods")),
    ("a.odp", odf("odp")),
    ("utf8.csv", "名前,数\r\n髙橋,1\r\n".encode()),
    ("bom.csv", "\ufeff名前,数\r\n".encode()),
    ("cp932.csv", "名前,数\r\n㈱みなと,①\r\n".encode("cp932")),
    ("utf16.txt", "議事メモ\r\n".encode("utf-16")),
]


@pytest.mark.parametrize(("name", "content"), GOOD, ids=[name for name, _ in GOOD])
def test_file_that_is_what_it_says_is_accepted(name, content):
    uploaded = SimpleUploadedFile(name, content)
    extension = name.rpartition(".")[2].lower()
    assert accept_upload(uploaded) == (name, MEDIA_TYPES[extension], len(content))
    assert re.fullmatch(rf"[0-9a-f]{{32}}\.{extension}", uploaded.name)
    assert uploaded.read() == content


MACROS = [
    ("a.docm", word()),
    ("a.xlsm", workbook()),
    ("a.docx", word(("word/vbaProject.bin", b"x"))),
    ("a.docx", word(("word/VBAPROJECT.BIN", b"x"))),
    ("a.docx", word(("customXml/vbaStuff.bin", b"x"))),
    ("a.docx", word(types=b"application/vnd.ms-word.document.macroEnabled.main+xml")),
    (
        "a.xlsx",
        packed(
            ("[Content_Types].xml", b"<Types/>"), ("xl/macrosheets/sheet1.xml", b""), ("xl/workbook.xml", b"")
        ),
    ),
    ("a.odt", odf("odt", ("Basic/Standard/Module1.xml", b"x"))),
    ("a.ods", odf("ods", ("Scripts/python/a.py", b"x"))),
]


@pytest.mark.parametrize(("name", "content"), MACROS)
def test_macros_are_refused(name, content):
    with pytest.raises(Refused, match=f"「{name}」にはマクロが含まれているため、載せられません。"):
        accept_upload(SimpleUploadedFile(name, content))


FALSE = [
    ("a.pdf", PNG),
    ("a.png", b"%PDF-1.7"),
    ("a.jpg", b"MZ\x90\0"),
    ("a.webp", b"RIFF\x10\0\0\0WAVEfmt "),
    ("a.docx", workbook()),
    ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ("a.docx", packed(("word/document.xml", b"x"))),
    ("a.docx", word()[:-30]),
    ("a.odt", odf("ods")),
    ("a.csv", b"MZ\x90\0\x03\0\0"),
    ("a.txt", b"\xff\xff\x81"),
    ("a.csv", b"a,b\x1b\x00"),
    ("a.docx", word(*((f"x{i}", b"") for i in range(5000)))),
]


@pytest.mark.parametrize(("name", "content"), FALSE)
def test_file_that_is_not_what_it_says_is_refused(name, content):
    with pytest.raises(Refused, match=f"「{name}」の中身は{name[2:].upper()}ではないようです。"):
        accept_upload(SimpleUploadedFile(name, content))


@pytest.mark.parametrize(
    "name", ["a.exe", "a.zip", "a.svg", "a.html", "a.pdf.exe", "a\u202efdp.exe", "名前だけ", "a.pdf."]
)
def test_other_kinds_are_refused(name):
    if name == "a.pdf.":  # the full stop goes, the extension is left
        assert accept_upload(SimpleUploadedFile(name, b"%PDF-1.4")).name == "a.pdf"
        return
    with pytest.raises(Refused, match="の形式は受け付けていません。次の形式にしてください: PDF、"):
        accept_upload(SimpleUploadedFile(name, b"MZ"))


def test_old_office_is_refused_with_the_way_out():
    with pytest.raises(Refused, match="Officeで開き、docx形式で保存し直して"):
        accept_upload(SimpleUploadedFile("a.doc", b"\xd0\xcf\x11\xe0"))


def test_empty_and_too_large_files_are_refused(settings):
    with pytest.raises(Refused, match="「a.pdf」は空のファイルです。"):
        accept_upload(SimpleUploadedFile("a.pdf", b""))
    settings.UPLOAD_MAX_BYTES = 2**20
    content = b"%PDF-1.7" + b"x" * (2**20 - 8)
    assert accept_upload(SimpleUploadedFile("a.pdf", content)).size == 2**20
    with pytest.raises(Refused, match=r"「a.pdf」は大きすぎます\(1\.0 MB\)。1 MB までに"):
        accept_upload(SimpleUploadedFile("a.pdf", content + b"x"))


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("報告書(最終).pdf", "報告書(最終).pdf"),
        ("../../etc/報告 書.pdf", "報告 書.pdf"),
        ("C:\\Users\\x\\①見積.xlsx", "①見積.xlsx"),
        ("か\u3099く.txt", "がく.txt"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\x00\r\nb.txt", "a b.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("...", "資料"),
        ("", "資料"),
        ("con.txt", "_con.txt"),
        (".htaccess", "htaccess"),
        ("あ" * 300 + ".docx", "あ" * 115 + ".docx"),
    ],
)
def test_names_are_cleaned_and_stay_japanese(name, clean):
    assert clean_name(name) == clean
