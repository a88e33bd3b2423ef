"""The fund out in the open: `/<city>/fund/…`."""

from django.urls import path

from musubi.www.public.fund import asking, awards, calls, files, front, money

urlpatterns = [
    path("", front.page, name="fund"),
    path("calls/", calls.listing, name="fund-calls"),
    path("calls/<slug:ref>/", calls.page, name="fund-call"),
    path("calls/<slug:ref>/ask/", asking.page, name="fund-ask"),
    path("calls/<slug:ref>/applications/", calls.applications, name="fund-applications"),
    path("awards/", awards.listing, name="fund-awards"),
    path("awards/<slug:ref>/", awards.page, name="fund-award"),
    path("contributions/", money.contributions, name="fund-contributions"),
    path("ledger/", money.ledger, name="fund-ledger"),
    path("360giving.json", files.giving, name="fund-360giving"),
    path("<slug:table>.csv", files.as_csv, name="fund-csv"),
    path("<slug:table>.xlsx", files.as_xlsx, name="fund-xlsx"),
]
