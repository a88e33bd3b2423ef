"""The ball, the stages, the pause, the end."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions, rules
from musubi.cases.states import CASE
from musubi.people.models import Department
from musubi.proposals.states import DeclineReason
from musubi.wordings.states import Kind
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.case_forms.base import CaseForm, area, parties, party


class BallForm(CaseForm):
    code, title, submit, done = "ball", _("ボールを渡す"), _("渡す"), _("ボールを渡しました。")
    to = forms.ChoiceField(label=_("だれに"))
    next_step = forms.CharField(label=_("次にしてほしいこと"), max_length=120)
    due_on = forms.DateField(
        label=_("期限"),
        widget=DateInput,
        required=False,
        help_text=_("空欄なら、段階ごとの目安の日になります。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = parties(self.case)

    def carry_out(self, *, by):
        data = self.cleaned_data
        actions.hand_ball(
            self.case, party(self.case, data["to"]), by=by, next_step=data["next_step"], due_on=data["due_on"]
        )


class NudgeForm(CaseForm):
    code, title, submit, done = (
        "nudge",
        _("一言添えて催促する"),
        _("催促する"),
        _("催促しました。すぐにお知らせが届きます。"),
    )
    word = forms.CharField(
        label=_("一言"),
        max_length=200,
        required=False,
        help_text=_(
            "なくてもかまいません。ボールを持つ人へのお知らせに載ります(団体が持つときは、団体にも見えます)。"
        ),
    )

    def carry_out(self, *, by):
        actions.nudge(self.case, by=by, word=self.cleaned_data["word"])


class AdvanceForm(CaseForm):
    code, title, submit, done = "advance", _("段階を進める"), _("進める"), _("段階を進めました。")
    to = forms.ChoiceField(label=_("どの段階へ"))
    reason = forms.CharField(
        label=_("理由"),
        widget=area(2),
        required=False,
        help_text=_("段階を飛ばす、または戻すときは必ず書きます。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(stage, CASE[stage].label) for stage in rules.next_stages(self.case)]

    def carry_out(self, *, by):
        actions.advance(self.case, self.cleaned_data["to"], by=by, reason=self.cleaned_data["reason"])


class PauseForm(CaseForm):
    code, title, submit, done = "pause", _("保留にする"), _("保留にする"), _("案件を保留にしました。")
    until = forms.DateField(label=_("いつまで"), widget=DateInput)
    reason = forms.CharField(label=_("理由"), widget=area(2), help_text=_("団体にも見えます。"))

    def carry_out(self, *, by):
        actions.pause(self.case, by=by, **self.cleaned_data)


class ResumeForm(CaseForm):
    code, title, submit, done = "resume", _("保留を解く"), _("再開する"), _("案件を再開しました。")

    def carry_out(self, *, by):
        actions.resume(self.case, by=by)


class CloseForm(CaseForm):
    code, title, submit, done = (
        "close",
        _("見送りにする"),
        _("見送りを伝える"),
        _("見送りを記録し、団体に伝えました。"),
    )
    wording_kinds = (Kind.DECLINE,)
    wording_field = "feedback"
    reason = forms.ChoiceField(
        label=_("理由"),
        choices=[
            ("", _("選んでください")),
            *[c for c in DeclineReason.choices if c[0] != DeclineReason.WITHDRAWN],
        ],
    )
    feedback = forms.CharField(
        label=_("団体へのフィードバック"),
        widget=area(4),
        help_text=_("何がよかったか、何があれば進められたかを書きます。そのまま団体に届きます。"),
    )

    def carry_out(self, *, by):
        actions.close(self.case, by=by, **self.cleaned_data)


class AdoptionForm(CaseForm):
    code, title, done = "adoption", _("導入の道筋を決める"), _("導入の道筋を記録しました。")
    budget = forms.CharField(
        label=_("どの予算で"), max_length=200, help_text=_("例: 令和9年度 環境保全費(新規要求)")
    )
    department = forms.ModelChoiceField(Department.objects.none(), label=_("どの部署が"))
    deadline = forms.DateField(label=_("いつまでに判断するか"), widget=DateInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=self.case.municipality_id, is_active=True
        )

    def carry_out(self, *, by):
        actions.set_adoption_route(self.case, by=by, **self.cleaned_data)
