"""The fund's addresses for the secretariat; each module lists its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("musubi.www.staff.fund.front")),
    path("", include("musubi.www.staff.fund.money")),
    path("", include("musubi.www.staff.fund.ledger")),
    path("", include("musubi.www.staff.fund.programmes")),
    path("", include("musubi.www.staff.fund.calls")),
    path("", include("musubi.www.staff.fund.awards")),
    path("", include("musubi.www.staff.fund.letters")),
    path("applications/", include("musubi.www.staff.fund.screening_applications")),
    path("applications/", include("musubi.www.staff.fund.screening_blind")),
    path("committee/", include("musubi.www.staff.fund.screening_committee")),
    path("calls/", include("musubi.www.staff.fund.screening_stage")),
    path("calls/", include("musubi.www.staff.fund.screening_ranking")),
    path("calls/", include("musubi.www.staff.fund.screening_choice")),
    path("", include("musubi.www.staff.fund.screening_timetable")),
    path("", include("musubi.www.staff.fund.screening_first")),
    path("", include("musubi.www.staff.fund.screening_decisions")),
]
