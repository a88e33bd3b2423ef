"""Talks and to-dos as both sides' case pages show them. What may be done here is the actions' to decide; a button is
shown where it would be."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import invitations, todos
from musubi.cases.meetings import times as offered
from musubi.cases.models import Case, Meeting, Todo
from musubi.cases.states import MEETING, OPEN, Side, SlotAnswerKind
from musubi.cases.thread import side_of
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.people.models import Department, Organisation, Representative, Staff
from musubi.people.permissions import Can, authority, may
from musubi.www.forms.meetings import MARKS, AnswerTimes, moment_words

AHEAD = ["offered", "fixed"]
DONE_SHOWN = 5
WORDS = dict(SlotAnswerKind.choices)

Address = Callable[[str, int], str]
"""("answer" | "fix" | "change" | "cancel" | "minutes" | "correct" | "ics" | "todo-done" | "todo-reopen", id) → the
address on the reader's own side."""


def staff_address(case: Case) -> Address:
    city, ref = case.municipality.slug, case.ref

    def at(act: str, pk: int) -> str:
        return reverse(_name("staff", act), args=[city, ref, pk])

    return at


def partner_address(case: Case) -> Address:
    city, ref = case.municipality.slug, case.ref

    def at(act: str, pk: int) -> str:
        return reverse(_name("my", act), args=[city, ref, pk])

    return at


def _name(side: str, act: str) -> str:
    return f"{side}-{act}" if act.startswith("todo-") else f"{side}-meeting-{act}"


def meetings_of(case: Case):
    """The talks still ahead or wanting minutes, with their times and answers."""
    return (
        case.meetings.filter(state__in=AHEAD)
        .select_related("recorded_by")
        .prefetch_related("slots__answers__user")
        .order_by("held_at", "pk")
    )


def panel(case: Case, user, *, at: Address, bound: AnswerTimes | None = None) -> dict:
    """What `parts/meetings.html` needs."""
    speaks = case.stage in OPEN and may(user, Can.SPEAK_IN_CASE, case)
    outside = speaks and side_of(case, user)["side"] == Side.ORGANISATION
    rows = [_held_by(meeting, case) for meeting in meetings_of(case)] if case.stage in OPEN else []
    todos = list(case.todos.select_related("department", "organisation", "done_by"))
    own = authority(user).organisation_ids

    def ticks(todo: Todo, act: str) -> str:
        theirs = speaks and (not outside or todo.organisation_id in own)
        return at(act, todo.pk) if theirs else ""

    still = [todo for todo in todos if todo.done_at is None]
    done = sorted((todo for todo in todos if todo.done_at), key=lambda todo: todo.done_at)[-DONE_SHOWN:]
    return {
        "fixed": [_fixed(row, speaks, outside, at) for row in rows if row.state == "fixed"],
        "offers": [
            offer(row, user, speaks=speaks, outside=outside, at=at) for row in rows if row.state == "offered"
        ],
        "todos": [
            {
                "text": todo.text,
                "doer": todo.doer.display_name,
                "due_on": todo.due_on,
                "late": todo.due_on < clock.today(),
                "done_href": ticks(todo, "todo-done"),
            }
            for todo in still
        ],
        "done": [
            {
                "text": todo.text,
                "doer": todo.doer.display_name,
                "done_at": todo.done_at,
                "reopen_href": ticks(todo, "todo-reopen"),
            }
            for todo in done
        ],
        "speaks": speaks,
    }


def _held_by(meeting: Meeting, case: Case) -> Meeting:
    # The case as it was fetched, with its parties: asked for once, not once per talk.
    meeting.case = case
    return meeting


def _fixed(meeting: Meeting, speaks: bool, outside: bool, at: Address) -> dict:
    runs = speaks and not outside
    return {
        "meeting": meeting,
        "state": MEETING["fixed"],
        "is_over": meeting.is_over,
        "ics_href": at("ics", meeting.pk),
        "change_href": at("change", meeting.pk) if runs and not meeting.is_over else "",
        "cancel_href": at("cancel", meeting.pk) if speaks else "",
        "minutes_href": at("minutes", meeting.pk) if runs and meeting.is_over else "",
    }


def offer(
    meeting: Meeting, user, *, speaks: bool, outside: bool, at: Address, form: AnswerTimes | None = None
) -> dict:
    """What `parts/meeting_times.html` needs: the offered times with everybody's answers, and one's own to tick."""
    found = offered.tallies(meeting)
    best = offered.best(found)
    people = _people(meeting)
    mine = {tally.slot.pk: tally.answers[user.pk] for tally in found if user.pk in tally.answers}
    waiting = offered.awaited(meeting)
    by = offered.offerer(meeting)
    form = form or AnswerTimes(slots=[tally.slot for tally in found], given=mine, auto_id=f"m{meeting.pk}_%s")
    return {
        "meeting": meeting,
        "state": MEETING["offered"],
        "by": by.display_name,
        "people": [{"name": str(person), "where": where} for person, where in people],
        "waiting": [party.display_name for party in waiting],
        "rows": [
            {
                "slot": tally.slot,
                "when": moment_words(tally.slot.starts_at),
                "marks": [_mark(person, tally.answers.get(person.pk)) for person, _where in people],
                "counts": [(MARKS[kind], WORDS[kind], tally.count(kind)) for kind in SlotAnswerKind.values],
                "is_best": tally is best,
                "is_over": tally.is_over,
                "field": form[f"slot_{tally.slot.pk}"],
                "choices": _choices(form[f"slot_{tally.slot.pk}"]),
            }
            for tally in found
        ],
        "form": form,
        "answered": bool(mine),
        "speaks": speaks,
        # Its own offer an organisation fixes itself, once somebody here has said they can come.
        "may_fix": speaks
        and (
            not outside
            or (
                isinstance(by, Organisation)
                and by.pk in authority(user).organisation_ids
                and not _is_waiting_for_us(waiting)
            )
        ),
        "answer_href": at("answer", meeting.pk),
        "fix_href": at("fix", meeting.pk),
        "cancel_href": at("cancel", meeting.pk) if speaks else "",
    }


def _is_waiting_for_us(waiting: list) -> bool:
    return any(isinstance(party, Department) for party in waiting)


def _people(meeting: Meeting) -> list[tuple]:
    """(person, department or organisation) of whoever has answered, the one who offered first."""
    users = {}
    for slot in meeting.slots.all():
        for answer in slot.answers.all():
            users.setdefault(answer.user_id, answer.user)
    case = meeting.case
    where = dict(
        Staff.objects.filter(
            user__in=users, municipality=case.municipality_id, ended_at=None, department__isnull=False
        ).values_list("user", "department__name")
    )
    where |= dict(
        Representative.objects.filter(
            user__in=users, organisation__in=case.organisation_ids, ended_at=None
        ).values_list("user", "organisation__name")
    )
    return [(user, where.get(pk, "")) for pk, user in users.items()]


def _mark(person, answer: str | None) -> dict:
    if answer is None:
        return {"name": str(person), "mark": "−", "word": _("まだ"), "tone": ""}
    return {"name": str(person), "mark": MARKS[answer], "word": WORDS[answer], "tone": answer}


def _choices(field) -> list[dict]:
    value = field.value()
    return [
        {
            "id": f"{field.auto_id}_{index}",
            "name": field.html_name,
            "value": kind,
            "mark": MARKS[kind],
            "word": WORDS[kind],
            "checked": value == kind,
        }
        for index, kind in enumerate(SlotAnswerKind.values)
    ]


def as_file(meeting: Meeting, *, path: str) -> HttpResponse:
    """A fixed talk as a download for a calendar."""
    return HttpResponse(
        invitations.download(meeting, path=path, stamp=clock.now()),
        content_type="text/calendar; charset=utf-8; method=PUBLISH",
        headers={
            "Content-Disposition": f'attachment; filename="{meeting.case.ref}-{meeting.pk}.ics"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def fix_pressed_time(request, meeting: Meeting) -> None:
    """One click: the offered time whose button was pressed is fixed, and the person reads what became of it.

    Raises PermissionDenied where the action does not let them.
    """
    wanted = request.POST.get("slot", "")
    slot = next((slot for slot in meeting.slots.all() if str(slot.pk) == wanted), None)

    def fix() -> None:
        if slot is None:
            raise Refused(_("日時を選んでください。画面を読み込み直して、今の候補を確かめてください。"))
        meetings.fix_time(meeting, by=request.user, slot=slot)

    if _told(request, fix):
        when = {"when": moment_words(slot.starts_at)}
        messages.success(
            request,
            _("%(when)sに決めました。参加者全員に、カレンダーの招待を送ります。") % when,
            extra_tags="meetings",
        )


def tick_off(request, case: Case, pk: int) -> None:
    """A to-do of the case is done. Raises Http404 for another case's, PermissionDenied where it is not theirs to tick."""
    todo = get_object_or_404(Todo, pk=pk, case=case)
    todo.case = case
    if _told(request, lambda: todos.finish_todo(todo, by=request.user)):
        messages.success(
            request, _("宿題「%(text)s」を済みにしました。") % {"text": todo.text}, extra_tags="meetings"
        )


def take_tick_back(request, case: Case, pk: int) -> None:
    """A to-do of the case is not done after all. Raises Http404 for another case's, PermissionDenied as `tick_off`."""
    todo = get_object_or_404(Todo, pk=pk, case=case)
    todo.case = case
    if _told(request, lambda: todos.reopen_todo(todo, by=request.user)):
        messages.success(
            request,
            _("宿題「%(text)s」の済みを取り消しました。") % {"text": todo.text},
            extra_tags="meetings",
        )


def _told(request, act: Callable[[], object]) -> bool:
    """Whether the action went through; a refusal is shown as a message, as there is no form to show it in."""
    try:
        act()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        messages.error(request, str(refusal), extra_tags="meetings")
        return False
    return True
