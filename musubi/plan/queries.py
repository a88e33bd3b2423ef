"""Goals, fields, plans and their indicators, for reading."""

from django.db import models
from django.utils.translation import get_language

from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.plan.models import Field, Goal, Indicator, Plan, Target


def goals() -> models.QuerySet[Goal]:
    return Goal.objects.all()


def targets_of(goal: int) -> list[Target]:
    """The targets of one goal in the official order: numbers first (1.1, 1.2, … 1.10), then letters (1.a)."""

    def order(target: Target) -> tuple[bool, int, str]:
        last = target.code.split(".")[1]
        return (not last.isdigit(), int(last) if last.isdigit() else 0, last)

    return sorted(Target.objects.filter(goal=goal), key=order)


def fields() -> models.QuerySet[Field]:
    return Field.objects.all()


def field_choices() -> list[tuple[str, str]]:
    """(code, name in the language of the page) of every field, read once: the table changes only with an upgrade."""
    if not _fields:
        _fields.extend(fields().values_list("code", "name", "name_en"))
    english = get_language() == "en"
    return [(code, name_en if english else name) for code, name, name_en in _fields]


_fields: list[tuple[str, str, str]] = []


def visible_to(user, municipality: Municipality) -> models.QuerySet[Plan]:
    """Plans that were adopted are public; one still being written is for the desk, who writes it."""
    rows = Plan.objects.filter(municipality=municipality)
    if authority(user).may_in(Can.MANAGE_PLAN, municipality.pk):
        return rows
    return rows.filter(adopted_on__lte=clock.today())


def current(municipality: Municipality, year: int | None = None) -> Plan | None:
    """The adopted plan whose term holds a fiscal year (default: this one); the latest adopted, where several do."""
    year = year or fiscal_year(clock.today())
    return (
        Plan.objects.filter(
            municipality=municipality,
            adopted_on__lte=clock.today(),
            first_year__lte=year,
            last_year__gte=year,
        )
        .order_by("-adopted_on", "-pk")
        .first()
    )


def indicators_of(plan: Plan) -> models.QuerySet[Indicator]:
    """With goals and department, in a constant number of statements, in the order they were added."""
    return plan.indicators.select_related("department").prefetch_related("goals").order_by("pk")
