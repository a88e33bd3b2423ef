"""What the page of an application shows once results are released: the decision, the money, what can be done next."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import curtain
from musubi.fund.models import Application, Award
from musubi.fund.states import CHANGE, PAYMENT


@dataclass(frozen=True)
class Act:
    """Something that can be done now: its words, where, and why."""

    label: str
    href: str
    note: str = ""


def is_decided(row: Application) -> bool:
    """Whether there is a decision that the organisation may read."""
    if not curtain.is_out(row.state, row.call):
        return False
    return hasattr(row, "award") or row.shown_state in (
        "not_awarded",
        "first_failed",
        "second_failed",
        "reserve",
    )


def summary_of(row: Application) -> dict:
    """What `partner/fund/application.html` shows of the award; nothing of it before the release."""
    if not is_decided(row):
        return {"decided": False, "award": None}
    award = getattr(row, "award", None)
    if award is None:
        return {"decided": True, "award": None}
    payments = list(award.payments.all())
    return {
        "decided": True,
        "award": award,
        "payments": [(payment, PAYMENT[payment.state]) for payment in payments],
        "paid": sum(payment.yen for payment in payments if payment.state == "paid"),
        "changes": [(change, CHANGE[change.state]) for change in award.changes.all()],
        "claims": list(award.claims.all()),
        "assets": list(award.assets.all()),
        "statuses": list(award.status_reports.all()),
        "report": getattr(award, "report", None),
        "acts": acts_of(row, award),
    }


def acts_of(row: Application, award: Award) -> list[Act]:
    """What the organisation can do now with an award, in the order it usually comes."""
    found = []

    def add(name: str, label: str, note: str = "") -> None:
        found.append(Act(label, reverse(name, args=[row.pk]), note))

    state = row.state
    running = state in ("awarded", "advanced")
    if state == "awarded" and award.accepted_at is None:
        add("my-fund-decision", _("交付決定を承諾する"), _("内容と条件を読んでから承諾します。"))
    if running and award.accepted_at:
        add("my-fund-advance", _("概算払を請求する"), _("事業の前や途中に、助成金を受け取ります。"))
    if running:
        add("my-fund-change", _("変更・中止を申請する"), _("金額や内容を変えるとき、やめるとき。"))
    if running or state == "change_requested":
        add("my-fund-status", _("遂行状況を報告する"), _("途中の様子を事務局に伝えます。"))
    if state not in ("withdrawn", "revoked"):
        add(
            "my-fund-assets",
            _("財産を登録する"),
            _("%(yen)s円以上のものを買ったとき。") % {"yen": f"{row.edition.asset_yen:,}"},
        )
    if running:
        add("my-fund-report", _("実績を報告する"), _("事業が終わったら、経費と証拠書類を出します。"))
    elif getattr(award, "report", None) and award.report.reported_at:
        add("my-fund-report", _("出した実績報告を見る"))
    if award.final_yen is not None or award.revoked_on:
        add("my-fund-settlement", _("額の確定と精算を見る"))
    if state in ("settled", "outcome_reported") and row.edition.tax == "report":
        told = award.report.tax_at is not None
        add(
            "my-fund-tax",
            _("出した消費税等の報告を見る") if told else _("消費税等の仕入控除を報告する"),
            "" if told else _("確定申告が済んだら、0円でも報告します。"),
        )
    if state in ("settled", "outcome_reported"):
        if state == "settled":
            add("my-fund-outcome", _("成果を報告する"), _("地域がどう変わったか。公開のページに載ります。"))
        else:
            add("my-fund-outcome", _("出した成果報告を見る"))
    return found
