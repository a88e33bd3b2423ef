"""Screening: the committee and its ties, who scores what, the sheets, the sittings."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

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
from musubi.fund.ranking import hold_all, keep, kept_up
from musubi.fund.states import APPLICATION, ASSIGNMENT, CALL, Stage
from musubi.fund.ties import is_tied, tied_organisations, ties
from musubi.journal import actions as journal
from musubi.lib import clock, corporate_number
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Organisation, User
from musubi.people.permissions import Can, authority, require
from musubi.people.rules import check_fields

IN_STAGE = {Stage.FIRST: "checked", Stage.SECOND: "first_passed"}
# Sheets that count, or will.
LIVE = ["assigned", "scored"]


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

    Raises Refused for a corporate number that cannot be, and for who reads the fund's inside as staff: whatever a tie
    keeps from a member would be open to them; Conflict where the person is a member already.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    if authority(user).may_in(Can.SEE_FUND, fund.municipality_id):
        raise Refused(
            "事務局の職員と監査担当は、審査委員になれません。すべての申請と採点を見られる立場だからです。",
            field="email",
        )
    if employer_number.strip():
        try:
            employer_number = corporate_number.check(employer_number)
        except ValueError as error:
            raise Refused(str(error), field="employer_number") from error
    member = CommitteeMember(
        fund=fund,
        user=user,
        title=title.strip(),
        employer=employer,
        employer_name=employer_name.strip() or (employer.name if employer else ""),
        employer_number=employer_number.strip() or (employer.corporate_number or "" if employer else ""),
        is_chair=is_chair,
        appointed_on=clock.today(),
    )
    check_fields(member, only=["title", "employer_name", "employer_number"])
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as error:
        raise Conflict("この方は、すでに委員に登録されています。") from error
    journal.write("committee.appointed", fund, by=by, member=user.name)
    return member


@transaction.atomic
def release_member(member: CommitteeMember, *, by: User | None) -> None:
    """The person leaves the committee; sheets that were not scored are taken back, scored ones count on."""
    require(by, Can.MANAGE_FUND, member.fund.municipality)
    update(member, "審査委員", guard={"ended_on": None}, ended_on=clock.today())
    sheets = member.assignments.filter(state="assigned")
    with kept_up(sheets):
        sheets.update(state="taken_back")
    journal.write("committee.released", member.fund, by=by, member=member.user.name, user=member.user_id)


@transaction.atomic
def declare_interest(
    member: CommitteeMember, *, by: User, organisation: Organisation, words: str
) -> Interest:
    """A tie between a member and an applicant: from now on the member neither reads nor scores what it files; sheets of
    it, scored or not, are recused, as long as no result of theirs is out.

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
    # What was released of the first screening stays as it was decided.
    sheets = sheets.filter(state__in=LIVE).exclude(
        stage=Stage.FIRST, application__call__first_released_at__isnull=False
    )
    with kept_up(sheets):
        sheets.update(state="recused", why=f"届け出のあった関係: {interest.words}"[:200], scored_at=None)
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
    """Assign as many members as the programme wants to each application of a stage. What is assigned already stays,
    unless a tie came to light since: then it is recused. Ties are never crossed, and nobody gets a sheet again that was
    taken back. Where ties leave too few, the tied stand as recused, so that the total is put right.

    Returns the plan; `short` names the applications that lack members. Raises Refused without members or applications,
    or while the call is not being screened.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    _require_screening(call)
    # Whoever declares an interest meanwhile waits, and then recuses what is assigned here; whoever scores waits too.
    members = CommitteeMember.objects.select_for_update(no_key=True)
    list(members.filter(fund=call.fund_id, ended_on=None).order_by("pk"))
    hold_all(Application.objects.filter(call=call, state=IN_STAGE[stage]).values("pk"))
    sheets = _Sheets(call, stage, members)
    if not sheets.members:
        raise Refused("審査委員が登録されていません。先に委員を登録してください。")
    if not sheets.applications:
        raise Refused("この審査にかける申請がありません。形式の確認が済んでいるかを確かめてください。")
    scored = {sheet.application_id for sheet in sheets.known if sheet.state == "scored"}
    for sheet, why in sheets.crossed:
        move(sheet, ASSIGNMENT, "recused", why=why[:200], scored_at=None)
    found = sheets.plan()
    now = clock.now()
    rows = [
        Assignment(
            call=call, application_id=one, member_id=member, stage=stage, assigned_at=now, due_on=due_on
        )
        for one, member in found.pairs
    ]
    Assignment.objects.bulk_create(
        [*rows, *_standing_recused(call, found.short, sheets.barred, sheets.known, stage)], batch_size=1000
    )
    changed = {one for one, _member in found.pairs} | set(found.short)
    changed |= {sheet.application_id for sheet, _why in sheets.crossed}
    # Without a scored sheet an application stands where it stood.
    keep(call, stage, changed & scored)
    users = {row.pk: row.user_id for row in sheets.members}
    journal.write(
        "call.assigned",
        call,
        by=by,
        stage=stage.value,
        sheets=len(found.pairs),
        short=len(found.short),
        users=sorted({users[member] for _application, member in found.pairs}),
    )
    return found


def outlook(call: Call, *, stage: Stage) -> Plan:
    """What `assign` would do now, for the secretariat to look at; nothing is changed. Empty without members."""
    sheets = _Sheets(call, stage, CommitteeMember.objects.all())
    return sheets.plan() if sheets.members else Plan()


def lacking(call: Call, stage: Stage, plan: Plan) -> dict[int, int]:
    """Of what is short in a plan, what nobody stands recused for yet: application → how many members."""
    recused = Assignment.objects.filter(application__in=plan.short, stage=stage, state="recused")
    known = dict(recused.order_by().values_list("application").annotate(Count("pk")))
    found = {pk: count - known.get(pk, 0) for pk, count in plan.short.items()}
    return {pk: count for pk, count in found.items() if count > 0}


class _Sheets:
    """What an assignment starts from: who may score, what, what is there, and what must not meet."""

    def __init__(self, call: Call, stage: Stage, rows: QuerySet[CommitteeMember]):
        self.call, self.stage = call, stage
        self.members = list(rows.filter(fund=call.fund_id, ended_on=None).order_by("pk"))
        self.applications = list(Application.objects.filter(call=call, state=IN_STAGE[stage]))
        self.known = list(
            Assignment.objects.filter(
                application__call=call, application__state=IN_STAGE[stage], stage=stage
            ).select_related("member", "application")
        )
        self.crossed = tied_sheets(self.known)
        self.barred = ties(self.members, self.applications)

    def plan(self) -> Plan:
        crossed = {sheet.pk for sheet, _why in self.crossed}
        there: dict[int, set[int]] = {}
        closed = set(self.barred)
        terms = {member.user_id: member.pk for member in self.members}
        for sheet in self.known:
            live = sheet.state in LIVE and sheet.pk not in crossed
            if live:
                there.setdefault(sheet.application_id, set()).add(sheet.member_id)
            # Nobody gets a sheet again that was closed, nor a second one after an earlier term on the committee.
            member = terms.get(sheet.member.user_id)
            if not live if member == sheet.member_id else sheet.state != "taken_back":
                closed.add((member, sheet.application_id))
        live = Assignment.objects.filter(member__in=self.members, stage=self.stage, state__in=LIVE)
        load = dict(live.exclude(pk__in=crossed).order_by().values_list("member").annotate(Count("pk")))
        return plan(
            [row.pk for row in self.applications],
            [row.pk for row in self.members],
            wanted=self.call.edition.scorers,
            tied=closed,
            load=load,
            there=there,
        )


def tied_sheets(sheets: Iterable[Assignment]) -> list[tuple[Assignment, str]]:
    """Of sheets that count or will, those across a tie that came to light after they were given, each with why."""
    live = [sheet for sheet in sheets if sheet.state in LIVE]
    tied = tied_organisations({sheet.member_id: sheet.member for sheet in live}.values())
    found = ((sheet, tied[sheet.member_id].get(sheet.application.organisation_id)) for sheet in live)
    return [(sheet, why) for sheet, why in found if why]


def _standing_recused(
    call: Call,
    short: Mapping[int, int],
    barred: Mapping[tuple[int, int], str],
    known: Iterable[Assignment],
    stage: Stage,
) -> list[Assignment]:
    """Rows for those whom a tie keeps from an application that lacks members, as many as it lacks."""
    lacking, pairs, rows = dict(short), set(), []
    for sheet in known:
        pairs.add((sheet.member_id, sheet.application_id))
        if sheet.state == "recused" and sheet.application_id in lacking:
            lacking[sheet.application_id] -= 1
    for (member, application), why in sorted(barred.items()):
        if lacking.get(application, 0) > 0 and (member, application) not in pairs:
            lacking[application] -= 1
            rows.append(
                Assignment(
                    call=call,
                    application_id=application,
                    member_id=member,
                    stage=stage,
                    state="recused",
                    assigned_at=clock.now(),
                    why=why[:200],
                )
            )
    return rows


def _require_screening(call: Call) -> None:
    if call.state != "screening":
        raise Refused(
            "この募集は、いま審査中ではありません。画面を読み込み直して、今の状態を確かめてください。"
        )


def _require_going(application: Application) -> None:
    """Nobody screens what a call that was given up took with it."""
    hold(application, APPLICATION.subject)
    if application.call.state == "cancelled":
        raise Refused("この募集は中止になりました。審査の記録はもう変えられません。")


@transaction.atomic
def score(
    assignment: Assignment, *, by: User, points: Mapping[int, int], comment: str = "", submit: bool = True
) -> None:
    """A member fills in the own sheet; `points` by criterion id. With `submit` all of it is needed and it counts; without,
    what there is so far is kept, and a sheet that counted waits to be submitted again. It can be put right until the
    stage is decided.

    Raises NotAllowed for somebody else's sheet or across a tie, Missing for a criterion left out, Refused for points out
    of range or once the stage is decided.
    """
    member = assignment.member
    if by.pk != member.user_id or member.ended_on is not None:
        raise NotAllowed
    application = assignment.application
    # The application first: whoever decides the stage holds it, and from then on no sheet of it changes.
    hold(application, APPLICATION.subject)
    hold(assignment, ASSIGNMENT.subject)
    if is_tied(member, application):
        raise NotAllowed("この申請とは利害関係があるため、採点できません。")
    _require_screening(application.call)
    if assignment.state not in LIVE:
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
    was = assignment.state
    Score.objects.filter(assignment=assignment).exclude(criterion__in=points).delete()
    for pk, given in points.items():
        Score.objects.update_or_create(assignment=assignment, criterion_id=pk, defaults={"points": given})
    update(
        assignment,
        ASSIGNMENT.subject,
        guard={"state": assignment.state},
        state="scored" if submit else "assigned",
        scored_at=clock.now() if submit else None,
        comment=comment.strip(),
    )
    if submit or was == "scored":
        keep(application.call, Stage(assignment.stage), [application.pk])
    if was == "scored" and not submit:
        journal.write("sheet.reopened", application, by=by, stage=assignment.stage)
    if submit:
        journal.write("sheet.scored", application, by=by, stage=assignment.stage)


@transaction.atomic
def take_back(assignment: Assignment, *, by: User | None) -> None:
    """The secretariat takes a sheet from a member who cannot score it; `assign` gives it to another. Raises Refused for a
    call that was given up."""
    require(by, Can.MANAGE_FUND, assignment.application.call)
    _require_going(assignment.application)
    with kept_up(Assignment.objects.filter(pk=assignment.pk)):
        move(assignment, ASSIGNMENT, "taken_back")
    journal.write("sheet.taken_back", assignment.application, by=by, member=assignment.member.user.name)


@transaction.atomic
def nudge(call: Call, *, by: User | None, stage: Stage) -> int:
    """Remind everybody whose sheets of a stage are not scored yet, nobody twice a day; returns how many members.

    Raises Refused while the call is not being screened.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    _require_screening(call)
    sheets = Assignment.objects.filter(
        application__call=call, application__state=IN_STAGE[stage], stage=stage, state="assigned"
    )
    nudged = sheets.filter(nudged_at__gte=clock.at(clock.today(), 0)).values_list("member", flat=True)
    waiting = sheets.exclude(member__in=list(nudged))
    members = sorted(set(waiting.values_list("member__user", flat=True)))
    if members:
        waiting.update(nudged_at=clock.now())
        journal.write("call.nudged", call, by=by, stage=stage.value, users=members)
    return len(members)


@transaction.atomic
def set_slot(
    application: Application, *, by: User | None, starts_at: datetime, ends_at: datetime, place: str = ""
) -> Slot:
    """When an application that passed the first screening is presented. Follows: once the results of the first screening
    are released, the organisation is told of each time that is set or changed.

    Raises Refused for any other, where it ends before it starts, or where it meets another's time there.
    """
    require(by, Can.MANAGE_FUND, application.call)
    if ends_at <= starts_at:
        raise Refused("終了は開始より後にしてください。", field="ends_at")
    hold(application.call, CALL.subject)
    _require_screening(application.call)
    hold(application, APPLICATION.subject)
    if application.state != IN_STAGE[Stage.SECOND]:
        raise Refused("プレゼンテーションの時間は、第一次審査を通過した申請にだけ決められます。")
    others = Slot.objects.filter(
        application__call=application.call, place=place.strip(), starts_at__lt=ends_at, ends_at__gt=starts_at
    ).exclude(application=application)
    if other := others.select_related("application").first():
        raise Refused(f"「{other.application.title}」の時間と重なっています。時間か場所を変えてください。")
    check_fields(Slot(place=place.strip()), only=["place"])
    words = {"starts_at": starts_at, "ends_at": ends_at, "place": place.strip()}
    if known := Slot.objects.filter(application=application, **words).first():
        return known
    slot, new = Slot.objects.update_or_create(
        application=application,
        defaults=words,
    )
    journal.write("application.slotted", application, by=by, starts_at=starts_at.isoformat(), changed=not new)
    return slot


@transaction.atomic
def note_panel(application: Application, *, by: User | None, stage: Stage, text: str) -> PanelNote:
    """What the panel said, for the minutes. Raises Missing without words, Refused for a call that was given up."""
    require(by, Can.MANAGE_FUND, application.call)
    _require_going(application)
    if not text.strip():
        raise Missing("審査会の記録を入力してください。", field="text")
    note = PanelNote.objects.create(
        application=application, stage=stage, text=text.strip(), at=clock.now(), by=by
    )
    journal.write("application.panel_noted", application, by=by, stage=stage.value)
    return note
