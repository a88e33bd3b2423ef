"""A letter as a file: its name and its bytes, in the municipality's style."""

from collections.abc import Iterable, Iterator

from musubi.fund.letters.issuing import Letter, written
from musubi.fund.letters.paper import as_pdf, as_pdfs
from musubi.fund.letters.sheets import name_of, sheet_of
from musubi.fund.letters.styles import Style, styles_of
from musubi.fund.letters.word import as_word
from musubi.services.typesetting import UnknownCharacters

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def file_of(letter: Letter, form: str) -> tuple[str, bytes]:
    """(name, bytes) of a letter as `pdf` or `docx`. Raises Refused for a character no typeface has, or for a Word
    template that cannot be filled. Call it outside any transaction."""
    content, style = written(letter)
    sheet = sheet_of(content, style)
    made = as_pdf(sheet) if form == "pdf" else as_word(sheet, style.word)
    return f"{name_of(content)}.{form}", made


def pdfs_of(letters: Iterable[Letter]) -> Iterator[tuple[str, bytes | UnknownCharacters]]:
    """(name, PDF) of many letters of one kind, in order; what cannot be set stands as its error in its place.

    A thousand decision letters take some 20 seconds of one core, almost all of them the typesetter's.
    """
    names: list[str] = []
    styles: dict[int, dict[str, Style]] = {}

    def sheets() -> Iterator[dict]:
        for letter in letters:
            if letter.municipality.pk not in styles:
                styles[letter.municipality.pk] = styles_of(letter.municipality)
            content, style = written(letter, styles[letter.municipality.pk])
            names.append(f"{name_of(content)}.pdf")
            yield sheet_of(content, style)

    for index, made in enumerate(as_pdfs(sheets())):
        yield names[index], made
