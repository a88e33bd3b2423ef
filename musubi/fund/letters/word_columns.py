"""The columns of a Word letter's tables, each as wide as its words ask for: Word itself would make all alike."""

import unicodedata
from collections.abc import Sequence
from io import BytesIO

STYLE = "Table Grid"
LEAST, AIR = 3.0, 2.0


def fitted(docx: bytes, size: float) -> bytes:
    """The document with every ruled table's columns set by their longest words, in letters of `size` points, over the whole
    width of the page."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = Document(BytesIO(docx))
    section = document.sections[0]
    page = section.page_width - section.left_margin - section.right_margin
    for table in document.tables:
        if table.style.name != STYLE or not table.rows:
            continue
        texts = [[cell.text for cell in row.cells] for row in table.rows]
        needs = [max(map(letters, column)) + AIR for column in zip(*texts, strict=True)]
        widths = shared_out(needs, page / Pt(size))
        table.autofit = False
        for column, letters_wide in zip(table.columns, widths, strict=True):
            column.width = int(letters_wide * Pt(size))
        for row in table.rows:
            for cell, letters_wide in zip(row.cells, widths, strict=True):
                cell.width = int(letters_wide * Pt(size))
        whole = table._tbl.tblPr.find(qn("w:tblW"))
        whole.set(qn("w:type"), "dxa")
        whole.set(qn("w:w"), str(round(page / 635)))
    made = BytesIO()
    document.save(made)
    return made.getvalue()


def letters(text: str) -> float:
    """How wide the longest line of a text is, in full-width letters."""
    return max(
        (
            sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.6 for c in line)
            for line in text.split("\n")
        ),
        default=0.0,
    )


def shared_out(needs: Sequence[float], room: float) -> list[float]:
    """Widths that fill `room`: who needs little gets it, who needs more than a fair part shares what is left; where all
    have enough, the rest goes to each by its need."""
    needs = [max(need, LEAST) for need in needs]
    given, left = [0.0] * len(needs), room
    waiting = sorted(range(len(needs)), key=lambda column: needs[column])
    for place, column in enumerate(waiting):
        given[column] = min(needs[column], left / (len(waiting) - place))
        left -= given[column]
    return [width + left * need / sum(needs) for width, need in zip(given, needs, strict=True)]
