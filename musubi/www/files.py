"""Taking files in and handing them out. Nothing remote happens inside a transaction, so files come first."""

import re

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import FileResponse, Http404
from django.utils.translation import gettext as _

from musubi.lib.errors import Refused
from musubi.services.storage import accept_upload
from musubi.services.virus_scan import Verdict, scan

# As much as these may be shown by the browser's viewer one day; today everything is a download.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def keep(model: type[models.Model], uploaded: UploadedFile) -> dict:
    """Look through an uploaded file and store it: `stored`, `name`, `size`, `media_type` for the action that follows.

    Raises Refused with a sentence for the person; then nothing was stored.
    """
    accepted = accept_upload(uploaded)
    if scan(uploaded).verdict is Verdict.INFECTED:
        raise Refused(
            _(
                "「%(name)s」からウイルスが見つかったため、受け付けませんでした。お使いの機器を確かめてください。"
            )
            % {"name": accepted.name}
        )
    field = model._meta.get_field("file")
    stored = field.storage.save(field.generate_filename(None, uploaded.name), uploaded)
    return {"stored": stored, **accepted._asdict()}


def serve(row) -> FileResponse:
    """A stored file as a download. The caller has checked who asks."""
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
