from datetime import timedelta

from musubi.gatherings import actions
from musubi.gatherings.models import Gathering
from musubi.lib import clock
from musubi.people.models import Department, Municipality
from musubi.people.queries import desk_of
from tests.factories.people import make_municipality


def make_gathering(
    municipality: Municipality | None = None,
    *,
    state: str = "open",
    department: Department | None = None,
    **words,
) -> Gathering:
    """A two-hour gathering ten days from now, brought to `state` through the actions on its own days."""
    department = department or desk_of((municipality or make_municipality()).pk)
    starts_at = words.pop("starts_at", clock.now() + timedelta(days=10))
    words = {
        "kind": "exchange",
        "title": "公民連携交流会",
        "ends_at": starts_at + timedelta(hours=2),
        **words,
    }
    row = actions.draft_gathering(department, by=None, starts_at=starts_at, **words)
    if state not in ("draft", "cancelled"):
        actions.open_gathering(row, by=None)
    if state == "closed":
        actions.close_gathering(row, by=None)
    if state in ("held", "reported"):
        with clock.standing_at(row.ends_at):
            actions.hold(row, by=None)
            if state == "reported":
                actions.report(row, "32団体が参加しました。", by=None)
    if state == "cancelled":
        actions.open_gathering(row, by=None)
        actions.cancel(row, by=None, reason="台風のため")
    return row
