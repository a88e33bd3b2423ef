"""The installation's own statements, the switch of language, and a word to robots."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.www.kept import public_page

A_YEAR = 365 * 24 * 3600


@public_page
def accessibility(request):
    return render(request, "public/accessibility.html", {"page_title": _("ウェブアクセシビリティ")})


@public_page
def privacy(request):
    return render(request, "public/privacy.html", {"page_title": _("個人情報の取扱い")})


@public_page
def terms(request):
    return render(request, "public/terms.html", {"page_title": _("利用条件")})


@login_not_required
@require_safe
def language(request):
    """Remember the language `to` and go back to `next`, which must be a page of this very installation."""
    back = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"
    response = HttpResponseRedirect(back)
    response["Cache-Control"] = "no-store"
    to = request.GET.get("to")
    return remember_language(response, to) if to in dict(settings.LANGUAGES) else response


def remember_language(response, language: str):
    """The response with the cookie that `LocaleMiddleware` reads."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=A_YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
    return response


@public_page
def robots(request):
    lines = [
        "User-agent: *",
        "Disallow: /accounts/",
        "Disallow: /my/",
        "Disallow: /language/",
        "Disallow: /*/staff/",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
