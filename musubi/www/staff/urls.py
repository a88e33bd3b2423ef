"""The staff's addresses, by topic; each module lists its own."""

from django.urls import include, path

from musubi.www.staff.today import home

urlpatterns = [
    path("", home, name="staff-home"),
    path("inbox/", include("musubi.www.staff.inbox")),
    path("challenges/", include("musubi.www.staff.challenges")),
    path("challenges/", include("musubi.www.staff.suggestions")),
    path("proposals/", include("musubi.www.staff.proposals")),
    path("proposals/", include("musubi.www.staff.referrals")),
    path("proposals/", include("musubi.www.staff.proposal_ball")),
    path("cases/", include("musubi.www.staff.board")),
    path("cases/", include("musubi.www.staff.case_meetings")),
    path("cases/<str:ref>/trials/", include("musubi.www.staff.trials")),
    path("cases/", include("musubi.www.staff.cases")),
    path("radar/", include("musubi.www.staff.radar")),
    path("agreements/", include("musubi.www.staff.agreements")),
    path("handover/", include("musubi.www.staff.handover")),
    path("stories/", include("musubi.www.staff.stories")),
    path("members/", include("musubi.www.staff.members")),
    path("gatherings/", include("musubi.www.staff.gatherings")),
    path("fund/", include("musubi.www.staff.fund.urls")),
    path("figures/", include("musubi.www.staff.figures")),
    path("figures/", include("musubi.www.staff.matching_figures")),
    path("rankings/", include("musubi.www.staff.rankings")),
    path("import/", include("musubi.www.staff.imports")),
    path("settings/budget/", include("musubi.www.staff.budget_calendar")),
    path("settings/wordings/", include("musubi.www.staff.wordings")),
    path("settings/reminders/", include("musubi.www.staff.reminders")),
    path("settings/", include("musubi.www.staff.settings")),
    path("journal/", include("musubi.www.staff.journal")),
    path("mail/", include("musubi.www.staff.mail")),
]
