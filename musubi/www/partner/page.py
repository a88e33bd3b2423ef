"""What the pages of a representative have in common."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases.models import Case
from musubi.cases.states import OPEN
from musubi.fund.queries import applications_for, waits_for_applicant
from musubi.notify.queries import unread_count
from musubi.people.permissions import authority
from musubi.proposals.queries import referrals_waiting_for


def page(request, template: str, title: str, *, crumbs=(), status: int = 200, **context):
    """Render a page of `/my/`. `crumbs` are the (label, href) pairs between 「今日」 and this page."""
    return render(
        request,
        f"partner/{template}.html",
        {
            "page_title": title,
            "crumbs": [] if template == "home" else [(_("今日"), reverse("my")), *crumbs, (title, "")],
            "partner_counts": _counts(request.user),
            **context,
        },
        status=status,
    )


def _counts(user) -> dict:
    if not user.is_authenticated:
        return {}
    mine = authority(user).organisation_ids
    turn = Case.objects.filter(ball_organisation__in=mine, stage__in=OPEN).count() if mine else 0
    if mine:
        turn += referrals_waiting_for(user).count()
        turn += applications_for(user).order_by().filter(waits_for_applicant()).count()
    return {"turn": turn, "notices": unread_count(user)}


def add_refusal(form, refusal) -> None:
    """Put what an action refused beside the field it speaks of, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
