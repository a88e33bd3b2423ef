"""The days by which the municipality makes its budget: asked of the administrator, used wherever a trial is planned."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.cases.models import BudgetCalendar
from musubi.cases.states import BUDGET_DAYS
from musubi.cases.trials.budget import calendar_of, set_calendar
from musubi.people.rules import may_manage
from musubi.www.access import city_or_404
from musubi.www.staff.frame import act_page, attempt, posted

HELP = {
    "hearing": gettext_lazy("財政課や企画課が、来年度の事業の考えを聞く日。"),
    "request": gettext_lazy("当初予算の要求書を出す締切。ここまでに実証の判定が済んでいる必要があります。"),
    "review": gettext_lazy("首長の査定が終わる日。"),
    "assembly_opens": gettext_lazy("予算を審議する議会が始まる日。"),
    "assembly_votes": gettext_lazy("予算が議決される日。"),
}


class CalendarForm(forms.Form):
    """Each day as month and day. A browser has no field for that, so it is typed: 10-31."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for kind, usual in BUDGET_DAYS.items():
            label = BudgetCalendar._meta.get_field(kind).verbose_name
            self.fields[kind] = forms.RegexField(
                r"^\s*\d{1,2}\s*[-/]\s*\d{1,2}\s*$",
                label=label,
                help_text=_("%(what)s多くの自治体では%(day)s(「%(usual)s」と入力)です。")
                % {"what": HELP[kind], "day": _as_words(usual), "usual": usual},
                error_messages={
                    "invalid": _("月と日を「-」でつないで入力してください。例: 10月31日は 10-31")
                },
                widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 6}),
            )

    def days(self) -> dict[str, str]:
        return {kind: "".join(text.split()).replace("/", "-") for kind, text in self.cleaned_data.items()}


def _as_words(day: str) -> str:
    """09-15 as 9月15日."""
    month, number = map(int, day.split("-"))
    return _("%(month)d月%(day)d日") % {"month": month, "day": number}


@require_http_methods(["GET", "HEAD", "POST"])
def budget_calendar(request, city: str):
    municipality = city_or_404(city)
    if not may_manage(request.user, municipality):
        raise PermissionDenied(_("設定を変えられるのは、自治体管理者だけです。"))
    days, is_usual = calendar_of(municipality.pk)
    form = CalendarForm(posted(request), initial=days)
    if form.is_valid() and attempt(form, lambda: set_calendar(municipality, by=request.user, **form.days())):
        messages.success(request, _("予算の年間日程を保存しました。実証実験の画面に反映されます。"))
        return redirect("staff-settings", city)
    usual = {
        "kind": "info",
        "title": _("まだ設定されていません"),
        "text": _("日本の自治体で一般的な日付が入っています。自分の自治体の日程に直して保存してください。"),
    }
    return act_page(
        request,
        municipality,
        form,
        title=_("予算の年間日程"),
        lead=_(
            "実証実験の終わりから逆算して、翌年度の当初予算に間に合うかを計画のときに示すために使います。"
        ),
        trail=[(_("設定"), reverse("staff-settings", args=[city]))],
        submit_label=_("保存する"),
        note=usual if is_usual else None,
    )


urlpatterns = [path("", budget_calendar, name="staff-budget-calendar")]
