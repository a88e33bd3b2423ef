"""The first page of every day: what lies with me."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.people.permissions import authority
from musubi.www.access import staff_city
from musubi.www.staff.waiting import menu, tasks


@require_safe
def home(request, city: str):
    municipality = staff_city(request, city)
    counts = menu(request, municipality)
    waiting = tasks(request.user, municipality, counts.desk)
    seats = authority(request.user).in_municipality(municipality.pk)
    context = {
        "municipality": municipality,
        "page_title": _("今日"),
        "late": [task for task in waiting if task.late],
        "due": [task for task in waiting if not task.late],
        "count": len(waiting),
        "counts": counts,
        "roles": list(dict.fromkeys(seat.role.name for seat in seats)),
        "writes": any(seat.covers for seat in seats),
    }
    return render(request, "staff/home.html", context)
