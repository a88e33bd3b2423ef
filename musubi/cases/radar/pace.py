"""How long a kind of case usually stays at a stage, and from which records that was learned.

Days are calendar days between Japanese dates: a case that came this morning has lain 0 days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from django.db.models import Q
from django.utils.translation import gettext as _

from musubi.ball.models import Limit
from musubi.ball.states import DEFAULT_LIMITS
from musubi.cases.models import Pace
from musubi.proposals.states import Track

ENOUGH_STAYS, ENOUGH_MOVED = 20, 10
"""Fewer stays teach nothing: the time by which 80 % had moved hangs on the slowest fifth, which is four cases of
twenty, and would jump with every new one. And where fewer than ten have moved, most of the curve is guessed."""

STRETCH = 2.3
"""Where half of a kind have moved but not yet 80 %: were they to go on at an even rate, 80 % would have moved after
ln 5 ÷ ln 2 ≈ 2.3 times the median."""


def calendar_days(workdays: int) -> int:
    """Business days as calendar days: a week of five counts seven."""
    return round(workdays * 7 / 5)


class Source(Enum):
    """Which records a figure was learned from, the nearest first."""

    SECTION = "section"
    TRACK = "track"
    STAGE = "stage"
    TRACK_EVERYWHERE = "track_everywhere"
    STAGE_EVERYWHERE = "stage_everywhere"
    LIMIT = "limit"


@dataclass(frozen=True)
class Usual:
    """The usual time at one stage, in days. `slow_days`: 80 % of this kind had moved by then.

    Where fewer have (`is_stretched`) it is drawn out from the median. With `Source.LIMIT` there is no history:
    `slow_days` is the municipality's limit, `limit` the same in business days.
    """

    source: Source
    slow_days: float
    median_days: float | None = None
    stays: int = 0
    track: str = ""
    limit: int = 0
    is_stretched: bool = False

    def source_words(self, department: str = "") -> str:
        """環境課の課題解決型 34件から. `department` is the name of the case's lead."""
        facts = {
            "department": department,
            "track": track_label(self.track),
            "n": self.stays,
            "limit": self.limit,
        }
        return _SOURCE_WORDS[self.source]() % facts

    def words(self) -> str:
        """半数は12日以内、8割は30日以内に次へ進みます."""
        facts = {"slow": round(self.slow_days), "median": round(self.median_days or 0), "limit": self.limit}
        if self.source is Source.LIMIT:
            return _("期限の目安が%(slow)d日(%(limit)d営業日)です") % facts
        if self.is_stretched:
            words = _(
                "半数は%(median)d日以内に次へ動きます。8割はまだ動いていないため、%(slow)d日を目安にしています"
            )
            return words % facts
        return _("半数は%(median)d日以内、8割は%(slow)d日以内に次へ動きます") % facts


_SOURCE_WORDS = {
    Source.SECTION: lambda: _("%(department)sの%(track)s %(n)d件から"),
    Source.TRACK: lambda: _("庁内の%(track)s %(n)d件から"),
    Source.STAGE: lambda: _("庁内の同じ段階 %(n)d件から"),
    Source.TRACK_EVERYWHERE: lambda: _("ほかの自治体も含む%(track)s %(n)d件から"),
    Source.STAGE_EVERYWHERE: lambda: _("ほかの自治体も含む同じ段階 %(n)d件から"),
    Source.LIMIT: lambda: _("まだ履歴が少ないため、設定の期限から"),
}


def track_label(track: str) -> str:
    """課題解決型; a case that no proposal began has none."""
    return str(Track(track).label) if track in Track.values else _("提案によらない案件")


class Paces:
    """What is known for one municipality: the learned figures (its own and everybody's) and its limits."""

    def __init__(self, municipality_id: int, *, stages: Iterable[str] | None = None):
        """Two statements. `stages` reads no more than those."""
        learned = Pace.objects.filter(
            Q(municipality=municipality_id) | Q(municipality=None), median_days__isnull=False
        )
        own = Limit.objects.filter(municipality=municipality_id, kind="case")
        if stages is not None:
            learned, own = learned.filter(stage__in=stages), own.filter(stage__in=stages)
        self._learned = {
            row[:4]: row[4:]
            for row in learned.values_list(
                "municipality_id", "department_id", "track", "stage", "slow_days", "median_days", "stays"
            ).order_by()
        }
        self._limits = dict(own.values_list("stage", "days"))
        self._municipality = municipality_id
        self._found: dict[tuple, Usual] = {}

    def limit(self, stage: str) -> int:
        """Business days the ball may lie at the stage here."""
        return self._limits.get(stage) or DEFAULT_LIMITS["case", stage]

    def usual(self, stage: str, *, department: int | None = None, track: str | None = None) -> Usual:
        """The figures of the nearest kind with enough history, else the limit.

        `department` is the lead's id; without department and track, the stage as a whole. A track is one of
        `Track`, or blank for a case that no proposal began.
        """
        key = (stage, department, track)
        if key not in self._found:
            self._found[key] = self._nearest(stage, department, track)
        return self._found[key]

    def _nearest(self, stage: str, department: int | None, track: str | None) -> Usual:
        here = self._municipality
        chain = []
        if track is not None:
            if department is not None:
                chain.append((Source.SECTION, (here, department, track, stage)))
            chain.append((Source.TRACK, (here, None, track, stage)))
        chain.append((Source.STAGE, (here, None, None, stage)))
        if track is not None:
            chain.append((Source.TRACK_EVERYWHERE, (None, None, track, stage)))
        chain.append((Source.STAGE_EVERYWHERE, (None, None, None, stage)))
        known = [(source, *self._learned[kind]) for source, kind in chain if kind in self._learned]
        for source, slow, median, stays in known:
            if slow is not None:
                return Usual(source, slow, median, stays, track or "")
        for source, _slow, median, stays in known:
            return Usual(source, median * STRETCH, median, stays, track or "", is_stretched=True)
        limit = self.limit(stage)
        return Usual(Source.LIMIT, calendar_days(limit), track=track or "", limit=limit)
