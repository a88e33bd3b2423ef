"""An award's own part of the ledger, by pot: what the actions on awards post through."""

from collections.abc import Mapping

from musubi.fund import ledger
from musubi.fund.models import Award
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
