"""Screening: the committee and its ties, who scores what, the sheets, the sittings."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count

from musubi.fund.assigning import Plan, plan
from musubi.fund.models import (
    Application,
    Assignment,
    Call,
    CommitteeMember,
    Criterion,
    Fund,
    Interest,
    PanelNote,
    Score,
    Slot,
)
from musubi.fund.states import ASSIGNMENT, Stage
from musubi.fund.ties import is_tied, ties
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Organisation, User
from musubi.people.permissions import Can, require

IN_STAGE = {Stage.FIRST: "checked", Stage.SECOND: "first_passed"}


@transaction.atomic
def appoint_member(
    fund: Fund,
    *,
    by: User | None,
    user: User,
    title: str = "",
    employer: Organisation | None = None,
    employer_name: str = "",
    employer_number: str = "",
    is_chair: bool = False,
) -> CommitteeMember:
    """A person screens this fund's applications from now on. The employer is a tie in itself.

    Raises Conflict where the person is a member already.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    try:
        with transaction.atomic():
            member = CommitteeMember.objects.create(
                fund=fund,
                user=user,
                title=title.strip(),
                employer=employer,
                employer_name=employer_name.strip() or (employer.name if employer else ""),
                employer_number=employer_number.strip()
                or (employer.corporate_number or "" if employer else ""),
                is_chair=is_chair,
                appointed_on=clock.today(),
            )
    except IntegrityError as error:
        raise Conflict("この方は、すでに委員に登録されています。") from error
    journal.write("committee.appointed", fund, by=by, member=user.name)
    return member


@transaction.atomic
def release_member(member: CommitteeMember, *, by: User | None) -> None:
    """The person leaves the committee; sheets that were not scored are taken back, scored ones count on."""
    require(by, Can.MANAGE_FUND, member.fund.municipality)
    update(member, "審査委員", guard={"ended_on": None}, ended_on=clock.today())
    member.assignments.filter(state="assigned").update(state="taken_back")
    journal.write("committee.released", member.fund, by=by, member=member.user.name)


@transaction.atomic
def declare_interest(
    member: CommitteeMember, *, by: User, organisation: Organisation, words: str
) -> Interest:
    """A tie between a member and an applicant: from now on the member neither reads nor scores what it files; sheets of
    it, scored or not, are recused.

    The member declares it, or the secretariat does. Raises Missing without saying what it is.
    """
    if by is None or by.pk != member.user_id:
        require(by, Can.MANAGE_FUND, member.fund.municipality)
    if not words.strip():
        raise Missing("どのような関係かを書いてください。", field="words")
    hold(member, "審査委員")
    interest, _new = Interest.objects.update_or_create(
        member=member,
        organisation=organisation,
        defaults={"words": words.strip()[:200], "declared_at": clock.now(), "declared_by": by or member.user},
    )
    sheets = member.assignments.filter(
        application__organisation=organisation, application__call__released_at=None
    )
    sheets.filter(state__in=["assigned", "scored"]).update(
        state="recused", why=f"届け出のあった関係: {interest.words}"[:200], scored_at=None
    )
    journal.write(
        "committee.interest_declared",
        member.fund,
        by=by,
        member=member.user.name,
        organisation=organisation.name,
    )
    return interest


@transaction.atomic
def assign(call: Call, *, by: User | None, stage: Stage, due_on: date | None = None) -> Plan:
    """Assign as many members as the programme wants to each application of a stage. What is assigned already stays;
    ties are never crossed. Where ties leave too few, the tied stand as recused, so that the total is put right.

    Returns the plan; `short` names the applications that lack members. Raises Refused without members or applications.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, "募集")
    members = list(
        CommitteeMember.objects.filter(fund=call.fund, ended_on=None).select_related("employer", "user")
    )
    applications = list(
        Application.objects.filter(call=call, state=IN_STAGE[stage]).select_related("organisation")
    )
    if not members:
        raise Refused("審査委員が登録されていません。先に委員を登録してください。")
    if not applications:
        raise Refused("この審査にかける申請がありません。形式の確認が済んでいるかを確かめてください。")
    barred = ties(members, applications)
    there: dict[int, set[int]] = {}
    known = Assignment.objects.filter(application__in=applications, stage=stage)
    for application, member, state in known.values_list("application", "member", "state"):
        if state in ("assigned", "scored"):
            there.setdefault(application, set()).add(member)
    load = dict(
        Assignment.objects.filter(member__in=members, stage=stage, state__in=["assigned", "scored"])
        .values_list("member")
        .annotate(Count("pk"))
    )
    taken_back = {
        (application, member): pk
        for pk, application, member in known.filter(state="taken_back").values_list(
            "pk", "application", "member"
        )
    }
    found = plan(
        [row.pk for row in applications],
        [row.pk for row in members],
        wanted=call.edition.scorers,
        tied=barred,
        load=load,
        there=there,
    )
    now = clock.now()
    again = [taken_back[pair] for pair in found.pairs if pair in taken_back]
    Assignment.objects.filter(pk__in=again).update(state="assigned", assigned_at=now, due_on=due_on)
    Assignment.objects.bulk_create(
        (
            Assignment(application_id=one, member_id=member, stage=stage, assigned_at=now, due_on=due_on)
            for one, member in found.pairs
            if (one, member) not in taken_back
        ),
        batch_size=1000,
    )
    _recuse(found.short, barred, stage, now)
    journal.write(
        "call.assigned", call, by=by, stage=stage.value, sheets=len(found.pairs), short=len(found.short)
    )
    return found


def _recuse(
    short: Mapping[int, int], barred: Mapping[tuple[int, int], str], stage: Stage, now: datetime
) -> None:
    """Rows for those whom a tie keeps from an application that lacks members, as many as it lacks."""
    rows = []
    for (member, application), why in sorted(barred.items()):
        if short.get(application, 0) > sum(row.application_id == application for row in rows):
            rows.append(
                Assignment(
                    application_id=application,
                    member_id=member,
                    stage=stage,
                    state="recused",
                    assigned_at=now,
                    why=why[:200],
                )
            )
    Assignment.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def score(
    assignment: Assignment, *, by: User, points: Mapping[int, int], comment: str = "", submit: bool = True
) -> None:
    """A member fills in the own sheet; `points` by criterion id. With `submit` all of it is needed and it counts; without,
    what there is so far is kept. It can be put right until the stage is decided.

    Raises NotAllowed for somebody else's sheet or across a tie, Missing for a criterion left out, Refused for points out
    of range or once the stage is decided.
    """
    member = assignment.member
    if by.pk != member.user_id or member.ended_on is not None:
        raise NotAllowed
    application = assignment.application
    if is_tied(member, application):
        raise NotAllowed("この申請とは利害関係があるため、採点できません。")
    hold(assignment, ASSIGNMENT.subject)
    if assignment.state not in ("assigned", "scored"):
        raise Refused("この採点表は、いまは書けません。画面を読み込み直して確かめてください。")
    if application.state != IN_STAGE[Stage(assignment.stage)]:
        raise Refused("この審査は終わりました。採点は変えられません。")
    criteria = {
        row.pk: row
        for row in Criterion.objects.filter(edition=application.edition_id, stage=assignment.stage)
    }
    if set(points) - set(criteria):
        raise Refused("審査項目が変わっています。画面を読み込み直してください。")
    for pk, row in criteria.items():
        if submit and pk not in points:
            raise Missing(f"「{row.name}」の点を入れてください。", field=f"points_{pk}")
        if pk in points and not 0 <= points[pk] <= row.most:
            raise Refused(f"「{row.name}」は0〜{row.most}点で入れてください。", field=f"points_{pk}")
    for pk, given in points.items():
        Score.objects.update_or_create(assignment=assignment, criterion_id=pk, defaults={"points": given})
    changes = {"comment": comment.strip()}
    if submit:
        update(
            assignment,
            ASSIGNMENT.subject,
            guard={"state": assignment.state},
            state="scored",
            scored_at=clock.now(),
            **changes,
        )
        journal.write("sheet.scored", application, by=by, stage=assignment.stage)
    else:
        update(assignment, ASSIGNMENT.subject, guard={"state": assignment.state}, **changes)


@transaction.atomic
def take_back(assignment: Assignment, *, by: User | None) -> None:
    """The secretariat takes a sheet from a member who cannot score it; `assign` gives it to another."""
    require(by, Can.MANAGE_FUND, assignment.application.call)
    move(assignment, ASSIGNMENT, "taken_back")
    journal.write("sheet.taken_back", assignment.application, by=by, member=assignment.member.user.name)


@transaction.atomic
def nudge(call: Call, *, by: User | None, stage: Stage) -> int:
    """Remind everybody whose sheets of a stage are not scored yet, once a day at most; returns how many members."""
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    waiting = Assignment.objects.filter(application__call=call, stage=stage, state="assigned").exclude(
        nudged_at__gte=today
    )
    members = sorted(set(waiting.values_list("member__user", flat=True)))
    if members:
        waiting.update(nudged_at=clock.now())
        journal.write("call.nudged", call, by=by, stage=stage.value, users=members)
    return len(members)


@transaction.atomic
def set_slot(
    application: Application, *, by: User | None, starts_at: datetime, ends_at: datetime, place: str = ""
) -> Slot:
    """When an application is presented. Raises Refused where it ends before it starts or meets another's time there."""
    require(by, Can.MANAGE_FUND, application.call)
    if ends_at <= starts_at:
        raise Refused("終了は開始より後にしてください。", field="ends_at")
    hold(application.call, "募集")
    others = Slot.objects.filter(
        application__call=application.call, place=place.strip(), starts_at__lt=ends_at, ends_at__gt=starts_at
    ).exclude(application=application)
    if other := others.select_related("application").first():
        raise Refused(f"「{other.application.title}」の時間と重なっています。時間か場所を変えてください。")
    slot, _new = Slot.objects.update_or_create(
        application=application,
        defaults={"starts_at": starts_at, "ends_at": ends_at, "place": place.strip()},
    )
    journal.write("application.slotted", application, by=by, starts_at=starts_at.isoformat())
    return slot


@transaction.atomic
def note_panel(application: Application, *, by: User | None, stage: Stage, text: str) -> PanelNote:
    """What the panel said, for the minutes. Raises Missing without words."""
    require(by, Can.MANAGE_FUND, application.call)
    if not text.strip():
        raise Missing("審査会の記録を入力してください。", field="text")
    note = PanelNote.objects.create(
        application=application, stage=stage, text=text.strip(), at=clock.now(), by=by
    )
    journal.write("application.panel_noted", application, by=by, stage=stage.value)
    return note
