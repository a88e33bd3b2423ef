"""Talks of a case: times are offered, the others say when they can come, one is fixed, changed or cancelled, and in
the end there are minutes. Each step passes the ball on, so that no talk waits for nobody."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from musubi.ball.rules import due
from musubi.cases.actions.steps import ball_for, hold_open, posted
from musubi.cases.meetings import times as offered
from musubi.cases.meetings import todos as promises
from musubi.cases.models import Case, Meeting, MeetingSlot, SlotAnswer
from musubi.cases.states import MEETING, PostKind, Side, SlotAnswerKind
from musubi.cases.thread import post, side_of
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Organisation, User
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields

FEWEST, MOST = 2, 10
LONGEST = 24 * 60


@transaction.atomic
def offer_times(
    case: Case,
    *,
    by: User,
    title: str,
    times: Iterable[datetime],
    place: str = "",
    minutes_long: int = 60,
    key: UUID | None = None,
) -> Meeting:
    """Offer two to ten times for a talk; either side may. Whoever offers can come at each of them.

    `key` names the form it was typed into: sent twice, it is kept once.
    Raises Missing without a subject or with fewer than two times, Refused for a time that has passed.
    Follows: the other side has the ball (都合を答える), due before the first of the times, and is told.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    if line := posted(case, key):
        return line.meeting
    moments = _future(times)
    meeting = Meeting(
        case=case,
        state="offered",
        title=title.strip(),
        place=place.strip(),
        minutes_long=minutes_long,
        recorded_by=by,
    )
    _check(meeting)
    meeting.save()
    slots = [MeetingSlot.objects.create(meeting=meeting, starts_at=moment) for moment in moments]
    _answer(by, dict.fromkeys((slot.pk for slot in slots), SlotAnswerKind.YES))
    line = post(
        case,
        PostKind.MEETING,
        by=by,
        body=meeting.title,
        meeting=meeting,
        key=key,
        data={"step": "offered", "times": [moment.isoformat() for moment in moments]},
    )
    others = offered.asked(case, offered.offerer(meeting))
    if not others:
        raise Refused("この案件には団体が登録されていません。先に団体を加えてください。")
    to = others[0]
    ball = ball_for(case, to, "都合を答える", due_on=_answer_by(case, moments[0]))
    update(case, "案件", guard={"stage": case.stage}, last_spoken_at=line.at, **ball)
    journal.write(
        "meeting.offered",
        meeting,
        by=by,
        case=case.pk,
        to=str(to),
        due_on=str(ball["ball_due_on"]),
        times=line.data["times"],
    )
    return meeting


@transaction.atomic
def answer_times(meeting: Meeting, *, by: User, answers: dict[int, str]) -> None:
    """Say for each offered time whether one can come: {slot id: `SlotAnswerKind`}. May be changed until one is fixed.

    Raises Missing where a time is left out, Conflict where the talk was fixed or cancelled meanwhile.
    Follows: the answer that was waited for last gives the ball back to whoever offered (日時を決める).
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    hold(meeting, "打合せ")
    if meeting.state != "offered":
        raise Conflict(
            f"この打合せは「{MEETING[meeting.state].label}」になっています。画面を読み込み直して、今の予定を確かめてください。"
        )
    slots = set(meeting.slots.values_list("pk", flat=True))
    if set(answers) != slots or not set(answers.values()) <= set(SlotAnswerKind.values):
        raise Missing("候補の日時すべてに、行けるかどうかを答えてください。", field="answers")
    waited_for = offered.awaited(meeting)
    is_first = not SlotAnswer.objects.filter(slot__in=slots, user=by).exists()
    _answer(by, answers)
    still = offered.awaited(meeting)
    ball, is_last = {}, bool(waited_for) and not still
    if is_last:
        ball = ball_for(case, offered.offerer(meeting), "日時を決める")
    elif still != waited_for and case.holder not in still:
        ball = ball_for(
            case, still[0], "都合を答える", due_on=_answer_by(case, meeting.slots.first().starts_at)
        )
    update(case, "案件", guard={"stage": case.stage}, last_spoken_at=clock.now(), **ball)
    if is_first:
        post(case, PostKind.MEETING, by=by, body=meeting.title, meeting=meeting, data={"step": "answered"})
    journal.write(
        "meeting.answered",
        meeting,
        by=by,
        case=case.pk,
        complete=is_last,
        can=sum(answer == SlotAnswerKind.YES for answer in answers.values()),
        **({"to": str(case.holder), "due_on": str(case.ball_due_on)} if ball else {}),
    )


@transaction.atomic
def fix_time(
    meeting: Meeting, *, by: User, slot: MeetingSlot | None = None, held_at: datetime | None = None
) -> None:
    """Fix the talk at one of its offered times, or (the municipality, by telephone say) at another one.

    An organisation fixes only what it offered itself, at a time at which somebody of the municipality can come.
    Raises NotAllowed, Conflict where somebody was faster, Refused for a time that has passed.
    Follows: the lead has the ball (打合せ), due on that day; everybody gets the invitation for their calendar.
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    if slot is not None and slot.meeting_id != meeting.pk:
        raise Refused("候補の日時から選んでください。画面を読み込み直して、今の候補を確かめてください。")
    moment = slot.starts_at if slot else held_at
    if moment is None:
        raise Missing("日時を選んでください。", field="held_at")
    if moment <= clock.now():
        raise Refused("もう過ぎた日時です。これからの日時を選んでください。", field="held_at")
    where = side_of(case, by)
    if where["side"] == Side.ORGANISATION:
        _require_welcome(meeting, slot, where["organisation_id"])
    if meeting.state != "offered":
        raise Conflict(
            f"この打合せは「{MEETING[meeting.state].label}」になっています。画面を読み込み直して、今の予定を確かめてください。"
        )
    move(meeting, MEETING, "fixed", held_at=moment)
    _settle(case, meeting, "fixed", by=by)


@transaction.atomic
def change_meeting(
    meeting: Meeting,
    *,
    by: User,
    held_at: datetime,
    place: str,
    minutes_long: int | None = None,
    title: str | None = None,
) -> None:
    """Change the time or place of a fixed talk. The organisation asks for it in a message, or cancels.

    Raises NotAllowed for the organisation, Refused for a time that has passed and where nothing would change.
    Follows: everybody gets the update for their calendar, counted one further; the lead has the ball.
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    if side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed(
            "日時を変えられるのは自治体の担当者です。変えたいときは、メッセージで相談してください。"
        )
    hold_open(case)
    if meeting.state != "fixed":
        raise Refused(
            f"この打合せは「{MEETING[meeting.state].label}」のため、変えられません。画面を読み込み直してください。"
        )
    if held_at <= clock.now():
        raise Refused("もう過ぎた日時です。これからの日時を選んでください。", field="held_at")
    wanted = {
        "held_at": held_at,
        "place": place.strip(),
        "minutes_long": minutes_long or meeting.minutes_long,
        "title": meeting.title if title is None else title.strip(),
    }
    if all(getattr(meeting, name) == value for name, value in wanted.items()):
        raise Refused("日時も場所も今のままです。変えるところを直してから、もう一度押してください。")
    _check(Meeting(case=case, recorded_by=by, **wanted))
    before = _when(meeting)
    move(
        meeting,
        MEETING,
        "fixed",
        guard={"sequence": meeting.sequence},
        sequence=meeting.sequence + 1,
        **wanted,
    )
    _settle(case, meeting, "changed", by=by, before=before)


@transaction.atomic
def cancel_meeting(meeting: Meeting, *, by: User, reason: str) -> None:
    """Call the talk off, with the reason; either side may. What people have in their calendars is taken out.

    Raises Missing without a reason, Refused where it was held or cancelled before.
    Follows: the lead has the ball, to say how to go on; everybody is told.
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    hold_open(case)
    was_fixed = meeting.state == "fixed"
    move(
        meeting,
        MEETING,
        "cancelled",
        cancel_reason=reason.strip(),
        sequence=meeting.sequence + was_fixed,
    )
    ball = ball_for(case, case.lead, promises.NOTHING_LEFT)
    update(case, "案件", guard={"stage": case.stage}, **ball)
    post(
        case,
        PostKind.MEETING,
        by=by,
        body=reason.strip(),
        meeting=meeting,
        data={"step": "cancelled", "at": _when(meeting), "title": meeting.title},
    )
    journal.write(
        "meeting.cancelled",
        meeting,
        by=by,
        **meeting.invitation,
        was_fixed=was_fixed,
        reason=reason.strip(),
        to=str(case.holder),
        due_on=str(case.ball_due_on),
    )


@transaction.atomic
def record_minutes(
    meeting: Meeting,
    *,
    by: User,
    minutes: str = "",
    attendees: str = "",
    decisions: str = "",
    todos: Iterable[promises.Promise] = (),
) -> None:
    """Put on the record what was said and decided in a fixed talk, and who does what by when.

    Raises NotAllowed for the organisation, Missing without a word, Refused before the talk has begun, and for a
    to-do without words, of somebody who takes no part, or for a day that has passed.
    Follows: the doer of the open to-do due first has the ball; without any, the lead keeps it, to say what is next.
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    if side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed("議事録を書けるのは自治体の担当者です。補足は、メッセージで送ってください。")
    hold_open(case)
    if not (minutes.strip() or decisions.strip()):
        raise Missing("話した内容か決まったことを書いてください。", field="minutes")
    if meeting.state == "fixed" and meeting.held_at > clock.now():
        raise Refused("この打合せはまだ始まっていません。終わってから議事録を書いてください。")
    move(
        meeting,
        MEETING,
        "held",
        minutes=minutes.strip(),
        attendees=attendees.strip(),
        decisions=decisions.strip(),
    )
    made = promises.write_down(case, list(todos), meeting=meeting)
    changes = {"last_spoken_at": clock.now()}
    if promises.first_open(case) or case.holder == case.lead:
        changes |= promises.ball_after(case)
    update(case, "案件", guard={"stage": case.stage}, **changes)
    post(case, PostKind.MEETING, by=by, body=meeting.decisions, meeting=meeting)
    journal.write(
        "meeting.minuted",
        meeting,
        by=by,
        case=case.pk,
        at=_when(meeting),
        todos=[{"text": t.text, "doer": str(t.doer), "due_on": str(t.due_on)} for t in made],
        to=str(case.holder),
        due_on=str(case.ball_due_on),
    )


@transaction.atomic
def correct_minutes(
    meeting: Meeting, *, by: User, minutes: str = "", attendees: str = "", decisions: str = ""
) -> None:
    """Put the minutes of a talk right; the journal keeps the words as they stood. To-dos and the ball stay as they are.

    Raises NotAllowed for the organisation, Missing without a word, Refused before there are minutes and where nothing
    would change, Conflict where somebody else corrected them meanwhile. Follows: everybody is told.
    """
    case = meeting.case
    require(by, Can.SPEAK_IN_CASE, case)
    if side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed("議事録を直せるのは自治体の担当者です。補足は、メッセージで送ってください。")
    hold_open(case)
    if meeting.state != "held":
        raise Refused("この打合せには、まだ議事録がありません。画面を読み込み直してください。")
    wanted = {
        "minutes": minutes.strip(),
        "attendees": attendees.strip(),
        "decisions": decisions.strip(),
    }
    if not (wanted["minutes"] or wanted["decisions"]):
        raise Missing("話した内容か決まったことを書いてください。", field="minutes")
    before = {name: getattr(meeting, name) for name in wanted}
    if wanted == before:
        raise Refused("議事録は今のままです。直すところを直してから、もう一度押してください。")
    update(meeting, "打合せの議事録", guard=before, **wanted)
    post(
        case,
        PostKind.MEETING,
        by=by,
        meeting=meeting,
        data={"step": "corrected", "at": _when(meeting), "title": meeting.title},
    )
    changed = [name for name in wanted if wanted[name] != before[name]]
    journal.write(
        "meeting.corrected",
        meeting,
        by=by,
        case=case.pk,
        at=_when(meeting),
        before={name: before[name] for name in changed},
        after={name: wanted[name] for name in changed},
    )


def _settle(case: Case, meeting: Meeting, step: str, *, by: User, before: str = "") -> None:
    """A time stands: the lead keeps the ball until that day, the thread says so, and everybody is invited."""
    ball = ball_for(case, case.lead, "打合せ", due_on=_day(meeting.held_at))
    update(case, "案件", guard={"stage": case.stage}, last_spoken_at=clock.now(), **ball)
    post(
        case,
        PostKind.MEETING,
        by=by,
        body=meeting.place,
        meeting=meeting,
        data={"step": step, "at": _when(meeting), "title": meeting.title},
    )
    journal.write(
        f"meeting.{step}",
        meeting,
        by=by,
        **meeting.invitation,
        **({"before": before} if before else {}),
        to=str(case.holder),
        due_on=str(case.ball_due_on),
    )


def _future(times: Iterable[datetime]) -> list[datetime]:
    """The times in order, each once."""
    moments = sorted(set(times))
    if len(moments) < FEWEST:
        raise Missing(f"候補の日時を{FEWEST}つ以上入れてください。", field="times")
    if len(moments) > MOST:
        raise Refused(f"候補の日時は{MOST}個までにしてください。", field="times")
    if moments[0] <= clock.now():
        raise Refused("候補に、もう過ぎた日時があります。これからの日時を入れてください。", field="times")
    return moments


def _check(meeting: Meeting) -> None:
    if meeting.state == "offered" and not meeting.title:
        raise Missing("何についての打合せかを、議題に書いてください。", field="title")
    check_fields(meeting, {"title", "place"})
    if not 5 <= meeting.minutes_long <= LONGEST:
        raise Refused("所要時間は、5分から1440分(24時間)までの数で入れてください。", field="minutes_long")


def _answer(by: User, answers: dict[int, str]) -> None:
    now = clock.now()
    SlotAnswer.objects.bulk_create(
        [SlotAnswer(slot_id=slot, user=by, answer=answer, at=now) for slot, answer in answers.items()],
        update_conflicts=True,
        unique_fields=["slot", "user"],
        update_fields=["answer", "at"],
    )


def _require_welcome(meeting: Meeting, slot: MeetingSlot | None, organisation_id: int) -> None:
    """What an organisation fixes must have been offered by itself, and suit somebody of the municipality."""
    there = {user.pk for user in offered.participants(meeting)[1]}
    by = offered.offerer(meeting)
    if slot is None or not isinstance(by, Organisation) or by.pk != organisation_id:
        raise NotAllowed("日時を決めるのは、候補を出した自治体の担当者です。都合を答えて、お待ちください。")
    can_come = slot.answers.exclude(answer=SlotAnswerKind.NO).exclude(user__in=there)
    if not can_come.exists():
        raise Refused("自治体の担当者が、まだこの日時に行けると答えていません。回答をお待ちください。")


def _answer_by(case: Case, first: datetime) -> date:
    """By the limit of the stage, but before the first of the times."""
    limit = due(case.municipality_id, "case", case.stage)
    return max(min(limit, _day(first)), clock.today())


def _day(moment: datetime) -> date:
    return moment.astimezone(clock.TOKYO).date()


def _when(meeting: Meeting) -> str:
    return meeting.held_at.isoformat() if meeting.held_at else ""
