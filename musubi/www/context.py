"""What every template knows."""

from django.conf import settings

from musubi.people.permissions import authority


def installation(request) -> dict:
    """`DEMO`, and for a signed-in person `authority` (read only when a template asks for it)."""
    return {"DEMO": settings.DEMO, "authority": _Authority(request)}


class _Authority:
    """Reads the person's seats at the first question, so public pages never do."""

    def __init__(self, request):
        self._request = request

    def __getattr__(self, name):
        return getattr(authority(getattr(self._request, "user", None)), name)
