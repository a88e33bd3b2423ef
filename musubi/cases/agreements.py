"""What happens to an agreement: drafted, checked, signed, in force, ended."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from musubi.cases.models import Agreement, Case
from musubi.cases.states import AGREEMENT, CONCLUDED, AgreementKind
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import move, update
from musubi.people.models import Department, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require


@transaction.atomic
def draft_agreement(
    department: Department,
    organisations: Iterable[Organisation],
    *,
    by: User,
    kind: str,
    title: str,
    items: str = "",
    cases: Iterable[Case] = (),
) -> Agreement:
    """Enter an agreement that is being worked out, with the cases it rests on.

    Raises Missing without a title or a party, Refused for a case of another municipality.
    """
    require(by, Can.MANAGE_AGREEMENT, department)
    organisations, cases = list(organisations), list(cases)
    if kind not in AgreementKind.values:
        raise Missing("協定の種類を選んでください。", field="kind")
    if not title.strip():
        raise Missing("協定の名称を入力してください。", field="title")
    if not organisations:
        raise Missing("相手の団体を一つ以上選んでください。", field="organisations")
    if any(case.municipality_id != department.municipality_id for case in cases):
        raise Refused("ほかの自治体の案件は結び付けられません。", field="cases")
    agreement = Agreement.objects.create(
        municipality_id=department.municipality_id,
        department=department,
        ref=next_ref(department.municipality_id, "agreement"),
        kind=kind,
        title=title,
        items=items,
    )
    agreement.organisations.set(organisations)
    agreement.cases.set(cases)
    journal.write("agreement.drafted", agreement, by=by, organisations=[o.name for o in organisations])
    return agreement


@transaction.atomic
def sign_agreement(
    agreement: Agreement, *, by: User, signed_on: date, expires_on: date | None = None
) -> None:
    """Record the signing; the agreement is in force from the day it was signed on.

    Raises Refused for a day to come, or an expiry before the signing.
    """
    require(by, Can.MANAGE_AGREEMENT, agreement)
    if signed_on > clock.today():
        raise Refused("締結日には、今日までの日付を入れてください。", field="signed_on")
    if expires_on and expires_on <= signed_on:
        raise Refused("満了日は締結日より後にしてください。", field="expires_on")
    move(agreement, AGREEMENT, "signed", signed_on=signed_on, expires_on=expires_on)
    move(agreement, AGREEMENT, "active")
    journal.write(
        "agreement.signed", agreement, by=by, signed_on=str(signed_on), expires_on=str(expires_on or "")
    )


@transaction.atomic
def end_agreement(agreement: Agreement, *, by: User, as_state: str) -> None:
    """End an agreement in force: renewed, expired or terminated."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    move(agreement, AGREEMENT, as_state)
    journal.write(f"agreement.{as_state}", agreement, by=by)


@transaction.atomic
def link_case(agreement: Agreement, case: Case, *, by: User) -> None:
    """Say that a case lives under the agreement."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    if case.municipality_id != agreement.municipality_id:
        raise Refused("ほかの自治体の案件は結び付けられません。", field="cases")
    if agreement.state not in (*CONCLUDED, "drafting", "review"):
        raise Refused("終了した協定には案件を結び付けられません。")
    update(agreement, "協定", guard={"state": agreement.state}, state=agreement.state)
    agreement.cases.add(case)
    journal.write("agreement.case_linked", agreement, by=by, case=case.ref)
