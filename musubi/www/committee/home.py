"""What a member must score, and until when: the first thing on the page."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.fund.actions.screening import IN_STAGE
from musubi.fund.models import Slot
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.www.committee.page import committee_city, own_sheets, page
from musubi.www.committee.shown import INSTEAD, is_hidden, titles_for

MOST = 300


@require_safe
def home(request, city: str):
    municipality = committee_city(request, city)
    sheets = list(own_sheets(request.user, municipality).prefetch_related("scores")[:MOST])
    names = titles_for(sheets)
    today = clock.today()
    waiting, done, over = [], [], []
    for sheet in sheets:
        row = {
            "sheet": sheet,
            "title": names[sheet.pk],
            "applicant": INSTEAD
            if is_hidden(sheet.application, sheet.stage)
            else sheet.application.organisation.name,
            "begun": bool(sheet.scores.all()) or bool(sheet.comment),
            "late": sheet.due_on is not None and sheet.due_on < today,
        }
        if sheet.application.state != IN_STAGE[Stage(sheet.stage)]:
            over.append(row)
        elif sheet.state == "assigned":
            waiting.append(row)
        else:
            done.append(row)
    waiting.sort(key=lambda row: (row["sheet"].due_on is None, row["sheet"].due_on or today))
    ahead = [row["sheet"].application_id for row in [*waiting, *done] if row["sheet"].stage == Stage.SECOND]
    slots = Slot.objects.filter(application__in=ahead, ends_at__gte=clock.now()).order_by("starts_at")
    return page(
        request,
        municipality,
        "home",
        _("審査"),
        waiting=waiting,
        done=done,
        over=over,
        first_due=next((row["sheet"].due_on for row in waiting if row["sheet"].due_on), None),
        late=sum(row["late"] for row in waiting),
        next_slot=slots.first(),
        slots=len(slots),
    )
