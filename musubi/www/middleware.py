"""Two small layers around every view: kept public pages, and refusals told in words."""

from django.contrib import messages
from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import get_language_from_request

from musubi.journal.queries import fingerprint
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.www import kept


class KeptPages:
    """Answers an anonymous GET of a public page from memory while nothing has happened in its municipality.

    The key is the address, the language, the day and the municipality's journal fingerprint, so a change shows
    on the very next request. Only responses of views marked `kept.public_page`, to a request without a session,
    that set no cookie, are ever kept.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.pages = caches["pages"]

    def __call__(self, request):
        if not kept.may_be_kept(request):
            return self.get_response(request)
        key = self._key(request)
        page = self.pages.get(key)
        if page is None:
            response = self.get_response(request)
            if not kept.is_keepable(response):
                return response
            page = kept.Page.of(response)
            self.pages.set(key, page)
        etag = quote_etag(page.digest)
        if etag in parse_etags(request.headers.get("If-None-Match", "")):
            response = HttpResponseNotModified()
        else:
            response = HttpResponse(page.content, content_type=page.content_type)
            for name, value in page.headers.items():
                response[name] = value
        response["ETag"] = etag
        response["Cache-Control"] = "no-cache"
        patch_vary_headers(response, ["Cookie", "Accept-Language", "HX-Request"])
        return response

    def _key(self, request) -> str:
        return kept.key(
            request.get_full_path(),
            get_language_from_request(request),
            clock.today().isoformat(),
            fingerprint(kept.municipality_code(request)),
            request.headers.get("HX-Request", ""),
            request.headers.get("HX-Target", ""),
            request.get_host(),
        )


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
