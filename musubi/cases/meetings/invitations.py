"""A talk in people's calendars: the invitation each of them gets by mail, and the file they may download."""

from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings

from musubi.cases.models import Case, Meeting
from musubi.lib import calendar
from musubi.people.models import User


def letter(
    meeting: Meeting, facts: dict, *, to: User, path: str, stamp: datetime, cancelled: bool = False
) -> str:
    """The invitation, its update or its cancellation for one person, as an iCalendar object.

    `facts` are those of `Meeting.invitation` as they were kept in the journal, `path` the page of the case as this
    person reads it. The same meeting always bears the same UID; each change one sequence number more.
    """
    event = _event(
        meeting,
        facts,
        path=path,
        stamp=stamp,
        cancelled=cancelled,
        organizer=_organizer(meeting.case),
        attendee=calendar.Person(str(to), to.email),
    )
    return calendar.write([event], method=calendar.CANCEL if cancelled else calendar.REQUEST)


def download(meeting: Meeting, *, path: str, stamp: datetime) -> str:
    """The fixed meeting as it is now, to be put into a calendar by hand."""
    event = _event(meeting, meeting.invitation, path=path, stamp=stamp, organizer=_organizer(meeting.case))
    return calendar.write([event], method=calendar.PUBLISH)


def _event(meeting: Meeting, facts: dict, *, path: str, **more) -> calendar.Event:
    case = meeting.case
    starts = datetime.fromisoformat(facts["at"])
    address = f"{settings.ORIGIN}{path}"
    parties = "、".join(str(organisation) for organisation in case.organisations.all())
    return calendar.Event(
        uid=f"{meeting.uid}@musubi",
        starts=starts,
        ends=starts + timedelta(minutes=facts["minutes_long"]),
        summary=f"打合せ: {facts['subject']}",
        location=facts["place"],
        description=f"{case.title}({case.ref})\n{case.municipality} {case.lead} / {parties}\n\n{address}",
        url=address,
        sequence=facts["sequence"],
        **more,
    )


def _organizer(case: Case) -> calendar.Person:
    """The municipality, at the address its mails come from: an organizer other than the sender looks forged."""
    return calendar.Person(f"{case.municipality} {case.lead}", parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
