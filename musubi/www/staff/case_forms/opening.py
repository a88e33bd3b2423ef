"""A case opened without a proposal."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.challenges import queries as challenges
from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
from musubi.people.models import Department, Organisation
from musubi.www.staff.case_forms.base import area


class ContactForm(forms.Form):
    """A case without a proposal."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    title = forms.CharField(label=_("件名"), max_length=120)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("相手の団体"),
        help_text=_("名簿にない団体は、先に「会員・団体」で登録します。"),
    )
    lead = forms.ModelChoiceField(Department.objects.none(), label=_("主担当課"))
    channel = forms.ChoiceField(label=_("経路"), choices=Channel.choices, initial=Channel.WALK_IN)
    challenge = forms.ModelChoiceField(
        Challenge.objects.none(), label=_("関係する課題"), required=False, empty_label=_("特になし")
    )
    summary = forms.CharField(label=_("概要"), widget=area(4), required=False)

    def __init__(self, *args, municipality, departments, user, **kwargs):
        super().__init__(*args, **kwargs)
        known = municipality.members.values("organisation")
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=known)
        self.fields["lead"].queryset = departments
        self.fields["challenge"].queryset = challenges.visible_to(user, municipality).filter(
            state__in=["published", "matched"]
        )
