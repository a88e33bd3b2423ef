from django.shortcuts import render
from django.urls import path

from musubi.challenges.models import Challenge

ROWS = 20


def rows(request):
    """The newest twenty challenges in a table."""
    newest = Challenge.objects.select_related("municipality", "department").order_by("-pk")[:ROWS]
    return render(request, "bare/rows.html", {"rows": newest})


def row(request, pk):
    raise NotImplementedError("only its address is used")


urlpatterns = [path("", rows, name="rows"), path("<int:pk>/", row, name="row")]
