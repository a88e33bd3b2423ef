"""The register of agreements."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.cases import agreements as actions
from musubi.cases import queries as cases
from musubi.cases.models import Agreement, Case
from musubi.cases.states import AGREEMENT, AgreementKind
from musubi.lib.errors import Refused
from musubi.people.models import Department, Organisation
from musubi.people.permissions import Can, authority, may
from musubi.www.access import fetch, staff_city
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput

PER_PAGE = 20


class AgreementForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("種類"), choices=AgreementKind.choices)
    title = forms.CharField(label=gettext_lazy("名称"), max_length=120)
    department = forms.ModelChoiceField(None, label=gettext_lazy("所管"))
    organisations = RowsField(
        None,
        label=gettext_lazy("相手の団体"),
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=gettext_lazy("CtrlキーまたはCommandキーを押しながら選ぶと、複数の団体を選べます。"),
    )
    cases = RowsField(
        None,
        label=gettext_lazy("もとになった案件"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    items = forms.CharField(
        label=gettext_lazy("連携事項"), widget=forms.Textarea(attrs={"rows": 5}), required=False
    )

    def __init__(self, *args, municipality, **kwargs):
        super().__init__(*args, **kwargs)
        known = Case.organisations.through.objects.filter(case__municipality=municipality).values(
            "organisation"
        )
        self.fields["department"].queryset = Department.objects.filter(
            municipality=municipality, is_active=True
        )
        self.fields["organisations"].queryset = Organisation.objects.filter(pk__in=known)
        self.fields["cases"].queryset = Case.objects.filter(municipality=municipality).order_by("-opened_at")


class SignForm(forms.Form):
    signed_on = forms.DateField(label=gettext_lazy("締結日"), widget=DateInput)
    expires_on = forms.DateField(
        label=gettext_lazy("満了日"),
        widget=DateInput,
        required=False,
        help_text=gettext_lazy("期限がなければ空欄にします。"),
    )


class EndForm(forms.Form):
    as_state = forms.ChoiceField(
        label=gettext_lazy("終わり方"),
        choices=[(name, AGREEMENT[name].label) for name in ("renewed", "expired", "terminated")],
    )


@require_safe
def agreement_list(request, city: str):
    municipality = staff_city(request, city)
    rows = (
        Agreement.objects.filter(municipality=municipality)
        .select_related("department")
        .prefetch_related("organisations", "cases")
    )
    context = {
        "municipality": municipality,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "may_add": authority(request.user).may_in(Can.MANAGE_AGREEMENT, municipality.pk),
        "crumbs": _crumbs(municipality),
    }
    return render(request, "staff/agreements.html", context)


def new_agreement(request, city: str):
    municipality = staff_city(request, city, Can.MANAGE_AGREEMENT)
    form = AgreementForm(request.POST or None, municipality=municipality)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        department, organisations = data.pop("department"), data.pop("organisations")
        try:
            row = actions.draft_agreement(department, organisations, by=request.user, **data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("協定を登録しました。締結したら締結日を記録してください。"))
            return redirect("staff-agreement", city, row.ref)
    context = {
        "municipality": municipality,
        "form": form,
        "crumbs": [*_crumbs(municipality, linked=True), (_("協定を登録する"), "")],
    }
    return render(request, "staff/agreement_new.html", context, status=422 if form.errors else 200)


def agreement(request, city: str, ref: str):
    """One agreement; who manages agreements also records its signing and its end here."""
    municipality = staff_city(request, city)
    rows = Agreement.objects.filter(municipality=municipality).select_related("department", "municipality")
    readable = Prefetch("cases", cases.visible_to(request.user, municipality))
    row = fetch(request, rows.prefetch_related("organisations", readable), ref=ref)
    may_change = may(request.user, Can.MANAGE_AGREEMENT, row)
    form = None
    if may_change and row.state in ("drafting", "review"):
        form = SignForm(request.POST or None)
    elif may_change and row.state == "active":
        form = EndForm(request.POST or None)
    if request.method == "POST":
        if form is None:
            raise PermissionDenied(_("この協定の記録を変える権限がないか、すでに終了しています。"))
        if form.is_valid():
            try:
                if isinstance(form, SignForm):
                    actions.sign_agreement(row, by=request.user, **form.cleaned_data)
                else:
                    actions.end_agreement(row, by=request.user, **form.cleaned_data)
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                messages.success(request, _("協定の記録を更新しました。"))
                return redirect("staff-agreement", city, ref)
    context = {
        "municipality": municipality,
        "agreement": row,
        "state": AGREEMENT[row.state],
        "form": form,
        "crumbs": [*_crumbs(municipality, linked=True), (row.title, "")],
    }
    return render(
        request, "staff/agreement.html", context, status=422 if form is not None and form.errors else 200
    )


def _crumbs(municipality, *, linked: bool = False):
    here = reverse("staff-agreements", args=[municipality.slug]) if linked else ""
    return [(_("今日"), reverse("staff-home", args=[municipality.slug])), (_("協定"), here)]


urlpatterns = [
    path("", agreement_list, name="staff-agreements"),
    path("new/", new_agreement, name="staff-agreement-new"),
    path("<str:ref>/", agreement, name="staff-agreement"),
]
