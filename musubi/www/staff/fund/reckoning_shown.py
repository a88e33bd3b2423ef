"""A reckoning as `staff/fund/reckoning.html` shows it: to what can be granted, and on to what is paid or comes back."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from musubi.fund.budget import terms_of
from musubi.fund.models import Application
from musubi.fund.terms.amounts import reckon
from musubi.www.fund_words import lines_of


def reckoning(application: Application, costs: Mapping[str, int], **money: int) -> list[dict]:
    """The steps for costs by category; the last one is what the terms give. `money` replaces what was applied for."""
    applied = {name: getattr(application, name) for name in ("other_grants", "income", "deductible_tax")}
    steps = reckon(
        terms_of(application.edition, application.support_year),
        costs,
        **applied | money,
    )
    lines = lines_of(steps, application.edition, application.support_year)
    return [{"words": line.label, "note": line.note, "yen": line.yen} for line in lines]


def fixing(
    application: Application, award_yen: int, costs: Mapping[str, int], paid: int, money: Mapping[str, int]
) -> list[dict]:
    """The steps to the final amount and to what is still to be paid (`rest`) or comes back."""
    found = reckoning(application, costs, **money)
    final = min(award_yen, found[-1]["yen"])
    found += [
        {"words": _("交付決定額"), "yen": award_yen, "aside": True},
        {
            "words": _("確定額"),
            "note": _("助成できる額と交付決定額の少ないほう"),
            "yen": final,
            "strong": True,
        },
        {"words": _("概算払済みの額"), "yen": paid, "aside": True},
    ]
    words = _("これから払う額(精算払)") if final >= paid else _("返還してもらう額")
    return [*found, {"words": words, "yen": abs(final - paid), "strong": True}]
