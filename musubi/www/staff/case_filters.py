from django import forms
from django.utils.translation import gettext as _

from musubi.cases.states import CASE
from musubi.people.models import Department


class CaseFilter(forms.Form):
    """What the board and the list can be narrowed by. Odd values narrow nothing; they never fail."""

    q = forms.CharField(
        label=_("案件をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    stage = forms.ChoiceField(label=_("段階"), required=False)
    department = forms.ModelChoiceField(None, label=_("主担当課"), required=False, empty_label=_("すべて"))
    open_only = forms.BooleanField(label=_("進行中だけ"), required=False)
    view = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data, *, municipality):
        super().__init__(data, auto_id="filter_%s")
        self.fields["stage"].choices = [("", _("すべて")), *CASE.choices]
        self.fields["department"].queryset = Department.objects.filter(municipality=municipality)
        self.is_valid()

    def wanted(self) -> dict:
        """The arguments of `cases.queries.find`."""
        data = self.cleaned_data
        department = data.get("department")
        return {
            "text": data.get("q", ""),
            "stage": data.get("stage", ""),
            "department": department.pk if department else None,
            "open_only": data.get("open_only", False),
        }

    def active(self) -> list[tuple[str, str]]:
        """(label, address without it) of each condition in force."""
        found = []
        for name in ("q", "stage", "department", "open_only"):
            value = self.cleaned_data.get(name)
            if value:
                label = CASE[value].label if name == "stage" else str(value)
                label = self.fields[name].label if name == "open_only" else label
                rest = self.data.copy()
                rest.pop(name, None)
                rest.pop("page", None)
                found.append((label, f"?{rest.urlencode()}"))
        return found
