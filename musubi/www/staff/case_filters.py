"""What the board and the list of cases can be narrowed and sorted by."""

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from musubi.cases import queries
from musubi.cases.models import Case
from musubi.cases.states import CASE
from musubi.people.models import Department
from musubi.people.permissions import Can
from musubi.www.staff.waiting import acts_for

SORTS = {
    "due": (_("期限の近い順"), queries.open_first),
    "stage": (_("この段階が長い順"), lambda rows: rows.order_by("stage_since", "id")),
    "new": (_("開始の新しい順"), lambda rows: rows.order_by("-opened_at", "-id")),
}


class CaseFilter(forms.Form):
    """Odd values narrow nothing; they never fail."""

    q = forms.CharField(
        label=_("案件をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("案件名・番号・団体")}),
    )
    stage = forms.ChoiceField(label=_("段階"), required=False)
    department = forms.ModelChoiceField(None, label=_("主担当課"), required=False, empty_label=_("すべて"))
    ball = forms.ChoiceField(
        label=_("ボール"),
        required=False,
        choices=[
            ("", _("すべて")),
            ("mine", _("わたしの番")),
            ("departments", _("庁内の番")),
            ("organisations", _("団体の番")),
            ("late", _("期限を過ぎている")),
        ],
    )
    owned = forms.BooleanField(label=_("わたしが担当者"), required=False)
    open_only = forms.BooleanField(label=_("進行中だけ"), required=False)
    sort = forms.ChoiceField(
        label=_("一覧の並び順"), required=False, choices=[(key, label) for key, (label, _by) in SORTS.items()]
    )
    view = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data, *, municipality, user):
        super().__init__(data, auto_id="filter_%s")
        self.municipality, self.user = municipality, user
        self.fields["stage"].choices = [("", _("すべて")), *CASE.choices]
        self.fields["department"].queryset = Department.objects.filter(municipality=municipality)
        self.is_valid()

    def wanted(self) -> dict:
        """The arguments of `cases.queries.find`."""
        data = self.cleaned_data
        department = data.get("department")
        ball = data.get("ball", "")
        return {
            "text": data.get("q", ""),
            "stage": data.get("stage", ""),
            "department": department.pk if department else None,
            "open_only": data.get("open_only", False),
            "owner": self.user if data.get("owned") else None,
            "ball": ball,
            "mine": acts_for(self.user, Can.MOVE_CASE, self.municipality) if ball == "mine" else (),
        }

    @property
    def _sort(self) -> str:
        return self.cleaned_data.get("sort") or "due"

    @property
    def sorted_by(self) -> str:
        return SORTS[self._sort][0]

    def sorted(self, rows: QuerySet[Case]) -> QuerySet[Case]:
        return SORTS[self._sort][1](rows)

    def active(self) -> list[tuple[str, str]]:
        """(label, address without it) of each condition in force."""
        found = []
        for name in ("q", "stage", "department", "ball", "owned", "open_only"):
            value = self.cleaned_data.get(name)
            if not value:
                continue
            if name in ("owned", "open_only"):
                label = self.fields[name].label
            elif name in ("stage", "ball"):
                label = dict(self.fields[name].choices)[value]
            else:
                label = str(value)
            rest = self.data.copy()
            rest.pop(name, None)
            rest.pop("page", None)
            found.append((label, f"?{rest.urlencode()}"))
        return found
