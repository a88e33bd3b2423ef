"""How a grant comes about, in words: the steps of `musubi.fund.terms.amounts.reckon` as a person reads them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from musubi.fund.models import Edition, SupportYear
from musubi.fund.terms.amounts import Direction, Step


class Line(NamedTuple):
    """One line of a reckoning: its words, what the rule says there, the yen after it."""

    label: str
    note: str
    yen: int


def lines_of(steps: Sequence[Step], edition: Edition, support_year: int) -> list[Line]:
    """The steps with the terms they follow. The last line is the most that can be granted."""
    year = edition.years.get(year=support_year)
    return [_line(step, edition, year) for step in steps]


def _line(step: Step, edition: Edition, year: SupportYear) -> Line:
    rate = f"{year.rate_above}/{year.rate_below}" if year.rate_above else _("定額")
    words: Mapping[str, tuple[str, str]] = {
        "costs": (_("経費の合計"), ""),
        "eligible": (_("助成の対象になる経費"), _("対象外の費目を除きます")),
        "categories": (_("費目ごとの上限を当てはめた額"), ""),
        "tax": (_("消費税等の仕入控除を引いた額"), ""),
        "other_money": (_("ほかの助成金と事業の収入を引いた額"), ""),
        "own_share": (
            _("自己負担を除いた額"),
            _("自己負担は%(share)s以上") % {"share": f"{edition.own_above}/{edition.own_below}"},
        ),
        "rate": (
            _("助成率をかけた額"),
            _("%(year)s年目の助成率 %(rate)s") % {"year": year.year, "rate": rate},
        ),
        "cap": (_("上限額"), _("%(year)s年目の上限") % {"year": year.year}),
        "rounded": (_("助成できる額"), _rounding(year)),
    }
    label, note = words[step.code]
    return Line(label, note, step.yen)


def _rounding(year: SupportYear) -> str:
    if year.unit == 1:
        return ""
    ways = {Direction.DOWN: _("切捨て"), Direction.UP: _("切上げ"), Direction.HALF_UP: _("四捨五入")}
    return _("%(unit)s円未満を%(way)s") % {"unit": f"{year.unit:,}", "way": ways[Direction(year.direction)]}
