"""An award's own part of the ledger, by pot: what the actions on awards post through."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from django.db.models import QuerySet

from musubi.fund import ledger
from musubi.fund.models import Award, Claim, Payment, Posting
from musubi.fund.states import APPLICATION, Account
from musubi.lib.lifecycle import hold


def hold_award(award: Award) -> None:
    """Let others who act on the award wait: first the application, then the award, always in this order."""
    hold(award.application, APPLICATION.subject)
    hold(award, "交付決定")


def by_pot(award: Award) -> dict[int, dict[Account, int]]:
    """What the ledger holds for an award, by pot and account."""
    return {
        share.pot_id: ledger.balances(award.postings.filter(pot=share.pot_id)) for share in award.shares.all()
    }


def post(award: Award, debit: Account, credit: Account, parts: Mapping[int, int], **of) -> None:
    """Post the parts, pot → yen, in one order."""
    pots = {share.pot_id: share.pot for share in award.shares.select_related("pot__goal", "pot__programme")}
    for pot, yen in sorted(parts.items()):
        if yen:
            ledger.post(pots[pot], debit, credit, yen, award=award, **of)


def runs(lines: QuerySet[Posting], records: Iterable[Payment | Claim]) -> dict[int, list[Posting]]:
    """Which lines belong to which record (by its id), of all records of one kind and day at an award: each wrote a run, a
    line for each pot that adds up to its `yen`. Lines that were reversed since are left out, as their records are.

    Where the sums allow more than one division any serves: it is the same money, from the same pots.
    """
    sums = {record.pk: record.yen for record in sorted(records, key=lambda record: record.pk)}
    found = _parted(list(lines.filter(reversed_by=None).order_by("pk")), sums)
    if found is None:
        raise ValueError(f"the ledger does not say what the records {sums} say")
    return found


def _parted(lines: list[Posting], sums: Mapping[int, int]) -> dict[int, list[Posting]] | None:
    if not sums:
        return None if lines else {}
    for key, yen in sums.items():
        reached = list(accumulate(line.yen for line in lines))
        if yen in reached:
            end = reached.index(yen) + 1
            rest = _parted(lines[end:], {other: sums[other] for other in sums if other != key})
            if rest is not None:
                return {key: lines[:end], **rest}
    return None
