"""Talking in a case: messages, internal notes, meetings, files."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from musubi.cases.actions.steps import ball_for, hold_open, posted, require_party
from musubi.cases.models import Case, CaseFile, Meeting, Post
from musubi.cases.states import PostKind, Side
from musubi.cases.thread import post, side_of
from musubi.gatherings.models import Gathering
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, update
from musubi.people.models import Department, Organisation, User
from musubi.people.permissions import Can, require
from musubi.services.virus_scan import Verdict


@transaction.atomic
def say(
    case: Case,
    *,
    by: User,
    body: str,
    next_step: str = "",
    asks: bool = True,
    quoted: str = "",
    data: dict | None = None,
    key: UUID | None = None,
) -> Post:
    """A message that everyone in the case reads.

    The organisation's message passes the ball to the lead department. A message of the desk or a department
    that `asks` something passes it to the organisation; one that only informs leaves it where it is.
    `key` names the form it was typed into: sent twice (a double click), it is kept once. One that came by mail
    brings what it quotes (`quoted`, folded away) and says so in `data` (see `cases.mail.receiving`).
    Raises Missing without words, Refused in a closed case.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    if not body.strip():
        raise Missing("メッセージを入力してください。", field="body")
    # Whoever wrote or handed the ball on just before: the message is kept, and moves the ball from where it is.
    hold_open(case)
    if line := posted(case, key):
        return line
    line = post(case, PostKind.MESSAGE, by=by, body=body, quoted=quoted, data=data or {}, key=key)
    changes = {"last_spoken_at": line.at}
    if line.side == Side.ORGANISATION:
        if case.ball_organisation_id:
            changes |= ball_for(case, case.lead, next_step or "返事をする")
    elif asks:
        changes |= ball_for(case, _first_organisation(case), next_step or "返事をする")
    update(case, "案件", guard={"stage": case.stage}, **changes)
    journal.write("case.spoken", case, by=by, side=line.side, post=line.pk, asks=asks)
    return line


@transaction.atomic
def note(case: Case, *, by: User, body: str, key: UUID | None = None) -> Post:
    """An internal note. The organisation never sees it, nor that it exists."""
    require(by, Can.NOTE_IN_CASE, case)
    if side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed
    if not body.strip():
        raise Missing("内部メモを入力してください。", field="body")
    hold(case, "案件")
    if line := posted(case, key):
        return line
    line = post(case, PostKind.NOTE, by=by, body=body, internal=True, key=key)
    journal.write("case.noted", case, by=by, post=line.pk)
    return line


@transaction.atomic
def record_meeting(
    case: Case,
    *,
    by: User,
    held_at: datetime,
    place: str = "",
    attendees: str = "",
    minutes: str = "",
    decisions: str = "",
    minutes_long: int = 60,
    gathering: Gathering | None = None,
    ball_to: Department | Organisation | None = None,
    next_step: str = "",
    key: UUID | None = None,
) -> Meeting:
    """Put a talk on the record, with its minutes and what was decided; who must act next may get the ball.

    One still to come (agreed by telephone, say) is fixed by it: everybody gets the invitation for their calendar,
    and the lead the ball, due on that day. For offering times and what follows see `cases/meetings/`.
    Raises Missing for a past meeting without minutes, Refused for an event of another municipality.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    if held_at <= clock.now() and not (minutes.strip() or decisions.strip()):
        raise Missing("済んだ打合せには、話した内容か決まったことを書いてください。", field="minutes")
    if gathering and gathering.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体のイベントは選べません。", field="gathering")
    if line := posted(case, key):
        return line.meeting
    meeting = Meeting.objects.create(
        case=case,
        held_at=held_at,
        minutes_long=minutes_long,
        place=place,
        attendees=attendees,
        minutes=minutes,
        decisions=decisions,
        gathering=gathering,
        recorded_by=by,
        state="fixed" if held_at > clock.now() else "held",
    )
    is_ahead = meeting.state == "fixed"
    step = {"step": "fixed", "at": held_at.isoformat(), "title": ""} if is_ahead else {}
    post(case, PostKind.MEETING, by=by, body=decisions, meeting=meeting, key=key, data=step)
    changes = {"last_spoken_at": clock.now()}
    if ball_to:
        require_party(case, ball_to)
        changes |= ball_for(case, ball_to, next_step or "打合せの宿題を進める")
    elif is_ahead:
        changes |= ball_for(case, case.lead, "打合せ", due_on=held_at.astimezone(clock.TOKYO).date())
    update(case, "案件", guard={"stage": case.stage}, **changes)
    journal.write("case.met", case, by=by, meeting=meeting.pk, at=held_at.isoformat())
    if is_ahead:
        journal.write("meeting.fixed", meeting, by=by, **meeting.invitation)
    return meeting


@transaction.atomic
def add_file(
    case: Case,
    *,
    by: User,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    scanned: str = Verdict.NOT_SCANNED,
    internal: bool = False,
    body: str = "",
    data: dict | None = None,
    key: UUID | None = None,
) -> CaseFile:
    """Put an already accepted and stored file on the record (see `services.storage`).

    `data` says of one that came by mail that it did. Raises NotAllowed where the organisation marks one internal.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    if internal and side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed
    if line := posted(case, key):
        return line.file
    file = CaseFile.objects.create(
        case=case,
        file=stored,
        name=name,
        size=size,
        media_type=media_type,
        scanned=scanned,
        internal=internal,
        added_at=clock.now(),
        added_by=by,
    )
    post(case, PostKind.FILE, by=by, body=body, internal=internal, file=file, data=data or {}, key=key)
    journal.write("case.filed", case, by=by, file=file.pk, name=name, internal=internal)
    return file


def _first_organisation(case: Case) -> Organisation:
    organisation = (
        case.proposal.organisation if case.proposal_id else case.organisations.order_by("pk").first()
    )
    if organisation is None:
        raise Refused("この案件には団体が登録されていません。先に団体を加えてください。")
    return organisation
