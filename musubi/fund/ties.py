"""Who may not screen whom. Read where rows are fetched: a tied member neither scores nor reads an application."""

from collections.abc import Iterable

from musubi.fund.models import Application, CommitteeMember, Contribution, Interest
from musubi.lib.text import organisation_key


def ties(
    members: Iterable[CommitteeMember], applications: Iterable[Application]
) -> dict[tuple[int, int], str]:
    """(member id, application id) → why they are tied, for every pair that is. Three statements for any number.

    Tied are: the employer applies (the same row, corporate number or name), an interest was declared or found, and a
    member of one contributor's judging another contributor that applies: those who give together do not award to
    each other.
    """
    members, applications = list(members), list(applications)
    if not members or not applications:
        return {}
    declared = {
        (row.member_id, row.organisation_id): row.words for row in Interest.objects.filter(member__in=members)
    }
    donors = set(
        Contribution.objects.filter(
            fund__in={member.fund_id for member in members}, organisation__isnull=False
        )
        .exclude(state__in=["cancelled", "returned"])
        .values_list("organisation_id", flat=True)
    )
    found = {}
    by_organisation: dict[int, list[Application]] = {}
    for application in applications:
        by_organisation.setdefault(application.organisation_id, []).append(application)
    for member in members:
        for pk, rows in by_organisation.items():
            if why := _why(member, rows[0].organisation, declared.get((member.pk, pk)), donors):
                found.update(dict.fromkeys(((member.pk, row.pk) for row in rows), why))
    return found


def is_tied(member: CommitteeMember, application: Application) -> bool:
    return (member.pk, application.pk) in ties([member], [application])


def _why(member: CommitteeMember, organisation, declared: str | None, donors: set[int]) -> str:
    if declared is not None:
        return f"届け出のあった関係: {declared}"
    employer = member.employer
    number = member.employer_number or (employer.corporate_number if employer else "")
    if employer and employer.pk == organisation.pk:
        return "勤務先からの申請"
    if number and number == organisation.corporate_number:
        return "勤務先と同じ法人番号の団体からの申請"
    if member.employer_name and organisation_key(member.employer_name) == organisation.name_key:
        return "勤務先と同じ名前の団体からの申請"
    if employer and employer.pk in donors and organisation.pk in donors:
        return "ともにファンドに拠出した団体からの申請"
    return ""
