"""Second match: a declined proposal is offered elsewhere, and travels only if its organisation consents."""

from datetime import timedelta

from django.db import IntegrityError, transaction

from musubi.challenges.models import Challenge
from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Department, User
from musubi.proposals.actions import WORDS, ask, draft_proposal, require_impartial, to_the_desk
from musubi.proposals.models import Proposal, Referral
from musubi.proposals.rules import (
    can_answer_challenge,
    has_representatives,
    is_readable_by_staff,
    may_answer_referral,
    may_refer,
)
from musubi.proposals.states import PROPOSAL, REFERRAL, REFERRAL_DAYS, Track


@transaction.atomic
def offer(proposal: Proposal, target: Department | Challenge, *, by: User, reason: str) -> Referral:
    """The desk, or whoever may decline it, asks the organisation whether its declined proposal may go to `target`.

    `target` is a department here, or a challenge here or in another municipality. Raises NotAllowed, Missing without
    a reason in words, Refused unless the proposal is declined; where the department was asked already, or the
    organisation could not answer the challenge; where it was offered there before and waits or was refused.
    Follows: the representatives are told. Nothing of the proposal is shown to the target.
    """
    if not is_readable_by_staff(proposal) or not may_refer(by, proposal):
        raise NotAllowed
    require_impartial(by, proposal)
    hold(proposal, "提案")
    if proposal.state != "declined":
        raise Refused(
            "紹介できるのは、見送った提案だけです。画面を読み込み直して、今の状態を確かめてください。"
        )
    if not reason.strip():
        raise Missing("紹介する理由を書いてください。団体が判断するときに読みます。", field="reason")
    if isinstance(target, Department):
        _check_department(proposal, target)
        where = {"department": target}
    else:
        _check_challenge(proposal, target)
        where = {"challenge": target}
    if proposal.referrals.filter(**where, state="refused").exists():
        raise Refused("団体は、ここへの紹介を前に断っています。別の紹介先を選んでください。", field="target")
    referral = Referral(
        proposal=proposal,
        reason=reason.strip(),
        offered_at=clock.now(),
        offered_by=by,
        expires_on=clock.today() + timedelta(days=REFERRAL_DAYS),
        **where,
    )
    try:
        with transaction.atomic():
            referral.save()
    except IntegrityError as error:
        raise Refused("ここへの紹介は、すでに団体の返事を待っています。", field="target") from error
    _write("offered", referral, by=by, reason=referral.reason)
    return referral


@transaction.atomic
def consent(referral: Referral, *, by: User, words: str = "") -> None:
    """The organisation lets its proposal travel.

    Raises NotAllowed unless `by` writes for the organisation (the desk may for one for which nobody signs in, and says
    in `words` how it asked), Refused once the offer has lapsed or the target takes nothing any more, Conflict where it
    was answered meanwhile.
    Follows: a department is asked about the proposal (照会中), which keeps its number and history; with a challenge here
    the proposal answers that challenge and is received anew; for a challenge elsewhere a draft is made there, which
    the organisation may change and submits itself. The desk and whoever offered it are told.
    """
    _require_answerer(referral, by, words)
    proposal = referral.proposal
    hold(proposal, "提案")
    if referral.expires_on < clock.today():
        raise Refused(
            "お返事の期限が過ぎています。続けたいときは、自治体の公民連携デスクにお知らせください。"
        )
    _answer(referral, "consented", by=by, words=words)
    if referral.department_id:
        _to_department(referral, by=by)
    elif referral.leads_elsewhere:
        _to_another_municipality(referral, by=by)
    else:
        _to_challenge(referral, by=by)
    if not referral.leads_elsewhere:
        _end_others(referral)
    _write("consented", referral, by=by, words=referral.words, draft=referral.draft_id, state=proposal.state)


@transaction.atomic
def refuse(referral: Referral, *, by: User, words: str = "") -> None:
    """The organisation does not want its proposal to travel there; `words` are its own, if it likes.

    Raises NotAllowed as `consent` does, Conflict where it was answered meanwhile. Follows: the desk is told.
    """
    _require_answerer(referral, by, words)
    hold(referral.proposal, "提案")
    _answer(referral, "refused", by=by, words=words)
    _write("refused", referral, by=by, words=referral.words)


@transaction.atomic
def withdraw_offer(referral: Referral, *, by: User, reason: str) -> None:
    """The municipality takes an offer back before it was answered. Raises NotAllowed, Missing without a reason."""
    if not may_refer(by, referral.proposal):
        raise NotAllowed
    if not reason.strip():
        raise Missing("取りやめる理由を書いてください。団体に伝わります。", field="reason")
    hold(referral.proposal, "提案")
    _answer(referral, "withdrawn", by=by, words=reason)
    _write("withdrawn", referral, by=by, reason=reason.strip())


def lapse_due() -> int:
    """Offers nobody answered in time lapse. Each in a transaction of its own; returns how many. Twice does no harm."""
    due = Referral.objects.filter(state="offered", expires_on__lt=clock.today()).order_by("pk")
    return sum(_lapse(referral) for referral in due.select_related("proposal"))


@transaction.atomic
def _lapse(referral: Referral) -> bool:
    try:
        hold(referral.proposal, "提案")
        _answer(referral, "lapsed", by=None, words="")
    except Conflict:
        return False
    _write("lapsed", referral, by=None)
    return True


# --- where it travels --------------------------------------------------------------------------------------------


def _to_department(referral: Referral, *, by: User) -> None:
    proposal, department = referral.proposal, referral.department
    if proposal.state not in ("declined", "submitted", "routing"):
        raise Refused("この提案は、すでに別のところで話が進んでいます。画面を読み込み直してください。")
    if not department.is_active:
        raise Refused(f"{department}は、組織の見直しでなくなりました。公民連携デスクにお問い合わせください。")
    if not proposal.routings.filter(department=department).exists():
        ask(proposal, [department], by=by, asked_by=referral.offered_by, question=referral.reason)


def _to_challenge(referral: Referral, *, by: User) -> None:
    proposal, challenge = referral.proposal, referral.challenge
    if proposal.state != "declined":
        raise Refused("この提案は、すでに別のところで話が進んでいます。画面を読み込み直してください。")
    _check_open(proposal, challenge)
    move(
        proposal,
        PROPOSAL,
        "submitted",
        challenge=challenge,
        track=Track.CHALLENGE,
        decided_at=None,
        decline_reason="",
        feedback="",
        **to_the_desk(proposal),
    )
    fulltext.index(proposal, text=proposal.searchable, municipality_id=proposal.municipality_id)


def _to_another_municipality(referral: Referral, *, by: User) -> None:
    proposal, challenge = referral.proposal, referral.challenge
    _check_open(proposal, challenge)
    words = {name: getattr(proposal, name) for name in WORDS if name not in ("challenge", "solution")}
    draft = draft_proposal(
        proposal.organisation,
        challenge.municipality,
        by=by,
        track=Track.CHALLENGE,
        challenge=challenge,
        solution=proposal.solution,
        goals=list(proposal.goals.all()),
        fields=list(proposal.fields.all()),
        **words,
    )
    update(referral, "紹介", guard={"draft": None}, draft=draft)


def _end_others(referral: Referral) -> None:
    """The proposal is at work here again: to other challenges here it cannot go any more."""
    others = referral.proposal.referrals.filter(
        state="offered", challenge__municipality=referral.proposal.municipality_id
    )
    for other in others:
        _answer(other, "withdrawn", by=None, words="提案がほかの部署や課題で検討されることになったため")
        _write("withdrawn", other, by=None, reason=other.words)


# --- steps -------------------------------------------------------------------------------------------------------


def _check_department(proposal: Proposal, department: Department) -> None:
    if department.municipality_id != proposal.municipality_id:
        raise Refused("ほかの自治体の部署には紹介できません。", field="target")
    if not department.is_active or department.is_desk:
        raise Refused("紹介先には、今ある担当課を選んでください。", field="target")
    if proposal.routings.filter(department=department).exists():
        raise Refused(f"{department}には照会済みです。別の部署を選んでください。", field="target")


def _check_challenge(proposal: Proposal, challenge: Challenge) -> None:
    if challenge.pk == proposal.challenge_id:
        raise Refused("この提案は、もともとこの課題への提案です。別の課題を選んでください。", field="target")
    _check_open(proposal, challenge)


def _check_open(proposal: Proposal, challenge: Challenge) -> None:
    if not can_answer_challenge(proposal, challenge):
        raise Refused(
            "この課題は、いまこの団体からの提案を受け付けていません。別の課題を選んでください。",
            field="target",
        )


def _require_answerer(referral: Referral, by: User | None, words: str) -> None:
    proposal = referral.proposal
    if not may_answer_referral(by, proposal):
        raise NotAllowed
    if not has_representatives(proposal) and not words.strip():
        raise Missing(
            "団体にいつ、どのように確かめたかを書いてください。例: 11月4日に電話で代表の方から同意を得ました。",
            field="words",
        )


def _answer(referral: Referral, state: str, *, by: User | None, words: str) -> None:
    move(referral, REFERRAL, state, answered_at=clock.now(), answered_by=by, words=words.strip())


def _write(what: str, referral: Referral, *, by: User | None, **data) -> None:
    """Into the proposal's own history, so that it is told in one place."""
    target = referral.target
    challenge = referral.challenge if referral.challenge_id else None
    journal.write(
        f"proposal.referral_{what}",
        referral.proposal,
        by=by,
        referral=referral.pk,
        to=f"{challenge.municipality} {challenge.title}" if referral.leads_elsewhere else str(target),
        department=referral.department_id,
        challenge=referral.challenge_id,
        elsewhere=referral.leads_elsewhere,
        **data,
    )
