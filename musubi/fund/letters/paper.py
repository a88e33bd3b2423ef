"""Letters on paper: PDF/A-2b, one or a thousand."""

from collections.abc import Iterable, Iterator

from musubi.services.typesetting import LETTER_STANDARDS, UnknownCharacters, pdf, pdfs

TEMPLATE = "fund/letters/documents/letter.typ"


def as_pdf(sheet: dict) -> bytes:
    """One letter (see `sheets.sheet_of`). Raises `UnknownCharacters`, a Refused that names them."""
    return pdf(TEMPLATE, sheet, standards=LETTER_STANDARDS)


def as_pdfs(sheets: Iterable[dict]) -> Iterator[bytes | UnknownCharacters]:
    """Many letters, in order; what cannot be set stands as its error in its place. Reads `sheets` as it goes."""
    return pdfs(TEMPLATE, sheets, standards=LETTER_STANDARDS)
