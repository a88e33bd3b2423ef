"""The hand-over book as a Word file: real headings, tables, header and footer, so that people can write on in it.

python-docx opens and saves the package and keeps the styles. What stands on the pages is written as elements: its
own calls look every style and cell up anew, which takes minutes for a thick book.
"""

from io import BytesIO

# A font of every Japanese Windows and Office; nothing is embedded.
GOTHIC = "游ゴシック"
_FAINT, _WARN = "5B6672", "9A3412"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def as_word(book: dict) -> bytes:
    """The book (see `book.write_book`) as a .docx file. Characters stay as they are: Word looks for a font itself."""
    from docx import Document

    document = Document()
    _styles(document)
    _frame(document, book)
    body = document.element.body
    _cover(body, book)
    _contents(body, book)
    for number, case in enumerate(book["cases"], 1):
        _case(body, case, f"{number} / {len(book['cases'])}")
    if book["waiting"]:
        _heading(body, "回答を待っている照会・提案", new_page=True)
        rows = [
            [_due(w), f"{w['title']}\n{w['ref']} {w['organisation']}", w["next"], w["department"]]
            for w in book["waiting"]
        ]
        _table(body, [38, 60, 40, 30], ["期限", "提案", "次にすること", "部署"], rows)
    if book["agreements"]:
        _heading(body, "所管する協定", new_page=True)
        rows = [
            [
                f"{a['title']}\n{a['ref']} {a['kind']} · 締結 {a['signed']}",
                a["with"],
                a["state"],
                a["expires"],
            ]
            for a in book["agreements"]
        ]
        _table(body, [65, 45, 20, 38], ["協定", "相手", "状態", "満了する日"], rows)
    # The page's own set-up stands last.
    body.append(body.find(f"{_W}sectPr"))
    made = BytesIO()
    document.save(made)
    return made.getvalue()


# --- the frame ---------------------------------------------------------------------------------------------------


def _styles(document) -> None:
    from docx.shared import Mm, Pt, RGBColor

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(21)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    sizes = {"Normal": 10, "Title": 26, "Heading 1": 15, "Heading 2": 11, "Header": 8, "Footer": 8}
    for name, size in sizes.items():
        style = document.styles[name]
        style.font.name, style.font.size = GOTHIC, Pt(size)
        if name.startswith(("Heading", "Title")):
            style.font.color.rgb = RGBColor.from_string("1C2733")
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        # Without eastAsia Word sets Japanese in its own default, and a theme would win over the name.
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(f"{_W}{theme}", None)
        for script in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(f"{_W}{script}", GOTHIC)
    for language in document.styles.element.iter(f"{_W}lang"):
        language.set(f"{_W}val", "ja-JP")
        language.set(f"{_W}eastAsia", "ja-JP")


def _frame(document, book: dict) -> None:
    """Document properties, the internal mark above every page, page numbers below."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    properties = document.core_properties
    properties.title, properties.author = _plain(book["title"])[:255], _plain(book["made_by"])[:255]
    properties.language = "ja-JP"
    section = document.sections[0]
    header = section.header.paragraphs[0]
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _run(header._p, f"{book['title']}  【{book['mark']}】")
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(footer._p, f"{book['municipality']} {book['made_on']}   ")
    _field(footer._p, "PAGE", "1")
    _run(footer._p, " / ")
    _field(footer._p, "NUMPAGES", "1")


def _cover(body, book: dict) -> None:
    _paragraph(body, f"【{book['mark']}】", bold=True, colour=_WARN, size=12)
    _paragraph(body, book["municipality"])
    _paragraph(body, "引継書", style="Title")
    _paragraph(body, book["subject"], bold=True, size=17)
    if book["departments"]:
        _paragraph(body, book["departments"])
    rows = [
        [f"引き継ぐ{book['subject_kind']}", book["subject"]],
        ["宛て先", book["to"]],
        ["作成した日", book["made_on"]],
        ["作成した人", book["made_by"]],
        *book["counts"],
    ]
    _table(body, [50, 118], None, rows)
    _paragraph(
        body,
        "この引継書は、作成した日の記録から自動で作られています。それより後のことは、各案件の画面で確かめてください。"
        "庁内の検討の内容を含むため、外部に渡さないでください。",
    )
    if book["left_out"]:
        _paragraph(body, f"作成した人が担当者を務める団体の案件{book['left_out']}件は、載せていません。")
    if book["beyond"]:
        _paragraph(body, f"このほかに、作成した人が見られないほかの部署の案件が{book['beyond']}件あります。")


def _contents(body, book: dict) -> None:
    """A table of contents that Word renews (F9); until then it lists the titles without page numbers."""
    _paragraph(body, "目次", bold=True, size=15, new_page=True)
    titles = [f"{case['ref']} {case['title']}" for case in book["cases"]]
    titles += ["回答を待っている照会・提案"] if book["waiting"] else []
    titles += ["所管する協定"] if book["agreements"] else []
    if titles:
        _field(_paragraph(body), 'TOC \\o "1-1" \\h \\z \\u', "\n".join(titles))
    else:
        _paragraph(body, "引き継ぐものはありません。")


def _case(body, case: dict, place: str) -> None:
    line = " · ".join(filter(None, [case["ref"], place, case["part"]]))
    _paragraph(body, line, colour=_FAINT, new_page=True)
    _heading(body, case["title"])
    facts = [
        ["段階", f"{case['stage']}({case['since']}から{case['days']})"],
        ["主担当課", case["lead"]],
        ["担当者", case["owner"]],
        ["次の日", case["next_date"]],
    ]
    facts += [["注意", "、".join(case["signs"])]] if case["signs"] else []
    _table(body, [35, 133], None, facts)
    ball = case["ball"]
    _heading(body, "いま、だれの番か", 2)
    rows = [
        ["ボール", f"{ball['holder']}({ball['since']}から)"],
        ["次にすること", ball["next"]],
        ["期限", f"{ball['due']}({ball['left']})"],
    ]
    _table(body, [35, 133], None, rows)
    if case["summary"]:
        _heading(body, "概要", 2)
        _paragraph(body, case["summary"])
    _heading(body, "約束したこと・決まっている日", 2)
    if case["promises"]:
        rows = [[_due(p), p["kind"], p["what"], p["who"]] for p in case["promises"]]
        _table(body, [42, 22, 70, 34], ["日", "種類", "内容", "だれが"], rows)
    else:
        _paragraph(body, "記録された約束はありません。")
    _heading(body, "人", 2)
    rows = [[p["part"], p["of"], p["name"], p["mail"]] for p in case["people"]]
    _table(body, [26, 45, 42, 55], ["立場", "所属", "氏名", "メール"], rows)
    _heading(body, "最近のこと", 2)
    if case["history"]:
        rows = [
            [h["at"], "\n".join(filter(None, [f"{h['what']} {h['who']}", h["text"]]))]
            for h in case["history"]
        ]
        _table(body, [38, 130], ["日", "できごと"], rows)
    else:
        _paragraph(body, "まだ記録がありません。")


def _due(row: dict) -> str:
    return f"{row['due']} {row['late']}".strip()


# --- elements ----------------------------------------------------------------------------------------------------


def _heading(body, text: str, level: int = 1, *, new_page: bool = False) -> None:
    _paragraph(body, text, style=f"Heading{level}", new_page=new_page)


def _paragraph(body, text: str = "", *, style: str = "", new_page: bool = False, **look):
    paragraph = _add(body, "p")
    about = _add(paragraph, "pPr")
    if style:
        _add(about, "pStyle", val=style)
    if new_page:
        _add(about, "pageBreakBefore")
    if text:
        _run(paragraph, text, **look)
    return paragraph


def _table(body, widths: list[int], head: list[str] | None, rows: list[list[str]]) -> None:
    """A table with `widths` in millimetres; `head` is repeated on every page it runs over, without one the first
    cell of a row names it."""
    twips = [round(width * 56.7) for width in widths]
    table = _add(body, "tbl")
    about = _add(table, "tblPr")
    _add(about, "tblW", w=str(sum(twips)), type="dxa")
    borders = _add(about, "tblBorders")
    for side in ("top", "bottom", "insideH"):
        _add(borders, side, val="single", sz="4", space="0", color="C9D0D6")
    _add(about, "tblLayout", type="fixed")
    grid = _add(table, "tblGrid")
    for width in twips:
        _add(grid, "gridCol", w=str(width))
    if head:
        _row(table, head, twips, heading=True)
    for row in rows:
        _row(table, row, twips, names=head is None)
    # A paragraph between: two tables that touch become one in Word.
    _paragraph(body)


def _row(table, cells: list[str], twips: list[int], *, heading: bool = False, names: bool = False) -> None:
    row = _add(table, "tr")
    about = _add(row, "trPr")
    _add(about, "cantSplit")
    if heading:
        _add(about, "tblHeader")
    for index, (text, width) in enumerate(zip(cells, twips, strict=True)):
        cell = _add(row, "tc")
        _add(_add(cell, "tcPr"), "tcW", w=str(width), type="dxa")
        paragraph = _add(cell, "p")
        _add(_add(paragraph, "pPr"), "spacing", before="20", after="20")
        _run(paragraph, str(text), bold=heading or (names and index == 0))


def _run(paragraph, text: str, *, bold: bool = False, colour: str = "", size: int = 0) -> None:
    run = _add(paragraph, "r")
    if bold or colour or size:
        look = _add(run, "rPr")
        if bold:
            _add(look, "b")
        if colour:
            _add(look, "color", val=colour)
        if size:
            _add(look, "sz", val=str(2 * size))
    for index, line in enumerate(_plain(text).split("\n")):
        if index:
            _add(run, "br")
        words = _add(run, "t")
        words.set(_SPACE, "preserve")
        words.text = line


def _field(paragraph, code: str, shown: str) -> None:
    """A field that Word computes; `shown` stands there until it has."""
    _add(_add(paragraph, "r"), "fldChar", fldCharType="begin")
    instruction = _add(_add(paragraph, "r"), "instrText")
    instruction.set(_SPACE, "preserve")
    instruction.text = f" {code} "
    _add(_add(paragraph, "r"), "fldChar", fldCharType="separate")
    _run(paragraph, shown)
    _add(_add(paragraph, "r"), "fldChar", fldCharType="end")


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    if text.isprintable():
        return text
    return "".join(
        c
        for c in text
        if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def _add(parent, name: str, **attributes: str):
    from lxml import etree

    return etree.SubElement(parent, _W + name, {_W + key: value for key, value in attributes.items()})
