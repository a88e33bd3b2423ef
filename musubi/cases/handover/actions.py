"""Giving cases away when people and departments change. Both names stay on the record of every case."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from musubi.cases.models import Agreement, Case, Todo
from musubi.cases.states import AGREEMENT, OPEN, PostKind
from musubi.cases.thread import post
from musubi.journal import actions as journal
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import update
from musubi.people.leaving import hold_person, works_here
from musubi.people.models import Department, Municipality, User
from musubi.people.permissions import Can, authority, may
from musubi.people.queries import people_of
from musubi.people.rules import may_manage
from musubi.proposals.carried import hold_questions, move_questions


def can_take(user: User, case: Case) -> bool:
    """Whether the person can be the case's owner: they work in it, and act for none of its organisations."""
    mine = authority(user)
    return mine.may(Can.MOVE_CASE, case) and mine.organisation_ids.isdisjoint(case.organisation_ids)


def may_hand_over(user: User | None, case: Case) -> bool:
    """The desk and the managers of its departments; the administrators too, who end the roles."""
    return user is None or may(user, Can.MANAGE_CASE, case) or may_manage(user, case.municipality)


@transaction.atomic
def reassign_many(
    cases: Iterable[Case], successor: User, *, by: User, reason: str, told: bool = True
) -> list[Case]:
    """Give many cases of one municipality to one person, at once or not at all.

    Raises Missing without a case or a reason, NotAllowed unless `by` may hand over each of them, Refused where the
    successor works in none of a case's departments (the sentence names those cases), Conflict where a case has ended
    or has changed hands since it was read.
    Follows: both names are in the journal and in the internal thread of every case; the successor gets one notice
    that lists them all. Cases that are the successor's already stay as they are.
    """
    cases = sorted(cases, key=lambda case: case.pk)
    if not cases:
        raise Missing("引き継ぐ案件を一つ以上選んでください。", field="cases")
    if not reason.strip():
        raise Missing("引き継ぐ理由(異動・退職など)を書いてください。", field="reason")
    municipality = _one_municipality(cases)
    if not all(may_hand_over(by, case) for case in cases):
        raise NotAllowed
    seen = {case.pk: case.owner_id for case in cases}
    # The person first, then the cases in the order of their numbers: two hand-overs at once never wait for each other
    # in a circle, and nobody ends the successor's role meanwhile.
    hold_person(successor)
    cases = _held(seen)
    _require_taker(successor, municipality, cases)
    changed = [case.ref for case in cases if case.owner_id != seen[case.pk] or case.stage not in OPEN]
    if changed or len(cases) != len(seen):
        raise Conflict(
            f"{'、'.join(changed)}は、別の人が先に担当者を変えたか、終了しました。画面を読み込み直して、選び直してください。"
        )
    given = [case for case in cases if case.owner_id != successor.pk]
    before = list(dict.fromkeys(str(case.owner) for case in given))
    for case in given:
        _give(case, successor, by=by, reason=reason.strip())
    if given and told:
        journal.write(
            "municipality.cases_handed_over",
            municipality,
            by=by,
            before="、".join(before),
            owner=str(successor),
            owner_id=successor.pk,
            cases=[case.pk for case in given],
            refs=[case.ref for case in given],
            reason=reason.strip(),
        )
    return given


@transaction.atomic
def reassign_each(successors: dict[User, list[Case]], *, by: User, reason: str) -> list[Case]:
    """`reassign_many` for several successors, at once or not at all."""
    if not any(successors.values()):
        raise Missing("引き継ぐ案件を一つ以上選んでください。", field="cases")
    given = []
    for successor in sorted(successors, key=lambda user: user.pk):
        if successors[successor]:
            given += reassign_many(successors[successor], successor, by=by, reason=reason)
    return given


@transaction.atomic
def move_department(
    department: Department, to: Department, *, by: User, reason: str, owner: User | None = None
) -> list[Case]:
    """`to` takes over all that `department` has in hand (機構改革): its open cases with their balls and promises, its
    agreements, the questions that wait for it.

    A case keeps its owner where that person works in `to` (or at the desk); else `owner`, or the manager or the first
    person of `to`, answers for it. Due dates stay: the organisation has waited as long.
    Raises Missing without a reason, NotAllowed unless `by` is of the desk or an administrator, Refused where `to` is
    the same, closed or another municipality's, or has nobody to answer for the cases.
    Follows: both names are in the journal of every case; the organisations read in the thread that the department has
    changed and get one notice; each new owner gets one. `department` takes no more part.
    """
    municipality = department.municipality
    if not (_keeps_all(by, department, to) or may_manage(by, municipality)):
        raise NotAllowed
    if to.municipality_id != department.municipality_id or to.pk == department.pk or not to.is_active:
        raise Refused("引き継ぐ先には、この自治体の今ある別の部署を選んでください。", field="to")
    if not reason.strip():
        raise Missing("引き継ぐ理由(機構改革など)を書いてください。", field="reason")
    if owner is not None and not people_of(to).filter(pk=owner.pk).exists():
        raise Refused(f"担当者は、{to}の職員から選んでください。", field="owner")
    # Proposals, then people, then cases: the order in which a case is opened on a proposal.
    asked = hold_questions(department)
    candidates = _cases_of(department)
    new_owner = owner or to.manager or people_of(to).order_by("pk").first()
    if new_owner is not None:
        hold_person(new_owner)
        if not works_here(new_owner, municipality.pk):
            new_owner = None
    cases = _held(dict.fromkeys(candidates.values_list("pk", flat=True)))
    staying: dict[int, bool] = {}
    led, given = [], []
    for case in cases:
        leads = case.lead_id == department.pk
        if leads and not staying.setdefault(case.owner_id, _works_for(case.owner, to)):
            if new_owner is None:
                raise Refused(
                    f"{to}には職員がいないため、案件の担当者がいなくなります。先に{to}の職員に役割を付けてください。",
                    field="to",
                )
            given.append(case)
        if leads:
            led.append(case)
    own = authority(new_owner).organisation_ids
    if theirs := [case.ref for case in given if not own.isdisjoint(case.organisation_ids)]:
        raise Refused(
            f"{new_owner}さんは、{'、'.join(theirs)}の相手の団体の担当者です。{to}のほかの職員を担当者に選んでください。",
            field="owner",
        )
    for case in cases:
        _move(case, department, to, owner=new_owner if case in given else None, by=by, reason=reason.strip())
    agreements = _move_agreements(department, to, by=by)
    questions = move_questions(department, to, held=asked, by=by)
    journal.write(
        "municipality.department_moved",
        municipality,
        by=by,
        before=department.name,
        department=to.name,
        department_id=to.pk,
        cases=[case.pk for case in led],
        owner_id=new_owner.pk if given else None,
        given=[case.pk for case in given],
        agreements=len(agreements),
        questions=len(questions),
        reason=reason.strip(),
    )
    return cases


# --- steps -------------------------------------------------------------------------------------------------------


def _one_municipality(cases: list[Case]) -> Municipality:
    if len({case.municipality_id for case in cases}) != 1:
        raise Refused("一つの自治体の案件だけを選んでください。", field="cases")
    return cases[0].municipality


def _held(numbers) -> list[Case]:
    """The cases of these numbers, read anew, for which others now wait; in the order of their numbers."""
    # PostgreSQL takes no lock through an outer join: the owner and the rest are read with the rows below.
    list(
        Case.objects.select_for_update(no_key=True)
        .filter(pk__in=list(numbers))
        .order_by("pk")
        .values_list("pk")
    )
    rows = Case.objects.filter(pk__in=list(numbers)).order_by("pk")
    return list(
        rows.select_related("owner", "lead", "municipality").prefetch_related("departments", "organisations")
    )


def _require_taker(successor: User, municipality: Municipality, cases: list[Case]) -> None:
    if not works_here(successor, municipality.pk):
        raise Refused(
            f"{successor}さんは、いまこの自治体の案件を担当できる役割に就いていません。先に役割を付けるか、別の人を選んでください。",
            field="successor",
        )
    cannot = [case.ref for case in cases if not can_take(successor, case)]
    if cannot:
        raise Refused(
            f"{successor}さんは、{'、'.join(cannot)}に関係する部署の職員ではないか、相手の団体の担当者です。"
            "この案件には別の人を選ぶか、先にその部署を案件に加えてください。",
            field="successor",
        )


def _give(case: Case, successor: User, *, by: User, reason: str) -> None:
    before = case.owner
    update(case, "案件", guard={"owner_id": before.pk}, owner=successor)
    body = f"担当者を{before}から{successor}に変更しました。{reason}"
    post(case, PostKind.NOTE, by=by, internal=True, body=body)
    journal.write("case.handed_over", case, by=by, before=str(before), owner=str(successor), reason=reason)


def _keeps_all(by: User | None, *departments: Department) -> bool:
    return by is None or all(may(by, Can.ROUTE_PROPOSAL, department) for department in departments)


def _cases_of(department: Department):
    taking_part = Case.departments.through.objects.filter(department=department).values("case")
    promised = Todo.objects.filter(department=department, done_at=None).values("case")
    return Case.objects.filter(
        Q(lead=department)
        | Q(ball_department=department)
        | Q(adoption_department=department)
        | Q(pk__in=taking_part)
        | Q(pk__in=promised),
        stage__in=OPEN,
    )


def _works_for(owner: User, to: Department) -> bool:
    mine = authority(owner)
    return owner.is_active and mine.may(Can.MOVE_CASE, to)


def _move(
    case: Case, department: Department, to: Department, *, owner: User | None, by: User, reason: str
) -> None:
    leads = case.lead_id == department.pk
    before = case.owner
    changes = {"lead": to} if leads else {}
    if case.ball_department_id == department.pk:
        changes["ball_department"] = to
    if case.adoption_department_id == department.pk:
        changes["adoption_department"] = to
    if owner is not None:
        changes["owner"] = owner
    if changes:
        update(case, "案件", guard={"lead_id": case.lead_id, "owner_id": case.owner_id}, **changes)
    if leads or department.pk in case.department_ids:
        case.departments.add(to)
        case.departments.remove(department)
    Todo.objects.filter(case=case, department=department, done_at=None).update(department=to)
    if leads:
        body = f"担当課が{department}から{to}に変わりました。これからは{to}が続きを進めます。"
        post(case, PostKind.DECISION, by=by, body=body, data={"decision": "lead_changed"})
    said = f"{department}の担当を{to}が引き継ぎました。{reason}"
    if owner is not None:
        said += f" 担当者を{before}から{owner}に変更しました。"
    post(case, PostKind.NOTE, by=by, internal=True, body=said)
    journal.write(
        "case.department_moved",
        case,
        by=by,
        before=department.name,
        department=to.name,
        leads=leads,
        owner_before=str(before) if owner else "",
        owner=str(owner) if owner else "",
        reason=reason,
    )


def _move_agreements(department: Department, to: Department, *, by: User) -> list[Agreement]:
    rows = list(Agreement.objects.filter(department=department, state__in=AGREEMENT.open).order_by("pk"))
    for row in rows:
        update(row, "協定", guard={"department_id": department.pk}, department=to)
        journal.write("agreement.transferred", row, by=by, before=department.name, department=to.name)
    return rows
