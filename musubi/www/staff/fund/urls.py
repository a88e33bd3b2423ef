"""The fund's addresses for the secretariat; each module lists its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("musubi.www.staff.fund.front")),
]
