"""What happens in a case. The desk, the departments and the organisation all act here, on one record.

Trials and agreements have files of their own: `trials.py`, `agreements.py`.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from musubi.ball.actions import drop, hand_to, workday_on_or_after
from musubi.ball.rules import due
from musubi.cases import rules
from musubi.cases.models import Case, CaseFile, Meeting, Post
from musubi.cases.states import CASE, OPEN, PATH, PostKind, Side
from musubi.cases.thread import post, side_of
from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.gatherings.models import Gathering
from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.queries import people_of
from musubi.proposals import actions as proposals
from musubi.proposals.models import Proposal
from musubi.proposals.rules import is_readable_by_staff
from musubi.proposals.states import DeclineReason

# Opening


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
    Follows: the challenge becomes 連携中, the lead has the ball, the organisation is told.
    """
    lead = lead or _interested(proposal) or (proposal.challenge.department if proposal.challenge_id else None)
    if lead is None:
        raise Missing("主担当課を選んでください。", field="lead")
    require(by, Can.OPEN_CASE, lead)
    require(by, Can.SEE_PROPOSAL, proposal)
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
) -> Case:
    """Open a case without a proposal: a company walked in, was referred, or was met at an event.

    Raises NotAllowed unless `by` opens cases for the lead, Missing without a title or an organisation.
    """
    require(by, Can.OPEN_CASE, lead)
    organisations = list(organisations)
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
        summary=summary,
    )


# Talking


@transaction.atomic
def say(case: Case, *, by: User, body: str, next_step: str = "", asks: bool = True) -> Post:
    """A message that everyone in the case reads.

    The organisation's message passes the ball to the lead department. A message of the desk or a department
    that `asks` something passes it to the organisation; one that only informs leaves it where it is.
    Raises Missing without words, Refused in a closed case.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    if not body.strip():
        raise Missing("メッセージを入力してください。", field="body")
    # Whoever wrote or handed the ball on just before: the message is kept, and moves the ball from where it is.
    _hold_open(case)
    line = post(case, PostKind.MESSAGE, by=by, body=body)
    changes = {"last_spoken_at": line.at}
    if line.side == Side.ORGANISATION:
        if case.ball_organisation_id:
            changes |= _ball(case, case.lead, next_step or "返事をする")
    elif asks:
        changes |= _ball(case, _first_organisation(case), next_step or "返事をする")
    update(case, "案件", guard={"stage": case.stage}, **changes)
    journal.write("case.spoken", case, by=by, side=line.side, post=line.pk, asks=asks)
    return line


@transaction.atomic
def note(case: Case, *, by: User, body: str) -> Post:
    """An internal note. The organisation never sees it, nor that it exists."""
    require(by, Can.NOTE_IN_CASE, case)
    if side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed
    if not body.strip():
        raise Missing("内部メモを入力してください。", field="body")
    line = post(case, PostKind.NOTE, by=by, body=body, internal=True)
    journal.write("case.noted", case, by=by, post=line.pk)
    return line


@transaction.atomic
def record_meeting(
    case: Case,
    *,
    by: User,
    held_at: datetime,
    place: str = "",
    attendees: str = "",
    minutes: str = "",
    decisions: str = "",
    minutes_long: int = 60,
    gathering: Gathering | None = None,
    ball_to: Department | Organisation | None = None,
    next_step: str = "",
) -> Meeting:
    """Put a talk on the record, with its minutes and what was decided; who must act next may get the ball.

    Raises Missing for a past meeting without minutes, Refused for an event of another municipality.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    _hold_open(case)
    if held_at <= clock.now() and not (minutes.strip() or decisions.strip()):
        raise Missing("済んだ打合せには、話した内容か決まったことを書いてください。", field="minutes")
    if gathering and gathering.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体のイベントは選べません。", field="gathering")
    meeting = Meeting.objects.create(
        case=case,
        held_at=held_at,
        minutes_long=minutes_long,
        place=place,
        attendees=attendees,
        minutes=minutes,
        decisions=decisions,
        gathering=gathering,
        recorded_by=by,
    )
    post(case, PostKind.MEETING, by=by, body=decisions, meeting=meeting)
    changes = {"last_spoken_at": clock.now()}
    if ball_to:
        _require_party(case, ball_to)
        changes |= _ball(case, ball_to, next_step or "打合せの宿題を進める")
    update(case, "案件", guard={"stage": case.stage}, **changes)
    journal.write("case.met", case, by=by, meeting=meeting.pk, at=held_at.isoformat())
    return meeting


@transaction.atomic
def add_file(
    case: Case,
    *,
    by: User,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    internal: bool = False,
    body: str = "",
) -> CaseFile:
    """Put an already accepted and stored file on the record (see `services.storage`).

    Raises NotAllowed where the organisation marks one internal.
    """
    require(by, Can.SPEAK_IN_CASE, case)
    _hold_open(case)
    if internal and side_of(case, by)["side"] == Side.ORGANISATION:
        raise NotAllowed
    file = CaseFile.objects.create(
        case=case,
        file=stored,
        name=name,
        size=size,
        media_type=media_type,
        internal=internal,
        added_at=clock.now(),
        added_by=by,
    )
    post(case, PostKind.FILE, by=by, body=body, internal=internal, file=file)
    journal.write("case.filed", case, by=by, file=file.pk, name=name, internal=internal)
    return file


# The ball


@transaction.atomic
def hand_ball(
    case: Case, to: Department | Organisation, *, by: User, next_step: str, due_on: date | None = None
) -> None:
    """Pass the ball by hand, with a word on what is to be done.

    Raises Missing without the word, Refused where `to` takes no part in the case or the day has passed.
    Follows: the new holder is told; both names are in the thread.
    """
    require(by, Can.MOVE_CASE, case)
    _require_open(case)
    if not next_step.strip():
        raise Missing("次にしてほしいことを一言書いてください。", field="next_step")
    _require_party(case, to)
    if due_on and due_on < clock.today():
        raise Refused("期限には、今日以降の日付を入れてください。", field="due_on")
    before = str(case.holder)
    ball = _ball(case, to, next_step, due_on=due_on)
    update(
        case,
        "案件",
        guard={
            "stage": case.stage,
            "ball_department_id": case.ball_department_id,
            "ball_organisation_id": case.ball_organisation_id,
            # Handed to the same holder again is a hand-over too.
            "ball_since": case.ball_since,
        },
        **ball,
    )
    post(
        case,
        PostKind.BALL,
        by=by,
        body=next_step,
        data={"from": before, "to": str(to), "due_on": str(ball["ball_due_on"])},
    )
    journal.write(
        "case.handed",
        case,
        by=by,
        before=before,
        to=str(to),
        next_step=next_step,
        due_on=str(ball["ball_due_on"]),
    )


# Moving along


@transaction.atomic
def advance(case: Case, to: str, *, by: User, reason: str = "") -> None:
    """Move the case to stage `to`. Leaving stages out, or going back, wants a reason.

    Raises Missing where the gate of that stage is not met (the sentence lists what is), or without a reason
    for a skip. Follows: leaving dialogue accepts the proposal; the lead department has the ball, due by the new
    stage's limit; completing drops it.
    """
    require(by, Can.MOVE_CASE, case)
    _require_open(case)
    if to not in PATH:
        raise Refused("その段階には進められません。画面を読み込み直して選び直してください。", field="to")
    here = case.paused_from if case.stage == "paused" else case.stage
    if here != to and rules.is_skip(here, to) and not reason.strip():
        raise Missing("段階を飛ばす、または戻すときは、理由を書いてください。", field="reason")
    unmet = [str(need.text) for need in rules.needs(case, to) if not need.met]
    if unmet:
        raise Missing(
            f"「{CASE[to].label}」に進むには、まだ次のことが必要です: {'、'.join(unmet)}。", field="to"
        )
    closing = to == "completed"
    ball = drop() if closing else _ball(case, case.lead, f"「{CASE[to].label}」を進める", stage=to)
    changes = {"stage_since": clock.now(), "paused_from": "", "paused_until": None, **ball}
    if closing:
        changes["closed_at"] = clock.now()
    if to == "implementation" and case.started_on is None:
        changes["started_on"] = clock.today()
    move(case, CASE, to, field="stage", **changes)
    if case.proposal_id and PATH.index(to) >= PATH.index("planning"):
        proposals.accept(case.proposal, by=by)
    post(case, PostKind.STAGE, by=by, body=reason, data={"from": here, "to": to})
    journal.write("case.advanced", case, by=by, before=here, to=to, reason=reason)


@transaction.atomic
def pause(case: Case, *, by: User, until: date, reason: str) -> None:
    """Lay the case aside until a day. The lead keeps the ball, due on that day."""
    require(by, Can.MOVE_CASE, case)
    if not reason.strip():
        raise Missing("保留の理由を書いてください。", field="reason")
    if until <= clock.today():
        raise Refused("保留の期限には、明日以降の日付を入れてください。", field="until")
    here = case.stage
    move(
        case,
        CASE,
        "paused",
        field="stage",
        paused_from=here,
        paused_until=until,
        **_ball(case, case.lead, "保留を見直す", due_on=until),
    )
    post(case, PostKind.STAGE, by=by, body=reason, data={"from": here, "to": "paused", "until": str(until)})
    journal.write("case.paused", case, by=by, until=str(until), reason=reason)


@transaction.atomic
def resume(case: Case, *, by: User) -> None:
    """Take a paused case up again at the stage it was in."""
    if case.stage != "paused":
        raise Refused("この案件は保留になっていません。画面を読み込み直して、今の状態を確かめてください。")
    require(by, Can.MOVE_CASE, case)
    back = case.paused_from
    move(
        case,
        CASE,
        back,
        field="stage",
        paused_from="",
        paused_until=None,
        stage_since=clock.now(),
        **_ball(case, case.lead, f"「{CASE[back].label}」を進める", stage=back),
    )
    post(case, PostKind.STAGE, by=by, data={"from": "paused", "to": back})
    journal.write("case.resumed", case, by=by, to=back)


@transaction.atomic
def close(case: Case, *, by: User, reason: str, feedback: str) -> None:
    """End the case without an outcome (見送り): a reason and feedback that the organisation reads.

    Raises Missing without either. Follows: its proposal is declined with the same words.
    """
    require(by, Can.MOVE_CASE, case)
    if reason not in DeclineReason.values:
        raise Missing("見送りの理由を選んでください。", field="reason")
    if not feedback.strip():
        raise Missing(
            "団体へのフィードバックを書いてください。次の提案につながる一言が必要です。", field="feedback"
        )
    here = case.stage
    move(
        case,
        CASE,
        "closed",
        field="stage",
        close_reason=reason,
        feedback=feedback,
        closed_at=clock.now(),
        paused_from="",
        paused_until=None,
        **drop(),
    )
    if case.proposal_id and case.proposal.state == "dialogue":
        proposals.decline_from_case(case.proposal, by=by, reason=reason, feedback=feedback)
    post(case, PostKind.DECISION, by=by, body=feedback, data={"from": here, "to": "closed", "reason": reason})
    journal.write("case.closed", case, by=by, reason=reason, feedback=feedback)


@transaction.atomic
def withdraw(case: Case, *, by: User, reason: str) -> None:
    """The organisation leaves (取下げ): the case ends, its proposal is withdrawn, with the reason in words.

    Raises NotAllowed unless `by` writes proposals for an organisation of the case, Missing without a reason.
    """
    require(by, Can.WRITE_PROPOSAL, case)
    if not reason.strip():
        raise Missing("取下げの理由を書いてください。担当課が次に生かします。", field="reason")
    here = case.stage
    move(
        case,
        CASE,
        "closed",
        field="stage",
        close_reason=DeclineReason.WITHDRAWN,
        feedback=reason,
        closed_at=clock.now(),
        paused_from="",
        paused_until=None,
        **drop(),
    )
    if case.proposal_id and case.proposal.state in ("dialogue", "accepted"):
        proposals.withdraw_from_case(case.proposal, by=by, reason=reason)
    post(
        case,
        PostKind.DECISION,
        by=by,
        body=reason,
        data={"from": here, "to": "closed", "reason": "withdrawn"},
    )
    journal.write("case.withdrawn", case, by=by, reason=reason)


@transaction.atomic
def set_adoption_route(case: Case, *, by: User, budget: str, department: Department, deadline: date) -> None:
    """Agree, before a trial starts, which budget, which department and which day decide on adoption."""
    require(by, Can.MOVE_CASE, case)
    _require_open(case)
    if not budget.strip():
        raise Missing("導入するときの予算(事業名や費目)を書いてください。", field="budget")
    if department.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体の部署は選べません。", field="department")
    update(
        case,
        "案件",
        guard={"stage": case.stage},
        adoption_budget=budget,
        adoption_department=department,
        adoption_deadline=deadline,
    )
    text = f"{budget} / {department} / {deadline}"
    post(case, PostKind.DECISION, by=by, body=text, internal=True, data={"decision": "adoption_route"})
    journal.write(
        "case.adoption_agreed", case, by=by, budget=budget, department=department.name, deadline=str(deadline)
    )


# Who takes part


@transaction.atomic
def change_owner(case: Case, owner: User, *, by: User, reason: str = "") -> None:
    """Give the case to another person of a department that takes part; both names stay on the record."""
    require(by, Can.MANAGE_CASE, case)
    if not any(people_of(d).filter(pk=owner.pk).exists() for d in case.departments.all()):
        raise Refused("担当者は、この案件に関係する部署の職員から選んでください。", field="owner")
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
    _hold_open(case)
    if department.municipality_id != case.municipality_id:
        raise Refused("ほかの自治体の部署は加えられません。", field="department")
    case.departments.add(department)
    post(case, PostKind.NOTE, by=by, internal=True, body=f"{department}が加わりました。")
    journal.write("case.department_added", case, by=by, department=department.name)


@transaction.atomic
def add_organisation(case: Case, organisation: Organisation, *, by: User) -> None:
    """Let another organisation take part. It reads the whole shared thread from then on."""
    require(by, Can.MANAGE_CASE, case)
    _hold_open(case)
    case.organisations.add(organisation)
    fulltext.index(case, text=case.searchable, municipality_id=case.municipality_id)
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
        owner=owner or _owner_in(lead, by),
        stage=stage,
        stage_since=now,
        opened_at=now,
        **facts,
        **hand_to(lead, due_on=due(municipality.pk, "case", stage), next_step="団体に連絡して対話を始める"),
    )
    case.departments.set(departments)
    case.organisations.set(organisations)
    fulltext.index(case, text=case.searchable, municipality_id=municipality.pk)
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
        owner=owner or _owner_in(lead, by),
        closed_at=None,
        close_reason="",
        feedback="",
        **_ball(case, lead, "団体に連絡して対話を始める", stage="dialogue"),
    )
    case.departments.add(*departments)
    post(case, PostKind.STAGE, by=by, data={"from": "closed", "to": "dialogue"})
    journal.write("case.reopened", case, by=by, to="dialogue", lead=lead.name)


def _owner_in(lead: Department, by: User) -> User:
    people = people_of(lead)
    if people.filter(pk=by.pk).exists():
        return by
    return lead.manager or people.order_by("pk").first() or by


def _interested(proposal: Proposal) -> Department | None:
    routing = (
        proposal.routings.filter(answer__in=["interested", "conditional"]).order_by("answered_at").first()
    )
    return routing.department if routing else None


def _ball(case: Case, to, next_step: str, *, due_on: date | None = None, stage: str = "") -> dict:
    day = (
        workday_on_or_after(case, due_on)
        if due_on
        else due(case.municipality_id, "case", stage or case.stage)
    )
    return hand_to(to, due_on=day, next_step=next_step)


def _first_organisation(case: Case) -> Organisation:
    organisation = (
        case.proposal.organisation if case.proposal_id else case.organisations.order_by("pk").first()
    )
    if organisation is None:
        raise Refused("この案件には団体が登録されていません。先に団体を加えてください。")
    return organisation


def _require_party(case: Case, who: Department | Organisation) -> None:
    ids = case.department_ids if isinstance(who, Department) else case.organisation_ids
    if who.pk not in ids:
        raise Refused(
            "ボールは、この案件に関係する部署か団体にだけ渡せます。先に参加者に加えてください。", field="to"
        )


def _hold_open(case: Case) -> None:
    """For what only adds to a case: nobody closes it until the line is written."""
    hold(case, "案件")
    _require_open(case)


def _require_open(case: Case) -> None:
    if case.stage not in OPEN:
        raise Refused("この案件は終了しています。続きがあるときは、新しい案件を開いてください。")
