"""Exchange meetings, matching events, sittings: what is coming and what was held; the same as iCalendar."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.gatherings import queries
from musubi.gatherings.models import Gathering
from musubi.gatherings.states import GATHERING, TOOK_PLACE, Kind
from musubi.lib import calendar as calendars
from musubi.lib import clock, markdown
from musubi.people.models import Municipality
from musubi.www.kept import public_page
from musubi.www.public.cards import gathering_row
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.lists import Filter, Pick, page_of
from musubi.www.templatetags.pieces import wareki

MOST_COMING = 60


class GatheringFilter(Filter):
    kind = Pick(label=gettext_lazy("種類"), choices=Kind.choices)


def coming(municipality: Municipality):
    """What is today or later, the next one first. By the day, not the hour: the page is kept until something
    happens or the day ends."""
    today = clock.at(clock.today(), 0)
    rows = queries.listed(municipality).filter(ends_at__gte=today).exclude(state__in=TOOK_PLACE)
    return rows.order_by("starts_at", "pk")


@public_page
def gatherings(request, city: str):
    municipality = city_here(request, city)
    form = GatheringFilter(request)
    kind = form.wanted.get("kind", "")
    ahead = queries.find(coming(municipality), kind=kind)
    over = queries.find(queries.listed(municipality), kind=kind).exclude(
        pk__in=coming(municipality).order_by().values("pk")
    )
    page = page_of(over.order_by("-starts_at", "-pk"), request.GET.get("page"), lambda rows: rows)
    return render(
        request,
        "public/gatherings.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, _("イベント")),
            "page_title": _("イベント"),
            "kinds": [(_("すべて"), "?", not kind, "")]
            + [(label, f"?kind={code}", kind == code, "") for code, label in Kind.choices],
            "coming": [gathering_row(row, municipality) for row in ahead[:MOST_COMING]],
            "page": page,
            "past": [gathering_row(row, municipality) for row in page],
        },
    )


@public_page
def gathering(request, city: str, ref: str):
    municipality = city_here(request, city)
    rows = queries.visible_to(request.user, municipality).select_related("department")
    row = get_object_or_404(rows, ref=ref)
    state = GATHERING[row.state]
    starts, ends = row.starts_at.astimezone(clock.TOKYO), row.ends_at.astimezone(clock.TOKYO)
    until = f"{ends:%H:%M}" if starts.date() == ends.date() else f"{wareki(ends)} {ends:%H:%M}"
    return render(
        request,
        "public/gathering.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, (_("イベント"), reverse("gatherings", args=[city])), row.title),
            "page_title": row.title,
            "gathering": row,
            "state_label": state.public or state.label,
            "state_tone": state.tone,
            "unpublished": row.state == "draft",
            "description": markdown.render(row.description),
            "report": markdown.render(row.report) if row.state == "reported" else "",
            "facts": [
                (_("日時"), row.date_note or f"{wareki(starts, 'western')} {starts:%H:%M} – {until}"),
                (_("会場"), row.place),
                (_("種類"), row.get_kind_display()),
                (_("部会・シリーズ"), row.series),
                (_("主催"), row.department.display_name),
                (_("整理番号"), row.ref),
            ],
        },
    )


@public_page
def calendar(request, city: str):
    """The gatherings of the last year and to come, for people's own calendars (RFC 5545)."""
    municipality = city_here(request, city)
    rows = queries.listed(municipality).filter(starts_at__gte=clock.at(clock.today() - timedelta(days=366)))
    events = [_event(row, municipality) for row in rows.order_by("starts_at")[:500]]
    name = _("%(name)s 公民連携イベント") % {"name": municipality.display_name}
    return HttpResponse(
        calendars.write(events, name=name),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="{municipality.slug}-gatherings.ics"'},
    )


def _event(row: Gathering, municipality: Municipality) -> calendars.Event:
    # The hour is not settled yet: a whole day, so that nobody comes at a made-up time.
    unsettled = bool(row.date_note)
    return calendars.Event(
        uid=f"{row.ref}@{municipality.code}.musubi",
        stamp=row.opened_at or row.created_at,
        starts=row.starts_at.astimezone(clock.TOKYO).date() if unsettled else row.starts_at,
        ends=None if unsettled else row.ends_at,
        summary=f"{row.title}({row.date_note})" if unsettled else row.title,
        location=row.place,
        description=row.description[:1000],
        url=settings.ORIGIN + reverse("gathering", args=[municipality.slug, row.ref]),
        cancelled=row.state == "cancelled",
    )
