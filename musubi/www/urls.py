"""Addresses are part of the product: see docs/look.md and the list in `docs/addresses.md`."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
