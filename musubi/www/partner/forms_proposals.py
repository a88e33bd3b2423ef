"""The form of a proposal, by track, and the one that asks for which municipality and track."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.people.models import Municipality, Organisation
from musubi.plan.models import Field, Goal
from musubi.proposals.models import Proposal
from musubi.proposals.states import Track
from musubi.services.storage import ACCEPT
from musubi.solutions.models import Solution
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import SdgGoalPicker

TRACK_WORDS = {
    Track.CHALLENGE: _("自治体が公開している課題に、解決のアイデアや技術で応えます。"),
    Track.TRIAL: _("新しい技術やサービスを、地域の場所やデータを使って試します。"),
    Track.OPEN: _("課題の一覧にないことでも、自由に提案できます。"),
}


class StartForm(forms.Form):
    """Where to, which kind, in whose name."""

    city = forms.ModelChoiceField(
        label=_("自治体"),
        queryset=Municipality.objects.all(),
        to_field_name="slug",
        empty_label=_("選んでください"),
    )
    track = forms.ChoiceField(
        label=_("提案の種類"),
        widget=forms.RadioSelect,
        choices=[(track.value, f"{track.label} — {TRACK_WORDS[track]}") for track in Track],
    )
    organisation = forms.ModelChoiceField(
        label=_("団体"), queryset=Organisation.objects.none(), empty_label=None
    )

    def __init__(self, *args, organisations, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = organisations[0].pk


class ManyFilesInput(forms.ClearableFileInput):
    template_name = "django/forms/widgets/input.html"
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Any number of files; cleans to a list."""

    widget = ManyFilesInput

    def clean(self, data, initial=None):
        return [super(ManyFilesField, self).clean(one, initial) for one in data or []]


def _words(name: str, *, rows: int = 6, length: int = 4000, help_text="") -> forms.CharField:
    return forms.CharField(
        label=Proposal._meta.get_field(name).verbose_name,
        max_length=length,
        required=name in {"content", "field_wanted"},
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=help_text,
    )


class ProposalForm(forms.Form):
    """A draft: marks what the submission will want, yet lets everything be missing for now."""

    use_required_attribute = False

    challenge = forms.ModelChoiceField(label=_("対象の課題"), queryset=None, empty_label=_("選んでください"))
    title = forms.CharField(
        label=_("提案名"), max_length=120, help_text=_("何をする提案か、ひと目で分かる30字くらいの名前に。")
    )
    content = _words(
        "content", rows=10, help_text=_("だれに、何を、どのように行うか。すでにある実績も書けます。")
    )
    effect = _words("effect", help_text=_("だれの困りごとが、どのくらい良くなるか。数字があると伝わります。"))
    request = _words("request", help_text=_("場所、データ、広報、職員との意見交換など。"))
    field_wanted = _words("field_wanted", help_text=_("決まっていなければ、希望を書いてください。"))
    schedule = _words("schedule", rows=4)
    cost = _words("cost", rows=4, help_text=_("まだ決まっていなければ「相談したい」で構いません。"))
    solution = forms.ModelChoiceField(
        label=_("もとになるソリューション"), queryset=None, required=False, empty_label=_("なし")
    )
    goals = RowsField(
        label=_("SDGsゴール"), queryset=Goal.objects.all(), required=False, widget=SdgGoalPicker
    )
    fields_of_work = RowsField(
        label=_("分野"),
        queryset=Field.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    files = ManyFilesField(
        label=_("添付ファイル"),
        required=False,
        widget=ManyFilesInput(attrs={"accept": ACCEPT}),
        help_text=_("PDF・画像・Office文書など。1個20MBまで、10個まで。保存すると添付されます。"),
    )

    def __init__(self, *args, track: str, organisation: Organisation, challenges, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].queryset = Solution.objects.filter(organisation=organisation).exclude(
            state="withdrawn"
        )
        if track == Track.CHALLENGE:
            self.fields["challenge"].queryset = challenges
        else:
            del self.fields["challenge"]
        if track != Track.TRIAL:
            del self.fields["field_wanted"]

    def clean(self):
        """What is missing is no error in a draft; the page before submitting lists it."""
        for name, errors in list(self._errors.items()):
            if all(error.code == "required" for error in errors.as_data()):
                del self._errors[name]
                self.cleaned_data[name] = None if name == "challenge" else ""
        return self.cleaned_data

    def words(self) -> dict:
        """What can be saved, as `save_proposal` takes it: everything that is valid, even where something is not."""
        names = {"fields_of_work": "fields"}
        return {names.get(name, name): value for name, value in self.cleaned_data.items() if name != "files"}


def initial_of(proposal: Proposal) -> dict:
    """What a proposal says, as the form's initial values."""
    plain = ["title", "content", "effect", "request", "field_wanted", "schedule", "cost"]
    return {
        **{name: getattr(proposal, name) for name in plain},
        "challenge": proposal.challenge_id,
        "solution": proposal.solution_id,
        "goals": [goal.pk for goal in proposal.goals.all()],
        "fields_of_work": [field.pk for field in proposal.fields.all()],
    }
