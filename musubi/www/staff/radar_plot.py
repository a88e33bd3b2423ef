"""Geometry of the radar's picture: open cases as dots along the stages, by age, with the usual band behind them.

Standing in columns for wide pages, lying in lanes for narrow ones. Ages lie on a square-root scale: a week at the
young end and a year at the old one both stay readable.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.cases.radar.pace import Source, Usual
from musubi.cases.radar.signs import Sign, Standing
from musubi.cases.states import CASE, PATH

MOST_DOTS = 400
"""More are counted in blocks: nobody tells a thousand dots apart."""

WIDE, LEFT, TOP, HEIGHT, FOOT = 960, 66, 62, 380, 62
NARROW, MARGIN, LANE, HEADING = 360, 12, 44, 46
LONGEST_LANE = 200
APART = 26
TICKS = [7, 14, 30, 60, 90, 180, 365, 730, 1095, 1825, 3650]


@dataclass
class Dot:
    """One case. `shape` is usual, slow or stalled; `ring` marks the silent ones."""

    standing: Standing
    name: str
    href: str
    x: float = 0
    y: float = 0
    r: float = 6

    @property
    def shape(self) -> str:
        return "stalled" if self.standing.is_stalled else "slow" if self.standing.is_slow else "usual"

    @property
    def ring(self) -> str:
        return f"{self.r + 3.5:.1f}" if self.standing.is_silent else ""

    @property
    def has_sign(self) -> bool:
        return bool(self.standing.signs)

    @property
    def path(self) -> str:
        """A diamond or a triangle around the middle; a circle is drawn as one."""
        x, y, r = self.x, self.y, self.r * 1.3
        if self.shape == "slow":
            return f"M{x:.1f} {y - r:.1f}L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}L{x - r:.1f} {y:.1f}Z"
        return f"M{x:.1f} {y - r:.1f}L{x + r:.1f} {y + r * 0.8:.1f}L{x - r:.1f} {y + r * 0.8:.1f}Z"

    @property
    def markup(self) -> SafeString:
        """The dot as a link. (Drawn here: a template takes ten times as long, and there are hundreds, twice.) Only those
        with a sign are stops of the Tab key; the list has them all."""
        at = f'cx="{self.x:.1f}" cy="{self.y:.1f}"'
        ring = f'<circle class="ring" {at} r="{self.ring}"/>' if self.ring else ""
        round_dot = f'<circle class="dot" {at} r="{self.r:.1f}"/>'
        dot = round_dot if self.shape == "usual" else f'<path class="dot" d="{self.path}"/>'
        stop = "" if self.has_sign else ' tabindex="-1"'
        return mark_safe(
            f'<a class="r-{self.shape}" href="{escape(self.href)}"{stop}><title>{escape(self.name)}</title>{ring}{dot}</a>'
        )


@dataclass
class Stage:
    """One column or lane."""

    code: str
    label: str
    count: int
    usual: Usual | None
    dots: list[Dot] = field(default_factory=list)
    blocks: list[dict] = field(default_factory=list)
    box: dict = field(default_factory=dict)
    band: dict | None = None

    @property
    def median_words(self) -> str:
        if self.usual is None or self.usual.median_days is None:
            return ""
        return _("半数 %(n)d日") % {"n": round(self.usual.median_days)}

    @property
    def slow_words(self) -> str:
        if self.usual is None:
            return ""
        words = _("8割 %(n)d日")
        if self.usual.source is Source.LIMIT or self.usual.is_stretched:
            words = _("目安 %(n)d日")
        return words % {"n": round(self.usual.slow_days)}


@dataclass
class Drawing:
    width: int
    height: int
    stages: list[Stage]
    ticks: list[dict]
    floor: str


def drawings(
    standings: list[Standing],
    *,
    usual: Callable[[str], Usual],
    name: Callable[[Standing], str],
    href: Callable[[Standing], str],
    block_href: Callable[[str], str],
) -> tuple[Drawing, Drawing]:
    """The wide and the narrow drawing. `usual(stage)` gives the band, `name` and `href` what a dot is called and where
    it leads; `block_href(stage)` leads from a block of more than `MOST_DOTS` cases to their list."""
    by_stage = {stage: [each for each in standings if each.stage == stage] for stage in PATH[:-1]}
    if paused := [each for each in standings if each.stage == "paused"]:
        by_stage["paused"] = paused
    bands = {stage: usual(stage) if stage != "paused" else None for stage in by_stage}
    ages = [each.age for each in standings] + [band.slow_days for band in bands.values() if band]
    oldest = max(30, *ages) * 1.06
    counted = len(standings) > MOST_DOTS

    def stages(radius: float) -> list[Stage]:
        return [
            Stage(
                code,
                str(CASE[code].label),
                len(rows),
                bands[code],
                dots=[] if counted else [Dot(each, name(each), href(each), r=radius) for each in rows],
            )
            for code, rows in by_stage.items()
        ]

    radius = 6 if len(standings) <= 150 else 4.5
    wide, narrow = _wide(stages(radius), oldest), _narrow(stages(min(radius, 5)), oldest)
    if counted:
        _count(wide, narrow, by_stage, oldest, block_href)
    return wide, narrow


def _wide(stages: list[Stage], oldest: float) -> Drawing:
    across = (WIDE - LEFT) / len(stages)
    floor = TOP + HEIGHT

    def y(age: float) -> float:
        return floor - HEIGHT * sqrt(age / oldest)

    for number, stage in enumerate(stages):
        left = LEFT + number * across
        middle = left + across / 2
        stage.box = {
            "x": f"{left:.1f}",
            "w": f"{across - 6:.1f}",
            "mid": f"{middle - 3:.1f}",
            "y": TOP,
            "h": HEIGHT,
            "foot": floor + 24,
            "foot2": floor + 46,
        }
        if stage.usual:
            stage.band = _band(stage.usual, y, left + 3, across - 12)
        for dot, offset in _swarm(stage.dots, y, room=across / 2 - 14):
            dot.x, dot.y = middle - 3 + offset, y(dot.standing.age)
    ticks = [{"y": f"{y(days):.1f}", "label": label} for days, label in _ticks(oldest, HEIGHT)]
    return Drawing(
        WIDE, floor + FOOT, stages, [{"y": f"{floor:.1f}", "label": _("今日")}, *ticks], str(floor)
    )


def _narrow(stages: list[Stage], oldest: float) -> Drawing:
    length = NARROW - 2 * MARGIN

    def x(age: float) -> float:
        return MARGIN + length * sqrt(age / oldest)

    top = 0.0
    for stage in stages:
        placed = _swarm(stage.dots, x, room=LONGEST_LANE / 2 - 10)
        tall = max(LANE, 2 * max((abs(offset) for _dot, offset in placed), default=0) + 24)
        lane = top + HEADING
        stage.box = {
            "x": MARGIN,
            "w": length,
            "head": f"{top + 18:.1f}",
            "head2": f"{top + 38:.1f}",
            "y": f"{lane:.1f}",
            "h": f"{tall:.1f}",
        }
        if stage.usual:
            stage.band = _lying_band(stage.usual, x, lane + 3, tall - 6)
        for dot, offset in placed:
            dot.x, dot.y = x(dot.standing.age), lane + tall / 2 + offset
        top = lane + tall + 14
    ticks = [
        {"x": f"{x(days):.1f}", "label": label} for days, label in _ticks(oldest, length, apart=APART * 2)
    ]
    first = {"x": f"{MARGIN:.1f}", "label": _("今日"), "first": True}
    return Drawing(NARROW, round(top + 22), stages, [first, *ticks], f"{top - 6:.1f}")


def _band(usual: Usual, y: Callable, left: float, width: float) -> dict:
    """From the median to the time by which 80 % had moved; without a history only the line of the limit."""
    top = y(usual.slow_days)
    band = {"x": f"{left:.1f}", "w": f"{width:.1f}", "y": f"{top:.1f}", "x2": f"{left + width:.1f}"}
    if usual.median_days is not None:
        band |= {"h": f"{max(y(usual.median_days) - top, 1):.1f}"}
    return band


def _lying_band(usual: Usual, x: Callable, top: float, height: float) -> dict:
    right = x(usual.slow_days)
    band = {"x2": f"{right:.1f}", "y": f"{top:.1f}", "h": f"{height:.1f}", "y2": f"{top + height:.1f}"}
    if usual.median_days is not None:
        left = x(usual.median_days)
        band |= {"x": f"{left:.1f}", "w": f"{max(right - left, 1):.1f}"}
    return band


def _swarm(dots: list[Dot], along: Callable, *, room: float) -> list[tuple[Dot, float]]:
    """Each dot with how far it steps aside, so that none covers another: as little as it can, `room` at most."""
    placed: list[tuple[float, float, float]] = []
    found = []
    for dot in sorted(dots, key=lambda dot: (dot.standing.age, dot.standing.case_id)):
        position, size = along(dot.standing.age), dot.r + (4 if dot.ring else 2 if dot.has_sign else 0.75)
        near = [(p, o, s) for p, o, s in placed if abs(p - position) < s + size]
        step, offset = 0, 0.0
        while any((p - position) ** 2 + (o - offset) ** 2 < (s + size) ** 2 for p, o, s in near):
            step += 1
            offset = (step + 1) // 2 * 2.0 * (1 if step % 2 else -1)
            if abs(offset) > room:
                # Full: the rest lie on each other, at different places.
                offset = (len(found) * 7 % (2 * room)) - room
                break
        placed.append((position, offset, size))
        found.append((dot, offset))
    return found


def _ticks(oldest: float, length: float, apart: float = APART) -> list[tuple[int, str]]:
    """The ages with a line of their own, as many as stay `apart`."""
    found, last = [], 0.0
    for days in TICKS:
        place = length * sqrt(days / oldest)
        if days <= oldest and place - last >= apart:
            found.append((days, _tick_words(days)))
            last = place
    return found


def _tick_words(days: int) -> str:
    if days < 30:
        return ngettext("%(n)d週間", "%(n)d週間", days // 7) % {"n": days // 7}
    if days == 180:
        return _("半年")
    if days < 365:
        return ngettext("%(n)dか月", "%(n)dか月", days // 30) % {"n": days // 30}
    return ngettext("%(n)d年", "%(n)d年", days // 365) % {"n": days // 365}


def _count(wide: Drawing, narrow: Drawing, by_stage: dict, oldest: float, href: Callable) -> None:
    """Blocks instead of dots: one for each stage and age between two ticks, as long as its share of the longest."""
    edges = [0, *(days for days, _label in _ticks(oldest, HEIGHT)), oldest + 1]
    counted = {}
    for code, rows in by_stage.items():
        for ages in pairwise(edges):
            inside = [each for each in rows if ages[0] <= each.age < ages[1]]
            if inside:
                counted.setdefault(code, {})[ages] = (len(inside), sum(bool(each.signs) for each in inside))
    most = max(total for blocks in counted.values() for total, _signed in blocks.values())
    for standing, lying in zip(wide.stages, narrow.stages, strict=True):
        for ages, (total, signed) in counted.get(standing.code, {}).items():
            what = {
                "href": href(standing.code),
                "text": f"{signed}/{total}",
                "name": _block_name(standing.label, ages, total, signed),
            }
            near, far = (sqrt(min(age, oldest) / oldest) for age in ages)
            standing.blocks.append(what | _block(standing.box, near, far, total / most, signed / total))
            lying.blocks.append(what | _lying_block(lying.box, near, far, total / most, signed / total))


def _block_name(stage: str, ages: tuple, total: int, signed: int) -> str:
    facts = {"stage": stage, "low": ages[0], "high": round(ages[1]), "total": total, "signed": signed}
    return _("%(stage)s、%(low)d日から%(high)d日: %(total)d件のうち%(signed)d件にしるし") % facts


def _block(box: dict, near: float, far: float, share: float, signed: float) -> dict:
    left, width = float(box["x"]) + 6, max((float(box["w"]) - 64) * share, 3)
    top, bottom = TOP + HEIGHT * (1 - far), TOP + HEIGHT * (1 - near)
    return {
        "x": f"{left:.1f}",
        "y": f"{top + 3:.1f}",
        "w": f"{width:.1f}",
        "h": f"{bottom - top - 6:.1f}",
        "signed_w": f"{width * signed:.1f}",
        "text_x": f"{left + width + 5:.1f}",
        "text_y": f"{(top + bottom) / 2 + 5:.1f}",
    }


def _lying_block(box: dict, near: float, far: float, share: float, signed: float) -> dict:
    length, tall = NARROW - 2 * MARGIN, float(box["h"]) - 6
    floor, high = float(box["y"]) + float(box["h"]) - 3, max(tall * share, 2)
    return {
        "x": f"{MARGIN + length * near + 1:.1f}",
        "w": f"{max(length * (far - near) - 2, 1):.1f}",
        "y": f"{floor - high:.1f}",
        "h": f"{high:.1f}",
        "signed_y": f"{floor - high * signed:.1f}",
        "signed_h": f"{high * signed:.1f}",
    }


def dot_name(standing: Standing, title: str) -> str:
    """What a dot is called: 海岸清掃の連携(対話、41日、停滞・やり取りなし)."""
    signs = _("・").join(str(Sign(sign).label) for sign in standing.signs) or _("目安の内")
    facts = {"title": title, "stage": CASE[standing.stage].label, "age": standing.age, "signs": signs}
    return _("%(title)s(%(stage)s、%(age)d日、%(signs)s)") % facts
