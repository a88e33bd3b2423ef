"""What the public pages of a fund show, as tables for CSV and Excel: sums are whole yen, days are days."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.models import Posting
from musubi.fund.states import CALL, CONTRIBUTION, Account, Source
from musubi.people.models import Municipality


@dataclass(frozen=True)
class Table:
    """`name` is what a sheet is called; `rows` have as many cells as `columns`."""

    name: str
    columns: list[str]
    rows: Iterable[list]


def calls(municipality: Municipality, year: int | None = None) -> Table:
    rows = _of_year(shown.calls(municipality), year)
    return Table(
        _("募集"),
        [
            _("整理番号"), _("年度"), _("募集名"), _("制度"), _("状態"), _("受付開始"), _("受付終了"),
            _("第一次審査"), _("第二次審査"), _("交付決定の予定"), _("第一次審査の結果発表日時"),
            _("第一次審査の件数"), _("第一次審査の通過件数"), _("結果発表日時"),
        ],
        (
            [
                row.ref, row.fund.fiscal_year, row.title, row.edition.programme.name, str(CALL[row.state].public),
                row.opens_at, row.closes_at, row.first_on, row.second_on, row.decision_on,
                row.first_released_at, *(shown.first_result(row) or (None, None)), row.released_at,
            ]
            for row in rows
        ),
    )  # fmt: skip


def applications(municipality: Municipality, year: int | None = None) -> Table:
    rows = _of_year(shown.received(municipality), year, "call__fund")
    return Table(
        _("受け付けた申請"),
        [_("募集の整理番号"), _("整理番号"), _("団体"), _("事業名"), _("申請額(円)"), _("結果"), _("交付決定額(円)")],
        (
            [row.call.ref, one.ref, one.organisation, one.title, one.requested, one.result, one.yen]
            for row in rows
            for one in [shown.told(row)]
        ),
    )  # fmt: skip


def awards(municipality: Municipality, year: int | None = None) -> Table:
    rows = _of_year(shown.awards(municipality), year, "application__call__fund")
    return Table(
        _("交付決定"),
        [
            _("整理番号"), _("年度"), _("募集の整理番号"), _("団体"), _("法人番号"), _("事業名"), _("何年目の助成か"),
            _("申請額(円)"), _("当初の交付決定額(円)"), _("交付決定額(円)"), _("確定額(円)"), _("支払済み(円)"),
            _("返還済み(円)"), _("交付決定日"), _("額の確定日"), _("状態"), _("交付の理由"), _("成果"),
        ],
        (
            [
                row.application.ref, row.application.call.fund.fiscal_year, row.application.call.ref,
                row.application.organisation.name, row.application.organisation.corporate_number,
                row.application.title, row.application.support_year, row.application.requested, row.first_yen,
                row.yen, row.final_yen, row.paid, row.returned, row.decided_on, row.fixed_on, shown.stage_of(row)[0],
                row.application.decision.reasons, shown.outcome_of(row),
            ]
            for row in rows
        ),
    )  # fmt: skip


def contributions(municipality: Municipality, year: int | None = None) -> Table:
    rows = _of_year(shown.contributions(municipality), year)
    return Table(
        _("拠出"),
        [
            _("整理番号"), _("年度"), _("拠出者"), _("拠出者の種類"), _("使いみち"), _("金額(円)"), _("状態"),
            _("約束の日"), _("受領日"), _("寄せられた言葉"),
        ],
        (
            [
                row.ref, row.fund.fiscal_year, shown.giver(row), str(Source(row.source).label),
                shown.pot_words(row.pot), row.yen, str(CONTRIBUTION[row.state].public), row.pledged_on,
                row.received_on, shown.message_of(row),
            ]
            for row in rows
        ),
    )  # fmt: skip


def ledger(municipality: Municipality, year: int | None = None) -> Table:
    rows = shown.postings(municipality, year).select_related(
        "fund", "pot__goal", "pot__programme", "contribution", "award__application__organisation"
    )
    return Table(
        _("元帳"),
        [
            _("番号"), _("日付"), _("年度"), _("できごと"), _("借方"), _("貸方"), _("金額(円)"), _("使いみち"),
            _("相手"), _("件名"), _("取り消した仕訳の番号"),
        ],
        (
            [
                row.pk, row.on, row.fund.fiscal_year, event(row), str(Account(row.debit).label),
                str(Account(row.credit).label), row.yen, shown.pot_words(row.pot), *party(row), row.reverses_id,
            ]
            for row in rows
        ),
    )  # fmt: skip


TABLES: dict[str, Callable[[Municipality, int | None], Table]] = {
    "calls": calls,
    "applications": applications,
    "awards": awards,
    "contributions": contributions,
    "ledger": ledger,
}


def event(posting: Posting) -> str:
    """What happened, in everybody's words."""
    return {
        "contribution.pledged": _("拠出の約束"),
        "contribution.pledged.reversed": _("拠出の取りやめ"),
        "contribution.received": _("拠出の受領"),
        "contribution.received.reversed": _("拠出の返還"),
        "award.decided": _("交付決定"),
        "payment.paid": _("助成金の支払"),
        "payment.paid.reversed": _("助成金の支払の記録の取消し"),
        "change.approved": _("変更による減額"),
        "award.fixed": _("額の確定"),
        "award.revoked": _("交付決定の取消し"),
        "award.tax_claimed": _("消費税等の返還請求"),
        "claim.returned": _("助成金の返還"),
        "claim.returned.reversed": _("助成金の返還の記録の取消し"),
        "claim.late_charge": _("延滞金の受領"),
        "claim.late_charge.reversed": _("延滞金の受領の記録の取消し"),
    }.get(posting.verb, posting.verb)


def party(posting: Posting) -> tuple[str, str]:
    """Who gave or got, and what for: (name, title or number)."""
    if posting.contribution:
        return shown.giver(posting.contribution), posting.contribution.ref
    if posting.award:
        application = posting.award.application
        return application.organisation.display_name, application.title
    return "", ""


def _of_year(rows, year: int | None, fund: str = "fund"):
    return rows.filter(**{f"{fund}__fiscal_year": year}) if year else rows
