"""Who takes part in a case, and who answers for it; what the later step hands down."""

from datetime import date

from django.db import transaction

from musubi.cases.actions.steps import hold_open
from musubi.cases.models import Case
from musubi.cases.states import PostKind
from musubi.cases.thread import post
from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Refused
from musubi.lib.lifecycle import update
from musubi.matching import actions as matching
from musubi.people.leaving import hold_person
from musubi.people.models import Department, Organisation, User
from musubi.people.permissions import Can, authority, require
from musubi.people.queries import people_of


@transaction.atomic
def change_owner(case: Case, owner: User, *, by: User, reason: str = "") -> None:
    """Give the case to another person of a department that takes part; both names stay on the record."""
    require(by, Can.MANAGE_CASE, case)
    # Whoever ends the new owner's role waits, or has done it and is seen.
    hold_person(owner)
    if not any(people_of(d).filter(pk=owner.pk).exists() for d in case.departments.all()):
        raise Refused("担当者は、この案件に関係する部署の職員から選んでください。", field="owner")
    if not authority(owner).organisation_ids.isdisjoint(case.organisation_ids):
        raise Refused(
            f"{owner}さんは、相手の団体の担当者です。担当者には、ほかの職員を選んでください。", field="owner"
        )
    before = case.owner
    update(case, "案件", guard={"owner_id": before.pk}, owner=owner)
    post(
        case, PostKind.NOTE, by=by, internal=True, body=f"担当者を{before}から{owner}に変更しました。{reason}"
    )
    journal.write("case.reassigned", case, by=by, before=str(before), owner=str(owner), reason=reason)


@transaction.atomic
def add_department(case: Case, department: Department, *, by: User) -> None:
    """Let another department of the municipality take part."""
    require(by, Can.MANAGE_CASE, case)
    hold_open(case)
    if department.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体の部署は加えられません。", field="department")
    case.departments.add(department)
    post(case, PostKind.NOTE, by=by, internal=True, body=f"{department}が加わりました。")
    journal.write("case.department_added", case, by=by, department=department.name)


@transaction.atomic
def add_organisation(case: Case, organisation: Organisation, *, by: User) -> None:
    """Let another organisation take part. It reads the whole shared thread from then on."""
    require(by, Can.MANAGE_CASE, case)
    hold_open(case)
    case.organisations.add(organisation)
    fulltext.index(case, text=case.searchable, municipality_id=case.municipality_id)
    matching.note_case(
        case.municipality,
        [organisation.pk],
        case_id=case.pk,
        title=case.title,
        text=case.summary,
        at=clock.now(),
        challenge=case.challenge,
    )
    post(case, PostKind.DECISION, by=by, body=f"{organisation}が加わりました。")
    journal.write("case.organisation_added", case, by=by, organisation=organisation.name)


@transaction.atomic
def note_outcome(case: Case, *, by: User, title: str, started_on: date) -> None:
    """An outcome was recorded: the later step, which holds the case, calls this."""
    update(
        case,
        "案件",
        guard={"outcome_count": case.outcome_count},
        outcome_count=case.outcome_count + 1,
        started_on=case.started_on or started_on,
    )
    post(case, PostKind.DECISION, by=by, body=title, data={"decision": "outcome"})
