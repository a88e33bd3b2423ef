"""What came of a case, and the story told of it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.outcomes import actions as outcomes
from musubi.outcomes.states import OutcomeKind
from musubi.plan.models import Goal
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput, SdgGoalPicker
from musubi.www.staff.case_forms.base import CaseForm, area


class OutcomeForm(CaseForm):
    code, title, done = "outcome", _("成果を記録する"), _("成果を記録しました。続けて連携事例を書けます。")
    kind = forms.ChoiceField(label=_("種類"), choices=OutcomeKind.choices)
    title_ = forms.CharField(label=_("成果"), max_length=120)
    summary = forms.CharField(label=_("どうなったか"), widget=area(4))
    started_on = forms.DateField(label=_("事業開始日・実施日"), widget=DateInput)
    yen_saved = forms.IntegerField(
        label=_("節減できた額(円)"),
        min_value=0,
        max_value=10**15,
        required=False,
        help_text=_("分かるところだけで構いません。分からないものは空欄、なければ0にします。"),
    )
    hours_saved = forms.IntegerField(
        label=_("節減できた時間(時間)"), min_value=0, max_value=10**9, required=False
    )
    yen_spent = forms.IntegerField(label=_("かかった額(円)"), min_value=0, max_value=10**15, required=False)
    hours_spent = forms.IntegerField(
        label=_("職員がかけた時間(時間)"), min_value=0, max_value=10**9, required=False
    )

    def carry_out(self, *, by):
        data = dict(self.cleaned_data)
        outcomes.record_outcome(self.case, by=by, title=data.pop("title_"), **data)


class StoryForm(forms.Form):
    title = forms.CharField(label=_("見出し"), max_length=120)
    lead = forms.CharField(label=_("リード文"), max_length=300, required=False, widget=area(2))
    body = forms.CharField(
        label=_("本文"),
        widget=area(14),
        help_text=_("公開されます。団体名や写真の了解を取ってから書きましょう。Markdownが使えます。"),
    )
    goals = RowsField(Goal.objects.all(), label=_("SDGsゴール"), required=False, widget=SdgGoalPicker)
