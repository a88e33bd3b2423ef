"""The open cases as the rounds of a morning watch them."""

from django.utils.translation import gettext_lazy as _

from musubi.ball.queries import Watched
from musubi.cases.models import Case
from musubi.cases.states import OPEN

CASES = Watched(
    "case",
    name=_("案件"),
    rows=lambda: Case.objects.filter(stage__in=OPEN),
    columns={
        "since": "ball_since",
        "due_on": "ball_due_on",
        "department_id": "ball_department_id",
        "organisation_id": "ball_organisation_id",
        "lead_id": "lead_id",
        "owner_id": "owner_id",
        "ref": "ref",
        "title": "title",
        "next_step": "ball_next",
    },
    municipality="municipality_id",
    staff_page="/{city}/staff/cases/{ref}/",
    partner_page="/my/cases/{city}/{ref}/",
    sections=lambda ids: Case.departments.through.objects.filter(case__in=ids).values_list(
        "case_id", "department_id"
    ),
)
