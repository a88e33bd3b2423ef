"""What was seen of a great many cases, kept while nothing happens: going through 15,000 takes a fifth of a second."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.utils.translation import get_language

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.www.staff.radar_plot import MOST_DOTS, Drawing

KEPT_SECONDS = 60


@dataclass
class Seen:
    """One look at the radar: the cases' ids by what is shown of them ("": those with a sign, a `Sign`, or "all"), in
    the order of the list, and the two drawings."""

    order: dict[str, list[int] | array]
    wide: Drawing
    narrow: Drawing


def kept(municipality: Municipality, key: tuple, look: Callable[[], Seen]) -> Seen:
    """What `look` sees, or saw since the last entry of the municipality's journal. One statement beside those of `look`.

    `key` is whatever else it depends on (who looks, what is asked for, when the figures were learned). Every act
    writes an entry, so its newest number tells whether anything moved; the minute covers two acts that finish in the
    other order than they began. Few cases are always looked at anew.
    """
    newest = Entry.objects.filter(municipality=municipality.code).order_by("-id").values_list("id", flat=True)
    facts = (municipality.pk, newest.first(), clock.today(), get_language(), key)
    name = "radar-" + sha256(repr(facts).encode()).hexdigest()
    seen = cache.get(name)
    if seen is None:
        seen = look()
        if len(seen.order["all"]) > MOST_DOTS:
            seen.order = {sign: array("q", ids) for sign, ids in seen.order.items()}
            cache.set(name, seen, KEPT_SECONDS)
    return seen
