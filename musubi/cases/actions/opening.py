"""A case opens: on a proposal that is taken up, or on a contact that came another way."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from musubi.ball.actions import hand_to
from musubi.ball.rules import due
from musubi.cases import stays
from musubi.cases.actions.steps import ball_for
from musubi.cases.models import Case
from musubi.cases.states import CASE, PostKind
from musubi.cases.thread import post
from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.lib.lifecycle import move
from musubi.matching import actions as matching
from musubi.people.leaving import hold_person, works_here
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.queries import people_of
from musubi.proposals import actions as proposals
from musubi.proposals.models import Proposal
from musubi.proposals.rules import is_readable_by_staff


@transaction.atomic
def open_case(
    proposal: Proposal,
    *,
    by: User,
    lead: Department | None = None,
    owner: User | None = None,
    title: str = "",
) -> Case:
    """A proposal is taken up: the one shared record opens, at 対話, with the departments that want to talk.

    `lead` defaults to the first department that answered with interest, else to the challenge's; `owner` to
    `by` where they belong to the lead, else to its manager or first officer.
    A proposal that was declined in its case, and is wanted by another department after all, goes on in the same
    case: there is one record of a proposal.
    Raises NotAllowed unless `by` opens cases for the lead, Conflict where somebody opened one first.
    Follows: the challenge becomes 連携中, what was suggested of the organisation for it 案件になった, the lead has the
    ball, the organisation is told.
    """
    lead = lead or _interested(proposal) or (proposal.challenge.department if proposal.challenge_id else None)
    if lead is None:
        raise Missing("主担当課を選んでください。", field="lead")
    require(by, Can.OPEN_CASE, lead)
    require(by, Can.SEE_PROPOSAL, proposal)
    proposals.require_impartial(by, proposal)
    if lead.municipality_id != proposal.municipality_id:
        raise Refused("ほかの自治体の部署は主担当課にできません。", field="lead")
    if not is_readable_by_staff(proposal):
        raise NotAllowed
    proposals.enter_dialogue(proposal, by=by)
    if proposal.challenge_id:
        challenges.match(proposal.challenge, by=by)
    departments = {
        lead.pk,
        *proposal.routings.filter(answer__in=["interested", "conditional"]).values_list(
            "department_id", flat=True
        ),
    }
    former = Case.objects.filter(proposal=proposal).first()
    if former:
        _reopen(former, by=by, lead=lead, owner=owner, departments=departments)
        return former
    return _open(
        proposal.municipality,
        by=by,
        title=title or proposal.title,
        lead=lead,
        owner=owner,
        departments=departments,
        organisations=[proposal.organisation_id],
        channel=proposal.channel,
        stage="dialogue",
        challenge=proposal.challenge,
        proposal=proposal,
        summary=proposal.content,
    )


@transaction.atomic
def open_contact(
    municipality: Municipality,
    organisations: Iterable[Organisation],
    *,
    by: User,
    title: str,
    lead: Department,
    channel: str,
    owner: User | None = None,
    summary: str = "",
    challenge: Challenge | None = None,
    key: UUID | None = None,
) -> Case:
    """Open a case without a proposal: a company walked in, was referred, or was met at an event.

    Raises NotAllowed unless `by` opens cases for the lead, Missing without a title or an organisation.
    """
    require(by, Can.OPEN_CASE, lead)
    organisations = list(organisations)
    if key and (case := Case.objects.filter(key=key, municipality=municipality).first()):
        return case
    if not title.strip():
        raise Missing("件名を入力してください。", field="title")
    if not organisations:
        raise Missing("相手の団体を一つ以上選んでください。", field="organisations")
    if lead.municipality_id != municipality.pk:
        raise Refused("ほかの自治体の部署は主担当課にできません。", field="lead")
    if challenge and challenge.municipality_id != municipality.pk:
        raise Refused("ほかの自治体の課題は選べません。", field="challenge")
    if challenge:
        challenges.match(challenge, by=by)
    return _open(
        municipality,
        by=by,
        title=title,
        lead=lead,
        owner=owner,
        departments=[lead.pk],
        organisations=[o.pk for o in organisations],
        channel=channel,
        stage="intake",
        challenge=challenge,
        proposal=None,
        key=key,
        summary=summary,
    )


def _open(
    municipality: Municipality,
    *,
    by: User,
    lead: Department,
    owner: User | None,
    departments,
    organisations,
    stage: str,
    title: str,
    **facts,
) -> Case:
    now = clock.now()
    case = Case.objects.create(
        municipality=municipality,
        ref=next_ref(municipality.pk, "case"),
        title=title,
        lead=lead,
        owner=_at_work(owner or _owner_in(lead, by), lead),
        stage=stage,
        stage_since=now,
        opened_at=now,
        **facts,
        **hand_to(lead, due_on=due(municipality.pk, "case", stage), next_step="団体に連絡して対話を始める"),
    )
    case.departments.set(departments)
    case.organisations.set(organisations)
    fulltext.index(case, text=case.searchable, municipality_id=municipality.pk)
    stays.begin(case)
    matching.note_case(
        municipality,
        organisations,
        case_id=case.pk,
        title=case.title,
        text=case.summary,
        at=now,
        challenge=case.challenge,
        solution=case.proposal.solution if case.proposal else None,
    )
    post(case, PostKind.STAGE, by=by, data={"from": "", "to": stage})
    journal.write(
        "case.opened", case, by=by, stage=stage, proposal=case.proposal_id, challenge=case.challenge_id
    )
    return case


def _reopen(case: Case, *, by: User, lead: Department, owner: User | None, departments) -> None:
    move(
        case,
        CASE,
        "dialogue",
        field="stage",
        stage_since=clock.now(),
        lead=lead,
        owner=_at_work(owner or _owner_in(lead, by), lead),
        closed_at=None,
        close_reason="",
        feedback="",
        **ball_for(case, lead, "団体に連絡して対話を始める", stage="dialogue"),
    )
    case.departments.add(*departments)
    stays.begin(case)
    post(case, PostKind.STAGE, by=by, data={"from": "closed", "to": "dialogue"})
    journal.write("case.reopened", case, by=by, to="dialogue", lead=lead.name)


def _owner_in(lead: Department, by: User) -> User:
    people = people_of(lead)
    if people.filter(pk=by.pk).exists():
        return by
    return lead.manager or people.order_by("pk").first() or by


def _at_work(owner: User, lead: Department) -> User:
    """`owner`, whose role nobody ends until the case is written. Raises Refused where it has ended."""
    hold_person(owner)
    if not works_here(owner, lead.municipality_id):
        raise Refused(
            f"{owner}さんは、いまこの自治体の案件を担当できる役割に就いていません。別の人を選んでください。",
            field="owner",
        )
    return owner


def _interested(proposal: Proposal) -> Department | None:
    routing = (
        proposal.routings.filter(answer__in=["interested", "conditional"]).order_by("answered_at").first()
    )
    return routing.department if routing else None
