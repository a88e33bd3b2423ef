"""Whose turn a waiting proposal is, changed by hand: the ball passed on, a department asked once more."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from musubi.lib.errors import Refused
from musubi.people.models import Department
from musubi.people.permissions import Can
from musubi.proposals import holding
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.frame import act_page, attempt, posted
from musubi.www.staff.proposals import proposal_here


class HandForm(forms.Form):
    to = forms.ModelChoiceField(
        Department.objects.none(),
        label=gettext_lazy("だれに"),
        help_text=gettext_lazy("デスクか、照会した部署です。ほかの部署には、先に照会します。"),
    )
    next_step = forms.CharField(label=gettext_lazy("次にしてほしいこと"), max_length=120)
    due_on = forms.DateField(
        label=gettext_lazy("期限"),
        widget=DateInput,
        required=False,
        help_text=gettext_lazy("空欄なら、段階ごとの目安の日になります。"),
    )

    def __init__(self, *args, proposal, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = Department.objects.filter(
            Q(is_desk=True) | Q(pk__in=proposal.department_ids), municipality=proposal.municipality_id
        )


@require_http_methods(["GET", "HEAD", "POST"])
def hand(request, city: str, ref: str):
    municipality, row = proposal_here(request, city, ref, Can.ANSWER_ROUTING)
    form = HandForm(posted(request), proposal=row)
    if form.is_valid() and attempt(
        form, lambda: holding.hand_ball(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("ボールを渡しました。"))
        return redirect("staff-proposal", city, ref)
    trail = [
        (_("提案"), reverse("staff-proposals", args=[city])),
        (row.title, reverse("staff-proposal", args=[city, ref])),
    ]
    return act_page(request, municipality, form, title=_("ボールを渡す"), trail=trail, submit_label=_("渡す"))


@require_POST
def nudge(request, city: str, ref: str, pk: int):
    _city, row = proposal_here(request, city, ref, Can.ROUTE_PROPOSAL)
    routing = get_object_or_404(row.routings, pk=pk)
    try:
        holding.nudge(routing, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)sに催促しました。") % {"name": routing.department})
    return redirect("staff-proposal", city, ref)


urlpatterns = [
    path("<str:ref>/ball/", hand, name="staff-proposal-ball"),
    path("<str:ref>/nudge/<int:pk>/", nudge, name="staff-proposal-nudge"),
]
