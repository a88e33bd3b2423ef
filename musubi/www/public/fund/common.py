"""What the public pages of a fund have in common: the year asked for, sums, moments, the words of a call."""

from datetime import datetime, timedelta

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.models import Call
from musubi.fund.states import CALL
from musubi.lib import clock
from musubi.outcomes.management.commands.figures import parse_year
from musubi.people.models import Municipality
from musubi.www.public.cards import year_words
from musubi.www.public.common import crumbs
from musubi.www.templatetags.pieces import days_left, wareki


def show(request, municipality: Municipality, template: str, title: str, *trail, **context):
    """Render `public/fund/<template>.html`; `trail` are the steps between the fund's front page and this one."""
    steps = [*trail, title] if template != "front" else []
    home = (_("ファンド"), reverse("fund", args=[municipality.slug]))
    return render(
        request,
        f"public/fund/{template}.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, home if steps else home[0], *steps),
            "page_title": title,
            "title": title,
            **context,
        },
    )


def year_of(request, offered: list[int], *, strictly: bool = False) -> int | None:
    """The fiscal year of the address, None for all. Raises Http404, `strictly` (a download), for one without a fund."""
    text = request.GET.get("year", "").strip()
    try:
        year = parse_year(text) if text else None
    except ValueError:
        year = 0
    if year is not None and year not in offered:
        if strictly:
            raise Http404
        return None
    return year


def year_tabs(request, offered: list[int], year: int | None) -> list[tuple]:
    """For `parts/tabs.html`: all years, then each; what else the address asks for is kept."""

    def href(one: int | None) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query.pop("year", None)
        if one:
            query["year"] = one
        return f"?{query.urlencode()}"

    return [
        (_("全期間"), href(None), year is None, ""),
        *((year_words(one), href(one), one == year, "") for one in offered),
    ]


def downloads(municipality: Municipality, table: str, year: int | None = None) -> list[tuple]:
    """(label, address) of the same list as files."""
    query = f"?year={year}" if year else ""
    return [
        (_("CSVで保存"), reverse("fund-csv", args=[municipality.slug, table]) + query),
        (_("Excelで保存"), reverse("fund-xlsx", args=[municipality.slug, table]) + query),
    ]


def yen(sum_: int | None) -> str:
    """1,250,000円; in English ¥1,250,000; a dash where there is none."""
    if sum_ is None:
        return "—"
    if get_language() == "en":
        return f"{'-' if sum_ < 0 else ''}¥{abs(sum_):,}"
    return f"{sum_:,}円"


def short_yen(sum_: int) -> str:
    """For the letters of a drawing: 1,250万, 1.2億; in English 12.5M."""
    units = [(10**9, "B"), (10**6, "M"), (10**3, "K")]
    if get_language() != "en":
        units = [(10**12, "兆"), (10**8, "億"), (10**4, "万")]
    for size, name in units:
        if sum_ >= size:
            part = f"{sum_ / size:.1f}" if sum_ < 10 * size else f"{sum_ / size:,.0f}"
            return part.removesuffix(".0") + name
    return f"{sum_:,}"


def moment(at: datetime) -> str:
    """令和7年6月30日(月) 17:00:00: to the second, because the second counts."""
    return f"{wareki(at)} {at.astimezone(clock.TOKYO):%H:%M:%S}"


def call_state(call: Call) -> tuple[str, str]:
    """What a call does at this moment, and its tone."""
    if call.state == "published":
        now = clock.now()
        if now < call.opens_at:
            return _("受付前"), "info"
        return (_("受付中"), "good") if now < call.closes_at else (_("受付終了"), "neutral")
    state = CALL[call.state]
    return str(state.public or state.label), state.tone


def is_open(call: Call) -> bool:
    return call_state(call)[1] == "good" and call.state == "published"


def left(call: Call) -> str:
    """How long is left until it opens or closes, by the day; on the last day the hour stands beside it."""
    if call.state != "published" or clock.now() >= call.closes_at:
        return ""
    if clock.now() < call.opens_at:
        days = (call.opens_at.astimezone(clock.TOKYO).date() - clock.today()).days
        return _("受付開始まであと%(days)d日") % {"days": days} if days else _("本日から受付")
    # Closing at midnight sharp, the last day is the one before.
    return days_left(call.closes_at - timedelta(microseconds=1), clock.today())


def call_card(call: Call, municipality: Municipality) -> dict:
    """For `public/fund/_call_cards.html`."""
    label, tone = call_state(call)
    return {
        "href": reverse("fund-call", args=[municipality.slug, call.ref]),
        "title": call.title,
        "state_label": label,
        "state_tone": tone,
        "programme": call.edition.programme.name,
        "year": year_words(call.fund.fiscal_year),
        "opens": moment(call.opens_at),
        "closes": moment(call.closes_at),
        "left": left(call),
        "until": shown.next_turn([call]),
    }
