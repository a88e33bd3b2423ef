"""When the applications that passed the first screening are presented: set in a row or one by one, printed, exported."""

from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from musubi.fund import actions
from musubi.fund.models import Application, Call, Slot
from musubi.lib import calendar, clock
from musubi.people.permissions import Can
from musubi.www.calendar_files import as_file
from musubi.www.forms.meetings import moment_input
from musubi.www.staff.frame import act_page, attempt, posted, status_of
from musubi.www.staff.fund.frame import may_manage
from musubi.www.staff.fund.screening_frame import application_of, application_trail, call_of, call_page

MOST = 300
# A year beyond these is a slip of the keys, and may be none that a calendar can add to.
YEARS = range(2000, 2101)


class Moment(forms.DateTimeField):
    """A day and an hour in Japanese time, of this century."""

    def __init__(self, **words):
        super().__init__(**{"widget": moment_input(), **words})

    def to_python(self, value):
        moment = super().to_python(value)
        if moment is not None and moment.year not in YEARS:
            raise forms.ValidationError(_("年を確かめてください。"))
        return moment


class RowForm(forms.Form):
    """All that have no time yet, one after the other."""

    starts_at = Moment(label=gettext_lazy("1件目の開始"))
    minutes = forms.IntegerField(label=gettext_lazy("1件の時間(分)"), initial=20, min_value=1, max_value=480)
    pause = forms.IntegerField(
        label=gettext_lazy("入れ替えの時間(分)"), initial=5, min_value=0, max_value=240
    )
    place = forms.CharField(label=gettext_lazy("場所"), max_length=120, required=False)


class SlotForm(forms.Form):
    starts_at = Moment(label=gettext_lazy("開始"))
    ends_at = Moment(label=gettext_lazy("終了"))
    place = forms.CharField(label=gettext_lazy("場所"), max_length=120, required=False)


def _slots(call: Call) -> list[Slot]:
    rows = Slot.objects.filter(application__call=call).exclude(application__state="withdrawn")
    return list(rows.select_related("application__organisation").order_by("starts_at", "pk")[:MOST])


def _without(call: Call) -> list[Application]:
    rows = Application.objects.filter(call=call, state="first_passed", slot=None)
    return list(rows.select_related("organisation", "call__fund__municipality").order_by("ref", "pk")[:MOST])


@require_http_methods(["GET", "HEAD", "POST"])
def timetable(request, city: str, ref: str):
    """The times there are; and a form that sets the rest in a row."""
    can = Can.MANAGE_FUND if request.method == "POST" else Can.SEE_FUND
    municipality, call = call_of(request, city, ref, can)
    rest = _without(call)
    initial = {"starts_at": clock.at(call.second_on, 10)} if call.second_on else {}
    form = RowForm(posted(request), initial=initial)
    if form.is_valid() and attempt(form, lambda: _set_in_a_row(rest, request.user, form.cleaned_data)):
        messages.success(request, _("%(n)d件の時間を決めました。") % {"n": len(rest)})
        return redirect("staff-fund-timetable", city, ref)
    slots = _slots(call)
    return call_page(
        request,
        municipality,
        call,
        "timetable",
        _("プレゼンテーションの日程"),
        here="timetable",
        status=status_of(form),
        form=form,
        slots=slots,
        rest=rest,
        may_act=may_manage(request, municipality) and call.state == "screening",
    )


@transaction.atomic
def _set_in_a_row(applications: list[Application], user, words: dict) -> None:
    begins: datetime = words["starts_at"]
    for row in applications:
        ends = begins + timedelta(minutes=words["minutes"])
        actions.set_slot(row, by=user, starts_at=begins, ends_at=ends, place=words["place"])
        begins = ends + timedelta(minutes=words["pause"])


@require_safe
def ics(request, city: str, ref: str):
    municipality, call = call_of(request, city, ref)
    events = [
        calendar.Event(
            uid=f"slot-{slot.application_id}@{municipality.code}.musubi",
            stamp=clock.now(),
            starts=slot.starts_at,
            ends=slot.ends_at,
            summary=_("審査: %(title)s") % {"title": slot.application.title},
            location=slot.place,
            description=str(slot.application.organisation),
            url=settings.ORIGIN
            + reverse("staff-fund-application", args=[municipality.slug, slot.application.ref]),
        )
        for slot in _slots(call)
    ]
    return as_file(events, f"{call.ref}-screening.ics")


@require_http_methods(["GET", "HEAD", "POST"])
def slot(request, city: str, ref: str):
    """One application's time."""
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    kept = getattr(row, "slot", None)
    initial = {"starts_at": kept.starts_at, "ends_at": kept.ends_at, "place": kept.place} if kept else {}
    form = SlotForm(posted(request), initial=initial)
    if form.is_valid() and attempt(form, lambda: actions.set_slot(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("プレゼンテーションの時間を決めました。"))
        return redirect("staff-fund-timetable", city, row.call.ref)
    return act_page(
        request,
        municipality,
        form,
        title=_("プレゼンテーションの時間を決める"),
        eyebrow=f"{row.ref} {row.title}",
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), *application_trail(municipality, row)],
        submit_label=_("決める"),
    )


urlpatterns = [
    path("calls/<str:ref>/timetable/", timetable, name="staff-fund-timetable"),
    path("calls/<str:ref>/timetable.ics", ics, name="staff-fund-timetable-ics"),
    path("applications/<str:ref>/slot/", slot, name="staff-fund-slot"),
]
