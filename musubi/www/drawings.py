"""Geometry of the drawn figures: numbers in, coordinates out. A strict CSP allows no style attribute, so sizes are
SVG attributes and have to be known before the page is sent."""

WIDE, BAND, GAP = 960, 200, 28


def funnel_steps(steps: list[dict]) -> dict:
    """Coordinates for the funnel, lying (`wide`, 960 units across) and standing (`tall`, 340 across).

    A band's thickness is its value over the largest value, never thinner than 6 % so that one in a thousand
    still shows. Returns `wide`, `tall` (lists of dicts) and `tall_height`.
    """
    most = max((step["value"] for step in steps), default=0) or 1
    part = [max(step["value"] / most, 0.06) if step["value"] else 0.02 for step in steps]
    count = len(steps) or 1
    width = (WIDE - GAP * (count - 1)) / count
    wide, tall = [], []
    for index, step in enumerate(steps):
        thick, following = BAND * part[index], BAND * (part[index + 1] if index + 1 < count else part[index])
        left, top = index * (width + GAP), 60 + (BAND - thick) / 2
        link = ""
        if index + 1 < count:
            right = left + width
            next_top = 60 + (BAND - following) / 2
            link = (
                f"M{right:.1f} {top:.1f}L{right + GAP:.1f} {next_top:.1f}"
                f"V{next_top + following:.1f}L{right:.1f} {top + thick:.1f}Z"
            )
        wide.append(
            {**step, "x": f"{left:.1f}", "y": f"{top:.1f}", "w": f"{width:.1f}", "h": f"{thick:.1f}",
             "mid": f"{left + width / 2:.1f}", "link": link}
        )  # fmt: skip
        across = 340 * part[index]
        tall.append(
            {
                **step,
                "x": f"{(340 - across) / 2:.1f}",
                "y": index * 96 + 34,
                "w": f"{across:.1f}",
                "text": index * 96 + 22,
            }
        )
    return {"wide": wide, "tall": tall, "tall_height": max(len(steps) * 96 - 10, 0)}


def bar_rows(items: list[dict], most: int | None = None) -> list[dict]:
    """Each item with `share`, its length in per cent of the longest bar (or of `most`), as text for an SVG attribute."""
    most = most or max((item["value"] for item in items), default=0) or 1
    return [{**item, "share": f"{100 * item['value'] / most:.1f}"} for item in items]
