"""Conditions on a plan and on what it measures."""

from decimal import Decimal

from musubi.lib.errors import Refused
from musubi.plan.models import Indicator, Plan


def is_adopted(plan: Plan) -> bool:
    return plan.adopted_on is not None


def check_direction(direction: str, baseline: Decimal, target: Decimal) -> None:
    """The target lies where the direction says "better". Equal to the baseline is allowed: to keep what is good."""
    if direction == Indicator.Direction.UP and target < baseline:
        raise Refused(
            "「大きいほどよい」指標の目標値が、当初値より小さくなっています。向きか目標値を直してください。",
            field="target",
        )
    if direction == Indicator.Direction.DOWN and target > baseline:
        raise Refused(
            "「小さいほどよい」指標の目標値が、当初値より大きくなっています。向きか目標値を直してください。",
            field="target",
        )


def check_years(plan: Plan, baseline_year: int, target_year: int) -> None:
    """First the baseline, then the target, and the target not before the plan begins."""
    if target_year <= baseline_year:
        raise Refused(
            "目標値の年度は、当初値の年度より後にしてください。",
            field="target_year",
        )
    if target_year < plan.first_year:
        raise Refused(
            f"目標値の年度は、計画の最初の年度({plan.first_year}年度)以後にしてください。",
            field="target_year",
        )
