"""Money in: a fund is opened, contributions are promised and received, each yen written in the ledger."""

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.fund import ledger
from musubi.fund.models import Contribution, Fund, Pot, Programme
from musubi.fund.states import CONTRIBUTION, Account, Earmark, Source
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.fiscal import fiscal_year
from musubi.lib.lifecycle import hold, move
from musubi.people.models import Municipality, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.plan.models import Goal

CASH, FREE, PLEDGES, PROMISED = Account.CASH, Account.FREE, Account.PLEDGES, Account.PROMISED


@transaction.atomic
def open_fund(
    municipality: Municipality, *, by: User | None, name: str, fiscal_year: int, lead: str = ""
) -> Fund:
    """A fund for a fiscal year, with a pot for money that is meant for nothing in particular.

    Raises Missing without a name, Conflict where the year has a fund of this name already.
    """
    require(by, Can.MANAGE_FUND, municipality)
    if not name.strip():
        raise Missing("ファンドの名称を入力してください。", field="name")
    fund = Fund(
        municipality=municipality,
        fiscal_year=fiscal_year,
        name=name.strip(),
        lead=lead.strip(),
        opened_at=clock.now(),
    )
    check_fields(fund, only=["fiscal_year", "name"])
    try:
        with transaction.atomic():
            fund.save()
    except IntegrityError as error:
        raise Conflict(
            "この年度には、同じ名称のファンドがもうあります。名称を変えるか、一覧から開いてください。"
        ) from error
    Pot.objects.create(fund=fund, earmark=Earmark.GENERAL)
    journal.write("fund.opened", fund, by=by, fiscal_year=fiscal_year)
    return fund


@transaction.atomic
def rename_fund(fund: Fund, *, by: User | None, name: str, lead: str) -> None:
    """Put right what a fund is called and what it is for. The year stays; letters that were issued stay as they are.

    The journal keeps the words there were. Raises Missing without a name, Conflict where the year has another fund of
    this name, Refused where nothing differs.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    hold(fund, "ファンド")
    before = {"name": fund.name, "lead": fund.lead}
    fund.name, fund.lead = name.strip(), lead.strip()
    if not fund.name:
        raise Missing("ファンドの名称を入力してください。", field="name")
    if before == {"name": fund.name, "lead": fund.lead}:
        raise Refused("名称も趣旨も変わっていません。直してから保存してください。")
    check_fields(fund, only=["name"])
    try:
        with transaction.atomic():
            fund.save(update_fields=["name", "lead"])
    except IntegrityError as error:
        raise Conflict(
            "この年度には、同じ名称のファンドがもうあります。別の名称にしてください。", field="name"
        ) from error
    journal.write("fund.renamed", fund, by=by, **before)


@transaction.atomic
def earmark(
    fund: Fund,
    *,
    by: User | None,
    goal: Goal | None = None,
    programme: Programme | None = None,
    theme: str = "",
) -> Pot:
    """The pot for money meant for one goal, one programme or one theme; the one that is there already, if it is.

    Raises Missing unless exactly one of the three is named.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    theme = theme.strip()
    named = [goal is not None, programme is not None, bool(theme)]
    if sum(named) != 1:
        raise Missing("使いみちは、ゴール・制度・テーマのうち1つを選んでください。", field="earmark")
    if programme is not None and programme.municipality_id != fund.municipality_id:
        raise Refused("この制度は、別の自治体のものです。この自治体の制度を選んでください。")
    kind = Earmark.GOAL if goal else Earmark.PROGRAMME if programme else Earmark.THEME
    what = {"fund": fund, "earmark": kind, "goal": goal, "programme": programme, "theme": theme}
    if known := Pot.objects.filter(**what).first():
        return known
    pot = Pot(**what)
    check_fields(pot, only=["theme"])
    try:
        with transaction.atomic():
            pot.save()
    except IntegrityError:  # two at once: the other one's is as good
        return Pot.objects.get(**what)
    journal.write("fund.earmarked", fund, by=by, pot=str(pot))
    return pot


@transaction.atomic
def pledge(
    pot: Pot,
    *,
    by: User | None,
    source: Source,
    yen: int,
    name: str,
    organisation: Organisation | None = None,
    is_anonymous: bool = False,
    message: str = "",
    on: date | None = None,
    key: UUID | None = None,
) -> Contribution:
    """Somebody promises money. It cannot be spent before it is received. `key` names the form: sent twice, kept once.

    Raises Missing without a name or a sum, Refused for a sum beyond 10^15 yen.
    """
    fund = pot.fund
    require(by, Can.MANAGE_FUND, fund.municipality)
    sent_before = Contribution.objects.filter(key=key, fund=fund)
    if key and (known := sent_before.first()):
        return known
    name = name.strip() or (organisation.name if organisation else "")
    if not name:
        raise Missing("拠出者の名前を入力してください。", field="name")
    if source == Source.ORGANISATION and organisation is None:
        raise Missing("拠出した団体を選んでください。", field="organisation")
    _check_sum(yen)
    contribution = Contribution(
        fund=fund,
        pot=pot,
        key=key,
        source=source,
        organisation=organisation,
        name=name,
        is_anonymous=is_anonymous,
        yen=yen,
        message=message.strip(),
        pledged_on=on or clock.today(),
        recorded_by=by,
    )
    check_fields(contribution, only=["source", "name"])
    try:
        with transaction.atomic():
            contribution.ref = next_ref(fund.municipality_id, "contribution")
            contribution.save()
    except IntegrityError as error:
        if key and (known := sent_before.first()):
            return known
        raise Conflict("この画面からは、もう登録できません。拠出の一覧から登録し直してください。") from error
    ledger.post(
        pot,
        PLEDGES,
        PROMISED,
        yen,
        verb="contribution.pledged",
        by=by,
        on=contribution.pledged_on,
        contribution=contribution,
    )
    journal.write("contribution.pledged", contribution, by=by, yen=yen, pot=str(pot))
    return contribution


@transaction.atomic
def receive(contribution: Contribution, *, by: User | None, on: date | None = None) -> None:
    """The money came: from now on it can be spent.

    Raises Missing for a day to come, Refused where it was received or cancelled before, or for a day outside the
    fund's fiscal year. Follows: a receipt and a letter of thanks can be made.
    """
    require(by, Can.MANAGE_FUND, contribution.fund.municipality)
    on = on or clock.today()
    if on > clock.today():
        raise Missing("受領日に、先の日付は入れられません。", field="on")
    if fiscal_year(on) != contribution.fund.fiscal_year:
        raise Missing(
            f"受領日は{contribution.fund.fiscal_year}年度の日付にしてください。"
            "別の年度に受け取ったお金は、その年度のファンドに登録します。",
            field="on",
        )
    move(contribution, CONTRIBUTION, "received", received_on=on)
    of = {"verb": "contribution.received", "by": by, "on": on, "contribution": contribution}
    ledger.post(contribution.pot, PROMISED, PLEDGES, contribution.yen, **of)
    ledger.post(contribution.pot, CASH, FREE, contribution.yen, **of)
    journal.write("contribution.received", contribution, by=by, yen=contribution.yen)


@transaction.atomic
def cancel_pledge(contribution: Contribution, *, by: User | None, reason: str) -> None:
    """The promise is taken back before any money came. Raises Missing without a reason, Refused once received."""
    require(by, Can.MANAGE_FUND, contribution.fund.municipality)
    if not reason.strip():
        raise Missing("取りやめの理由を入力してください。", field="reason")
    move(contribution, CONTRIBUTION, "cancelled", cancelled_on=clock.today())
    promised = contribution.postings.get(verb="contribution.pledged", reverses=None)
    ledger.reverse(promised, by=by, words=reason.strip()[:200])
    journal.write("contribution.cancelled", contribution, by=by, reason=reason.strip())


@transaction.atomic
def return_contribution(contribution: Contribution, *, by: User | None, reason: str) -> None:
    """Money that was received by mistake, or that its giver wants back, is given back, as long as it is free.

    Raises Missing without a reason, Refused where it was never received, was given back before, or is spent.
    """
    require(by, Can.MANAGE_FUND, contribution.fund.municipality)
    if not reason.strip():
        raise Missing("返す理由を入力してください。", field="reason")
    hold(contribution, CONTRIBUTION.subject)
    received = contribution.postings.filter(verb="contribution.received", debit=CASH, reverses=None).first()
    if received is None:
        raise Refused("この拠出は、まだ受け取っていません。約束の取りやめを選んでください。")
    if hasattr(received, "reversed_by"):
        raise Refused("この拠出は、すでに返しています。画面を読み込み直して確かめてください。")
    ledger.reverse(received, by=by, words=reason.strip()[:200])
    move(contribution, CONTRIBUTION, "returned")
    journal.write("contribution.returned", contribution, by=by, reason=reason.strip(), yen=contribution.yen)


def _check_sum(yen: int) -> None:
    # A fraction would be cut without a word.
    if type(yen) is not int or yen < 1:
        raise Missing("金額を1円以上で入力してください。", field="yen")
    if yen > ledger.LARGEST:
        raise Missing("金額が大きすぎます。桁を確かめてください。", field="yen")
