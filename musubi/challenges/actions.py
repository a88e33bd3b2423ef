"""What happens to a challenge, from the first draft in a department to its end."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.challenges.models import Challenge
from musubi.challenges.queries import about_to_expire, expired, goals_and_fields, marks
from musubi.challenges.rules import is_editable
from musubi.challenges.states import CHALLENGE, CloseReason, Visibility
from musubi.journal import actions as journal
from musubi.journal.queries import history
from musubi.lib import clock, fulltext
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.fiscal import end_of_fiscal_year
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Department, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require

RENEWAL_NOTICE = timedelta(days=14)
WORDS = [
    "title",
    "problem",
    "goal_image",
    "offers_field",
    "offers_data",
    "offers_publicity",
    "offers_budget",
    "offer_note",
    "conditions",
    "scale",
    "deadline",
    "code",
    "channel",
]


@transaction.atomic
def draft_challenge(
    department: Department, *, by: User, title: str, goals=(), fields=(), key: UUID | None = None, **words
) -> Challenge:
    """A department starts to write a challenge; only the department and the desk can read it.

    `words` are the fields in `WORDS`; `goals` are goal numbers and `fields` field codes. A form sent twice (a double
    click) carries the same `key` and makes one draft: the second time its words are kept in the draft that the first
    made.
    Raises NotAllowed unless `by` may write challenges for the department, Missing without a title, Refused where the
    draft of that `key` has been published since.
    """
    require(by, Can.WRITE_CHALLENGE, department)
    _require_title(title)
    again = {"by": by, "title": title, "goals": goals, "fields": fields, **_known(words)}
    if key and (made := Challenge.objects.filter(key=key).first()):
        return _draft_again(made, **again)
    try:
        with transaction.atomic():
            challenge = Challenge.objects.create(
                municipality_id=department.municipality_id,
                department=department,
                owner=by,
                # Inside, so that a number for nothing is given back.
                ref=next_ref(department.municipality_id, "challenge"),
                key=key,
                created_at=clock.now(),
                title=title,
                **words,
            )
    except IntegrityError:
        if key is None:
            raise
        return _draft_again(Challenge.objects.get(key=key), **again)
    _classify(challenge, goals, fields)
    _index(challenge)
    journal.write("challenge.drafted", challenge, by=by, department=department.name)
    return challenge


@transaction.atomic
def save_challenge(
    challenge: Challenge, *, by: User, goals=None, fields=None, seen: int | None = None, **words
) -> None:
    """Change the words of a challenge. A published one shows the new words at once, and the journal keeps which.

    With `seen`, the number of the last journal entry the writer had before them, raises Conflict where a colleague
    has changed the challenge since. Raises NotAllowed unless `by` may write it, Refused once it is closed or
    resolved.
    """
    require(by, Can.WRITE_CHALLENGE, challenge)
    if seen is not None:
        # Held until commit, so that of two who save at once the second sees the first one's entry.
        list(Challenge.objects.select_for_update(no_key=True).filter(pk=challenge.pk).values_list("pk"))
        if (last := history(challenge).last()) and last.pk > seen:
            raise Conflict(
                f"この課題は、あなたが開いたあとに{last.actor}さんが保存しました。入力した内容はこの画面に残っています。"
                "いまの内容と見比べて、このまま保存すると、あなたの内容で置きかわります。"
            )
    if not is_editable(challenge):
        raise Refused(
            "終了した課題は書き直せません。新しい課題として登録するか、再公開してから直してください。"
        )
    changes = {name: value for name, value in _known(words).items() if getattr(challenge, name) != value}
    _require_title(changes.get("title", challenge.title))
    # Even where only the classification changes: nobody may have closed it meanwhile.
    update(challenge, "課題", guard={"state": challenge.state}, **{"state": challenge.state, **changes})
    _classify(challenge, goals, fields)
    _index(challenge)
    journal.write("challenge.saved", challenge, by=by, changed=sorted(changes))


@transaction.atomic
def ask_for_check(challenge: Challenge, *, by: User) -> None:
    """The department hands its draft to the desk.

    Raises Missing where the problem or the picture of success is not written yet.
    Follows: the desk is told.
    """
    require(by, Can.WRITE_CHALLENGE, challenge)
    _move(challenge, "checking", submitted_at=clock.now(), remarks="")
    journal.write("challenge.submitted", challenge, by=by)


@transaction.atomic
def return_to_draft(challenge: Challenge, *, by: User, remarks: str) -> None:
    """The desk returns a challenge with remarks (差戻し).

    Raises Missing without remarks: a return nobody can act on is not one. Follows: the owner is told.
    """
    require(by, Can.CHECK_CHALLENGE, challenge)
    if not remarks.strip():
        raise Missing(
            "差戻しの理由を書いてください。担当課が何を直せばよいか分かるようにします。", field="remarks"
        )
    _move(challenge, "draft", remarks=remarks)
    journal.write("challenge.returned", challenge, by=by, remarks=remarks)


@transaction.atomic
def publish(
    challenge: Challenge, *, by: User, visibility: int = Visibility.PUBLIC, expires_on: date | None = None
) -> None:
    """The desk publishes a checked challenge to `visibility`; it expires at the end of the fiscal year unless told.

    Raises NotAllowed unless `by` checks challenges here, Refused where `expires_on` has passed, or where it was
    published before: `widen` and `reopen` change that, and never narrow who reads it. Follows: the owner is told; members are told when it is widened to them.
    """
    require(by, Can.CHECK_CHALLENGE, challenge)
    if challenge.published_at:
        raise Refused(
            "この課題は一度公開されています。読める人を増やすには「公開範囲を広げる」、終了した課題には「再公開」を使ってください。"
        )
    expires_on = _expiry(challenge, expires_on)
    _move(
        challenge,
        "published",
        visibility=visibility,
        published_at=clock.now(),
        expires_on=expires_on,
    )
    journal.write(
        "challenge.published", challenge, by=by, visibility=int(visibility), expires_on=str(expires_on)
    )


@transaction.atomic
def widen(challenge: Challenge, *, by: User, visibility: int) -> None:
    """Let more people read it: 課内 → 庁内 → 会員 → 公開. Never narrower; to take it back, close it.

    Raises Refused where `visibility` is not wider than now, or before the desk has checked it.
    """
    require(by, Can.CLOSE_CHALLENGE, challenge)
    if challenge.state not in ("published", "matched"):
        raise Refused(
            "公開範囲を広げられるのは、デスクの確認が済んだ課題だけです。先に確認を依頼してください。"
        )
    if visibility <= challenge.visibility:
        raise Refused("公開範囲は広げることだけができます。読めないようにするには、課題を終了してください。")
    guard = {"state": challenge.state, "visibility": challenge.visibility}
    update(challenge, "課題", guard=guard, visibility=visibility)
    _index(challenge)
    journal.write("challenge.widened", challenge, by=by, visibility=int(visibility))


@transaction.atomic
def renew(challenge: Challenge, *, by: User, expires_on: date) -> None:
    """Keep a published challenge on the list until a later day."""
    require(by, Can.WRITE_CHALLENGE, challenge)
    if challenge.state not in ("published", "matched"):
        raise Refused("掲載期限を延ばせるのは、公開中の課題だけです。")
    expires_on = _expiry(challenge, expires_on)
    guard = {"state": challenge.state, "expires_on": challenge.expires_on}
    update(challenge, "課題", guard=guard, expires_on=expires_on)
    journal.write("challenge.renewed", challenge, by=by, expires_on=str(expires_on))


@transaction.atomic
def close(challenge: Challenge, *, by: User | None, reason: str, note: str = "") -> None:
    """End a challenge without a solution (終了); proposals in hand keep their own way.

    Raises Missing where the reason is "other" and nothing is explained.
    """
    require(by, Can.CLOSE_CHALLENGE, challenge)
    if reason == CloseReason.OTHER and not note.strip():
        raise Missing("「その他」を選んだときは、終了の説明を書いてください。", field="note")
    _move(
        challenge,
        "closed",
        # Who closes it because its day has passed has not seen that it was just renewed.
        guard={"expires_on": challenge.expires_on},
        closed_at=clock.now(),
        close_reason=reason,
        close_note=note,
    )
    journal.write("challenge.closed", challenge, by=by, reason=reason, note=note)


@transaction.atomic
def reopen(challenge: Challenge, *, by: User, expires_on: date | None = None) -> None:
    """Publish a closed challenge again, at the visibility it had. Raises Refused for one that is not closed."""
    require(by, Can.CLOSE_CHALLENGE, challenge)
    if challenge.state != "closed":
        raise Refused(
            "再公開できるのは、終了した課題だけです。画面を読み込み直して、今の状態を確かめてください。"
        )
    expires_on = _expiry(challenge, expires_on)
    _move(
        challenge,
        "published",
        expires_on=expires_on,
        closed_at=None,
        close_reason="",
        close_note="",
    )
    journal.write("challenge.reopened", challenge, by=by, expires_on=str(expires_on))


@transaction.atomic
def match(challenge: Challenge, *, by: User | None) -> None:
    """A case opens on it: the later step calls this. A challenge already matched stays so, whoever did it."""
    hold(challenge, "課題")
    if challenge.state == "published":
        _move(challenge, "matched")
        journal.write("challenge.matched", challenge, by=by)


@transaction.atomic
def resolve(challenge: Challenge, *, by: User | None) -> None:
    """An outcome met the need: the later step calls this. One already resolved stays so, whoever did it."""
    hold(challenge, "課題")
    if challenge.state in ("published", "matched"):
        _move(challenge, "resolved", closed_at=clock.now())
        journal.write("challenge.resolved", challenge, by=by)


@transaction.atomic
def ask_to_renew(challenge: Challenge) -> None:
    """Ask the owner, once per date, whether the listing shall go on. Follows: the owner is told."""
    update(
        challenge,
        "課題",
        guard={
            "state": challenge.state,
            "expires_on": challenge.expires_on,
            "renewal_asked_for": challenge.renewal_asked_for,
        },
        renewal_asked_for=challenge.expires_on,
    )
    journal.write("challenge.expiring", challenge, by=None, expires_on=str(challenge.expires_on))


def ask_to_renew_due() -> int:
    """Ask about what expires within 14 days; the worker calls this daily. Returns how many were asked about."""
    count = 0
    for challenge in about_to_expire(clock.today() + RENEWAL_NOTICE):
        with suppress(Conflict):
            ask_to_renew(challenge)
            count += 1
    return count


def expire_due() -> int:
    """Close what has passed its date; the worker calls this daily. Returns how many were closed."""
    count = 0
    for challenge in expired(clock.today()).iterator():
        # Renewed, matched or closed a moment ago: it is no longer ours to close, and the others still are.
        with suppress(Conflict):
            close(challenge, by=None, reason=CloseReason.EXPIRED)
            count += 1
    return count


def _draft_again(made: Challenge, *, by: User, **words) -> Challenge:
    """The draft that the same form made a moment ago, with these words.

    Raises NotAllowed unless `by` may write it, Refused once it was published.
    """
    # Of a double click on 「確認を依頼」, the first may be about to hand it to the desk.
    hold(made, "課題")
    if made.state not in ("draft", "checking"):
        raise Refused(
            f"この画面で書いた課題は、もう公開されています(整理番号 {made.ref})。"
            "別の課題を書くときは、「課題を書く」をもう一度開いてください。"
        )
    save_challenge(made, by=by, **words)
    return made


def _known(words: dict) -> dict:
    unknown = set(words) - set(WORDS)
    if unknown:
        raise TypeError(f"not words of a challenge: {sorted(unknown)}")
    return words


def _require_title(title: str) -> None:
    if not title.strip():
        raise Missing("課題名を入力してください。", field="title")


def _classify(challenge: Challenge, goals: Iterable[int] | None, fields: Iterable[str] | None) -> None:
    if goals is not None:
        challenge.goals.set(goals)
    if fields is not None:
        challenge.fields.set(fields)


def _index(challenge: Challenge) -> None:
    """Have it found by its words and marks as they stand now: whoever acts may have read it before others wrote."""
    row = Challenge.objects.get(pk=challenge.pk)
    fulltext.index(
        row,
        text=row.searchable,
        municipality_id=row.municipality_id,
        marks=marks(row, *goals_and_fields(row.pk)),
    )


def _move(challenge: Challenge, to: str, **changes) -> None:
    """`lifecycle.move`, with the search index following."""
    move(challenge, CHALLENGE, to, **changes)
    _index(challenge)


def _expiry(challenge: Challenge, wanted: date | None) -> date:
    """The day the listing ends: as wished, else the later of the deadline and the end of the fiscal year."""
    today = clock.today()
    day = wanted or max(end_of_fiscal_year(today), challenge.deadline or today)
    if day < today:
        raise Refused("掲載期限には、今日以降の日付を入れてください。", field="expires_on")
    return day
