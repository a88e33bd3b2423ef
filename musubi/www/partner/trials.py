"""A trial from the organisation's side: the same plan, readings and report, and the forms to add to them."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases.queries import of_organisations
from musubi.cases.trials import actions as trials
from musubi.lib.errors import Refused
from musubi.people.permissions import Can, may
from musubi.www.access import city_or_404, fetch
from musubi.www.forms.trials import ReadingForm, ReportForm
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words
from musubi.www.trial_record import record


@keeps_words
def trial(request, city, ref, pk):
    """One trial. `act` says which of the page's two forms was sent."""
    case, row = _trial(request, city, ref, pk)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    speaks = row.state == "running" and may(request.user, Can.SPEAK_IN_CASE, row)
    reading = ReadingForm(request.POST if act == "reading" else None, trial=row)
    report = ReportForm(request.POST if act == "draft" else None, trial=row)
    form = {"reading": reading, "draft": report}.get(act)
    if form is not None and form.is_valid():
        try:
            if act == "reading":
                trials.add_reading(row, by=request.user, **form.cleaned_data)
                done = _("実績値を記録しました。")
            else:
                trials.draft_report(row, by=request.user, **form.cleaned_data)
                done = _("報告の案を保存し、担当課に知らせました。")
        except Refused as refusal:
            add_refusal(form, refusal)
            case, row = _trial(request, city, ref, pk)
        else:
            messages.success(request, done)
            return redirect(reverse("my-trial", args=[city, ref, pk]) + "#told")
    return page(
        request,
        "trial",
        row.title,
        crumbs=[(_("連携案件"), reverse("my-cases")), (case.title, reverse("my-case", args=[city, ref]))],
        case=case,
        reading=reading if speaks or reading.is_bound else None,
        report=report if speaks or report.is_bound else None,
        status=422 if form is not None else 200,
        **record(row, staff=False),
    )


def _trial(request, city: str, ref: str, pk: int):
    rows = of_organisations(request.user).filter(municipality=city_or_404(city))
    case = fetch(request, rows, Can.SEE_CASE, ref=ref)
    row = fetch(request, case.trials.select_related("extends", "drafted_by"), pk=pk)
    row.case = case
    return case, row
