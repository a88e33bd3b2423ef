"""Conditions on a gathering beyond a person's role."""

from datetime import datetime

from musubi.gatherings.models import Gathering
from musubi.gatherings.states import LISTED
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.permissions import Can, may


def is_readable(user, gathering: Gathering) -> bool:
    """Everyone reads what was opened, cancelled since or not; a draft is for who manages gatherings."""
    opened = gathering.state in LISTED and (gathering.state != "cancelled" or gathering.opened_at is not None)
    return opened or may(user, Can.MANAGE_GATHERINGS, gathering)


def is_editable(gathering: Gathering) -> bool:
    """Until it has taken place or is cancelled."""
    return gathering.state in ("draft", "open", "full", "closed")


def has_begun(gathering: Gathering) -> bool:
    return gathering.starts_at <= clock.now()


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Refused("終了は、開始より後の日時にしてください。", field="ends_at")
