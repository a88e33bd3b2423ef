"""What came in and is not routed yet, with whom to ask."""

from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.people.permissions import Can
from musubi.people.queries import closing_days
from musubi.proposals import queries
from musubi.www.access import staff_city
from musubi.www.staff.frame import crumbs, page_of
from musubi.www.staff.matches import advise
from musubi.www.staff.waiting import due_words, menu


@require_safe
def inbox(request, city: str):
    municipality = staff_city(request, city, Can.ROUTE_PROPOSAL)
    rows = queries.inbox(municipality).select_related("challenge__department").prefetch_related("routings")
    page = page_of(request, rows, count=menu(request, municipality).inbox)
    proposals = list(page)
    closed = closing_days(municipality.pk)
    context = {
        "municipality": municipality,
        "page_title": _("受付箱"),
        "crumbs": crumbs(municipality, _("受付箱")),
        "page": page,
        "rows": [
            {"proposal": proposal, "left": due_words(proposal.ball_due_on, closed), **advice}
            for proposal, advice in zip(
                proposals, advise(proposals, municipality, user=request.user), strict=True
            )
        ],
    }
    return render(request, "staff/inbox.html", context)


urlpatterns = [path("", inbox, name="staff-inbox")]
