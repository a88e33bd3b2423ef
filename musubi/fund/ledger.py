"""The ledger: the one place where postings are written, and what the accounts hold.

Cash + advances + claims = free + committed + payable, in each pot and at every moment: the database takes no posting that
would break it (`Posting` says why). What is free in a pot stands beside the ledger in `Pot.available`, which the
database moves with each posting; whoever spends waits for the pot first, and is refused what is not there.
"""

from datetime import date

from django.db import models, transaction
from django.db.models import Sum
from django.db.transaction import TransactionManagementError

from musubi.fund.models import Fund, Posting, Pot
from musubi.fund.states import Account
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.models import User

LARGEST = 10**15
ASSETS = [Account.CASH, Account.ADVANCES, Account.CLAIMS]
DUTIES = [Account.FREE, Account.COMMITTED, Account.PAYABLE]


def post(
    pot: Pot,
    debit: Account,
    credit: Account,
    yen: int,
    *,
    verb: str,
    by: User | None,
    on: date | None = None,
    **of,
) -> Posting:
    """Write that `yen` went from `credit` to `debit`; call it inside an action's transaction.

    `of` names what it belongs to: `contribution`, `award`, `reverses`, `words`. Raises Refused where the pot has not so
    much that is free, TransactionManagementError outside a transaction: half of a posting would stay behind.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("a posting is part of an action's transaction")
    if debit == Account.FREE:
        _require_free(pot, yen)
    return Posting.objects.create(
        fund_id=pot.fund_id,
        pot=pot,
        debit=debit,
        credit=credit,
        yen=yen,
        verb=verb,
        on=on or clock.today(),
        written_at=clock.now(),
        written_by=by,
        **of,
    )


def reverse(posting: Posting, *, by: User | None, words: str, on: date | None = None) -> Posting:
    """Write the opposite of a posting; a posting is reversed once (the database refuses a second time)."""
    return post(
        posting.pot,
        Account(posting.credit),
        Account(posting.debit),
        posting.yen,
        verb=f"{posting.verb}.reversed",
        by=by,
        on=on,
        contribution=posting.contribution,
        award=posting.award,
        reverses=posting,
        words=words,
    )


def balances(postings: models.QuerySet[Posting]) -> dict[Account, int]:
    """What each account holds in yen: one statement. What owes or promises counts positive on its own side."""
    held = dict.fromkeys(Account, 0)
    for debit, credit, yen in postings.order_by().values_list("debit", "credit").annotate(Sum("yen")):
        _add(held, debit, credit, yen)
    return held


def balances_by(postings: models.QuerySet[Posting], column: str) -> dict[int, dict[Account, int]]:
    """As `balances`, for each value of a column ("pot", "fund", "award"): one statement for any number of them."""
    found: dict[int, dict[Account, int]] = {}
    for value, debit, credit, yen in (
        postings.order_by().values_list(column, "debit", "credit").annotate(Sum("yen"))
    ):
        _add(found.setdefault(value, dict.fromkeys(Account, 0)), debit, credit, yen)
    return found


def _add(held: dict[Account, int], debit: str, credit: str, yen: int) -> None:
    held[Account(debit)] += yen * _side(debit)
    held[Account(credit)] -= yen * _side(credit)


def _side(account: str) -> int:
    """1 for what is held, -1 for what is owed or promised: those count positive on the credit side."""
    return -1 if account in (*DUTIES, Account.PROMISED) else 1


def is_balanced(held: dict[Account, int]) -> bool:
    """Whether what a fund has equals what it owes, has committed and is free to give."""
    return (
        sum(held[account] for account in ASSETS) == sum(held[account] for account in DUTIES)
        and held[Account.PLEDGES] == held[Account.PROMISED]
    )


def book(fund: Fund) -> models.QuerySet[Posting]:
    """Every posting of a fund, oldest first, with what its line shows."""
    return (
        Posting.objects.filter(fund=fund)
        .select_related("pot__goal", "pot__programme", "contribution", "award__application__organisation")
        .order_by("on", "pk")
    )


def _require_free(pot: Pot, yen: int) -> None:
    """Raise Refused where less is free; else it stays free for this action alone: others who spend from the pot wait."""
    left = Pot.objects.select_for_update(no_key=True).values_list("available", flat=True).get(pk=pot.pk)
    if left < yen:
        raise Refused(
            f"「{pot}」の使える額が足りません。必要な額は{yen:,}円、いま使える額は{left:,}円です。"
            "ほかの財源を選ぶか、金額を見直してください。"
        )
