"""What a trial is measured by, what was read, and whether that is enough.

A trial keeps its measures as a list of plain dicts (`Trial.measures`), and readings and decisions name a measure by
its place in it. Here the dicts are checked once when they are written, and read as what they mean.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from musubi.cases.models import Reading, Trial
from musubi.cases.states import Direction
from musubi.lib.errors import Missing, Refused

MOST = 8
# As `Reading.value`: eighteen digits, four of them behind the point.
LARGEST, PLACES = Decimal(10) ** 14, Decimal("0.0001")


@dataclass(frozen=True)
class Measure:
    """One measure. `place` is its place in `Trial.measures`, from 0."""

    place: int
    name: str
    unit: str
    threshold: Decimal
    direction: str
    baseline: Decimal | None

    @property
    def wanted(self) -> str:
        """`10%以上`"""
        return f"{plain(self.threshold)}{self.unit}{Direction(self.direction).label}"

    @property
    def start(self) -> str:
        """`3.2%`, the value before the trial; empty where nobody measured it."""
        return "" if self.baseline is None else f"{plain(self.baseline)}{self.unit}"

    def met_by(self, value: Decimal) -> bool:
        return value >= self.threshold if self.direction == Direction.AT_LEAST else value <= self.threshold


@dataclass(frozen=True)
class Result:
    """A measure with its readings by day, and beside its threshold what the last one that holds says.

    `corrected` are the ids of readings that a later reading of the same day replaced.
    """

    measure: Measure
    readings: list[Reading] = field(default_factory=list)
    corrected: frozenset[int] = frozenset()

    @property
    def valid(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.pk not in self.corrected]

    @property
    def last(self) -> Reading | None:
        return self.valid[-1] if self.valid else None

    @property
    def met(self) -> bool | None:
        """Whether the last reading is on the wanted side of the threshold; None where there is none."""
        return self.measure.met_by(self.last.value) if self.last else None

    @property
    def value(self) -> str:
        """`11.8%`; empty where nothing was read."""
        return f"{plain(self.last.value)}{self.measure.unit}" if self.last else ""


def plain(value: Decimal) -> str:
    """A number without the zeros that only the column brings: 12.5000 → 12.5, 40.0000 → 40."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def measures(trial: Trial) -> list[Measure]:
    return [_measure(place, words) for place, words in enumerate(trial.measures)]


def results(trial: Trial, readings: Iterable[Reading] | None = None) -> list[Result]:
    """Every measure of the trial with its readings, oldest day first. One statement, or none with `readings`."""
    rows = list(trial.readings.select_related("added_by", "organisation") if readings is None else readings)
    found = []
    for measure in measures(trial):
        mine = sorted((r for r in rows if r.measure == measure.place), key=lambda r: (r.day, r.pk))
        newest = {reading.day: reading.pk for reading in mine}
        corrected = frozenset(r.pk for r in mine if newest[r.day] != r.pk)
        found.append(Result(measure, mine, corrected))
    return found


def number(value, label: str, *, name: str) -> Decimal:
    """A value as `Reading.value` can hold it. Raises Refused with a sentence for anything else."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise Refused(f"「{label}」には数を入力してください。例: 12.5", field=name) from error
    if not found.is_finite() or abs(found) >= LARGEST:
        raise Refused(f"「{label}」の数が大きすぎます。単位を変えて入力してください。", field=name)
    if found != found.quantize(PLACES):
        raise Refused(f"「{label}」は、小数点以下4桁までで入力してください。", field=name)
    return found


def checked(rows: Iterable[dict]) -> list[dict]:
    """The measures of a plan as they are kept. Rows without a name and a threshold are left out.

    Raises Missing without any measure or where a row lacks one of the two, Refused for a threshold that is no
    number, a direction that is none, a name that comes twice, or more than eight measures.
    """
    found, names = [], set()
    for row in rows:
        name = str(row.get("name") or "").strip()
        threshold = row.get("threshold")
        given = str(threshold).strip() if threshold is not None else ""
        if not name and not given:
            continue
        if not name:
            raise Missing("指標の名前を入力してください。例: 分別にかかる時間", field="measures")
        if not given:
            raise Missing(
                f"「{name}」のしきい値を入力してください。始める前に決めておくと、判定がぶれません。",
                field="measures",
            )
        if name in names:
            raise Refused(f"指標「{name}」が二つあります。一つにまとめてください。", field="measures")
        direction = row.get("direction") or Direction.AT_LEAST
        if direction not in Direction.values:
            raise Refused(f"「{name}」の向き(以上・以下)を選んでください。", field="measures")
        baseline = row.get("baseline")
        baseline = "" if baseline is None else str(baseline).strip()
        names.add(name)
        found.append(
            {
                "name": name,
                "unit": str(row.get("unit") or "").strip(),
                "threshold": plain(number(given, f"{name}のしきい値", name="measures")),
                "direction": str(direction),
                "baseline": plain(number(baseline, f"{name}の開始前の値", name="measures"))
                if baseline
                else "",
            }
        )
    if not found:
        raise Missing("始める前に、成功を測る指標としきい値を一つ以上決めてください。", field="measures")
    if len(found) > MOST:
        raise Refused(
            f"指標は{MOST}個までにしてください。判定に使うものだけを選びましょう。", field="measures"
        )
    return found


def _measure(place: int, words: dict) -> Measure:
    return Measure(
        place=place,
        name=words["name"],
        unit=words.get("unit", ""),
        threshold=Decimal(str(words["threshold"])),
        direction=words.get("direction") or Direction.AT_LEAST,
        baseline=Decimal(words["baseline"]) if words.get("baseline") else None,
    )
