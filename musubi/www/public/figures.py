"""The figures of a municipality for everyone, and behind each number the records it counted."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.lib.tables.writing import write_csv, write_workbook
from musubi.outcomes import figures_words as words
from musubi.outcomes.figures import evidence, figures
from musubi.outcomes.figures.tables import tables
from musubi.outcomes.figures_queries import Period
from musubi.people.permissions import Can, authority
from musubi.www.kept import public_page
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.figures_asked import Asked
from musubi.www.public.figures_evidence import table
from musubi.www.public.figures_shown import has_key, shown
from musubi.www.staff.frame import page_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@public_page
def page(request, city: str):
    """All figures; `?year=2024` narrows them to a fiscal year, `?department=` to a department."""
    municipality = city_here(request, city)
    asked = Asked.of(request, municipality)
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, _("数字で見る")),
        "page_title": asked.title,
        "title": _("数字で見る"),
        "problem": asked.problem,
        "downloads": [
            (_("CSVで保存"), reverse("figures-csv", args=[city]) + asked.query(), "table"),
            (_("Excelで保存"), reverse("figures-xlsx", args=[city]) + asked.query(), "table"),
            (_("JSONで保存"), reverse("figures-json", args=[city]) + asked.query(), "download"),
        ],
        **shown(asked, here=reverse("figures", args=[city])),
    }
    return render(request, "public/figures.html", context)


@public_page
def as_json(request, city: str):
    """What `script/musubi figures --json` prints, as far as everybody may see it (docs/adr/0010)."""
    return download(Asked.of(request, city_here(request, city), strictly=True), "json", public=True)


@public_page
def as_csv(request, city: str):
    """One row per number, with the path it has in the JSON."""
    return download(Asked.of(request, city_here(request, city), strictly=True), "csv", public=True)


@public_page
def as_xlsx(request, city: str):
    """A sheet per table, the meaning of all of them on the last."""
    return download(Asked.of(request, city_here(request, city), strictly=True), "xlsx", public=True)


@public_page
def records(request, city: str, key: str):
    """The records one number counted; staff find the way to their own pages from here."""
    municipality = city_here(request, city)
    asked = Asked.of(request, municipality)
    insider = authority(request.user).may_in(Can.READ_STAFF_PAGES, municipality.pk)
    if not has_key(key, insider=insider):
        raise Http404
    source, rows = evidence(municipality, key, asked.year, department=asked.department, **dict(asked.narrow))
    found = page_of(request, rows)
    period = Period(asked.year, asked.department)
    columns, cells = table(municipality, key, list(found), period, request.user if insider else None)
    label = str(source.label)
    home = reverse("staff-figures" if source.internal else "figures", args=[city])
    back = home + asked.query(channel=None, track=None)
    context = {
        "municipality": municipality,
        "crumbs": crumbs(municipality, (_("数字で見る"), back), label),
        "page_title": f"{label} | {asked.title}",
        "title": label,
        "span": asked.words,
        "problem": asked.problem,
        "page": found,
        "columns": columns,
        "rows": cells,
        "back": back,
        "insider": insider,
    }
    return render(request, "public/figures_evidence.html", context)


def download(asked: Asked, ending: str, *, public: bool) -> HttpResponse:
    """The figures as a file: `csv`, `xlsx` or `json`; exact, or as everybody may see them."""
    city = asked.municipality
    found = figures(city, asked.year, department=asked.department, public=public)
    body, media_type = _WRITERS[ending](asked, found)
    name = "-".join(str(part) for part in (city.slug, "figures", asked.year, asked.department) if part)
    response = HttpResponse(body, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


def _json(asked: Asked, found: dict):
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n", "application/json; charset=utf-8"


def _csv(asked: Asked, found: dict):
    rows = [
        (asked.municipality.display_name, asked.words, line.label, line.value, line.unit.strip(), line.path)
        for line in words.lines(found)
    ]
    columns = [_("自治体"), _("期間"), _("項目"), _("値"), _("単位"), _("データの名前")]
    return write_csv(columns, rows), "text/csv; charset=utf-8"


def _xlsx(asked: Asked, found: dict):
    sheets = [
        (one.name, one.columns, one.rows) for one in tables(asked.municipality, found, asked.span)
    ]  # fmt: skip
    return write_workbook(sheets), XLSX


_WRITERS = {"json": _json, "csv": _csv, "xlsx": _xlsx}
