"""The committee's addresses, below `/<city>/committee/`."""

from django.urls import path

from musubi.www.committee import home, interests, joining, sheets, timetable

urlpatterns = [
    path("", home.home, name="committee"),
    path("interests/", interests.interests, name="committee-interests"),
    path("timetable/", timetable.timetable, name="committee-timetable"),
    path("timetable.ics", timetable.ics, name="committee-ics"),
    path("invitations/<str:token>/", joining.invitation, name="committee-invitation"),
    path("sheets/<int:pk>/", sheets.sheet, name="committee-sheet"),
    path("sheets/<int:pk>/papers/<int:paper>/", sheets.paper, name="committee-paper"),
    path("sheets/<int:pk>/interest/", interests.step_back, name="committee-sheet-interest"),
]
