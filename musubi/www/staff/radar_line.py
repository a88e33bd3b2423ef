"""How a case's signs look, wherever they are shown; and the line beside the ball of its page."""

from musubi.cases.models import Case
from musubi.cases.radar.signs import Sign, Standing, sign_of

SHAPES = {
    Sign.STALLED: ("stop", "triangle"),
    Sign.SLOW: ("warn", "diamond"),
    Sign.SILENT: ("neutral", "ring"),
}
"""The tone of a sign's chip, and the drawing that says the same without colour."""


def chips(standing: Standing) -> list[tuple]:
    """(label, tone, shape) of each sign, the worst first."""
    return [(sign.label, *SHAPES[sign]) for sign in standing.signs]


def case_line(case: Case) -> dict | None:
    """What `staff/case/sign.html` needs; None for a case without a sign."""
    standing = sign_of(case)
    if standing is None or not standing.signs:
        return None
    return {"chips": chips(standing), "words": standing.words(case.lead.name)}
