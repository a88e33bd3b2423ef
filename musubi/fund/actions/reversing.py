"""What was recorded by mistake is taken back: a payment that was not made so, a return that did not come so. The lines stay
in the ledger, each with another that mirrors it; the record waits again, to be recorded rightly or put aside."""

from django.db import transaction

from musubi.fund import ledger
from musubi.fund.award_books import hold_award, runs
from musubi.fund.models import Award, Claim, Payment
from musubi.fund.states import APPLICATION, PAYMENT, Account, PaymentKind
from musubi.journal import actions as journal
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import User
from musubi.people.permissions import Can, require


@transaction.atomic
def reverse_payment(payment: Payment, *, by: User | None, reason: str) -> None:
    """The payment was recorded by mistake (another day, another award): the request waits again. An advance can be paid
    anew or put aside, the rest is paid anew.

    Raises Missing without a reason, Refused where it is not paid, or where what followed builds on it: the amount fixed
    after an advance; a report on tax or outcome, or the revocation, after the rest. Follows: the application is back
    where it was before the payment.
    """
    award = payment.award
    require(by, Can.MANAGE_FUND, award)
    if not reason.strip():
        raise Missing("支払の記録を取り消す理由を入力してください。", field="reason")
    hold_award(award)
    if payment.state != "paid":
        raise Refused("この支払は、支払済みと記録されていません。画面を読み込み直して確かめてください。")
    if why := payment_stays(award, payment):
        raise Refused(why)
    day = payment.paid_on
    others = award.payments.filter(kind=payment.kind, state="paid", paid_on=day).exclude(pk=payment.pk)
    move(payment, PAYMENT, "requested", guard={"paid_on": day}, paid_on=None, paid_by=None)
    debit = Account.ADVANCES if payment.kind == PaymentKind.ADVANCE else Account.PAYABLE
    found = runs(award.postings.filter(verb="payment.paid", debit=debit, on=day), [payment, *others])
    for line in found[payment.pk]:
        ledger.reverse(line, by=by, words=reason.strip()[:200])
    application = award.application
    if payment.kind == PaymentKind.REST:
        move(application, APPLICATION, "fixed")
    elif (
        application.state == "advanced"
        and not award.payments.filter(kind=PaymentKind.ADVANCE, state="paid").exists()
    ):
        move(application, APPLICATION, "awarded")
    journal.write("payment.reversed", award, by=by, yen=payment.yen, kind=payment.kind, reason=reason.strip())


@transaction.atomic
def reverse_return(claim: Claim, *, by: User | None, reason: str) -> None:
    """The return was recorded by mistake: the claim is open again, and the late charge goes with it.

    Raises Missing without a reason, Refused where it is not recorded, where what came back is spent, or where a report
    on tax or outcome followed the settlement. Follows: a settlement that waited for it waits again.
    """
    award = claim.award
    require(by, Can.MANAGE_FUND, award)
    if not reason.strip():
        raise Missing("返還の記録を取り消す理由を入力してください。", field="reason")
    hold_award(award)
    if claim.returned_on is None:
        raise Refused("この返還は記録されていません。画面を読み込み直して確かめてください。")
    if why := return_stays(award, claim):
        raise Refused(why)
    day, late = claim.returned_on, claim.late_yen
    others = award.claims.filter(returned_on=day).exclude(pk=claim.pk)
    update(claim, "返還請求", guard={"returned_on": day}, returned_on=None, late_yen=0)
    of_day = award.postings.filter(on=day)
    lines = [
        line
        for debit in (Account.CASH, Account.COMMITTED)
        for line in runs(of_day.filter(verb="claim.returned", debit=debit), [claim, *others])[claim.pk]
    ]
    if late:
        charges = of_day.filter(verb="claim.late_charge", yen=late, reversed_by=None)
        lines.append(charges.order_by("pk")[0])
    try:
        # Pots in one order: others wait for them in the same.
        for line in sorted(lines, key=lambda line: (line.pot_id, line.pk)):
            ledger.reverse(line, by=by, words=reason.strip()[:200])
    except Refused as error:
        raise Refused(f"返ってきたお金が、もう使われています。{error}") from error
    if claim.kind == Claim.Kind.REST and award.application.state == "settled":
        move(award.application, APPLICATION, "fixed")
    journal.write("claim.return_reversed", award, by=by, yen=claim.yen, claim=claim.pk, reason=reason.strip())


def payment_stays(award: Award, payment: Payment) -> str:
    """Why a payment that is recorded can no longer be taken back; empty where it can."""
    if award.revoked_on is not None:
        return "交付決定を取り消したあとで、支払の記録は取り消せません。"
    if payment.kind == PaymentKind.ADVANCE:
        return "" if award.final_yen is None else "額を確定したあとで、概算払の記録は取り消せません。"
    return _settlement_stays(award)


def return_stays(award: Award, claim: Claim) -> str:
    """Why a return that is recorded can no longer be taken back; empty where it can. What other claims ask for does not
    depend on whether this one came back; a settlement does."""
    if claim.kind != Claim.Kind.REST or award.revoked_on is not None:
        return ""
    return _settlement_stays(award)


def _settlement_stays(award: Award) -> str:
    report = getattr(award, "report", None)
    if award.application.state != "settled" or (report and report.tax_at):
        return "精算のあとに報告が出ているため、精算の記録は取り消せません。"
    return ""
