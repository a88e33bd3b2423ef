"""The addresses below `/my/fund/`."""

from django.urls import path

from musubi.www.partner.fund import lists, sent, writing

urlpatterns = [
    path("", lists.applications, name="my-fund"),
    path("begin/<int:call>/", lists.begin, name="my-fund-begin"),
    path("<int:pk>/", sent.application, name="my-fund-application"),
    path("<int:pk>/edit/", writing.edit, name="my-fund-edit"),
    path("<int:pk>/check/", writing.check, name="my-fund-check"),
    path("<int:pk>/receipt/", sent.receipt, name="my-fund-receipt"),
    path("<int:pk>/copy/", sent.copy, name="my-fund-copy"),
    path("<int:pk>/withdraw/", sent.withdraw, name="my-fund-withdraw"),
    path("<int:pk>/files/<int:file>/", sent.paper, name="my-fund-file"),
]
