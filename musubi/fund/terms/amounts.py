"""What a programme's terms give: from the costs of a project to the grant, each step with its reason. Yen are integers,
rates are fractions; nothing is ever rounded but where the terms say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Direction(StrEnum):
    """Which way what is left over the unit goes."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"


@dataclass(frozen=True)
class Rounding:
    """To whole `unit` yen (1, 100, 1,000 …)."""

    unit: int = 1000
    direction: Direction = Direction.DOWN

    def __post_init__(self):
        if self.unit < 1:
            raise ValueError("the unit is at least one yen")

    def apply(self, amount: Fraction | int) -> int:
        """An amount (yen, not negative) in whole units."""
        units = Fraction(amount) / self.unit
        whole = units.numerator // units.denominator
        over = units - whole
        if (self.direction is Direction.UP and over) or (
            self.direction is Direction.HALF_UP and over >= Fraction(1, 2)
        ):
            whole += 1
        return whole * self.unit


@dataclass(frozen=True)
class Category:
    """An eligible kind of cost. `cap` in yen, or `share` of all eligible cost (before this cap), whichever is less."""

    code: str
    cap: int | None = None
    share: Fraction | None = None
    eligible: bool = True


@dataclass(frozen=True)
class Terms:
    """What one year of support pays: `rate` of the eligible cost (None: the cost itself, 定額), at most `cap`.

    `own_share` is the least part of the eligible cost the organisation bears from its own money: neither the grant nor
    other grants nor the project's income may pay it.
    `tax` says what happens to consumption tax the organisation can deduct: "deduct" it from the costs at application,
    "report" it later and pay back, or "ignore" it.
    """

    rate: Fraction | None
    cap: int | None = None
    rounding: Rounding = field(default_factory=Rounding)
    categories: tuple[Category, ...] = ()
    own_share: Fraction = Fraction(0)
    tax: str = "ignore"


@dataclass(frozen=True)
class Step:
    """One line of the reckoning: what it is (`code`), and the yen after it. The last one is the grant."""

    code: str
    yen: int
    detail: str = ""


def reckon(
    terms: Terms,
    costs: Mapping[str, int],
    *,
    other_grants: int = 0,
    income: int = 0,
    deductible_tax: int = 0,
) -> list[Step]:
    """The grant for costs by category, step by step; the last step's yen is the grant, never negative.

    The eligible cost is what the categories (and tax, where it is deducted) leave, before other money is taken off. A
    grant together with other grants and income is at most (1 - `own_share`) of it, after rounding too; where the others
    alone pass that, there is no grant.

    Raises ValueError for a cost below nothing or of an unknown category.
    """
    known = {category.code: category for category in terms.categories}
    if unknown := sorted(set(costs) - set(known)):
        raise ValueError(f"unknown categories {unknown}")
    if any(yen < 0 for yen in (*costs.values(), other_grants, income, deductible_tax)):
        raise ValueError("yen below zero")
    steps = [Step("costs", sum(costs.values()))]
    counted = {code: yen for code, yen in costs.items() if known[code].eligible}
    steps.append(Step("eligible", sum(counted.values())))
    eligible = _capped(terms.categories, counted)
    if eligible != steps[-1].yen:
        steps.append(Step("categories", eligible))
    if terms.tax == "deduct" and deductible_tax:
        eligible = max(eligible - deductible_tax, 0)
        steps.append(Step("tax", eligible))
    others = other_grants + income
    # What is left of the eligible cost for a grant once the own share and other money have paid their part.
    limit = max(eligible * (1 - terms.own_share) - others, Fraction(0))
    if others:
        eligible = max(eligible - others, 0)
        steps.append(Step("other_money", eligible))
    grant = Fraction(eligible) if terms.rate is None else eligible * terms.rate
    if grant > limit:
        grant = limit
        steps.append(Step("own_share", grant.numerator // grant.denominator))
    elif terms.rate is not None:
        steps.append(Step("rate", grant.numerator // grant.denominator))
    if terms.cap is not None and grant > terms.cap:
        grant = Fraction(terms.cap)
        steps.append(Step("cap", terms.cap))
    # Rounding up must not lift it over the cap, nor over what the own share and other money leave.
    most = limit if terms.cap is None else min(limit, Fraction(terms.cap))
    rounded = min(terms.rounding.apply(grant), most.numerator // most.denominator)
    steps.append(Step("rounded", rounded))
    return steps


def grant(terms: Terms, costs: Mapping[str, int], **money: int) -> int:
    """The yen `reckon` ends with."""
    return reckon(terms, costs, **money)[-1].yen


def fixed_amount(award: int, terms: Terms, actual: Mapping[str, int], **money: int) -> int:
    """The final amount: the least of the award and of what the terms give for the actual costs."""
    return min(award, grant(terms, actual, **money))


def _capped(categories: Sequence[Category], costs: Mapping[str, int]) -> int:
    """The eligible cost once each category is held to its own cap; shares are of the whole before any cap."""
    whole = sum(costs.values())
    total = 0
    for category in categories:
        yen = costs.get(category.code, 0)
        if category.cap is not None:
            yen = min(yen, category.cap)
        if category.share is not None:
            part = whole * category.share
            yen = min(yen, part.numerator // part.denominator)
        total += yen
    return total
