"""Talks of a case from the organisation's side: offer times, say when one can come, put it into the calendar."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from musubi.cases.meetings import actions as meetings
from musubi.cases.models import Case, Meeting
from musubi.cases.queries import of_organisations
from musubi.cases.states import OPEN
from musubi.lib.errors import Refused
from musubi.people.permissions import Can
from musubi.www.access import city_or_404, fetch
from musubi.www.case_meetings import (
    as_file,
    fix_pressed_time,
    meetings_of,
    offer,
    partner_address,
    take_tick_back,
    tick_off,
)
from musubi.www.forms.meetings import AnswerTimes, CancelForm, OfferWords, moment_words
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words


def _case(request, city: str, ref: str, can: Can = Can.SPEAK_IN_CASE) -> Case:
    rows = of_organisations(request.user).filter(municipality=city_or_404(city))
    return fetch(request, rows, can, ref=ref)


def _meeting(case: Case, pk: int) -> Meeting:
    meeting = get_object_or_404(meetings_of(case), pk=pk)
    meeting.case = case
    return meeting


def _back(city: str, ref: str) -> str:
    return reverse("my-case", args=[city, ref]) + "#meetings"


def _trail(case: Case) -> list[tuple[str, str]]:
    return [(_("連携案件"), reverse("my-cases")), (case.title, _back(case.municipality.slug, case.ref))]


@keeps_words
def new(request, city, ref):
    """Offer times for a talk."""
    case = _case(request, city, ref)
    if case.stage not in OPEN:
        messages.info(request, _("この案件は終了しています。"))
        return redirect(_back(city, ref))
    form = OfferWords(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            meetings.offer_times(case, by=request.user, **form.words)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request, _("候補を送りました。自治体の担当者が都合を答えます。"), extra_tags="meetings"
            )
            return redirect(_back(city, ref))
    return page(
        request,
        "meeting_new",
        _("打合せの候補を出す"),
        crumbs=_trail(case),
        case=case,
        form=form,
        back=_back(city, ref),
        status=422 if request.method == "POST" else 200,
    )


@keeps_words
def answer(request, city, ref, meeting):
    """Say for each offered time whether one can come."""
    case = _case(request, city, ref)
    row = _meeting(case, meeting)
    form = None
    if request.method == "POST":
        form = AnswerTimes(request.POST, slots=list(row.slots.all()), auto_id=f"m{row.pk}_%s")
        if form.is_valid():
            try:
                meetings.answer_times(row, by=request.user, answers=form.answers)
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(
                    request,
                    _("都合を送りました。日時が決まるまで、何度でも変えられます。"),
                    extra_tags="meetings",
                )
                return redirect(_back(city, ref))
    if row.state != "offered":
        return redirect(_back(city, ref))
    return page(
        request,
        "meeting_answer",
        _("打合せの都合を答える"),
        crumbs=_trail(case),
        case=case,
        offer=offer(row, request.user, speaks=True, outside=True, at=partner_address(case), form=form),
        back=_back(city, ref),
        status=422 if form and form.errors else 200,
    )


@require_POST
def fix(request, city, ref, meeting):
    """Of times the organisation offered itself."""
    fix_pressed_time(request, _meeting(_case(request, city, ref), meeting))
    return redirect(_back(city, ref))


@keeps_words
def cancel(request, city, ref, meeting):
    """Call a talk off, with the reason."""
    case = _case(request, city, ref)
    row = _meeting(case, meeting)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            meetings.cancel_meeting(row, by=request.user, reason=form.cleaned_data["cancel_reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("打合せを中止にし、参加者全員に知らせます。"), extra_tags="meetings")
            return redirect(_back(city, ref))
    when = moment_words(row.held_at) if row.held_at else _("日程調整中")
    return page(
        request,
        "confirm",
        _("打合せを中止する"),
        crumbs=_trail(case),
        lead=_("「%(name)s」(%(when)s)を中止します。入れたカレンダーからも消えます。")
        % {"name": row.name, "when": when},
        form=form,
        submit_label=_("中止を知らせる"),
        back=_back(city, ref),
        status=422 if request.method == "POST" else 200,
    )


@require_safe
def ics(request, city, ref, meeting):
    """A fixed talk, to be put into one's own calendar; after the same check as the page."""
    case = _case(request, city, ref, Can.SEE_CASE)
    row = case.meetings.filter(pk=meeting, state__in=["fixed", "held"]).first()
    if row is None:
        raise Http404
    row.case = case
    return as_file(row, path=reverse("my-case", args=[city, ref]))


@require_POST
def todo_done(request, city, ref, todo):
    """What the own organisation promised."""
    tick_off(request, _case(request, city, ref), todo)
    return redirect(_back(city, ref))


@require_POST
def todo_reopen(request, city, ref, todo):
    """What the own organisation promised, and has not done after all."""
    take_tick_back(request, _case(request, city, ref), todo)
    return redirect(_back(city, ref))


urlpatterns = [
    path("cases/<slug:city>/<slug:ref>/meetings/new/", new, name="my-meeting-new"),
    path("cases/<slug:city>/<slug:ref>/meetings/<int:meeting>.ics", ics, name="my-meeting-ics"),
    path("cases/<slug:city>/<slug:ref>/meetings/<int:meeting>/answer/", answer, name="my-meeting-answer"),
    path("cases/<slug:city>/<slug:ref>/meetings/<int:meeting>/fix/", fix, name="my-meeting-fix"),
    path("cases/<slug:city>/<slug:ref>/meetings/<int:meeting>/cancel/", cancel, name="my-meeting-cancel"),
    path("cases/<slug:city>/<slug:ref>/todos/<int:todo>/done/", todo_done, name="my-todo-done"),
    path("cases/<slug:city>/<slug:ref>/todos/<int:todo>/reopen/", todo_reopen, name="my-todo-reopen"),
]
