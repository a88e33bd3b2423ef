"""What both sides type into a running trial."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Trial
from musubi.cases.trials.measures import measures
from musubi.lib import clock
from musubi.www.forms.widgets import DateInput


class ReadingForm(forms.Form):
    """One measured value."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    measure = forms.TypedChoiceField(label=_("指標"), coerce=int)
    value = forms.DecimalField(
        label=_("値"), max_digits=18, decimal_places=4, widget=forms.NumberInput(attrs={"step": "any"})
    )
    day = forms.DateField(label=_("測った日"), widget=DateInput)
    note = forms.CharField(
        label=_("メモ"), max_length=200, required=False, help_text=_("測り方や、気づいたこと。")
    )

    def __init__(self, *args, trial: Trial, **kwargs):
        super().__init__(*args, auto_id="reading_%s", **kwargs)
        self.fields["measure"].choices = [
            (measure.place, f"{measure.name}({measure.wanted})") for measure in measures(trial)
        ]
        self.fields["day"].initial = clock.today()


class ReportForm(forms.Form):
    """What came out, and what to do next; a draft as long as it is one. `seen` says which draft was changed."""

    seen = forms.DateTimeField(
        widget=forms.HiddenInput,
        required=False,
        input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"],
    )
    findings = forms.CharField(
        label=_("結果と分かったこと"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("しきい値に届いたか、予想と違ったこと、現場の声。"),
    )
    next_steps = forms.CharField(
        label=_("次にすること"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("導入する・もう一度試す・やめる場合に、それぞれ何が要るか。"),
    )

    def __init__(self, *args, trial: Trial, **kwargs):
        written = {
            "seen": trial.drafted_at.isoformat() if trial.drafted_at else "",
            "findings": trial.draft_findings,
            "next_steps": trial.draft_next_steps,
        }
        super().__init__(*args, initial=written, auto_id="report_%s", **kwargs)
