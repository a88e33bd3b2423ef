"""The form in which a department officer writes a challenge in five minutes, and the small forms of its acts."""

from uuid import uuid4

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from musubi.challenges.actions import WORDS
from musubi.challenges.models import Challenge
from musubi.challenges.states import CHALLENGE, CloseReason, Scale, Visibility
from musubi.people.models import Department
from musubi.plan.models import Field, Goal
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput, SdgGoalPicker

OFFERS = ["offers_field", "offers_data", "offers_publicity", "offers_budget"]
SECTIONS = [
    (_("1. 何に困っていますか"), ["department", "title", "problem", "goal_image"]),
    (_("2. 自治体が用意できるもの"), ["offer_note", "conditions"]),
    (_("3. 分類と締切"), ["scale", "goals", "fields", "deadline"]),
]
RARE = ["channel", "code"]
LONGEST = 2000
_ROWS = {"problem": 5, "goal_image": 4, "offer_note": 3, "conditions": 3}
_HELP = {
    "title": _("「だれの・何を・どうしたい」を1行で。例: 海岸清掃のごみ袋を、続けられる形で用意したい"),
    "problem": _(
        "だれが、いつ、どのくらい困っているかを書きます。数字が一つあると伝わります。"
        "例: 年に約40回の海岸清掃で、ごみ袋を年3万枚購入している。費用は年120万円で、来年度は2割減らす必要がある。"
    ),
    "goal_image": _(
        "うまくいったときの場面を書きます。手段は書かなくてかまいません。"
        "例: 来年度末までに、企業と費用を分け合い、ボランティア8,000人に袋が行きわたっている。"
    ),
    "offer_note": _(
        "例: 市内3か所の海岸を試す場所にできる。清掃の参加者数と回収量のデータを渡せる。広報紙に載せられる。"
    ),
    "conditions": _("例: 個人情報は扱わない。7月から9月は海水浴場のため使えない。"),
    "deadline": _("空けておくと、随時受付になります。"),
    "code": _("数字の書き出しで使う英数字の短い名前です。空けておいてかまいません。例: litter-bags"),
    "channel": _(
        "ふつうは「サイト」のままです。全国プラットフォームなどに登録した課題を書き写すときに選びます。"
    ),
}


class ChallengeForm(forms.ModelForm):
    """All words of a challenge. Only the title is needed to keep a draft."""

    department = forms.ModelChoiceField(Department.objects.none(), label=_("担当課"), empty_label=None)
    scale = forms.ChoiceField(
        label=_("大きさ"),
        widget=forms.RadioSelect,
        initial=Scale.SMALL,
        choices=[
            (Scale.SMALL, _("小さく具体的 — 数か月で試せること。まずはここから")),
            (Scale.LARGE, _("大きな社会課題 — 何年もかけて取り組むこと")),
        ],
    )
    goals = RowsField(Goal.objects.all(), label=_("SDGsゴール"), required=False, widget=SdgGoalPicker)
    fields_ = RowsField(
        Field.objects.all(), label=_("分野"), required=False, widget=forms.CheckboxSelectMultiple
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # A browser that brings back what was typed must not bring back the key of an earlier form with it.
    key = forms.UUIDField(
        required=False, initial=uuid4, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )

    class Meta:
        model = Challenge
        fields = WORDS
        widgets = {
            "deadline": DateInput,
            **{name: forms.Textarea(attrs={"rows": rows}) for name, rows in _ROWS.items()},
        }

    def __init__(self, *args, departments, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fields"] = self.fields.pop("fields_")
        for name, text in _HELP.items():
            self.fields[name].help_text = text
        for name in _ROWS:
            # Set afterwards, so the validator that comes with it must come with it here too.
            self.fields[name].max_length = LONGEST
            self.fields[name].validators.append(MaxLengthValidator(LONGEST))
        if self.instance.pk:
            del self.fields["department"], self.fields["key"]
            self.initial["goals"] = [goal.pk for goal in self.instance.goals.all()]
            self.initial["fields"] = [field.pk for field in self.instance.fields.all()]
        else:
            self.fields["department"].queryset = departments
            if len(departments) == 1:
                self.fields["department"].widget = forms.HiddenInput()
                self.initial["department"] = departments[0].pk

    def _post_clean(self):
        """The action checks and keeps the words, not the model: the instance stays as the database has it."""

    def clean_title(self):
        return self.cleaned_data["title"].strip()

    @property
    def sections(self) -> list[tuple]:
        """(heading, bound fields) in the order they are written."""
        return [(head, [self[name] for name in names if name in self.fields]) for head, names in SECTIONS]

    @property
    def offers(self) -> list:
        return [self[name] for name in OFFERS]

    @property
    def rare(self) -> list:
        return [self[name] for name in RARE]

    @property
    def has_rare_words(self) -> bool:
        """Whether somebody has used the folded fields, or has to mend them."""
        return bool(self["code"].value() or self["channel"].value() != "site" or set(RARE) & set(self.errors))

    def words(self) -> dict:
        """The arguments of `draft_challenge` and `save_challenge`."""
        data = self.cleaned_data
        return {name: data[name] for name in WORDS} | {
            "goals": [goal.pk for goal in data["goals"]],
            "fields": [field.pk for field in data["fields"]],
        }

    def typed(self, name: str) -> str:
        """What is in a field now, valid or not."""
        return str(self[name].value() or "")

    def chosen_goals(self) -> set[int]:
        return {int(value) for value in self["goals"].value() or [] if str(value).isdecimal()}


class ChallengeFilter(forms.Form):
    """What the list is narrowed by. Odd values narrow nothing; they never fail."""

    q = forms.CharField(
        label=_("課題をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        label=_("状態"), required=False, choices=[("", _("すべて")), *CHALLENGE.choices]
    )
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("担当課"), required=False, empty_label=_("すべて")
    )
    scale = forms.ChoiceField(label=_("大きさ"), required=False, choices=[("", _("すべて")), *Scale.choices])

    def __init__(self, data, *, municipality):
        super().__init__(data, auto_id="filter_%s")
        self.fields["department"].queryset = Department.objects.filter(municipality=municipality)


class PublishForm(forms.Form):
    visibility = forms.TypedChoiceField(
        label=_("公開範囲"),
        coerce=int,
        widget=forms.RadioSelect,
        initial=Visibility.PUBLIC,
        choices=[
            (Visibility.MUNICIPALITY, _("庁内 — 職員だけが読めます")),
            (Visibility.MEMBERS, _("会員 — 会員の団体にも届きます")),
            (Visibility.PUBLIC, _("公開 — だれでも読め、提案を受け付けます")),
        ],
    )
    expires_on = forms.DateField(
        label=_("掲載期限"),
        required=False,
        widget=DateInput,
        help_text=_("空けておくと、年度の末日(締切があればその日)までになります。"),
    )


class RemarksForm(forms.Form):
    remarks = forms.CharField(
        label=_("担当課への指摘"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "どこをどう直せばよいかを書きます。例: 「困っていること」に、年に何件くらいあるかを書き足してください。"
        ),
    )


class WidenForm(forms.Form):
    visibility = forms.TypedChoiceField(label=_("新しい公開範囲"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args, challenge, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["visibility"].choices = [
            (s.value, s.label) for s in Visibility if s > challenge.visibility
        ]


class ExpiryForm(forms.Form):
    expires_on = forms.DateField(label=_("新しい掲載期限"), widget=DateInput)


class ReopenForm(forms.Form):
    expires_on = forms.DateField(
        label=_("掲載期限"),
        required=False,
        widget=DateInput,
        help_text=_("空けておくと、年度の末日までになります。"),
    )


class CloseForm(forms.Form):
    reason = forms.ChoiceField(label=_("終了の理由"), choices=CloseReason, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("説明"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("「その他」のときは必ず書いてください。"),
    )
