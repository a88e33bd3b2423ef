"""Blind screening: what of an application does not say who files it.

Blind is the first screening, by documents; who presents the own project cannot be hidden.
"""

import re
import unicodedata
from collections.abc import Iterable

from musubi.fund.models import Application
from musubi.fund.states import Stage
from musubi.people.models import Organisation, Representative

INSTEAD = "(申請団体)"
INSTEAD_OF_A_PERSON = "(担当者)"
SHORTEST = 2
LEGAL_FORM = re.compile(
    r"株式会社|有限会社|合同会社|合資会社|合名会社|(一般|公益)?(社団|財団)法人|特定非営利活動法人|認定NPO法人|NPO法人"
    r"|社会福祉法人|(国立大学|公立大学|学校|医療|宗教)法人|\([株有合]\)"
)


def is_hidden(application: Application, stage: str) -> bool:
    """Whether the committee may not know in this stage who files the application."""
    return stage == Stage.FIRST and application.edition.is_blind


class Mask:
    """Takes out of any text the names by which an organisation and its people are registered, and `hidden_words`, one a
    line. What is written in another way stays: the secretariat reads the copy before it is given out."""

    def __init__(
        self, organisation: Organisation, people: Iterable[str] | None = None, hidden_words: str = ""
    ):
        names = {organisation.name, organisation.name_kana, organisation.name_en, organisation.url}
        core = LEGAL_FORM.sub("", unicodedata.normalize("NFKC", organisation.name))
        names |= {organisation.corporate_number or "", core}
        if people is None:
            people = _people_of([organisation]).get(organisation.pk, [])
        names |= set(hidden_words.splitlines())
        spelled = {part for name in people for part in (name, *name.split())}
        self._patterns = [
            (pattern, instead)
            for words, instead in ((names, INSTEAD), (spelled, INSTEAD_OF_A_PERSON))
            if (pattern := _any_of(words))
        ]

    def __call__(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", text)
        for pattern, instead in self._patterns:
            text = pattern.sub(instead, text)
        return text


def mask_of(application: Application) -> Mask:
    """The mask of one application, with the words the secretariat has added to it."""
    return Mask(application.organisation, hidden_words=application.hidden_words)


def masks_of(applications: Iterable[Application]) -> dict[int, Mask]:
    """Application id → its mask; one statement for any number."""
    applications = list(applications)
    people = _people_of({row.organisation for row in applications})
    return {
        row.pk: Mask(row.organisation, people.get(row.organisation_id, []), row.hidden_words)
        for row in applications
    }


def _people_of(organisations: Iterable[Organisation]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = Representative.objects.filter(organisation__in=organisations)
    named = Application.objects.filter(organisation__in=organisations).exclude(representative_name="")
    people = rows.values_list("organisation", "user__name")
    for pk, name in people.union(named.order_by().values_list("organisation", "representative_name")):
        found.setdefault(pk, []).append(name)
    return found


def _any_of(words: set[str]) -> re.Pattern | None:
    """Any of the words, the longest first, however it is spaced."""
    found = {unicodedata.normalize("NFKC", word).strip() for word in words}
    spelled = [
        r"\s*".join(map(re.escape, "".join(word.split())))
        for word in sorted(found, key=lambda word: (-len(word), word))
        if len("".join(word.split())) >= SHORTEST
    ]
    return re.compile("|".join(spelled), re.IGNORECASE) if spelled else None
