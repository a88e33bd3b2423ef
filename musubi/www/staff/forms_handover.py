"""The forms of a hand-over: which cases to whom, which department to which."""

from collections.abc import Iterable

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from musubi.cases.handover.takers import Taker
from musubi.cases.models import Case
from musubi.people.models import Department, Municipality, User
from musubi.www.forms.fields import RowsField


class ReassignForm(forms.Form):
    """Cases ticked, a successor for all of them, and another one for single cases."""

    cases = RowsField(
        Case.objects.none(),
        label=_("引き継ぐ案件"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("引き継ぐ案件を一つ以上選んでください。"),
            "invalid_choice": _(
                "すでに担当者が変わったか、終わった案件が選ばれています。一覧を確かめて、選び直してください。"
            ),
        },
    )
    successor = forms.ChoiceField(label=_("後任"), required=False)
    reason = forms.CharField(
        label=_("理由"),
        max_length=200,
        help_text=_("各案件の記録に残ります。例: 4月1日付の人事異動のため"),
        error_messages={"required": _("引き継ぐ理由(異動・退職など)を書いてください。")},
    )

    def __init__(self, *args, rows: list[Case], takers: Iterable[Taker], leaver: User, **kwargs):
        super().__init__(*args, **kwargs)
        takers = [taker for taker in takers if taker.user.pk != leaver.pk]
        self.people = {str(taker.user.pk): taker.user for taker in takers}
        self.fields["cases"].queryset = Case.objects.filter(pk__in=[case.pk for case in rows])
        choices = [(key, str(person)) for key, person in self.people.items()]
        self.fields["successor"].choices = [("", gettext("選んでください")), *choices]
        for case in rows:
            taking = [(str(t.user.pk), str(t.user)) for t in takers if t.can_take(case)]
            self.fields[f"to_{case.pk}"] = forms.ChoiceField(
                label=gettext("%(ref)sの後任") % {"ref": case.ref},
                required=False,
                choices=[("", gettext("上と同じ")), *taking],
            )

    def own(self, case: Case):
        """The field in which this case gets a successor of its own."""
        return self[f"to_{case.pk}"]

    def clean(self):
        data = super().clean()
        chosen = data.get("cases") or []
        if not data.get("successor") and any(not data.get(f"to_{case.pk}") for case in chosen):
            self.add_error("successor", gettext("後任を選んでください。案件ごとに選ぶこともできます。"))
        return data

    def successors(self) -> dict[User, list[Case]]:
        """The ticked cases by the person who gets them."""
        found: dict[User, list[Case]] = {}
        for case in self.cleaned_data["cases"]:
            key = self.cleaned_data[f"to_{case.pk}"] or self.cleaned_data["successor"]
            found.setdefault(self.people[key], []).append(case)
        return found


class MoveDepartmentForm(forms.Form):
    to = forms.ModelChoiceField(
        Department.objects.none(),
        label=_("引き継ぐ部署"),
        empty_label=_("選んでください"),
        error_messages={"required": _("引き継ぐ部署を選んでください。")},
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("新しい担当者"),
        required=False,
        empty_label=_("引き継ぐ部署に任せる"),
        help_text=_(
            "いまの担当者が引き継ぐ部署にもいれば、そのまま担当します。いなければこの人(空けておくと、その部署の管理職か職員)になります。"
        ),
    )
    reason = forms.CharField(
        label=_("理由"),
        max_length=200,
        help_text=_("各案件の記録に残ります。例: 4月1日付の組織改正のため"),
        error_messages={"required": _("引き継ぐ理由(機構改革など)を書いてください。")},
    )

    def __init__(self, *args, municipality: Municipality, department: Department, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = Department.objects.filter(
            municipality=municipality, is_active=True
        ).exclude(pk=department.pk)
        self.fields["owner"].queryset = (
            User.objects.filter(
                staff__municipality=municipality,
                staff__ended_at=None,
                staff__role__in=["desk", "officer", "manager"],
                is_active=True,
            )
            .distinct()
            .order_by("name")
        )
