"""The mails of a municipality: which arrived, which wait, which failed."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from musubi.lib.errors import Refused
from musubi.notify import actions, queries
from musubi.notify.states import DELIVERY
from musubi.people.permissions import Can
from musubi.www.access import fetch, staff_city
from musubi.www.staff.frame import crumbs, page_of

TABS = ["failed", "queued", "sent"]


@require_safe
def mail(request, city: str):
    municipality = staff_city(request, city, Can.ROUTE_PROPOSAL)
    mails = queries.outbox(municipality)
    counts = dict(mails.order_by().values_list("state").annotate(n=Count("pk")))
    state = request.GET.get("state", "")
    if state not in TABS:
        state = "failed" if counts.get("failed") else "queued"
    page = page_of(request, mails.filter(state=state).select_related("notice", "user"))
    context = {
        "municipality": municipality,
        "page_title": _("メールの状況"),
        "crumbs": crumbs(municipality, _("メールの状況")),
        "tabs": [
            (DELIVERY[value].label, f"?state={value}", value == state, counts.get(value, 0)) for value in TABS
        ],
        "state": state,
        "page": page,
        "rows": [(row, DELIVERY[row.state]) for row in page],
    }
    return render(request, "staff/mail.html", context)


@require_POST
def retry(request, city: str, pk: int):
    municipality = staff_city(request, city, Can.ROUTE_PROPOSAL)
    row = fetch(request, queries.outbox(municipality), pk=pk)
    try:
        actions.retry(row, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("もう一度送ります。しばらくしてから、この画面で確かめてください。"))
    return redirect("staff-mail", city)


urlpatterns = [path("", mail, name="staff-mail"), path("<int:pk>/retry/", retry, name="staff-mail-retry")]
