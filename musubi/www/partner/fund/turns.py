"""Whose turn it is on each application and award, and until when, as the applicant may know it."""

from datetime import date, datetime

from django.db import models
from django.db.models import Case, Min, OuterRef, Q, Subquery, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund.models import Application, Change, Claim, Payment
from musubi.fund.queries import waits_for_applicant
from musubi.fund.states import APPLICATION
from musubi.lib import clock
from musubi.www.partner.fund.own import href_of, rows_of, title_of
from musubi.www.partner.turns import Turn
from musubi.www.templatetags.pieces import days_left


def with_turns(rows: models.QuerySet[Application]) -> models.QuerySet[Application]:
    """Each with what `fund_turn` reads, so that a list of any length takes one statement."""
    of = {"award__application": OuterRef("pk")}
    asked = Payment.objects.filter(**of, state="requested")
    changes = Change.objects.filter(**of, state="requested")
    claims = Claim.objects.filter(**of, returned_on=None)
    return rows.annotate(
        mine=Case(When(waits_for_applicant(), then=Value(True)), default=Value(False)),
        asked_at=_first(asked, "requested_at"),
        changing_at=_first(changes, "requested_at"),
        claimed_on=_first(claims, "claimed_on"),
        claim_due=_first(claims, "due_on"),
    )


def _first(rows: models.QuerySet, name: str) -> Subquery:
    """The earliest of these rows of an application."""
    return Subquery(rows.order_by().values("award__application").annotate(first=Min(name)).values("first"))


def fund_turns(user) -> list[Turn]:
    """The open ones of a person's organisations: one statement, whatever there is."""
    waiting = Q(
        shown__in=["submitted", "first_passed", "reserve", "change_requested", "reported", "fixed"]
    ) | Q(mine=True)
    found = map(fund_turn, with_turns(rows_of(user)).filter(waiting | Q(asked_at__isnull=False)))
    return [turn for turn in found if turn]


def fund_turn(row: Application) -> Turn | None:
    """Who must act next on one of `with_turns`; None where nobody has to."""
    found = _next(row)
    if found is None:
        return None
    task, due, step, href = found
    city = row.call.fund.municipality.display_name
    late = row.mine and due is not None and due < clock.today()
    return Turn(
        kind=_("助成"),
        title=title_of(row),
        href=href,
        ref=row.ref,
        where=city,
        organisation=row.organisation.display_name,
        state=APPLICATION[row.shown],
        holder=row.organisation.display_name if row.mine else _("%(city)s 助成の事務局") % {"city": city},
        mine=row.mine,
        task=task,
        since=_since(row),
        due=due,
        late=late,
        left=days_left(due, clock.today()) if due and (row.mine or due >= clock.today()) else "",
        step=step,
    )


def _next(row: Application) -> tuple[str, date | None, str, str] | None:
    """(what to do, by when, the words of the button, where to)."""
    call, here = row.call, href_of(row)

    def at(name: str) -> str:
        return reverse(name, args=[row.pk])

    if row.claim_due:
        return _("請求された額を返還する"), row.claim_due, _("返還の内容を見る"), at("my-fund-settlement")
    match row.shown:
        case "draft" if row.mine:
            closes = call.closes_at.astimezone(clock.TOKYO).date()
            return _("申請を書いて送る"), closes, _("続きを書く"), at("my-fund-edit")
        case "returned" if row.mine:
            return _("直して送り直す"), row.correct_by, _("直すところを見る"), at("my-fund-edit")
        case "submitted" if call.state != "cancelled":
            return _("申請を確認し、審査します"), call.decision_on, "", here
        case "first_passed" if row.mine:
            when = row.slot.starts_at.astimezone(clock.TOKYO).date()
            place = f"{here}#presentation"
            return _("第二次審査でプレゼンテーションをする"), when, _("時間と場所を見る"), place
        case "first_passed":
            return _("第二次審査を行い、結果をお知らせします"), call.decision_on, "", here
        case "reserve":
            return _("補欠です。辞退などで資金が空いたときに、ご連絡します"), None, "", here
        case "awarded" if row.award.accepted_at is None:
            return _("交付決定の内容を読んで、承諾する"), None, _("交付決定を見る"), at("my-fund-decision")
        case "awarded" | "advanced":
            if row.asked_at:
                return _("概算払の請求を確認し、支払います"), call.payment_on, "", here
            return (
                _("事業を行い、終わったら実績を報告する"),
                call.report_on,
                _("実績報告を書く"),
                at("my-fund-report"),
            )
        case "change_requested":
            return _("変更申請を確認し、承認するかどうかを決めます"), None, "", here
        case "reported":
            return _("実績報告を検査し、助成金の額を確定します"), None, "", here
        case "fixed":
            return _("確定した額の残りを支払います"), None, "", here
        case "settled" | "outcome_reported" if row.mine:
            if row.edition.tax == "report" and row.award.report.tax_at is None:
                return _("消費税等の仕入控除を報告する"), None, _("報告する"), at("my-fund-tax")
            if row.shown == "settled":
                return _("成果を報告する"), call.outcome_on, _("成果を書く"), at("my-fund-outcome")
    return None


def _since(row: Application) -> datetime:
    """Since when it has been theirs: as far as may be known, the last that happened."""
    award = getattr(row, "award", None)
    if row.claim_due:
        return clock.at(row.claimed_on)
    if award is None:
        returned = row.returned_at if row.shown == "returned" else None
        told = {"first_passed": row.call.first_released_at, "reserve": row.call.released_at}.get(row.shown)
        return returned or told or row.filed_at or row.started_at
    if row.shown == "reported":
        return award.report.reported_at
    if award.fixed_on:
        return clock.at(award.fixed_on)
    return row.changing_at or row.asked_at or award.accepted_at or clock.at(award.decided_on)
