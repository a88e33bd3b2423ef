"""The journal's entries as events, in the order they happened."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import batched

from django.db import models
from django.db.models import Q

from musubi.cases.models import Agreement, Case, Trial
from musubi.journal.models import Entry
from musubi.matching.models import Suggestion
from musubi.outcomes.event_log.objects import CHUNK
from musubi.outcomes.event_log.values import moment, object_id, text_of
from musubi.outcomes.event_log.vocabulary import BY, FACTS, KINDS
from musubi.outcomes.figures_queries import Period
from musubi.outcomes.models import Outcome
from musubi.people.models import Department, Municipality
from musubi.proposals.models import Proposal

Found = list[tuple[str, int, str]]  # kind, key and qualifier of what an event concerns
# Kinds of the journal whose events are those of another object: where its key is.
HANGS = {"outcome": (Outcome, "case_id"), "suggestion": (Suggestion, "challenge_id")}


def entries(city: Municipality, year: int | None) -> models.QuerySet[Entry]:
    """The entries that become events, of one fiscal year or of all time."""
    when = Period(year).moments("at") if year else Q()
    return Entry.objects.filter(when, municipality=city.code, kind__in=list(KINDS))


def verbs(city: Municipality, year: int | None) -> list[str]:
    """The kinds of event that occur."""
    return sorted(entries(city, year).order_by().values_list("verb", flat=True).distinct())


def declared(verb: str) -> dict[str, str]:
    """The attributes of a kind of event, with their types."""
    return {**BY, **FACTS.get(verb, {})}


def touched(city: Municipality, year: int) -> dict[str, set[int]]:
    """The keys of what a year's events tell of, by kind of object."""
    found: dict[str, set[int]] = defaultdict(set)
    rows = entries(city, year).order_by().values_list("kind", "object_id").distinct()
    elsewhere: dict[str, list[int]] = {kind: [] for kind in HANGS}
    for kind, pk in rows.iterator(chunk_size=CHUNK):
        if kind in HANGS:
            elsewhere[kind].append(pk)
        else:
            found[KINDS[kind]].add(pk)
    for kind, (model, column) in HANGS.items():
        for chunk in batched(elsewhere[kind], CHUNK):
            keys = model.objects.filter(pk__in=chunk).values_list(column, flat=True)
            found[KINDS[kind]].update(keys)
    return found


def events(city: Municipality, year: int | None, known: dict[str, set[int]]) -> Iterator[dict]:
    """One dict of the standard per entry whose object is `known` (a draft thrown away is told of no more)."""
    sections = dict(Department.objects.filter(municipality=city).values_list("name", "pk"))
    rows = (
        entries(city, year)
        .order_by("at", "id")
        .values_list("id", "at", "verb", "kind", "object_id", "actor_id", "data")
    )
    for chunk in batched(rows.iterator(chunk_size=CHUNK), CHUNK):
        hangs = _Around(chunk)
        for pk, at, verb, kind, thing, actor, data in chunk:
            concerned = [*hangs.of(kind, thing), *_named(verb, data, sections)]
            relations = [(to, key, how) for to, key, how in dict.fromkeys(concerned) if key in known[to]]
            # The thing itself comes first: without it there is no event.
            if not relations or relations[0][2] != "subject":
                continue
            values = [("by", "person" if actor else "system")]
            values += [
                (name, text_of(data.get(name), declared)) for name, declared in FACTS.get(verb, {}).items()
            ]
            yield {
                "id": f"event:{pk}",
                "type": verb,
                "time": moment(at),
                "attributes": [{"name": name, "value": value} for name, value in values if value is not None],
                "relationships": [
                    {"objectId": object_id(to, key), "qualifier": how} for to, key, how in relations
                ],
            }


def _named(verb: str, data: dict, sections: dict[str, int]) -> Found:
    """Departments that the entry itself names."""
    found: Found = [("department", pk, "asked") for pk in data.get("departments", []) if isinstance(pk, int)]
    if verb == "proposal.answered" and data.get("department_id"):
        found.append(("department", data["department_id"], "answers"))
    if verb == "case.handed":
        for name, how in (("before", "ball from"), ("to", "ball to")):
            if data.get(name) in sections:
                found.append(("department", sections[data[name]], how))
    if verb == "case.department_added" and data.get("department") in sections:
        found.append(("department", sections[data["department"]], "joins"))
    return found


class _Around:
    """What the things of a thousand entries hang on, in a constant number of statements."""

    def __init__(self, chunk: Iterable[tuple]):
        keys: dict[str, set[int]] = defaultdict(set)
        for _id, _at, _verb, kind, thing, _actor, _data in chunk:
            keys[kind].add(thing)
        self.outcomes = dict(Outcome.objects.filter(pk__in=keys["outcome"]).values_list("pk", "case_id"))
        self.trials = dict(Trial.objects.filter(pk__in=keys["trial"]).values_list("pk", "case_id"))
        cases = keys["case"] | set(self.outcomes.values()) | set(self.trials.values())
        self.cases = {
            pk: rest
            for pk, *rest in Case.objects.filter(pk__in=cases).values_list(
                "pk", "proposal_id", "challenge_id"
            )
        }
        self.parties = _together(Case.organisations.through, "case_id", cases)
        self.proposals = {
            pk: rest
            for pk, *rest in Proposal.objects.filter(pk__in=keys["proposal"]).values_list(
                "pk", "organisation_id", "challenge_id"
            )
        }
        self.suggestions = {
            pk: rest
            for pk, *rest in Suggestion.objects.filter(pk__in=keys["suggestion"]).values_list(
                "pk", "challenge_id", "organisation_id"
            )
        }
        agreements = keys["agreement"]
        self.signers = _together(Agreement.organisations.through, "agreement_id", agreements)

    def of(self, kind: str, thing: int) -> Found:
        """The thing itself ("subject") first, then what it hangs on."""
        if kind == "outcome":
            return self._case(self.outcomes.get(thing, 0), "subject")
        if kind == "trial":
            return [("trial", thing, "subject"), *self._case(self.trials.get(thing, 0), "tried in")]
        if kind == "case":
            return self._case(thing, "subject")
        if kind == "agreement":
            return [
                ("agreement", thing, "subject"),
                *(("organisation", pk, "party") for pk in self.signers[thing]),
            ]
        if kind == "suggestion":
            challenge, organisation = self.suggestions.get(thing, (0, 0))
            return [("challenge", challenge, "subject"), ("organisation", organisation, "suggested")]
        if kind == "proposal" and thing in self.proposals:
            organisation, challenge = self.proposals[thing]
            found: Found = [("proposal", thing, "subject"), ("organisation", organisation, "proposer")]
            return [*found, ("challenge", challenge, "answers")] if challenge else found
        return [(KINDS[kind], thing, "subject")]

    def _case(self, pk: int, how: str) -> Found:
        proposal, challenge = self.cases.get(pk, (None, None))
        found: Found = [("case", pk, how)]
        if proposal:
            found.append(("proposal", proposal, "takes up"))
        if challenge:
            found.append(("challenge", challenge, "works on"))
        return [*found, *(("organisation", party, "party") for party in self.parties[pk])]


def _together(through, column: str, keys: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    rows = through.objects.filter(**{f"{column}__in": keys}).order_by("pk")
    for key, organisation in rows.values_list(column, "organisation_id"):
        found[key].append(organisation)
    return found
