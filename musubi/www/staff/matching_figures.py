"""Whether candidates were of use, and who is shown: numbers with their records behind them."""

from dataclasses import asdict
from datetime import date

from django.db.models import Min
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.challenges.queries import visible_to
from musubi.lib import clock, fiscal
from musubi.lib.tables.writing import write_csv, write_workbook
from musubi.matching import queries
from musubi.matching.queries import Exposure, Row
from musubi.matching.states import SUGGESTION
from musubi.outcomes.figures.small import hide_small
from musubi.people.models import Member, Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.www.access import staff_city
from musubi.www.public.cards import year_words
from musubi.www.public.figures import XLSX
from musubi.www.public.figures_asked import Asked
from musubi.www.public.figures_charts import columns
from musubi.www.staff.frame import crumbs, page_of

STEPS = {
    "shown": gettext_lazy("候補にした"),
    "fits": gettext_lazy("合う"),
    "misfit": gettext_lazy("合わない"),
    "introduced": gettext_lazy("紹介した"),
    "in_case": gettext_lazy("案件になった"),
    "realised": gettext_lazy("成果が出た"),
    "acted": gettext_lazy("生かした"),
}
# What fits beside each other on a phone.
FEW = ("shown", "acted", "in_case")
SHARE = gettext_lazy("生かした割合")
REGIONS = {
    "same": gettext_lazy("同じ都道府県"),
    "elsewhere": gettext_lazy("ほかの都道府県"),
    "": gettext_lazy("所在地が未登録"),
}
# The same in the little room of a phone's drawing.
SHORT = {"same": gettext_lazy("同じ"), "elsewhere": gettext_lazy("ほか"), "": gettext_lazy("未登録")}
# What an unknown size or region is called in an address.
UNKNOWN = "unknown"
MONTHS, MOST_YEARS = 12, 6
RANKS = {code: (first, last) for code, first, last in queries.RANKS}
ENDINGS = ("csv", "xlsx")


@require_safe
def page(request, city: str):
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    asked = Asked.of(request, municipality)
    found = queries.acted_on(municipality, _period(asked))
    shown = queries.exposure(municipality)
    ranks = [(rank_words(row.key), row, {"rank": row.key}) for row in found.ranks]
    title = _("候補は役に立ったか")
    context = {
        "municipality": municipality,
        "page_title": title,
        "title": title,
        "lead": _("マッチング候補がどれくらい生かされたか、だれが候補に出ているかを数えています。"),
        "crumbs": crumbs(municipality, (_("数字"), reverse("staff-figures", args=[city])), title),
        "actions": [
            (label, reverse("staff-matching-file", args=[city, ending]) + asked.query(), "", "table")
            for ending, label in (("csv", _("CSVで保存")), ("xlsx", _("Excelで保存")))
        ],
        "problem": asked.problem,
        "span": asked.span,
        "tabs": _tabs(asked, city),
        "tiles": _tiles(found, shown, asked, city),
        "total": found.total.shown,
        "ranks": [{"label": rank_words(row.key), "value": _percent(row)} for row in found.ranks if row.shown],
        "rank_table": _table(_("候補の順位"), ranks, asked, city, steps=FEW),
        "rank_details": _table(_("候補の順位"), ranks, asked, city),
        "months": _months(found.months[-MONTHS:]),
        "month_table": _table(
            _("候補にした月"),
            [(_month(row.key), row, {"month": row.key}) for row in reversed(found.months)],
            asked,
            city,
            steps=FEW,
        ),
        "city_table": _cities(municipality, _period(asked)),
        "sizes": _shares(_("規模"), shown.sizes, _size_words, "size", city),
        "regions": _shares(_("所在地"), shown.regions, lambda key: str(REGIONS[key]), "region", city),
        "exposure": shown,
        "never_href": _records(city, "never"),
        "ranking_href": reverse("staff-rankings", args=[city])
        if authority(request.user).may_in(Can.ADOPT_RANKING, municipality.pk)
        else "",
    }
    return render(request, "staff/matching_figures.html", context)


def _period(asked: Asked) -> tuple[date, date] | None:
    return fiscal.span(asked.year) if asked.year else None


def _tabs(asked: Asked, city: str) -> list[tuple]:
    here = reverse("staff-matching-figures", args=[city])
    first = queries.made(asked.municipality).aggregate(first=Min("suggested_at"))["first"]
    this = fiscal.fiscal_year(clock.today())
    since = fiscal.fiscal_year(first.astimezone(clock.TOKYO).date()) if first else this
    years = list(range(this, since - 1, -1))[:MOST_YEARS]
    if asked.year and asked.year not in years:
        years.append(asked.year)
    return [
        (_("全期間"), here, asked.year is None, ""),
        *((year_words(year), f"{here}?year={year}", year == asked.year, "") for year in years),
    ]


def _tiles(found, shown: Exposure, asked: Asked, city: str) -> list[dict]:
    total, query = found.total, {"year": asked.year} if asked.year else {}
    return [
        {
            "label": _("候補にした組み合わせ"),
            "value": total.shown,
            "unit": _("件"),
            "href": _records(city, "made", **query),
        },
        {
            "label": _("生かした候補"),
            "value": total.acted,
            "unit": _("件"),
            "href": _records(city, "made", step="acted", **query),
            "note": _("紹介した、または案件になった"),
        },
        {
            "label": _("案件になった候補"),
            "value": total.in_case,
            "unit": _("件"),
            "href": _records(city, "made", step="in_case", **query),
        },
        {
            "label": _("いま上位10件に出ていない会員"),
            "value": shown.never,
            "unit": _("団体"),
            "href": _records(city, "never"),
            "note": _("会員%(n)d団体のうち。年度によらず、いまの候補を数えています") % {"n": shown.members},
        },
    ]


def rank_words(code: str) -> str:
    """1番目, 4〜5番目."""
    first, last = RANKS[code]
    return _("%(n)d番目") % {"n": first} if first == last else _("%(a)d〜%(b)d番目") % {"a": first, "b": last}


def _month(key: str) -> str:
    year, month = key.split("-")
    return _("%(year)s年%(month)d月") % {"year": year, "month": int(month)}


def _size_words(key: str) -> str:
    return str(Organisation.Size(key).label) if key else _("規模が未登録")


def _percent(row: Row) -> int:
    return round(100 * row.acted / row.shown) if row.shown else 0


def _table(
    head: str, rows: list[tuple[str, Row, dict]], asked: Asked, city: str, *, steps=tuple(STEPS)
) -> dict:
    """For `parts/table.html` and `number_table.html`: each number leads to what it counts."""
    year = {"year": asked.year} if asked.year else {}

    def cell(row: Row, step: str, narrow: dict):
        value = getattr(row, step)
        return {"text": value, "href": _records(city, "made", step=step, **narrow, **year)} if value else 0

    return {
        "columns": [
            {"label": head},
            *({"label": str(STEPS[step]), "num": True} for step in steps),
            {"label": str(SHARE), "num": True},
        ],
        "rows": [
            [label, *(cell(row, step, narrow) for step in steps), f"{_percent(row)}%" if row.shown else "—"]
            for label, row, narrow in rows
        ],
    }


def _months(rows: list[Row]) -> dict | None:
    """For `parts/columns.html`: what was acted on, by the month in which it was first a candidate."""
    if len(rows) < 2:
        return None
    groups = [
        {"label": _month(row.key), "short": f"{int(row.key[5:])}", "values": [row.acted]} for row in rows
    ]
    # A year of months has room for their numbers only.
    if len(groups) > 6:
        groups = [group | {"label": f"{group['short']}月"} for group in groups]
    return {
        "chart": columns(groups, [str(STEPS["acted"])]),
        "aria": _("、").join(f"{_month(row.key)} {row.acted}" for row in rows),
    }


def _cities(municipality: Municipality, period) -> dict | None:
    """Every municipality beside this one; of the others no more than everybody may read (small numbers are hidden)."""
    rows = queries.acted_on(None, period).municipalities
    if len(rows) < 2:
        return None
    others = [asdict(row) | {"label": ""} for row in rows if row.key != municipality.name]
    own = [asdict(row) | {"label": ""} for row in rows if row.key == municipality.name]
    return {
        "columns": [
            {"label": _("自治体")},
            *({"label": str(STEPS[step]), "num": True} for step in FEW),
            {"label": str(SHARE), "num": True},
        ],
        "rows": [
            [
                row["key"],
                row["shown"],
                *("—" if row[step] is None else row[step] for step in FEW[1:]),
                "—" if row["acted"] is None else f"{round(100 * row['acted'] / row['shown'])}%",
            ]
            for row in own + hide_small(others, by="shown")
        ],
    }


def _shares(head: str, rows: list, words, name: str, city: str) -> dict:
    """A group's share of the members beside its share of the first ten: for `parts/columns.html`."""
    rows = [row for row in rows if row.members or row.places]
    groups = [
        {
            "label": words(row.key),
            "short": words(row.key) if row.key in Organisation.Size.values else str(SHORT[row.key]),
            "values": [round(100 * row.member_share), round(100 * row.place_share)],
        }
        for row in rows
    ]
    labels = [_("会員に占める割合(%)"), _("上位10件に占める割合(%)")]

    def cell(value: int, what: str, key: str):
        return {"text": value, "href": _records(city, what, **{name: key or UNKNOWN})} if value else 0

    return {
        "chart": columns(groups, labels),
        "aria": _("、").join(
            f"{group['label']} {group['values'][0]}%, {group['values'][1]}%" for group in groups
        ),
        "columns": [
            {"label": head},
            {"label": _("会員(団体)"), "num": True},
            {"label": _("割合"), "num": True},
            {"label": _("上位10件(件)"), "num": True},
            {"label": _("割合"), "num": True},
        ],
        "rows": [
            [
                words(row.key),
                cell(row.members, "members", row.key),
                f"{round(100 * row.member_share)}%",
                cell(row.places, "places", row.key),
                f"{round(100 * row.place_share)}%",
            ]
            for row in rows
        ],
    }


def _records(city: str, what: str, **narrow) -> str:
    query = f"?{urlencode(narrow)}" if narrow else ""
    return reverse("staff-matching-records", args=[city, what]) + query


# --- behind a number ---------------------------------------------------------------------------------------------


@require_safe
def records(request, city: str, what: str):
    """The suggestions, or the members, that a number counted."""
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    if what not in ("made", "members", "places", "never"):
        raise Http404
    of_suggestions = what in ("made", "places")
    rows, words = (_suggestions if of_suggestions else _members)(request, municipality, what)
    shown = page_of(request, rows)
    context = {
        "municipality": municipality,
        "page_title": words,
        "title": words,
        "crumbs": crumbs(
            municipality,
            (_("数字"), reverse("staff-figures", args=[city])),
            (_("候補は役に立ったか"), reverse("staff-matching-figures", args=[city])),
            words,
        ),
        "page": shown,
        "of_suggestions": of_suggestions,
        "rows": [(row, SUGGESTION[row.state]) for row in shown] if of_suggestions else shown,
    }
    return render(request, "staff/matching_records.html", context)


def _suggestions(request, municipality: Municipality, what: str):
    wanted, parts = request.GET, []
    if what == "places":
        rows, name = queries.first_ten(municipality), _("いま上位10件に出ている候補")
        members = Member.objects.filter(municipality=municipality, state="active")
        rows = rows.filter(organisation__in=members.values("organisation"))
        rows, parts = _grouped(rows, municipality, wanted, "organisation__")
    else:
        asked = Asked.of(request, municipality, strictly=True)
        rows, name = queries.made(municipality, _period(asked)), _("候補にした組み合わせ")
        if asked.year:
            parts.append(asked.span)
        if code := wanted.get("rank"):
            if code not in RANKS:
                raise Http404
            rows = rows.filter(best_rank__range=RANKS[code])
            parts.append(rank_words(code))
        if month := wanted.get("month"):
            rows = rows.filter(**_within(month))
            parts.append(_month(month))
        if step := wanted.get("step"):
            if step not in STEPS:
                raise Http404
            rows = rows.filter(queries.STEPS[step])
            parts.append(str(STEPS[step]))
    # What a person may not read of is not listed, though counted: there is none such as long as a challenge is not
    # taken back from the whole municipality.
    rows = rows.filter(challenge__in=visible_to(request.user, municipality).order_by())
    rows = rows.select_related("challenge__department", "organisation", "solution")
    return rows.order_by("-suggested_at", "best_rank", "pk"), _titled(name, parts)


def _members(request, municipality: Municipality, what: str):
    if what == "never":
        rows, name = queries.never_first(municipality), _("いま上位10件に出ていない会員")
    else:
        rows, name = Member.objects.filter(municipality=municipality, state="active"), _("会員")
    rows, parts = _grouped(rows, municipality, request.GET, "organisation__")
    return rows.select_related("organisation").order_by("organisation__name_key", "pk"), _titled(name, parts)


def _titled(name: str, parts: list[str]) -> str:
    return f"{name}({_('、').join(parts)})" if parts else name


def _grouped(rows, municipality: Municipality, wanted, to: str):
    parts = []
    if size := wanted.get("size"):
        if size not in (*Organisation.Size.values, UNKNOWN):
            raise Http404
        key = "" if size == UNKNOWN else size
        rows = rows.filter(**{f"{to}size": key})
        parts.append(_size_words(key))
    if region := wanted.get("region"):
        if region not in (*filter(None, REGIONS), UNKNOWN):
            raise Http404
        key = "" if region == UNKNOWN else region
        if key == "elsewhere":
            rows = rows.exclude(**{f"{to}prefecture__in": ["", municipality.prefecture]})
        else:
            rows = rows.filter(**{f"{to}prefecture": municipality.prefecture if key else ""})
        parts.append(str(REGIONS[key]))
    return rows, parts


def _within(month: str) -> dict:
    try:
        first = date.fromisoformat(f"{month}-01")
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError as error:
        raise Http404 from error
    return {"suggested_at__gte": clock.at(first, 0), "suggested_at__lt": clock.at(following, 0)}


# --- to take home ------------------------------------------------------------------------------------------------


@require_safe
def file(request, city: str, ending: str):
    """The same numbers as a table."""
    municipality = staff_city(request, city, Can.SEE_INTERNAL_FIGURES)
    if ending not in ENDINGS:
        raise Http404
    asked = Asked.of(request, municipality, strictly=True)
    found, shown = queries.acted_on(municipality, _period(asked)), queries.exposure(municipality)
    steps = [str(label) for label in STEPS.values()]
    acted = [
        (_("順位"), [(rank_words(row.key), row) for row in found.ranks]),
        (_("月"), [(row.key, row) for row in found.months]),
    ]
    shares = [
        (_("規模"), [(_size_words(row.key), row) for row in shown.sizes]),
        (_("所在地"), [(str(REGIONS[row.key]), row) for row in shown.regions]),
    ]
    share_names = [_("会員"), _("上位10件")]
    name = f"{municipality.slug}-suggestions{f'-{asked.year}' if asked.year else ''}.{ending}"
    if ending == "csv":
        heads = [_("表"), _("行"), _("項目"), _("数")]
        lines = [
            (table, label, str(STEPS[step]), getattr(row, step))
            for table, rows in acted
            for label, row in rows
            for step in STEPS
        ]
        lines += [
            (table, label, item, value)
            for table, rows in shares
            for label, row in rows
            for item, value in zip(share_names, (row.members, row.places), strict=True)
        ]
        response = HttpResponse(write_csv(heads, lines), content_type="text/csv; charset=utf-8")
    else:
        sheets = [
            (
                table,
                [table, *steps],
                [[label, *(getattr(row, step) for step in STEPS)] for label, row in rows],
            )
            for table, rows in acted
        ]
        sheets += [
            (table, [table, *share_names], [[label, row.members, row.places] for label, row in rows])
            for table, rows in shares
        ]
        response = HttpResponse(write_workbook(sheets), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns = [
    path("suggestions/", page, name="staff-matching-figures"),
    path("suggestions.<slug:ending>", file, name="staff-matching-file"),
    path("suggestions/<slug:what>/", records, name="staff-matching-records"),
]
