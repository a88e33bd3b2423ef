"""What may be kept of public pages, and under which key. See `middleware.KeptPages`."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.text import compress_string
from django.utils.translation import get_language_from_request

from musubi.journal.queries import fingerprint
from musubi.lib import clock
from musubi.people.models import Municipality

LONGEST_QUERY = 300
SLUG = re.compile(r"[a-z0-9-]{1,40}")
VARY = ["Cookie", "Accept-Language", "Accept-Encoding", "HX-Request"]


def public_page(view):
    """Marks a view as public (no sign-in) and as one whose anonymous answer may be kept.

    Such a view must show the same to everyone who is not signed in, and must not put a CSRF token, a nonce
    or a message into its page for them. What a signed-in person gets is theirs alone and is never kept. An answer
    that something is still missing from sets `keepable` to False itself; one that the clock will make untrue sets
    `keep_until` to that moment.
    """

    @login_not_required
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            response.keepable = getattr(response, "keepable", True)
        return response

    return wrapped


def may_be_kept(request) -> bool:
    """Whether the request is an anonymous visitor's plain reading of a page."""
    return (
        request.method in ("GET", "HEAD")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and "messages" not in request.COOKIES
        and "HX-Request" not in request.headers
        and "Authorization" not in request.headers
        and len(request.META.get("QUERY_STRING", "")) <= LONGEST_QUERY
        and not request.path_info.startswith((settings.STATIC_URL, "/accounts/", "/my/"))
    )


def is_keepable(request, response) -> bool:
    return (
        request.method == "GET"
        and getattr(response, "keepable", False)
        and response.status_code == 200
        and not response.streaming
        # A page with a CSRF token sets its cookie: it belongs to one visitor.
        and not response.cookies
    )


def city_of(request) -> Municipality | None:
    """The municipality the address belongs to, looked up once per request; None for pages about all of them."""
    if not hasattr(request, "_city"):
        slug = request.path_info.split("/", 2)[1]
        # Every public page begins with this, a kept one does little else: SQL as it is, because building it from a
        # queryset takes four times as long as answering it.
        found = (
            Municipality.objects.raw("SELECT * FROM people_municipality WHERE slug = %s", [slug])
            if SLUG.fullmatch(slug)
            else ()
        )
        request._city = next(iter(found), None)
    return request._city


def key(request) -> str:
    """Differs as soon as the page might: other address or language, next day, one more journal entry."""
    city = city_of(request)
    parts = [
        request.build_absolute_uri(),
        get_language_from_request(request),
        clock.today().isoformat(),
        city.code if city else "",
        fingerprint(city.code if city else ""),
    ]
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()


@dataclass
class Page:
    """A kept answer: its compressed bytes (nothing secret is in it, so compressing tells nobody anything)."""

    body: bytes
    etag: str
    headers: dict[str, str]
    until: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.until is not None and clock.now() >= self.until

    @classmethod
    def of(cls, response) -> "Page":
        # Weak, because one and the same mark stands for the plain and the compressed bytes.
        digest = hashlib.sha256(response.content).hexdigest()[:32]
        headers = {name: value for name, value in response.headers.items() if name != "Vary"}
        until = getattr(response, "keep_until", None)
        return cls(compress_string(response.content), f'W/"{digest}"', headers, until)

    def answer(self, request) -> HttpResponse:
        """The page as a response, compressed where the browser says it can read that."""
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        response = HttpResponse(self.body if packed else gzip.decompress(self.body), headers=self.headers)
        if packed:
            response["Content-Encoding"] = "gzip"
        response["Content-Length"] = str(len(response.content))
        response["ETag"] = self.etag
        response["Cache-Control"] = "no-cache"
        patch_vary_headers(response, VARY)
        return response
