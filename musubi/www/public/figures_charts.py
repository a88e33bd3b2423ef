"""Geometry of the drawn figures of time and of years: numbers in, coordinates out (see `www.drawings`).

Every drawing comes lying (`wide`, 960 units across) and standing (`tall`, 340 across); its table stands beside it and
says the same.
"""

from dataclasses import dataclass

WIDE, TALL = 960, 340
MOST_YEARS = 8
MOST_WORDY = 3


@dataclass(frozen=True)
class Span:
    """One row of a dot plot: half were done within `median` days, eight of ten within `p80`; None: not yet known."""

    label: str
    median: int | None
    p80: int | None
    words: str


def dot_plot(rows: list[Span], promised: int | None) -> dict:
    """Dots at the medians, whiskers to the 80 %, a line at the promised days.

    A whisker whose 80 % has not come yet is open: it runs to the end of the scale. Returns `wide` and `tall`, each
    with `rows`, `ticks`, `height`, `line` (the x of the promise) and the ends of the axis.
    """
    known = [days for row in rows for days in (row.median, row.p80) if days is not None]
    top = _nice(max([*known, promised or 0, 1]))
    return {
        "wide": _plot(rows, promised, top, left=170, right=WIDE - 230, first=64, step=48),
        "tall": _plot(rows, promised, top, left=14, right=TALL - 30, first=84, step=74),
        "promised": promised,
    }


def _plot(rows, promised, top, *, left, right, first, step) -> dict:
    def x(days: float) -> str:
        return f"{left + (right - left) * days / top:.1f}"

    ticks = [top * part // 4 for part in range(5)] if top % 4 == 0 else [top * part // 5 for part in range(6)]
    made = []
    for index, row in enumerate(rows):
        y = first + index * step
        made.append(
            {
                "label": row.label,
                "words": row.words,
                "y": y,
                "above": y - 22,
                "dot": None if row.median is None else x(row.median),
                "end": x(row.p80) if row.p80 is not None else x(top),
                "is_open": row.median is not None and row.p80 is None,
            }
        )
    bottom = first + (len(rows) - 1) * step + 26
    return {
        "rows": made,
        "ticks": [{"x": x(day), "day": day} for day in ticks],
        "line": None if promised is None else x(promised),
        "top": first - (26 if left > 100 else 48),
        "bottom": bottom,
        "labels": bottom + 22,
        "height": bottom + 32,
        "left": left,
        "right": right,
    }


def columns(groups: list[dict], series: list[str]) -> dict:
    """Standing bars: `groups` of {label, short, values} side by side, one bar per name in `series`. Values too long to be
    written above a bar bring `words`; then fewer groups stand on a phone.

    Returns `wide` and `tall`, each with `groups` (label, x of its middle, bars) and the heights of the drawing.
    """
    groups = groups[-MOST_YEARS:] if len(series) > 1 else groups
    most = max((value for group in groups for value in group["values"]), default=0) or 1
    fewer = groups[-MOST_WORDY:] if any("words" in group for group in groups) else groups
    return {
        "wide": _columns(groups, most, width=WIDE, height=260, label="label"),
        "tall": _columns(fewer, most, width=TALL, height=200, label="short"),
        "series": [{"label": name, "look": look} for name, look in zip(series, LOOKS, strict=False)],
    }


# Told apart without colour: full, hollow, dashed.
LOOKS = ["c-full", "c-hollow", "c-dashed"]


def _columns(groups, most, *, width, height, label) -> dict:
    head, count = 26, len(groups) or 1
    room = width / count
    widest = 84 if any("words" in group for group in groups) else 56
    per_bar = min((room - 12) / max((len(group["values"]) for group in groups), default=1), widest)
    made = []
    for index, group in enumerate(groups):
        middle = room * index + room / 2
        start = middle - per_bar * len(group["values"]) / 2
        bars = []
        for place, value in enumerate(group["values"]):
            tall = (height - head) * max(value, 0) / most
            bars.append(
                {
                    "value": group["words"][place] if value and "words" in group else value,
                    "look": LOOKS[place],
                    "x": f"{start + place * per_bar + 1:.1f}",
                    "y": f"{height - tall:.1f}",
                    "w": f"{max(per_bar - 2, 1):.1f}",
                    "h": f"{tall:.1f}",
                    "mid": f"{start + (place + 0.5) * per_bar:.1f}",
                    "text": f"{height - tall - 6:.1f}",
                }
            )
        made.append({"label": group[label], "mid": f"{middle:.1f}", "bars": bars})
    return {"groups": made, "base": height, "labels": height + 22, "height": height + 32, "width": width}


def _nice(number: int) -> int:
    """The next round end of a scale: 4, 8, 10, 20, 40, 60, 80, 100, 120, 200 …"""
    for size in (
        4,
        8,
        10,
        12,
        16,
        20,
        28,
        40,
        60,
        80,
        100,
        120,
        160,
        200,
        240,
        300,
        400,
        500,
        600,
        800,
        1000,
    ):
        if number <= size:
            return size
    return -(-number // 500) * 500
