"""A letter of the fund as an answer to a request. Whoever calls has found the letter among those the person may read."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from musubi.fund.letters.files import MEDIA_TYPES, file_of
from musubi.fund.letters.issuing import Letter
from musubi.lib.errors import Refused


def attachment(name: str, content: bytes, media_type: str, *, inline: bool = False) -> HttpResponse:
    """A file made for this person at this moment: not kept by anybody in between."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(not inline, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def answer(request, letter: Letter, form: str, back: str) -> HttpResponse:
    """The letter as `pdf` or `docx`; where it cannot be made, back to `back` with the reason."""
    if form not in MEDIA_TYPES:
        raise Http404
    try:
        name, content = file_of(letter, form)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    return attachment(name, content, MEDIA_TYPES[form])
