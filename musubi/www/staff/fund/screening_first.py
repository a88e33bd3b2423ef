"""The first screening's results, where they are told before the rest: what will be told, a last look, and all at once."""

from collections.abc import Mapping

from django import forms
from django.contrib import messages
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
from musubi.www.staff.fund.screening_frame import call_of, call_page, states_of

MOST = 100


OUT = ["draft", "withdrawn"]


def first_release(call: Call, states: Mapping[str, int]) -> dict:
    """How far the first screening is towards its release: what would be told, and what is still lacking. `states`: how
    many of the call's applications are in each."""
    total = sum(n for state, n in states.items() if state not in OUT)
    waiting = sum(states.get(state, 0) for state in BEFORE_THE_RESULT)
    failed = states.get("first_failed", 0)
    passed = states.get("first_passed", 0)
    return {
        "total": total,
        "waiting": waiting,
        "unchecked": states.get("submitted", 0) + states.get("returned", 0),
        "failed": failed,
        "passed": total - waiting - failed,
        "without_time": Application.objects.filter(call=call, state="first_passed", slot=None).count()
        if passed
        else 0,
        "ready": bool(call.state == "screening" and total and not waiting),
    }


def card(call: Call, stage: Stage, states: Mapping[str, int]) -> dict | None:
    """For `staff/fund/screening/first_card.html`: only where the first screening goes on or its results are out."""
    if stage != Stage.FIRST or not (call.state == "screening" or call.first_released_at):
        return None
    return first_release(call, states)


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
        first=first_release(call, states_of(call)),
        passed=list(passed[:MOST]),
        failed=failed,
        waiting=[(row, APPLICATION[row.state]) for row in rows.filter(state__in=BEFORE_THE_RESULT)[:MOST]],
        back=back,
    )


urlpatterns = [
    path("calls/<str:ref>/release-first/", release_first, name="staff-fund-release-first"),
]
