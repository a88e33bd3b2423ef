"""What the pages of `/my/fund/` have in common. Everything is fetched through `applications_for` and told by `shown`:
no page, and no difference between two answers, tells a result before its release."""

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund.models import Application, Award
from musubi.fund.queries import applications_for
from musubi.fund.states import APPLICATION
from musubi.people.permissions import Can
from musubi.www.access import fetch
from musubi.www.partner import page as partner

REFUSED = ["not_awarded", "first_failed", "second_failed"]
GROUPS = {
    "applying": ["draft", "submitted", "returned", "first_passed", "reserve"],
    "running": ["awarded", "change_requested", "advanced", "reported", "fixed", "settled"],
    "over": [*REFUSED, "outcome_reported", "withdrawn", "revoked"],
}


def rows_of(user):
    """The applications of the person's organisations, with what their pages read."""
    return applications_for(user).select_related(
        "call__fund__municipality", "edition__programme", "organisation", "award__report", "slot"
    )


def own(request, pk: int) -> Application:
    """One application of the person's organisations; any other does not exist for them."""
    return fetch(request, rows_of(request.user), Can.APPLY_TO_FUND, pk=pk)


def own_award(request, pk: int) -> Award:
    """The award of one's own application. Where nothing was granted, or not released yet, there is no such page."""
    application = own(request, pk)
    if application.call.released_at is None or not hasattr(application, "award"):
        raise Http404
    award = application.award
    award.application = application
    return award


def title_of(application: Application) -> str:
    return application.title or _("(事業名はまだありません)")


def page(request, template: str, title: str, *, application: Application | None = None, **context):
    """A page of `/my/fund/`, below the list and, where it belongs to one, below its application."""
    crumbs = [(_("助成"), reverse("my-fund"))]
    if application:
        crumbs.append((title_of(application), href_of(application)))
        context |= {
            "application": application,
            "call": application.call,
            "city": application.call.fund.municipality,
            "state": APPLICATION[application.shown_state],
        }
    if template in ("list", "application"):
        crumbs = crumbs[:-1] if template == "list" else crumbs[:1]
    return partner.page(request, f"fund/{template}", title, crumbs=crumbs, **context)


def href_of(application: Application) -> str:
    return reverse("my-fund-application", args=[application.pk])
