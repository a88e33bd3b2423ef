"""The register of agreements: the list, one agreement with its cases and papers, and each step it takes."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases import queries as cases
from musubi.cases.agreements import actions, register
from musubi.cases.models import Agreement, AgreementFile
from musubi.cases.states import AGREEMENT
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.tables.writing import write_csv
from musubi.people.permissions import Can, authority, may
from musubi.www.access import fetch, staff_city
from musubi.www.files import keep, serve
from musubi.www.staff.forms_agreements import (
    AgreementForm,
    FileForm,
    LinkForm,
    PressForm,
    RegisterFilter,
    ReturnForm,
    SignForm,
    TerminateForm,
    UnlinkForm,
)
from musubi.www.staff.frame import crumbs, page_of, posted, status_of
from musubi.www.staff.verbs import history_items

UNENDED = AGREEMENT.open
UNSIGNED = actions.UNSIGNED
# act: the states it is offered in
ACTS = {
    "sign": UNSIGNED,
    "review": ["drafting"],
    "return": ["review"],
    "renew": ["active", "expired"],
    "terminate": ["active"],
    "link": UNENDED,
    "unlink": UNENDED,
    "file": [state for state, _label in AGREEMENT.choices],
}


@require_safe
def agreement_list(request, city: str):
    """The register under its filter, what ends first on top."""
    municipality = staff_city(request, city)
    form = RegisterFilter(request.GET)
    page = page_of(request, register.for_rows(register.find(municipality, **form.wanted())))
    asked = request.GET.copy()
    asked.pop("page", None)
    context = {
        "municipality": municipality,
        "filter": form,
        "active": form.active(),
        "page": page,
        "rows": [_row(agreement) for agreement in page],
        "sorted_by": _("締結日の新しい順") if form.wanted()["sort"] == "signed" else _("満了の近い順"),
        "csv_href": reverse("staff-agreements-csv", args=[city]) + (f"?{asked.urlencode()}" if asked else ""),
        "may_add": authority(request.user).may_in(Can.MANAGE_AGREEMENT, municipality.pk),
        "crumbs": _crumbs(municipality),
    }
    return render(request, "staff/agreements.html", context)


@require_safe
def agreement_csv(request, city: str):
    """The same rows as a table, all of them."""
    municipality = staff_city(request, city)
    found = register.for_rows(register.find(municipality, **RegisterFilter(request.GET).wanted()))
    columns = [
        _("整理番号"), _("名称"), _("種類"), _("状態"), _("所管"), _("相手の団体"), _("連携事項"), _("締結日"),
        _("満了日"), _("終わった日"), _("解除の理由"), _("案件数"), _("最後の動き"), _("休眠"),
    ]  # fmt: skip
    rows = [
        (
            row.ref, row.title, row.get_kind_display(), AGREEMENT[row.state].label, row.department,
            _("、").join(party.name for party in row.organisations.all()), row.items, row.signed_on,
            row.expires_on, row.ended_on, row.end_reason, row.case_count,
            register.moved_on(row) if row.signed_on else None,
            _("休眠") if register.is_dormant(row) else "",
        )
        for row in found
    ]  # fmt: skip
    response = HttpResponse(write_csv(columns, rows), content_type="text/csv; charset=utf-8")
    name = f"{municipality.slug}-agreements-{clock.today():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def new_agreement(request, city: str):
    municipality = staff_city(request, city, Can.MANAGE_AGREEMENT)
    form = AgreementForm(posted(request), municipality=municipality)
    if form.is_valid():
        data = dict(form.cleaned_data)
        department, organisations = data.pop("department"), data.pop("organisations")
        try:
            row = actions.draft_agreement(department, organisations, by=request.user, **data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("協定を登録しました。締結したら締結日を記録してください。"))
            return redirect("staff-agreement", city, row.ref)
    return _form_page(request, municipality, form, title=_("協定を登録する"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_agreement(request, city: str, ref: str):
    """Change the words and parties before the signing."""
    municipality = staff_city(request, city)
    row = fetch(request, _rows(municipality), Can.MANAGE_AGREEMENT, ref=ref)
    if row.state not in UNSIGNED:
        messages.error(request, _("締結した協定の内容は変えられません。"))
        return redirect("staff-agreement", city, ref)
    words = {name: getattr(row, name) for name in ("kind", "title", "department", "items")}
    words["organisations"] = row.organisations.all()
    form = AgreementForm(posted(request), municipality=municipality, agreement=row, initial=words)
    if form.is_valid():
        data = dict(form.cleaned_data)
        try:
            actions.change_agreement(row, data.pop("organisations"), by=request.user, **data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("協定の内容を直しました。"))
            return redirect("staff-agreement", city, ref)
    return _form_page(request, municipality, form, title=_("内容を直す"), row=row)


@require_safe
def agreement(request, city: str, ref: str):
    municipality = staff_city(request, city)
    return _page(request, municipality, fetch(request, _rows(municipality), ref=ref))


@require_POST
def agreement_act(request, city: str, ref: str, act: str):
    """Take one step. A refusal shows the page again with everything that was typed."""
    if act not in ACTS:
        raise Http404
    municipality = staff_city(request, city)
    row = fetch(request, _rows(municipality), Can.MANAGE_AGREEMENT, ref=ref)
    form = _form(act, row, request.POST, request.FILES)
    if form.is_valid():
        try:
            done = _carry_out(act, row, form, by=request.user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            row = fetch(request, _rows(municipality), ref=ref)
        else:
            messages.success(request, done)
            shown = row.succeeded_by.ref if act == "renew" else ref
            # Without a fragment of its own the browser would keep that of the form.
            return redirect(reverse("staff-agreement", args=[city, shown]) + "#told")
    return _page(request, municipality, row, bound=(act, form), status=422)


@require_safe
def agreement_file(request, city: str, ref: str, pk: int):
    """A paper of the agreement, always as a download, for whoever reads the register."""
    municipality = staff_city(request, city)
    row = fetch(request, _rows(municipality), ref=ref)
    return serve(fetch(request, row.files.all(), pk=pk))


def _carry_out(act: str, row: Agreement, form, *, by) -> str:
    data = form.cleaned_data
    if act == "sign":
        actions.sign_agreement(row, by=by, **data)
        return _("締結を記録しました。")
    if act == "review":
        actions.ask_review(row, by=by)
        return _("法務確認に回しました。")
    if act == "return":
        actions.return_to_drafting(row, by=by, **data)
        return _("調整に戻しました。")
    if act == "renew":
        actions.renew_agreement(row, by=by)
        return _("更新の協定を、今の内容を写して作りました。直してから締結を記録してください。")
    if act == "terminate":
        actions.terminate_agreement(row, by=by, **data)
        return _("解除を記録しました。")
    if act == "link":
        actions.link_case(row, data["case"], by=by)
        return _("案件を結び付けました。")
    if act == "unlink":
        actions.unlink_case(row, data["case"], by=by)
        return _("案件の結び付けを外しました。")
    try:
        kept = keep(AgreementFile, data["file"])
    except Refused as refusal:
        raise Refused(str(refusal), field="file") from refusal
    actions.add_agreement_file(row, by=by, key=data["key"], **kept)
    return _("書類を載せました。")


def _form(act: str, row: Agreement, data=None, files=None):
    if act in ("link", "unlink"):
        return {"link": LinkForm, "unlink": UnlinkForm}[act](data, agreement=row, auto_id=f"{act}_%s")
    forms = {"sign": SignForm, "return": ReturnForm, "terminate": TerminateForm, "file": FileForm}
    return forms.get(act, PressForm)(data, files, auto_id=f"{act}_%s")


def _page(request, municipality, row: Agreement, *, bound: tuple | None = None, status: int = 200):
    # Everyone on the staff reads the register; the cases under it only who may read them.
    readable = cases.visible_to(request.user, municipality).select_related("lead")
    row = (
        _rows(municipality)
        .prefetch_related("organisations", "files__added_by", Prefetch("cases", readable))
        .get(pk=row.pk)
    )
    may_change = may(request.user, Can.MANAGE_AGREEMENT, row)
    successor = Agreement.objects.filter(succeeds=row).first()
    forms = {
        act: _form(act, row)
        for act, states in ACTS.items()
        if may_change and row.state in states and act != "unlink" and not (act == "renew" and successor)
    }
    if bound and bound[0] in forms:
        forms[bound[0]] = bound[1]
    city = municipality.slug
    context = {
        "municipality": municipality,
        "agreement": row,
        **_row(row),
        "forms": forms,
        "bound": bound[0] if bound else "",
        "problem": bound[1] if bound and bound[1].errors else None,
        "may_change": may_change,
        "may_edit": may_change and row.state in UNSIGNED,
        "may_unlink": may_change and row.state in UNENDED,
        "successor": successor,
        "hidden_cases": row.case_count - len(row.cases.all()),
        "files": [
            {
                "href": reverse("staff-agreement-file", args=[city, row.ref, file.pk]),
                "name": file.name,
                "size": file.size,
                "by": str(file.added_by),
                "at": file.added_at,
            }
            for file in row.files.all()
        ],
        "history": history_items(history(row)) if may_change else [],
        "crumbs": _crumbs(municipality, row.title),
    }
    return render(request, "staff/agreement.html", context, status=status)


def _row(row: Agreement) -> dict:
    """What the list and the page both say of an agreement: its state, its end, whether it sleeps."""
    left = (row.expires_on - clock.today()).days if row.expires_on else None
    return {
        "agreement": row,
        "state": AGREEMENT[row.state],
        "days_left": left if register.expires_soon(row) else None,
        "dormant": register.is_dormant(row),
        "moved_on": register.moved_on(row) if row.state == "active" else None,
    }


def _rows(municipality):
    rows = register.with_movement(Agreement.objects.filter(municipality=municipality))
    return register.for_rows(rows).select_related("department", "municipality", "succeeds")


def _form_page(request, municipality, form, *, title: str, row: Agreement | None = None):
    trail = [(row.title, reverse("staff-agreement", args=[municipality.slug, row.ref]))] if row else []
    context = {
        "municipality": municipality,
        "title": title,
        "form": form,
        "autosave": f"agreement-{row.pk}" if row else "agreement-new",
        "back": trail[0][1] if trail else reverse("staff-agreements", args=[municipality.slug]),
        "crumbs": _crumbs(municipality, *trail, title),
    }
    return render(request, "staff/agreement_new.html", context, status=status_of(form))


def _crumbs(municipality, *rest):
    here = reverse("staff-agreements", args=[municipality.slug]) if rest else ""
    return crumbs(municipality, (_("協定"), here), *rest)


urlpatterns = [
    path("", agreement_list, name="staff-agreements"),
    path("csv/", agreement_csv, name="staff-agreements-csv"),
    path("new/", new_agreement, name="staff-agreement-new"),
    path("<str:ref>/", agreement, name="staff-agreement"),
    path("<str:ref>/edit/", edit_agreement, name="staff-agreement-edit"),
    path("<str:ref>/files/<int:pk>/", agreement_file, name="staff-agreement-file"),
    path("<str:ref>/<slug:act>/", agreement_act, name="staff-agreement-act"),
]
