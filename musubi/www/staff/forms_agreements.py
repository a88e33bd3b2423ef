"""What is asked about an agreement: its words, its days, its cases, its paper; and what the register is narrowed by."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Agreement, Case
from musubi.cases.states import AGREEMENT, AgreementKind
from musubi.people.models import Department, Organisation
from musubi.services.storage import ACCEPT
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput


class AgreementForm(forms.Form):
    """The words and parties; of a new one also the cases it rests on."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    kind = forms.ChoiceField(label=_("種類"), choices=AgreementKind.choices)
    title = forms.CharField(label=_("名称"), max_length=120)
    department = forms.ModelChoiceField(None, label=_("所管"))
    organisations = RowsField(
        None,
        label=_("相手の団体"),
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=_("CtrlキーまたはCommandキーを押しながら選ぶと、複数の団体を選べます。"),
    )
    cases = RowsField(
        None,
        label=_("もとになった案件"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    items = forms.CharField(label=_("連携事項"), widget=forms.Textarea(attrs={"rows": 5}), required=False)

    def __init__(self, *args, municipality, agreement: Agreement | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        known = Case.organisations.through.objects.filter(case__municipality=municipality).values(
            "organisation"
        )
        parties = Organisation.objects.filter(pk__in=known)
        if agreement:
            # Only before it is signed; the cases are linked and unlinked on its page.
            del self.fields["cases"], self.fields["key"]
            parties |= Organisation.objects.filter(pk__in=agreement.organisations.values("pk"))
        else:
            self.fields["cases"].queryset = Case.objects.filter(municipality=municipality).order_by(
                "-opened_at"
            )
        self.fields["department"].queryset = Department.objects.filter(
            municipality=municipality, is_active=True
        )
        self.fields["organisations"].queryset = parties


class SignForm(forms.Form):
    signed_on = forms.DateField(label=_("締結日"), widget=DateInput)
    expires_on = forms.DateField(
        label=_("満了日"), widget=DateInput, required=False, help_text=_("期限がなければ空欄にします。")
    )


class ReturnForm(forms.Form):
    remarks = forms.CharField(
        label=_("直すところ"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class TerminateForm(forms.Form):
    on = forms.DateField(
        label=_("解除日"), widget=DateInput, required=False, help_text=_("空欄なら今日になります。")
    )
    reason = forms.CharField(label=_("解除の理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class LinkForm(forms.Form):
    """A case to put under the agreement: the open ones of its parties come first."""

    case = forms.ModelChoiceField(None, label=_("案件"), empty_label=_("選んでください"))

    def __init__(self, *args, agreement: Agreement, **kwargs):
        super().__init__(*args, **kwargs)
        theirs = Case.organisations.through.objects.filter(
            organisation__in=agreement.organisations.values("pk")
        ).values("case")
        linked = Agreement.cases.through.objects.filter(agreement=agreement).values("case")
        self.fields["case"].queryset = (
            Case.objects.filter(municipality=agreement.municipality_id, pk__in=theirs)
            .exclude(pk__in=linked)
            .order_by("-opened_at")
        )


class UnlinkForm(forms.Form):
    case = forms.ModelChoiceField(None)

    def __init__(self, *args, agreement: Agreement, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["case"].queryset = agreement.cases.all()


class FileForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    file = forms.FileField(
        label=_("協定書・関係書類"),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
        help_text=_("PDF・画像・Office文書など。1個20MBまで。"),
    )


class PressForm(forms.Form):
    """Nothing to type."""


class RegisterFilter(forms.Form):
    """Odd values narrow nothing; they never fail."""

    q = forms.CharField(
        label=_("協定をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("名称・団体・連携事項")}),
    )
    state = forms.ChoiceField(
        label=_("状態"), required=False, choices=[("", _("すべて")), *AGREEMENT.choices]
    )
    kind = forms.ChoiceField(
        label=_("種類"), required=False, choices=[("", _("すべて")), *AgreementKind.choices]
    )
    soon = forms.BooleanField(label=_("90日以内に満了"), required=False)
    dormant = forms.BooleanField(label=_("休眠しているもの"), required=False)
    sort = forms.ChoiceField(
        label=_("並び順"),
        required=False,
        choices=[("", _("満了の近い順")), ("signed", _("締結日の新しい順"))],
    )

    def __init__(self, data):
        super().__init__(data, auto_id="filter_%s")
        self.is_valid()

    def wanted(self) -> dict:
        """The arguments of `register.find`."""
        data = self.cleaned_data
        return {
            "text": data.get("q", ""),
            "state": data.get("state", ""),
            "kind": data.get("kind", ""),
            "soon": data.get("soon", False),
            "dormant": data.get("dormant", False),
            "sort": data.get("sort", ""),
        }

    def active(self) -> list[tuple[str, str]]:
        """(label, address without it) of each condition in force."""
        found = []
        for name in ("q", "state", "kind", "soon", "dormant"):
            value = self.cleaned_data.get(name)
            if not value:
                continue
            field = self.fields[name]
            if name in ("soon", "dormant"):
                label = field.label
            else:
                label = dict(field.choices)[value] if hasattr(field, "choices") else value
            rest = self.data.copy()
            rest.pop(name, None)
            rest.pop("page", None)
            found.append((label, f"?{rest.urlencode()}"))
        return found
