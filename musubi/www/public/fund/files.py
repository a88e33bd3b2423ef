"""The fund's lists as files, and every award as 360Giving."""

import json

from django.http import Http404, HttpResponse

from musubi.fund import shown
from musubi.fund.open_data import giving as three_sixty
from musubi.fund.open_data.tables import TABLES, Table
from musubi.lib.tables.writing import write_csv, write_xlsx
from musubi.people.models import Municipality
from musubi.www.kept import public_page
from musubi.www.public.common import city_here
from musubi.www.public.figures import XLSX
from musubi.www.public.fund.common import year_of


@public_page
def as_csv(request, city: str, table: str):
    """`table`: calls, applications, awards, contributions or ledger; `?year=` the funds of one fiscal year."""
    municipality = city_here(request, city)
    found, name, until = _asked(request, municipality, table)
    response = HttpResponse(write_csv(found.columns, found.rows), content_type="text/csv; charset=utf-8")
    return _named(response, f"{name}.csv", until)


@public_page
def as_xlsx(request, city: str, table: str):
    municipality = city_here(request, city)
    found, name, until = _asked(request, municipality, table)
    response = HttpResponse(write_xlsx(found.columns, found.rows, sheet=found.name), content_type=XLSX)
    return _named(response, f"{name}.xlsx", until)


@public_page
def giving(request, city: str):
    """Every award by the 360Giving Data Standard; there is no such file before the first award."""
    municipality = city_here(request, city)
    package = three_sixty.package(municipality)
    if not package["grants"]:
        raise Http404
    body = json.dumps(package, ensure_ascii=False, indent=2) + "\n"
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    # Anybody's page may read it: that is what open data is for.
    response["Access-Control-Allow-Origin"] = "*"
    return _named(response, f"{municipality.slug}-360giving.json", None)


def _asked(request, municipality: Municipality, table: str) -> tuple[Table, str, object]:
    if table not in TABLES:
        raise Http404
    year = year_of(request, shown.years(municipality), strictly=True)
    name = "-".join(str(part) for part in (municipality.slug, "fund", table, year) if part)
    return TABLES[table](municipality, year), name, shown.next_turn(list(shown.coming_or_open(municipality)))


def _named(response: HttpResponse, name: str, until) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.keep_until = until
    return response
