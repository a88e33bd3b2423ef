from musubi.fund import actions
from musubi.fund.models import Contribution, Fund, Pot
from musubi.fund.states import Source
from musubi.people.models import Municipality
from tests.factories.people import make_municipality, make_organisation


def make_fund(
    municipality: Municipality | None = None, *, year: int = 2025, name: str = "見本ファンド"
) -> Fund:
    """A fund opened through the actions; its general pot is `general(fund)`."""
    return actions.open_fund(municipality or make_municipality(), by=None, name=name, fiscal_year=year)


def general(fund: Fund) -> Pot:
    return fund.pots.get(earmark="general")


def make_contribution(
    pot: Pot | None = None, *, yen: int = 1_000_000, state: str = "received", **words
) -> Contribution:
    """A company's contribution brought to `state` through the actions."""
    contribution = actions.pledge(
        pot or general(make_fund()),
        by=None,
        source=Source.ORGANISATION,
        yen=yen,
        **{"name": "", "organisation": make_organisation(), **words},
    )
    if state in ("received", "returned"):
        actions.receive(contribution, by=None)
    if state == "cancelled":
        actions.cancel_pledge(contribution, by=None, reason="事情が変わったため")
    if state == "returned":
        actions.return_contribution(contribution, by=None, reason="振込先の誤り")
    return contribution
