"""Forms about organisations, the people who act for them, and memberships."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.lib.errors import Refused
from musubi.people.models import Organisation
from musubi.people.rules import check_corporate_number
from musubi.www.forms.widgets import DateInput


class OrganisationForm(forms.Form):
    """The particulars of an organisation."""

    corporate_number = forms.CharField(
        label=_("法人番号"),
        required=False,
        max_length=60,
        help_text=_("13桁の数字。任意団体や個人事業主など、番号がないときは空けておいてください。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("団体名"),
        max_length=120,
        help_text=_("正式な名称で入力してください(例: みなと環境株式会社)。"),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    name_kana = forms.CharField(label=_("団体名(カナ)"), max_length=160, required=False)
    name_en = forms.CharField(label=_("英語名"), max_length=160, required=False)
    kind = forms.ChoiceField(label=_("種別"), choices=Organisation.Kind, widget=forms.RadioSelect)
    size = forms.ChoiceField(
        label=_("規模"),
        choices=[("", _("選んでください")), *Organisation.Size.choices],
        required=False,
        help_text=_("働いている人の数。小さな団体が候補に埋もれていないかを確かめるために使います。"),
    )
    prefecture = forms.CharField(label=_("都道府県"), max_length=10, required=False)
    address = forms.CharField(
        label=_("所在地"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    url = forms.URLField(
        label=_("ウェブサイト"),
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=_("例: https://www.example.jp"),
        error_messages={"invalid": _("https:// から始まるアドレスを入力してください。")},
    )
    description = forms.CharField(
        label=_("団体の紹介"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("何をしている団体か、得意なことは何か。自治体の職員や住民が読みます。"),
    )
    founded_on = forms.DateField(label=_("設立日"), required=False, widget=DateInput)

    def clean_corporate_number(self) -> str:
        try:
            return check_corporate_number(self.cleaned_data["corporate_number"]) or ""
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("メールアドレス"),
        help_text=_("招く人が使うメールアドレス。招待のメールが届き、本人が受け入れると担当者になります。"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    is_owner = forms.BooleanField(
        label=_("責任者にする(ほかの担当者を招き、外すことができます)"), required=False
    )


class JoinForm(forms.Form):
    """Asking to join one municipality's platform for one of the person's organisations."""

    organisation = forms.ModelChoiceField(
        label=_("団体"), queryset=Organisation.objects.none(), empty_label=None
    )
    message = forms.CharField(
        label=_("参加の目的"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("どんな課題に関心があるか、何ができるか。自治体の担当者が読みます。"),
    )

    def __init__(self, *args, organisations, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.fields["organisation"].initial = organisations[0].pk


class ReasonForm(forms.Form):
    """One sentence of reason."""

    reason = forms.CharField(label=_("理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args, label=None, help_text="", required=True, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        field.label, field.help_text, field.required = label or field.label, help_text, required
