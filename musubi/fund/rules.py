"""Conditions beyond authority: windows, whose turn, what may be shown."""

from datetime import datetime

from musubi.fund.models import Application, Call
from musubi.lib import clock


def is_open(call: Call, at: datetime | None = None) -> bool:
    """Whether applications are taken: from the second it opens until, and without, the second it closes."""
    return call.state == "published" and call.opens_at <= (at or clock.now()) < call.closes_at


def may_be_written(application: Application, at: datetime | None = None) -> bool:
    """Whether the organisation may still change it: a draft of a call that is not over, or one returned to it."""
    if application.state == "returned":
        return True
    call = application.call
    return application.state == "draft" and call.state == "published"


def may_be_filed(application: Application, at: datetime | None = None) -> bool:
    """Whether it can be sent now. One returned for correction may come after the call has closed."""
    return application.state == "returned" or (application.state == "draft" and is_open(application.call, at))
