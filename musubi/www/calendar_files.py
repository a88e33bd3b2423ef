"""Meetings and presentations as files for a person's own calendar."""

from django.http import HttpResponse

from musubi.lib import calendar


def as_file(events: list[calendar.Event], name: str) -> HttpResponse:
    """The events as a download for a calendar."""
    return HttpResponse(
        calendar.write(events, method=calendar.PUBLISH),
        content_type="text/calendar; charset=utf-8; method=PUBLISH",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
