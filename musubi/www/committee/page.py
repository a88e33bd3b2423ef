"""What the committee's pages have in common: who may open them, and the one way to a sheet."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund.models import Assignment, CommitteeMember
from musubi.fund.queries import sheets_of
from musubi.people.models import Municipality
from musubi.www.access import city_or_404


def committee_city(request, slug: str) -> Municipality:
    """The municipality, for who screens for one of its funds now; else 403."""
    city = city_or_404(slug)
    if not members(request.user, city).exists():
        raise PermissionDenied(_("この画面は、この自治体の審査委員だけが使えます。"))
    return city


def members(user, city: Municipality):
    """The person's terms on committees of the municipality's funds that run now."""
    return CommitteeMember.objects.filter(user=user, ended_on=None, fund__municipality=city).select_related(
        "fund"
    )


def own_sheets(user, city: Municipality):
    """The sheets the person may open here; a tie shuts one at once, whenever it arose."""
    return (
        sheets_of(user)
        .filter(application__call__fund__municipality=city)
        .select_related(
            "application__call__fund",
            "application__edition__programme",
            "application__organisation",
            "member",
        )
    )


def own_sheet(request, city: Municipality, pk: int) -> Assignment:
    """One of them; 404 for any other, so that nothing is told of it."""
    sheet = own_sheets(request.user, city).filter(pk=pk).first()
    if sheet is None:
        raise Http404
    return sheet


def page(request, city: Municipality, template: str, title: str, *, trail=(), status: int = 200, **context):
    """Render a page below `/<city>/committee/`; `trail` are the (label, href) pairs between its first page and this."""
    home = reverse("committee", args=[city.slug])
    first = template == "home"
    context = {
        "municipality": city,
        "page_title": title,
        "crumbs": [] if first else [(_("審査"), home), *trail, (title, "")],
        **context,
    }
    return render(request, f"committee/{template}.html", context, status=status)
