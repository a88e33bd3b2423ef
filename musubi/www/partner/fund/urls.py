"""The addresses below `/my/fund/`."""

from django.urls import path

from musubi.www.partner.fund import awarded, ending, letters, lists, presenting, sent, writing

urlpatterns = [
    path("", lists.applications, name="my-fund"),
    path("begin/<int:call>/", lists.begin, name="my-fund-call"),
    path("<int:pk>/", sent.application, name="my-fund-application"),
    path("<int:pk>/edit/", writing.edit, name="my-fund-edit"),
    path("<int:pk>/check/", writing.check, name="my-fund-check"),
    path("<int:pk>/receipt/", sent.receipt, name="my-fund-receipt"),
    path("<int:pk>/copy/", sent.copy, name="my-fund-copy"),
    path("<int:pk>/withdraw/", sent.withdraw, name="my-fund-withdraw"),
    path("<int:pk>/files/<int:file>/", sent.paper, name="my-fund-file"),
    path("<int:pk>/letters/<slug:kind>-<int:about>.pdf", letters.letter, name="my-fund-letter"),
    path("<int:pk>/letters/<slug:kind>.pdf", letters.letter, name="my-fund-letter-last"),
    path("<int:pk>/presentation.ics", presenting.ics, name="my-fund-presentation-ics"),
    path("<int:pk>/decision/", awarded.decision, name="my-fund-decision"),
    path("<int:pk>/advance/", awarded.advance, name="my-fund-advance"),
    path("<int:pk>/advance/<int:payment>/cancel/", awarded.cancel_advance, name="my-fund-advance-cancel"),
    path("<int:pk>/change/", awarded.change, name="my-fund-change"),
    path("<int:pk>/status/", awarded.status, name="my-fund-status"),
    path("<int:pk>/assets/", awarded.assets, name="my-fund-assets"),
    path("<int:pk>/report/", ending.report, name="my-fund-report"),
    path("<int:pk>/report/receipt/", ending.receipt, name="my-fund-report-receipt"),
    path("<int:pk>/settlement/", ending.settlement, name="my-fund-settlement"),
    path("<int:pk>/tax/", ending.tax, name="my-fund-tax"),
    path("<int:pk>/outcome/", ending.outcome, name="my-fund-outcome"),
]
