"""Form fields that Django does not have, or that let through what a database cannot take."""

from django import forms
from django.core.exceptions import ValidationError

# More digits than any row's number has; SQLite and PostgreSQL take eight bytes.
LONGEST_NUMBER = 18


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows of a table. A number too great for the database is a wrong choice like any other."""

    def clean(self, value):
        for text in map(str, value if isinstance(value, list | tuple) else []):
            if text.isdecimal() and len(text) > LONGEST_NUMBER:
                raise ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": text[:20]}
                )
        return super().clean(value)
