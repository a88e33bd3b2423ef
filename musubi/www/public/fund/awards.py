"""Awards: the list of all, and one from its decision to its outcome."""

from datetime import date, datetime

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.models import Award, Claim
from musubi.fund.states import PaymentKind
from musubi.lib import clock, markdown
from musubi.www.kept import public_page
from musubi.www.public.common import city_here
from musubi.www.public.fund.common import downloads, show, year_of, year_tabs, yen
from musubi.www.public.fund.rows import award_rows
from musubi.www.staff.frame import page_of
from musubi.www.templatetags.pieces import wareki


@public_page
def listing(request, city: str):
    municipality = city_here(request, city)
    offered = shown.years(municipality)
    year = year_of(request, offered)
    rows = shown.awards(municipality)
    if year:
        rows = rows.filter(application__call__fund__fiscal_year=year)
    found = page_of(request, rows)
    return show(
        request,
        municipality,
        "awards",
        _("交付決定と成果"),
        tabs=year_tabs(request, offered, year),
        page=found,
        table=award_rows(found, municipality),
        downloads=downloads(municipality, "awards", year),
        giving=bool(found.paginator.count),
    )


@public_page
def page(request, city: str, ref: str):
    municipality = city_here(request, city)
    rows = shown.awards(municipality).prefetch_related(
        "payments",
        "changes",
        "claims",
        "assets",
        "shares__pot__goal",
        "shares__pot__programme",
        "application__goals",
    )
    award = get_object_or_404(rows, application__ref=ref)
    application = award.application
    call = application.call
    label, tone = shown.stage_of(award)
    return show(
        request,
        municipality,
        "award",
        application.title,
        (_("交付決定と成果"), reverse("fund-awards", args=[city])),
        award=award,
        application=application,
        organisation=application.organisation.display_name,
        state_label=label,
        state_tone=tone,
        goals=[goal.number for goal in application.goals.all()],
        purpose=markdown.render(application.purpose),
        reasons=markdown.render(application.decision.reasons),
        conditions=markdown.render(award.conditions),
        outcome=markdown.render(shown.outcome_of(award)),
        facts=[
            (_("団体"), application.organisation.display_name),
            (_("種別"), application.organisation.get_kind_display()),
            (_("何年目の助成か"), _("%(n)d年目") % {"n": application.support_year}),
            (_("申請額"), yen(application.requested)),
            (_("交付決定額"), yen(award.yen)),
            (_("確定額"), "" if award.final_yen is None else yen(award.final_yen)),
            (_("支払済み"), yen(award.paid)),
            (_("返還済み"), yen(award.returned) if award.returned else ""),
            (_("文書番号"), award.number),
            (_("整理番号"), application.ref),
        ],
        call=call,
        call_href=reverse("fund-call", args=[city, call.ref]),
        steps=steps(award),
        shares={
            "columns": [{"label": _("使いみち")}, {"label": _("金額"), "num": True}],
            "rows": [[shown.pot_words(share.pot), yen(share.yen)] for share in award.shares.all()],
        },
        assets={
            "columns": [
                {"label": _("品名")},
                {"label": _("取得価格"), "num": True},
                {"label": _("取得日")},
                {"label": _("処分を制限する期間の終わり")},
            ],
            "rows": [
                [one.name, yen(one.yen), wareki(one.bought_on), wareki(one.keep_until) or "—"]
                for one in award.assets.all()
            ],
        },
    )


def steps(award: Award) -> dict:
    """From the decision on, each day with its sum, for `parts/number_table.html`."""
    report = getattr(award, "report", None)
    found = [(award.decided_on, 0, _("交付決定"), award.first_yen)]
    for row in award.payments.all():
        if row.state == "paid":
            is_advance = row.kind == PaymentKind.ADVANCE
            words = _("概算払") if is_advance else _("精算払")
            found.append((row.paid_on, 2 if is_advance else 5, words, row.yen))
    for row in award.changes.all():
        if row.state == "approved":
            words = {
                "amount": _("金額の変更(変更後の交付決定額)"),
                "content": _("内容の変更"),
                "stop": _("事業の中止(変更後の交付決定額)"),
            }[row.kind]
            found.append((row.decided_on, 1, words, None if row.kind == "content" else row.after_yen))
    if report and report.reported_at:
        found.append((_day(report.reported_at), 3, _("実績報告"), None))
    if award.fixed_on:
        found.append((award.fixed_on, 4, _("額の確定"), award.final_yen))
    if award.revoked_on:
        found.append((award.revoked_on, 6, _("交付決定の取消し"), None))
    for row in award.claims.all():
        why = {
            Claim.Kind.REST: _("概算払の残り"),
            Claim.Kind.REVOKED: _("交付決定の取消し"),
            Claim.Kind.TAX: _("消費税等の仕入控除"),
        }[row.kind]
        words = _("返還の請求(%(why)s、期限は%(due)s)") % {"why": why, "due": wareki(row.due_on)}
        found.append((row.claimed_on, 7, words, row.yen))
        if row.returned_on:
            found.append((row.returned_on, 8, _("返還"), row.yen))
            if row.late_yen:
                found.append((row.returned_on, 9, _("延滞金"), row.late_yen))
    if report and report.outcome_at:
        found.append((_day(report.outcome_at), 10, _("成果報告"), None))
    found.sort(key=lambda step: step[:2])
    return {
        "columns": [{"label": _("日付")}, {"label": _("できごと")}, {"label": _("金額"), "num": True}],
        "rows": [
            [wareki(day), words, "" if sum_ is None else yen(sum_)] for day, _order, words, sum_ in found
        ],
    }


def _day(at: datetime) -> date:
    return at.astimezone(clock.TOKYO).date()
