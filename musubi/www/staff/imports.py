"""Import from a municipality's table: choose a file, look at what it was taken for, bring it in whole."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from musubi.imports import actions, queries
from musubi.imports.columns import headings, required
from musubi.imports.models import Run
from musubi.imports.rules import Options
from musubi.imports.states import RUN, Kind, Result
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.tables import write_csv, write_xlsx
from musubi.people.permissions import Can
from musubi.www.access import fetch, staff_city
from musubi.www.staff.import_forms import FileForm, OptionsForm, chosen_columns, column_choices

PER_PAGE = 20
SHOWN_PROBLEMS = 50
SHOWN_CELLS = 8
SHOWN_ROWS = 20
TONES = {
    Result.IMPORTED: "good",
    Result.DUPLICATE: "info",
    Result.ERROR: "stop",
    Result.LEFT_OUT: "neutral",
    Result.HELD: "warn",
}


@require_http_methods(["GET", "HEAD", "POST"])
def start(request, city: str):
    """Choose what and which file; templates to fill in; what was imported before."""
    municipality = staff_city(request, city, Can.IMPORT)
    form = FileForm(request.POST or None, request.FILES or None, initial={"kind": _kind(request)})
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = actions.preview(
                form.cleaned_data["kind"], file.read(), file.name, municipality, by=request.user
            )
            return redirect("staff-import-preview", city, run.pk)
        except NotAllowed:
            raise
        except Refused as refusal:
            form.add_error("file", str(refusal))
    rows = queries.visible_to(request.user, municipality).select_related("by")
    page = Paginator(rows.defer("report"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "municipality": municipality,
        "form": form,
        "page": page,
        "templates": [(kind, kind.label, headings(kind)) for kind in Kind],
        "runs": [(run, RUN[run.state]) for run in page],
        "steps": _steps(1),
        "crumbs": [(_("今日"), f"/{city}/staff/"), (_("取り込み"), "")],
    }
    return render(request, "staff/import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request, city: str, run: int):
    """What each column was taken for, every problem with its cell, what would come in; then the result."""
    municipality = staff_city(request, city, Can.IMPORT)
    run = fetch(request, queries.visible_to(request.user, municipality), Can.IMPORT, pk=run)
    form = OptionsForm(run=run)
    if request.method == "POST":
        form = OptionsForm(request.POST, run=run)
        if request.POST.get("step") == "abandon":
            return _abandon(request, city, run)
        if form.is_valid():
            return _go_on(request, city, run, form)
    return render(
        request, "staff/import_preview.html", _context(run, form), status=422 if form.errors else 200
    )


def _kind(request) -> str:
    """What the person came for (`?kind=`), else the first."""
    wanted = request.GET.get("kind", "")
    return wanted if wanted in Kind.values else Kind.CHALLENGES


def _abandon(request, city: str, run: Run):
    try:
        actions.abandon(run, by=request.user)
        messages.success(
            request, _("「%(file)s」の取り込みをやめました。ファイルは消しました。") % {"file": run}
        )
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("staff-import", city)


def _go_on(request, city: str, run: Run, form: OptionsForm):
    """Check again, or import what was shown. Choices changed since the preview are shown before they are imported."""
    mapping, options = chosen_columns(run, request.POST), form.options()
    changed = options != Options.from_json(run.options) or mapping != _shown_mapping(run, mapping)
    importing = request.POST.get("step") == "import"
    try:
        if importing and not changed:
            actions.carry_out(run, by=request.user)
            messages.success(
                request, _("%(count)d行を取り込みました。") % {"count": run.report["rows_imported"]}
            )
        else:
            actions.reconsider(run, by=request.user, mapping=mapping, options=options)
            messages.info(
                request,
                _("選び直した内容で確かめ直しました。よければ、もう一度「取り込む」を押してください。")
                if importing
                else _("選び直した内容で確かめ直しました。"),
            )
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("staff-import-preview", city, run.pk)


def _shown_mapping(run: Run, like: dict) -> dict:
    """What the preview showed for the columns that a person sent."""
    return {
        sheet["name"]: {
            column["letter"]: column["field"] or ""
            for column in sheet["columns"]
            if column["letter"] in like[sheet["name"]]
        }
        for sheet in run.report["sheets"]
        if sheet["name"] in like
    }


def _context(run: Run, form: OptionsForm) -> dict:
    report, city = run.report, run.municipality.slug
    counts = report["counts"]
    open_ = run.state == "previewed"
    imported = _("取り込み") if run.state == "imported" else _("取り込む行")
    tiles = [
        {"label": _("表の行"), "value": report["rows_in"], "unit": _("行")},
        {"label": imported, "value": report["rows_imported"], "unit": _("行")},
        {"label": _("報告する行"), "value": report["rows_reported"], "unit": _("行"), "note": _parts(counts)},
    ]
    if run.kind == Kind.CONTRIBUTIONS:
        tiles.append({"label": _("金額の合計"), "value": f"{report['yen']:,}", "unit": _("円")})
    sheets = []
    for index, sheet in enumerate(report["sheets"]):
        columns = [
            column
            | {
                "select": f"map-{index}-{column['letter']}",
                "field": form.data.get(f"map-{index}-{column['letter']}", column["field"] or ""),
            }
            for column in sheet["columns"]
        ]
        sheets.append(sheet | {"columns": columns, "taken": sum(bool(c["field"]) for c in sheet["columns"])})
    rows = [
        row | {"label": Result(row["result"]).label, "tone": TONES[row["result"]]} for row in report["rows"]
    ]
    return {
        "municipality": run.municipality,
        "run": run,
        "state": RUN[run.state],
        "kind_label": Kind(run.kind).label,
        "report": report,
        "is_open": open_,
        "form": form,
        "steps": _steps(2 if open_ else 3),
        "tiles": tiles,
        "sheets": sheets,
        "choices": column_choices(run.kind),
        "needed": [str(slot.label) for slot in required(run.kind)],
        "errors": _grouped(report["problems"], "error"),
        "warnings": _grouped(report["problems"], "warning"),
        "rows": rows[:SHOWN_ROWS],
        "rows_more": max(0, len(rows) - SHOWN_ROWS),
        "list_href": f"/{city}/staff/{_LISTS[run.kind]}/",
        "crumbs": [
            (_("今日"), f"/{city}/staff/"),
            (_("取り込み"), reverse("staff-import", args=[city])),
            (run.filename, ""),
        ],
    }


_LISTS = {
    Kind.CHALLENGES: "challenges",
    Kind.ORGANISATIONS: "members",
    Kind.PROPOSALS: "proposals",
    Kind.CONTRIBUTIONS: "fund",
}


def _parts(counts: dict) -> str:
    """重複 3・エラー 1: only what there is."""
    names = [Result.DUPLICATE, Result.ERROR, Result.LEFT_OUT, Result.HELD]
    return "・".join(f"{name.label} {counts[name]}" for name in names if counts[name])


def _grouped(problems: Iterable[dict], level: str) -> dict:
    """Problems of one level, the same sentence once with its cells; how many there are, and how many are not shown."""
    groups: dict[tuple[str, str], list[str]] = {}
    total = 0
    for problem in problems:
        if problem["level"] == level:
            total += 1
            groups.setdefault((problem["sheet"], problem["message"]), []).append(problem["cell"])
    shown = [
        {
            "sheet": sheet,
            "cells": [cell for cell in cells[:SHOWN_CELLS] if cell],
            "more": max(0, len(cells) - SHOWN_CELLS),
            "message": message,
        }
        for (sheet, message), cells in list(groups.items())[:SHOWN_PROBLEMS]
    ]
    return {"total": total, "groups": shown, "hidden": max(0, len(groups) - SHOWN_PROBLEMS)}


def _steps(now: int) -> list[dict]:
    labels = [_("ファイルを選ぶ"), _("読み取り方を確かめる"), _("取り込む")]
    return [
        {"label": label, "state": "done" if n < now else "current" if n == now else "todo"}
        for n, label in enumerate(labels, start=1)
    ]


@require_safe
def rows_csv(request, city: str, run: int):
    """Every row and every problem of a run, to mend the table beside it."""
    municipality = staff_city(request, city, Can.IMPORT)
    run = fetch(request, queries.visible_to(request.user, municipality), Can.IMPORT, pk=run)
    told: dict[tuple, list[str]] = {}
    loose = []
    for problem in run.report["problems"]:
        sentence = f"{problem['cell']} {problem['message']}".strip()
        told.setdefault((problem["sheet"], problem["row"]), []).append(sentence)
    table = [
        [
            row["sheet"],
            row["row"],
            Result(row["result"]).label,
            row["title"],
            row["ref"],
            " / ".join(told.pop((row["sheet"], row["row"]), [])),
        ]
        for row in run.report["rows"]
    ]
    loose = [[sheet, "", "", "", "", sentence] for (sheet, _row), found in told.items() for sentence in found]
    columns = [_("シート"), _("行"), _("結果"), _("名前"), _("番号"), _("問題")]
    return _download(write_csv(columns, [*loose, *table]), f"import-{run.pk}.csv", "text/csv")


@require_safe
def template(request, city: str, kind: str):
    """An empty sheet with the headings we understand, how to fill them in, and an example; both rows are left out."""
    staff_city(request, city, Can.IMPORT)
    if kind not in Kind.values:
        raise Http404
    slots, first = headings(kind), required(kind)[0]
    hints = [_("記入例(書き方)") if slot is first else str(slot.hint) for slot in slots]
    example = [_("記入例:") + slot.example if slot is first else slot.example for slot in slots]
    label = str(Kind(kind).label).split("・")[0]
    data = write_xlsx([str(slot.label) for slot in slots], [hints, example], sheet=label)
    return _download(
        data, f"{kind}.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )


def _download(data: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


urlpatterns = [
    path("", start, name="staff-import"),
    path("template/<slug:kind>.xlsx", template, name="staff-import-template"),
    path("<int:run>/", preview, name="staff-import-preview"),
    path("<int:run>/rows.csv", rows_csv, name="staff-import-rows"),
]
