"""When applications are presented to the person: on the page, on paper, in a calendar."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.fund.models import Assignment, Slot
from musubi.fund.states import Stage
from musubi.lib import calendar, clock
from musubi.people.models import Municipality
from musubi.www.calendar_files import as_file
from musubi.www.committee.page import committee_city, members, own_sheets, page


def own_slots(user, city: Municipality) -> list[dict]:
    """`{slot, sheet}` in order of time; where a tie keeps the person out, `sheet` is None and nothing is told of it."""
    sheets = {row.application_id: row for row in own_sheets(user, city).filter(stage=Stage.SECOND)}
    apart = Assignment.objects.filter(
        member__in=members(user, city),
        stage=Stage.SECOND,
        state__in=["recused", "assigned", "scored"],
        application__call__state="screening",
    ).exclude(application__in=list(sheets))
    slots = Slot.objects.filter(
        application__in=[*sheets, *apart.values_list("application", flat=True)]
    ).exclude(application__state="withdrawn")
    return [{"slot": slot, "sheet": sheets.get(slot.application_id)} for slot in slots.order_by("starts_at")]


@require_safe
def timetable(request, city: str):
    municipality = committee_city(request, city)
    return page(
        request,
        municipality,
        "timetable",
        _("プレゼンテーションの日程"),
        rows=own_slots(request.user, municipality),
    )


@require_safe
def ics(request, city: str):
    municipality = committee_city(request, city)
    events = [
        calendar.Event(
            uid=f"slot-{row['slot'].application_id}@{municipality.code}.musubi",
            stamp=clock.now(),
            starts=row["slot"].starts_at,
            ends=row["slot"].ends_at,
            summary=_("審査: %(title)s") % {"title": row["sheet"].application.title},
            location=row["slot"].place,
            url=settings.ORIGIN + reverse("committee-sheet", args=[municipality.slug, row["sheet"].pk]),
        )
        for row in own_slots(request.user, municipality)
        if row["sheet"]
    ]
    return as_file(events, f"{municipality.slug}-screening.ics")
