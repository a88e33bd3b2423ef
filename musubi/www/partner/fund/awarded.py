"""After the decision: reading and accepting it, an advance, changes, how the work goes, what was bought."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import actions, curtain
from musubi.fund.models import Change
from musubi.fund.states import PAYMENT, Phase
from musubi.lib.errors import Refused
from musubi.www.partner.forms_organisations import ReasonForm
from musubi.www.partner.fund.awards import is_decided
from musubi.www.partner.fund.costs import CostRows
from musubi.www.partner.fund.forms import AdvanceForm, AssetForm, ChangeForm, StatusForm
from musubi.www.partner.fund.letters import letters_of
from musubi.www.partner.fund.own import own, own_award, page
from musubi.www.partner.page import add_refusal
from musubi.www.partner.typed import keeps_words


@keeps_words
def decision(request, pk):
    """The decision with its reasons and conditions; an award is accepted here. Before the release, no such page."""
    row = own(request, pk)
    if not is_decided(row):
        raise Http404
    award = getattr(row, "award", None)
    problem, status = "", 200
    if request.method == "POST" and award:
        try:
            actions.accept_award(award, by=request.user)
        except Refused as refusal:
            row = own(request, pk)
            award = row.award
            # A double click: the first of the two has accepted it.
            if award.accepted_at:
                return redirect("my-fund-decision", pk)
            problem, status = str(refusal), 422
        else:
            messages.success(request, _("交付決定を承諾しました。必要なときは、続けて概算払を請求できます。"))
            return redirect("my-fund-decision", pk)
    return page(
        request,
        "decision",
        _("審査の結果"),
        application=row,
        award=award,
        out_since=curtain.out_since(row.state, row.call),
        reasons=row.decision.reasons,
        may_accept=bool(award) and award.accepted_at is None and row.state == "awarded",
        letters=letters_of(row),
        problem=problem,
        status=status,
    )


@keeps_words
def advance(request, pk):
    """Asking for money before the work is done, and what was asked for so far."""
    award = own_award(request, pk)
    row = award.application
    form = AdvanceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            actions.request_advance(award, by=request.user, **data)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("概算払を請求しました。事務局が確認して支払います。"))
            return redirect("my-fund-application", pk)
    payments = list(award.payments.all())
    asked = sum(payment.yen for payment in payments if payment.state != "cancelled")
    return page(
        request,
        "advance",
        _("概算払の請求"),
        application=row,
        award=award,
        form=form if form.is_bound or (award.accepted_at and row.state in ("awarded", "advanced")) else None,
        payments=[(payment, PAYMENT[payment.state], _may_cancel(payment)) for payment in payments],
        asked=asked,
        left=max(award.yen - asked, 0),
        status=422 if form.is_bound else 200,
    )


def _may_cancel(payment) -> bool:
    return payment.state == "requested" and payment.kind == "advance"


@keeps_words
def cancel_advance(request, pk, payment):
    """Asks once, with the reason, then puts a request aside that was not paid yet."""
    award = own_award(request, pk)
    row = get_object_or_404(award.payments.filter(kind="advance"), pk=payment)
    back = reverse("my-fund-advance", args=[pk])
    if row.state != "requested":
        messages.info(request, _("この請求は、いまは取り消せません。"))
        return redirect(back)
    form = ReasonForm(request.POST or None, label=_("取消しの理由"))
    if request.method == "POST" and form.is_valid():
        try:
            actions.cancel_payment(row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("概算払の請求を取り消しました。"))
            return redirect(back)
    return page(
        request,
        "confirm",
        _("概算払の請求を取り消す"),
        application=award.application,
        lead=_("%(yen)s円の概算払の請求を取り消します。必要になったら、請求し直せます。")
        % {"yen": f"{row.yen:,}"},
        form=form,
        submit_label=_("取り消す"),
        back=back,
        status=422 if request.method == "POST" else 200,
    )


@keeps_words
def change(request, pk):
    """Asking to change the amount, the content, or to stop; what the terms give after it is reckoned while typing."""
    award = own_award(request, pk)
    row = award.application
    data = request.POST if request.method == "POST" else None
    do = data.get("do", "send") if data is not None else ""
    # The same fields, looked at without sending: nothing is wrong with what is not typed yet.
    form = ChangeForm(data) if do == "send" else ChangeForm(initial=data.dict() if data is not None else {})
    costs = CostRows.typed(row.edition, data) if data is not None else CostRows.stored(row, Phase.PLAN)
    if do == "reckon" and request.headers.get("HX-Request"):
        return render(request, "partner/fund/change_reckoned.html", _after(award, costs) | {"award": award})
    if do == "send" and form.is_valid() and (costs.is_valid or form.cleaned_data["kind"] == Change.Kind.STOP):
        said = form.cleaned_data
        try:
            actions.request_change(
                award,
                by=request.user,
                kind=said["kind"],
                reason=said["reason"],
                content=said["content"],
                yen=said["yen"] if said["kind"] == Change.Kind.AMOUNT else None,
                costs=None if said["kind"] == Change.Kind.STOP else costs.words(),
                key=said["key"],
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("変更を申請しました。事務局の決定をお待ちください。"))
            return redirect("my-fund-application", pk)
    award = own_award(request, pk)
    open_change = award.changes.filter(state="requested").first()
    return page(
        request,
        "change",
        _("変更・中止の申請"),
        application=award.application,
        award=award,
        open_change=open_change,
        form=form if do or award.application.state in ("awarded", "advanced") else None,
        costs=costs,
        autosave_key=f"change-{award.pk}",
        status=422 if do == "send" else 200,
        **_after(award, costs),
    )


def _after(award, costs: CostRows) -> dict:
    """What the terms give for the budget after the change, beside what was granted."""
    lines = costs.lines(award.application) if costs.total else []
    most = min(lines[-1].yen, award.yen) if lines else 0
    return {
        "reckoned": lines,
        "most": most,
        "less": award.yen - most,
        "total": costs.total,
        "income": None,
        "problems": costs.errors,
    }


@keeps_words
def status(request, pk):
    """How the work goes, told while it runs."""
    award = own_award(request, pk)
    row = award.application
    form = StatusForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.report_status(award, by=request.user, text=form.cleaned_data["text"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("遂行状況を報告しました。"))
            return redirect("my-fund-application", pk)
    may = row.state in ("awarded", "advanced", "change_requested")
    return page(
        request,
        "act",
        _("遂行状況の報告"),
        application=row,
        lead=_("予定どおり進んでいるか、困っていることはないかを、事務局に伝えます。何度でも報告できます。"),
        form=form if form.is_bound or may else None,
        submit_label=_("報告する"),
        autosave_key=f"fund-status-{award.pk}",
        statuses=list(award.status_reports.all()),
        status=422 if form.is_bound else 200,
    )


@keeps_words
def assets(request, pk):
    """What was bought with the grant over the programme's threshold."""
    award = own_award(request, pk)
    row = award.application
    form = AssetForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.register_asset(award, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("財産を登録しました。"))
            return redirect("my-fund-assets", pk)
    may = row.state not in ("withdrawn", "revoked")
    return page(
        request,
        "act",
        _("財産の登録"),
        application=row,
        lead=_(
            "助成金で買った、取得価格が%(yen)s円以上のものを登録します。決められた期間は、事務局の承認なしに売ったり捨てたりできません。"
        )
        % {"yen": f"{row.edition.asset_yen:,}"},
        form=form if form.is_bound or may else None,
        submit_label=_("登録する"),
        autosave_key=f"fund-asset-{award.pk}",
        assets=list(award.assets.all()),
        status=422 if form.is_bound else 200,
    )
