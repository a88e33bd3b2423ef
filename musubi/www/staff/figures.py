"""The figures for staff: the public ones, and from each number the way into the staff's own pages."""

from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.people.permissions import Can
from musubi.www.access import staff_city
from musubi.www.public.figures import asked_year, shown
from musubi.www.staff.frame import crumbs


@require_safe
def page(request, city: str):
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    year, problem = asked_year(request)
    query = f"?year={year}" if year else ""
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, _("数字")),
        "page_title": _("数字"),
        "title": _("数字"),
        "problem": problem,
        "actions": [
            (_("公開ページ"), reverse("figures", args=[city]) + query, "quiet", "external"),
            (_("CSVで保存"), reverse("figures-csv", args=[city]) + query, "", "table"),
        ],
        **shown(municipality, year, here=reverse("staff-figures", args=[city])),
    }
    return render(request, "staff/figures.html", context)


urlpatterns = [path("", page, name="staff-figures")]
