"""The figures for staff: exact ones, and from each number the way into the staff's own pages."""

from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.outcomes.event_log import event_log
from musubi.people.permissions import Can, authority
from musubi.www.access import staff_city
from musubi.www.public.figures import download
from musubi.www.public.figures_asked import Asked
from musubi.www.public.figures_shown import shown
from musubi.www.staff.frame import crumbs

ENDINGS = ("csv", "xlsx", "json")


@require_safe
def page(request, city: str):
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    asked = Asked.of(request, municipality)
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, _("数字")),
        "page_title": _("数字"),
        "title": _("数字"),
        "problem": asked.problem,
        "events_href": reverse("staff-events", args=[city]) + asked.query(department=None)
        if authority(request.user).may_in(Can.SEE_JOURNAL, municipality.pk)
        else "",
        "actions": [
            (_("候補は役に立ったか"), reverse("staff-matching-figures", args=[city]), "quiet", "people"),
            (_("公開ページ"), reverse("figures", args=[city]) + asked.query(), "quiet", "external"),
            *(
                (label, reverse("staff-figures-file", args=[city, ending]) + asked.query(), "", "table")
                for ending, label in (("csv", _("CSVで保存")), ("xlsx", _("Excelで保存")))
            ),
        ],
        **shown(asked, here=reverse("staff-figures", args=[city]), public=False),
    }
    return render(request, "staff/figures.html", context)


@require_safe
def file(request, city: str, ending: str):
    """The exact figures as a file."""
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    if ending not in ENDINGS:
        raise Http404
    response = download(Asked.of(request, municipality, strictly=True), ending, public=False)
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def events(request, city: str):
    """The event log for process mining, written while it is sent."""
    municipality = staff_city(request, city, Can.SEE_JOURNAL)
    asked = Asked.of(request, municipality, strictly=True)
    response = StreamingHttpResponse(
        event_log(municipality, asked.year), content_type="application/json; charset=utf-8"
    )
    response["Cache-Control"] = "private, no-store"
    year = f"-{asked.year}" if asked.year else ""
    response["Content-Disposition"] = f'attachment; filename="{municipality.slug}-events{year}.json"'
    return response


urlpatterns = [
    path("", page, name="staff-figures"),
    path("events.json", events, name="staff-events"),
    path("figures.<slug:ending>", file, name="staff-figures-file"),
]
