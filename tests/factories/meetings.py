from datetime import timedelta

from musubi.cases.meetings import actions as meetings
from musubi.cases.models import Case, Meeting
from musubi.lib import clock
from musubi.people.models import User


def days_ahead(*days: int, hour: int = 14) -> list:
    """Moments so many days from today."""
    return [clock.at(clock.today() + timedelta(days=day), hour) for day in days]


def make_offer(case: Case, by: User, *, days=(3, 5, 7), **words) -> Meeting:
    """Times offered by `by`, on days from today."""
    words = {"title": "進め方の相談", "place": "市役所3階", **words}
    return meetings.offer_times(case, by=by, times=days_ahead(*days), **words)


def make_fixed(case: Case, by: User, **words) -> Meeting:
    """A talk fixed at the first of the times `by` offered."""
    meeting = make_offer(case, by, **words)
    meetings.fix_time(meeting, by=by, slot=meeting.slots.first())
    return meeting
