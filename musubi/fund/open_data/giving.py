"""Every award by the 360Giving Data Standard 1.4, so that it can be read beside those of other funders.

Identifiers: an organisation with a corporate number is `JP-JCN-<13 digits>` (the list of the National Tax Agency at
org-id.guide); one without is named within this installation. A grant's begins with what the publisher is registered as
at 360Giving or, until then, with the code of the municipality.
"""

from collections.abc import Iterable
from datetime import date, datetime, time

from django.conf import settings
from django.urls import reverse

from musubi.fund import shown
from musubi.fund.models import Application, Award
from musubi.lib import clock
from musubi.people.models import Municipality, Organisation

VERSION = "1.4"
LONGEST_TITLE = 140


def package(municipality: Municipality) -> dict:
    """The package of all awards of a municipality. The standard knows none without a grant: `grants` may be empty
    here, and is then not published."""
    awards = shown.awards(municipality).prefetch_related(
        "application__goals", "payments", "changes", "claims", "shares__pot__goal", "shares__pot__programme"
    )
    grants = [grant(row, municipality) for row in awards]
    here = settings.ORIGIN + reverse("fund", args=[municipality.slug])
    return {
        "version": VERSION,
        "title": f"{municipality.name} ファンドの交付決定",
        "description": f"{municipality.name}のファンドが助成した事業。金額は円。中止・取消しになったものを含む。",
        "identifier": f"{prefix(municipality)}-awards",
        "issued": _moment(clock.today()),
        "publisher": {
            "identifier": prefix(municipality),
            "name": municipality.name,
            "website": settings.ORIGIN + reverse("city", args=[municipality.slug]),
        },
        "accessURL": here,
        "downloadURL": settings.ORIGIN + reverse("fund-360giving", args=[municipality.slug]),
        "grants": grants,
    }


def prefix(municipality: Municipality) -> str:
    return f"JP-LGCODE-{municipality.code}"


def grant(award: Award, municipality: Municipality) -> dict:
    """One award. `amountAwarded` follows approved changes and is the final amount once it is fixed; what was decided at
    first is the first of the commitments, which add up to it."""
    application = award.application
    address = settings.ORIGIN + reverse("fund-award", args=[municipality.slug, application.ref])
    programme = application.edition.programme
    found = {
        "id": f"{prefix(municipality)}-{application.ref}",
        "title": _cut(application.title),
        "description": application.purpose or application.title,
        "currency": "JPY",
        "amountAppliedFor": application.requested,
        "amountAwarded": amount(award),
        "amountDisbursed": award.paid - award.returned,
        "awardDate": _moment(award.decided_on),
        "url": address,
        "recipientOrganization": [recipient(application, municipality)],
        "fundingOrganization": [
            {"id": prefix(municipality), "name": municipality.name, "addressCountry": "Japan"}
        ],
        "grantProgramme": [{"code": programme.code, "title": programme.name}],
        "fromOpenCall": "Yes",
        "commitmentTransaction": commitments(award),
        "disbursementTransaction": disbursements(award),
        "dataSource": settings.ORIGIN + reverse("fund-360giving", args=[municipality.slug]),
    }
    if classes := list(_classes(award)):
        found["classifications"] = classes
    if outcome := shown.outcome_of(award):
        found["relatedDocument"] = [
            {
                "id": f"{found['id']}-outcome",
                "title": "成果報告",
                "description": outcome,
                "url": f"{address}#outcome",
                "documentType": "Project Report",
            }
        ]
    return found


def amount(award: Award) -> int:
    """What the organisation may keep, as far as it is known: nothing once the award is revoked or given up."""
    if award.revoked_on:
        return 0
    return award.yen if award.final_yen is None else award.final_yen


def commitments(award: Award) -> list[dict]:
    """From the decision to what stands now, in the order of their days; they add up to `amount`."""
    steps = [(award.decided_on, award.first_yen, "交付決定")]
    changes = [
        row for row in award.changes.all() if row.state == "approved" and row.after_yen != row.before_yen
    ]
    steps += [(row.decided_on, row.after_yen - row.before_yen, row.get_kind_display()) for row in changes]
    if award.final_yen is not None and award.final_yen != award.yen:
        steps.append((award.fixed_on, award.final_yen - award.yen, "額の確定"))
    if award.revoked_on:
        steps.append((award.revoked_on, -sum(yen for _day, yen, _words in steps), "交付決定の取消し"))
    return _transactions(award, "commitment", [step for step in steps if step[1]])


def disbursements(award: Award) -> list[dict]:
    """What was paid, and what came back as less than nothing; they add up to `amountDisbursed`."""
    steps = [
        (row.paid_on, row.yen, row.get_kind_display()) for row in award.payments.all() if row.state == "paid"
    ]
    steps += [
        (row.returned_on, -row.yen, f"返還({row.get_kind_display()})")
        for row in award.claims.all()
        if row.returned_on
    ]
    return _transactions(award, "disbursement", sorted(steps, key=lambda step: step[0]))


def recipient(application: Application, city: Municipality) -> dict:
    """The organisation by its public data; of a person who does business alone nothing but the name."""
    organisation = application.organisation
    number = organisation.corporate_number
    found = {
        "id": f"JP-JCN-{number}" if number else f"{prefix(city)}-ORG-{organisation.pk}",
        "name": organisation.name,
        "organisationType": organisation.get_kind_display(),
    }
    if organisation.kind == Organisation.Kind.SOLE:
        return found
    if organisation.name_en:
        found["alternateName"] = organisation.name_en
    if organisation.url:
        found["url"] = organisation.url
    if organisation.prefecture:
        found["addressRegion"] = organisation.prefecture
    return found | {"addressCountry": "Japan"}


def _transactions(award: Award, kind: str, steps: Iterable[tuple[date, int, str]]) -> list[dict]:
    return [
        {
            "id": f"{award.application.ref}-{kind}-{number}",
            "transactionDate": _moment(day),
            "currency": "JPY",
            "value": yen,
            "description": str(words),
        }
        for number, (day, yen, words) in enumerate(steps, start=1)
    ]


def _classes(award: Award):
    for goal in award.application.goals.all():
        yield {"vocabulary": "SDGs", "code": str(goal.number), "title": goal.short}
    for share in award.shares.all():
        if share.yen:
            words = {"vocabulary": "使いみち", "code": share.pot.earmark, "title": shown.pot_words(share.pot)}
            yield words | {"description": f"{share.yen}円"}


def _cut(title: str) -> str:
    return title if len(title) < LONGEST_TITLE else title[: LONGEST_TITLE - 2] + "…"


def _moment(day: date) -> str:
    """The beginning of a day in Japan: a full date-time, which every reader of the standard takes for one."""
    return datetime.combine(day, time(), clock.TOKYO).isoformat()
