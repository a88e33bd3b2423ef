from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class SignupForm(forms.Form):
    """What is asked beside the address and the password."""

    name = forms.CharField(
        label=_("氏名"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ["name", "email", "password1", "password2"]

    def signup(self, request, user):
        """allauth calls this after the user is made; the name was set by the adapter."""


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("氏名"),
        max_length=80,
        help_text=_("案件や提案のやり取りで、相手に表示されます。"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


# By the first part of a kind's verb; what is not named here stands last.
GROUPS = {
    _("期限"): ["ball"],
    _("提案"): ["proposal", "referral"],
    _("案件"): ["case", "municipality"],
    _("打合せ・実証実験"): ["meeting", "todo", "trial"],
    _("協定"): ["agreement"],
    _("課題・イベント"): ["challenge", "gathering"],
    _("会員・役割"): ["member", "staff", "representative"],
}


def grouped(kinds) -> list[tuple]:
    """The kinds of notice as choices under their headings, each in the order they were registered."""
    place = {first: heading for heading, firsts in GROUPS.items() for first in firsts}
    last = _("そのほか")
    groups = {heading: [] for heading in (*GROUPS, last)}
    for kind in kinds:
        groups[place.get(kind.verb.partition(".")[0], last)].append((kind.verb, kind.name))
    return [(heading, choices) for heading, choices in groups.items() if choices]


class KindPicker(forms.CheckboxSelectMultiple):
    """Boxes to tick under headings."""

    template_name = "django/forms/widgets/kinds.html"


class PreferencesForm(forms.Form):
    """`choices` are what `notify.queries.preferences_of` gives; kinds that everybody must get are not offered."""

    language = forms.ChoiceField(label=_("画面の言語"), choices=settings.LANGUAGES, widget=forms.RadioSelect)
    kinds = forms.MultipleChoiceField(
        label=_("メールで受け取るお知らせ"),
        required=False,
        widget=KindPicker,
        help_text=_(
            "外したお知らせも、画面のお知らせ一覧には届きます。「朝のまとめ」は、一覧にあるものをまとめたメールです。"
        ),
    )

    def __init__(self, *args, user, choices, **kwargs):
        offered = [(kind, by_mail) for kind, by_mail in choices if not kind.always]
        initial = {
            "language": user.language,
            "kinds": [kind.verb for kind, by_mail in offered if by_mail],
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["kinds"].choices = grouped(kind for kind, _by_mail in offered)
        self.always = [kind.name for kind, _by_mail in choices if kind.always]
