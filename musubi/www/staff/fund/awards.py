"""Awards: all of them, and one from its acceptance to the last yen settled."""

from fractions import Fraction

from django import forms
from django.contrib import messages
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from musubi.fund.actions.closing import INSPECTION, MONEY, money_of
from musubi.fund.actions.reversing import payment_stays, return_stays
from musubi.fund.budget import costs_of
from musubi.fund.late import late_charge
from musubi.fund.models import Award, Claim, Payment, Report
from musubi.fund.queries import applications_to
from musubi.fund.states import APPLICATION, CHANGE, PAYMENT, ConsumptionTax, PaymentKind, Phase
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.staff.frame import page_of
from musubi.www.staff.fund.acts import Act, find, press
from musubi.www.staff.fund.forms_awards import (
    AwardFilter,
    CancelPaymentAct,
    DecideAct,
    FixAct,
    PayAct,
    ReceiveReturnAct,
    ReversePaymentAct,
    ReverseReturnAct,
    RevokeAct,
)
from musubi.www.staff.fund.frame import crumbs, fund_city, may_manage, page
from musubi.www.staff.fund.ledger import lines
from musubi.www.staff.fund.reckoning_shown import fixing, reckoning
from musubi.www.staff.verbs import history_items

PART = "staff-fund-awards"
MOST_HISTORY = 20
REVOCABLE = [state for state in APPLICATION.states if APPLICATION.allows(state, "revoked")]


def home(municipality: Municipality) -> tuple[str, str]:
    return _("交付決定"), reverse("staff-fund-awards", args=[municipality.slug])


def _awards(request, municipality: Municipality) -> QuerySet[Award]:
    return Award.objects.filter(application__in=applications_to(request.user, municipality))


def _summed(rows: QuerySet):
    yen = rows.filter(award=OuterRef("pk")).order_by().values("award").annotate(n=Sum("yen")).values("n")
    return Coalesce(Subquery(yen, output_field=BigIntegerField()), 0)


def _waiting(kind: str):
    """The condition that something of a kind waits at an award."""
    asked = Payment.objects.filter(award=OuterRef("pk"), state="requested")
    return {
        "advance": Exists(asked.filter(kind="advance")),
        "rest": Exists(asked.filter(kind="rest")),
        "change": Q(application__state="change_requested"),
        "inspect": Q(application__state="reported"),
        "claim": Exists(Claim.objects.filter(award=OuterRef("pk"), returned_on=None)),
    }[kind]


@require_safe
def awards(request, city: str):
    municipality = fund_city(request, city)
    form = AwardFilter(request.GET, municipality=municipality)
    form.is_valid()
    asked = form.cleaned_data
    rows = _awards(request, municipality)
    if words := asked.get("q"):
        rows = rows.filter(
            Q(application__title__icontains=words)
            | Q(application__organisation__name__icontains=words)
            | Q(application__ref=words)
            | Q(number=words)
        )
    if asked.get("state"):
        rows = rows.filter(application__state=asked["state"])
    if asked.get("call"):
        rows = rows.filter(application__call=asked["call"])
    if asked.get("waiting"):
        rows = rows.filter(_waiting(asked["waiting"]))
    sums = rows.aggregate(n=Sum("yen"), final=Sum("final_yen"))
    found = page_of(
        request,
        rows.select_related("application__organisation", "application__call")
        .annotate(paid=_summed(Payment.objects.filter(state="paid")))
        .order_by("-decided_on", "application__ref", "pk"),
    )
    return page(
        request,
        municipality,
        "staff/fund/awards.html",
        part=PART,
        page_title=_("交付決定"),
        crumbs=crumbs(municipality, _("交付決定")),
        filter=form,
        active=any(asked.get(name) for name in form.fields),
        page=found,
        rows=[(award, APPLICATION[award.application.state]) for award in found],
        yen=sums["n"] or 0,
        final=sums["final"] or 0,
        sorted_by=_("交付決定日の新しい順"),
    )


def _award(request, municipality: Municipality, ref: str) -> Award:
    rows = _awards(request, municipality).select_related(
        "application__call__fund__municipality",
        "application__edition__programme",
        "application__organisation",
        "application__decision",
        "report",
        "accepted_by",
        "fixed_by",
    )
    return get_object_or_404(rows, application__ref=ref)


@require_safe
def award(request, city: str, ref: str):
    municipality = fund_city(request, city)
    return _award_page(request, municipality, _award(request, municipality, ref))


ACTS = {
    act.code: act
    for act in (
        PayAct,
        CancelPaymentAct,
        ReversePaymentAct,
        DecideAct,
        ReceiveReturnAct,
        ReverseReturnAct,
        RevokeAct,
        FixAct,
    )
}


def _row(award: Award, code: str, pk: int):
    """What an act of this code is done to; else 404."""
    if code in (PayAct.code, CancelPaymentAct.code, ReversePaymentAct.code):
        return get_object_or_404(award.payments.select_related(*_UP), pk=pk)
    if code == DecideAct.code:
        return get_object_or_404(award.changes.select_related(*_UP), pk=pk)
    if code in (ReceiveReturnAct.code, ReverseReturnAct.code):
        return get_object_or_404(award.claims.select_related(*_UP), pk=pk)
    if pk != award.pk:
        raise Http404
    return award


_UP = ("award__application__call__fund__municipality", "award__application__edition")


@require_POST
def award_act(request, city: str, ref: str, code: str, pk: int):
    """One act. The inspection may also be reckoned through without being kept."""
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    here = _award(request, municipality, ref)
    if code not in ACTS:
        raise Http404
    row = _row(here, code, pk)
    if code == FixAct.code and request.POST.get("step") == "reckon":
        bound = FixAct(request.POST, row=here)
        bound._errors = forms.utils.ErrorDict(
            {
                name: errors
                for name, errors in bound.errors.items()
                if name.startswith("yen_") or name in MONEY
            }
        )
        return _award_page(request, municipality, here, bound=bound, status=422 if bound.errors else 200)
    bound, done = press(ACTS[code](row=row), request)
    if done:
        messages.success(request, bound.done)
        return redirect(reverse("staff-fund-award", args=[city, ref]) + f"#{bound.where}")
    return _award_page(request, municipality, _award(request, municipality, ref), bound=bound, status=422)


class _Offered:
    """The acts of the page, each in its place; the one that came back stands where it was."""

    def __init__(self, manages: bool, bound: Act | None):
        self.manages, self.bound, self.found = manages, bound, []

    def __call__(self, act: type[Act], row) -> Act | None:
        if not self.manages:
            return None
        bound = self.bound
        if bound is not None and (bound.code, bound.row.pk) == (act.code, row.pk):
            made = bound
        else:
            made = act(row=row)
        self.found.append(made)
        return made


def _award_page(request, municipality, here: Award, *, bound: Act | None = None, status: int = 200):
    application = here.application
    state = application.state
    offer = _Offered(may_manage(request, municipality), bound)
    payments = list(here.payments.select_related("requested_by", "paid_by"))
    paid = sum(one.yen for one in payments if one.state == "paid")
    changes = list(here.changes.select_related("requested_by", "decided_by").order_by("-pk"))
    claims = list(here.claims.order_by("pk"))
    report = getattr(here, "report", None)
    sections = {
        "payments": [_payment(here, one, offer) for one in payments],
        "changes": [_change(here, one, offer, paid) for one in changes],
        "claims": [_claim(here, one, offer) for one in claims],
    }
    fix = offer(FixAct, here) if state == "reported" else None
    revoke = offer(RevokeAct, here) if state in REVOCABLE else None
    costs = _costs(application)
    postings = lines(here.postings.order_by("pk"))
    ref = application.ref
    return page(
        request,
        municipality,
        "staff/fund/award.html",
        part=PART,
        status=status,
        page_title=application.title,
        crumbs=crumbs(municipality, home(municipality), application.title),
        award=here,
        application=application,
        application_href=_href("staff-fund-application", municipality.slug, ref),
        state=APPLICATION[state],
        tiles=_tiles(here, paid, claims),
        todo=_todo(here, payments, changes, claims) if offer.manages else [],
        shares=list(here.shares.select_related("pot__goal", "pot__programme", "pot__fund")),
        decision=getattr(application, "decision", None),
        **sections,
        status_reports=list(here.status_reports.select_related("by")),
        assets=list(here.assets.all()),
        report=report if report and report.reported_at else None,
        inspection=[(words, report.inspection.get(code)) for code, words in INSPECTION.items()]
        if report and report.inspected_on
        else [],
        costs=costs,
        money=_money(report) if report and report.reported_at else [],
        papers=list(application.papers.select_related("required", "cost", "added_by").order_by("pk")),
        fix=fix,
        fixing=_fixing(here, fix, paid, state),
        revoke=revoke,
        paid=paid,
        act_url=reverse("staff-fund-award", args=[municipality.slug, ref]) + "act/",
        problem=bound if bound is not None and find(offer.found, bound.code, bound.row.pk) is None else None,
        late_rate=Fraction(application.edition.late_above, application.edition.late_below),
        postings=postings,
        jumps=[
            (_("支払"), "#payments"),
            (_("変更申請"), "#changes"),
            (_("遂行状況"), "#status"),
            (_("実績と検査"), "#inspection"),
            (_("返還"), "#claims"),
            (_("財産"), "#assets"),
            (_("記帳"), "#postings"),
        ],
        history=history_items(history(application))[:MOST_HISTORY],
        award_history=history_items(history(here))[:MOST_HISTORY],
    )


def _href(name: str, *parts) -> str:
    try:
        return reverse(name, args=parts)
    except NoReverseMatch:
        return ""


def _tiles(here: Award, paid: int, claims: list[Claim]) -> list[dict]:
    open_ = sum(claim.yen for claim in claims if claim.returned_on is None)
    found = [
        {
            "label": _("交付決定額"),
            "value": f"{here.yen:,}",
            "unit": _("円"),
            "note": _("当初 %(yen)s円") % {"yen": f"{here.first_yen:,}"}
            if here.first_yen != here.yen
            else "",
        },
        {"label": _("払った額"), "value": f"{paid:,}", "unit": _("円"), "href": "#payments"},
        {
            "label": _("確定額"),
            "value": f"{here.final_yen:,}" if here.final_yen is not None else "—",
            "unit": _("円") if here.final_yen is not None else "",
            "href": "#inspection" if here.final_yen is not None else "",
        },
    ]
    if claims:
        found.append({"label": _("返還を待つ額"), "value": f"{open_:,}", "unit": _("円"), "href": "#claims"})
    return found


def _todo(here: Award, payments, changes, claims) -> list[tuple[str, str]]:
    """What lies with the secretariat at this award: words, and the place on the page."""
    asked = [one for one in payments if one.state == "requested"]
    found = [
        (
            _("%(kind)s %(yen)s円を払い、記録する") % {"kind": one.get_kind_display(), "yen": f"{one.yen:,}"},
            "#payments",
        )
        for one in asked
    ]
    if any(one.state == "requested" for one in changes):
        found.append((_("変更申請を決める"), "#changes"))
    if here.application.state == "reported":
        found.append((_("実績を検査して額を確定する"), "#inspection"))
    found += [
        (_("%(yen)s円の返還を待ち、記録する") % {"yen": f"{one.yen:,}"}, "#claims")
        for one in claims
        if one.returned_on is None
    ]
    return found


def _payment(here: Award, one: Payment, offer: _Offered) -> dict:
    acts = []
    if one.state == "requested":
        acts.append(offer(PayAct, one))
        if one.kind == PaymentKind.ADVANCE:
            acts.append(offer(CancelPaymentAct, one))
    elif one.state == "paid" and not payment_stays(here, one):
        acts.append(offer(ReversePaymentAct, one))
    return {"row": one, "state": PAYMENT[one.state], "acts": [act for act in acts if act]}


def _change(here: Award, one, offer: _Offered, paid: int) -> dict:
    """A change; of one that is open, what the terms give before and after it, so that nobody decides blindly."""
    found = {"row": one, "state": CHANGE[one.state], "less": one.before_yen - one.after_yen, "act": None}
    if one.state == "requested":
        found["act"] = offer(DecideAct, one)
        found["paid"] = paid
        found["free"] = max(one.before_yen - one.after_yen, 0)
        found["before"] = reckoning(here.application, costs_of(here.application, Phase.PLAN))
        after = costs_of(here.application, Phase.CHANGE)
        found["after"] = reckoning(here.application, after) if after else []
        found["most"] = found["after"][-1]["yen"] if after else None
    return found


def _claim(here: Award, one: Claim, offer: _Offered) -> dict:
    edition = here.application.edition
    today = clock.today()
    rate = Fraction(edition.late_above, edition.late_below)
    is_open = one.returned_on is None
    act = None
    if is_open:
        act = offer(ReceiveReturnAct, one)
    elif not return_stays(here, one):
        act = offer(ReverseReturnAct, one)
    return {
        "row": one,
        "is_open": is_open,
        "late_days": max((today - one.due_on).days, 0) if is_open else 0,
        "late_today": late_charge(one.yen, due_on=one.due_on, on=today, rate=rate, days=edition.late_days)
        if is_open
        else 0,
        "act": act,
    }


def _costs(application) -> list[dict]:
    """Plan, change and actual by category, in the programme's order."""
    by_phase = {phase: costs_of(application, phase) for phase in (Phase.PLAN, Phase.CHANGE, Phase.ACTUAL)}
    found = [
        {
            "name": row.name,
            "is_eligible": row.is_eligible,
            "plan": by_phase[Phase.PLAN].get(row.code, 0),
            "change": by_phase[Phase.CHANGE].get(row.code, 0),
            "actual": by_phase[Phase.ACTUAL].get(row.code, 0),
        }
        for row in application.edition.categories.all()
    ]
    return [row for row in found if row["plan"] or row["change"] or row["actual"]]


def _money(report: Report) -> list[tuple[str, int, int]]:
    """What came besides the grant and the own money: (what, as applied for, as reported or put right)."""
    application = report.award.application
    deducts = application.edition.tax == ConsumptionTax.DEDUCT
    return [
        (str(report._meta.get_field(name).verbose_name).removesuffix("(円)"), getattr(application, name), yen)
        for name, yen in money_of(report).items()
        if name != "deductible_tax" or deducts
    ]


def _fixing(here: Award, fix: FixAct | None, paid: int, state: str) -> list[dict]:
    """How the final amount comes about: as it would be, or as it was."""
    application = here.application
    if fix is not None:
        return fixing(application, here.yen, fix.accepted(), paid, fix.accepted_money())
    if state == "reported" or here.final_yen is not None:
        actual = costs_of(application, Phase.ACTUAL)
        # What was paid after the amount was fixed is the rest, not an advance.
        advanced = sum(
            one.yen for one in here.payments.all() if one.state == "paid" and one.kind == PaymentKind.ADVANCE
        )
        return fixing(application, here.yen, actual, advanced, money_of(here.report))
    return []


urlpatterns = [
    path("awards/", awards, name="staff-fund-awards"),
    path("awards/<str:ref>/", award, name="staff-fund-award"),
    path("awards/<str:ref>/act/<slug:code>/<int:pk>/", award_act, name="staff-fund-award-act"),
]
