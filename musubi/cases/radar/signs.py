"""Whether an open case is slow, stalled or silent.

*slow*: it has lain at its stage longer than the time by which 80 % of its kind had moved. *stalled*: slow, and its
ball is overdue as well. *silent*: nobody has written, met or moved it along for twice the time the ball may lie.
A case may be silent beside the other two. A paused case is not measured by its stage: it is slow from the day
after the one it was laid aside until.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.cases.models import Case
from musubi.cases.radar.pace import Paces, Usual, calendar_days
from musubi.cases.states import OPEN
from musubi.lib import clock

SILENT_LIMITS = 2
"""The ball may lie for the limit of its stage. Where twice that has gone by without a word, one side's turn has passed
in silence and the other side has not asked: nobody is talking any more."""


class Sign(models.TextChoices):
    STALLED = "stalled", gettext_lazy("停滞")
    SLOW = "slow", gettext_lazy("遅れ")
    SILENT = "silent", gettext_lazy("やり取りなし")


COLUMNS = (
    "pk",
    "stage",
    "stage_since",
    "lead_id",
    "proposal_id",
    "proposal__track",
    "ball_since",
    "ball_due_on",
    "last_spoken_at",
    "opened_at",
    "paused_until",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one open case stands against its kind. Days are calendar days; `usual` is None for a paused case."""

    case_id: int
    stage: str
    age: int
    usual: Usual | None
    quiet: int
    silent_after: int
    is_slow: bool
    is_overdue: bool
    paused_until: date | None = None

    @property
    def is_stalled(self) -> bool:
        return self.is_slow and self.is_overdue

    @property
    def is_silent(self) -> bool:
        return self.paused_until is None and self.quiet > self.silent_after

    @property
    def signs(self) -> tuple[Sign, ...]:
        """What holds, the worst first: stalled or slow, and silent."""
        pace = (Sign.STALLED,) if self.is_overdue else (Sign.SLOW,)
        return (pace if self.is_slow else ()) + ((Sign.SILENT,) if self.is_silent else ())

    @property
    def times(self) -> float:
        """How many times the usual it has lasted: its stay over the slow time, or the silence over what is allowed."""
        if self.paused_until is not None:
            return max((clock.today() - self.paused_until).days, 0) / max(self.silent_after, 1)
        return max(self.age / max(self.usual.slow_days, 1), self.quiet / max(self.silent_after, 1))

    @property
    def hurt(self) -> tuple:
        """Sorts what hurts most to the front."""
        signs = self.signs
        return (
            Sign.STALLED not in signs,
            Sign.SLOW not in signs,
            Sign.SILENT not in signs,
            -self.times,
            -self.age,
            self.case_id,
        )

    def usual_words(self, department: str = "") -> str:
        """How long such cases usually take, and from which records: for beside the age. `department` is the lead's name."""
        if self.paused_until is not None:
            late = (clock.today() - self.paused_until).days
            return _("保留の期限を%(n)d日過ぎています。") % {"n": late} if late > 0 else _("保留中です。")
        source = self.usual.source_words(department)
        words = _("%(usual)s(%(source)s)。") % {"usual": self.usual.words(), "source": source}
        if self.is_silent:
            words += _("最後のやり取りから%(quiet)d日たっています(目安は%(after)d日)。") % {
                "quiet": self.quiet,
                "after": self.silent_after,
            }
        return words

    def words(self, department: str = "") -> str:
        """The same as sentences that stand alone, with how long this case has lain."""
        usual = self.usual_words(department)
        if self.paused_until is not None:
            return usual
        return _("この段階は、%(usual)sこの案件は今日で%(age)d日です。") % {"usual": usual, "age": self.age}


def standings(rows: models.QuerySet[Case], paces: Paces) -> list[Standing]:
    """Where the open cases of `rows` stand, in no order. One statement, whatever their number.

    `paces` are those of the municipality all of them belong to.
    """
    today = clock.today()
    found = rows.filter(stage__in=OPEN).order_by().values_list(*COLUMNS)
    return [_standing(row, paces, today) for row in found.iterator(chunk_size=5000)]


def sign_of(case: Case) -> Standing | None:
    """Where one case stands: `signs` may be empty. None once it has ended. Two statements.

    >>> standing = sign_of(case)
    >>> if standing and standing.signs: print(standing.words(case.lead.name))
    """
    if case.stage not in OPEN:
        return None
    stages = () if case.stage == "paused" else (case.stage,)
    track = case.proposal.track if case.proposal_id else None
    row = (case.pk, case.stage, case.stage_since, case.lead_id, case.proposal_id, track, case.ball_since)
    row += (case.ball_due_on, case.last_spoken_at, case.opened_at, case.paused_until)
    return _standing(row, Paces(case.municipality_id, stages=stages), clock.today())


def silent_days(limit: int) -> int:
    """After how many calendar days without a word a stage with this limit (business days) is silent."""
    return calendar_days(SILENT_LIMITS * limit)


def _standing(row: tuple, paces: Paces, today: date) -> Standing:
    pk, stage, since, lead, proposal, track, ball_since, due, spoken, opened, paused_until = row
    quiet = _days(max(filter(None, (spoken, opened, since))), today)
    silent_after = silent_days(paces.limit(stage))
    overdue = due is not None and due < today
    if paused_until is not None:
        age = _days(ball_since or since, today)
        return Standing(
            pk, stage, age, None, quiet, silent_after, paused_until < today, overdue, paused_until
        )
    usual = paces.usual(stage, department=lead, track=track if proposal else "")
    age = _days(since, today)
    return Standing(pk, stage, age, usual, quiet, silent_after, age > usual.slow_days, overdue)


def _days(moment: datetime, today: date) -> int:
    return max((today - moment.astimezone(clock.TOKYO).date()).days, 0)


def for_page(all_of_them: Iterable[Standing], sign: str = "") -> list[Standing]:
    """The ones to show, what hurts most first: with any sign, with one (`Sign`), or with `sign` "all" every one."""
    if sign == "all":
        shown = all_of_them
    elif sign in Sign.values:
        shown = (each for each in all_of_them if sign in each.signs)
    else:
        shown = (each for each in all_of_them if each.signs)
    return sorted(shown, key=lambda each: each.hurt)
