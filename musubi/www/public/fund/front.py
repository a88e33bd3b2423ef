"""A fund's first page: what can be applied for now, what the fund has and gave, and the ways to everything else."""

from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.www.kept import public_page
from musubi.www.public.cards import year_words
from musubi.www.public.common import city_here
from musubi.www.public.figures_charts import columns
from musubi.www.public.fund.common import call_card, downloads, short_yen, show, yen
from musubi.www.public.fund.rows import award_rows, contribution_rows

NEWEST = 5
MOST_CALLS = 12


@public_page
def page(request, city: str):
    municipality = city_here(request, city)
    funds = list(shown.funds(municipality)[:1])
    calls = list(shown.calls(municipality)[: 4 * MOST_CALLS])
    now = list(shown.coming_or_open(municipality)[:MOST_CALLS])
    over = [call for call in calls if call not in now][:NEWEST]
    sums = shown.sums(municipality)
    pots = list(shown.pots(municipality, max(sums, default=None)))
    awards = list(shown.awards(municipality)[:NEWEST])
    given = list(shown.contributions(municipality)[:NEWEST])
    response = show(
        request,
        municipality,
        "front",
        _("ファンド"),
        fund=funds[0] if funds else None,
        calls=[call_card(row, municipality) for row in now],
        over=[call_card(row, municipality) for row in over],
        tiles=_tiles(sums),
        chart=_chart(sums),
        years=_years(sums, municipality),
        pots=_pots(pots),
        awards=award_rows(awards, municipality),
        given=contribution_rows(given),
        downloads=downloads(municipality, "awards"),
    )
    response.keep_until = shown.next_turn([*now, *calls])
    return response


def _tiles(sums: dict) -> list[dict]:
    """All years together, rounded (the table below has every yen), for `parts/tiles.html`."""
    parts = [
        (_("受け取った額"), "received", _("公費・拠出・延滞金。返した拠出を引いた額")),
        (_("支払った助成金"), "paid", _("返還された額を引いた額")),
        (_("これから支払う額"), "promised", _("交付を決め、まだ払っていない額")),
        (_("使える残り"), "free", _("まだ交付先が決まっていない額")),
    ]
    return [
        {
            "label": label,
            "value": short_yen(sum(getattr(one, name) for one in sums.values())),
            "unit": _("円"),
            "note": note,
        }
        for label, name, note in parts
    ]


def _chart(sums: dict) -> dict:
    """For `parts/columns.html`: what came in and what was granted in each fiscal year."""
    names = [_("受け取った額"), _("交付に充てた額")]
    groups = [
        {
            "label": year_words(year),
            "short": str(year),
            "values": [one.received, one.paid + one.promised],
            "words": [short_yen(one.received), short_yen(one.paid + one.promised)],
        }
        for year, one in reversed(sums.items())
    ]
    aria = _("、").join(
        f"{group['label']} " + " ".join(f"{n} {yen(v)}" for n, v in zip(names, group["values"], strict=True))
        for group in groups
    )
    return {"chart": columns(groups, names), "aria": aria}


def _years(sums: dict, municipality) -> dict:
    """The table beside the drawing: in each row the first is the sum of the three after the public part."""
    ledger = reverse("fund-ledger", args=[municipality.slug])
    return {
        "columns": [
            {"label": _("年度")},
            *(
                {"label": label, "num": True}
                for label in (
                    _("受け取った額(円)"),
                    _("うち公費(円)"),
                    _("支払った助成金(円)"),
                    _("これから支払う額(円)"),
                    _("使える残り(円)"),
                    _("約束された拠出(円)"),
                )
            ),
        ],
        "rows": [
            [
                {"text": year_words(year), "href": f"{ledger}?year={year}"},
                *(
                    f"{sum_:,}"
                    for sum_ in (one.received, one.public, one.paid, one.promised, one.free, one.pledged)
                ),
            ]
            for year, one in sums.items()
        ],
    }


def _pots(pots: list) -> dict:
    return {
        "year": year_words(pots[0].fund.fiscal_year) if pots else "",
        "columns": [
            {"label": _("使いみち")},
            {"label": _("受け取った額(円)"), "num": True},
            {"label": _("使える残り(円)"), "num": True},
        ],
        "rows": [[shown.pot_words(pot), f"{pot.given:,}", f"{pot.available:,}"] for pot in pots],
    }
