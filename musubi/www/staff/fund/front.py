"""The secretariat's first page: what lies with it now, the oldest first."""

from django.db.models import CharField, Count, DateField, F, QuerySet, TextField, Value
from django.db.models.functions import Cast, Left, TruncDate
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.fund.models import (
    Application,
    Assignment,
    Call,
    CallQuestion,
    Change,
    Claim,
    Contribution,
    Fund,
    Payment,
)
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.www.staff import frame
from musubi.www.staff.fund.frame import fund_city, page
from musubi.www.templatetags.pieces import days_left

MOST_ROWS = 50
# kind: (what it is called, what is to be done, icon)
KINDS = {
    "check": (gettext_lazy("形式を確認する申請"), gettext_lazy("申請を確認する"), "document"),
    "returned": (gettext_lazy("補正が遅れている申請"), gettext_lazy("団体に確かめる"), "undo"),
    "closed": (gettext_lazy("受付を終えた募集"), gettext_lazy("審査に進める"), "flag"),
    "late": (gettext_lazy("採点が遅れている募集"), gettext_lazy("催促する"), "clock"),
    "advance": (gettext_lazy("概算払の請求"), gettext_lazy("請求を見る"), "sheet"),
    "rest": (gettext_lazy("精算払"), gettext_lazy("支払を記録する"), "sheet"),
    "change": (gettext_lazy("変更申請"), gettext_lazy("変更を決める"), "pencil"),
    "inspect": (gettext_lazy("検査する実績報告"), gettext_lazy("検査する"), "check"),
    "claim": (gettext_lazy("返還を待っている請求"), gettext_lazy("返還を記録する"), "undo"),
    "question": (gettext_lazy("回答していない質問"), gettext_lazy("回答する"), "message"),
    "pledge": (gettext_lazy("まだ受け取っていない拠出"), gettext_lazy("受領を記録する"), "inbox"),
}


def waiting(municipality: Municipality) -> dict[str, QuerySet]:
    """What lies with the secretariat, by kind: rows of different tables."""
    here = {"award__application__call__fund__municipality": municipality}
    asked = Payment.objects.filter(state="requested", **here)
    today = clock.today()
    return {
        "check": Application.objects.filter(
            call__fund__municipality=municipality,
            state="submitted",
            call__state__in=["published", "screening"],
        ),
        "returned": Application.objects.filter(
            call__fund__municipality=municipality,
            state="returned",
            correct_by__lt=today,
            call__state__in=["published", "screening"],
        ),
        "closed": Call.objects.filter(
            fund__municipality=municipality, state="published", closes_at__lte=clock.now()
        ),
        "late": Assignment.objects.filter(
            application__call__fund__municipality=municipality,
            application__call__state="screening",
            application__state__in=["checked", "first_passed"],
            state="assigned",
            due_on__lt=today,
        ),
        "advance": asked.filter(kind="advance"),
        "rest": asked.filter(kind="rest"),
        "change": Change.objects.filter(state="requested", **here),
        "inspect": Application.objects.filter(call__fund__municipality=municipality, state="reported"),
        "claim": Claim.objects.filter(returned_on=None, **here),
        "question": CallQuestion.objects.filter(call__fund__municipality=municipality, answer="").exclude(
            call__state="cancelled"
        ),
        "pledge": Contribution.objects.filter(fund__municipality=municipality, state="pledged"),
    }


def _text(field):
    return Cast(F(field) if isinstance(field, str) else field, TextField())


def _day(field: str):
    return TruncDate(field, tzinfo=clock.TOKYO)


# kind: the columns of a row: what it is, its number, title, whose, since when, by when
def _columns() -> dict[str, dict]:
    none, nobody = Cast(Value(None), DateField()), Value("", TextField())
    award = {
        "ref": _text("award__application__ref"),
        "what": _text("award__application__title"),
        "who": _text("award__application__organisation__name"),
    }
    call = {"ref": _text("call__ref"), "who": _text("call__title")}
    return {
        "check": {"ref": _text("ref"), "what": _text("title"), "who": _text("organisation__name"),
                  "since": _day("filed_at"), "due": none},
        "returned": {"ref": _text("ref"), "what": _text("title"), "who": _text("organisation__name"),
                     "since": F("correct_by"), "due": F("correct_by")},
        "closed": {"ref": _text("ref"), "what": _text("title"), "who": nobody, "since": _day("closes_at"), "due": none},
        "late": {"ref": _text("application__call__ref"), "what": _text("application__call__title"),
                 "who": _text("member__user__name"), "since": _day("assigned_at"), "due": F("due_on")},
        "advance": {**award, "since": _day("requested_at"), "due": none},
        "rest": {**award, "since": _day("requested_at"), "due": none},
        "change": {**award, "since": _day("requested_at"), "due": none},
        "inspect": {"ref": _text("ref"), "what": _text("title"), "who": _text("organisation__name"),
                    "since": _day("award__report__reported_at"), "due": none},
        "claim": {**award, "since": F("claimed_on"), "due": F("due_on")},
        "question": {**call, "what": _text(Left("question", 80)), "since": _day("asked_at"), "due": none},
        "pledge": {"ref": _text("ref"), "what": _text("name"), "who": _text("fund__name"),
                   "since": F("pledged_on"), "due": none},
    }  # fmt: skip


def counts_of(rows: dict[str, QuerySet]) -> dict[str, int]:
    """How many of each kind: one statement."""
    counting = [
        found.order_by()
        .values(waits=Value(kind, CharField()))
        .annotate(n=Count("pk"))
        .values_list("waits", "n")
        for kind, found in rows.items()
    ]
    return dict(counting[0].union(*counting[1:], all=True).order_by())


def oldest(rows: dict[str, QuerySet], most: int = MOST_ROWS) -> list[dict]:
    """The rows that have waited longest, of all kinds together: one statement."""
    columns = _columns()
    names = ["kind", "ref", "what", "who", "since", "due", "row"]
    found = [
        queryset.order_by()
        .annotate(
            waits=Value(kind, TextField()),
            x_row=F("pk"),
            **{f"x_{name}": column for name, column in columns[kind].items()},
        )
        .values_list("waits", *(f"x_{name}" for name in names[1:]))
        for kind, queryset in rows.items()
    ]
    union = found[0].union(*found[1:], all=True).order_by("x_since", "waits", "x_row")
    return [dict(zip(names, row, strict=True)) for row in union[:most]]


def href(kind: str, slug: str, row: dict) -> str:
    """Where a row is worked on."""
    ref = row["ref"]
    if kind in AT_AWARD:
        return reverse("staff-fund-award", args=[slug, ref]) + AT_AWARD[kind]
    if kind == "pledge":
        return reverse("staff-fund-contribution", args=[slug, ref])
    if kind in ("check", "returned"):
        return reverse("staff-fund-application", args=[slug, ref])
    return reverse("staff-fund-call", args=[slug, ref]) + ("#questions" if kind == "question" else "")


AT_AWARD = {
    "advance": "#payments",
    "rest": "#payments",
    "change": "#changes",
    "inspect": "#inspection",
    "claim": "#claims",
}


def kind_href(kind: str, slug: str, rows: list[dict]) -> str:
    """Where all of a kind are listed; the oldest of it where there is no such list."""
    if kind in AT_AWARD:
        return reverse("staff-fund-awards", args=[slug]) + f"?waiting={kind}"
    if kind == "pledge":
        return reverse("staff-fund-contributions", args=[slug]) + "?state=pledged"
    return next((href(kind, slug, row) for row in rows if row["kind"] == kind), "")


@require_safe
def front(request, city: str):
    municipality = fund_city(request, city)
    found = waiting(municipality)
    counts = counts_of(found)
    rows = oldest(found) if counts else []
    today = clock.today()
    for row in rows:
        label, step, icon = KINDS[row["kind"]]
        row |= {
            "label": label,
            "step": step,
            "icon": icon,
            "href": href(row["kind"], city, row),
            "late": row["due"] is not None and row["due"] < today,
            "left": days_left(row["due"], today) if row["due"] else "",
        }
    return page(
        request,
        municipality,
        "staff/fund/front.html",
        part="staff-fund",
        page_title=_("ファンド"),
        crumbs=frame.crumbs(municipality, _("ファンド")),
        count=sum(counts.values()),
        has_fund=bool(counts) or Fund.objects.filter(municipality=municipality).exists(),
        tiles=[
            {
                "label": label,
                "value": f"{counts[kind]:,}",
                "unit": _("件"),
                "href": kind_href(kind, city, rows),
            }
            for kind, (label, _step, _icon) in KINDS.items()
            if counts.get(kind)
        ],
        rows=rows,
    )


urlpatterns = [path("", front, name="staff-fund")]
