from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.people.models import Organisation
from musubi.plan.models import Field, Goal
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import SdgGoalPicker


class SolutionForm(forms.Form):
    """What an organisation can offer, whoever needs it."""

    organisation = forms.ModelChoiceField(
        label=_("団体"), queryset=Organisation.objects.none(), empty_label=None
    )
    title = forms.CharField(label=_("名称"), max_length=120)
    summary = forms.CharField(
        label=_("できること"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("だれの、どんな困りごとを、どう解決できるか。公開するときに必要です。"),
    )
    results = forms.CharField(
        label=_("これまでの実績"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    needs = forms.CharField(
        label=_("自治体に求めるもの"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    cost = forms.CharField(label=_("費用の目安"), max_length=200, required=False)
    goals = RowsField(
        label=_("SDGsゴール"), queryset=Goal.objects.all(), required=False, widget=SdgGoalPicker
    )
    fields_of_work = RowsField(
        label=_("分野"), queryset=Field.objects.all(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, organisations=None, **kwargs):
        super().__init__(*args, **kwargs)
        if organisations is None:
            del self.fields["organisation"]
            return
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = organisations[0].pk
