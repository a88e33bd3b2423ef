"""The first screening's results, where they are told before the rest: what will be told, a last look, and all at once."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.fund import actions
from musubi.fund.actions.releasing import BEFORE_THE_RESULT
from musubi.fund.models import Application, Call
from musubi.fund.states import APPLICATION, Stage
from musubi.people.permissions import Can
from musubi.www.staff.frame import attempt, posted, status_of
from musubi.www.staff.fund.screening_frame import call_of, call_page

MOST = 100


OUT, WAITS, FAILED = (
    Q(state__in=states) for states in (["draft", "withdrawn"], BEFORE_THE_RESULT, ["first_failed"])
)
# Of a call's applications: what would be told, and what is still lacking.
COUNTS = {
    "total": Count("pk", filter=~OUT),
    "waiting": Count("pk", filter=WAITS),
    "unchecked": Count("pk", filter=Q(state__in=["submitted", "returned"])),
    "failed": Count("pk", filter=FAILED),
    "passed": Count("pk", filter=~OUT & ~WAITS & ~FAILED),
    "without_time": Count("pk", filter=Q(state="first_passed", slot=None)),
}


def first_release(call: Call, counts: dict) -> dict:
    """How far the first screening is towards its release, from `COUNTS`."""
    ready = bool(call.state == "screening" and counts["total"] and not counts["waiting"])
    return {**counts, "ready": ready}


def card(call: Call, stage: Stage, counts: dict) -> dict | None:
    """For `staff/fund/screening/first_card.html`: only where the first screening goes on or its results are out."""
    if stage != Stage.FIRST or not (call.state == "screening" or call.first_released_at):
        return None
    return first_release(call, counts)


class FirstReleaseForm(forms.Form):
    sure = forms.BooleanField(
        label=gettext_lazy("件数と理由を確かめました。すべての団体へ、いま発表します。"),
        error_messages={
            "required": gettext_lazy("発表は取り消せません。確かめて、ここに印を付けてください。")
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def release_first(request, city: str, ref: str):
    """A last look at who passed and what the others are told, and then everything at once."""
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    form = FirstReleaseForm(posted(request))
    back = reverse("staff-fund-stage", args=[city, ref, "first"])
    if form.is_valid() and attempt(form, lambda: actions.release_first(call, by=request.user)):
        messages.success(request, _("第一次審査の結果を発表しました。団体は、いまから自分の結果を読めます。"))
        return redirect(back)
    rows = (
        Application.objects.filter(call=call)
        .exclude(state__in=["draft", "withdrawn"])
        .select_related("organisation", "decision", "slot")
        .order_by("ref", "pk")
    )
    failed = list(rows.filter(state="first_failed")[:MOST])
    passed = rows.exclude(state="first_failed").exclude(state__in=BEFORE_THE_RESULT)
    return call_page(
        request,
        municipality,
        call,
        "release_first",
        _("第一次審査の結果を発表する"),
        here="first",
        trail=[(Stage.FIRST.label, back)],
        form=form,
        status=status_of(form),
        first=first_release(call, Application.objects.filter(call=call).aggregate(**COUNTS)),
        passed=list(passed[:MOST]),
        failed=failed,
        waiting=[(row, APPLICATION[row.state]) for row in rows.filter(state__in=BEFORE_THE_RESULT)[:MOST]],
        back=back,
    )


urlpatterns = [
    path("calls/<str:ref>/release-first/", release_first, name="staff-fund-release-first"),
]
