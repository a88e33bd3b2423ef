"""Small layers around every view: kept public pages, nothing left on a shared computer, refusals told in words."""

from django.contrib import messages
from django.contrib.auth.signals import user_logged_out
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpResponseRedirect
from django.utils.cache import get_conditional_response

from musubi.lib.errors import NotAllowed, Refused
from musubi.www import kept


class KeptPages:
    """Answers an anonymous GET of a public page from memory while nothing has happened in its municipality.

    The key is the address, the language, the day and the municipality's journal fingerprint, so a change shows
    on the very next request. Only responses of views marked `kept.public_page`, to a request without a session,
    that set no cookie, are ever kept. A page with something on it that changes without an entry says itself for how
    long (`keep_seconds`).
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.pages = caches["pages"]

    def __call__(self, request):
        if not kept.may_be_kept(request):
            return self.get_response(request)
        # Read before the view runs: what happens meanwhile makes another key, never an old page under a new one.
        key = kept.key(request)
        page = self.pages.get(key)
        if page is None or page.is_over:
            response = self.get_response(request)
            if not kept.is_keepable(request, response):
                return response
            page = kept.Page.of(response)
            self.pages.set(key, page, getattr(response, "keep_seconds", DEFAULT_TIMEOUT))
        return get_conditional_response(request, etag=page.etag, response=page.answer(request))


class SharedComputers:
    """Leaves nothing of the fund's inner pages, and of whoever signs out, to the next person at the same computer.

    No page of a fund that is for those signed in is kept by a browser. The answer to signing out has the browser drop
    what it kept of this site, words that were typed and not sent among it; cookies stay: the language is one.
    """

    PACKAGES = ("musubi.www.partner.fund.", "musubi.www.staff.fund.", "musubi.www.committee.")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        match = request.resolver_match
        if match and getattr(match.func, "__module__", "").startswith(self.PACKAGES):
            response.setdefault("Cache-Control", "private, no-store")
        if getattr(request, "has_signed_out", False):
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


@receiver(user_logged_out)
def note_signing_out(request, user, **_more) -> None:
    if request is not None and user is not None:
        request.has_signed_out = True


class Refusals:
    """Turns a refusal that no view caught into words: a message on the page the person came from.

    Views that carry typed text catch `Refused` themselves and show the form again with everything in it.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, NotAllowed):
            raise PermissionDenied(str(exception)) from exception
        if not isinstance(exception, Refused):
            return None
        messages.error(request, str(exception))
        back = request.headers.get("Referer", "")
        here = f"{request.scheme}://{request.get_host()}/"
        return HttpResponseRedirect(back if back.startswith(here) else "/")
