"""The hand-over book on paper: as PDF for the archive, as a Word file to be written on."""

from musubi.services.typesetting import pdf, settable

TEMPLATE = "cases/handover/documents/book.typ"


def as_pdf(book: dict) -> bytes:
    """The book (see `book.write_book`) as PDF/A.

    Whatever its text holds: a character that no typeface has becomes 〓 and is listed at the end.
    """
    book, unknown = settable(book)
    return pdf(TEMPLATE, {**book, "unknown": [f"{u.words} {u.times}か所" for u in unknown]})
