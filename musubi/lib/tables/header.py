"""A grid to a table: which rows are titles, which the header, which notes, which data.

The header is the first row that looks like one: it fills most of the table's width, with short texts that differ
from each other. Titles above it fill a cell or two. Its other rows are found by what the sheet says itself: a merged
range that reaches from the header into the next row, or, where a file has no merged ranges (CSV), a second row that
fills just the gaps left by group headings. When in doubt a row counts as data: a person sees it in the preview.
"""

import re
import unicodedata
from itertools import zip_longest

from musubi.lib.tables.table import Cell, Column, Grid, Row, Table, column_letter, is_blank

_SEARCHED = 50  # rows with content looked at for the width, and as candidates
_LONGEST_LABEL = 80
_DEEPEST_HEADER = 5
_NOTE = re.compile(r"\s*(※|＊|\*|注|\(注|（注|【注|出典|資料[:：]|備考[:：]|以上\s*$)")
_VALUE = re.compile(r"[\d\s,.:/\-+%¥円年月日()]*\d[\d\s,.:/\-+%¥円年月日()]*|https?://.*|.+@.+", re.DOTALL)


def find_table(grid: Grid) -> Table:
    """The grid's table; every one of its rows is found again as title, header, data, note or blank."""
    rows = _without_empty_columns(grid.rows)
    first, last = _header_block(rows, grid.merged)
    header = range(first, last + 1)
    filled = [not all(map(is_blank, row)) for row in rows]
    blank = sum(not f for i, f in enumerate(filled) if i not in header)
    cells = _filled_down(rows, grid.merged, after=last)
    body = [Row(i + 1, cells[i]) for i in range(last + 1, len(rows)) if filled[i]]
    notes: list[Row] = []
    while body and _is_note(rows[body[-1].number - 1]):
        notes.insert(0, body.pop())
    return Table(
        sheet=grid.sheet,
        header_rows=tuple(i + 1 for i in header),
        columns=_columns(rows, header, grid.merged),
        rows=body,
        title_rows=[Row(i + 1, rows[i]) for i in range(first) if filled[i]],
        notes=notes,
        blank_rows=blank,
        hidden=grid.hidden,
    )


def _without_empty_columns(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Without the empty columns at the right end."""
    width = max(
        (i + 1 for row in rows for i in range(len(row) - 1, -1, -1) if not is_blank(row[i])), default=1
    )
    return [row[:width] for row in rows]


# --- which rows are the header -------------------------------------------------------------------------------


def _header_block(rows: list[list[Cell]], merged: list) -> tuple[int, int]:
    """First and last row (from 0) of the header."""
    anchor = _anchor(rows)
    first = last = anchor
    grown = True
    while grown and last - first + 1 < _DEEPEST_HEADER:
        grown = False
        for (top, _), (bottom, _) in merged:
            if top < first <= bottom and bottom <= last:
                first, grown = top, True
            elif first <= top <= last < bottom < top + _DEEPEST_HEADER:
                last, grown = bottom, True
    if first == last:
        if first > 0 and _is_group_row(rows[first - 1], first - 1, merged):
            first -= 1
        elif not merged and last + 1 < len(rows) and _fills_gaps(rows[last], rows[last + 1]):
            last += 1
    return first, last


def _anchor(rows: list[list[Cell]]) -> int:
    candidates = [i for i, row in enumerate(rows) if not all(map(is_blank, row))][:_SEARCHED]
    if not candidates:
        return 0
    counts = {i: sum(not is_blank(cell) for cell in rows[i]) for i in candidates}
    widest = max(counts.values())
    for share in (0.75, 0.5):
        for i in candidates:
            if counts[i] >= share * widest and _looks_like_labels(rows[i]):
                return i
    return next(i for i in candidates if counts[i] == widest)


def _looks_like_labels(row: list[Cell]) -> bool:
    filled = [cell for cell in row if not is_blank(cell)]
    labels = [cell for cell in filled if _is_label(cell)]
    return len(labels) >= 0.8 * len(filled) and len(set(labels)) >= 0.7 * len(labels)


def _is_label(cell: Cell) -> bool:
    if not isinstance(cell, str) or len(cell) > _LONGEST_LABEL:
        return False
    return not _VALUE.fullmatch(unicodedata.normalize("NFKC", cell))


def _is_group_row(row: list[Cell], index: int, merged: list) -> bool:
    """Whether a row over the header holds headings of groups of columns: several, at least one over merged columns."""
    filled = [cell for cell in row if not is_blank(cell)]
    spans = [left for (top, left), (bottom, right) in merged if top == bottom == index and right > left]
    return len(filled) >= 2 and bool(spans) and all(map(_is_label, filled))


def _fills_gaps(upper: list[Cell], lower: list[Cell]) -> bool:
    """Whether the lower row names exactly the columns of groups: each gap of the upper row, and the column a group
    begins in, which is the one before a gap."""
    gaps = [is_blank(cell) for cell in upper]
    if not any(gaps) or not _looks_like_labels(lower):
        return False
    begins = [not gap and following for gap, following in zip_longest(gaps, gaps[1:], fillvalue=False)]
    wanted = [gap or begin for gap, begin in zip(gaps, begins, strict=True)]
    return [not is_blank(cell) for cell in lower] == wanted


# --- what the header and merged ranges say -------------------------------------------------------------------


def _columns(rows: list[list[Cell]], header: range, merged: list) -> list[Column]:
    width = len(rows[0])
    names = [[rows[i][c] for i in header] for c in range(width)]
    for (top, left), (bottom, right) in merged:
        if top in header:
            for i in range(top, min(bottom, header[-1]) + 1):
                for c in range(left, min(right + 1, width)):
                    names[c][i - header[0]] = rows[top][left]
    if not merged and len(header) == 2:  # a CSV's groups: a heading holds for the gaps to its right
        for c in range(1, width):
            if is_blank(names[c][0]) and not is_blank(names[c][1]):
                names[c][0] = names[c - 1][0]
    return [Column(_joined(parts), column_letter(c)) for c, parts in enumerate(names)]


def _joined(parts: list[Cell]) -> str:
    """上段 下段: each part once, line breaks inside a part (there to make the column narrow) taken out."""
    folded = []
    for part in parts:
        text = "" if part is None else str(part)
        text = re.sub(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])", "", text)
        folded.append(" ".join(text.split()))
    return " ".join(dict.fromkeys(part for part in folded if part))


def _filled_down(rows: list[list[Cell]], merged: list, after: int) -> list[list[Cell]]:
    """The rows with a value merged over several rows of data standing in each of them (one department, five lines)."""
    rows = [list(row) for row in rows]
    for (top, left), (bottom, _) in merged:
        if top > after and bottom > top and left < len(rows[0]):
            for i in range(top + 1, min(bottom + 1, len(rows))):
                rows[i][left] = rows[top][left]
    return rows


def _is_note(row: list[Cell]) -> bool:
    """A line of explanation under the table: alone in its row, and marked as one."""
    filled = [cell for cell in row if not is_blank(cell)]
    return len(filled) == 1 and isinstance(filled[0], str) and bool(_NOTE.match(filled[0]))
