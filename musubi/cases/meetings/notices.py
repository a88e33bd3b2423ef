"""Who is told what about talks. What stands in calendars is mailed to everybody, the one who fixed it too: without
the mail it would stand in nobody's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from musubi.cases.meetings import invitations
from musubi.cases.meetings import times as offered
from musubi.cases.models import Case, Meeting, Todo
from musubi.cases.notices import _partner_letter, _staff_letter, _to_organisations, _to_staff
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.notify.models import Notice
from musubi.notify.registry import Letter, tells
from musubi.people.models import Department, User
from musubi.people.queries import people_of, representatives_of

IN_CALENDARS = ["meeting.fixed", "meeting.changed"]


@tells("meeting.offered", _("打合せの候補日"))
def times_offered(entry: Entry) -> Iterator[Letter]:
    meeting = _meeting(entry)
    case, by = meeting.case, offered.offerer(meeting)
    title = f"打合せの都合を教えてください: {meeting.name}"
    days = "\n".join(f"・{_moment(text)}" for text in entry.data["times"])
    body = (
        f"{by}が、案件「{case.title}」の打合せ「{meeting.name}」の候補を出しました。"
        f"行けるかどうかを答えてください。\n\n{days}"
    )
    if isinstance(by, Department):
        yield from _to_organisations(case, title, body)
    else:
        yield from _to_staff(case, title, body)
        others = [pk for pk in case.organisation_ids if pk != by.pk]
        for user in representatives_of(others):
            yield _partner_letter(case, user, title, body)
    for department in case.departments.exclude(
        pk__in=[by.pk if isinstance(by, Department) else 0, case.lead_id]
    ):
        for user in people_of(department):
            yield _staff_letter(case, user, title, body)


@tells("meeting.answered", _("打合せの都合の回答"))
def times_answered(entry: Entry) -> Iterator[Letter]:
    if not entry.data["complete"]:
        return
    meeting = _meeting(entry)
    case = meeting.case
    title = f"全員の都合がそろいました: {meeting.name}"
    body = f"案件「{case.title}」の打合せ「{meeting.name}」の候補に、全員が答えました。日時を決めてください。"
    by = offered.offerer(meeting)
    if not isinstance(by, Department):
        for user in representatives_of([by.pk]):
            yield _partner_letter(case, user, title, body)
        return
    here, _there = offered.participants(meeting)
    if meeting.recorded_by in here:
        yield _staff_letter(case, meeting.recorded_by, title, body)
    yield from _to_staff(case, title, body)


@tells("meeting.fixed", _("打合せの日時の決定(カレンダーの招待)"), always=True)
def time_fixed(entry: Entry) -> Iterator[Letter]:
    yield from _invite(entry, "打合せの日時が決まりました", "次のとおり決まりました。")


@tells("meeting.changed", _("打合せの変更(カレンダーの更新)"), always=True)
def meeting_changed(entry: Entry) -> Iterator[Letter]:
    before = _moment(entry.data["before"])
    yield from _invite(entry, "打合せが変わりました", f"次のとおり変わりました。(変更前: {before})")


@tells("meeting.cancelled", _("打合せの中止(カレンダーの取消)"), always=True)
def meeting_cancelled(entry: Entry) -> Iterator[Letter]:
    meeting = _meeting(entry)
    case, facts = meeting.case, entry.data
    title = f"打合せは中止になりました: {facts['subject']}"
    when = f"({_moment(facts['at'])})" if facts["at"] else ""
    body = f"案件「{case.title}」の打合せ「{facts['subject']}」{when}は中止になりました。\n\n理由: {facts['reason']}"
    for letter in _to_everybody(meeting, title, body):
        if facts["was_fixed"]:
            letter = _with_calendar(letter, meeting, entry, cancelled=True)
        yield letter
    if facts["was_fixed"]:
        yield from _take_out(meeting, entry)


@tells("meeting.minuted", _("打合せの議事録と宿題"))
def minutes_recorded(entry: Entry) -> Iterator[Letter]:
    meeting = _meeting(entry)
    case = meeting.case
    title = f"議事録が載りました: {meeting.name}"
    parts = [f"案件「{case.title}」の打合せ({_moment(entry.data['at'])})の議事録が載りました。"]
    if meeting.decisions:
        parts.append(f"決まったこと:\n{meeting.decisions}")
    if todos := entry.data["todos"]:
        lines = [f"・{t['text']} — {t['doer']}、{_day(t['due_on'])}まで" for t in todos]
        parts.append("宿題:\n" + "\n".join(lines))
    parts.append(f"次に動くのは、{entry.data['to']}です。")
    yield from _to_everybody(meeting, title, "\n\n".join(parts))


@tells("meeting.corrected", _("打合せの議事録の訂正"))
def minutes_corrected(entry: Entry) -> Iterator[Letter]:
    meeting = _meeting(entry)
    body = f"案件「{meeting.case.title}」の打合せ({_moment(entry.data['at'])})の議事録が直されました。"
    if decisions := entry.data["after"].get("decisions"):
        body += f"\n\n決まったこと:\n{decisions}"
    yield from _to_everybody(meeting, f"議事録が直されました: {meeting.name}", body)


@tells("todo.done", _("宿題が済んだ"))
def todo_done(entry: Entry) -> Iterator[Letter]:
    todo = Todo.objects.select_related("case__municipality").get(pk=entry.object_id)
    case = todo.case
    title = f"宿題が済みました: {todo.text}"
    body = f"案件「{case.title}」の宿題「{todo.text}」({todo.doer})が済みました。"
    yield from _of_todo(case, entry, title, body)


@tells("todo.reopened", _("宿題がまだだった"))
def todo_reopened(entry: Entry) -> Iterator[Letter]:
    todo = Todo.objects.select_related("case__municipality").get(pk=entry.object_id)
    case = todo.case
    title = f"宿題はまだ済んでいません: {todo.text}"
    body = f"案件「{case.title}」の宿題「{todo.text}」({todo.doer})は、済んだ印が取り消されました。"
    yield from _of_todo(case, entry, title, body)


def _of_todo(case: Case, entry: Entry, title: str, body: str) -> Iterator[Letter]:
    """The lead, and whoever the ball went to."""
    if to := entry.data.get("to"):
        body += f"\n\n次に動くのは、{to}です: {case.ball_next}" if str(case.holder) == to else ""
    yield from _to_staff(case, title, body)
    if case.ball_organisation_id and entry.data.get("to"):
        for user in representatives_of([case.ball_organisation_id]):
            yield _partner_letter(case, user, title, body)
    elif entry.data.get("to") and case.ball_department_id not in (None, case.lead_id):
        for user in people_of(case.ball_department):
            yield _staff_letter(case, user, title, body)


def _meeting(entry: Entry) -> Meeting:
    return Meeting.objects.select_related("case__municipality", "case__lead", "case__owner").get(
        pk=entry.object_id
    )


def _invite(entry: Entry, what: str, words: str) -> Iterator[Letter]:
    """Everybody who takes part, with the calendar; and whoever was invited before but no longer takes part."""
    meeting, facts = _meeting(entry), entry.data
    lines = [
        f"案件「{meeting.case.title}」の打合せ「{facts['subject']}」が{words}",
        f"日時: {_moment(facts['at'])}から{facts['minutes_long']}分",
    ]
    if facts["place"]:
        lines.append(f"場所・方法: {facts['place']}")
    lines.append("このメールに付いている予定を、お使いのカレンダーに入れられます。")
    for letter in _to_everybody(meeting, f"{what}: {facts['subject']}", "\n".join(lines)):
        yield _with_calendar(letter, meeting, entry)
    yield from _take_out(meeting, entry)


def _to_everybody(meeting: Meeting, title: str, body: str) -> Iterator[Letter]:
    here, there = offered.participants(meeting)
    for user in here:
        yield _staff_letter(meeting.case, user, title, body)
    for user in there:
        yield _partner_letter(meeting.case, user, title, body)


def _with_calendar(
    letter: Letter, meeting: Meeting, entry: Entry, *, facts: dict | None = None, cancelled: bool = False
) -> Letter:
    made = invitations.letter(
        meeting, facts or entry.data, to=letter.user, path=letter.path, stamp=entry.at, cancelled=cancelled
    )
    return replace(letter, calendar=made)


def _take_out(meeting: Meeting, entry: Entry) -> Iterator[Letter]:
    """Whoever was invited earlier and takes part no more has it taken out of their calendar; nothing else is told."""
    earlier = Entry.objects.filter(
        kind="meeting", object_id=meeting.pk, verb__in=IN_CALENDARS, id__lt=entry.pk
    ).values_list("id", flat=True)
    invited = set(
        Notice.objects.filter(entry_id__in=list(earlier), kind__in=IN_CALENDARS).values_list(
            "user", flat=True
        )
    )
    here, there = offered.participants(meeting)
    gone = invited - {user.pk for user in [*here, *there]}
    # Where and when the others now meet is no business of theirs any more.
    facts = {**entry.data, "at": entry.data.get("before") or entry.data["at"], "place": ""}
    for user in User.objects.filter(pk__in=gone, is_active=True):
        title = f"打合せの予定が外れました: {entry.data['subject']}"
        letter = Letter(
            user, title, "担当が変わったため、この打合せの予定はあなたのカレンダーから外れます。", ""
        )
        yield _with_calendar(letter, meeting, entry, facts=facts, cancelled=True)


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text).astimezone(clock.TOKYO)
    return f"{format_date(moment.date())} {moment:%H:%M}"


def _day(text: str) -> str:
    return format_date(datetime.fromisoformat(text).date())
