"""Values as the standard writes them: texts, with the type declared once for all of a kind."""

from datetime import UTC, date, datetime, time

from musubi.lib.clock import TOKYO
from musubi.outcomes.event_log.vocabulary import BOOLEAN, INTEGER, TIME

# The standard's own sign for "from the beginning": attributes that never change carry it.
ALWAYS = "1970-01-01T00:00:00Z"


def moment(at: datetime) -> str:
    """2024-06-15T01:30:00.000000Z: UTC, to the microsecond, so that the order of texts is the order of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def text_of(value: object, kind: str) -> str | None:
    """`value` as the text of a declared type; None where there is nothing, or nothing of that type.

    A day is its first moment in Japan.
    """
    if value is None or value == "":
        return None
    if kind == BOOLEAN:
        return "true" if value else "false"
    if kind == INTEGER:
        return str(int(value))
    if kind == TIME:
        return _moment_of(value)
    return str(value)


def _moment_of(value: object) -> str | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return moment(value if value.tzinfo else value.replace(tzinfo=TOKYO))
    return moment(datetime.combine(value, time(), TOKYO))


def object_id(kind: str, pk: int) -> str:
    return f"{kind}:{pk}"
