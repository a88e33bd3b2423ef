"""What happens to a proposal, from the draft to the day a case opens or the answer is no."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.ball.actions import drop, hand_to, workday_on_or_after
from musubi.ball.rules import due
from musubi.challenges import queries as challenges
from musubi.challenges.rules import takes_proposals
from musubi.challenges.states import Channel
from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.queries import desk_of
from musubi.proposals.models import Attachment, Proposal, Routing
from musubi.proposals.rules import MOST_FILES, gaps, is_editable, is_own, is_readable_by_staff
from musubi.proposals.states import PROPOSAL, Answer, DeclineReason, Track
from musubi.services.virus_scan import Verdict

WORDS = ["challenge", "solution", "title", "content", "effect", "request", "schedule", "cost", "field_wanted"]


def require_impartial(by: User | None, proposal: Proposal) -> None:
    """Raise NotAllowed where `by` acts for the very organisation that proposes."""
    if is_own(by, proposal):
        raise NotAllowed("あなたが担当者を務める団体の提案です。庁内での検討と決定は、ほかの職員が行います。")


@transaction.atomic
def draft_proposal(
    organisation: Organisation,
    municipality: Municipality,
    *,
    by: User,
    track: str,
    goals=(),
    fields=(),
    key: UUID | None = None,
    **words,
) -> Proposal:
    """A representative starts a proposal. Anything may still be missing; only the organisation can read it.

    A form sent twice (a double click, an autosave under way) carries the same `key` and makes one draft: the
    second time its words are kept in the draft that the first made.
    Raises NotAllowed unless `by` writes for the organisation, Refused where the challenge is another
    municipality's.
    """
    require(by, Can.WRITE_PROPOSAL, organisation)
    if key and (made := Proposal.objects.filter(key=key).first()):
        save_proposal(made, by=by, goals=goals, fields=fields, **words)
        return made
    proposal = Proposal(
        organisation=organisation,
        municipality=municipality,
        key=key,
        track=track,
        author=by,
        created_at=clock.now(),
        saved_at=clock.now(),
        **_known(words),
    )
    _check_challenge(proposal, by=by)
    try:
        with transaction.atomic():
            proposal.save()
    except IntegrityError:
        if key is None:
            raise
        made = Proposal.objects.get(key=key)
        save_proposal(made, by=by, goals=goals, fields=fields, **words)
        return made
    _classify(proposal, goals, fields)
    journal.write("proposal.drafted", proposal, by=by, track=track)
    return proposal


@transaction.atomic
def save_proposal(
    proposal: Proposal,
    *,
    by: User,
    goals=None,
    fields=None,
    track: str = "",
    seen: datetime | None = None,
    **words,
) -> None:
    """Keep what was typed so far. Raises Refused once it was submitted: a later change is a message in its case.

    With `seen`, the `saved_at` the writer started from, raises Conflict where another window or a colleague has
    saved since.
    """
    require(by, Can.WRITE_PROPOSAL, proposal)
    if not is_editable(proposal):
        raise Refused(
            "提出した提案は書き直せません。補足したいことは、案件のやり取りで担当課に伝えてください。"
        )
    changes = {**_known(words), "saved_at": clock.now()}
    if track:
        changes["track"] = track
    for name, value in changes.items():
        setattr(proposal, name, value)
    _check_challenge(proposal, by=by)
    guard = {"state": "draft"} | ({"saved_at": seen} if seen else {})
    update(proposal, "提案", guard=guard, **{**changes, "challenge": proposal.challenge})
    _classify(proposal, goals, fields)


@transaction.atomic
def discard(proposal: Proposal, *, by: User) -> None:
    """Throw a draft away. What was submitted can only be withdrawn."""
    require(by, Can.WRITE_PROPOSAL, proposal)
    # Deleting takes several statements; one submitted between them would vanish with its number.
    hold(proposal, "提案")
    if not is_editable(proposal):
        raise Conflict("この提案はもう下書きではありません。提出済みの提案は「取下げ」をしてください。")
    journal.write("proposal.discarded", proposal, by=by)
    for attachment in proposal.attachments.all():
        _forget_bytes(attachment)
    Proposal.objects.filter(pk=proposal.pk).delete()


@transaction.atomic
def attach(
    proposal: Proposal,
    *,
    by: User,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    scanned: str = Verdict.NOT_SCANNED,
) -> Attachment:
    """Put an already accepted and stored file (see `services.storage`) with a draft.

    The bytes are stored before the row, since a row without its file would be worse than a file without a row:
    where this transaction is rolled back, a file under a random name that nobody can reach stays on the disk.
    Raises Refused once it was submitted, and where it has as many files as it may.
    """
    require(by, Can.WRITE_PROPOSAL, proposal)
    # Two files sent at once must not both be the tenth.
    hold(proposal, "提案")
    if not is_editable(proposal):
        raise Refused("提出した提案にはファイルを足せません。案件のやり取りで担当課に送ってください。")
    if proposal.attachments.count() >= MOST_FILES:
        raise Refused(
            f"添付できるファイルは{MOST_FILES}個までです。不要なものを外すか、一つにまとめてください。",
            field="files",
        )
    attachment = Attachment.objects.create(
        proposal=proposal,
        file=stored,
        name=name,
        size=size,
        media_type=media_type,
        scanned=scanned,
        added_at=clock.now(),
        added_by=by,
    )
    journal.write("proposal.attached", proposal, by=by, file=attachment.pk, name=name)
    return attachment


@transaction.atomic
def detach(attachment: Attachment, *, by: User) -> None:
    """Take a file off a draft, and off the disk. Raises Refused once the proposal was submitted."""
    proposal = attachment.proposal
    require(by, Can.WRITE_PROPOSAL, proposal)
    hold(proposal, "提案")
    if not is_editable(proposal):
        raise Refused("提出した提案のファイルは外せません。差し替えたいときは、担当課に伝えてください。")
    _forget_bytes(attachment)
    journal.write("proposal.detached", proposal, by=by, file=attachment.pk, name=attachment.name)
    attachment.delete()


@transaction.atomic
def submit(proposal: Proposal, *, by: User) -> None:
    """The organisation submits its proposal to the municipality.

    Raises Missing (with the field) for each gap, Refused where the challenge takes no proposals any more.
    Follows: the number is given, the desk has the ball, a receipt with number and time goes to the submitter.
    """
    require(by, Can.WRITE_PROPOSAL, proposal)
    # What is checked for gaps is what is submitted, even while another window still saves.
    hold(proposal, "提案")
    for name, sentence in gaps(proposal):
        raise Missing(sentence, field=name)
    if proposal.challenge_id and not takes_proposals(proposal.challenge):
        raise Refused(
            "この課題は提案の受付を終えています。下書きは残っています。"
            "「自由提案」に変えて提出するか、ほかの課題を選んでください。",
            field="challenge",
        )
    _submit(proposal, by=by)


@transaction.atomic
def receive_proposal(
    organisation: Organisation,
    municipality: Municipality,
    *,
    by: User,
    track: str,
    channel: str = Channel.WALK_IN,
    goals=(),
    fields=(),
    **words,
) -> Proposal:
    """The desk registers a proposal that came by another way (持ち込み, イベント, 全国プラットフォーム …).

    Raises NotAllowed unless `by` receives proposals here, Missing for each gap.
    """
    require(by, Can.RECEIVE_PROPOSAL, municipality)
    proposal = Proposal(
        organisation=organisation,
        municipality=municipality,
        track=track,
        channel=channel,
        author=by,
        created_at=clock.now(),
        saved_at=clock.now(),
        **_known(words),
    )
    _check_challenge(proposal, by=by)
    for name, sentence in gaps(proposal):
        raise Missing(sentence, field=name)
    proposal.save()
    _classify(proposal, goals, fields)
    _submit(proposal, by=by)
    return proposal


@transaction.atomic
def route(
    proposal: Proposal,
    departments: Iterable[Department],
    *,
    by: User,
    due_on: date | None = None,
    question: str = "",
) -> list[Routing]:
    """The desk asks one or several departments.

    `due_on` defaults to the municipality's limit in business days. Raises Missing without a department,
    Refused where a department is another municipality's or was asked already, and where the proposal was declined
    (it travels with its organisation's consent: `referrals.offer`), Conflict where it is no longer where the desk
    saw it.
    Follows: the departments are told; the ball lies with the one that must answer first.
    """
    require(by, Can.ROUTE_PROPOSAL, proposal)
    require_impartial(by, proposal)
    departments = list(departments)
    if not departments:
        raise Missing("照会する部署を一つ以上選んでください。", field="departments")
    # Held before anything is read: whom to ask next depends on who was asked and who has answered.
    seen = proposal.state
    hold(proposal, "提案")
    if proposal.state != seen:
        raise Conflict(
            "この提案は、別の人が先に動かしました。画面を読み込み直して、今の状態を確かめてからもう一度照会してください。"
        )
    if proposal.state == "declined":
        raise Refused(
            "見送った提案をほかの部署に渡すには、団体の同意が必要です。「ほかの部署や課題に紹介する」から団体に尋ねてください。"
        )
    return ask(proposal, departments, by=by, asked_by=by, due_on=due_on, question=question)


def ask(
    proposal: Proposal,
    departments: list[Department],
    *,
    by: User,
    asked_by: User,
    due_on: date | None = None,
    question: str = "",
) -> list[Routing]:
    """Put the question to the departments: `route` and a consented referral, which hold the proposal, call this.

    `by` brought it about, `asked_by` asks.
    """
    asked = set(proposal.routings.values_list("department_id", flat=True))
    for department in departments:
        if department.municipality_id != proposal.municipality_id:
            raise Refused("ほかの自治体の部署には照会できません。", field="departments")
        if department.pk in asked:
            raise Refused(f"{department}には照会済みです。別の部署を選んでください。", field="departments")
    due_on = due_on or due(proposal.municipality_id, "proposal", "routing")
    if due_on < clock.today():
        raise Refused("回答期限には、今日以降の日付を入れてください。", field="due_on")
    due_on = workday_on_or_after(proposal, due_on)
    routings = [
        Routing.objects.create(
            proposal=proposal,
            department=d,
            question=question,
            asked_at=clock.now(),
            asked_by=asked_by,
            due_on=due_on,
        )
        for d in departments
    ]
    ball = hand_to(departments[0], due_on=due_on, next_step="照会に回答する")
    if proposal.state == "routing":
        first = _next_question(proposal)
        ball = hand_to(first.department, due_on=first.due_on, next_step="照会に回答する")
        update(proposal, "提案", guard={"state": "routing"}, **ball)
    else:
        move(proposal, PROPOSAL, "routing", decided_at=None, decline_reason="", feedback="", **ball)
    journal.write(
        "proposal.routed",
        proposal,
        by=by,
        departments=[d.pk for d in departments],
        names=[d.name for d in departments],
        due_on=str(due_on),
        question=question,
    )
    return routings


@transaction.atomic
def answer_routing(routing: Routing, *, by: User, answer: str, comment: str) -> None:
    """A department answers the desk's question.

    Raises Missing without words, Conflict where a colleague answered first.
    Follows: the ball goes to the next department asked, or back to the desk when all have answered.
    """
    require(by, Can.ANSWER_ROUTING, routing)
    require_impartial(by, routing.proposal)
    if answer == Answer.WAITING or answer not in Answer.values:
        raise Missing("回答を選んでください。", field="answer")
    if not comment.strip():
        raise Missing(
            "回答の理由や条件を書いてください。デスクが提案者に伝えるときに使います。", field="comment"
        )
    proposal = routing.proposal
    hold(proposal, "提案")
    if proposal.state != "routing":
        raise Refused(
            "この提案は照会中ではなくなりました。画面を読み込み直して、今の状態を確かめてください。"
        )
    now = clock.now()
    update(
        routing,
        "照会",
        guard={"answer": Answer.WAITING},
        answer=answer,
        comment=comment,
        answered_at=now,
        answered_by_id=by.pk,
    )
    following = _next_question(proposal)
    if following:
        ball = hand_to(following.department, due_on=following.due_on, next_step="照会に回答する")
    else:
        ball = hand_to(
            desk_of(proposal.municipality_id),
            due_on=due(proposal.municipality_id, "proposal", "submitted"),
            next_step="回答をまとめて、対話を始めるか見送る",
        )
    update(
        proposal,
        "提案",
        guard={"state": "routing"},
        first_answered_at=proposal.first_answered_at or now,
        **ball,
    )
    journal.write(
        "proposal.answered",
        proposal,
        by=by,
        department=routing.department.name,
        department_id=routing.department_id,
        answer=answer,
        comment=comment,
        all_answered=following is None,
    )


@transaction.atomic
def recall(proposal: Proposal, *, by: User) -> None:
    """The desk takes a routed proposal back to its own table, whatever was answered so far."""
    require(by, Can.ROUTE_PROPOSAL, proposal)
    require_impartial(by, proposal)
    if proposal.state == "declined":
        raise Refused(
            "この提案は見送られています。続けるには、団体の同意を得てほかの部署や課題に紹介してください。"
        )
    move(proposal, PROPOSAL, "submitted", **to_the_desk(proposal))
    journal.write("proposal.recalled", proposal, by=by)


def to_the_desk(proposal: Proposal) -> dict:
    """The column values that give the desk the ball, to find out whom to ask."""
    return hand_to(
        desk_of(proposal.municipality_id),
        due_on=due(proposal.municipality_id, "proposal", "submitted"),
        next_step="照会先を決める",
    )


@transaction.atomic
def enter_dialogue(proposal: Proposal, *, by: User) -> None:
    """A case opens on it: the later step calls this. From now on the case has the ball."""
    move(
        proposal, PROPOSAL, "dialogue", first_answered_at=proposal.first_answered_at or clock.now(), **drop()
    )
    journal.write("proposal.taken_up", proposal, by=by)


@transaction.atomic
def accept(proposal: Proposal, *, by: User) -> None:
    """Both sides decide to work together (連携決定): the case calls this when it leaves dialogue."""
    if proposal.state == "dialogue":
        move(proposal, PROPOSAL, "accepted", decided_at=clock.now())
        journal.write("proposal.accepted", proposal, by=by)


@transaction.atomic
def decline(proposal: Proposal, *, by: User, reason: str, feedback: str) -> None:
    """A reasoned no. Raises Missing without a reason or without feedback in words.

    Follows: the organisation is told both. The proposal keeps its number and may be offered elsewhere
    (`referrals.offer`).
    """
    require(by, Can.DECIDE_PROPOSAL, proposal)
    require_impartial(by, proposal)
    if not is_readable_by_staff(proposal):
        raise NotAllowed
    if proposal.state == "dialogue":
        raise Refused("この提案には案件が開いています。案件の画面で見送りを記録してください。")
    _decline(proposal, by=by, reason=reason, feedback=feedback)


@transaction.atomic
def decline_from_case(proposal: Proposal, *, by: User, reason: str, feedback: str) -> None:
    """Its case was closed without an outcome: the later step, which checked who may, calls this."""
    _decline(proposal, by=by, reason=reason, feedback=feedback)


def _decline(proposal: Proposal, *, by: User, reason: str, feedback: str) -> None:
    if reason not in DeclineReason.values:
        raise Missing("見送りの理由を選んでください。", field="reason")
    if not feedback.strip():
        raise Missing(
            "提案者へのフィードバックを書いてください。次の提案につながる一言が必要です。", field="feedback"
        )
    now = clock.now()
    move(
        proposal,
        PROPOSAL,
        "declined",
        decline_reason=reason,
        feedback=feedback,
        decided_at=now,
        first_answered_at=proposal.first_answered_at or now,
        **drop(),
    )
    journal.write("proposal.declined", proposal, by=by, reason=reason, feedback=feedback)


@transaction.atomic
def withdraw(proposal: Proposal, *, by: User, reason: str = "") -> None:
    """The organisation takes its proposal back (取下げ) before a case is open; later it does so in the case."""
    require(by, Can.WRITE_PROPOSAL, proposal)
    if proposal.state in ("dialogue", "accepted"):
        raise Refused("この提案には案件が開いています。案件の画面で取下げを伝えてください。")
    _withdraw(proposal, by=by, reason=reason)


@transaction.atomic
def withdraw_from_case(proposal: Proposal, *, by: User, reason: str) -> None:
    """Its organisation left the case: the later step, which checked who may, calls this."""
    _withdraw(proposal, by=by, reason=reason)


def _withdraw(proposal: Proposal, *, by: User, reason: str) -> None:
    move(proposal, PROPOSAL, "withdrawn", decided_at=clock.now(), **drop())
    journal.write("proposal.withdrawn", proposal, by=by, reason=reason)


def _submit(proposal: Proposal, *, by: User) -> None:
    now = clock.now()
    move(
        proposal,
        PROPOSAL,
        "submitted",
        ref=next_ref(proposal.municipality_id, "proposal"),
        submitted_at=now,
        saved_at=now,
        **to_the_desk(proposal),
    )
    fulltext.index(proposal, text=proposal.searchable, municipality_id=proposal.municipality_id)
    journal.write("proposal.submitted", proposal, by=by, track=proposal.track, channel=proposal.channel)


def _forget_bytes(attachment: Attachment) -> None:
    """Delete the file once the row is gone for good."""
    storage, name = attachment.file.storage, attachment.file.name
    transaction.on_commit(lambda: storage.delete(name))


def _next_question(proposal: Proposal) -> Routing | None:
    return proposal.routings.filter(answer=Answer.WAITING).order_by("due_on", "id").first()


def _known(words: dict) -> dict:
    unknown = set(words) - set(WORDS)
    if unknown:
        raise TypeError(f"not words of a proposal: {sorted(unknown)}")
    return words


def _check_challenge(proposal: Proposal, *, by: User) -> None:
    """Only a proposal of the challenge track answers one, and only one its author may read."""
    if proposal.track != Track.CHALLENGE:
        proposal.challenge = None
    elif proposal.challenge_id:
        readable = challenges.visible_to(by, proposal.municipality)
        if not readable.filter(pk=proposal.challenge_id).exists():
            raise Refused("選んだ課題が見つかりません。一覧から選び直してください。", field="challenge")


def _classify(proposal: Proposal, goals, fields) -> None:
    if goals is not None:
        proposal.goals.set(goals)
    if fields is not None:
        proposal.fields.set(fields)
