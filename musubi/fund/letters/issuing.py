"""Which letters there are about an application, an award or a contribution, and issuing them.

A letter that is sent out gets its number when it is issued, and is kept as it was written then: whatever changes in the
records afterwards, it says what it said. Issued is by whoever opens it first, mostly the worker, a minute after what it
tells of; twice it is the same letter. What is handed in, and what stays in the house, is written anew each time.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date

from django.db import IntegrityError, models, transaction
from django.http import Http404

from musubi.fund import curtain
from musubi.fund.letters.contents import Content, as_json, from_json
from musubi.fund.letters.kinds import INTERNAL, SENT, UNNUMBERED, LetterKind
from musubi.fund.letters.reading import READ
from musubi.fund.letters.styles import Style, style_of, styles_of
from musubi.fund.models import (
    Application,
    Award,
    Call,
    Change,
    Claim,
    Contribution,
    Edition,
    LetterIssue,
    Payment,
    Report,
)
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.people.numbering import next_ref

K = LetterKind
FAILED = ["not_awarded", "first_failed", "second_failed"]


@dataclass(frozen=True)
class Letter:
    """One letter there is. `thing` is what it is read from, `about` its id, `stage` that of a summary or minutes."""

    kind: LetterKind
    thing: models.Model
    municipality: Municipality
    words: str = ""
    stage: str = ""

    @property
    def about(self) -> int:
        return self.thing.pk

    @property
    def is_kept(self) -> bool:
        return self.kind in SENT and self.kind not in UNNUMBERED


# --- which there are -------------------------------------------------------------------------------------------------


def letters_about(application: Application) -> list[Letter]:
    """Every letter of an application and its award, in the order of a year. Nothing of a result before the release."""
    city = application.call.fund.municipality
    found: list[Letter] = []

    def add(kind: LetterKind, thing: models.Model, words: str = "") -> None:
        found.append(Letter(kind, thing, city, words))

    if not application.ref:
        return []
    add(K.APPLICATION, application)
    add(K.RECEIPT, application)
    state, call = application.state, application.call
    if curtain.is_passed(state, call) and hasattr(application, "slot"):
        add(K.INVITATION, application)
    if not curtain.is_out(state, call):
        return found
    issued = set(application.letters.values_list("kind", flat=True))
    if application.state == "reserve" or K.RESERVE in issued:
        add(K.RESERVE, application)
    if application.state in FAILED:
        add(K.REFUSAL, application)
    award = getattr(application, "award", None)
    if award is None:
        return found
    award.application = application
    add(K.AWARD, award)
    for payment in award.payments.filter(kind="advance").exclude(state="cancelled"):
        add(K.ADVANCE, payment, f"{payment.yen:,}円")
    for change in award.changes.filter(state__in=["approved", "refused"]):
        add(K.CHANGE, change, f"{change.get_kind_display()}・{change.get_state_display()}")
    report = Report.objects.filter(award=award, reported_at__isnull=False).first()
    if report:
        report.award = award
        add(K.REPORT, report)
    if award.fixed_on:
        add(K.FIXING, award)
    if award.revoked_on:
        add(K.REVOCATION, award)
    for claim in award.claims.all():
        add(K.CLAIM, claim, f"{claim.get_kind_display()} {claim.yen:,}円")
    return found


def letters_of_contribution(contribution: Contribution) -> list[Letter]:
    """The receipt and the letter of thanks, once the money has come."""
    if contribution.state not in ("received", "returned") or contribution.source == "public":
        return []
    city = contribution.fund.municipality
    return [Letter(K.GIFT_RECEIPT, contribution, city), Letter(K.GIFT_THANKS, contribution, city)]


def letters_of_call(call: Call) -> list[Letter]:
    """What the house keeps of each stage of the screening, once it has begun."""
    if call.state not in ("screening", "released", "finished"):
        return []
    city = call.fund.municipality
    return [
        Letter(kind, call, city, str(stage.label), stage.value)
        for stage in Stage
        if call.edition.criteria.filter(stage=stage).exists()
        for kind in INTERNAL
    ]


def letter_for(letters: list[Letter], kind: str, about: int | None = None, stage: str = "") -> Letter:
    """The last of these letters of a kind, or the one about that row. Raises Http404 where there is none.

    Whoever asks has been checked by how the letters were found: `letters_about` an application the person may read.
    """
    found = [
        letter
        for letter in letters
        if letter.kind == kind and about in (None, letter.about) and stage in ("", letter.stage)
    ]
    if not found:
        raise Http404
    return found[-1]


# --- issuing ---------------------------------------------------------------------------------------------------------


def written(letter: Letter, styles: dict[str, Style] | None = None) -> tuple[Content, Style]:
    """What the letter says, and how: as it was issued, or, for what is not kept, as the records say now. Issues it if
    need be. `styles` are the municipality's (`styles_of`), where many letters are read."""
    if letter.is_kept:
        known = LetterIssue.objects.filter(kind=letter.kind, about=letter.about).first()
        known = known or issue(letter, styles)
        return from_json(letter.kind, known.content), Style(**known.style)
    stage = [letter.stage] if letter.stage else []
    style = styles[letter.kind] if styles else style_of(letter.municipality, letter.kind)
    return READ[letter.kind](letter.thing, *stage), style


def issue(letter: Letter, styles: dict[str, Style] | None = None) -> LetterIssue:
    """Give the letter its number and keep what it says. Two at once issue one letter."""
    style = styles[letter.kind] if styles else style_of(letter.municipality, letter.kind)
    content = READ[letter.kind](letter.thing)
    try:
        with transaction.atomic():
            if not content.number:
                content = replace(content, number=_number(letter, content.on))
            return LetterIssue.objects.create(
                municipality=letter.municipality,
                kind=letter.kind,
                about=letter.about,
                number=content.number,
                issued_at=clock.now(),
                content=as_json(content),
                style=asdict(style),
                **_of(letter.thing),
            )
    except IntegrityError:
        return LetterIssue.objects.get(kind=letter.kind, about=letter.about)


def _of(thing: models.Model) -> dict:
    if isinstance(thing, Contribution):
        return {"contribution": thing}
    if isinstance(thing, Application):
        return {"application": thing}
    award = thing if isinstance(thing, Award) else thing.award
    return {"application": award.application}


def _number(letter: Letter, on: date) -> str:
    """The next document number of the fiscal year in which the letter is dated, in the style of the programme; for a
    contribution, of the programme used last."""
    of = _of(letter.thing)
    if application := of.get("application"):
        style = application.edition.number_style
    else:
        last = Edition.objects.filter(programme__municipality=letter.municipality, state="in_use")
        row = last.order_by("-used_at").first()
        style = row.number_style if row else Edition._meta.get_field("number_style").default
    year, _dash, count = next_ref(letter.municipality.pk, "letter", on).partition("-")
    for name, value in (
        ("{city}", letter.municipality.name),
        ("{year}", year),
        ("{number}", str(int(count))),
    ):
        style = style.replace(name, value)
    return style


# --- what waits to be issued -----------------------------------------------------------------------------------------

_APPLICATION = ["call__fund__municipality", "edition__programme", "organisation", "filed_by", "decision"]
_AWARD = [f"application__{name}" for name in _APPLICATION]


def _rows(kind: str) -> models.QuerySet:
    """Everything a kind of letter is about."""
    below = [f"award__{name}" for name in _AWARD]
    applications = Application.objects.filter(curtain.out()).select_related(*_APPLICATION)
    awards = Award.objects.select_related(*_AWARD)
    return {
        K.AWARD: lambda: awards.prefetch_related("application__costs__category"),
        K.REFUSAL: lambda: applications.filter(state__in=FAILED),
        K.RESERVE: lambda: applications.filter(state="reserve"),
        K.CHANGE: lambda: Change.objects.filter(state__in=["approved", "refused"]).select_related(*below),
        K.REPORT: lambda: Report.objects.filter(reported_at__isnull=False).select_related("reported_by", *below),
        K.FIXING: lambda: awards.filter(fixed_on__isnull=False),
        K.REVOCATION: lambda: awards.filter(revoked_on__isnull=False),
        K.CLAIM: lambda: Claim.objects.select_related(*below),
        K.GIFT_RECEIPT: lambda: _gifts(),
        K.GIFT_THANKS: lambda: _gifts(),
        K.INVITATION: lambda: Application.objects.filter(curtain.passed(), slot__isnull=False).select_related(
            *_APPLICATION[:-1], "slot"
        ),
        K.RECEIPT: lambda: Application.objects.exclude(ref="").select_related(*_APPLICATION[:-1]),
        K.APPLICATION: lambda: Application.objects.exclude(ref="").select_related(*_APPLICATION[:-1]),
        K.ADVANCE: lambda: Payment.objects.filter(kind="advance").exclude(state="cancelled").select_related(*below),
    }[kind]()  # fmt: skip


def _gifts() -> models.QuerySet:
    return (
        Contribution.objects.filter(state__in=["received", "returned"])
        .exclude(source="public")
        .select_related("fund__municipality", "organisation", "pot__goal", "pot__programme")
    )


def waiting(kind: str) -> Iterator[Letter]:
    """The letters of a kind that happened and are not issued yet, the oldest first."""
    issued = LetterIssue.objects.filter(kind=kind, about=models.OuterRef("pk"))
    for row in _rows(kind).exclude(models.Exists(issued)).order_by("pk").iterator(chunk_size=500):
        yield Letter(K(kind), row, _city(row))


def letters_in(call: Call, kind: str) -> list[Letter]:
    """All letters of a kind in a call, by the applications' numbers."""
    path = {Application: "", Award: "application__"}
    rows = _rows(kind)
    way = path.get(rows.model, "award__application__")
    city = call.fund.municipality
    found = rows.filter(**{f"{way}call": call}).order_by(f"{way}ref", "pk")
    return [Letter(K(kind), row, city) for row in found]


def issue_waiting(stop=lambda: False) -> int:
    """Issue whatever waits; returns how many."""
    done = 0
    styles: dict[int, dict[str, Style]] = {}
    for kind in SENT:
        if kind in UNNUMBERED:
            continue
        for letter in waiting(kind):
            if stop():
                return done
            if letter.municipality.pk not in styles:
                styles[letter.municipality.pk] = styles_of(letter.municipality)
            issue(letter, styles[letter.municipality.pk])
            done += 1
    return done


def _city(row: models.Model) -> Municipality:
    if isinstance(row, Contribution):
        return row.fund.municipality
    return _of(row)["application"].call.fund.municipality


def issued_on(letter: Letter) -> date | None:
    """The day a kept letter was issued; None where it was not, or is not kept."""
    row = LetterIssue.objects.filter(kind=letter.kind, about=letter.about).first()
    return row.issued_at.astimezone(clock.TOKYO).date() if row and letter.is_kept else None
