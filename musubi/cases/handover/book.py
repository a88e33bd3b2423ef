"""What a person or a department carries, read from the record: one dict for the screen, the PDF and the Word file.

Everything in it is text, ready to be shown; the book is for the municipality's own people and in Japanese.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.db.models import F, Prefetch, Q, Window
from django.db.models.functions import RowNumber
from django.utils import translation

from musubi.cases.models import Agreement, Case, Meeting, Post, Todo, Trial
from musubi.cases.queries import visible_to
from musubi.cases.radar.pace import Paces
from musubi.cases.radar.signs import Sign, Standing, standings
from musubi.cases.states import AGREEMENT, CASE, OPEN, PostKind, Side, TrialDecision
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.lib.workdays import workdays_between
from musubi.people.models import Department, Municipality, Representative, Staff, User
from musubi.people.permissions import authority
from musubi.people.queries import closing_days
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.queries import visible_to as visible_proposals
from musubi.proposals.states import WAITING, Answer, DeclineReason

HAPPENINGS = 5
LONGEST = 240
MARK = "庁内限り"


@dataclass(frozen=True)
class Subject:
    """Whose book it is: exactly one of the two."""

    municipality: Municipality
    person: User | None = None
    department: Department | None = None

    @property
    def name(self) -> str:
        return str(self.person or self.department)

    @property
    def departments(self) -> list[Department]:
        """The department, or those the person works in."""
        if self.department:
            return [self.department]
        roles = [Staff.Role.OFFICER, Staff.Role.MANAGER, Staff.Role.DESK]
        rows = Department.objects.filter(
            municipality=self.municipality,
            staff__user=self.person,
            staff__ended_at=None,
            staff__role__in=roles,
        )
        return list(rows.distinct())


def carried(subject: Subject) -> models.QuerySet[Case]:
    """The open cases: those the person owns, or those in which the department leads, takes part or has the ball."""
    rows = Case.objects.filter(municipality=subject.municipality, stage__in=OPEN)
    if subject.person:
        rows = rows.filter(owner=subject.person)
    else:
        taking_part = Case.departments.through.objects.filter(department=subject.department).values("case")
        rows = rows.filter(
            Q(lead=subject.department) | Q(ball_department=subject.department) | Q(pk__in=taking_part)
        )
    return rows.order_by("ball_due_on", "id")


def write_book(subject: Subject, *, by: User, to: str = "") -> dict:
    """The book, as far as `by` may read it. `to` names for whom it is written.

    Cases of an organisation that `by` acts for are left out and counted: the book holds what is said inside.
    A constant number of statements, whatever the size.
    """
    with translation.override("ja"):
        return _write(subject, by=by, to=to)


def _write(subject: Subject, *, by: User, to: str) -> dict:
    mine = authority(by).organisation_ids
    everything = carried(subject)
    read = list(_with_all(everything.filter(pk__in=visible_to(by, subject.municipality).values("pk"))))
    cases = [case for case in read if mine.isdisjoint(case.organisation_ids)]
    closed = closing_days(subject.municipality.pk)
    acting = _representatives(cases)
    lines = _latest(cases)
    numbers = [case.pk for case in cases]
    stand = {
        standing.case_id: standing
        for standing in standings(Case.objects.filter(pk__in=numbers), Paces(subject.municipality.pk))
    }
    # One that ended between two of these statements is left out.
    cases = [case for case in cases if case.pk in stand]
    pages = [_page(case, subject, acting, lines.get(case.pk, []), stand[case.pk], closed) for case in cases]
    departments = subject.departments
    waiting, agreements = _waiting(departments, subject, by), _agreements(departments, subject)
    return {
        "title": f"引継書 {subject.name}",
        "mark": MARK,
        "municipality": str(subject.municipality),
        "subject": subject.name,
        "subject_kind": "担当者" if subject.person else "部署",
        "departments": "、".join(str(d) for d in departments) if subject.person else "",
        "to": to.strip() or ("後任の方" if subject.person else "引き継ぐ部署"),
        "made_on": format_date(clock.today()),
        "made_by": str(by),
        "counts": [
            ["進行中の案件", f"{len(pages)}件"],
            ["うち期限を過ぎたもの", f"{sum(page['late'] for page in pages)}件"],
            ["約束したこと", f"{sum(len(page['promises']) for page in pages)}件"],
            ["回答を待つ照会・提案", f"{len(waiting)}件"],
            ["所管する協定", f"{len(agreements)}件"],
        ],
        "left_out": len(read) - len(pages),
        "beyond": everything.count() - len(read),
        "cases": pages,
        "waiting": waiting,
        "agreements": agreements,
    }


def _with_all(rows):
    return rows.select_related(
        "municipality",
        "lead",
        "owner",
        "ball_department",
        "ball_organisation",
        "adoption_department",
        "proposal",
    ).prefetch_related(
        "organisations",
        "departments",
        Prefetch(
            "todos",
            Todo.objects.filter(done_at=None).select_related("department", "organisation"),
            to_attr="promised",
        ),
        Prefetch("meetings", Meeting.objects.filter(state__in=["offered", "fixed"]), to_attr="to_come"),
        Prefetch(
            "trials", Trial.objects.exclude(state__in=["decided", "cancelled"]), to_attr="trials_at_work"
        ),
        Prefetch(
            "agreements",
            Agreement.objects.filter(state__in=AGREEMENT.open).order_by("pk"),
            to_attr="in_force",
        ),
    )


def _representatives(cases: Iterable[Case]) -> dict[int, list[User]]:
    """Who acts for each organisation (id) of the cases."""
    ids = {pk for case in cases for pk in case.organisation_ids}
    found: dict[int, list[User]] = {}
    rows = Representative.objects.filter(organisation__in=ids, ended_at=None, user__is_active=True)
    for row in rows.select_related("user").order_by("-is_owner", "pk"):
        found.setdefault(row.organisation_id, []).append(row.user)
    return found


def _latest(cases: list[Case]) -> dict[int, list[Post]]:
    """The last happenings of each case (id), oldest first."""
    newest = Window(RowNumber(), partition_by=F("case"), order_by=[F("at").desc(), F("id").desc()])
    rows = (
        Post.objects.filter(case__in=[case.pk for case in cases])
        .annotate(place=newest)
        .filter(place__lte=HAPPENINGS)
        .select_related("author", "department", "organisation", "meeting", "file")
        .order_by("at", "id")
    )
    found: dict[int, list[Post]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


def _page(case: Case, subject: Subject, acting: dict, lines: list[Post], standing: Standing, closed) -> dict:
    today = clock.today()
    promises, dates = _promises(case, today)
    dates.append((case.ball_due_on, f"ボールの期限: {case.ball_next or '次の一手を決める'}"))
    ahead = sorted((day, what) for day, what in dates if day >= today)
    stage = CASE[case.stage]
    part = ""
    if subject.department:
        part = "主担当課" if case.lead_id == subject.department.pk else "関係する部署"
    return {
        "ref": case.ref,
        "title": case.title,
        "id": case.pk,
        "summary": _cut(case.summary, 600),
        "part": part,
        "lead": str(case.lead),
        "owner": str(case.owner),
        "stage": str(stage.label),
        "since": format_date(_day(case.stage_since)),
        "days": f"{(today - _day(case.stage_since)).days}日",
        "started": format_date(_day(case.opened_at)),
        "signs": _signs(case, standing, today, closed),
        "late": case.is_overdue,
        "ball": {
            "holder": str(case.holder),
            "since": format_date(_day(case.ball_since)),
            "due": format_date(case.ball_due_on),
            "left": _left(case.ball_due_on, today, closed),
            "next": case.ball_next or "次の一手を決める",
        },
        "next_date": f"{format_date(ahead[0][0])} {ahead[0][1]}" if ahead else "予定された日はありません",
        "promises": promises,
        "people": _people(case, acting),
        "history": [_happening(post) for post in lines],
    }


def _promises(case: Case, today: date) -> tuple[list[dict], list[tuple[date, str]]]:
    """(what was promised, in the order of days; the days in it that a calendar would hold)."""
    found: list[tuple[date, str, str, str]] = []
    for todo in case.promised:
        found.append((todo.due_on, "宿題", todo.text, str(todo.doer)))
    for meeting in case.to_come:
        what = " · ".join(filter(None, [meeting.title, meeting.place]))
        if meeting.held_at:
            at = meeting.held_at.astimezone(clock.TOKYO)
            found.append((at.date(), "打合せ", f"{at:%H:%M} {what}".strip(), "双方"))
        else:
            found.append((today, "打合せ", f"日程を調整しています。{what}".strip(), "双方"))
    for trial in case.trials_at_work:
        found.append((trial.ends_on, "実証実験", f"{trial.title}({trial.field})の終了日", "双方"))
    if case.adoption_deadline:
        who = str(case.adoption_department or case.lead)
        found.append(
            (case.adoption_deadline, "導入の道筋", f"導入を判断する期限。予算: {case.adoption_budget}", who)
        )
    for agreement in case.in_force:
        if agreement.expires_on:
            words = f"「{agreement.title}」({agreement.ref})が満了します"
            found.append((agreement.expires_on, "協定", words, str(case.lead)))
    found.sort()
    promises = [
        {
            "due": format_date(day),
            "late": "期限超過" if day < today else "",
            "kind": kind,
            "what": what,
            "who": who,
        }
        for day, kind, what, who in found
    ]
    return promises, [(day, f"{kind}: {what}") for day, kind, what, _who in found]


def _signs(case: Case, standing: Standing, today: date, closed) -> list[str]:
    """What the radar says of it, and how late the ball is."""
    found = [f"ボールの期限を{_left(case.ball_due_on, today, closed)}"] if case.is_overdue else []
    if case.stage == "paused":
        found.append(f"{format_date(case.paused_until)}まで保留")
    for sign in standing.signs:
        words = f"({standing.quiet}日間)" if sign is Sign.SILENT else ""
        found.append(f"{sign.label}{words}")
    return found


def _people(case: Case, acting: dict) -> list[dict]:
    found = [{"part": "担当者", "of": str(case.lead), "name": str(case.owner), "mail": case.owner.email}]
    for department in case.departments.all():
        if department.pk != case.lead_id:
            found.append({"part": "関係する部署", "of": str(department), "name": "", "mail": ""})
    for organisation in case.organisations.all():
        people = acting.get(organisation.pk, [])
        for person in people:
            found.append({"part": "団体", "of": str(organisation), "name": str(person), "mail": person.email})
        if not people:
            found.append(
                {
                    "part": "団体",
                    "of": str(organisation),
                    "name": "(画面を使う担当者は未登録)",
                    "mail": "",
                }
            )
    return found


def _waiting(departments: list[Department], subject: Subject, by: User) -> list[dict]:
    """Questions and proposals that wait for the departments, as far as `by` may read proposals there."""
    readable = visible_proposals(by, subject.municipality).exclude(
        organisation__in=authority(by).organisation_ids
    )
    asked = (
        Routing.objects.filter(
            department__in=departments,
            answer=Answer.WAITING,
            proposal__state="routing",
            proposal__in=readable.values("pk"),
        )
        .select_related("proposal__organisation", "department")
        .order_by("due_on", "id")
    )
    held = (
        Proposal.objects.filter(
            ball_department__in=departments, state__in=WAITING, pk__in=readable.values("pk")
        )
        .select_related("organisation", "ball_department")
        .order_by("ball_due_on", "id")
    )
    today = clock.today()
    rows, seen = [], set()
    for routing in asked:
        seen.add(routing.proposal_id)
        rows.append((routing.due_on, routing.proposal, "照会に回答する", routing.department))
    for proposal in held:
        if proposal.pk not in seen:
            rows.append(
                (proposal.ball_due_on, proposal, proposal.ball_next or "次を決める", proposal.ball_department)
            )
    rows.sort(key=lambda row: (row[0], row[1].pk))
    return [
        {
            "due": format_date(due),
            "late": "期限超過" if due < today else "",
            "ref": proposal.ref,
            "title": str(proposal),
            "organisation": str(proposal.organisation),
            "next": step,
            "department": str(department),
        }
        for due, proposal, step, department in rows
    ]


def _agreements(departments: list[Department], subject: Subject) -> list[dict]:
    rows = (
        Agreement.objects.filter(
            municipality=subject.municipality, department__in=departments, state__in=AGREEMENT.open
        )
        .prefetch_related("organisations")
        .order_by(F("expires_on").asc(nulls_last=True), "id")
    )
    return [
        {
            "ref": row.ref,
            "kind": str(row.get_kind_display()),
            "title": row.title,
            "with": "、".join(str(o) for o in row.organisations.all()),
            "state": str(AGREEMENT[row.state].label),
            "signed": format_date(row.signed_on) if row.signed_on else "未締結",
            "expires": format_date(row.expires_on) if row.expires_on else "期限の定めなし",
        }
        for row in rows
    ]


# --- the thread in a line each -----------------------------------------------------------------------------------


def _happening(post: Post) -> dict:
    who = str(post.author) if post.author_id else "システム"
    of = str(post.department or post.organisation or "")
    at = post.meeting.held_at if post.kind == PostKind.MEETING and post.meeting.held_at else post.at
    return {
        "at": format_date(_day(at)),
        "who": f"{who}({of})" if of and post.side != Side.SYSTEM else who,
        "what": _what(post),
        "text": _cut(_text(post), LONGEST),
    }


def _what(post: Post) -> str:
    data = post.data
    if post.kind == PostKind.STAGE and data.get("to") in CASE.states:
        return f"「{CASE[data['to']].label}」になりました"
    if post.kind == PostKind.BALL:
        return f"ボールを{data.get('from', '')}から{data.get('to', '')}へ渡しました"
    if post.kind == PostKind.DECISION:
        if data.get("to") == "closed":
            return f"見送り: {DeclineReason(data['reason']).label}"
        if data.get("decision") == "trial_decided":
            return f"実証実験の判定: {TrialDecision(data['as']).label}"
        return _DECISIONS.get(data.get("decision"), "決まったこと")
    return str(PostKind(post.kind).label)


_DECISIONS = {
    "adoption_route": "導入の道筋を決めました",
    "trial_planned": "実証実験を計画しました",
    "trial_started": "実証実験を始めました",
    "trial_reported": "実証実験の結果を報告しました",
    "trial_cancelled": "実証実験を取りやめました",
    "outcome": "成果を記録しました",
}


def _text(post: Post) -> str:
    if post.kind == PostKind.MEETING:
        return " ".join(filter(None, [post.meeting.place, post.meeting.minutes, post.meeting.decisions]))
    if post.kind == PostKind.FILE:
        return f"{post.file.name} {post.body}".strip()
    return post.body


def _cut(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _day(moment) -> date:
    return moment.astimezone(clock.TOKYO).date()


def _left(due: date, today: date, closed) -> str:
    if due == today:
        return "本日まで"
    days = max(abs(workdays_between(today, due, closed=closed)), 1)
    return f"あと{days}営業日" if due > today else f"{days}営業日超過"
