"""The mails of a municipality: which arrived, which wait, which failed; and which came in and were not taken."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from musubi.cases.queries import refused_mails
from musubi.lib.errors import Refused
from musubi.notify import actions, queries
from musubi.notify.states import DELIVERY
from musubi.people.permissions import Can
from musubi.www.access import fetch, staff_city
from musubi.www.staff.frame import crumbs, page_of

TABS = ["failed", "queued", "sent"]
REFUSED = "refused"


@require_safe
def mail(request, city: str):
    municipality = staff_city(request, city, Can.ROUTE_PROPOSAL)
    mails = queries.outbox(municipality)
    counts = dict(mails.order_by().values_list("state").annotate(n=Count("pk")))
    refused = refused_mails(municipality)
    counts[REFUSED] = refused.count()
    state = request.GET.get("state", "")
    if state not in (*TABS, REFUSED):
        state = "failed" if counts.get("failed") else "queued"
    if state == REFUSED:
        page = page_of(request, refused)
        rows = [(row, row.get_why_display()) for row in page]
    else:
        page = page_of(request, mails.filter(state=state).select_related("notice", "user"))
        rows = [(row, DELIVERY[row.state]) for row in page]
    labels = [(value, DELIVERY[value].label) for value in TABS] + [(REFUSED, _("受け付けなかった返信"))]
    context = {
        "municipality": municipality,
        "page_title": _("メールの状況"),
        "crumbs": crumbs(municipality, _("メールの状況")),
        "tabs": [(label, f"?state={value}", value == state, counts.get(value, 0)) for value, label in labels],
        "state": state,
        "page": page,
        "rows": rows,
        "reply_address": settings.REPLY_ADDRESS,
        "unproven": bool(settings.REPLY_ADDRESS and not settings.TRUSTED_AUTHSERV and not settings.DEMO),
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
