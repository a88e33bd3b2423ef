"""Calls: all of them; one with its terms, its days, questions and answers; who applied."""

from django.db.models import Sum
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.models import Call
from musubi.lib import clock, markdown
from musubi.people.models import Municipality
from musubi.www.kept import public_page
from musubi.www.public.cards import year_words
from musubi.www.public.common import city_here
from musubi.www.public.fund import terms
from musubi.www.public.fund.common import (
    call_state,
    downloads,
    is_open,
    left,
    moment,
    show,
    year_of,
    year_tabs,
    yen,
)
from musubi.www.public.fund.rows import award_rows
from musubi.www.staff.frame import page_of
from musubi.www.templatetags.pieces import days_left, wareki

MOST_AWARDS = 10


@public_page
def listing(request, city: str):
    municipality = city_here(request, city)
    offered = shown.years(municipality)
    year = year_of(request, offered)
    rows = shown.calls(municipality)
    if year:
        rows = rows.filter(fund__fiscal_year=year)
    found = page_of(request, rows)
    here = list(found)
    columns = [
        {"label": _("募集名")},
        {"label": _("制度")},
        {"label": _("年度")},
        {"label": _("受付")},
        {"label": _("状態")},
    ]
    cells = []
    for row in here:
        label, tone = call_state(row)
        cells.append(
            [
                {"text": row.title, "href": reverse("fund-call", args=[city, row.ref])},
                row.edition.programme.name,
                year_words(row.fund.fiscal_year),
                f"{moment(row.opens_at)} – {moment(row.closes_at)}",
                {"text": label, "tone": tone},
            ]
        )
    response = show(
        request,
        municipality,
        "calls",
        _("募集"),
        tabs=year_tabs(request, offered, year),
        page=found,
        table={"columns": columns, "rows": cells},
        downloads=downloads(municipality, "calls", year),
    )
    response.keep_until = shown.next_turn(here)
    return response


@public_page
def page(request, city: str, ref: str):
    municipality = city_here(request, city)
    return draw(request, municipality, call_or_404(municipality, ref))


def draw(request, municipality: Municipality, call: Call, *, is_preview: bool = False):
    """A call's page. As a preview it is shown to the secretariat before it is public."""
    city, ref = municipality.slug, call.ref
    edition = call.edition
    label, tone = call_state(call)
    awards = shown.awards(municipality).filter(application__call=call) if call.released_at else None
    questions = list(shown.answered(call))
    response = show(
        request,
        municipality,
        "call",
        call.title,
        (_("募集"), reverse("fund-calls", args=[city])),
        call=call,
        is_preview=is_preview,
        edition=edition,
        state_label=label,
        state_tone=tone,
        takes=is_open(call),
        asks=call.state == "published" and clock.now() < call.closes_at,
        left=left(call),
        until=call.closes_at if is_open(call) else None,
        apply_href=apply_href(call),
        ask_href=reverse("fund-ask", args=[city, ref]),
        text=markdown.render(call.text),
        schedule=schedule(call),
        who=terms.who(edition),
        must=terms.must(edition),
        never=terms.never(edition),
        years=terms.years(edition),
        money=terms.money(edition),
        costs=terms.costs(edition),
        papers=terms.papers(edition),
        criteria=terms.criteria(edition),
        judging=terms.judging(edition),
        questions=[(one.question, one.answer, wareki(one.answered_at)) for one in questions],
        pots=_("、").join(shown.pot_words(pot) for pot in call.pots.select_related("goal", "programme")),
        received=_received(call, municipality),
        applications_href=reverse("fund-applications", args=[city, ref]),
        awards=award_rows(awards[:MOST_AWARDS], municipality, with_year=False)
        if awards is not None
        else None,
        jumps=[
            (_("日程"), "#schedule"),
            (_("申請できる団体"), "#who"),
            (_("助成の額"), "#money"),
            (_("提出する書類"), "#papers"),
            (_("審査のしかた"), "#criteria"),
            (_("質問と回答"), "#questions"),
            (_("受け付けた申請と結果"), "#results"),
        ],
        facts=[
            (_("制度"), f"{edition.programme.name}({_('第%(n)d版') % {'n': edition.number}})"),
            (_("ファンド"), f"{call.fund.name} {year_words(call.fund.fiscal_year)}"),
            (_("整理番号"), call.ref),
            (_("公開日"), wareki(call.published_at)),
        ],
    )
    response.keep_until = shown.next_turn([call])
    return response


@public_page
def applications(request, city: str, ref: str):
    """Who applied, as far as the programme and the release allow (`musubi.fund.shown.told`)."""
    municipality = city_here(request, city)
    call = call_or_404(municipality, ref)
    is_counted = shown.is_counted(call)
    rows = shown.received(municipality).filter(call=call)
    found = page_of(request, rows if is_counted else rows.none())
    response = show(
        request,
        municipality,
        "applications",
        _("受け付けた申請"),
        (_("募集"), reverse("fund-calls", args=[city])),
        (call.title, reverse("fund-call", args=[city, ref])),
        call=call,
        page=found,
        is_counted=is_counted,
        is_blind=call.edition.is_blind,
        back=reverse("fund-call", args=[city, ref]),
        table=_told(found, municipality),
        downloads=downloads(municipality, "applications", call.fund.fiscal_year),
    )
    response.keep_until = shown.next_turn([call])
    return response


def call_or_404(municipality: Municipality, ref: str) -> Call:
    rows = shown.calls(municipality).prefetch_related(
        "edition__years", "edition__categories", "edition__papers", "edition__criteria"
    )
    return get_object_or_404(rows, ref=ref)


def apply_href(call: Call) -> str:
    """Where an organisation begins its application, if it can now."""
    return reverse("my-fund-call", args=[call.pk]) if is_open(call) else ""


def schedule(call: Call) -> dict:
    """For `parts/table.html`: each day, and how far it is."""
    found = [(_("受付開始"), moment(call.opens_at), ""), (_("受付終了"), moment(call.closes_at), "")]
    labels = {
        "first_on": _("第一次審査(書類)"),
        "second_on": _("第二次審査(プレゼンテーション)"),
        "decision_on": _("交付決定の予定"),
        "payment_on": _("概算払の予定"),
        "report_on": _("実績報告の期限"),
        "outcome_on": _("成果報告の期限"),
    }
    now, today = clock.now(), clock.today()
    words = [_("済み") if at <= now else days_left(at, today) for at in (call.opens_at, call.closes_at)]
    rows = [[label, at, far] for (label, at, _far), far in zip(found, words, strict=True)]
    for name, label in labels.items():
        if day := getattr(call, name):
            rows.append([label, wareki(day), _("済み") if day < today else days_left(day, today)])
    if call.first_released_at:
        rows.append([_("第一次審査の結果の発表"), moment(call.first_released_at), _("済み")])
    if call.released_at:
        rows.append([_("結果の発表"), moment(call.released_at), _("済み")])
    return {
        "columns": [{"label": _("予定")}, {"label": _("日時")}, {"label": _("あと")}],
        "rows": rows,
    }


def _received(call: Call, municipality: Municipality) -> dict:
    """How many applied and for how much: nothing while somebody still can."""
    if not shown.is_counted(call):
        return {}
    rows = shown.received(municipality).filter(call=call).order_by()
    first = shown.first_result(call)
    return {
        "first": {"filed": first[0], "passed": first[1]} if first else None,
        "count": rows.count(),
        "yen": yen(rows.aggregate(yen=Sum("requested"))["yen"] or 0),
    }


def _told(found, municipality: Municipality) -> dict:
    rows = []
    for application in found:
        one = shown.told(application)
        title = one.title or _("(公開していません)")
        if one.has_award:
            title = {"text": title, "href": reverse("fund-award", args=[municipality.slug, one.ref])}
        rows.append([one.ref, title, one.organisation or "—", yen(one.requested), one.result, yen(one.yen)])
    columns = [
        {"label": _("整理番号")},
        {"label": _("事業名")},
        {"label": _("団体")},
        {"label": _("申請額"), "num": True},
        {"label": _("結果")},
        {"label": _("交付決定額"), "num": True},
    ]
    return {"columns": columns, "rows": rows}
