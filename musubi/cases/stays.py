"""Keeping how long a case stays at each stage. Only the actions that move a case call this."""

from musubi.cases.models import Case, Stay
from musubi.cases.states import PATH, StayEnd
from musubi.lib import clock


def begin(case: Case) -> None:
    """A stay at the stage the case has just entered; completion is the end of the path and no stay."""
    if case.stage not in PATH[:-1]:
        return
    Stay.objects.create(
        case=case,
        municipality_id=case.municipality_id,
        department_id=case.lead_id,
        track=case.proposal.track if case.proposal_id else "",
        stage=case.stage,
        since=case.stage_since,
    )


def finish(case: Case, end: StayEnd) -> None:
    """The open stay of the case, if there is one (a paused case has none), ends now."""
    Stay.objects.filter(case=case, until=None).update(until=clock.now(), end=end)
