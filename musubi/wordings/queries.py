"""The texts of a municipality: its own, and the product's where it has not changed them."""

from collections.abc import Collection

from musubi.people.models import Municipality
from musubi.wordings.defaults import DEFAULTS
from musubi.wordings.models import Wording
from musubi.wordings.states import Kind

# Defaults stand this far apart, so that others fit between them.
GAP = 10


def of_municipality(municipality: Municipality) -> list[Wording]:
    """Every text in the order in which it is offered, retired ones too. A default nobody has touched comes as an
    unsaved row. One statement."""
    rows = list(Wording.objects.filter(municipality=municipality))
    own = {row.default for row in rows if row.default}
    order = list(Kind.values)
    rows += [untouched(municipality, default.code) for default in DEFAULTS if default.code not in own]
    return sorted(rows, key=lambda row: (order.index(row.kind), row.position, row.pk or 0))


def untouched(municipality: Municipality, code: str) -> Wording:
    """The product default `code` as this municipality has it before it changes anything."""
    index, default = next((i, d) for i, d in enumerate(DEFAULTS, start=1) if d.code == code)
    return Wording(
        municipality=municipality,
        kind=default.kind,
        title=default.title,
        body=default.body,
        position=index * GAP,
        default=code,
    )


def in_use(municipality: Municipality, kinds: Collection[str]) -> list[Wording]:
    """The texts to choose from for one of the `kinds`."""
    return [row for row in of_municipality(municipality) if row.is_active and row.kind in kinds]


def find(municipality: Municipality, code: str) -> Wording | None:
    """The text called `code` (see `Wording.code`), with or without a row of its own."""
    return next((row for row in of_municipality(municipality) if row.code == code), None)
