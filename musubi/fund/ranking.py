"""The standings of a call's applications in a stage, read from the sheets: all of them, or a page of a long ranking."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from musubi.fund.models import Application, Assignment, Call, Criterion, KeptStanding
from musubi.fund.scoring import Item, Sheet, Standing, breaker, rank, standing
from musubi.fund.states import Recusal, Stage, Tie

# Who stands in a stage, or has been through it; whoever was awarded has, whatever came after.
STANDING = {
    Stage.FIRST: ["checked", "first_passed", "first_failed", "second_passed", "second_failed"],
    Stage.SECOND: ["first_passed", "second_passed", "second_failed"],
}
RELEASED = ["reserve", "not_awarded"]
# Two shares differ by more than this, and two means of a criterion by more than that, wherever they differ.
SHARES, MEANS = 10**15, 10**4
SHARE_DIGITS = 1 + 16
# How `order` begins (`Standing.band`).
FAILS, UNSCORED = "1", "2"
BATCH = 1000


def standings(call: Call, stage: Stage) -> list[Standing]:
    """Everybody in a stage, in order. Three statements for any number; a page of many is read by `Ranking`."""
    found, items, requested = _read(call, stage)
    return rank(found, items, tie=Tie(call.edition.tie), requested=requested)


def keep(call: Call, stage: Stage, applications: Collection[int] | None = None) -> None:
    """Write anew where these applications (ids; all of the stage without) stand. Whatever changes a sheet calls it at its
    end, inside its transaction, holding the applications: so it reads what others have changed before.
    """
    if applications is not None and not applications:
        return
    found, items, requested = _read(call, stage, applications)
    KeptStanding.objects.bulk_create(
        [
            KeptStanding(
                call=call,
                application_id=one.application,
                stage=stage,
                order=_order(one, items, Tie(call.edition.tie), requested[one.application]),
            )
            for one in found
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["application", "stage"],
        update_fields=["order"],
    )


def forget(applications: Collection[int]) -> None:
    """These (ids) do not stand anywhere any more: they were taken back before they were awarded."""
    KeptStanding.objects.filter(application__in=applications).delete()


@contextmanager
def kept_up(sheets: models.QuerySet[Assignment]) -> Iterator[None]:
    """Around a change of these sheets, of whatever calls: their applications are held before it, and what it changes of
    where they stand is written after it."""
    found = sorted(set(sheets.order_by().values_list("application__call", "stage", "application")))
    hold_all([application for _call, _stage, application in found])
    yield
    calls = Call.objects.select_related("edition").in_bulk({call for call, _stage, _application in found})
    for (call, stage), rows in groupby(found, key=lambda one: one[:2]):
        keep(calls[call], Stage(stage), [application for _call, _stage, application in rows])


def hold_all(applications: Collection[int] | models.QuerySet) -> None:
    """Let others who score or decide these applications (ids) wait; always before any sheet, and in one order."""
    rows = Application.objects.select_for_update(no_key=True).filter(pk__in=applications)
    list(rows.order_by("pk").values_list("pk", flat=True))


@dataclass
class Ranking(Sequence):
    """A stage's ranking as a page needs it: how many there are, and the standings of the rows that are shown, each with its
    place. The statements, and what they read, do not grow with the number of applications but for one count.

    `passing`, `unscored` and `tied` (scored, and level by the rule for ties too) are counted over everybody.
    """

    call: Call
    stage: Stage
    items: list[Criterion] = field(default_factory=list)
    applications: dict[int, Application] = field(default_factory=dict)
    count_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self):
        self.items = list(Criterion.objects.filter(edition=self.call.edition_id, stage=self.stage))
        # By the index alone: the first letter of `order` says whether it passes, fails or is not scored yet.
        alike = self._kept().order_by().values("order").annotate(n=Count("*"))
        self.count_of = alike.aggregate(
            all=Coalesce(Sum("n"), 0),
            passing=Coalesce(Sum("n", filter=Q(order__lt=FAILS)), 0),
            unscored=Coalesce(Sum("n", filter=Q(order__gte=UNSCORED)), 0),
            tied=Coalesce(Sum("n", filter=Q(order__lt=UNSCORED, n__gt=1)), 0),
        )

    @property
    def passing(self) -> int:
        return self.count_of["passing"]

    @property
    def unscored(self) -> int:
        return self.count_of["unscored"]

    @property
    def tied(self) -> int:
        return self.count_of["tied"]

    def __len__(self) -> int:
        return self.count_of["all"]

    def __getitem__(self, wanted: slice) -> list[Standing]:
        first, last, _step = wanted.indices(len(self))
        # One more on each side: whether the first and the last are level with somebody.
        begin = max(first - 1, 0)
        rows = list(
            self._kept()
            .select_related("application__organisation")
            .order_by("order", "application")[begin : last + 1]
        )
        shown = rows[first - begin : last - begin]
        if not shown:
            return []
        self.applications = {row.application_id: row.application for row in shown}
        found, _items, _requested = _read(
            self.call, self.stage, list(self.applications), self.items, self.applications
        )
        by_pk = {one.application: one for one in found}
        place = first + 1
        if first and rows[0].order == shown[0].order:
            place = self._kept().filter(order__lt=shown[0].order).count() + 1
        for number, row in enumerate(rows):
            if not begin + number >= first or row.application_id not in by_pk:
                continue
            one = by_pk[row.application_id]
            before, after = (
                rows[number - 1] if number else None,
                rows[number + 1] if number + 1 < len(rows) else None,
            )
            if begin + number > first and before.order != row.order:
                place = begin + number + 1
            one.place = place
            others = [other for other in (before, after) if other is not None]
            one.tied = any(other.order == row.order for other in others)
            one.level = any(other.order[:SHARE_DIGITS] == row.order[:SHARE_DIGITS] for other in others)
        return [by_pk[row.application_id] for row in shown]

    def _kept(self) -> models.QuerySet[KeptStanding]:
        return KeptStanding.objects.filter(call=self.call, stage=self.stage)


def _standing_here(stage: Stage) -> Q:
    return Q(state__in=[*STANDING[stage], *RELEASED]) | Q(award__isnull=False)


def _order(one: Standing, items: Sequence[Item], tie: Tie, requested: int) -> str:
    """A text that sorts as `rank` does."""
    share = SHARES - (one.share * SHARES).__floor__()
    rest = breaker(one, items, tie, requested)
    if tie == Tie.CRITERION:
        rest = tuple(10**9 - (-mean * MEANS).__floor__() for mean in rest)
    return f"{one.band}{share:016d}" + "".join(
        f"{part:016d}" if tie == Tie.LESS else f"{part:010d}" for part in rest
    )


def _read(
    call: Call,
    stage: Stage,
    only: Collection[int] | None = None,
    criteria: Sequence[Criterion] | None = None,
    known: dict[int, Application] | None = None,
) -> tuple[list[Standing], list[Item], dict[int, int]]:
    """(the standings in no order, the criteria, what each asked for), of everybody or of `only` these."""
    edition = call.edition
    if criteria is None:
        criteria = Criterion.objects.filter(edition=edition, stage=stage)
    items = [Item(row.pk, row.most, row.weight, row.least) for row in criteria]
    among = {} if only is None else {"application__in": only}
    if known is None:
        rows = Application.objects.filter(_standing_here(stage), call=call)
        rows = rows if only is None else rows.filter(pk__in=only)
        requested = dict(rows.values_list("pk", "requested"))
    else:
        requested = {pk: row.requested for pk, row in known.items()}
    sheets: dict[int, dict[int, Sheet]] = {}
    others: dict[str, Counter[int]] = {"recused": Counter(), "assigned": Counter()}
    assignments = Assignment.objects.filter(application__call=call, stage=stage, **among).order_by("pk")
    assignments = assignments.exclude(state="taken_back")
    seen = None
    for pk, application, state, criterion, given in assignments.values_list(
        "pk", "application", "state", "scores__criterion", "scores__points"
    ):
        if state == "scored":
            sheet = sheets.setdefault(application, {}).setdefault(pk, Sheet({}))
            if criterion is not None:
                sheet.points[criterion] = given
        elif pk != seen:
            others[state][application] += 1
        seen = pk

    def excluded(application: int) -> int:
        """How many recused are to be made up for: another member who scores in the place of one does so already."""
        live = len(sheets.get(application, ())) + others["assigned"][application]
        return min(others["recused"][application], max(edition.scorers - live, 0))

    found = [
        standing(
            application,
            list(sheets.get(application, {}).values()),
            items,
            recused=excluded(application),
            recusal=Recusal(edition.recusal),
            pass_share=edition.pass_share,
            criterion_share=edition.criterion_share,
        )
        for application in requested
    ]
    return found, items, requested
