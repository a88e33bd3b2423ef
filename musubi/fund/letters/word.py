"""The editable Word copy of a letter: filled into our template, or into the one the municipality put in its place.

Our template is written here with the same tags a municipality uses, so that it can begin with ours: fetch, change, send.
"""

from functools import cache
from io import BytesIO

from django.core.files.storage import default_storage

from musubi.fund.letters.kinds import ORDER
from musubi.fund.letters.word_columns import fitted
from musubi.services.typesetting_word import fill_ours, fill_theirs

# Every Japanese Windows and Office has it; nothing is embedded.
FONT = "游ゴシック"
# What a template may name besides the words of a kind.
NAMES = ["form", "number", "date", "to", "sender", "seal", "title", "body", "facts", "next", "conditions", "tables", "notes", "contact"]  # fmt: skip


def as_word(sheet: dict, own: str = "") -> bytes:
    """The letter (see `sheets.sheet_of`) as a .docx file; `own` is the storage name of the municipality's template.

    Raises Refused where that template cannot be filled."""
    data = context(sheet)
    if not own:
        made = fill_ours(template_for(sheet["layout"]), data)
        return fitted(made, sheet["layout"]["size"]) if sheet["tables"] else made
    with default_storage.open(own) as file:
        return fill_theirs(file.read(), data)


def context(sheet: dict) -> dict:
    """What a template may name: the parts of the sheet, and the words of the kind by their Japanese names."""
    parts = {name: sheet[name] for name in NAMES if name != "next"}
    return parts | {"next": len(sheet["facts"]) + 1} | sheet["values"]


def template_for(layout: dict) -> bytes:
    """Our template in the municipality's order and margins."""
    return _template(
        tuple(layout["blocks"]),
        tuple(layout[side] for side in ("top", "right", "bottom", "left")),
        layout["size"],
        layout["wide"],
    )


@cache
def _template(blocks: tuple[str, ...], margins: tuple[int, ...], size: float, wide: bool) -> bytes:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm, Pt

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(297), Mm(210)) if wide else (Mm(210), Mm(297))
    if wide:
        section.orientation = WD_ORIENT.LANDSCAPE
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(Mm, margins)
    _type(document, size)
    document.core_properties.language = "ja-JP"
    document.core_properties.title = "{{ title }}"
    document.core_properties.author = ""
    width = (297 if wide else 210) - margins[1] - margins[3]
    for name in [*blocks, *(name for name in ORDER if name not in blocks)]:
        if name in blocks:
            _BLOCKS[name](document, Mm, Pt, size, width)
    made = BytesIO()
    document.save(made)
    return made.getvalue()


def _type(document, size: float) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    style.paragraph_format.space_after = Pt(3)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "ja-JP")
        language.set(qn("w:eastAsia"), "ja-JP")


def _say(where, text: str, *, align: str = "", bold: bool = False, size=None, indent=None, before=None):
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = where.add_paragraph()
    run = paragraph.add_run(text)
    run.bold = bold or None
    if size:
        run.font.size = size
    if align:
        paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, align)
    if indent:
        paragraph.paragraph_format.first_line_indent = indent
    if before:
        paragraph.paragraph_format.space_before = before
    return paragraph


def _each(document, name: str, **look) -> None:
    _say(document, f"{{%p for line in {name} %}}")
    _say(document, "{{ line }}", **look)
    _say(document, "{%p endfor %}")


def _form(document, mm, pt, size, width):
    _say(document, "{{ form }}")


def _number(document, mm, pt, size, width):
    _say(document, "{%p if number %}")
    _say(document, "{{ number }}", align="RIGHT")
    _say(document, "{%p endif %}")
    _say(document, "{{ date }}", align="RIGHT")


def _to(document, mm, pt, size, width):
    _each(document, "to", indent=pt(size))


def _from(document, mm, pt, size, width):
    _each(document, "sender", align="RIGHT")
    _say(document, "{%p if seal %}")
    _say(document, "{{ seal }}", align="RIGHT")
    _say(document, "{%p endif %}")


def _title(document, mm, pt, size, width):
    _say(document, "{{ title }}", align="CENTER", bold=True, size=pt(size * 1.35), before=pt(18))


def _body(document, mm, pt, size, width):
    _each(document, "body", indent=pt(size))


def _facts(document, mm, pt, size, width):
    _say(document, "{%p if facts or conditions %}")
    _say(document, "記", align="CENTER", before=pt(12))
    columns = [8, 42, width - 50]
    table = _table(document, columns, mm)
    _row(table, ["{%tr for fact in facts %}"])
    _row(table, ["{{ loop.index }}", "{{ fact.label }}", "{{ fact.text }}"])
    _row(table, ["{%tr endfor %}"])
    _row(table, ["{%tr if conditions %}"])
    cells = _row(table, ["{{ next }}", "交付の条件", ""])
    cells[2].paragraphs[0].add_run("{%p for line in conditions %}")
    _say(cells[2], "({{ loop.index }}) {{ line }}")
    _say(cells[2], "{%p endfor %}")
    _row(table, ["{%tr endif %}"])
    # A table without a row is no table to Word.
    _say(document, "{%p endif %}")


def _tables(document, mm, pt, size, width):
    _say(document, "{%p for table in tables %}")
    _say(document, "{{ table.caption }}", bold=True, before=pt(12))
    table = _table(document, [width / 7] * 7, mm)
    table.style = "Table Grid"
    _as_wide_as_the_page(table)
    _cells(table, "table.head", bold=True)
    _row(table, ["{%tr for row in table.rows %}"])
    _cells(table, "row")
    _row(table, ["{%tr endfor %}"])
    _say(document, "")
    _say(document, "{%p endfor %}")


def _notes(document, mm, pt, size, width):
    _say(document, "{%p for line in notes %}")
    _say(document, "※{{ line }}", size=pt(size * 0.9))
    _say(document, "{%p endfor %}")


def _contact(document, mm, pt, size, width):
    _say(document, "{%p if contact %}")
    _say(document, "(問い合わせ先)", align="RIGHT", size=pt(size * 0.85), before=pt(12))
    _say(document, "{%p endif %}")
    _each(document, "contact", align="RIGHT", size=pt(size * 0.85))


def _table(document, widths: list[float], mm):
    table = document.add_table(rows=0, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = mm(width)
    return table


def _cells(table, name: str, *, bold: bool = False) -> None:
    """A row of as many cells as the list has; columns of numbers stand to the right, their headings too."""
    _row(
        table,
        [f"{{%tc for cell in {name} %}}", "{%tc if loop.index0 in table.right %}", "{{ cell }}", "{%tc else %}",
         "{{ cell }}", "{%tc endif %}", "{%tc endfor %}"],
        bold=bold,
        right=2,
    )  # fmt: skip


def _row(table, texts: list[str], *, bold: bool = False, right: int = -1):
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    cells = table.add_row().cells
    for index, text in enumerate(texts):
        run = cells[index].paragraphs[0].add_run(text)
        run.bold = bold or None
        if index == right:
            cells[index].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    # What the row has over stays out of it: a repeated cell must not be followed by empty ones.
    for cell in cells[len(texts) :]:
        cell._tc.getparent().remove(cell._tc)
    return cells


def _as_wide_as_the_page(table) -> None:
    """However many columns it turns out to have."""
    from docx.oxml.ns import qn

    table.autofit = True
    width = table._tbl.tblPr.find(qn("w:tblW"))
    width.set(qn("w:type"), "pct")
    width.set(qn("w:w"), "5000")


_BLOCKS = {
    "form": _form, "number": _number, "to": _to, "from": _from, "title": _title, "body": _body, "facts": _facts,
    "tables": _tables, "notes": _notes, "contact": _contact,
}  # fmt: skip
