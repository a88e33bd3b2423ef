"""Who takes part in a case, and who answers for it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions
from musubi.people.models import Department, Organisation, User
from musubi.people.queries import members_of, people_of
from musubi.www.staff.case_forms.base import CaseForm


class OwnerForm(CaseForm):
    code, title, submit, done = "owner", _("担当者を変える"), _("変える"), _("担当者を変えました。")
    owner = forms.ModelChoiceField(User.objects.none(), label=_("新しい担当者"))
    reason = forms.CharField(label=_("理由"), max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ids = {user.pk for department in self.case.departments.all() for user in people_of(department)}
        self.fields["owner"].queryset = User.objects.filter(pk__in=ids)

    def carry_out(self, *, by):
        actions.change_owner(self.case, self.cleaned_data["owner"], by=by, reason=self.cleaned_data["reason"])


class DepartmentForm(CaseForm):
    code, title, submit, done = "department", _("部署を加える"), _("加える"), _("部署を加えました。")
    department = forms.ModelChoiceField(Department.objects.none(), label=_("部署"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=self.case.municipality_id, is_active=True
        ).exclude(pk__in=self.case.department_ids)

    def carry_out(self, *, by):
        actions.add_department(self.case, self.cleaned_data["department"], by=by)


class OrganisationForm(CaseForm):
    code, title, submit, done = "organisation", _("団体を加える"), _("加える"), _("団体を加えました。")
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("団体"),
        help_text=_("会員の中から選びます。これまでのやり取りも読めるようになります。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        members = members_of(self.case.municipality).values("organisation")
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=members).exclude(
            pk__in=self.case.organisation_ids
        )

    def carry_out(self, *, by):
        actions.add_organisation(self.case, self.cleaned_data["organisation"], by=by)
