"""Talks of a case from the municipality's side: say when one can come, fix a time, change, cancel, write minutes."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases.meetings import actions as meetings
from musubi.cases.models import Case, Meeting
from musubi.people.permissions import Can
from musubi.www.case_meetings import (
    as_file,
    fix_pressed_time,
    meetings_of,
    offer,
    staff_address,
    take_tick_back,
    tick_off,
)
from musubi.www.forms.meetings import AnswerTimes, CancelForm, ChangeForm, moment_words
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.case_forms.base import area, parties, party
from musubi.www.staff.cases import _case
from musubi.www.staff.frame import act_page, attempt, crumbs, posted

EMPTY_ROWS = 3
MOST_ROWS = 12


class MinutesForm(forms.Form):
    attendees = forms.CharField(label=gettext_lazy("出席者"), widget=area(2), required=False)
    minutes = forms.CharField(label=gettext_lazy("話したこと"), widget=area(6), required=False)
    decisions = forms.CharField(
        label=gettext_lazy("決まったこと"),
        widget=area(3),
        required=False,
        help_text=gettext_lazy("団体を含む参加者全員が読みます。だれが何をするかは、下の宿題に書きます。"),
    )


class PromiseRow(forms.Form):
    """One to-do of the minutes; an empty row is none."""

    text = forms.CharField(label=gettext_lazy("すること"), max_length=120, required=False)
    doer = forms.ChoiceField(label=gettext_lazy("だれが"), required=False)
    due_on = forms.DateField(label=gettext_lazy("いつまでに"), widget=DateInput, required=False)

    def __init__(self, *args, case: Case, **kwargs):
        self.case = case
        super().__init__(*args, **kwargs)
        self.fields["doer"].choices = [("", _("選んでください")), *parties(case)]

    def clean(self):
        data = self.cleaned_data
        if any(data.get(name) for name in ("text", "doer", "due_on")):
            for name, words in (
                ("text", _("することを書いてください。")),
                ("doer", _("だれがするかを選んでください。")),
                ("due_on", _("期限を入れてください。")),
            ):
                if name not in self.errors and not data.get(name):
                    self.add_error(name, words)

    @property
    def promise(self) -> dict | None:
        data = self.cleaned_data
        if not data.get("text"):
            return None
        return {"text": data["text"], "doer": party(self.case, data["doer"]), "due_on": data["due_on"]}


def _meeting(request, city: str, ref: str, pk: int, *, rows=None) -> Meeting:
    """The talk, in a case the person may speak in."""
    case = _case(request, city, ref, Can.SPEAK_IN_CASE)
    meeting = get_object_or_404(rows if rows is not None else case.meetings, pk=pk, case=case)
    meeting.case = case
    return meeting


def _page(meeting: Meeting) -> str:
    city = meeting.case.municipality.slug
    return reverse("staff-case", args=[city, meeting.case.ref]) + "#meetings"


def _trail(meeting: Meeting) -> list[tuple[str, str]]:
    city = meeting.case.municipality.slug
    return [(_("連携案件"), reverse("staff-cases", args=[city])), (meeting.case.title, _page(meeting))]


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request, city: str, ref: str, pk: int):
    meeting = _meeting(request, city, ref, pk, rows=meetings_of(_case(request, city, ref)))
    form = None
    if request.method == "POST":
        form = AnswerTimes(request.POST, slots=list(meeting.slots.all()), auto_id=f"m{pk}_%s")
        if form.is_valid() and attempt(
            form, lambda: meetings.answer_times(meeting, by=request.user, answers=form.answers)
        ):
            messages.success(
                request,
                _("都合を記録しました。日時が決まるまで、何度でも変えられます。"),
                extra_tags="meetings",
            )
            return redirect(_page(meeting))
    if meeting.state != "offered":
        return redirect(_page(meeting))
    title = _("打合せの都合を答える")
    context = {
        "municipality": meeting.case.municipality,
        "page_title": title,
        "crumbs": crumbs(meeting.case.municipality, *_trail(meeting), title),
        "case": meeting.case,
        "offer": offer(
            meeting, request.user, speaks=True, outside=False, at=staff_address(meeting.case), form=form
        ),
        "back": _page(meeting),
    }
    return render(request, "staff/meeting_answer.html", context, status=422 if form and form.errors else 200)


@require_POST
def fix(request, city: str, ref: str, pk: int):
    meeting = _meeting(request, city, ref, pk)
    fix_pressed_time(request, meeting)
    return redirect(_page(meeting))


@require_http_methods(["GET", "HEAD", "POST"])
def change(request, city: str, ref: str, pk: int):
    meeting = _meeting(request, city, ref, pk)
    form = ChangeForm(
        posted(request),
        initial={name: getattr(meeting, name) for name in ("title", "held_at", "minutes_long", "place")},
    )
    if form.is_valid() and attempt(
        form, lambda: meetings.change_meeting(meeting, by=request.user, **form.cleaned_data)
    ):
        messages.success(
            request,
            _("打合せを変えました。参加者全員のカレンダーに、変更を送ります。"),
            extra_tags="meetings",
        )
        return redirect(_page(meeting))
    return act_page(
        request,
        meeting.case.municipality,
        form,
        title=_("打合せを変える"),
        lead=_("日時や場所を変えると、参加者全員にカレンダーの変更が届きます。"),
        trail=_trail(meeting),
        submit_label=_("変えて、全員に知らせる"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request, city: str, ref: str, pk: int):
    meeting = _meeting(request, city, ref, pk)
    form = CancelForm(posted(request))
    if form.is_valid() and attempt(
        form,
        lambda: meetings.cancel_meeting(meeting, by=request.user, reason=form.cleaned_data["cancel_reason"]),
    ):
        messages.success(request, _("打合せを中止にし、参加者全員に知らせます。"), extra_tags="meetings")
        return redirect(_page(meeting))
    when = moment_words(meeting.held_at) if meeting.held_at else _("日程調整中")
    return act_page(
        request,
        meeting.case.municipality,
        form,
        title=_("打合せを中止する"),
        lead=_("「%(name)s」(%(when)s)を中止します。入れたカレンダーからも消えます。")
        % {"name": meeting.name, "when": when},
        trail=_trail(meeting),
        submit_label=_("中止を知らせる"),
        danger=True,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def minutes(request, city: str, ref: str, pk: int):
    """The minutes, with rows for what was promised. 「行を増やす」 gives more rows and keeps all that was typed."""
    meeting = _meeting(request, city, ref, pk)
    data = posted(request)
    count = min(max(_number(request.POST.get("rows", "")) or EMPTY_ROWS, EMPTY_ROWS), MOST_ROWS)
    wants_more = data is not None and "more" in data
    if wants_more:
        # Shown as it was typed, without being judged yet.
        count = min(count + EMPTY_ROWS, MOST_ROWS)
        form = MinutesForm(initial=data.dict())
        rows = [
            PromiseRow(
                prefix=f"todo{n}",
                case=meeting.case,
                initial={name: data.get(f"todo{n}-{name}") for name in ("text", "doer", "due_on")},
            )
            for n in range(count)
        ]
    else:
        form = MinutesForm(data)
        rows = [PromiseRow(data, prefix=f"todo{n}", case=meeting.case) for n in range(count)]
        if data is not None and all([form.is_valid(), *(row.is_valid() for row in rows)]):
            promises = [row.promise for row in rows if row.promise]
            if attempt(
                form,
                lambda: meetings.record_minutes(
                    meeting, by=request.user, todos=promises, **form.cleaned_data
                ),
            ):
                messages.success(
                    request,
                    _("議事録を載せました。宿題は、期限の早い順にボールになります。"),
                    extra_tags="meetings",
                )
                return redirect(_page(meeting))
    title = _("議事録を書く")
    broken = form.errors or any(row.errors for row in rows)
    context = {
        "municipality": meeting.case.municipality,
        "page_title": title,
        "crumbs": crumbs(meeting.case.municipality, *_trail(meeting), title),
        "case": meeting.case,
        "meeting": meeting,
        "form": form,
        "rows": rows,
        "count": count,
        "may_more": count < MOST_ROWS,
        "back": _page(meeting),
    }
    return render(
        request,
        "staff/meeting_minutes.html",
        context,
        status=422 if data and broken and not wants_more else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request, city: str, ref: str, pk: int):
    meeting = _meeting(request, city, ref, pk)
    if meeting.state != "held":
        return redirect(_page(meeting))
    form = MinutesForm(
        posted(request),
        initial={name: getattr(meeting, name) for name in ("attendees", "minutes", "decisions")},
    )
    form.fields["decisions"].help_text = _("団体を含む参加者全員が読みます。宿題とボールは、今のままです。")
    if form.is_valid() and attempt(
        form, lambda: meetings.correct_minutes(meeting, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("議事録を直し、参加者全員に知らせます。"), extra_tags="thread")
        return redirect(_page(meeting).partition("#")[0] + "#told-thread")
    return act_page(
        request,
        meeting.case.municipality,
        form,
        title=_("議事録を直す"),
        lead=_("直す前の文面は、できごとの記録に残ります。"),
        trail=_trail(meeting),
        submit_label=_("直した議事録を載せる"),
    )


@require_safe
def ics(request, city: str, ref: str, pk: int):
    """A fixed talk, to be put into one's own calendar; after the same check as the page."""
    case = _case(request, city, ref)
    meeting = case.meetings.filter(pk=pk, state__in=["fixed", "held"]).first()
    if meeting is None:
        raise Http404
    meeting.case = case
    return as_file(meeting, path=reverse("staff-case", args=[city, ref]))


@require_POST
def todo_done(request, city: str, ref: str, pk: int):
    tick_off(request, _case(request, city, ref, Can.SPEAK_IN_CASE), pk)
    return redirect(reverse("staff-case", args=[city, ref]) + "#meetings")


@require_POST
def todo_reopen(request, city: str, ref: str, pk: int):
    take_tick_back(request, _case(request, city, ref, Can.SPEAK_IN_CASE), pk)
    return redirect(reverse("staff-case", args=[city, ref]) + "#meetings")


def _number(text: str) -> int:
    """The number typed, or 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


urlpatterns = [
    path("<str:ref>/meetings/<int:pk>.ics", ics, name="staff-meeting-ics"),
    path("<str:ref>/meetings/<int:pk>/answer/", answer, name="staff-meeting-answer"),
    path("<str:ref>/meetings/<int:pk>/fix/", fix, name="staff-meeting-fix"),
    path("<str:ref>/meetings/<int:pk>/change/", change, name="staff-meeting-change"),
    path("<str:ref>/meetings/<int:pk>/cancel/", cancel, name="staff-meeting-cancel"),
    path("<str:ref>/meetings/<int:pk>/minutes/", minutes, name="staff-meeting-minutes"),
    path("<str:ref>/meetings/<int:pk>/correct/", correct, name="staff-meeting-correct"),
    path("<str:ref>/todos/<int:pk>/done/", todo_done, name="staff-todo-done"),
    path("<str:ref>/todos/<int:pk>/reopen/", todo_reopen, name="staff-todo-reopen"),
]
