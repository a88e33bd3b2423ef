"""A trial on a page of its own: the plan and its way to the budget, the readings, the report, the decision."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases import queries
from musubi.cases.models import Case, Trial
from musubi.cases.rules import has_adoption_route
from musubi.cases.states import OPEN, TrialDecision
from musubi.cases.trials import actions as trials
from musubi.cases.trials import budget
from musubi.lib.errors import Refused
from musubi.people.permissions import Can, authority, may
from musubi.www.access import fetch, staff_city
from musubi.www.forms.trials import ReadingForm, ReportForm
from musubi.www.plots import budget_line
from musubi.www.staff.case_forms.trials import (
    ApproveForm,
    CancelForm,
    DecideForm,
    PlanForm,
    StartForm,
    more_rows,
)
from musubi.www.staff.frame import crumbs
from musubi.www.trial_record import record

# act: (permission, the states it is offered in)
ACTS = {
    "approve": (Can.MANAGE_CASE, ["planned"]),
    "start": (Can.MOVE_CASE, ["approved"]),
    "reading": (Can.SPEAK_IN_CASE, ["running"]),
    "draft": (Can.SPEAK_IN_CASE, ["running"]),
    "report": (Can.MOVE_CASE, ["running"]),
    "decide": (Can.MANAGE_CASE, ["reported"]),
    "cancel": (Can.MOVE_CASE, ["planned", "approved", "running"]),
}
# The draft and the report are one form with two buttons.
SHOWN = ["approve", "start", "reading", "report", "decide", "cancel"]


@require_http_methods(["GET", "HEAD", "POST"])
def new_trial(request, city: str, ref: str):
    """Plan a trial; `?extends=12` begins with the plan of the one it goes on from."""
    case = _case(request, city, ref, Can.MOVE_CASE)
    extends = _extended(request, case)
    if case.stage not in OPEN:
        messages.error(request, _("この案件は終了しています。続きがあるときは、新しい案件を開いてください。"))
        return redirect("staff-case", city, ref)
    return _plan_page(request, case, extends=extends, title=_("実証実験を計画する"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_trial(request, city: str, ref: str, pk: int):
    """Change a plan that is not approved yet."""
    case, trial = _trial(request, city, ref, pk, Can.MOVE_CASE)
    if trial.state != "planned":
        messages.error(
            request, _("承認された計画は変えられません。変えるときは、取りやめてから計画し直してください。")
        )
        return redirect("staff-trial", city, ref, pk)
    return _plan_page(request, case, trial=trial, title=_("計画を直す"))


@require_safe
def trial(request, city: str, ref: str, pk: int):
    case, row = _trial(request, city, ref, pk)
    return _page(request, case, row)


@require_POST
def trial_act(request, city: str, ref: str, pk: int, act: str):
    """Take one step. A refusal shows the page again with everything that was typed."""
    if act not in ACTS:
        raise Http404
    case, row = _trial(request, city, ref, pk, ACTS[act][0])
    form = _form(act, row, request.POST)
    if form.is_valid():
        try:
            done = _carry_out(act, row, form, by=request.user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            # A refusal may leave what was set in memory; what is shown is what is kept.
            case, row = _trial(request, city, ref, pk)
        else:
            messages.success(request, done)
            # Without a fragment of its own the browser would keep that of the form.
            return redirect(reverse("staff-trial", args=[city, ref, pk]) + "#told")
    return _page(request, case, row, bound=("report" if act == "draft" else act, form), status=422)


def _carry_out(act: str, row: Trial, form: forms.Form, *, by) -> str:
    data = form.cleaned_data
    if act == "approve":
        trials.approve_trial(row, by=by, version=data["version"])
        return _("計画を承認しました。指標としきい値は、これで確定です。")
    if act == "start":
        trials.start_trial(row, by=by)
        return _("実証を始めました。測った値を、この画面から入れられます。")
    if act == "reading":
        trials.add_reading(row, by=by, **data)
        return _("実績値を記録しました。")
    if act == "draft":
        trials.draft_report(row, by=by, **data)
        return _("報告の案を保存しました。団体も読んで直せます。")
    if act == "report":
        trials.report_trial(row, by=by, findings=data["findings"], next_steps=data["next_steps"])
        return _("結果を報告しました。次は判定です。")
    if act == "decide":
        trials.decide_trial(row, by=by, **data)
        return _("判定を記録し、団体に伝えました。")
    trials.cancel_trial(row, by=by, **data)
    return _("実証実験を取りやめ、団体に伝えました。")


def _form(act: str, row: Trial, data=None) -> forms.Form:
    if act == "reading":
        return ReadingForm(data, trial=row)
    if act in ("draft", "report"):
        return ReportForm(data, trial=row)
    if act == "approve":
        return ApproveForm(data, initial={"version": row.version})
    return {"start": StartForm, "decide": DecideForm, "cancel": CancelForm}[act](data)


def _page(request, case: Case, row: Trial, *, bound: tuple | None = None, status: int = 200):
    city = case.municipality.slug
    offered = [act for act in SHOWN if row.state in ACTS[act][1] and may(request.user, ACTS[act][0], row)]
    found = {act: _form(act, row) for act in offered}
    if bound:
        found[bound[0]] = bound[1]
    follows = Trial.objects.filter(extends=row).first()
    context = {
        **record(row, staff=True),
        "municipality": case.municipality,
        "case": case,
        "forms": found,
        "bound": bound[0] if bound else "",
        "problem": bound[1] if bound and bound[1].errors else None,
        "has_route": has_adoption_route(case),
        "may_move": may(request.user, Can.MOVE_CASE, row) and case.stage in OPEN,
        "may_report": "report" in offered,
        "follows": follows,
        "may_extend": row.decision == TrialDecision.EXTEND and follows is None,
        "crumbs": _crumbs(case, row.title),
        "new_case_outcome": reverse("staff-case", args=[city, case.ref]) + "#act-outcome",
    }
    return render(request, "staff/trial.html", context, status=status)


def _plan_page(request, case: Case, *, title: str, trial: Trial | None = None, extends: Trial | None = None):
    """The form of the plan: looked at, asked for more rows, previewed against the budget, or sent."""
    step = request.POST.get("step", "") if request.method == "POST" else ""
    data = request.POST if request.method == "POST" else None
    if step in ("more-m", "more-c"):
        data = more_rows(data, step[-1])
    form = PlanForm(data, case=case, trial=trial, extends=extends)
    status = 200
    if data is not None and not step:
        status = 422
        if form.is_valid():
            try:
                row = form.carry_out(by=request.user)
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
                case.refresh_from_db()
            else:
                messages.success(request, _("実証実験の計画を保存し、団体に知らせました。"))
                return redirect("staff-trial", case.municipality.slug, case.ref, row.pk)
    line = _line(form, case, trial)
    if step:
        form.forgive()
    context = {
        "municipality": case.municipality,
        "case": case,
        "trial": trial,
        "extends": form.extends,
        "title": title,
        "form": form,
        "line": line,
        "drawing": budget_line(line) if line else None,
        "warnings": _warnings(form, line, case),
        "crumbs": _crumbs(case, title),
    }
    return render(request, "staff/trial_plan.html", context, status=status)


def _line(form: PlanForm, case: Case, trial: Trial | None):
    """The way to the budget of the period that stands in the form."""
    if form.is_bound:
        form.is_valid()
        starts_on, ends_on = (form.cleaned_data.get(name) for name in ("starts_on", "ends_on"))
    else:
        starts_on, ends_on = (trial.starts_on, trial.ends_on) if trial else (None, None)
    # Far years have no holidays and no budget.
    if not starts_on or not ends_on or not 2000 <= starts_on.year <= ends_on.year <= 2100:
        return None
    return budget.timeline(starts_on, ends_on, case.municipality_id) if starts_on <= ends_on else None


def _warnings(form: PlanForm, line, case: Case) -> list[str]:
    if line is None:
        return []
    deadline = form.cleaned_data.get("deadline") if form.is_bound else None
    return budget.warnings(line, case, deadline=deadline)


def _case(request, city: str, ref: str, can: Can | None = None) -> Case:
    municipality = staff_city(request, city)
    rows = queries.for_rows(queries.visible_to(request.user, municipality))
    row = fetch(request, rows, can, ref=ref)
    if not authority(request.user).organisation_ids.isdisjoint(row.organisation_ids):
        raise PermissionDenied(
            _("あなたが担当者を務める団体の案件です。団体の画面の「連携案件」からご覧ください。")
        )
    return row


def _trial(request, city: str, ref: str, pk: int, can: Can | None = None) -> tuple[Case, Trial]:
    case = _case(request, city, ref, can)
    row = fetch(request, case.trials.select_related("extends", "drafted_by"), pk=pk)
    row.case = case
    return case, row


def _extended(request, case: Case) -> Trial | None:
    asked = request.GET.get("extends", "")
    if not asked.isdecimal() or len(asked) > 18:
        return None
    return case.trials.filter(pk=asked, decision=TrialDecision.EXTEND, extended_by=None).first()


def _crumbs(case: Case, here: str) -> list:
    city = case.municipality.slug
    return crumbs(
        case.municipality,
        (_("連携案件"), reverse("staff-cases", args=[city])),
        (case.title, reverse("staff-case", args=[city, case.ref])),
        here,
    )


urlpatterns = [
    path("new/", new_trial, name="staff-trial-new"),
    path("<int:pk>/", trial, name="staff-trial"),
    path("<int:pk>/plan/", edit_trial, name="staff-trial-edit"),
    path("<int:pk>/<slug:act>/", trial_act, name="staff-trial-act"),
]
