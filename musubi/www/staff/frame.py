"""What every staff view does around its one action."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import models
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.lib.errors import NotAllowed, Refused
from musubi.people.models import Municipality

PER_PAGE = 20


def crumbs(municipality: Municipality, *rest) -> list[tuple[str, str]]:
    """For `parts/breadcrumbs.html`: the staff's first page, then `rest` as (label, href) or, for this page, its label."""
    home = (_("今日"), reverse("staff-home", args=[municipality.slug]))
    return [home, *(step if isinstance(step, tuple) else (step, "") for step in rest)]


def page_of(
    request, rows: models.QuerySet | list, per_page: int = PER_PAGE, *, count: int | None = None
) -> Page:
    """The page of the address; a number that is none, or too great, shows the nearest one.

    `count` says how many rows there are where that is known already.
    """
    paginator = Paginator(rows, per_page)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def attempt(form, action: Callable[[], object]) -> bool:
    """Run one action for a valid form. A refusal becomes the form's own error, with everything typed kept."""
    try:
        action()
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except Refused as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


def status_of(form) -> int:
    """422 for a form that comes back with errors, so that a client can tell."""
    return 422 if form.is_bound and form.errors else 200


def act_page(request, municipality: Municipality, form, *, title: str, trail: list, **context):
    """A page with one form for one act: GET asks, POST acts. `context` is what `staff/act.html` takes."""
    context = {
        "municipality": municipality,
        "page_title": title,
        "title": title,
        "form": form,
        "crumbs": crumbs(municipality, *trail, title),
        "back": trail[-1][1] if trail else reverse("staff-home", args=[municipality.slug]),
        **context,
    }
    return render(request, "staff/act.html", context, status=status_of(form))


def posted(request):
    """What was sent, for a form; None where the page is only looked at. (An empty sending is one all the same.)"""
    return request.POST if request.method == "POST" else None
