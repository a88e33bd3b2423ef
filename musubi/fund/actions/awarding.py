"""After the award: acceptance, payments, changes, how the work goes, what was bought."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum

from musubi.fund.actions.applying import set_costs
from musubi.fund.award_books import by_pot, hold_award, post
from musubi.fund.models import Asset, Award, Change, Payment, StatusReport
from musubi.fund.shares import spread
from musubi.fund.states import APPLICATION, CHANGE, PAYMENT, Account, PaymentKind, Phase
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import User
from musubi.people.permissions import Can, may, require
from musubi.people.rules import check_fields

COMMITTED, FREE, ADVANCES, CASH, PAYABLE = (
    Account.COMMITTED,
    Account.FREE,
    Account.ADVANCES,
    Account.CASH,
    Account.PAYABLE,
)


@transaction.atomic
def accept_award(award: Award, *, by: User) -> None:
    """The organisation accepts the decision and its conditions. Raises Conflict where it has done so."""
    require(by, Can.APPLY_TO_FUND, award)
    update(award, "交付決定", guard={"accepted_at": None}, accepted_at=clock.now(), accepted_by=by)
    journal.write("award.accepted", award, by=by)


@transaction.atomic
def request_advance(award: Award, *, by: User, yen: int, reason: str, key: UUID | None = None) -> Payment:
    """The organisation asks for money before the work is done. `key` names the form: sent twice, asked once.

    Raises Missing without a reason, Refused before acceptance or for more than is left of the award.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if key and (known := Payment.objects.filter(key=key, award=award).first()):
        return known
    if award.accepted_at is None:
        raise Refused("先に、交付決定の内容を承諾してください。")
    if award.application.state not in ("awarded", "advanced"):
        raise Refused("概算払を請求できる段階ではありません。画面を読み込み直して確かめてください。")
    if not reason.strip():
        raise Missing("概算払が必要な理由を入力してください。", field="reason")
    asked = award.payments.exclude(state="cancelled").aggregate(yen=Sum("yen"))["yen"] or 0
    if not 1 <= yen <= award.yen - asked:
        raise Refused(f"請求額は1円以上、残りの{award.yen - asked:,}円以下にしてください。", field="yen")
    payment = Payment.objects.create(
        award=award,
        key=key,
        kind=PaymentKind.ADVANCE,
        yen=yen,
        reason=reason.strip(),
        requested_at=clock.now(),
        requested_by=by,
    )
    journal.write("payment.requested", award, by=by, yen=yen)
    return payment


@transaction.atomic
def pay(payment: Payment, *, by: User | None, on: date | None = None) -> None:
    """The money was paid out. Raises Missing for a day to come, Refused where it was paid or cancelled before.

    Follows: after an advance the application is `advanced`, after the rest it is `settled`.
    """
    award = payment.award
    require(by, Can.MANAGE_FUND, award)
    on = on or clock.today()
    if on > clock.today():
        raise Missing("支払日に、先の日付は入れられません。", field="on")
    hold_award(award)
    move(payment, PAYMENT, "paid", paid_on=on, paid_by=by)
    debit = ADVANCES if payment.kind == PaymentKind.ADVANCE else PAYABLE
    held = by_pot(award)
    if debit == ADVANCES:
        over = {pot: held[pot][COMMITTED] - held[pot][ADVANCES] for pot in held}
    else:
        over = {pot: held[pot][PAYABLE] for pot in held}
    post(award, debit, CASH, spread(payment.yen, over), verb="payment.paid", by=by, on=on)
    application = award.application
    if payment.kind == PaymentKind.ADVANCE and application.state == "awarded":
        move(application, APPLICATION, "advanced")
    if payment.kind == PaymentKind.REST:
        move(application, APPLICATION, "settled")
    journal.write("payment.paid", award, by=by, yen=payment.yen, kind=payment.kind)


@transaction.atomic
def cancel_payment(payment: Payment, *, by: User | None, reason: str) -> None:
    """A request for an advance is put aside, by the organisation or the secretariat. Raises Missing without a reason."""
    if not may(by, Can.APPLY_TO_FUND, payment.award):
        require(by, Can.MANAGE_FUND, payment.award)
    if payment.kind != PaymentKind.ADVANCE:
        raise Refused("精算払は取り消せません。")
    if not reason.strip():
        raise Missing("理由を入力してください。", field="reason")
    move(payment, PAYMENT, "cancelled")
    journal.write("payment.cancelled", payment.award, by=by, reason=reason.strip())


@transaction.atomic
def request_change(
    award: Award,
    *,
    by: User,
    kind: str,
    reason: str,
    content: str = "",
    yen: int | None = None,
    costs: Iterable[Mapping] | None = None,
    key: UUID | None = None,
) -> Change:
    """The organisation asks to change the amount (`yen`, not more than now), the content, or to stop.

    Raises Missing without a reason, Refused for a larger amount or at another stage, Conflict while one is open.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if key and (known := Change.objects.filter(key=key, award=award).first()):
        return known
    application = award.application
    if not reason.strip():
        raise Missing("変更の理由を入力してください。", field="reason")
    if kind not in Change.Kind.values:
        raise Refused("変更の種類を選んでください。", field="kind")
    after = 0 if kind == Change.Kind.STOP else award.yen if yen is None else yen
    if kind == Change.Kind.AMOUNT and not 1 <= after <= award.yen:
        raise Refused(
            f"変更後の額は1円以上、いまの交付決定額{award.yen:,}円以下にしてください。", field="yen"
        )
    came_from = application.state
    move(application, APPLICATION, "change_requested")
    try:
        with transaction.atomic():
            change = Change.objects.create(
                award=award,
                key=key,
                kind=kind,
                reason=reason.strip(),
                content=content.strip(),
                before_yen=award.yen,
                after_yen=after,
                came_from=came_from,
                requested_at=clock.now(),
                requested_by=by,
            )
    except IntegrityError as error:
        raise Conflict("審査中の変更申請があります。その結果を待ってください。") from error
    if costs is not None:
        set_costs(application, costs, Phase.CHANGE)
    journal.write("change.requested", award, by=by, kind=kind, after=after)
    return change


@transaction.atomic
def decide_change(change: Change, *, by: User | None, approve: bool, words: str) -> None:
    """The secretariat approves or refuses a change; what an approved one sets free can be spent again.

    Raises Missing without words for a refusal, Refused where more was paid in advance than would be left.
    """
    award = change.award
    require(by, Can.MANAGE_FUND, award)
    hold_award(award)
    application = award.application
    if not approve and not words.strip():
        raise Missing("承認しない理由を入力してください。", field="words")
    told = {"decided_on": clock.today(), "decided_by": by, "words": words.strip()}
    if not approve:
        move(change, CHANGE, "refused", **told)
        move(application, APPLICATION, change.came_from)
        journal.write("change.refused", award, by=by, words=words.strip())
        return
    held = by_pot(award)
    paid = sum(one[ADVANCES] for one in held.values())
    if change.after_yen < paid:
        raise Refused(
            f"すでに{paid:,}円を概算払しています。先に実績報告と額の確定を行い、残りを返還してもらってください。"
        )
    less = award.yen - change.after_yen
    if less:
        over = {pot: held[pot][COMMITTED] - held[pot][ADVANCES] for pot in held}
        post(award, COMMITTED, FREE, spread(less, over), verb="change.approved", by=by)
        update(award, "交付決定", guard={"yen": change.before_yen}, yen=change.after_yen)
    move(change, CHANGE, "approved", **told)
    if change.kind == Change.Kind.STOP:
        move(application, APPLICATION, "withdrawn", reason=change.reason)
        award.payments.filter(state="requested").update(state="cancelled")
    else:
        move(application, APPLICATION, change.came_from)
    journal.write("change.approved", award, by=by, kind=change.kind, yen=award.yen)


@transaction.atomic
def report_status(award: Award, *, by: User, text: str) -> StatusReport:
    """How the work goes. Raises Missing without words, Refused once it is reported as done."""
    require(by, Can.APPLY_TO_FUND, award)
    if award.application.state not in ("awarded", "advanced", "change_requested"):
        raise Refused("遂行状況を報告できる段階ではありません。")
    if not text.strip():
        raise Missing("状況を入力してください。", field="text")
    report = StatusReport.objects.create(award=award, on=clock.today(), text=text.strip(), by=by)
    journal.write("award.status_reported", award, by=by)
    return report


@transaction.atomic
def register_asset(
    award: Award,
    *,
    by: User,
    name: str,
    yen: int,
    bought_on: date,
    keep_until: date | None = None,
    place: str = "",
) -> Asset:
    """A thing bought with the grant that costs at least the programme's threshold.

    Raises Missing without a name, Refused for one that is below it.
    """
    require(by, Can.APPLY_TO_FUND, award)
    least = award.application.edition.asset_yen
    if not name.strip():
        raise Missing("品名を入力してください。", field="name")
    if yen < least:
        raise Refused(f"登録するのは、取得価格が{least:,}円以上のものです。", field="yen")
    asset = Asset(
        award=award,
        name=name.strip(),
        yen=yen,
        bought_on=bought_on,
        keep_until=keep_until,
        place=place.strip(),
    )
    check_fields(asset, only=["name", "yen", "place"])
    asset.save()
    journal.write("award.asset_registered", award, by=by, name=asset.name, yen=yen)
    return asset
