"""From sheets to a ranking: totals with recusals put right, minimums, ties, and the set that spends the budget best.
Points are integers and shares fractions; nothing is rounded but where the rules say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from musubi.fund.states import Recusal, Tie


@dataclass(frozen=True)
class Item:
    """A criterion: the most points one member can give, their weight, and the mean that is needed to pass."""

    pk: int
    most: int
    weight: int
    least: int = 0


@dataclass(frozen=True)
class Sheet:
    """One member's points by criterion."""

    points: Mapping[int, int]


@dataclass
class Standing:
    """How an application stands. `total` is comparable between applications of one stage; `share` of what could be
    reached; `lacking` names why it does not pass (`total`, or the criterion's key), empty where it does.

    To explain it: `given`, the sum on the sheets there are; `filled`, what was added for the recused; `reachable`, the most
    there could be; `level`, equal to another but for the rule that decides ties (`tied`: also by that rule).
    """

    application: int
    total: Fraction
    share: Fraction
    by_item: dict[int, Fraction]
    sheets: int
    recused: int
    lacking: list[str] = field(default_factory=list)
    place: int = 0
    tied: bool = False
    given: int = 0
    filled: int = 0
    reachable: int = 0
    level: bool = False

    @property
    def passes(self) -> bool:
        return not self.lacking

    @property
    def band(self) -> int:
        """0: passes, 1: does not, 2: has no sheet yet; in this order they stand."""
        return 2 if not self.sheets else int(not self.passes)


def standing(
    application: int,
    sheets: Sequence[Sheet],
    items: Sequence[Item],
    *,
    recused: int,
    recusal: Recusal,
    pass_share: int,
    criterion_share: int,
) -> Standing:
    """The standing of one application.

    FILL: the total of the sheets there are, plus their mean × the number recused, decimals cut. MEAN: the mean a sheet.
    """
    count = len(sheets)
    by_item = {
        item.pk: Fraction(sum(sheet.points.get(item.pk, 0) for sheet in sheets), count or 1) for item in items
    }
    full = sum(item.most * item.weight for item in items)
    sums = [sum(sheet.points.get(item.pk, 0) * item.weight for item in items) for sheet in sheets]
    mean = Fraction(sum(sums), count or 1)
    filled = 0
    if recusal == Recusal.FILL:
        filled = (mean * recused).__floor__()
        total = Fraction(sum(sums) + filled)
        reachable = full * (count + recused)
    else:
        total, reachable = mean, full
    share = total / reachable if reachable else Fraction(0)
    found = Standing(
        application,
        total,
        share,
        by_item,
        count,
        recused,
        given=sum(sums),
        filled=filled,
        reachable=reachable,
    )
    if share * 100 < pass_share or not count:
        found.lacking.append("total")
    found.lacking += [
        str(item.pk) for item in items if by_item[item.pk] < needed(item.most, item.least, criterion_share)
    ]
    return found


def needed(most: int, least: int, criterion_share: int) -> Fraction:
    """The mean points of the members that a criterion asks for: its own minimum, or the share (percent) that all of them
    ask for, whichever is more."""
    return max(Fraction(least), Fraction(most * criterion_share, 100))


def rank(
    standings: Sequence[Standing], items: Sequence[Item], *, tie: Tie, requested: Mapping[int, int]
) -> list[Standing]:
    """The standings in order, those that pass first, each with its `place`; `tied` where the rule does not decide.

    Equal totals: by the criterion of greatest weight (then the next), by the smaller sum asked for, or by nobody (DRAW).
    """

    def key(one: Standing) -> tuple:
        return (one.band, -one.share, *breaker(one, items, tie, requested.get(one.application, 0)))

    ordered = sorted(standings, key=lambda one: (key(one), one.application))
    for number, one in enumerate(ordered, 1):
        before = ordered[number - 2] if number > 1 else None
        same = before is not None and key(before) == key(one)
        one.place = before.place if same else number
        if before is not None and (before.band, before.share) == (one.band, one.share):
            one.level = before.level = True
        if same:
            one.tied = before.tied = True
    return ordered


def breaker(one: Standing, items: Sequence[Item], tie: Tie, requested: int) -> tuple[Fraction | int, ...]:
    """What decides between equal totals, the smaller one first."""
    if tie == Tie.CRITERION:
        return tuple(
            -one.by_item[item.pk] for item in sorted(items, key=lambda item: (-item.weight, item.pk))
        )
    return (requested,) if tie == Tie.LESS else ()
