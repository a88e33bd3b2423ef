"""Money in: funds and their pots, and every contribution from its promise to its receipt."""

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund import actions, ledger
from musubi.fund.models import Contribution, Fund, Posting
from musubi.fund.states import CALL, CONTRIBUTION, Account
from musubi.lib import fiscal
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.staff.frame import act_page, attempt, page_of, posted
from musubi.www.staff.fund.acts import Act, press, replaced
from musubi.www.staff.fund.forms_money import (
    CancelPledgeAct,
    ContributionFilter,
    ContributionForm,
    FundForm,
    FundWordsForm,
    PotForm,
    ReceiveAct,
    ReturnAct,
)
from musubi.www.staff.fund.frame import crumbs, fund_city, may_manage, page
from musubi.www.staff.fund.ledger import lines

PART = "staff-fund-money"
NEWEST = 8
ACTS = {"pledged": [ReceiveAct, CancelPledgeAct], "received": [ReturnAct]}


def home(municipality: Municipality) -> tuple[str, str]:
    return _("お金"), reverse("staff-fund-money", args=[municipality.slug])


@require_safe
def money(request, city: str):
    """The funds by fiscal year, each with what it holds."""
    municipality = fund_city(request, city)
    funds = Fund.objects.filter(municipality=municipality).annotate(n_calls=Count("calls", distinct=True))
    found = page_of(request, funds.order_by("-fiscal_year", "-pk"))
    held = ledger.balances_by(Posting.objects.filter(fund__in=list(found)), "fund")
    nothing = dict.fromkeys(Account, 0)
    return page(
        request,
        municipality,
        "staff/fund/money.html",
        part=PART,
        page_title=_("お金"),
        crumbs=crumbs(municipality, _("お金")),
        page=found,
        rows=[
            {"fund": fund, "year": fiscal.label(fund.fiscal_year), "held": held.get(fund.pk, nothing)}
            for fund in found
        ],
        sorted_by=_("年度の新しい順"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_fund(request, city: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    form, made = FundForm(posted(request)), []
    if form.is_valid() and attempt(
        form, lambda: made.append(actions.open_fund(municipality, by=request.user, **form.cleaned_data))
    ):
        messages.success(request, _("ファンドを開きました。使いみちと拠出を登録してください。"))
        return redirect("staff-fund-fund", city, made[0].pk)
    return act_page(
        request,
        municipality,
        form,
        title=_("ファンドを開く"),
        lead=_("年度ごとに開きます。公費と拠出を一つの帳簿で受け、使いみちごとに分けて管理します。"),
        trail=[*_trail(municipality), home(municipality)],
        submit_label=_("ファンドを開く"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_fund(request, city: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = get_object_or_404(Fund, pk=pk, municipality=municipality)
    form = FundWordsForm(posted(request), initial={"name": row.name, "lead": row.lead})
    title = row.name
    if form.is_valid() and attempt(
        form, lambda: actions.rename_fund(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("名称と趣旨を直しました。公開ページにも反映されます。"))
        return redirect("staff-fund-fund", city, pk)
    return act_page(
        request,
        municipality,
        form,
        title=_("名称と趣旨を直す"),
        eyebrow=f"{title} {fiscal.label(row.fiscal_year)}",
        lead=_("すぐに公開ページに反映されます。発行した通知書は、発行したときの名称のままです。"),
        trail=[
            *_trail(municipality),
            home(municipality),
            (title, reverse("staff-fund-fund", args=[city, pk])),
        ],
        submit_label=_("保存する"),
        autosave=f"fund-words-{pk}",
    )


@require_safe
def fund(request, city: str, pk: int):
    municipality = fund_city(request, city)
    row = get_object_or_404(Fund, pk=pk, municipality=municipality)
    held = ledger.balances(Posting.objects.filter(fund=row))
    by_pot = ledger.balances_by(Posting.objects.filter(fund=row), "pot")
    nothing = dict.fromkeys(Account, 0)
    pots = [
        {
            "pot": pot,
            "held": by_pot.get(pot.pk, nothing),
            "came": pot.came or 0,
            "gave": (pot.came or 0) - by_pot.get(pot.pk, nothing)[Account.CASH],
        }
        for pot in row.pots.select_related("goal", "programme")
        .annotate(came=Sum("contributions__yen", filter=Q(contributions__state="received")))
        .order_by("pk")
    ]
    contributions = row.contributions.select_related("pot__goal", "pot__programme", "organisation")
    calls = list(
        row.calls.select_related("edition__programme").annotate(
            n=Count("applications", filter=~Q(applications__ref=""))
        )
    )
    return page(
        request,
        municipality,
        "staff/fund/fund.html",
        part=PART,
        page_title=row.name,
        crumbs=crumbs(municipality, home(municipality), row.name),
        fund=row,
        year=fiscal.label(row.fiscal_year),
        accounts=_accounts(municipality, row, held),
        is_balanced=ledger.is_balanced(held),
        pots=pots,
        contributions=[(one, CONTRIBUTION[one.state]) for one in contributions[:NEWEST]],
        n_contributions=row.contributions.count(),
        calls=[(call, CALL[call.state]) for call in calls],
    )


def _accounts(municipality: Municipality, row: Fund, held: dict[Account, int]) -> list[dict]:
    book = reverse("staff-fund-ledger", args=[municipality.slug])

    def one(account: Account, label: str, note: str) -> dict:
        return {
            "label": label,
            "yen": held[account],
            "href": f"{book}?fund={row.pk}&account={account.value}",
            "note": note,
        }

    return [
        one(Account.CASH, _("現金預金"), _("いま手元にあるお金")),
        one(Account.FREE, _("使える資金"), _("まだどこにも交付を決めていないお金")),
        one(Account.COMMITTED, _("交付決定額"), _("交付を決め、まだ精算していないお金")),
        one(Account.ADVANCES, _("概算払"), _("先に払い、まだ精算していないお金")),
        one(Account.CLAIMS, _("返還請求"), _("返してもらう途中のお金")),
        one(Account.PLEDGES, _("拠出の約束"), _("約束され、まだ受け取っていないお金")),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def new_pot(request, city: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = get_object_or_404(Fund, pk=pk, municipality=municipality)
    form = PotForm(posted(request), municipality=municipality)
    if form.is_valid() and attempt(form, lambda: actions.earmark(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("使いみちを加えました。拠出を登録するときに選べます。"))
        return redirect("staff-fund-fund", city, pk)
    return act_page(
        request,
        municipality,
        form,
        title=_("使いみちを加える"),
        lead=_(
            "拠出者が「これに使ってほしい」と指定したお金は、指定のないお金と分けて管理します。ゴール・制度・テーマのうち1つだけを選んでください。"
        ),
        trail=_trail(municipality, row),
        submit_label=_("加える"),
    )


def _trail(municipality: Municipality, row: Fund | None = None) -> list:
    found = [(_("ファンド"), reverse("staff-fund", args=[municipality.slug]))]
    if row is not None:
        found += [
            home(municipality),
            (row.name, reverse("staff-fund-fund", args=[municipality.slug, row.pk])),
        ]
    return found


# --- contributions -----------------------------------------------------------------------------------------------


@require_safe
def contributions(request, city: str):
    municipality = fund_city(request, city)
    form = ContributionFilter(request.GET, municipality=municipality)
    form.is_valid()
    asked = form.cleaned_data
    rows = Contribution.objects.filter(fund__municipality=municipality)
    if asked.get("q"):
        rows = rows.filter(
            Q(name__icontains=asked["q"]) | Q(ref=asked["q"]) | Q(organisation__name__icontains=asked["q"])
        )
    for name in ("fund", "state", "source"):
        if asked.get(name):
            rows = rows.filter(**{name: asked[name]})
    found = page_of(request, rows.select_related("fund", "pot__goal", "pot__programme", "organisation"))
    return page(
        request,
        municipality,
        "staff/fund/contributions.html",
        part=PART,
        page_title=_("拠出"),
        crumbs=crumbs(municipality, home(municipality), _("拠出")),
        filter=form,
        active=any(asked.get(name) for name in form.fields),
        page=found,
        rows=[(one, CONTRIBUTION[one.state]) for one in found],
        yen=rows.filter(state="received").aggregate(n=Sum("yen"))["n"] or 0,
        sorted_by=_("約束の日の新しい順"),
        actions=[
            (_("表から取り込む"), reverse("staff-import", args=[city]) + "?kind=contributions", "", "table")
        ]
        if may_manage(request, municipality)
        else None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_contribution(request, city: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = get_object_or_404(Fund, pk=pk, municipality=municipality)
    is_public = request.GET.get("source") == "public"
    words = {"initial": {"source": "public"}} if is_public else {}
    form, made = ContributionForm(posted(request), fund=row, **words), []
    if form.is_valid() and attempt(form, lambda: made.append(form.carry_out(by=request.user))):
        messages.success(request, _("登録しました。"))
        return redirect("staff-fund-contribution", city, made[0].ref)
    return act_page(
        request,
        municipality,
        form,
        title=_("公費を入れる") if is_public else _("拠出を登録する"),
        lead=_("約束だけのときは受領日を空けておきます。受け取るまで、そのお金は使えません。"),
        trail=_trail(municipality, row),
        submit_label=_("登録する"),
    )


def _contribution(municipality: Municipality, ref: str) -> Contribution:
    rows = Contribution.objects.select_related(
        "fund__municipality", "pot__goal", "pot__programme", "organisation", "recorded_by"
    )
    return get_object_or_404(rows, fund__municipality=municipality, ref=ref)


@require_safe
def contribution(request, city: str, ref: str):
    municipality = fund_city(request, city)
    return _contribution_page(request, municipality, _contribution(municipality, ref))


@require_POST
def contribution_act(request, city: str, ref: str, code: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = _contribution(municipality, ref)
    known = {act.code: act for acts in ACTS.values() for act in acts}
    if code not in known or pk != row.pk:
        raise Http404
    bound, done = press(known[code](row=row), request)
    if done:
        messages.success(request, bound.done)
        return redirect("staff-fund-contribution", city, ref)
    return _contribution_page(request, municipality, _contribution(municipality, ref), bound=bound)


def _contribution_page(request, municipality, row: Contribution, *, bound: Act | None = None):
    acts = [act(row=row) for act in ACTS.get(row.state, [])]
    shown = replaced(acts, bound)
    return page(
        request,
        municipality,
        "staff/fund/contribution.html",
        part=PART,
        status=422 if bound is not None else 200,
        page_title=row.name,
        crumbs=crumbs(
            municipality,
            home(municipality),
            (row.fund.name, reverse("staff-fund-fund", args=[municipality.slug, row.fund_id])),
            row.name,
        ),
        contribution=row,
        state=CONTRIBUTION[row.state],
        acts=shown,
        # What was sent to a row that has moved on since is refused above the page.
        problem=bound if bound is not None and bound not in shown else None,
        act_url=reverse("staff-fund-contribution", args=[municipality.slug, row.ref]),
        postings=lines(row.postings.order_by("pk")),
    )


urlpatterns = [
    path("money/", money, name="staff-fund-money"),
    path("money/new/", new_fund, name="staff-fund-new"),
    path("money/<int:pk>/", fund, name="staff-fund-fund"),
    path("money/<int:pk>/edit/", edit_fund, name="staff-fund-edit"),
    path("money/<int:pk>/pots/new/", new_pot, name="staff-fund-pot-new"),
    path("money/<int:pk>/contributions/new/", new_contribution, name="staff-fund-contribution-new"),
    path("contributions/", contributions, name="staff-fund-contributions"),
    path("contributions/<str:ref>/", contribution, name="staff-fund-contribution"),
    path(
        "contributions/<str:ref>/<slug:code>/<int:pk>/", contribution_act, name="staff-fund-contribution-act"
    ),
]
