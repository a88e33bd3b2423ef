"""Past imports, and what is already here that a table may bring again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import models
from django.db.models.functions import Substr

from musubi.challenges.models import Challenge
from musubi.fund.models import Contribution, Fund
from musubi.imports.columns import fold
from musubi.imports.models import Run
from musubi.lib.text import organisation_key
from musubi.people.models import Department, Member, Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.plan.models import Field
from musubi.proposals.models import Proposal

_CHUNK = 500
_START = 3  # letters of a name that two spellings of it are sure to share


def visible_to(user, municipality: Municipality) -> models.QuerySet[Run]:
    """The imports of a municipality, newest first, for those who import there; for nobody else any."""
    rows = Run.objects.filter(municipality=municipality)
    return rows if authority(user).may_in(Can.IMPORT, municipality.pk) else rows.none()


def earlier_imports(municipality: Municipality, kind: str, digest: str) -> models.QuerySet[Run]:
    """Imports of the very same file."""
    return Run.objects.filter(municipality=municipality, kind=kind, digest=digest, state="imported")


def departments(municipality: Municipality) -> dict[str, Department]:
    """The open departments by folded name."""
    rows = Department.objects.filter(municipality=municipality, is_active=True)
    return {fold(row.name): row for row in rows}


def challenges_by_title(municipality: Municipality) -> dict[str, list[Challenge]]:
    """Every challenge of the municipality, in any state, by folded title."""
    found = defaultdict(list)
    for row in Challenge.objects.filter(municipality=municipality).only("id", "ref", "title", "municipality"):
        found[fold(row.title)].append(row)
    return dict(found)


def proposals_by_name(municipality: Municipality) -> dict[tuple[int, str], Proposal]:
    """Every submitted proposal of the municipality by organisation and folded title."""
    rows = Proposal.objects.filter(municipality=municipality).exclude(state="draft")
    rows = rows.only("id", "ref", "title", "organisation", "municipality")
    return {(row.organisation_id, fold(row.title)): row for row in rows}


def funds(municipality: Municipality) -> models.QuerySet[Fund]:
    """The funds contributions can be brought into, the newest first."""
    return Fund.objects.filter(municipality=municipality).order_by("-fiscal_year", "-pk")


def contributions_by_words(fund: Fund) -> dict[tuple, Contribution]:
    """What is registered already by giver, yen, day (received, else promised) and purpose as `contribution_rows` has it."""
    rows = Contribution.objects.filter(fund=fund).exclude(state__in=["cancelled", "returned"])
    found = {}
    for row in rows.select_related("pot__goal").order_by("-pk"):
        pot = row.pot
        what = (
            {"goal": pot.goal.number}
            if pot.goal_id
            else {"programme": pot.programme_id}
            if pot.programme_id
            else {"theme": pot.theme}
            if pot.theme
            else {}
        )
        key = organisation_key(row.name)[:120]
        found[key, row.yen, row.received_on or row.pledged_on, tuple(what.items())] = row
    return found


def field_codes() -> dict[str, str]:
    """Codes of the fields of work by every name they go by, folded."""
    return {
        fold(name): row.code
        for row in Field.objects.all()
        for name in (row.code, row.name, row.name_en)
        if name
    }


@dataclass
class KnownOrganisations:
    """The organisations a table may mean, found by number and by folded name, and names near to them."""

    by_number: dict[str, Organisation] = field(default_factory=dict)
    by_key: dict[str, list[Organisation]] = field(default_factory=lambda: defaultdict(list))
    by_start: dict[str, list[Organisation]] = field(default_factory=lambda: defaultdict(list))
    membership: dict[int, str] = field(default_factory=dict)

    def near(self, key: str) -> list[Organisation]:
        return self.by_start.get(key[:_START], [])


def known_organisations(
    municipality: Municipality, numbers: Iterable[str], keys: Iterable[str]
) -> KnownOrganisations:
    """Read in a number of statements that grows with the table, not with the country."""
    numbers, keys = set(filter(None, numbers)), set(filter(None, keys))
    found = KnownOrganisations()
    rows = Organisation.objects.only("id", "name", "name_key", "corporate_number")
    for some in _chunks(numbers):
        for row in rows.filter(corporate_number__in=some):
            found.by_number[row.corporate_number] = row
    for some in _chunks({key[:_START] for key in keys}):
        for row in rows.annotate(start=Substr("name_key", 1, _START)).filter(start__in=some).order_by("id"):
            if row.name_key in keys:
                found.by_key[row.name_key].append(row)
            found.by_start[row.name_key[:_START]].append(row)
    ids = {row.pk for row in found.by_number.values()} | {
        row.pk for rows in found.by_key.values() for row in rows
    }
    for some in _chunks(ids):
        found.membership.update(
            Member.objects.filter(municipality=municipality, organisation__in=some).values_list(
                "organisation_id", "state"
            )
        )
    return found


def _chunks(values: set) -> Iterator[list]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
