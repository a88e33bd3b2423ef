"""A municipality makes the texts its own: changes them, adds some, puts them in order, retires what it does not use."""

from django.db import transaction

from musubi.journal import actions as journal
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold
from musubi.people.models import Municipality, User
from musubi.people.rules import check_fields
from musubi.wordings.defaults import BY_CODE
from musubi.wordings.models import Wording
from musubi.wordings.queries import GAP, of_municipality
from musubi.wordings.rules import check_body, is_changed, may_change
from musubi.wordings.states import Kind

MOST = 100
LONGEST = 2000


@transaction.atomic
def add_wording(municipality: Municipality, *, by: User | None, kind: str, title: str, body: str) -> Wording:
    """Add a text of the municipality's own, after the others of its kind.

    Raises NotAllowed unless `by` may change texts here, Missing without a name or words, Refused for a placeholder
    that nobody can fill.
    """
    _require(by, municipality)
    # Two adding at once stand behind one another in the order, too.
    hold(municipality, "自治体")
    if kind not in Kind.values:
        raise Missing("どの場面の文面かを選んでください。", field="kind")
    rows = of_municipality(municipality)
    if len(rows) >= MOST:
        raise Refused(f"定型文は{MOST}件までです。使わないものを書き直してください。")
    last = max((row.position for row in rows if row.kind == kind), default=0)
    wording = Wording(
        municipality=municipality, kind=kind, position=last + GAP, **_words(municipality, title, body)
    )
    wording.save()
    journal.write("wording.added", wording, by=by, wording=kind)
    return wording


@transaction.atomic
def change_wording(wording: Wording, *, by: User | None, title: str, body: str) -> None:
    """Change a text. A product default that nobody had touched gets a row of the municipality's own.

    Raises as `add_wording` does. What was sent with the old words stays as it is.
    """
    _require(by, wording.municipality)
    words = _words(wording.municipality, title, body)
    wording = _own(wording)
    before = {"title": wording.title, "body": wording.body}
    wording.title, wording.body = words["title"], words["body"]
    wording.save(update_fields=["title", "body"])
    changed = [name for name, value in words.items() if before[name] != value]
    journal.write("wording.changed", wording, by=by, changed=changed, before=before)


@transaction.atomic
def restore_wording(wording: Wording, *, by: User | None) -> None:
    """Back to the words of the product. Raises Refused for a text of the municipality's own, which has none."""
    _require(by, wording.municipality)
    default = BY_CODE.get(wording.default)
    if default is None:
        raise Refused("この定型文は自治体が加えたものなので、もとの文面がありません。")
    wording = _own(wording)
    if not is_changed(wording):
        return
    before = {"title": wording.title, "body": wording.body}
    wording.title, wording.body = default.title, default.body
    wording.save(update_fields=["title", "body"])
    journal.write("wording.restored", wording, by=by, before=before)


@transaction.atomic
def retire_wording(wording: Wording, *, by: User | None) -> None:
    """Offer the text no longer; it may be taken up again. Raises Conflict where it is retired already."""
    _require(by, wording.municipality)
    wording = _own(wording)
    _switch(wording, False)
    journal.write("wording.retired", wording, by=by)


@transaction.atomic
def revive_wording(wording: Wording, *, by: User | None) -> None:
    """Offer a retired text again. Raises Conflict where it is offered already."""
    _require(by, wording.municipality)
    wording = _own(wording)
    _switch(wording, True)
    journal.write("wording.revived", wording, by=by)


@transaction.atomic
def move_wording(wording: Wording, *, by: User | None, up: bool) -> None:
    """Change places with the text of the same kind above it, or below. At the end of the list nothing happens."""
    municipality = wording.municipality
    _require(by, municipality)
    hold(municipality, "自治体")
    rows = [row for row in of_municipality(municipality) if row.kind == wording.kind]
    here = next(index for index, row in enumerate(rows) if row.code == wording.code)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for index, row in enumerate(rows, start=1):
        is_moved = row.code == wording.code
        if is_moved or row.position != index * GAP:
            row = _own(row)
            row.position = index * GAP
            row.save(update_fields=["position"])
        if is_moved:
            journal.write("wording.moved", row, by=by, up=up)


def _require(by: User | None, municipality: Municipality) -> None:
    if not may_change(by, municipality):
        raise NotAllowed("定型文を変えられるのは、デスクと自治体管理者だけです。")


def _words(municipality: Municipality, title: str, body: str) -> dict:
    title = " ".join(title.split())
    if not title:
        raise Missing("選ぶときに見分けられる名前を付けてください。", field="title")
    if not body.strip():
        raise Missing("文面を書いてください。", field="body")
    if len(body) > LONGEST:
        raise Refused(f"文面は{LONGEST}字までにしてください。", field="body")
    words = {"title": title, "body": check_body(body)}
    check_fields(Wording(municipality=municipality, **words), {"title"})
    return words


def _own(wording: Wording) -> Wording:
    """The row of a text, held; made now where it was a default nobody had touched."""
    if wording.pk is None:
        wording, _made = Wording.objects.get_or_create(
            municipality=wording.municipality,
            default=wording.default,
            defaults={name: getattr(wording, name) for name in ("kind", "title", "body", "position")},
        )
    hold(wording, "定型文")
    return wording


def _switch(wording: Wording, on: bool) -> None:
    if not Wording.objects.filter(pk=wording.pk, is_active=not on).update(is_active=on):
        raise Conflict(
            "この定型文は、別の人が先に切り替えました。画面を読み込み直して、今の一覧を確かめてください。"
        )
