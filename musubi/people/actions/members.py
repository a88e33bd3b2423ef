"""What happens to a membership: applied for, admitted or refused, left, entered by the desk."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Refused
from musubi.lib.lifecycle import move
from musubi.people.actions.steps import insert
from musubi.people.models import (
    Member,
    Municipality,
    Organisation,
    User,
)
from musubi.people.permissions import Can, may, require
from musubi.people.states import MEMBERSHIP


@transaction.atomic
def apply_for_membership(
    organisation: Organisation, municipality: Municipality, message: str = "", *, by: User | None
) -> Member:
    """A representative asks to join a municipality's platform, for the first time or again.

    Raises Refused where the organisation has joined or asked already.
    Follows: where the municipality asks for no check, the organisation is a member at once.
    """
    require(by, Can.JOIN_MUNICIPALITY, organisation)
    member = _application(organisation, municipality, message.strip())
    journal.write("member.applied", member, by=by, message=member.message)
    if not municipality.members_need_approval:
        admit_member(member, by=None)
    return member


@transaction.atomic
def admit_member(member: Member, *, by: User | None, joined_on: date | None = None) -> None:
    """The desk takes an applicant in, as of today or an earlier day (`joined_on`, for what was agreed on paper)."""
    require(by, Can.MANAGE_MEMBERS, member)
    day = _admit(member, joined_on)
    journal.write("member.admitted", member, by=by, joined_on=day.isoformat())


@transaction.atomic
def refuse_member(member: Member, reason: str, *, by: User | None) -> None:
    """The desk declines an application, with the reason that the applicant reads. They may apply again."""
    require(by, Can.MANAGE_MEMBERS, member)
    move(member, MEMBERSHIP, "refused", reason=reason.strip())
    journal.write("member.refused", member, by=by, reason=member.reason)


@transaction.atomic
def leave(member: Member, *, by: User | None, reason: str) -> None:
    """An organisation leaves, or takes its application back; the desk may end a membership too. With a reason."""
    if not may(by, Can.JOIN_MUNICIPALITY, member):
        require(by, Can.MANAGE_MEMBERS, member)
    was = member.state
    # An application taken back was never a membership: the dates of an earlier one stay.
    days = {"left_on": max(clock.today(), member.joined_on)} if was == "active" else {}
    move(member, MEMBERSHIP, "left", reason=reason.strip(), **days)
    journal.write("member.left", member, by=by, reason=member.reason, was=was)


@transaction.atomic
def enrol_member(
    organisation: Organisation,
    municipality: Municipality,
    *,
    by: User | None,
    joined_on: date | None = None,
    message: str = "",
) -> Member:
    """The desk enters a member that applied on paper: application and admission in one step.

    Raises Refused where the organisation is a member already. An application that waits is admitted.
    """
    member = Member.objects.filter(organisation=organisation, municipality=municipality).first()
    require(by, Can.MANAGE_MEMBERS, municipality)
    if member is None or member.state != "applied":
        member = _application(organisation, municipality, message.strip())
    day = _admit(member, joined_on)
    journal.write("member.enrolled", member, by=by, joined_on=day.isoformat(), message=member.message)
    return member


def _application(organisation: Organisation, municipality: Municipality, message: str) -> Member:
    """The row of an application: a new one, or the former one moved back to `applied`."""
    now = clock.now()
    member = Member.objects.filter(organisation=organisation, municipality=municipality).first()
    if member is None:
        member = Member(
            organisation=organisation,
            municipality=municipality,
            message=message,
            state="applied",
            applied_at=now,
        )
        insert(member, _("この団体は、いま申し込まれました。画面を読み込み直してください。"), error=Conflict)
        return member
    if member.state == "applied":
        raise Refused(_("この団体は、すでに申込み中です。自治体からの連絡をお待ちください。"))
    if member.state == "active":
        raise Refused(_("この団体は、すでに会員です。"))
    move(member, MEMBERSHIP, "applied", message=message, applied_at=now, reason="")
    return member


def _admit(member: Member, joined_on: date | None) -> date:
    day = joined_on or clock.today()
    if day > clock.today():
        raise Refused(_("入会日には、今日までの日を入力してください。"), field="joined_on")
    if member.left_on and day < member.left_on:
        raise Refused(
            _("前回の退会日(%(day)s)より後の日を入会日にしてください。") % {"day": member.left_on},
            field="joined_on",
        )
    move(member, MEMBERSHIP, "active", joined_on=day, left_on=None)
    return day
