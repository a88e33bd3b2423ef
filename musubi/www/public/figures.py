"""The figures of a municipality for everyone, and behind each number the records it counted."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from musubi.lib.tables.writing import write_csv
from musubi.outcomes import figures_words as words
from musubi.outcomes.figures import evidence, figures, years
from musubi.outcomes.figures_queries import GATHERINGS, SOURCES, TRIAL_TRACKS, Period, realised
from musubi.outcomes.management.commands.figures import parse_year
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.proposals.states import DeclineReason, Track
from musubi.www.kept import public_page
from musubi.www.public.cards import year_words
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.figures_evidence import is_public, table
from musubi.www.staff.frame import page_of

MOST_YEARS = 6


@public_page
def page(request, city: str):
    """All figures; `?year=2024` narrows them to a fiscal year."""
    municipality = city_here(request, city)
    year, problem = asked_year(request)
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, _("数字で見る")),
        "page_title": _title(year),
        "title": _("数字で見る"),
        "problem": problem,
        "data_href": reverse("figures-json", args=[city]) + _query(year),
        "table_href": reverse("figures-csv", args=[city]) + _query(year),
        **shown(municipality, year, here=reverse("figures", args=[city])),
    }
    return render(request, "public/figures.html", context)


@public_page
def as_json(request, city: str):
    """What `script/musubi figures --json` prints, to the letter."""
    municipality = city_here(request, city)
    found = json.dumps(figures(municipality, _year_or_404(request)), ensure_ascii=False, indent=2)
    return _download(found + "\n", "application/json; charset=utf-8", municipality, "json", request)


@public_page
def as_csv(request, city: str):
    """One row per number, with the path it has in the JSON."""
    municipality = city_here(request, city)
    year = _year_or_404(request)
    rows = [
        (municipality.display_name, _span(year), line.label, line.value, line.unit.strip(), line.path)
        for line in words.lines(figures(municipality, year))
    ]
    columns = [_("自治体"), _("期間"), _("項目"), _("値"), _("単位"), _("データの名前")]
    return _download(write_csv(columns, rows), "text/csv; charset=utf-8", municipality, "csv", request)


@public_page
def records(request, city: str, key: str):
    """The records one number counted; staff find the way to their own pages from here."""
    municipality = city_here(request, city)
    year, problem = asked_year(request)
    if key not in SOURCES:
        raise Http404
    source, rows = evidence(municipality, key, year)
    found = page_of(request, rows)
    insider = authority(request.user).may_in(Can.READ_STAFF_PAGES, municipality.pk)
    columns, cells = table(municipality, key, list(found), Period(year), request.user if insider else None)
    label = str(source.label)
    home = reverse("figures", args=[city])
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, (_("数字で見る"), home + _query(year)), label),
        "page_title": f"{label} | {_title(year)}",
        "title": label,
        "span": _span(year),
        "problem": problem,
        "page": found,
        "columns": columns,
        "rows": cells,
        "back": home + _query(year),
        "insider": insider,
    }
    return render(request, "public/figures_evidence.html", context)


def shown(municipality: Municipality, year: int | None, *, here: str) -> dict:
    """What `parts/figures.html` shows; `here` is the address of the page it stands on."""
    found = figures(municipality, year)

    def href(key: str) -> str:
        return reverse("figures-evidence", args=[municipality.slug, key]) + _query(year)

    return {
        "found": found,
        "span": _span(year),
        "tabs": _tabs(municipality, year, here),
        "tiles": _tiles(found, href),
        "funnel_steps": _funnel(found, href),
        "channels": [
            _bar(_("マッチングイベントで"), found["dialogues_by_channel"]["event"], href("dialogues-event")),
            _bar(_("イベントの外で"), found["dialogues_by_channel"]["other"], href("dialogues-other")),
        ],
        "tracks": _bars(found["proposals"], Track, "proposals", href),
        "trials": _bars(found["trials"], TRIAL_TRACKS, "trials", href),
        "gatherings": _bars(found["gatherings"], GATHERINGS, "gatherings", href),
        "outcomes": _bars(found["outcomes"], OutcomeKind, "outcomes", href),
        "declines": _bars(
            found["declines"], [DeclineReason(r) for r in found["declines"] if r != "total"], "declines", href
        ),
        "months": _months(municipality, found, year, href),
        "year_columns": [
            {"label": _("年度")},
            *(
                {"label": label, "num": True}
                for label in (
                    _("課題"),
                    _("提案"),
                    _("成果"),
                    _("最初の回答(営業日)"),
                    _("決定(営業日)"),
                )
            ),
        ],
        "year_rows": [_year_row(row, here) for row in reversed(found["by_fiscal_year"])],
        "days_caption": _("年度ごとの件数と、返事までの日数(中央値)"),
    }


def asked_year(request) -> tuple[int | None, str]:
    """The fiscal year asked for, and a sentence where it could not be read (then it is all time)."""
    text = request.GET.get("year", "").strip()
    if not text:
        return None, ""
    try:
        return parse_year(text), ""
    except ValueError:
        return None, _(
            "「%(text)s」は年度として読めないため、全期間を表示しています。「2024」か「令和6」のように書いてください。"
        ) % {"text": text[:20]}


def _year_or_404(request) -> int | None:
    year, problem = asked_year(request)
    if problem:
        raise Http404(problem)
    return year


def _tabs(municipality: Municipality, year: int | None, here: str) -> list[tuple]:
    offered = years(municipality)
    if year and year not in offered:
        offered.append(year)
    kept = [one for index, one in enumerate(offered) if index < MOST_YEARS or one == year]
    return [
        (_("全期間"), here, year is None, ""),
        *((year_words(one), _at(here, one), one == year, "") for one in kept),
    ]


def _tiles(found: dict, href) -> list[dict]:
    days = found["median_workdays"]
    return [
        {"label": _("会員"), "value": found["members"], "unit": _("団体"), "href": href("members")},
        {"label": _("提案"), "value": found["proposals"]["total"], "unit": _("件"), "href": href("proposals")},
        {"label": _("動いている連携案件"), "value": found["cases_open"], "unit": _("件"), "href": href("cases_open")},
        {"label": _("締結している協定"), "value": found["agreements"], "unit": _("件"), "href": href("agreements")},
        _days_tile(_("最初の回答まで"), days["first_answer"], href("first_answer")),
        _days_tile(_("決定まで"), days["decision"], href("decision")),
    ]  # fmt: skip


def _days_tile(label: str, days, href: str) -> dict:
    return {
        "label": label,
        "value": "—" if days is None else f"{days:g}",
        "unit": "" if days is None else _("営業日"),
        "href": href,
        "note": _("中央値"),
    }


def _funnel(found: dict, href) -> list[dict]:
    steps = [
        {"label": line.label, "value": line.value, "href": href(line.evidence), "share": "", "note": ""}
        for line in words.funnel_lines(found)
    ]
    challenges, proposals, dialogues, met = steps
    if challenges["value"]:
        proposals["share"] = _("1課題あたり%(n)s件") % {
            "n": f"{proposals['value'] / challenges['value']:.1f}"
        }
        met["share"] = _("課題の%(n)s%%") % {"n": f"{words.percent(found['challenges_realised_share']):g}"}
    # Organisations over proposals would be a share of nothing: the dialogues have none.
    channel = found["dialogues_by_channel"]
    if dialogues["value"]:
        dialogues["note"] = _("イベントで%(event)s、その外で%(other)s") % channel
    return steps


def _months(municipality: Municipality, found: dict, year: int | None, href) -> list[tuple]:
    """For `parts/facts.html`: how long from the event to the start, by the challenge's name where everybody may read it."""
    if not found["months_to_start"]:
        return []
    names: dict[str, str] = {}
    for row in realised(municipality, Period(year)).only("code", "ref", "title", "visibility"):
        title = row.title if is_public(row) else row.ref
        names[row.ref] = title
        names.setdefault(row.code, title)
    link = '<a href="{}">{}</a>'
    return [
        (names[code], format_html(link, href("funnel-realised"), _("%(months)sか月") % {"months": months}))
        for code, months in found["months_to_start"].items()
    ]


def _year_row(row: dict, here: str) -> list:
    def days(value) -> str:
        return "—" if value is None else f"{value:g}"

    return [
        {"text": year_words(row["fiscal_year"]), "href": _at(here, row["fiscal_year"])},
        row["challenges"],
        row["proposals"],
        row["outcomes"],
        days(row["median_workdays_to_first_answer"]),
        days(row["median_workdays_to_decision"]),
    ]


def _bar(label, value: int, href: str) -> dict:
    return {"label": str(label), "value": value, "href": href}


def _bars(counts: dict, choices, name: str, href) -> list[dict]:
    """A bar per choice, under one for all of them where they add up to something that has a list of its own."""
    bars = [_bar(choice.label, counts[choice.value], href(f"{name}-{choice.value}")) for choice in choices]
    whole = [_bar(_("すべて"), counts["total"], href(name))] if "total" in counts and bars else []
    return whole + bars


def _span(year: int | None) -> str:
    return year_words(year) if year else _("全期間")


def _title(year: int | None) -> str:
    return _("数字で見る(%(span)s)") % {"span": _span(year)}


def _query(year: int | None) -> str:
    return f"?year={year}" if year else ""


def _at(here: str, year: int) -> str:
    return f"{here}?year={year}"


def _download(body, media_type: str, municipality: Municipality, ending: str, request) -> HttpResponse:
    year = _year_or_404(request)
    name = f"{municipality.slug}-figures{f'-{year}' if year else ''}.{ending}"
    response = HttpResponse(body, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
