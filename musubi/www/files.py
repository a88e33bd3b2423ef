"""Taking files in (`keep`) and handing them out (`serve`). Nothing remote happens inside a transaction: files come first."""

import re

from django.http import FileResponse, Http404
from django.utils.translation import gettext as _

from musubi.lib.errors import NotAllowed
from musubi.services.storage import keep
from musubi.services.virus_scan import Verdict

__all__ = ["keep", "serve", "scan_words"]

# As much as these may be shown by the browser's viewer one day; today everything is a download.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def serve(row) -> FileResponse:
    """A stored file as a download. The caller has checked who asks.

    Raises NotAllowed where a virus was found in it after it had been taken in.
    """
    if getattr(row, "scanned", "") == Verdict.INFECTED:
        raise NotAllowed(
            _(
                "「%(name)s」からウイルスが見つかったため、開けません。載せた方に、問題のないファイルを載せ直してもらってください。"
            )
            % {"name": row.name}
        )
    try:
        content = row.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(
        content, as_attachment=True, filename=_CONTROL.sub("_", row.name), content_type=row.media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def scan_words(row) -> dict:
    """What a list of files says of the virus scan: `scanned` (the verdict) and `scan_label`, in words."""
    return {"scanned": row.scanned, "scan_label": row.get_scanned_display()}
