"""When people are reminded of what is due here: asked of the administrator, with the days of an example beside it."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.ball.actions import LONGEST_WAIT, LONGEST_WARNING, set_escalation
from musubi.ball.models import Escalation
from musubi.ball.queries import escalation_of
from musubi.ball.rules import reminding_days
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.lib.workdays import add_workdays
from musubi.people.queries import closing_days
from musubi.people.rules import may_manage
from musubi.www.access import city_or_404
from musubi.www.staff.frame import act_page, attempt, posted

FIELDS = ["soon_days", "manager_days", "desk_days", "hour"]


class EscalationForm(forms.Form):
    soon_days = forms.IntegerField(
        label=gettext_lazy("期限の何営業日前に、ボールを持つ人に知らせるか"),
        min_value=0,
        max_value=LONGEST_WARNING,
        help_text=gettext_lazy(
            "0にすると、期限の前には知らせません。期限の日と翌営業日には、いつも知らせます。"
        ),
    )
    manager_days = forms.IntegerField(
        label=gettext_lazy("期限を何営業日過ぎたら、管理職にも知らせるか"),
        min_value=1,
        max_value=LONGEST_WAIT,
        help_text=gettext_lazy("団体がボールを持っているときは、案件の担当者に知らせます。"),
    )
    desk_days = forms.IntegerField(
        label=gettext_lazy("期限を何営業日過ぎたら、デスクにも知らせるか"),
        min_value=2,
        max_value=LONGEST_WAIT,
        help_text=gettext_lazy("管理職に知らせるまでの日数より大きくします。"),
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("営業日の何時から知らせるか"),
        choices=[(hour, gettext_lazy("%(hour)d時") % {"hour": hour}) for hour in range(24)],
        coerce=int,
        help_text=gettext_lazy("朝のまとめのメールも、この時刻から送ります。"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request, city: str):
    municipality = city_or_404(city)
    if not may_manage(request.user, municipality):
        raise PermissionDenied(_("設定を変えられるのは、自治体管理者だけです。"))
    now = escalation_of(municipality)
    form = EscalationForm(posted(request), initial={name: getattr(now, name) for name in FIELDS})
    if form.is_valid() and attempt(
        form, lambda: set_escalation(municipality, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("期限のお知らせの時期を保存しました。次の営業日の朝から反映されます。"))
        return redirect("staff-settings", city)
    return act_page(
        request,
        municipality,
        form,
        title=_("期限のお知らせ"),
        lead=_(
            "ボールを持つ人、管理職、デスクの順に知らせます。土日・祝日・年末年始・休業日には知らせません。"
        ),
        trail=[(_("設定"), reverse("staff-settings", args=[city]))],
        submit_label=_("保存する"),
        note={"kind": "info", "title": _("今の設定では"), "text": _example(now)},
    )


def _example(escalation: Escalation) -> str:
    """On which days whom, for something due in ten business days."""
    closed = closing_days(escalation.municipality_id)
    due_on = add_workdays(clock.today(), 10, closed)
    soon, today, late, manager, desk = reminding_days(escalation, due_on, closed)
    own = _("・").join(format_date(day) for day in (soon, today, late) if day)
    return _(
        "%(due)sが期限のものは、%(own)sに持っている人へ、%(manager)sに管理職へも、%(desk)sにデスクへも知らせます。"
    ) % {
        "due": format_date(due_on),
        "own": own,
        "manager": format_date(manager),
        "desk": format_date(desk),
    }


urlpatterns = [path("", reminders, name="staff-reminders")]
