"""Form fields that Django does not have, or that let through what a database cannot take."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from musubi.lib.text import normalise

# More digits than any row's number has; SQLite and PostgreSQL take eight bytes.
LONGEST_NUMBER = 18
MOST_YEN = 10**15


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows of a table. A number too great for the database is a wrong choice like any other."""

    def clean(self, value):
        for text in map(str, value if isinstance(value, list | tuple) else []):
            if text.isdecimal() and len(text) > LONGEST_NUMBER:
                raise ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": text[:20]}
                )
        return super().clean(value)


class YenField(forms.IntegerField):
    """Whole yen as people write them: 1,200,000, １２０００００円. Shown again as it was typed where it cannot be read."""

    default_error_messages = {
        "invalid": _("金額を整数で入力してください。例: 1,200,000"),
        "max_value": _("金額が大きすぎます。桁を確かめてください。"),
        "min_value": _("%(limit_value)s円以上で入力してください。"),
    }

    def __init__(self, *, min_value=0, max_value=MOST_YEN, **kwargs):
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)

    def prepare_value(self, value):
        return f"{value:,}" if type(value) is int else value

    def to_python(self, value):
        if isinstance(value, str):
            value = normalise(value).replace(",", "").replace("、", "").removesuffix("円").strip()
        return super().to_python(value)
