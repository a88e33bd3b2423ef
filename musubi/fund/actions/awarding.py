"""After the award: acceptance, payments, changes, how the work goes, what was bought."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum

from musubi.fund.actions.applying import set_costs
from musubi.fund.award_books import by_pot, hold_award, post
from musubi.fund.budget import reckoned
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
    """The organisation accepts the decision and its conditions.

    Raises Conflict where it has done so, Refused for an award that was changed, revoked or reported on since.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if award.application.state != "awarded":
        raise Refused("交付決定を承諾できる段階ではありません。画面を読み込み直して確かめてください。")
    update(award, "交付決定", guard={"accepted_at": None}, accepted_at=clock.now(), accepted_by=by)
    journal.write("award.accepted", award, by=by)


@transaction.atomic
def request_advance(award: Award, *, by: User, yen: int, reason: str, key: UUID | None = None) -> Payment:
    """The organisation asks for money before the work is done. `key` names the form: sent twice, asked once.

    Raises Missing without a reason, Refused before acceptance or for more than is left of the award, Conflict for a
    `key` that another award's form had.
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
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                award=award,
                key=key,
                kind=PaymentKind.ADVANCE,
                yen=yen,
                reason=reason.strip(),
                requested_at=clock.now(),
                requested_by=by,
            )
    except IntegrityError as error:
        raise Conflict(
            "この画面からは、もう請求できません。交付決定の画面から請求し直してください。"
        ) from error
    journal.write("payment.requested", award, by=by, yen=yen)
    return payment


@transaction.atomic
def pay(payment: Payment, *, by: User | None, on: date | None = None) -> None:
    """The money was paid out. Raises Missing for a day to come or before the award, Refused where it was paid or cancelled
    before, or where the award has not so much left.

    Follows: after an advance the application is `advanced`, after the rest it is `settled`.
    """
    award = payment.award
    require(by, Can.MANAGE_FUND, award)
    on = on or clock.today()
    if on > clock.today():
        raise Missing("支払日に、先の日付は入れられません。", field="on")
    if on < award.decided_on:
        raise Missing("支払日に、交付決定より前の日付は入れられません。", field="on")
    hold_award(award)
    move(payment, PAYMENT, "paid", paid_on=on, paid_by=by)
    debit = ADVANCES if payment.kind == PaymentKind.ADVANCE else PAYABLE
    held = by_pot(award)
    if debit == ADVANCES:
        over = {pot: held[pot][COMMITTED] - held[pot][ADVANCES] for pot in held}
    else:
        over = {pot: held[pot][PAYABLE] for pot in held}
    if payment.yen > sum(over.values()):
        raise Refused(
            f"交付決定額のうち払えるのは、残り{sum(over.values()):,}円です。この請求を取り消し、請求し直してもらってください。"
        )
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
    """The organisation asks to change the amount (`yen`, not more than now), the content, or to stop. `costs` is the
    budget after the change: the amount may not be more than the terms give for it.

    Raises Missing without a reason or an amount, Refused for a larger amount, at another stage or while one is open.
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
    if kind == Change.Kind.AMOUNT and yen is None:
        raise Missing("変更後の額を入力してください。", field="yen")
    after = {Change.Kind.STOP: 0, Change.Kind.AMOUNT: yen}.get(kind, award.yen)
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
        most = reckoned(application, Phase.CHANGE)[-1].yen
        if after > most:
            raise Refused(
                f"変更後の経費で助成できるのは{most:,}円までです。額を{most:,}円以下に変更してください。",
                field="yen",
            )
    journal.write("change.requested", award, by=by, kind=kind, after=after)
    return change


@transaction.atomic
def decide_change(change: Change, *, by: User | None, approve: bool, words: str) -> None:
    """The secretariat approves or refuses a change; what an approved one sets free can be spent again.

    Raises Missing without words for a refusal, Refused where it was decided before or put aside with the award, and where
    more was paid in advance than would be left, or asked for and not paid yet.
    """
    award = change.award
    require(by, Can.MANAGE_FUND, award)
    hold_award(award)
    # Whoever else decides it, or revokes the award, holds the award too.
    change.refresh_from_db(fields=["state"])
    CHANGE.require(change.state, "approved" if approve else "refused")
    application = award.application
    if not approve and not words.strip():
        raise Missing("承認しない理由を入力してください。", field="words")
    told = {"decided_on": clock.today(), "decided_by": by, "words": words.strip()}
    if not approve:
        move(change, CHANGE, "refused", **told)
        _go_on(award)
        journal.write("change.refused", award, by=by, words=words.strip())
        return
    held = by_pot(award)
    paid = sum(one[ADVANCES] for one in held.values())
    if change.after_yen < paid:
        raise Refused(
            f"すでに{paid:,}円を概算払しています。先に実績報告と額の確定を行い、残りを返還してもらってください。"
        )
    asked = award.payments.filter(state="requested").aggregate(yen=Sum("yen"))["yen"] or 0
    if change.kind != Change.Kind.STOP and change.after_yen < paid + asked:
        raise Refused(
            f"まだ払っていない概算払の請求({asked:,}円)が、変更後の額に収まりません。先にその請求を取り消してください。"
        )
    less = award.yen - change.after_yen
    if less:
        over = {pot: held[pot][COMMITTED] - held[pot][ADVANCES] for pot in held}
        parts = spread(less, over)
        post(award, COMMITTED, FREE, parts, verb="change.approved", by=by)
        for share in award.shares.all():
            update(share, "財源", guard={"yen": share.yen}, yen=share.yen - parts[share.pot_id])
        update(award, "交付決定", guard={"yen": change.before_yen}, yen=change.after_yen)
    move(change, CHANGE, "approved", **told)
    if change.kind == Change.Kind.STOP:
        move(application, APPLICATION, "withdrawn", reason=change.reason)
        award.payments.filter(state="requested").update(state="cancelled")
    else:
        _go_on(award)
    journal.write("change.approved", award, by=by, kind=change.kind, yen=award.yen)


@transaction.atomic
def report_status(award: Award, *, by: User, text: str) -> StatusReport:
    """How the work goes. Raises Missing without words, Refused once it is reported as done."""
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
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

    Raises Missing without a name or for a day to come, Refused for one that is below it, or for an award that was
    stopped or revoked.
    """
    require(by, Can.APPLY_TO_FUND, award)
    hold_award(award)
    if award.application.state in APPLICATION.closed:
        raise Refused("交付決定が取り消されたか、中止した事業の財産は登録できません。")
    least = award.application.edition.asset_yen
    if not name.strip():
        raise Missing("品名を入力してください。", field="name")
    if yen < least:
        raise Refused(f"登録するのは、取得価格が{least:,}円以上のものです。", field="yen")
    if bought_on > clock.today():
        raise Missing("取得日に、先の日付は入れられません。", field="bought_on")
    if keep_until is not None and keep_until < bought_on:
        raise Refused("処分を制限する期間の終わりは、取得日より後にしてください。", field="keep_until")
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


def _go_on(award: Award) -> None:
    """After a change was decided: an advance may have been paid while it was open."""
    is_advanced = award.payments.filter(kind=PaymentKind.ADVANCE, state="paid").exists()
    move(award.application, APPLICATION, "advanced" if is_advanced else "awarded")
