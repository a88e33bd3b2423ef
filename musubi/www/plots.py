"""Geometry of the plots of a trial: what was measured against its threshold, and the way to the budget.

Each drawing comes twice, lying for wide screens and standing for phones, since letters in an SVG shrink with it.
"""

from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor, log10

from musubi.cases.trials.budget import Timeline
from musubi.cases.trials.measures import Result, plain


def measure_plot(result: Result, starts_on: date, ends_on: date) -> dict:
    """`wide` and `tall` drawings of one measure's readings over the trial's period; empty without a reading."""
    if not result.valid:
        return {}
    days = [reading.day for reading in result.valid]
    span = min(starts_on, *days), max(ends_on, *days)
    return {
        "wide": _plot(result, span, width=720, height=300, right=96, labels=8),
        "tall": _plot(result, span, width=340, height=260, right=66, labels=4),
    }


def _plot(
    result: Result, span: tuple[date, date], *, width: int, height: int, right: int, labels: int
) -> dict:
    measure = result.measure
    values = [float(reading.value) for reading in result.valid] + [float(measure.threshold)]
    if measure.baseline is not None:
        values.append(float(measure.baseline))
    ticks = nice_ticks(min(values), max(values))
    low, high = ticks[0], ticks[-1]
    left = 16 + 9 * max(len(_tick(tick, ticks)) for tick in ticks)
    top, bottom, end = 16, height - 34, width - right
    days = max((span[1] - span[0]).days, 1)

    def x(day: date) -> float:
        return round(left + (end - left) * (day - span[0]).days / days, 1)

    def y(value: float | Decimal) -> float:
        return round(bottom - (bottom - top) * (float(value) - low) / (high - low), 1)

    threshold = y(measure.threshold)
    points = [
        {
            "x": x(reading.day),
            "y": y(reading.value),
            "met": measure.met_by(reading.value),
            "title": f"{reading.day.month}月{reading.day.day}日 {plain(reading.value)}{measure.unit}",
        }
        for reading in result.valid
    ]
    last = points[-1]
    return {
        "width": width,
        "height": height,
        "left": left,
        "left_text": left - 8,
        "right": end,
        "across": end - left,
        "bottom": bottom,
        "x_text": bottom + 24,
        "margin": end + 10,
        "y_ticks": [{"y": y(tick), "text_y": y(tick) + 5, "label": _tick(tick, ticks)} for tick in ticks],
        "x_ticks": [{"x": x(day), "label": label} for day, label in _day_ticks(*span, most=labels)],
        "threshold": {
            "y": threshold,
            "text_y": threshold + 5,
            "label": f"{plain(measure.threshold)}{measure.unit}",
        },
        # The side of the threshold on which the measure is met.
        "met": {"y": top, "height": round(threshold - top, 1)}
        if measure.direction == "at_least"
        else {"y": threshold, "height": round(bottom - threshold, 1)},
        "baseline": y(measure.baseline) if measure.baseline is not None else None,
        "path": "M" + "L".join(f"{point['x']} {point['y']}" for point in points),
        "points": points,
        "last": {
            "x": min(max(last["x"], left + 24), end - 4),
            "y": last["y"] - 14 if last["y"] > top + 34 else last["y"] + 28,
            "label": result.value,
            "anchor": "end" if last["x"] > (left + end) / 2 else "start",
        },
    }


def nice_ticks(low: float, high: float) -> list[float]:
    """Four to seven round numbers that hold `low` and `high` between them, with some air."""
    if low == high:
        low, high = low - (abs(low) * 0.1 or 1), high + (abs(high) * 0.1 or 1)
    air = (high - low) * 0.08
    # A count or a share that is nowhere below zero is not drawn below it.
    bottom = max(low - air, 0) if low >= 0 else low - air
    raw = (high + air - bottom) / 4
    unit = 10 ** floor(log10(raw))
    step = next(each * unit for each in (1, 2, 2.5, 5, 10) if each * unit >= raw)
    first, final = floor(bottom / step), ceil((high + air) / step)
    return [round(n * step, 10) for n in range(first, final + 1)]


def _tick(value: float, ticks: list[float]) -> str:
    places = max(0, *(len(f"{tick:.4f}".rstrip("0").split(".")[1]) for tick in ticks))
    return f"{value:,.{places}f}"


def _day_ticks(first: date, last: date, *, most: int) -> list[tuple[date, str]]:
    """Weeks for a short trial, months for a long one, at most `most` of them."""
    if (last - first).days <= 45:
        days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, 7)]
        found = [(day, f"{day.month}/{day.day}") for day in days]
    else:
        day, found = first.replace(day=1), []
        while day <= last:
            if day >= first:
                found.append((day, f"{day.month}月"))
            day = (day + timedelta(days=32)).replace(day=1)
    every = ceil(len(found) / most) if found else 1
    return found[::every]


def budget_line(line: Timeline) -> dict:
    """`wide` and `tall` drawings of the way from the trial to the money; the numbers are the rows of the table."""
    return {"wide": _line(line, width=720, radius=13), "tall": _line(line, width=340, radius=12)}


def _line(line: Timeline, *, width: int, radius: int) -> dict:
    first = min(line.starts_on, *(step.on for step in line.steps)).replace(day=1)
    last = max(step.on for step in line.steps)
    days = (last - first).days or 1
    left, right = radius + 4, width - radius - 4

    def x(day: date) -> float:
        return round(left + (right - left) * (day - first).days / days, 1)

    rows: list[float] = []
    marks = []
    for number, step in enumerate(line.steps, 1):
        here = x(step.on)
        # The next free row upwards, so that two days of one week do not cover each other.
        row = next((n for n, taken in enumerate(rows) if here - taken >= 2 * radius + 3), len(rows))
        if row == len(rows):
            rows.append(here)
        rows[row] = here
        marks.append({"x": here, "row": row, "number": number, "step": step})
    base = 12 + len(rows) * (2 * radius + 6)
    for mark in marks:
        mark["y"] = base - 10 - radius - mark.pop("row") * (2 * radius + 6)
        mark["text_y"] = mark["y"] + 5
    return {
        "width": width,
        "height": base + 52,
        "radius": radius,
        "base": base,
        "left": left,
        "across": right - left,
        "trial": {
            "x": x(line.starts_on),
            "width": max(round(x(line.ends_on) - x(line.starts_on), 1), 4),
            "y": base,
        },
        "months": [
            {"x": x(day), "label": label}
            for day, label in _day_ticks(first, last, most=14 if width > 400 else 6)
        ],
        "months_y": base + 44,
        "marks": marks,
    }
