"""A municipality makes its letters its own: words, layout, a Word template; and the secretariat has many made at once."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from musubi.fund.letters.contents import as_json
from musubi.fund.letters.issuing import Letter
from musubi.fund.letters.kinds import BLOCKS, INTERNAL, MARGINS, LetterKind
from musubi.fund.letters.reading import READ
from musubi.fund.letters.samples import sample
from musubi.fund.letters.sheets import sheet_of
from musubi.fund.letters.styles import style_of
from musubi.fund.letters.word import context
from musubi.fund.models import Call, LetterBatch, LetterIssue, LetterStyle
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.services.storage import keep
from musubi.services.typesetting_word import LARGEST, fill_theirs
from musubi.wordings.rules import check_body

WORDS = ["form", "title", "body", "conditions", "notes", "sender", "contact", "seal"]
FILLED = ["title", "body", "conditions", "notes", "sender", "contact"]
LONGEST = 5000
NARROWEST, WIDEST = 5, 60
SMALLEST, LARGEST_TYPE = Decimal(8), Decimal(14)


@transaction.atomic
def save_letter_style(
    municipality: Municipality,
    *,
    by: User | None,
    kind: str,
    blocks: Iterable[str] | None = None,
    margins: Mapping[str, int] | None = None,
    size: Decimal | None = None,
    **words: str,
) -> LetterStyle:
    """Write a kind of letter the municipality's own way; `kind` "" speaks of all of them. What is empty is ours.

    `words` are among `WORDS`; texts may name what the kind knows, as {団体名}. Letters that were issued stay as they are.
    Raises Refused for a placeholder the letter cannot fill, a block that is unknown or named twice, margins or sizes
    that leave no room.
    """
    require(by, Can.MANAGE_FUND, municipality)
    style = _own(municipality, kind)
    write_style(style, blocks=blocks, margins=margins, size=size, **words)
    style.changed_at, style.changed_by = clock.now(), by
    style.save()
    journal.write("letter.style_saved", style, by=by, letter=kind)
    return style


def write_style(
    style: LetterStyle,
    *,
    blocks: Iterable[str] | None = None,
    margins: Mapping[str, int] | None = None,
    size: Decimal | None = None,
    **words: str,
) -> None:
    """Write words and layout into a style without saving it: for a look at it beforehand. Raises as
    `save_letter_style` does."""
    if unknown := set(words) - set(WORDS):
        raise TypeError(f"not words of a letter: {sorted(unknown)}")
    known = known_words(style.kind)
    for name, text in words.items():
        text = (text or "").replace("\r\n", "\n").strip()
        if len(text) > LONGEST:
            raise Refused(f"{LONGEST:,}字までにしてください。", field=name)
        setattr(style, name, check_body(text, known, field=name) if name in FILLED else text)
    if blocks is not None:
        style.blocks = _blocks(list(blocks))
    if margins is not None:
        style.margins = _margins(margins)
    if size is not None and not SMALLEST <= size <= LARGEST_TYPE:
        raise Refused(f"文字の大きさは{SMALLEST}〜{LARGEST_TYPE}ptにしてください。", field="size")
    style.size = size
    check_fields(style, only=["form", "title", "sender", "seal"])


@transaction.atomic
def restore_letter_style(municipality: Municipality, *, by: User | None, kind: str) -> None:
    """Back to our words and layout; the Word template stays. Raises Refused where nothing was changed."""
    require(by, Can.MANAGE_FUND, municipality)
    style = LetterStyle.objects.filter(municipality=municipality, kind=kind).first()
    if style is None or not is_changed(style):
        raise Refused("書き方は標準のままです。")
    hold(style, "書き方")
    before = {name: getattr(style, name) for name in [*WORDS, "blocks", "margins"]}
    for name in WORDS:
        setattr(style, name, "")
    style.blocks, style.margins, style.size = [], {}, None
    style.changed_at, style.changed_by = clock.now(), by
    style.save()
    journal.write("letter.style_restored", style, by=by, letter=kind, before=before)


def keep_letter_template(
    municipality: Municipality, *, by: User | None, kind: str, upload: UploadedFile
) -> LetterStyle:
    """Use the municipality's own Word template for the copies of a kind, from the next one on.

    It is tried first, in a process that trusts it with nothing. Raises Refused, with what is wrong, for one that does
    more than to name and repeat what the letter knows, or that is no plain Word document.
    """
    require(by, Can.MANAGE_FUND, municipality)
    _check_kind(kind)
    if upload.size > LARGEST:
        raise Refused(f"ひな形は{LARGEST // 1_000_000} MBまでです。画像を小さくしてください。", field="word")
    if not upload.name.lower().endswith(".docx"):
        raise Refused("ひな形はWordの文書(.docx)にしてください。", field="word")
    # Nothing slow happens inside the transaction.
    raw = upload.read()
    fill_theirs(raw, context(sheet_of(sample(kind), style_of(municipality, kind))))
    kept = keep(LetterStyle, upload)
    with transaction.atomic():
        style = _own(municipality, kind)
        style.file, style.file_name = kept["stored"], kept["name"]
        style.changed_at, style.changed_by = clock.now(), by
        style.save()
        journal.write("letter.template_kept", style, by=by, letter=kind, name=kept["name"])
    return style


@transaction.atomic
def drop_letter_template(municipality: Municipality, *, by: User | None, kind: str) -> None:
    """Back to our Word template. Letters issued with the other keep it. Raises Refused where ours is used already."""
    require(by, Can.MANAGE_FUND, municipality)
    style = LetterStyle.objects.filter(municipality=municipality, kind=kind).first()
    if style is None or not style.file:
        raise Refused("標準のひな形を使っています。")
    hold(style, "書き方")
    name, style.file, style.file_name = style.file_name, "", ""
    style.changed_at, style.changed_by = clock.now(), by
    style.save()
    journal.write("letter.template_dropped", style, by=by, letter=kind, name=name)


@transaction.atomic
def reissue_letter(letter: Letter, *, by: User | None, reason: str) -> LetterIssue:
    """Write an issued letter anew from the records as they are now, under its number: a name was wrong, a character
    could not be set. What it said before stands in the journal.

    Raises Missing without a reason, Refused for one that was never issued.
    """
    require(by, Can.MANAGE_FUND, letter.municipality)
    if not reason.strip():
        raise Missing("作り直す理由を書いてください。", field="reason")
    known = LetterIssue.objects.filter(kind=letter.kind, about=letter.about).first()
    if not letter.is_kept or known is None:
        raise Refused("まだ発行していない通知書です。開くと、いまの記録から作られます。")
    hold(known, "通知書")
    before = known.content
    content = as_json(READ[letter.kind](letter.thing)) | {"number": known.number, "on": before["on"]}
    known.content = content
    known.style = vars(style_of(letter.municipality, letter.kind))
    known.save(update_fields=["content", "style"])
    changed = sorted(name for name, value in content.items() if before.get(name) != value)
    thing = known.application or known.contribution
    journal.write(
        "letter.reissued",
        thing,
        by=by,
        letter=letter.kind.value,
        number=known.number,
        reason=reason.strip(),
        changed=changed,
        before={name: before.get(name) for name in changed},
    )
    return known


@transaction.atomic
def ask_for_letters(call: Call, *, by: User | None, kind: str) -> LetterBatch:
    """Have all letters of a kind in a call made into one archive. Raises Refused for a kind that is not of a call's
    applications, Conflict where the same is being made already."""
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    _check_kind(kind)
    if kind in INTERNAL or kind.startswith("gift"):
        raise Refused("まとめて作れる種類を選んでください。", field="kind")
    hold(call, "募集")
    if LetterBatch.objects.filter(call=call, kind=kind, state__in=["queued", "working"]).exists():
        raise Conflict("同じ種類を作っているところです。できあがるまでお待ちください。")
    batch = LetterBatch.objects.create(call=call, kind=kind, asked_at=clock.now(), asked_by=by)
    journal.write("letter.batch_asked", call, by=by, letter=kind)
    return batch


def is_changed(style: LetterStyle) -> bool:
    """Whether there is anything of the municipality's own in it, but for the Word template."""
    return any(getattr(style, name) for name in [*WORDS, "blocks", "margins", "size"])


def known_words(kind: str) -> list[str]:
    """What a text of this kind may name."""
    return list(sample(kind).values()) if kind else ["自治体名", "首長"]


def _own(municipality: Municipality, kind: str) -> LetterStyle:
    if kind:
        _check_kind(kind)
    style, _made = LetterStyle.objects.get_or_create(
        municipality=municipality, kind=kind, defaults={"changed_at": clock.now()}
    )
    hold(style, "書き方")
    return style


def _check_kind(kind: str) -> None:
    if kind not in LetterKind.values:
        raise Refused("通知書の種類を選んでください。", field="kind")


def _blocks(names: list[str]) -> list[str]:
    if set(names) - set(BLOCKS) or len(names) != len(set(names)):
        raise Refused("並び順をもう一度選んでください。", field="blocks")
    if names and "title" not in names:
        raise Refused("題名は外せません。題名の順番を入れてください。", field="place_title")
    return names


def _margins(given: Mapping[str, int]) -> dict[str, int]:
    found = {side: value for side, value in given.items() if value is not None}
    if unknown := set(found) - set(MARGINS):
        raise TypeError(f"not sides of a page: {sorted(unknown)}")
    for side, value in found.items():
        if not NARROWEST <= value <= WIDEST:
            raise Refused(f"余白は{NARROWEST}〜{WIDEST}mmにしてください。", field=f"margin_{side}")
    return found
