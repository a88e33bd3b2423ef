"""Nothing typed is lost when the session ends in the middle of a form."""

from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render

from musubi.www.errors import typed_words


def keeps_words(view):
    """A view that wants sign-in, like any other, but shows an unsigned person's words back instead of dropping them.

    The page answers 401, so that a script that saves in the background knows, too.
    """

    @login_not_required
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method == "GET" else request.path
        if request.method != "POST":
            return redirect_to_login(back)
        words = [
            (name, value) for name, value in typed_words(request) if name not in {"seen", "key", "draft"}
        ]
        return render(
            request,
            "partner/signed_out.html",
            {"typed": words, "back": request.get_full_path()},
            status=401,
        )

    return wrapped
