"""All cases at a glance: the board, whose columns are the stages, and the list for when there are hundreds."""

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, prefetch_related_objects
from django.http import Http404
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.cases import queries, rules
from musubi.cases.models import Case
from musubi.cases.states import CASE, OPEN, PATH
from musubi.people.permissions import Can, authority
from musubi.people.queries import closing_days
from musubi.www.access import staff_city
from musubi.www.case_record import days_words
from musubi.www.staff.case_filters import CaseFilter
from musubi.www.staff.case_forms import AdvanceForm, PauseForm

PER_PAGE = 20
PER_COLUMN = 12
COLUMNS = [*PATH[:-1], "paused"]


@require_safe
def case_list(request, city: str):
    """The board or, with `?view=list`, a sorted list; both under the same filter.

    With `?move=REF` a card is in hand: its form stands above the board, for whoever drags nothing. `to` is the
    stage it was let go over.
    """
    municipality = staff_city(request, city)
    form = CaseFilter(request.GET, municipality=municipality, user=request.user)
    visible = queries.visible_to(request.user, municipality)
    rows = queries.find(visible, municipality=municipality, **form.wanted())
    context = {
        "municipality": municipality,
        "filter": form,
        "active": form.active(),
        "may_open": authority(request.user).may_in(Can.OPEN_CASE, municipality.pk),
        "is_list": request.GET.get("view") == "list",
        "crumbs": [(_("今日"), reverse("staff-home", args=[city])), (_("連携案件"), "")],
    }
    closed = closing_days(municipality.pk)
    if context["is_list"]:
        ordered = form.sorted(queries.for_rows(rows))
        page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "rows": [(case, days_words(case, closed)) for case in page],
            "sorted_by": form.sorted_by,
        }
    else:
        columns = _columns(rows, request.user, city, closed)
        context |= {
            "columns": columns,
            "told_at": [card["told"] for column in columns for card in column["cards"]],
            "count": sum(column["count"] for column in columns),
            "may_move": any(card["may_move"] for column in columns for card in column["cards"]),
        }
        if ref := request.GET.get("move"):
            context |= _in_hand(visible, request.user, ref, request.GET.get("to", ""))
    return render(request, "staff/cases.html", context)


def _columns(rows: QuerySet[Case], user, city: str, closed) -> list[dict]:
    """One column per open stage: the count, and the cards due first. A constant number of statements."""
    counts = dict(rows.filter(stage__in=OPEN).values_list("stage").annotate(n=Count("pk")).order_by())
    shown: dict[str, list[Case]] = {}
    for stage in COLUMNS:
        cases = rows.filter(stage=stage).select_related("ball_department", "ball_organisation", "lead")
        shown[stage] = list(cases.order_by("ball_due_on", "id")[:PER_COLUMN]) if counts.get(stage) else []
    prefetch_related_objects([case for cases in shown.values() for case in cases], "departments")
    mine = authority(user)
    return [
        {
            "stage": stage,
            "label": CASE[stage].label,
            "cards": [_card(case, city, closed, mine.may(Can.MOVE_CASE, case)) for case in shown[stage]],
            "count": counts.get(stage, 0),
            "more_href": f"?view=list&stage={stage}" if counts.get(stage, 0) > len(shown[stage]) else "",
        }
        for stage in COLUMNS
    ]


def _card(case: Case, city: str, closed, may_move: bool) -> dict:
    onward = rules.next_stages(case)
    return {
        "ref": case.ref,
        "told": f"case-{case.ref}",
        "href": reverse("staff-case", args=[city, case.ref]),
        "title": case.title,
        "sub": f"{case.ref} · {case.lead}",
        "holder": str(case.holder),
        "due_words": days_words(case, closed),
        "late": case.is_overdue,
        "may_move": may_move,
        # A drop on this column needs no word; on any other the form asks for one.
        "next": onward[0] if onward and case.stage != "paused" else "",
        "move_to": reverse("staff-case-act", args=[city, case.ref, "advance"]),
    }


def _in_hand(visible: QuerySet[Case], user, ref: str, to: str) -> dict:
    """The card that is being moved, and its form."""
    case = queries.for_rows(visible).filter(ref=ref, stage__in=OPEN).first()
    if case is None or not authority(user).may(Can.MOVE_CASE, case):
        raise Http404
    pausing = to == "paused" and case.stage != "paused"
    form = PauseForm(case=case) if pausing else AdvanceForm(case=case, initial={"to": to})
    here = case.paused_from or case.stage
    wants_reason = to in PATH and to != here and rules.is_skip(here, to)
    if wants_reason:
        form.fields["reason"].required = True  # shown as such; the action asks for it in any case
    return {
        "in_hand": case,
        "move_form": form,
        "wants_reason": wants_reason,
        "unmet": [need for need in rules.needs(case, to) if not need.met] if to in PATH else [],
        "to_label": CASE[to].label if to in CASE.states else "",
    }


urlpatterns = [path("", case_list, name="staff-cases")]
