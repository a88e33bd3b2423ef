"""The curtain: what an applicant, or anybody outside, may know of a result. This is the one place that knows.

A result comes out at its release, for everybody at once. A call may release its first screening before the rest: then
who failed it knows that, who passed it knows just that, whatever the second screening has found since.
"""

from datetime import datetime

from django.db.models import Case, F, Q, Value, When

# Known to have passed the first screening from its release on; what follows, from the release of everything.
_BEHIND_THE_SECOND = ["first_passed", "second_passed", "second_failed", "not_awarded", "reserve", "awarded"]
_BEHIND_THE_FIRST = ["checked", "first_failed", *_BEHIND_THE_SECOND]
_NOT_PASSED = ["draft", "submitted", "returned", "checked", "first_failed", "withdrawn"]
# A result by which an application ends, and which cannot be withdrawn from once it is out.
FAILED = ["first_failed", "second_failed"]


def shown(state: str, call) -> str:
    """The state of an application of `call` as it may be known."""
    if call.released_at is not None or state not in _BEHIND_THE_FIRST:
        return state
    if call.first_released_at is None or state == "checked":
        return "submitted"
    return "first_failed" if state == "first_failed" else "first_passed"


def shown_case() -> Case:
    """The same for a query of applications."""
    first_is_out = Q(call__first_released_at__isnull=False)
    behind = Q(call__released_at=None)
    return Case(
        When(between(), then=Value("first_passed")),
        When(behind & first_is_out & Q(state="first_failed"), then=Value("first_failed")),
        When(behind & Q(state__in=_BEHIND_THE_FIRST), then=Value("submitted")),
        default=F("state"),
    )


def between() -> Q:
    """Applications that are known to have passed the first screening, and of which nothing more is known yet."""
    return Q(state__in=_BEHIND_THE_SECOND, call__first_released_at__isnull=False, call__released_at=None)


def is_out(state: str, call) -> bool:
    """Whether the final result of an application may be known."""
    return out_since(state, call) is not None


def out_since(state: str, call) -> datetime | None:
    """Since when; None before. Who failed the first screening knows since its own release, where there was one."""
    if state == "first_failed" and call.first_released_at is not None:
        return call.first_released_at
    return call.released_at


def out() -> Q:
    """Applications whose final result may be known."""
    return Q(call__released_at__isnull=False) | Q(state="first_failed", call__first_released_at__isnull=False)


def is_passed(state: str, call) -> bool:
    """Whether it was told that an application passed the first screening."""
    return call.first_released_at is not None and state not in _NOT_PASSED


def passed() -> Q:
    """Applications that were told so."""
    return Q(call__first_released_at__isnull=False) & ~Q(state__in=_NOT_PASSED)
