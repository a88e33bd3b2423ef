"""Conditions beyond authority: windows, whose turn, what may be shown."""

from datetime import date, datetime

from musubi.fund.models import Application, Call
from musubi.lib import clock
from musubi.lib.workdays import add_workdays
from musubi.people.queries import closing_days


def is_open(call: Call, at: datetime | None = None) -> bool:
    """Whether applications are taken: from the second it opens until, and without, the second it closes."""
    return call.state == "published" and call.opens_at <= (at or clock.now()) < call.closes_at


def takes_corrections(call: Call) -> bool:
    """Whether the secretariat still checks and returns what was filed: until the results, unless it is given up."""
    return call.state in ("published", "screening")


def may_be_written(application: Application) -> bool:
    """Whether the organisation may still change it: a draft of a call that is not over, or one returned to it."""
    if application.state == "returned":
        return takes_corrections(application.call)
    return application.state == "draft" and application.call.state == "published"


def may_be_filed(application: Application, at: datetime | None = None) -> bool:
    """Whether it can be sent now. One returned for correction may come after the call has closed."""
    if application.state == "returned":
        return takes_corrections(application.call)
    return application.state == "draft" and is_open(application.call, at)


def correction_due(call: Call) -> date:
    """The day that is offered when an application is returned today: as many working days as the edition gives."""
    closed = closing_days(call.municipality_id)
    return add_workdays(clock.today(), call.edition.correction_days, closed=closed)


def may_be_reported(application: Application) -> bool:
    """Whether the performance report may be written: the money is granted, and no change of it waits."""
    return application.state in ("awarded", "advanced")
