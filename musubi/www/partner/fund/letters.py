"""The applicant's own letters: what was filed, what was decided once it is released, and what followed."""

from django.urls import reverse
from django.views.decorators.http import require_safe

from musubi.fund.letters.issuing import letter_for, letters_about
from musubi.www.letter_files import answer
from musubi.www.partner.fund.own import href_of, own


def letters_of(application) -> list[dict]:
    """For the application's pages: every letter there is by now, with its address."""
    return [
        {
            "kind": letter.kind,
            "label": letter.kind.label,
            "note": letter.words,
            "href": reverse("my-fund-letter", args=[application.pk, letter.kind, letter.about]),
        }
        for letter in letters_about(application)
    ]


@require_safe
def letter(request, pk: int, kind: str, about: int | None = None):
    """One letter as PDF: the last of its kind, or the one about that change, claim or payment."""
    application = own(request, pk)
    return answer(request, letter_for(letters_about(application), kind, about), "pdf", href_of(application))
