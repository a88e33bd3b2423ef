from django import forms
from django.utils.translation import gettext_lazy as _


class SignupForm(forms.Form):
    """What is asked beside the address and the password."""

    name = forms.CharField(label=_("氏名"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1", "password2"]

    def signup(self, request, user):
        """allauth calls this after the user is made; the name was set by the adapter."""
