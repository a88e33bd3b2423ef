from musubi.people.models import Municipality
from musubi.plan import actions
from musubi.plan.models import Indicator, Plan
from tests.factories.people import make_municipality


def make_plan(municipality: Municipality | None = None, **words) -> Plan:
    """An adopted plan of 令和6–8年度."""
    return actions.adopt_plan(
        municipality or make_municipality(),
        by=None,
        **{"title": "見本SDGs未来都市計画", "first_year": 2024, "last_year": 2026, **words},
    )


def make_indicator(plan: Plan | None = None, **words) -> Indicator:
    return actions.add_indicator(
        plan or make_plan(),
        by=None,
        **{
            "name": "1人1日あたりのごみの量",
            "unit": "g",
            "direction": "down",
            "baseline": 820,
            "baseline_year": 2023,
            "target": 760,
            "target_year": 2026,
            **words,
        },
    )
