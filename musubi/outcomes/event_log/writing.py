"""The log as text, piece by piece: a hundred thousand cases never lie in memory together."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta

from musubi.lib import clock
from musubi.lib.fiscal import span
from musubi.outcomes.event_log import events
from musubi.outcomes.event_log.objects import Objects
from musubi.outcomes.event_log.vocabulary import OBJECTS
from musubi.people.models import Municipality

PIECE = 200  # objects or events a piece


def event_log(municipality: Municipality, fiscal_year: int | None = None) -> Iterator[str]:
    """The municipality's event log as OCEL 2.0 JSON, in pieces of text to be written one after the other.

    With a fiscal year: the events of that year, and the objects they tell of or these hang on.
    """
    touched = events.touched(municipality, fiscal_year) if fiscal_year else None
    until = clock.at(span(fiscal_year)[1] + timedelta(days=1), 0) if fiscal_year else None
    objects = Objects(municipality, touched=touched, until=until)
    kinds = events.verbs(municipality, fiscal_year)
    yield '{"objectTypes": ' + _types((name, OBJECTS[name]) for name in OBJECTS)
    yield ',\n"eventTypes": ' + _types((verb, events.declared(verb)) for verb in kinds)
    yield ',\n"objects": ['
    yield from _list(objects)
    yield '],\n"events": ['
    yield from _list(events.events(municipality, fiscal_year, objects.known))
    yield "]}\n"


def _types(kinds: Iterable[tuple[str, dict[str, str]]]) -> str:
    return _json(
        [
            {
                "name": name,
                "attributes": [{"name": n, "type": declared} for n, declared in attributes.items()],
            }
            for name, attributes in kinds
        ]
    )


def _list(things: Iterable[dict]) -> Iterator[str]:
    before, piece = "\n", []
    for thing in things:
        piece.append(_json(thing))
        if len(piece) == PIECE:
            yield before + ",\n".join(piece)
            before, piece = ",\n", []
    if piece:
        yield before + ",\n".join(piece)


def _json(thing) -> str:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
