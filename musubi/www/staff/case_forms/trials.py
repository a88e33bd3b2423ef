"""The trials of a case."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import trials
from musubi.cases.states import TrialDecision
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.case_forms.base import CaseForm, area


class TrialForm(CaseForm):
    code, title, done = "trial", _("実証実験を計画する"), _("実証実験を計画しました。")
    title_ = forms.CharField(label=_("実証実験名"), max_length=120)
    field = forms.CharField(label=_("場所・フィールド"), max_length=200)
    starts_on = forms.DateField(label=_("開始日"), widget=DateInput)
    ends_on = forms.DateField(label=_("終了日"), widget=DateInput)
    measure = forms.CharField(
        label=_("成功を測る指標"), max_length=80, help_text=_("例: 分別にかかる時間の削減率")
    )
    threshold = forms.DecimalField(label=_("しきい値"), help_text=_("この値に届けば成功とみなす数"))
    unit = forms.CharField(label=_("単位"), max_length=20, required=False)
    safety = forms.CharField(label=_("安全の条件"), widget=area(2), required=False)
    data_terms = forms.CharField(label=_("個人情報・データの条件"), widget=area(2), required=False)

    def carry_out(self, *, by):
        data = self.cleaned_data
        trials.plan_trial(
            self.case,
            by=by,
            title=data["title_"],
            field=data["field"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            measures=[{"name": data["measure"], "unit": data["unit"], "threshold": str(data["threshold"])}],
            safety=data["safety"],
            data_terms=data["data_terms"],
        )


class TrialMoveForm(CaseForm):
    """The next step of the case's trial: approve, start, report, decide."""

    code, title, done = "trial-move", _("実証実験を進める"), _("実証実験の記録を更新しました。")
    trial = forms.ModelChoiceField(None, label=_("実証実験"))
    step = forms.ChoiceField(
        label=_("すること"),
        choices=[
            ("approve", _("計画を承認する")),
            ("start", _("実証を始める")),
            ("report", _("結果を報告する")),
        ]
        + [(f"decide-{value}", _("判定: %s") % label) for value, label in TrialDecision.choices]
        + [("cancel", _("取りやめる"))],
    )
    words = forms.CharField(label=_("結果・理由"), widget=area(3), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["trial"].queryset = self.case.trials.all()

    def carry_out(self, *, by):
        trial, step, words = (self.cleaned_data[name] for name in ("trial", "step", "words"))
        if step == "approve":
            trials.approve_trial(trial, by=by)
        elif step == "start":
            trials.start_trial(trial, by=by)
        elif step == "report":
            trials.report_trial(trial, by=by, findings=words)
        elif step == "cancel":
            trials.cancel_trial(trial, by=by, reason=words)
        else:
            trials.decide_trial(trial, by=by, decision=step.removeprefix("decide-"), reason=words)
