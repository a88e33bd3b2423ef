"""Who may not screen whom. Read where rows are fetched: a tied member neither scores nor reads an application."""

from collections.abc import Iterable

from django.db.models import Q

from musubi.fund.models import Application, CommitteeMember, Contribution, Interest
from musubi.lib.text import organisation_key
from musubi.people.models import Organisation, Representative


def tied_organisations(members: Iterable[CommitteeMember]) -> dict[int, dict[int, str]]:
    """Member id → the organisations each must not screen (id → why). Five statements for any number of members.

    Tied are: what was declared or found, by the person, in whatever term on the committee; the employer, by row,
    corporate number or name; an organisation the person acts for; and, where one of these gave to the fund, everybody
    else who gave: those who give together do not award to each other.
    """
    members = list(members)
    if not members:
        return {}
    users, funds = {member.user_id for member in members}, {member.fund_id for member in members}
    declared: dict[tuple[int, int], dict[int, str]] = {}
    for row in Interest.objects.filter(member__fund__in=funds, member__user__in=users).select_related(
        "member"
    ):
        theirs = declared.setdefault((row.member.fund_id, row.member.user_id), {})
        theirs[row.organisation_id] = f"届け出のあった関係: {row.words}"
    acts_for: dict[int, list[int]] = {}
    for user, organisation in Representative.objects.filter(user__in=users, ended_at=None).values_list(
        "user", "organisation"
    ):
        acts_for.setdefault(user, []).append(organisation)
    donors: dict[int, set[int]] = {}
    for fund, organisation in (
        Contribution.objects.filter(fund__in=funds, organisation__isnull=False)
        .exclude(state__in=["cancelled", "returned"])
        .values_list("fund", "organisation")
    ):
        donors.setdefault(fund, set()).add(organisation)
    employers = _employers(members)
    found = {}
    for member in members:
        tied = dict(declared.get((member.fund_id, member.user_id), {}))
        for organisation, why in employers[member.pk].items():
            tied.setdefault(organisation, why)
        for organisation in acts_for.get(member.user_id, ()):
            tied.setdefault(organisation, "委員が担当者を務める団体からの申請")
        gave = donors.get(member.fund_id, set())
        if not gave.isdisjoint({*employers[member.pk], *acts_for.get(member.user_id, ())}):
            for organisation in gave:
                tied.setdefault(organisation, "ともにファンドに拠出した団体からの申請")
        found[member.pk] = tied
    return found


def ties(
    members: Iterable[CommitteeMember], applications: Iterable[Application]
) -> dict[tuple[int, int], str]:
    """(member id, application id) → why they are tied, for every pair that is."""
    applications = list(applications)
    tied = tied_organisations(members) if applications else {}
    return {
        (member, application.pk): why
        for member, organisations in tied.items()
        for application in applications
        if (why := organisations.get(application.organisation_id))
    }


def is_tied(member: CommitteeMember, application: Application) -> bool:
    return (member.pk, application.pk) in ties([member], [application])


def _employers(members: list[CommitteeMember]) -> dict[int, dict[int, str]]:
    """Member id → the rows that are the member's employer: itself, one of the same number, one of the same name."""
    numbers, names = {}, {}
    known = Organisation.objects.in_bulk({member.employer_id for member in members} - {None})
    for member in members:
        employer = known.get(member.employer_id)
        numbers[member.pk] = {member.employer_number, (employer and employer.corporate_number) or ""} - {""}
        typed = organisation_key(member.employer_name) if member.employer_name.strip() else ""
        names[member.pk] = {typed, employer.name_key if employer else ""} - {""}
    alike = list(
        Organisation.objects.filter(
            Q(corporate_number__in=set().union(*numbers.values()))
            | Q(name_key__in=set().union(*names.values()))
        ).values_list("pk", "corporate_number", "name_key")
    )
    found = {}
    for member in members:
        mine = {member.employer_id: "勤務先からの申請"} if member.employer_id else {}
        for pk, number, key in alike:
            if number in numbers[member.pk]:
                mine.setdefault(pk, "勤務先と同じ法人番号の団体からの申請")
            elif key in names[member.pk]:
                mine.setdefault(pk, "勤務先と同じ名前の団体からの申請")
        found[member.pk] = mine
    return found
