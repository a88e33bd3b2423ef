"""The times offered for a talk: whose turn it is to say when they can come, and which time suits most."""

from dataclasses import dataclass

from musubi.cases.models import Case, Meeting, MeetingSlot, SlotAnswer
from musubi.cases.states import SlotAnswerKind
from musubi.lib import clock
from musubi.people.models import Department, Organisation, Representative, User
from musubi.people.permissions import Can, may
from musubi.people.queries import answering_for, representatives_of


def offerer(meeting: Meeting) -> Department | Organisation:
    """The party that offered the times: an organisation, else its department here (the desk's offers: the lead)."""
    case, line = meeting.case, meeting.posts.order_by("pk").first()
    if line and line.organisation_id:
        return line.organisation
    if line and line.department_id in case.department_ids:
        return line.department
    return case.lead


def asked(case: Case, offered_by: Department | Organisation) -> list[Department | Organisation]:
    """The other side: every organisation for a department's offer; the lead and the others for an organisation's.

    Departments that also take part may answer, but a talk does not wait for them.
    """
    organisations = [o for o in case.organisations.all() if o != offered_by]
    return organisations if isinstance(offered_by, Department) else [case.lead, *organisations]


def awaited(meeting: Meeting) -> list[Department | Organisation]:
    """Those of the other side none of whose people has answered yet."""
    case = meeting.case
    people = set(SlotAnswer.objects.filter(slot__meeting=meeting).values_list("user", flat=True))
    seats = list(
        Representative.objects.filter(
            user__in=people, organisation__in=case.organisation_ids, ended_at=None
        ).values_list("user", "organisation")
    )
    heard = {organisation for _user, organisation in seats}
    staff_spoke = bool(people - {user for user, _organisation in seats})
    return [
        party
        for party in asked(case, offerer(meeting))
        if not (staff_spoke if isinstance(party, Department) else party.pk in heard)
    ]


def participants(meeting: Meeting) -> tuple[list[User], list[User]]:
    """(the municipality's people, the organisations' people): who is invited.

    Here: whoever answers for the case, and whoever offered a time or answered. There: all who act for a party.
    """
    case = meeting.case
    there = list(representatives_of(case.organisation_ids).order_by("pk"))
    spoke = User.objects.filter(
        pk__in=[
            meeting.recorded_by_id,
            *SlotAnswer.objects.filter(slot__meeting=meeting).values_list("user", flat=True),
        ],
        is_active=True,
        # Whoever has moved on since is not asked to come, nor (below) whoever reads the case no more.
        staff__municipality=case.municipality_id,
        staff__ended_at=None,
    ).distinct()
    here = {
        user.pk: user
        for user in answering_for(case, owner=case.owner, department=case.lead, can=Can.SEE_CASE)
    }
    here |= {user.pk: user for user in spoke if may(user, Can.SEE_CASE, case)}
    outside = {user.pk for user in there}
    return [user for pk, user in here.items() if pk not in outside], there


@dataclass(frozen=True)
class Tally:
    """One offered time, with what was said of it."""

    slot: MeetingSlot
    answers: dict[int, str]
    """{user id: `SlotAnswerKind`}"""

    def count(self, kind: str) -> int:
        return sum(answer == kind for answer in self.answers.values())

    @property
    def is_over(self) -> bool:
        return self.slot.starts_at <= clock.now()


def tallies(meeting: Meeting) -> list[Tally]:
    """The offered times in order. Uses `meeting.slots` and their `answers` as they were fetched."""
    return [
        Tally(slot, {answer.user_id: answer.answer for answer in slot.answers.all()})
        for slot in meeting.slots.all()
    ]


def best(found: list[Tally]) -> Tally | None:
    """The time that suits most people: most who can, then fewest who cannot, then the earliest. None before
    anybody but the one who offered has answered, and where all times are over."""
    open_ones = [tally for tally in found if not tally.is_over]
    if not open_ones or all(len(tally.answers) < 2 for tally in open_ones):
        return None
    return min(
        open_ones,
        key=lambda tally: (
            -tally.count(SlotAnswerKind.YES),
            tally.count(SlotAnswerKind.NO),
            tally.slot.starts_at,
        ),
    )
