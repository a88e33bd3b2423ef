"""When an application that passed the first screening is presented: told from the release of that screening on."""

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.fund.models import Application, Slot
from musubi.lib import calendar, clock
from musubi.www.calendar_files import as_file
from musubi.www.partner.fund.own import href_of, own


def slot_of(row: Application) -> Slot | None:
    """The time that the organisation may know."""
    return getattr(row, "slot", None) if row.shown_state == "first_passed" else None


@require_safe
def ics(request, pk):
    """The time as a file for the person's own calendar."""
    row = own(request, pk)
    slot = slot_of(row)
    if slot is None:
        raise Http404
    event = calendar.Event(
        uid=f"slot-{row.pk}@{row.call.fund.municipality.code}.musubi",
        stamp=clock.now(),
        starts=slot.starts_at,
        ends=slot.ends_at,
        summary=_("プレゼンテーション: %(title)s") % {"title": row.title},
        location=slot.place,
        description=row.call.title,
        url=settings.ORIGIN + href_of(row),
    )
    return as_file([event], f"{row.ref}-presentation.ics")
