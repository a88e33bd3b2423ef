"""What the pages of a call's screening have in common: the call of the address, its steps as tabs."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from musubi.fund.models import Application, Call
from musubi.fund.queries import applications_to, kept_apart
from musubi.fund.states import CALL, Stage
from musubi.lib.errors import Refused
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.access import fetch
from musubi.www.staff.fund.frame import crumbs, fund_city, page

PART = "staff-fund-applications"


def call_of(request, city: str, ref: str, can: Can = Can.SEE_FUND) -> tuple[Municipality, Call]:
    """The call of the address, for whoever reads the fund's inside (or `can` there); else 403 or 404."""
    municipality = fund_city(request, city, can)
    return municipality, inside_of(request, municipality, ref)


def inside_of(request, municipality: Municipality, ref: str) -> Call:
    """A call with all that its screening has found; 403 for whoever is kept apart from it."""
    rows = Call.objects.filter(fund__municipality=municipality).select_related(
        "fund__municipality", "edition__programme"
    )
    call = fetch(request, knowing_apart(rows, request.user), ref=ref)
    require_not_apart(call)
    return call


def knowing_apart(rows: QuerySet[Call], user) -> QuerySet[Call]:
    """Each with `is_apart`: whether the person is kept apart from its screening."""
    return rows.annotate(is_apart=Exists(kept_apart(user).filter(pk=OuterRef("pk"))))


def require_not_apart(call: Call) -> None:
    if call.is_apart:
        raise PermissionDenied(
            _(
                "この募集の審査委員か、申請した団体の担当者を務めているため、結果の発表までは職員の画面から審査を見られません。"
                "ほかの職員に頼んでください。"
            )
        )


def application_of(request, city: str, ref: str, can: Can = Can.SEE_FUND) -> tuple[Municipality, Application]:
    """The application of the address, as far as it was sent in."""
    municipality = fund_city(request, city, can)
    rows = applications_to(request.user, municipality).select_related(
        "call__fund__municipality",
        "call__edition",
        "edition__programme",
        "organisation",
        "decision",
        "slot",
        "award",
    )
    return municipality, fetch(request, rows, ref=ref)


def states_of(call: Call) -> dict[str, int]:
    """How many applications of a call are in each state, by the index alone."""
    rows = Application.objects.filter(call=call).order_by()
    return dict(rows.values_list("state").annotate(n=Count("*")))


def stage_or_404(value: str) -> Stage:
    if value not in Stage.values:
        raise Http404
    return Stage(value)


STEPS = ["applications", "first", "second", "timetable", "choice", "decisions"]


def steps(municipality: Municipality, call: Call, here: str) -> list[tuple]:
    """For `parts/tabs.html`: the screening of one call, step by step."""
    at = [municipality.slug, call.ref]
    return [
        (_("申請"), reverse(PART, args=at[:1]) + f"?call={call.ref}", here == "applications", None),
        (_("第一次審査"), reverse("staff-fund-stage", args=[*at, "first"]), here == "first", None),
        (_("第二次審査"), reverse("staff-fund-stage", args=[*at, "second"]), here == "second", None),
        (_("プレゼンの日程"), reverse("staff-fund-timetable", args=at), here == "timetable", None),
        (_("財源の配分"), reverse("staff-fund-choice", args=at), here == "choice", None),
        (_("決定と発表"), reverse("staff-fund-decisions", args=at), here == "decisions", None),
    ]


def call_page(
    request,
    municipality: Municipality,
    call: Call,
    template: str,
    title: str,
    *,
    here: str,
    trail=(),
    **context,
):
    """One page of a call's screening. `here` is one of `STEPS`; `trail` leads from the call to this page."""
    first = (call.title, call_href(municipality, call))
    return page(
        request,
        municipality,
        f"staff/fund/screening/{template}.html",
        part=PART,
        page_title=title,
        crumbs=crumbs(municipality, first, *trail, title),
        call=call,
        call_state=CALL[call.state],
        steps=steps(municipality, call, here),
        **context,
    )


def application_trail(municipality: Municipality, application: Application) -> list[tuple[str, str]]:
    slug, call = municipality.slug, application.call
    return [
        (call.title, call_href(municipality, call)),
        (application.title, reverse("staff-fund-application", args=[slug, application.ref])),
    ]


def call_href(municipality: Municipality, call: Call) -> str:
    """The call's own page; its list of applications as long as it has none."""
    try:
        return reverse("staff-fund-call", args=[municipality.slug, call.ref])
    except NoReverseMatch:
        return reverse(PART, args=[municipality.slug]) + f"?call={call.ref}"


def press(request, action, done: str, onward: str):
    """One button, one action: what became of it is read on the next page."""
    try:
        action()
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(onward)
