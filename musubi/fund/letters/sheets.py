"""A letter laid out: its content in the municipality's words, as plain data for the typesetter and for Word."""

from musubi.fund.letters.contents import Content, day
from musubi.fund.letters.kinds import HANDED_IN, INTERNAL, UNNUMBERED, LetterKind
from musubi.fund.letters.styles import Style
from musubi.wordings.rules import fill

# Tables wider than this many columns are set across the page.
WIDE = 6


def sheet_of(content: Content, style: Style) -> dict:
    """The letter as JSON-serialisable data: `form`, `number`, `date`, `to`, `sender`, `seal`, `title`, `body`, `facts`,
    `conditions`, `tables`, `notes`, `contact`, `values` and `layout`."""
    values = content.values()
    kind = content.kind
    handed_in, internal = kind in HANDED_IN, kind in INTERNAL
    # Theirs is the answer, the letter the municipality's form: both sides change places.
    theirs, ours = _party(content), _sender(content, style)
    tables = [_table(table) for table in content.tables()]
    number = "" if handed_in or internal or kind in UNNUMBERED else content.number
    return {
        "kind": str(kind),
        "form": _form(content.programme_rules.get("form") or style.form, content.form_style),
        "number": number,
        "date": day(content.on),
        "to": [] if internal else [f"{ours[-1]} 様"] if handed_in else [*theirs[:-1], f"{theirs[-1]} 様"],
        "sender": [content.city] if internal else theirs if handed_in else ours,
        "seal": "" if handed_in or internal or kind in UNNUMBERED else _seal(content, style),
        "title": fill(content.programme_rules.get("title") or style.title, values),
        "body": _paragraphs(fill(style.body, values)),
        "facts": _facts(content),
        "conditions": content.conditions(_paragraphs(fill(style.conditions, values))),
        "tables": tables,
        "notes": _paragraphs(fill(style.notes, values)),
        "contact": [] if handed_in or internal else _paragraphs(fill(style.contact, values)),
        "values": values,
        "author": content.city if not handed_in else content.party,
        "layout": {
            "blocks": style.blocks,
            "size": style.size,
            "wide": any(len(table["head"]) > WIDE for table in tables),
            **style.margins,
        },
    }


def name_of(content: Content) -> str:
    """What the file is called, without its ending: 2026-012_交付決定通知書_団体名."""
    kind = str(LetterKind(content.kind).label)
    parts = [getattr(content, "ref", "") or getattr(content, "call", ""), kind, content.party]
    return "_".join(filter(None, parts)).replace("/", "_").replace("\\", "_")


def _form(number: str, style: str) -> str:
    if not number:
        return ""
    if not number.isdecimal():
        return number
    return f"第{number}号様式" if style == "after" else f"様式第{number}号"


def _party(content: Content) -> list[str]:
    who = [content.party] if content.is_person or content.representative else [f"{content.party} 代表者"]
    return [*filter(None, [content.address]), *who, *filter(None, [content.representative])]


def _sender(content: Content, style: Style) -> list[str]:
    return _paragraphs(fill(style.sender, content.values())) or [content.head]


def _seal(content: Content, style: Style) -> str:
    """As the programme says of this letter, else as the municipality does, else as the programme says of all."""
    said = content.programme_rules.get("seal") or style.seal
    stamped = said == "seal" if said else content.seal
    return "印" if stamped else "(公印省略)"


def _facts(content: Content) -> list[dict]:
    found = []
    for label, text in content.facts():
        if not text:
            continue
        items = text if isinstance(text, list) else []
        lines = [] if items else str(text).splitlines()
        numbered = [f"({number}) {item}" for number, item in enumerate(items, 1)]
        found.append({"label": label, "lines": lines, "points": items, "text": "\n".join(lines or numbered)})
    return found


def _table(table) -> dict:
    return {
        "caption": table.caption,
        "head": table.head,
        "rows": table.rows,
        "right": table.right,
        "sum": table.sum,
    }


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
