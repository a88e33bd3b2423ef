"""What may be kept of public pages, and under which key. See `middleware.KeptPages`."""

import hashlib
from dataclasses import dataclass, field
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required

from musubi.people.models import Municipality

LONGEST_QUERY = 300
_codes: dict[str, str] = {}


@dataclass
class Page:
    content: bytes
    content_type: str
    digest: str
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, response) -> "Page":
        headers = {
            name: response[name]
            for name in ("Content-Language", "Content-Disposition")
            if response.has_header(name)
        }
        digest = hashlib.sha256(response.content).hexdigest()[:32]
        return cls(response.content, response["Content-Type"], digest, headers)


def public_page(view):
    """Marks a view as public (no sign-in) and as one whose anonymous answer may be kept.

    Such a view must show the same to everyone who is not signed in, and must not put a CSRF token, a nonce
    or a message into its page for them.
    """

    @login_not_required
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response.keepable = True
        return response

    wrapped.login_required = False
    return wrapped


def may_be_kept(request) -> bool:
    return (
        request.method == "GET"
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and "messages" not in request.COOKIES
        and len(request.META.get("QUERY_STRING", "")) <= LONGEST_QUERY
        and not request.path.startswith((settings.STATIC_URL, "/accounts/", "/my/"))
    )


def is_keepable(response) -> bool:
    return (
        getattr(response, "keepable", False)
        and response.status_code == 200
        and not response.streaming
        and not response.cookies
    )


def municipality_code(request) -> str:
    """The code of the municipality the address belongs to, "" for pages about all of them."""
    slug = request.path.split("/", 2)[1]
    if slug not in _codes:
        found = Municipality.objects.filter(slug=slug).values_list("code", flat=True).first()
        if found is None:
            return ""
        _codes[slug] = found
    return _codes[slug]


def key(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
