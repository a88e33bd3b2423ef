"""What the desk does with the municipality's SDGs plan."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db import transaction

from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.people.models import Department, Municipality, User
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.plan import rules
from musubi.plan.models import Goal, Indicator, Plan


@transaction.atomic
def adopt_plan(
    municipality: Municipality,
    *,
    title: str,
    first_year: int,
    last_year: int,
    by: User | None,
    vision: str = "",
    adopted_on: date | None = None,
    headquarters_since: int | None = None,
) -> Plan:
    """The municipality adopts its plan: its name, vision and term in fiscal years (2024 is 令和6年度).

    `adopted_on` is today unless an earlier day is given; `headquarters_since` is the fiscal year in which the
    headquarters led by the mayor was set up. Raises Refused where the term ends before it begins.
    """
    require(by, Can.MANAGE_PLAN, municipality)
    day = adopted_on or clock.today()
    if not title.strip():
        raise Missing("計画の名称を入力してください。", field="title")
    if last_year < first_year:
        raise Refused("最後の年度は、最初の年度以後にしてください。", field="last_year")
    if day > clock.today():
        raise Refused("策定日には、今日までの日を入力してください。", field="adopted_on")
    plan = Plan(
        municipality=municipality,
        title=title.strip(),
        vision=vision.strip(),
        first_year=first_year,
        last_year=last_year,
        adopted_on=day,
        headquarters_since=headquarters_since,
    )
    check_fields(plan)
    plan.save()
    journal.write(
        "plan.adopted", plan, by=by, adopted_on=day.isoformat(), first_year=first_year, last_year=last_year
    )
    return plan


@transaction.atomic
def add_indicator(
    plan: Plan,
    *,
    name: str,
    unit: str,
    direction: str,
    baseline: Decimal | int | str,
    baseline_year: int,
    target: Decimal | int | str,
    target_year: int,
    by: User | None,
    goals: Iterable[int] = (),
    department: Department | None = None,
) -> Indicator:
    """The desk adds what the plan measures. Years are fiscal years; `goals` are goal numbers.

    Raises Refused where the target lies on the wrong side of the baseline for the direction ("up" or "down";
    equal is allowed: to keep what is good), or a year or department does not fit the plan.
    """
    require(by, Can.MANAGE_PLAN, plan)
    if direction not in Indicator.Direction.values:
        raise Refused(
            "指標の向きを「大きいほどよい」「小さいほどよい」から選んでください。", field="direction"
        )
    if department is not None and department.municipality_id != plan.municipality_id:
        raise Refused("担当部署は、この自治体の部署から選んでください。", field="department")
    row = Indicator(
        plan=plan,
        department=department,
        name=name.strip(),
        unit=unit.strip(),
        direction=direction,
        baseline=_number(baseline, "baseline"),
        baseline_year=baseline_year,
        target=_number(target, "target"),
        target_year=target_year,
    )
    check_fields(row)
    rules.check_direction(direction, row.baseline, row.target)
    rules.check_years(plan, baseline_year, target_year)
    row.save()
    row.goals.set(_goals(goals))
    journal.write(
        "indicator.added",
        row,
        by=by,
        unit=row.unit,
        direction=direction,
        baseline=str(row.baseline),
        baseline_year=baseline_year,
        target=str(row.target),
        target_year=target_year,
    )
    return row


def _number(value: Decimal | int | str, field: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        label = Indicator._meta.get_field(field).verbose_name
        raise Refused(f"「{label}」には数字を入力してください。", field=field)
    return number


def _goals(numbers: Iterable[int]) -> list[Goal]:
    wanted = set(numbers)
    found = list(Goal.objects.filter(number__in=wanted))
    if len(found) != len(wanted):
        raise Refused("SDGsゴールは、1から17の番号で選んでください。", field="goals")
    return found
