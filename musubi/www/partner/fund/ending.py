"""The end of an award: what was done and spent, what the final amount will be, giving back, tax, outcome."""

from fractions import Fraction
from uuid import uuid4

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import actions
from musubi.fund.actions.closing import MONEY, money_of, report_of, unproven
from musubi.fund.late import late_charge
from musubi.fund.letters.kinds import LetterKind
from musubi.fund.models import Award, Claim, Report
from musubi.fund.rules import may_be_reported
from musubi.fund.states import PAYMENT, ConsumptionTax, Phase
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.www.partner.fund.costs import CostRows
from musubi.www.partner.fund.forms import OutcomeForm, ReportForm, TaxForm
from musubi.www.partner.fund.letters import letters_of
from musubi.www.partner.fund.own import own_award, page
from musubi.www.partner.fund.papers import PapersForm
from musubi.www.partner.fund.saving import Window, gone, number, saved_words
from musubi.www.partner.page import add_refusal
from musubi.www.partner.typed import keeps_words
from musubi.www.templatetags.pieces import days_left, wareki

# What the buttons that send a report say: the second one, also where costs have no evidence.
FILE = ("file", "file-bare")


@keeps_words
def report(request, pk):
    """The performance report: written, saved, and sent; afterwards to be read."""
    award = own_award(request, pk)
    if not may_be_reported(award.application):
        if request.POST.get("do") == "autosave":
            return gone(
                request,
                _("この実績報告は、いまは書き直せません。この画面の内容は保存していません。"),
                reverse("my-fund-application", args=[pk]),
            )
        if request.POST.get("do") in FILE and award.application.state == "reported":
            # A double click: the first of the two has sent it.
            return redirect("my-fund-report-receipt", pk)
        if request.method == "POST":
            messages.info(request, _("実績報告は、いまは書き直せません。"))
            return redirect("my-fund-report", pk)
        if award.application.state != "change_requested" and _report(award) is None:
            raise Http404
        return Reporting(request, award).read()
    writing = Reporting(request, award)
    return writing.save() if request.method == "POST" else writing.show()


class Reporting(Window):
    """One window in which the report is written: its words, what was spent, its evidence."""

    sums_template = "partner/fund/report_sums.html"

    def __init__(self, request, award: Award):
        super().__init__(request)
        self.award, self.application = award, award.application
        self.report = report = report_of(award)
        self.version = report.version
        self.autosave_key = f"fund-report-{award.pk}"
        self.edit_href = reverse("my-fund-report", args=[self.application.pk])
        self.stored = {"done": report.done, "effect": report.effect, **money_of(report)}
        self.form = ReportForm(initial=self.stored, edition=self.application.edition)
        self.costs = CostRows.stored(self.application, Phase.ACTUAL, evidence=True)
        self.papers = self.files()

    def files(self, *data) -> PapersForm:
        lines = self.application.costs.filter(phase=Phase.ACTUAL)
        return PapersForm(*data, application=self.application, for_report=True, costs=list(lines))

    def take(self, data) -> None:
        self.form = ReportForm(data, edition=self.application.edition)
        self.costs = CostRows.typed(self.application.edition, data)

    def keep_words(self, version: int) -> None:
        # What cannot be saved stays as it was stored, and on the page as it was typed.
        said = self.stored | self.form.cleaned_data
        saved = actions.save_report(
            self.award,
            by=self.request.user,
            done=said["done"],
            effect=said["effect"],
            costs=self.costs.words() if self.costs.is_valid else None,
            money=self.money(),
            version=version,
        )
        self.version = saved.version

    def money(self) -> dict[str, int]:
        """What came, as it is typed; what cannot be read counts as it was stored."""
        typed = self.form.cleaned_data if self.form.is_bound else {}
        return {name: typed.get(name, self.stored[name]) for name in MONEY}

    def after(self, do: str):
        if do in FILE:
            return self._file(sure=do == FILE[1])
        messages.success(self.request, saved_words() + _("まだ送っていません。"))
        return redirect(self.edit_href + ("#papers" if do == "detach" else ""))

    def _file(self, *, sure: bool):
        pk = self.application.pk
        try:
            actions.file_report(self.award, by=self.request.user, unproven_too=sure)
        except Refused as refusal:
            # A double click: the first of the two has sent it.
            if own_award(self.request, pk).application.state == "reported":
                return redirect("my-fund-report-receipt", pk)
            # The rows are stored by now: what each proves hangs on them.
            self.costs = CostRows.stored(self.application, Phase.ACTUAL, evidence=True)
            self.form = ReportForm(self.request.POST, edition=self.application.edition)
            self.form.is_valid()
            if refusal.field == "evidence":
                return self.show(status=422, unproven=unproven(self.application))
            add_refusal(self.form, refusal)
            return self.show(status=422)
        return redirect("my-fund-report-receipt", pk)

    def older(self):
        """A colleague saved first: nothing is written, and both versions show."""
        award = own_award(self.request, self.application.pk)
        if not may_be_reported(award.application):
            messages.info(self.request, _("この実績報告は、別の画面で送られました。"))
            return redirect("my-fund-report", award.application.pk)
        stored = report_of(award)
        said = self.form.cleaned_data
        differing = [
            (self.form[name].label, getattr(stored, name))
            for name in ("done", "effect")
            if said.get(name, "").split() != getattr(stored, name).split()
        ]
        differing += [
            (self.form[name].label, f"{getattr(stored, name):,}円")
            for name in MONEY
            if said.get(name, getattr(stored, name)) != getattr(stored, name)
        ]
        differing += self.differing_costs(Phase.ACTUAL, _("実際にかかった経費"))
        self.version = number(self.request.POST.get("version", ""))
        return self.show(status=409, differing=differing, newest=stored.version)

    def sums(self) -> dict:
        return {
            "award": self.award,
            "compared": compared(self.application, self.costs),
            **outlook(self.award, self.costs, self.money()),
        }

    def show(self, status: int = 200, **more):
        # What a row that is typed anew proves hangs on the row that is stored.
        if self.costs.rows and self.form.is_bound:
            evidence = {
                r.pk: r.evidence for r in CostRows.stored(self.application, Phase.ACTUAL, evidence=True).rows
            }
            for row in self.costs.rows:
                row.evidence = evidence.get(row.pk, [])
        if not self.papers.is_bound:
            self.papers = self.files()
        return page(
            self.request,
            "report",
            _("実績報告"),
            application=self.application,
            form=self.form,
            costs=self.costs,
            paper_rows=self.papers.shown(),
            skipped=self.skipped(),
            wrong=self.wrong(),
            key=uuid4(),
            saved_at=self.report.saved_at,
            status=status,
            **{**self.line(), **self.sums(), **more},
        )

    def read(self):
        return page(
            self.request,
            "reported",
            _("実績報告"),
            application=self.application,
            report=_report(self.award),
            costs=self.costs,
            money=money_shown(self.report),
            copy=report_copy_of(self.application),
            corrected=bool(self.report.reported_costs)
            and [[row.category_name, row.label, row.yen] for row in self.costs.rows]
            != self.report.reported_costs,
            handed_in=list(
                self.application.papers.filter(for_report=True).select_related("required", "cost")
            ),
            **self.sums(),
        )


def receipt(request, pk):
    """That the report has come: what was sent, and what follows."""
    award = own_award(request, pk)
    report = _report(award)
    if report is None or report.reported_at is None:
        return redirect("my-fund-application", pk)
    row = award.application
    copy = report_copy_of(row)
    return page(
        request,
        "report_receipt",
        _("実績報告の控え"),
        application=row,
        report=report,
        following=[
            _("事務局が、報告の内容と証拠書類を検査します。確かめたいことがあれば、ご連絡します。"),
            _("検査が済むと助成金の額が確定し、お知らせとメールで通知します。"),
            _("概算払を受けた額が確定額より少ないときは残りを受け取り、多いときは差額を返還します。"),
        ],
        actions=[
            (_("申請の状況を見る"), reverse("my-fund-application", args=[pk]), "primary"),
            (_("送った実績報告を見る"), reverse("my-fund-report", args=[pk]), ""),
            *([(copy["label"] + "(PDF)", copy["href"], "")] if copy else []),
        ],
    )


def report_copy_of(application) -> dict | None:
    """The copy of the report among the application's letters, once it was sent."""
    return next((one for one in letters_of(application) if one["kind"] == LetterKind.REPORT), None)


def compared(application, costs: CostRows) -> list[tuple]:
    """[(category, planned yen, actual yen, difference)], what is in neither left out."""
    plan, actual = CostRows.stored(application, Phase.PLAN).by_category(), costs.by_category()
    return [
        (
            each.name,
            plan.get(each.code, 0),
            actual.get(each.code, 0),
            actual.get(each.code, 0) - plan.get(each.code, 0),
        )
        for each in costs.categories
        if plan.get(each.code) or actual.get(each.code)
    ]


def money_shown(report: Report) -> list[tuple]:
    """[(what came, yen)] besides the grant and the own money, and the tax where the programme deducts it."""
    tax = report.award.application.edition.tax
    return [
        (str(report._meta.get_field(name).verbose_name).removesuffix("(円)"), yen)
        for name, yen in money_of(report).items()
        if name != "deductible_tax" or tax == ConsumptionTax.DEDUCT
    ]


def outlook(award: Award, costs: CostRows, money: dict[str, int]) -> dict:
    """What the final amount will be by the rule for what was spent and came, and what is then still to be paid or
    given back."""
    lines = costs.lines(award.application, **money) if costs.total else []
    final = min(award.yen, lines[-1].yen) if lines else 0
    paid = sum(payment.yen for payment in award.payments.all() if payment.state == "paid")
    return {
        "reckoned": lines,
        "total": costs.total,
        "income": None,
        "final": final,
        "paid": paid,
        "rest": max(final - paid, 0),
        "back": max(paid - final, 0),
    }


# The letters that belong beside the settlement.
SETTLING = (LetterKind.REPORT, LetterKind.FIXING, LetterKind.REVOCATION, LetterKind.CLAIM)


def settlement(request, pk):
    """The final amount with its steps, what was paid, and what has to be given back until when."""
    award = own_award(request, pk)
    if award.final_yen is None and not award.claims.exists() and not award.revoked_on:
        raise Http404
    costs = CostRows.stored(award.application, Phase.ACTUAL)
    return page(
        request,
        "settlement",
        _("額の確定と精算"),
        application=award.application,
        award=award,
        claims=[claim_shown(claim, award) for claim in award.claims.all()],
        payments=[(payment, PAYMENT[payment.state]) for payment in award.payments.exclude(state="cancelled")],
        letters=[one for one in letters_of(award.application) if one["kind"] in SETTLING],
        **outlook(award, costs, money_of(report_of(award))),
    )


def claim_shown(claim: Claim, award: Award) -> dict:
    """A claim with what being late costs: if it were given back today, or as it was."""
    edition, today = award.application.edition, clock.today()
    if claim.returned_on:
        return {"claim": claim, "late": claim.late_yen, "days": 0, "is_open": False}
    late = late_charge(
        claim.yen,
        due_on=claim.due_on,
        on=today,
        rate=Fraction(edition.late_above, edition.late_below),
        days=edition.late_days,
    )
    return {
        "claim": claim,
        "late": late,
        "sum": claim.yen + late,
        "days": max((today - claim.due_on).days, 0),
        "left": days_left(claim.due_on, today),
        "is_open": True,
    }


@keeps_words
def tax(request, pk):
    """Consumption tax that could be deducted after all, where the programme has it reported later."""
    award = own_award(request, pk)
    row = award.application
    if row.edition.tax != "report":
        raise Http404
    report = _report(award)
    form = TaxForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.report_tax(award, by=request.user, yen=form.cleaned_data["yen"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("消費税等の仕入控除を報告しました。"))
            return redirect("my-fund-application", pk)
    may = row.state in ("settled", "outcome_reported") and report is not None and report.tax_at is None
    facts = []
    if report and report.tax_at:
        facts = [(_("報告した額"), f"{report.tax_yen:,}円"), (_("報告した日"), wareki(report.tax_at))]
    return page(
        request,
        "act",
        _("消費税等の仕入控除の報告"),
        application=row,
        lead=_(
            "確定申告で、助成金にあたる消費税等の仕入控除を受けた額を報告します。0円でなければ、その額の返還を請求されます。"
        ),
        form=form if form.is_bound or may else None,
        submit_label=_("報告する"),
        facts=facts,
        status=422 if form.is_bound else 200,
    )


@keeps_words
def outcome(request, pk):
    """What became of it in the end; it is public."""
    award = own_award(request, pk)
    row = award.application
    report = _report(award)
    form = OutcomeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            actions.report_outcome(award, by=request.user, outcome=form.cleaned_data["outcome"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("成果を報告しました。ありがとうございました。"))
            return redirect("my-fund-application", pk)
    return page(
        request,
        "act",
        _("成果報告"),
        application=row,
        lead=_("事業のあと、地域がどう変わったかを書きます。公開のページに載ります。"),
        form=form if form.is_bound or row.state == "settled" else None,
        submit_label=_("報告する"),
        autosave_key=f"fund-outcome-{award.pk}",
        outcome=report.outcome if report else "",
        public_href=reverse("fund-award", args=[row.call.fund.municipality.slug, row.ref]),
        status=422 if form.is_bound else 200,
    )


def _report(award: Award):
    return getattr(award, "report", None)
