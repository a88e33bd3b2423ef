"""The pages for when something went wrong. Each says what happened and what to do next."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render


@login_not_required
def bad_request(request, exception=None):
    return render(request, "400.html", status=400)


@login_not_required
def forbidden(request, exception=None):
    return render(request, "403.html", {"message": str(exception or "")}, status=403)


@login_not_required
def not_found(request, exception=None):
    return render(request, "404.html", status=404)


@login_not_required
def server_error(request):
    return render(request, "500.html", status=500)


@login_not_required
def csrf_failure(request, reason=""):
    return render(request, "403_csrf.html", {"typed": typed_words(request)}, status=403)


def typed_words(request) -> list[tuple[str, str]]:
    """What the person had typed, so that an expired form costs them nothing."""
    secret = {"csrfmiddlewaretoken", "password", "password1", "password2", "oldpassword", "code"}
    return [(name, value) for name, value in request.POST.items() if name not in secret and value.strip()]
