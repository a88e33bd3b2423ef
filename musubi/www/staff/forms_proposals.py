"""The forms of a proposal's way through the municipality."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
from musubi.people.models import Department, Organisation, User
from musubi.people.rules import similar_organisations
from musubi.plan.models import Field, Goal
from musubi.proposals.actions import WORDS
from musubi.proposals.models import Proposal
from musubi.proposals.states import PROPOSAL, Answer, DeclineReason, Track
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput, SdgGoalPicker

NEW = "new"


class ProposalFilter(forms.Form):
    q = forms.CharField(
        label=_("提案をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        label=_("状態"),
        required=False,
        choices=[("", _("すべて")), *(c for c in PROPOSAL.choices if c[0] != "draft")],
    )
    track = forms.ChoiceField(label=_("類型"), required=False, choices=[("", _("すべて")), *Track.choices])
    channel = forms.ChoiceField(
        label=_("経路"), required=False, choices=[("", _("すべて")), *Channel.choices]
    )
    challenge = forms.CharField(label=_("課題の整理番号"), required=False, max_length=20)

    def __init__(self, data):
        super().__init__(data, auto_id="filter_%s")


class RouteForm(forms.Form):
    departments = RowsField(
        Department.objects.none(),
        label=_("照会する部署"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("照会する部署を一つ以上選んでください。")},
    )
    due_on = forms.DateField(label=_("回答期限"), widget=DateInput)
    question = forms.CharField(
        label=_("照会の内容"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "空けておくと「この提案について、対話したいかどうかを回答してください」という意味になります。"
        ),
    )

    def __init__(self, *args, proposal: Proposal, asked=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["departments"].queryset = Department.objects.filter(
            municipality=proposal.municipality_id, is_active=True, is_desk=False
        ).exclude(pk__in=asked)


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("回答"),
        widget=forms.RadioSelect,
        choices=[choice for choice in Answer.choices if choice[0] != Answer.WAITING],
    )
    comment = forms.CharField(
        label=_("理由・条件"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "デスクが提案者に伝えるときに使います。例: 9月の清掃で試したい。費用の分担を先に相談したい。／ 道路の管理は道路課です。"
        ),
    )


class OpenCaseForm(forms.Form):
    lead = forms.ModelChoiceField(
        Department.objects.none(), label=_("主担当課"), empty_label=_("選んでください")
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("担当者"),
        required=False,
        empty_label=_("主担当課に任せる"),
        help_text=_("空けておくと、あなたが主担当課ならあなた、そうでなければ課の管理職か職員になります。"),
    )
    title = forms.CharField(
        label=_("案件名"), max_length=120, required=False, help_text=_("空けておくと提案名になります。")
    )

    def __init__(self, *args, departments, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["lead"].queryset = departments
        self.fields["owner"].queryset = people


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("見送りの理由"),
        choices=[("", _("選んでください")), *(c for c in DeclineReason.choices if c[0] != "withdrawn")],
        error_messages={"required": _("見送りの理由を選んでください。")},
    )
    feedback = forms.CharField(
        label=_("提案者へのフィードバック"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "そのまま提案者に届きます。よかった点、今回できない事情、次にどうすればよいかを書きます。"
            "例: 画像判定の精度を具体的に示していただき参考になりました。今年度は予算がありませんが、来年6月の課題募集でご提案ください。"
        ),
        error_messages={
            "required": _("提案者へのフィードバックを書いてください。次の提案につながる一言が必要です。")
        },
    )


class ReceiveForm(forms.ModelForm):
    """A proposal that came on paper, by telephone or at an event. The organisation is found, or registered with it."""

    organisation_name = forms.CharField(
        label=_("団体名"),
        max_length=120,
        help_text=_("正式な名前を書きます。登録済みなら、次の画面で選べます。"),
    )
    corporate_number = forms.CharField(
        label=_("法人番号"),
        max_length=20,
        required=False,
        help_text=_("分かれば13桁で。同じ団体を二重に登録せずに済みます。"),
    )
    kind = forms.ChoiceField(
        label=_("団体の種別"), choices=Organisation.Kind, help_text=_("新しく登録するときに使います。")
    )
    organisation = forms.ChoiceField(label=_("この団体ですか"), required=False, widget=forms.RadioSelect)
    track = forms.ChoiceField(label=_("類型"), choices=Track, widget=forms.RadioSelect, initial=Track.OPEN)
    channel = forms.ChoiceField(
        label=_("どこから来ましたか"),
        choices=[c for c in Channel.choices if c[0] != Channel.SITE],
        initial=Channel.WALK_IN,
    )
    goals = RowsField(Goal.objects.all(), label=_("SDGsゴール"), required=False, widget=SdgGoalPicker)
    fields_ = RowsField(
        Field.objects.all(), label=_("分野"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Proposal
        fields = [name for name in WORDS if name != "solution"]
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("effect", "request", "schedule", "cost", "field_wanted")
        }

    field_order = ["organisation", "organisation_name", "corporate_number", "kind", "channel", "track", "challenge", "title", "content"]  # fmt: skip

    def __init__(self, *args, challenges, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fields"] = self.fields.pop("fields_")
        self.fields["challenge"].queryset = challenges
        self.fields["challenge"].label_from_instance = _challenge_label
        self.fields["challenge"].empty_label = _("(課題解決型のときに選びます)")
        self.fields["title"].required = self.fields["content"].required = True
        self.candidates = self._candidates()
        if self.candidates:
            self.fields["organisation"].choices = [
                *((str(row.pk), _organisation_label(row)) for row in self.candidates),
                (NEW, _("どれでもない(新しく登録する)")),
            ]
        else:
            del self.fields["organisation"]

    def _post_clean(self):
        """The action checks and keeps the words."""

    def _candidates(self) -> list[Organisation]:
        if not self.is_bound:
            return []
        return similar_organisations(
            self.data.get("organisation_name", "")[:120], self.data.get("corporate_number", "")[:20]
        )

    def clean(self):
        if self.candidates and not self.cleaned_data.get("organisation"):
            self.add_error(
                "organisation",
                _("よく似た名前の団体が登録されています。同じ団体か、新しい団体かを選んでください。"),
            )

    @property
    def chosen(self) -> Organisation | None:
        """The registered organisation, or None for a new one."""
        choice = self.cleaned_data.get("organisation")
        return next((row for row in self.candidates if str(row.pk) == choice), None)

    def words(self) -> dict:
        data = self.cleaned_data
        return {name: data[name] for name in self._meta.fields} | {
            "track": data["track"],
            "channel": data["channel"],
            "goals": [goal.pk for goal in data["goals"]],
            "fields": [field.pk for field in data["fields"]],
        }


def _challenge_label(challenge: Challenge) -> str:
    return f"{challenge.ref} {challenge.title}"


def _organisation_label(row: Organisation) -> str:
    parts = [
        row.name,
        row.get_kind_display(),
        row.prefecture,
        row.corporate_number and f"法人番号 {row.corporate_number}",
    ]
    return " · ".join(filter(None, parts))
