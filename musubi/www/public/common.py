"""What every public view begins with."""

from django.http import Http404
from django.urls import reverse

from musubi.people.models import Municipality
from musubi.www.kept import city_of


def city_here(request, slug: str) -> Municipality:
    """The municipality of the address, looked up once per request; else 404."""
    municipality = city_of(request)
    if municipality is None or municipality.slug != slug:
        raise Http404
    return municipality


def crumbs(municipality: Municipality, *rest) -> list[tuple[str, str]]:
    """For `parts/breadcrumbs.html`: the municipality, then `rest` as (label, href) or, for this page, its label."""
    home = (municipality.display_name, reverse("city", args=[municipality.slug]))
    return [home, *(step if isinstance(step, tuple) else (step, "") for step in rest)]
