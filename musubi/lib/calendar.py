"""Writing iCalendar (RFC 5545) and its invitations by mail (RFC 5546), as Outlook and Google Calendar take them.

Times are written with `TZID=Asia/Tokyo` and a `VTIMEZONE` of one fixed offset: the form Google itself sends for
Japan, which Outlook reads every day. Both would take UTC too, but Outlook then calls the talk one "in UTC" and
moves it by hours where somebody edits their copy. The component is written out here, since the one generated from
the time zone database begins with local mean time and the summer times of 1948–1951, which old Outlooks refuse.

Nobody is asked to answer by mail (`RSVP=FALSE`): who can come was said on the record before, and nobody reads what
arrives at the sender's address. An invitation names its recipient alone, so that no address is told to others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import icalendar

from musubi.lib.clock import TOKYO

PRODUCT = "-//Musubi//Musubi//JA"
TZID = "Asia/Tokyo"
REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"


@dataclass(frozen=True)
class Person:
    """Somebody in an invitation."""

    name: str
    email: str


@dataclass(frozen=True)
class Event:
    """One entry of a calendar.

    `starts` is an aware moment, or a date for a whole day (then `ends` is not looked at); `stamp` is when this
    wording of it was made; `sequence` counts the changes sent out. `uid` names it for ever.
    """

    uid: str
    stamp: datetime
    starts: datetime | date
    ends: datetime | None
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""
    sequence: int = 0
    cancelled: bool = False
    organizer: Person | None = None
    attendee: Person | None = None


def write(events: Iterable[Event], *, method: str = "", name: str = "") -> str:
    """The events as one iCalendar object, lines folded at 75 octets and ended by CRLF.

    `method` is what the receiver is asked to do with it (`REQUEST`, `CANCEL`, `PUBLISH`; empty for a feed), `name`
    what a subscribed calendar is called.
    """
    book = icalendar.Calendar()
    book.add("prodid", PRODUCT)
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    if method:
        book.add("method", method)
    if name:
        book.add("x-wr-calname", name)
    events = list(events)
    if any(isinstance(event.starts, datetime) for event in events):
        book.add_component(_japan())
    for event in events:
        book.add_component(_entry(event))
    return book.to_ical().decode()


def method_of(text: str) -> str:
    """What the iCalendar object `text` asks for; empty where it asks for nothing."""
    for line in text.split("\r\n"):
        if line.startswith("METHOD:"):
            return line.removeprefix("METHOD:")
    return ""


def _japan() -> icalendar.Timezone:
    zone = icalendar.Timezone()
    zone.add("tzid", TZID)
    standard = icalendar.TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))
    standard.add("tzoffsetfrom", timedelta(hours=9))
    standard.add("tzoffsetto", timedelta(hours=9))
    standard.add("tzname", "JST")
    zone.add_component(standard)
    return zone


def _entry(event: Event) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.stamp)
    if isinstance(event.starts, datetime):
        entry.add("dtstart", event.starts.astimezone(TOKYO))
        if event.ends:
            entry.add("dtend", event.ends.astimezone(TOKYO))
    else:
        entry.add("dtstart", event.starts)
    entry.add("summary", event.summary)
    for field in ("location", "description", "url"):
        if value := getattr(event, field):
            entry.add(field, value)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if event.cancelled else "OPAQUE")
    if event.organizer:
        entry.add("organizer", _address(event.organizer))
    if event.attendee:
        attendee = _address(event.attendee)
        attendee.params |= {
            "cutype": "INDIVIDUAL",
            "role": "REQ-PARTICIPANT",
            "partstat": "NEEDS-ACTION",
            "rsvp": "FALSE",
        }
        entry.add("attendee", attendee)
    return entry


def _address(person: Person) -> icalendar.vCalAddress:
    address = icalendar.vCalAddress(f"mailto:{person.email}")
    # A name in quotes may hold anything but quotes.
    address.params["cn"] = person.name.replace('"', "'")
    return address
