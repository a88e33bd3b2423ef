"""What tests of awards share: an award of 800,000 yen from two pots, and its fund's books."""

from contextlib import contextmanager
from datetime import date

from musubi.fund import actions, ledger
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import Award, Fund, Posting
from musubi.lib import clock
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_contribution,
    make_edition,
)

INSPECTED = dict.fromkeys(INSPECTION, True)
SEEN = "現地で確認した"


@contextmanager
def on(month: int, day: int, year: int = 2025):
    with clock.standing_at(date(year, month, day)):
        yield


def held(fund: Fund) -> dict[str, int]:
    """What each account holds that holds anything; balanced, in every pot."""
    for pot in fund.pots.all():
        balances = ledger.balances(Posting.objects.filter(pot=pot))
        assert ledger.is_balanced(balances)
        assert balances["free"] == pot.available
    balances = ledger.balances(Posting.objects.filter(fund=fund))
    return {account.value: yen for account, yen in balances.items() if yen}


def award_of(fund: Fund, **rules) -> Award:
    """An award of 800,000 yen in a fund of 3,500,000: 300,000 from the general pot and 500,000 for the sea."""
    with on(5, 1):
        make_contribution(general(fund), yen=3_000_000)
        sea = actions.earmark(fund, by=None, theme="海の環境")
        make_contribution(sea, yen=500_000)
    with on(6, 12):
        application = make_application(make_call(fund, edition=make_edition(fund.municipality, **rules)))
    with on(8, 25):
        return make_award(application, shares={general(fund).pk: 300_000, sea.pk: 500_000})


def accept(award: Award) -> None:
    with on(8, 28):
        actions.accept_award(award, by=award.application.filed_by)


def advance(award: Award, yen: int) -> None:
    """The award is accepted where it was not, and `yen` of it paid in advance."""
    person = award.application.filed_by
    if award.accepted_at is None:
        accept(award)
    with on(9, 1):
        payment = actions.request_advance(award, by=person, yen=yen, reason="準備に資金が要るため")
        actions.pay(payment, by=None)


def report(award: Award, yen: int) -> None:
    """`yen` were spent on wages, of which the terms give four fifths."""
    person = award.application.filed_by
    costs = [{"category": "wages", "label": "担当者", "yen": yen}]
    with on(3, 10, 2026):
        actions.save_report(award, by=person, done="藻場を増やした。", effect="1ha増えた。", costs=costs)
        actions.file_report(award, by=person)


def fix(award: Award) -> int:
    with on(3, 20, 2026):
        return actions.fix_amount(award, by=None, inspection=INSPECTED, without_evidence=SEEN)


def state(award: Award) -> str:
    award.application.refresh_from_db()
    return award.application.state
