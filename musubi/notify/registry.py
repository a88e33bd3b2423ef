"""Which happenings tell whom. Apps register a function per journal verb in their `notices.py`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from musubi.journal.models import Entry
from musubi.people.models import User


@dataclass(frozen=True)
class Letter:
    """What one person is told: a title (also the mail's subject), the words, and where to go.

    `reply_to` is where an answer by mail arrives, empty where nobody reads one; mails of one `thread` are shown
    together by mail programs. `calendar` is an iCalendar object (`lib.calendar`) that goes with the mail.
    """

    user: User
    title: str
    body: str
    path: str
    reply_to: str = ""
    thread: str = ""
    calendar: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of notice, as shown among the preferences. `mail` is the default; `always` cannot be turned off."""

    verb: str
    name: str
    mail: bool
    always: bool
    write: Callable[[Entry], Iterable[Letter]]


KINDS: dict[str, Kind] = {}


def tells(verb: str, name: str, *, mail: bool = True, always: bool = False):
    """Register the decorated function as the notice of journal verb `verb`, called `name` in the preferences.

    The function takes the journal entry and yields letters. The person who did the thing is left out later,
    unless the kind is `always` (a receipt goes to the one who submitted).
    """

    def register(write: Callable[[Entry], Iterable[Letter]]):
        if verb in KINDS:
            raise ValueError(f"{verb} is already told by {KINDS[verb].write}")
        KINDS[verb] = Kind(verb, name, mail, always, write)
        return write

    return register
