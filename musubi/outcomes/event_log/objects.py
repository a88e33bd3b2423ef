"""The objects of an event log, read a thousand at a time: their attributes, how their state changed, what they hang on."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.db import models

from musubi.cases.models import Agreement, Case, Trial
from musubi.challenges.models import Challenge
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.outcomes.event_log.values import ALWAYS, moment, object_id, text_of
from musubi.outcomes.event_log.vocabulary import AT_THE_END, BECOMES, OBJECTS, STATE, becomes
from musubi.people.models import Department, Municipality, Organisation
from musubi.proposals.models import Proposal

CHUNK = 1000
Link = tuple[str, int, str]  # kind and key of what it hangs on, and how


class Objects:
    """All objects of one municipality, or, with `touched` (keys by kind), those and what they hang on.

    Iterating yields one dict of the standard after the other; afterwards `known` has the keys of each kind that was
    written, so that no event can tell of anything else. `until` cuts off later changes of state.
    """

    def __init__(self, city: Municipality, *, touched: dict[str, set[int]] | None, until: datetime | None):
        self.city = city
        self.touched = touched
        self.until = until
        self.known: dict[str, set[int]] = {kind: set() for kind in OBJECTS}
        self.parties: set[int] = set()

    def __iter__(self) -> Iterator[dict]:
        # Each kind hangs on kinds before it (organisations, written last, on nothing), so that what an object points
        # to is known when its own turn comes.
        self.close()
        yield from self._departments()
        yield from self._challenges()
        yield from self._proposals()
        yield from self._cases()
        yield from self._trials()
        yield from self._agreements()
        yield from self._organisations()

    def close(self) -> None:
        """Add to `touched` what the touched ones hang on."""
        if self.touched is None:
            return
        for kind, rows, relations in (
            ("agreement", Agreement.cases.through.objects, [("agreement", "case_id", "case")]),
            ("trial", Trial.objects, [("pk", "case_id", "case")]),
            ("case", Case.objects, [("pk", "proposal_id", "proposal"), ("pk", "challenge_id", "challenge")]),
            ("proposal", Proposal.objects, [("pk", "challenge_id", "challenge")]),
        ):
            keys = sorted(self.touched[kind])
            for start in range(0, len(keys), CHUNK):
                for column, target, to in relations:
                    found = rows.filter(**{f"{column}__in": keys[start : start + CHUNK]})
                    self.touched[to].update(k for k in found.values_list(target, flat=True) if k)

    # --- kind by kind ---------------------------------------------------------------------------------------------

    def _departments(self) -> Iterator[dict]:
        rows = list(Department.objects.filter(municipality=self.city).order_by("pk"))
        self.known["department"] = {row.pk for row in rows}
        for row in rows:
            links = [("department", row.parent_id, "part of")] if row.parent_id else []
            yield self._object("department", row, [], links)

    def _challenges(self) -> Iterator[dict]:
        rows = Challenge.objects.filter(municipality=self.city)
        for row, changes in self._chunks("challenge", rows):
            yield self._object("challenge", row, changes, [("department", row.department_id, "raised by")])

    def _proposals(self) -> Iterator[dict]:
        rows = Proposal.objects.filter(municipality=self.city, submitted_at__isnull=False)
        for row, changes in self._chunks("proposal", rows):
            self.parties.add(row.organisation_id)
            links = [("organisation", row.organisation_id, "made by")]
            if row.challenge_id:
                links.append(("challenge", row.challenge_id, "answers"))
            yield self._object("proposal", row, changes, links)

    def _cases(self) -> Iterator[dict]:
        rows = Case.objects.filter(municipality=self.city).prefetch_related(
            models.Prefetch("organisations", Organisation.objects.only("pk")),
            models.Prefetch("departments", Department.objects.only("pk")),
        )
        for row, changes in self._chunks("case", rows):
            parties = [one.pk for one in row.organisations.all()]
            self.parties.update(parties)
            links = [("department", row.lead_id, "led by")]
            links += [("department", one.pk, "takes part") for one in row.departments.all()]
            links += [("organisation", pk, "party") for pk in parties]
            if row.proposal_id:
                links.append(("proposal", row.proposal_id, "takes up"))
            if row.challenge_id:
                links.append(("challenge", row.challenge_id, "works on"))
            yield self._object("case", row, changes, links)

    def _trials(self) -> Iterator[dict]:
        rows = Trial.objects.filter(case__municipality=self.city)
        for row, changes in self._chunks("trial", rows):
            links = [("case", row.case_id, "tried in")]
            if row.extends_id:
                links.append(("trial", row.extends_id, "extends"))
            yield self._object("trial", row, changes, links)

    def _agreements(self) -> Iterator[dict]:
        rows = Agreement.objects.filter(municipality=self.city).prefetch_related(
            models.Prefetch("organisations", Organisation.objects.only("pk")),
            models.Prefetch("cases", Case.objects.only("pk")),
        )
        for row, changes in self._chunks("agreement", rows):
            parties = [one.pk for one in row.organisations.all()]
            self.parties.update(parties)
            links = [("department", row.department_id, "kept by")]
            links += [("organisation", pk, "party") for pk in parties]
            links += [("case", one.pk, "covers") for one in row.cases.all()]
            if row.succeeds_id:
                links.append(("agreement", row.succeeds_id, "succeeds"))
            yield self._object("agreement", row, changes, links)

    def _organisations(self) -> Iterator[dict]:
        keys = sorted(self.parties)
        for start in range(0, len(keys), CHUNK):
            for row in Organisation.objects.filter(pk__in=keys[start : start + CHUNK]).order_by("pk"):
                self.known["organisation"].add(row.pk)
                yield self._object("organisation", row, [], [])

    # --- how they are read and written ------------------------------------------------------------------------------

    def _chunks(self, kind: str, rows: models.QuerySet) -> Iterator[tuple]:
        """Each row with the changes of its state, oldest first: (moment, state) pairs."""
        if self.touched is not None:
            wanted = sorted(self.touched[kind])
            chunks = (
                rows.filter(pk__in=wanted[start : start + CHUNK]).order_by("pk")
                for start in range(0, len(wanted), CHUNK)
            )
        else:
            chunks = _by_key(rows)
        for chunk in chunks:
            found = list(chunk)
            changes = self._changes(kind, [row.pk for row in found])
            self.known[kind].update(row.pk for row in found)
            for row in found:
                yield row, changes[row.pk]

    def _changes(self, kind: str, keys: list[int]) -> dict[int, list[tuple[datetime, str]]]:
        entries = Entry.objects.filter(kind=kind, object_id__in=keys, verb__in=BECOMES)
        if self.until:
            entries = entries.filter(at__lt=self.until)
        found: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for pk, at, verb, data in entries.order_by("at", "id").values_list("object_id", "at", "verb", "data"):
            state = becomes(verb, data)
            if state and (not found[pk] or found[pk][-1][1] != state):
                found[pk].append((at, state))
        return found

    def _object(self, kind: str, row: models.Model, changes: list, links: list[Link]) -> dict:
        attributes = []
        for name, declared in OBJECTS[kind].items():
            if name == STATE.get(kind):
                continue
            value, since = text_of(_value(row, name), declared), ALWAYS
            if name in AT_THE_END and changes:
                # Why it ended is known since it ended, and not at all where that came after the year asked for.
                value = value if changes[-1][1] == getattr(row, STATE[kind]) else None
                since = moment(changes[-1][0])
            if value is not None:
                attributes.append({"name": name, "time": since, "value": value})
        if kind in STATE:
            name, now = STATE[kind], getattr(row, STATE[kind])
            attributes += [{"name": name, "time": moment(at), "value": state} for at, state in changes]
            # What came in without a journal (a table of old records) is at least what it is now.
            if not changes:
                attributes.append({"name": name, "time": ALWAYS, "value": now})
            elif changes[-1][1] != now and not self.until:
                attributes.append({"name": name, "time": moment(clock.now()), "value": now})
        return {
            "id": object_id(kind, row.pk),
            "type": kind,
            "attributes": attributes,
            "relationships": [
                {"objectId": object_id(to, pk), "qualifier": how}
                for to, pk, how in dict.fromkeys(links)
                # Organisations are written last, all that anything hangs on.
                if to == "organisation" or pk in self.known[to]
            ],
        }


def _value(row: models.Model, name: str):
    if isinstance(row, Organisation) and name == "name" and row.kind == Organisation.Kind.SOLE:
        return None  # 個人事業主: the name of a person
    return getattr(row, name)


def _by_key(rows: models.QuerySet) -> Iterator[models.QuerySet]:
    """`rows` in slices of `CHUNK`, each found by the key the last one ended with."""
    last = 0
    while True:
        keys = list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if not keys:
            return
        yield rows.filter(pk__in=keys).order_by("pk")
        last = keys[-1]
