"""The end of an award: report, inspection, the final amount, paying the rest or claiming back, tax, outcome."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction

from django.db import transaction

from musubi.fund import ledger
from musubi.fund.actions.applying import is_yen, set_costs
from musubi.fund.award_books import by_pot, hold_award, post
from musubi.fund.budget import costs_of, terms_of, unnamed
from musubi.fund.late import late_charge
from musubi.fund.models import Application, Award, Claim, CostLine, Paper, Payment, Report
from musubi.fund.shares import spread
from musubi.fund.states import APPLICATION, Account, PaymentKind, Phase
from musubi.fund.terms.amounts import fixed_amount
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import User
from musubi.people.permissions import Can, require
from musubi.services.virus_scan import Verdict

COMMITTED, FREE, ADVANCES, CASH, PAYABLE, CLAIMS = (
    Account.COMMITTED,
    Account.FREE,
    Account.ADVANCES,
    Account.CASH,
    Account.PAYABLE,
    Account.CLAIMS,
)
# What an inspection looks at; all of it has to be answered before the amount is fixed.
INSPECTION = {
    "done": "事業が申請どおりに行われた",
    "evidence": "支出の証拠書類がそろっている",
    "eligible": "対象外の経費が含まれていない",
    "period": "助成の期間内の支出である",
    "conditions": "交付の条件が守られている",
}
# What came besides the grant and the own money: as applied for until the report says otherwise.
MONEY = ["other_grants", "income", "deductible_tax"]
LONGEST_REASON = 2000
MOST_NAMED = 3


@transaction.atomic
def save_report(
    award: Award,
    *,
    by: User,
    done: str,
    effect: str,
    costs: Iterable[Mapping] | None = None,
    money: Mapping[str, int] | None = None,
    version: int | None = None,
) -> Report:
    """Write the performance report so far; `costs` are what was really spent (as `save_application` takes them), `money`
    what really came (`MONEY`). A report begins with the money that was applied for.

    `version` is that of the report the form was opened with (0 where there was none): Conflict where another person
    saved meanwhile.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if award.application.state not in ("awarded", "advanced"):
        raise Refused("実績報告を書ける段階ではありません。画面を読み込み直して確かめてください。")
    report = report_of(award)
    if version is not None and version != report.version:
        raise Conflict(
            "同じ団体の別の人が、先に保存しました。入力した内容はこの画面に残っています。"
            "別の画面で新しい内容を確かめてから、もう一度保存してください。"
        )
    report.done, report.effect, report.version = done.strip(), effect.strip(), report.version + 1
    report.saved_at = clock.now()
    _set_money(report, money or {})
    report.save()
    if costs is not None:
        set_costs(award.application, costs, Phase.ACTUAL)
    return report


@transaction.atomic
def file_report(award: Award, *, by: User, unproven_too: bool = True) -> None:
    """The organisation reports what was done and spent; the costs and the money are kept as they were reported,
    whatever the inspection makes of them. Raises Missing for what is not written yet, and, unless `unproven_too`, while
    an eligible cost has no evidence."""
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    report = Report.objects.filter(award=award).first()
    if report is None or not report.done:
        raise Missing("実施したことを入力してください。", field="done")
    if not report.effect:
        raise Missing("効果を入力してください。", field="effect")
    if not sum(costs_of(award.application, Phase.ACTUAL).values()):
        raise Missing("実際にかかった経費を入力してください。", field="costs")
    _require_labels(award.application)
    lacking = award.application.edition.papers.filter(is_required=True, for_report=True).exclude(
        pk__in=award.application.papers.exclude(required=None).values("required")
    )
    if paper := lacking.first():
        raise Missing(f"「{paper.name}」を添付してください。", field="papers")
    if not unproven_too and (bare := unproven(award.application)):
        raise Missing(f"{_named(bare)}の証拠書類がありません。", field="evidence")
    move(award.application, APPLICATION, "reported")
    lines = award.application.costs.filter(phase=Phase.ACTUAL).select_related("category")
    update(
        report,
        "実績報告",
        guard={},
        reported_at=clock.now(),
        reported_by=by,
        reported_costs=[[line.category.name, line.label, line.yen] for line in lines],
        reported_money={**money_of(report), "grant": _granted(award, report)},
    )
    journal.write("award.reported", award, by=by, organisation=award.application.organisation.name)


@transaction.atomic
def fix_amount(
    award: Award,
    *,
    by: User | None,
    inspection: Mapping[str, bool],
    costs: Iterable[Mapping] | None = None,
    money: Mapping[str, int] | None = None,
    without_evidence: str = "",
) -> int:
    """Inspect the report and fix the amount: the least of the award and of what the terms give for what was spent and
    what else came. `costs` and `money` put right what the inspection did not accept; `without_evidence` says why costs
    no file proves are accepted all the same. Returns the final amount.

    Raises Missing while a point of the inspection is not confirmed, or while an eligible cost has neither a file nor
    that reason. Follows: the rest is to be paid, or a claim is made,
    or both sides are even and the application is settled.
    """
    require(by, Can.MANAGE_FUND, award)
    hold_award(award)
    APPLICATION.require(award.application.state, "fixed")
    for code, words in INSPECTION.items():
        if not inspection.get(code):
            raise Missing(f"検査の「{words}」を確認してください。", field=f"inspection_{code}")
    application = award.application
    if costs is not None:
        set_costs(application, costs, Phase.ACTUAL)
        _require_labels(application)
    report = report_of(award)
    _set_money(report, money or {})
    reason = without_evidence.strip()
    if bare := unproven(application):
        if not reason:
            raise Missing(
                f"証拠書類のない支出があります({_named(bare)})。"
                "証拠書類がなくても認める理由(現地で確認した、など)を入力するか、認める額を0円にしてください。",
                field="without_evidence",
            )
        if len(reason) > LONGEST_REASON:
            raise Refused(f"理由は{LONGEST_REASON:,}字までです。", field="without_evidence")
    else:
        reason = ""
    actual = costs_of(application, Phase.ACTUAL)
    terms = terms_of(application.edition, application.support_year)
    final = _granted(award, report)
    today = clock.today()
    eligible = sum(yen for code, yen in actual.items() if _is_eligible(terms, code))
    update(
        award,
        "交付決定",
        guard={"final_yen": None},
        final_yen=final,
        eligible_actual=eligible,
        fixed_on=today,
        fixed_by=by,
    )
    update(
        report,
        "実績報告",
        guard={},
        inspection=dict(inspection),
        inspected_on=today,
        inspected_by=by,
        without_evidence=reason,
        **money_of(report),
    )
    award.payments.filter(state="requested").update(state="cancelled")
    move(application, APPLICATION, "fixed")
    rest = _close_books(award, final, by=by)
    if rest > 0:
        Payment.objects.create(
            award=award, kind=PaymentKind.REST, yen=rest, requested_at=clock.now(), requested_by=by
        )
    elif rest < 0:
        _claim(award, Claim.Kind.REST, -rest)
    else:
        move(application, APPLICATION, "settled")
    told = {"reason": reason} if reason else {}
    journal.write("award.fixed", award, by=by, yen=final, rest=rest, **told)
    return final


@transaction.atomic
def receive_return(claim: Claim, *, by: User | None, on: date | None = None) -> int:
    """The money came back; with what being late costs by the programme's rate. Returns the late charge in yen.

    Raises Missing for a day to come or before the claim, Conflict where it came before. Follows: what came back can be spent again; a
    settlement that waited for it is done.
    """
    award = claim.award
    require(by, Can.MANAGE_FUND, award)
    on = on or clock.today()
    if on > clock.today():
        raise Missing("返還日に、先の日付は入れられません。", field="on")
    if on < claim.claimed_on:
        raise Missing("返還日に、請求より前の日付は入れられません。", field="on")
    hold_award(award)
    edition = award.application.edition
    late = late_charge(
        claim.yen,
        due_on=claim.due_on,
        on=on,
        rate=Fraction(edition.late_above, edition.late_below),
        days=edition.late_days,
    )
    update(claim, "返還請求", guard={"returned_on": None}, returned_on=on, late_yen=late)
    held = by_pot(award)
    parts = spread(claim.yen, {pot: held[pot][CLAIMS] for pot in held})
    post(award, CASH, CLAIMS, parts, verb="claim.returned", by=by, on=on)
    post(award, COMMITTED, FREE, parts, verb="claim.returned", by=by, on=on)
    if late:
        general = award.application.call.fund.pots.get(earmark="general")
        ledger.post(general, CASH, FREE, late, verb="claim.late_charge", by=by, on=on, award=award)
    if claim.kind == Claim.Kind.REST and award.application.state == "fixed":
        move(award.application, APPLICATION, "settled")
    journal.write("claim.returned", award, by=by, yen=claim.yen, late=late)
    return late


@transaction.atomic
def revoke(award: Award, *, by: User | None, reason: str) -> None:
    """The award is taken back: whatever was paid is claimed, what was not is free again. Raises Missing without a reason."""
    require(by, Can.MANAGE_FUND, award)
    hold_award(award)
    if not reason.strip():
        raise Missing("取消しの理由を入力してください。団体に通知します。", field="reason")
    move(award.application, APPLICATION, "revoked", reason=reason.strip())
    update(
        award, "交付決定", guard={"revoked_on": None}, revoked_on=clock.today(), revoke_reason=reason.strip()
    )
    award.payments.filter(state="requested").update(state="cancelled")
    award.changes.filter(state="requested").update(state="withdrawn")
    held = by_pot(award)
    of = {"verb": "award.revoked", "by": by}
    # What was settled is claimed anew; what was advanced turns into a claim; the rest was never paid.
    settled = _settled(award)
    post(award, CLAIMS, COMMITTED, settled, **of)
    post(award, CLAIMS, ADVANCES, {pot: one[ADVANCES] for pot, one in held.items()}, **of)
    post(award, PAYABLE, FREE, {pot: one[PAYABLE] for pot, one in held.items()}, **of)
    # Claims that are open hold their part of what is committed until they come back.
    unpaid = {pot: one[COMMITTED] - one[ADVANCES] - one[CLAIMS] for pot, one in held.items()}
    post(award, COMMITTED, FREE, unpaid, **of)
    claimed = sum(settled.values()) + sum(one[ADVANCES] for one in held.values())
    if claimed:
        _claim(award, Claim.Kind.REVOKED, claimed)
    journal.write("award.revoked", award, by=by, reason=reason.strip(), claimed=claimed)


@transaction.atomic
def report_tax(award: Award, *, by: User, yen: int) -> None:
    """Consumption tax the organisation could deduct after all, where the programme has it reported later: it is claimed.

    Raises Refused where the programme does not ask, twice, or for more than was granted.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if award.application.edition.tax != "report":
        raise Refused("この制度では、消費税等の報告はいりません。")
    if award.application.state not in ("settled", "outcome_reported"):
        raise Refused("消費税等の報告は、精算が済んでから行います。")
    if not 0 <= yen <= award.final_yen:
        raise Refused(f"0円以上、確定額{award.final_yen:,}円以下で入力してください。", field="yen")
    update(award.report, "実績報告", guard={"tax_at": None}, tax_yen=yen, tax_at=clock.now())
    if yen:
        post(award, CLAIMS, COMMITTED, spread(yen, _settled(award)), verb="award.tax_claimed", by=by)
        _claim(award, Claim.Kind.TAX, yen)
    journal.write("award.tax_reported", award, by=by, yen=yen)


@transaction.atomic
def report_outcome(award: Award, *, by: User, outcome: str) -> None:
    """What became of it in the end; it is public. Raises Missing without words."""
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if not outcome.strip():
        raise Missing("成果を入力してください。公開のページに載ります。", field="outcome")
    move(award.application, APPLICATION, "outcome_reported")
    update(award.report, "実績報告", guard={}, outcome=outcome.strip(), outcome_at=clock.now())
    journal.write("award.outcome_reported", award, by=by)


def report_of(award: Award) -> Report:
    """The report as it is stored, or a new one, not saved yet, with the money that was applied for."""
    stored = Report.objects.filter(award=award).first()
    return stored or Report(award=award, **{name: getattr(award.application, name) for name in MONEY})


def money_of(report: Report) -> dict[str, int]:
    """What came besides the grant and the own money, as the report says it now."""
    return {name: getattr(report, name) for name in MONEY}


def unproven(application: Application) -> list[CostLine]:
    """The eligible actual costs that no file proves, in their order."""
    lines = application.costs.filter(phase=Phase.ACTUAL, category__is_eligible=True, yen__gt=0)
    proven = Paper.objects.filter(cost__isnull=False).exclude(scanned=Verdict.INFECTED)
    return list(lines.exclude(pk__in=proven.filter(application=application).values("cost")))


def _named(lines: list[CostLine]) -> str:
    """「苗」「網」, the first few of them."""
    named = "".join(f"「{line.label}」" for line in lines[:MOST_NAMED])
    return named + (f"ほか{len(lines) - MOST_NAMED}件" if len(lines) > MOST_NAMED else "")


def _set_money(report: Report, money: Mapping[str, int]) -> None:
    if unknown := set(money) - set(MONEY):
        raise TypeError(f"not money of a report: {sorted(unknown)}")
    for name, yen in money.items():
        if not is_yen(yen):
            raise Refused("金額は0円以上で、桁を確かめて入力してください。", field=name)
        setattr(report, name, yen)


def _granted(award: Award, report: Report) -> int:
    """The least of the award and of what the terms give for the costs and the money of the report."""
    application = award.application
    terms = terms_of(application.edition, application.support_year)
    return fixed_amount(award.yen, terms, costs_of(application, Phase.ACTUAL), **money_of(report))


def _require_labels(application: Application) -> None:
    if lacking := unnamed(application, Phase.ACTUAL):
        raise Missing(f"経費の{lacking[0]}行目の「内訳」を入力してください。", field="costs")


def _is_eligible(terms, code: str) -> bool:
    return any(category.code == code and category.eligible for category in terms.categories)


def _close_books(award: Award, final: int, *, by: User | None) -> int:
    """Post the final amount; returns what is still to be paid (positive) or to come back (negative)."""
    held = by_pot(award)
    advanced = {pot: one[ADVANCES] for pot, one in held.items()}
    share = {pot: one[COMMITTED] for pot, one in held.items()}
    paid = sum(advanced.values())
    of = {"verb": "award.fixed", "by": by}
    if final >= paid:
        more = spread(final - paid, {pot: share[pot] - advanced[pot] for pot in share})
        post(award, COMMITTED, ADVANCES, advanced, **of)
        post(award, COMMITTED, PAYABLE, more, **of)
        post(award, COMMITTED, FREE, {pot: share[pot] - advanced[pot] - more[pot] for pot in share}, **of)
        return final - paid
    back = spread(paid - final, advanced)
    post(award, COMMITTED, ADVANCES, {pot: advanced[pot] - back[pot] for pot in share}, **of)
    # What is claimed stays committed until it has come back.
    post(award, CLAIMS, ADVANCES, back, **of)
    post(award, COMMITTED, FREE, {pot: share[pot] - advanced[pot] for pot in share}, **of)
    return final - paid


def _settled(award: Award) -> dict[int, int]:
    """By pot, what was granted for good and paid: advances that were settled, and rests paid, less what came back."""
    found = {}
    for share in award.shares.all():
        # What being late cost is income of the fund, not part of the grant.
        postings = award.postings.filter(pot=share.pot_id).exclude(verb__startswith="claim.late_charge")
        paid = ledger.balances(postings)
        spent = -paid[CASH]
        found[share.pot_id] = spent - paid[ADVANCES] - paid[CLAIMS]
    return found


def _claim(award: Award, kind: str, yen: int) -> Claim:
    today = clock.today()
    return Claim.objects.create(
        award=award,
        kind=kind,
        yen=yen,
        claimed_on=today,
        due_on=today + timedelta(days=award.application.edition.return_days),
    )
