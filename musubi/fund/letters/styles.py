"""How a municipality writes a kind of letter: its own words and layout, ours where it has none."""

from dataclasses import dataclass

from musubi.fund.letters.kinds import DEFAULTS, MARGINS, ORDER, SIZE
from musubi.fund.models import LetterStyle
from musubi.people.models import Municipality
from musubi.people.queries import desk_of


@dataclass(frozen=True)
class Style:
    """The style of one kind, complete. `rule` of the seal: "" as the programme says, "seal", "omitted"."""

    form: str
    title: str
    body: str
    conditions: str
    notes: str
    sender: str
    contact: str
    seal: str
    blocks: list[str]
    margins: dict[str, int]
    size: float
    word: str
    """The storage name of the municipality's own Word template; empty for ours."""


def style_of(municipality: Municipality, kind: str) -> Style:
    """One kind's style. Two statements."""
    return styles_of(municipality)[kind]


def styles_of(municipality: Municipality) -> dict[str, Style]:
    """Every kind's style. Two statements."""
    rows = {row.kind: row for row in LetterStyle.objects.filter(municipality=municipality)}
    common = rows.get("") or LetterStyle(municipality=municipality)
    desk = desk_of(municipality.pk)
    contact = "\n".join(filter(None, [f"{municipality.name} {desk.name}", municipality.contact]))
    return {kind: merged(kind, rows.get(kind), common, contact) for kind in DEFAULTS}


def merged(kind: str, own: LetterStyle | None, common: LetterStyle, contact: str) -> Style:
    """The style of a kind from its own row, the row for all of them, and ours."""
    own, ours = own or LetterStyle(), DEFAULTS[kind]
    return Style(
        form=own.form or ours.form,
        title=own.title or ours.title,
        body=own.body or ours.body,
        conditions=own.conditions or ours.conditions,
        notes=own.notes or ours.notes,
        sender=own.sender or common.sender,
        contact=own.contact or common.contact or contact,
        seal=own.seal or common.seal,
        blocks=own.blocks or common.blocks or ORDER,
        margins=MARGINS | (common.margins or {}) | (own.margins or {}),
        size=float(own.size or common.size or SIZE),
        word=own.file.name or "",
    )
