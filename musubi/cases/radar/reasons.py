"""Why an open case lies: what its record says, never a guess. Several may hold; the one that blocks most comes first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.cases.models import Agreement, Case, LastWord, Post, Todo, Trial
from musubi.cases.radar.signs import Standing
from musubi.cases.rules import has_adoption_route
from musubi.cases.states import PostKind, Side
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Department, Staff
from musubi.proposals.models import Routing

NEEDS_ROUTE = ("planning", "trial")
AWAITS_ADOPTION = ("planning", "trial", "evaluation")


@dataclass(frozen=True)
class Reason:
    """One thing that holds a case up.

    `since` is the day it began, None where the record does not say. `act` is what mends it, by the code of its form,
    `label` the words on the button, `advice` what to do, in a sentence; `trial` and
    `agreement` name the one it is about. `is_open`
    marks the ones for which there is no one way on: there, what helped in other cases is worth more than the advice.
    """

    code: str
    text: str
    since: date | None
    act: str
    label: str
    advice: str
    is_open: bool = False
    trial: int | None = None
    agreement: str = ""


class Record:
    """What the reasons are read from, for a handful of cases of one municipality: at most eight statements for any number.

    The cases need `lead`, `owner`, `ball_department`, `ball_organisation` and `departments` at hand
    (`cases.queries.for_rows`).
    """

    def __init__(self, cases: Iterable[Case]):
        cases = list(cases)
        pks = [case.pk for case in cases]
        self.spoken: dict[int, dict[bool, datetime]] = {}  # by case: theirs (True), ours (False)
        said = Post.objects.filter(case__in=pks, kind=PostKind.MESSAGE).exclude(side=Side.SYSTEM)
        for pk, side, at in said.values_list("case", "side").annotate(last=Max("at")).order_by():
            last = self.spoken.setdefault(pk, {})
            theirs = side == Side.ORGANISATION
            last[theirs] = max(at, last.get(theirs, at))
        self.todos: dict[int, list[Todo]] = {}
        late = Todo.objects.filter(case__in=pks, done_at=None, due_on__lt=clock.today())
        for todo in late.select_related("department", "organisation").order_by("due_on", "id"):
            self.todos.setdefault(todo.case_id, []).append(todo)
        self.trials: dict[int, list[Trial]] = {}
        for trial in Trial.objects.filter(case__in=pks).order_by("starts_on", "id"):
            self.trials.setdefault(trial.case_id, []).append(trial)
        self.routings: dict[int, list[Routing]] = {}
        asked = Routing.objects.filter(
            proposal__in=[case.proposal_id for case in cases if case.proposal_id], answer="waiting"
        )
        for routing in asked.select_related("department").order_by("asked_at", "id"):
            self.routings.setdefault(routing.proposal_id, []).append(routing)
        # By case: (agreement, when it was handed to the lawyers, None where the record does not say).
        self.reviews: dict[int, list[tuple[Agreement, datetime | None]]] = {}
        waiting = Agreement.objects.filter(cases__in=pks, state="review").order_by("pk")
        links = list(waiting.annotate(case=F("cases")))
        handed = Entry.objects.filter(
            verb="agreement.review_asked", kind="agreement", object_id__in={each.pk for each in links}
        )
        asked_at = dict(handed.order_by().values_list("object_id").annotate(last=Max("at")))
        for agreement in links:
            self.reviews.setdefault(agreement.case, []).append((agreement, asked_at.get(agreement.pk)))
        cities = {case.municipality_id for case in cases}
        sections = list(
            Department.objects.filter(municipality__in=cities)
            .values_list("pk", "parent_id", "name")
            .order_by()
        )
        self._parents = {pk: parent for pk, parent, _name in sections}
        self.names = {pk: name for pk, _parent, name in sections}
        self._seats: dict[tuple[int, int], list[Staff]] = {}
        seats = Staff.objects.filter(user__in={case.owner_id for case in cases}, municipality__in=cities)
        for seat in seats.order_by():
            self._seats.setdefault((seat.user_id, seat.municipality_id), []).append(seat)

    def last_word(self, case: Case) -> LastWord:
        """Whose message was the last one."""
        spoken = self.spoken.get(case.pk, {})
        if not spoken:
            return LastWord.NOBODY
        return LastWord.ORGANISATION if max(spoken, key=spoken.get) else LastWord.MUNICIPALITY

    def owner_works_here(self, case: Case) -> bool:
        """Whether the owner has a role now that reaches this case: at the desk, or in (or above) one of its departments."""
        if not case.owner.is_active:
            return False
        reached = set()
        for pk in case.department_ids:
            while pk is not None and pk not in reached:
                reached.add(pk)
                pk = self._parents.get(pk)
        return any(
            seat.ended_at is None
            and (
                seat.role == "desk" or (seat.role in ("officer", "manager") and seat.department_id in reached)
            )
            for seat in self._seats.get((case.owner_id, case.municipality_id), [])
        )

    def owner_left_on(self, case: Case) -> date | None:
        ends = [seat.ended_at for seat in self._seats.get((case.owner_id, case.municipality_id), [])]
        ends = [end for end in ends if end is not None]
        return _day(max(ends)) if ends else None


def reasons_of(case: Case, standing: Standing, record: Record) -> list[Reason]:
    """Everything in the record that holds the case up, the main one first; never empty for a case with a sign.

    A case without a sign is only asked for what is wrong whatever its age (an owner who has left, a to-do overdue …).
    """
    found = [
        *_owner(case, record),
        *_pause(case),
        *_reply(case, standing, record),
        *_elsewhere(case, standing, record),
        *_todos(case, record),
        *_trial(case, standing, record),
        *_decision(case, standing, record),
        *_route(case, standing),
        *_outcome(case, standing),
        *_ball(case, standing, record),
    ]
    return found or (_silence(case, standing) if standing.signs else [])


def _owner(case: Case, record: Record):
    if not record.owner_works_here(case):
        yield Reason(
            "owner_gone",
            _("担当者の%(name)sさんは、異動などで、この案件の部署にいません") % {"name": case.owner},
            record.owner_left_on(case),
            "owner",
            _("担当者を決める"),
            _("今いる職員から担当者を決め直してください。決まるまで、だれも動けません。"),
        )


def _pause(case: Case):
    if case.stage == "paused" and case.paused_until < clock.today():
        yield Reason(
            "pause_over",
            _("保留の期限を過ぎたままです"),
            case.paused_until,
            "resume",
            _("再開する"),
            _("再開するか、見送りにするかを決めてください。"),
        )


def _reply(case: Case, standing: Standing, record: Record):
    spoken = record.spoken.get(case.pk, {})
    if case.ball_organisation_id and (standing.signs or standing.is_overdue):
        asked = spoken.get(False)
        if asked and asked >= case.ball_since:
            yield Reason(
                "no_reply",
                _("%(name)sに連絡し、返事を待っています") % {"name": case.ball_organisation},
                _day(asked),
                "offer",
                _("打合せの日を示す"),
                _("返事がないときは、短い打合せの日を示すと動きやすくなります。"),
                is_open=True,
            )
        else:
            yield Reason(
                "not_asked",
                _("%(name)sがボールを持っていますが、渡してから一度もたずねていません")
                % {"name": case.ball_organisation},
                _day(case.ball_since),
                "say",
                _("様子をたずねる"),
                _("何をいつまでにしてほしいかを、一言たずねてください。"),
            )
    elif record.last_word(case) == LastWord.ORGANISATION and standing.is_overdue:
        yield Reason(
            "unanswered",
            _("団体からのメッセージに、まだ返事をしていません"),
            _day(spoken[True]),
            "say",
            _("返事を書く"),
            _("まず、受け取ったことと、いつまでに答えるかを返してください。"),
        )


def _elsewhere(case: Case, standing: Standing, record: Record):
    """Another department than the lead has it, or was asked about the proposal and has not answered."""
    if case.ball_department_id and case.ball_department_id != case.lead_id and standing.is_overdue:
        yield Reason(
            "elsewhere",
            _("%(name)sの対応を待っています(主担当は%(lead)s)")
            % {"name": case.ball_department, "lead": case.lead},
            _day(case.ball_since),
            "ball",
            _("ボールを渡し直す"),
            _("期限と、してほしいことを書いて渡し直すか、主担当課に戻してください。"),
            is_open=True,
        )
    # Whoever takes part in the case has answered by that.
    asked = record.routings.get(case.proposal_id, []) if case.proposal_id else []
    waiting = [routing for routing in asked if routing.department_id not in case.department_ids]
    if waiting and standing.signs:
        names = _("、").join(str(routing.department) for routing in waiting)
        yield Reason(
            "routing",
            _("%(names)sが、提案の照会にまだ回答していません") % {"names": names},
            _day(waiting[0].asked_at),
            "department",
            _("部署を案件に加える"),
            _("照会の回答を待たずに、その部署を案件に加えて、直接相談できます。"),
            is_open=True,
        )


def _todos(case: Case, record: Record):
    late = record.todos.get(case.pk, [])
    if late:
        first = late[0]
        words = ngettext(
            "宿題%(n)d件が期限を過ぎています(%(who)s: %(text)s)",
            "宿題%(n)d件が期限を過ぎています(%(who)s: %(text)s)",
            len(late),
        )
        yield Reason(
            "todo_late",
            words % {"n": len(late), "who": first.doer, "text": first.text},
            first.due_on,
            "meetings",
            _("宿題を確かめる"),
            _("済んでいれば印を付け、まだなら、いつできるかを相手と決め直してください。"),
        )


def _trial(case: Case, standing: Standing, record: Record):
    trials = record.trials.get(case.pk, [])
    today = clock.today()
    for trial in trials:
        if trial.state == "running" and trial.ends_on < today:
            yield Reason(
                "trial_unreported",
                _("実証実験「%(title)s」は終わりましたが、結果が報告されていません") % {"title": trial.title},
                trial.ends_on,
                "report",
                _("実証の結果を報告する"),
                _("指標の値と分かったことを報告すると、検証に進めます。"),
                trial=trial.pk,
            )
        elif trial.state == "planned" and case.stage == "planning" and standing.signs:
            yield Reason(
                "unapproved",
                _("実証実験「%(title)s」の計画が、承認を待っています") % {"title": trial.title},
                None,
                "approve",
                _("計画を承認する"),
                _("指標としきい値を確かめて承認すると、実証に進めます。"),
                trial=trial.pk,
            )
        elif trial.state == "reported" and case.stage in ("trial", "evaluation", "paused"):
            yield Reason(
                "undecided",
                _("実証実験「%(title)s」の結果は報告されましたが、判定がまだです") % {"title": trial.title},
                _day(trial.reported_at or case.stage_since),
                "decide",
                _("判定する"),
                _("しきい値と並べて、導入・継続・終了を決めてください。"),
                trial=trial.pk,
            )


def _decision(case: Case, standing: Standing, record: Record):
    """Somebody inside has to say yes: whoever decides on the adoption, or the lawyers."""
    if has_adoption_route(case) and case.stage in AWAITS_ADOPTION and case.adoption_deadline < clock.today():
        yield Reason(
            "adoption_late",
            _("導入の判断を待っています(%(who)s)。決めておいた判断の期限を過ぎました")
            % {"who": record.names[case.adoption_department_id]},
            case.adoption_deadline,
            "adoption",
            _("判断の期限を決め直す"),
            _("判断する会議や決裁の日を確かめて期限を決め直し、団体にも知らせてください。"),
        )
    for agreement, asked in record.reviews.get(case.pk, []):
        if standing.signs:
            yield Reason(
                "review",
                _("協定「%(title)s」が、法務の確認を待っています") % {"title": agreement.title},
                _day(asked) if asked else None,
                "agreement",
                _("協定を開く"),
                _("確認にかかる日数を担当にたずね、いつ頃になるかを団体に知らせてください。"),
                agreement=agreement.ref,
            )


def _route(case: Case, standing: Standing):
    if case.stage in NEEDS_ROUTE and standing.signs and not has_adoption_route(case):
        yield Reason(
            "no_budget",
            _("導入の道筋(予算・担当部署・判断の期限)が決まっていません"),
            _day(case.stage_since),
            "adoption",
            _("導入の道筋を決める"),
            _("どの予算で、どの部署が、いつまでに判断するかを決めてください。実証に進むのに必要です。"),
        )


def _outcome(case: Case, standing: Standing):
    if case.stage == "implementation" and standing.is_slow and not case.outcome_count:
        yield Reason(
            "no_outcome",
            _("事業化に進みましたが、成果がまだ記録されていません"),
            _day(case.stage_since),
            "outcome",
            _("成果を記録する"),
            _("始まった取組みを成果として記録すると、完了にできます。"),
        )


def _ball(case: Case, standing: Standing, record: Record):
    """The lead itself has let it lie. (What it owes an answer to is said by `_reply`.)"""
    answered = record.last_word(case) != LastWord.ORGANISATION
    if (
        case.ball_department_id == case.lead_id
        and standing.is_overdue
        and case.stage != "paused"
        and answered
    ):
        yield Reason(
            "ball_late",
            _("%(name)sの番のまま、期限を過ぎています: %(next)s")
            % {
                "name": case.lead,
                "next": case.ball_next or _("次の一手が決まっていません"),
            },
            case.ball_due_on,
            "say",
            _("状況を知らせる"),
            _("いまの状況と次にすることを団体に知らせ、期限を決め直してください。"),
            is_open=True,
        )


def _silence(case: Case, standing: Standing) -> list[Reason]:
    """Nothing in particular is on the record: then that is what there is to say."""
    if standing.is_silent:
        spoken = case.last_spoken_at
        text = (
            _("最後のやり取りのあと、だれも発言していません")
            if spoken
            else _("案件を開いてから、まだだれも発言していません")
        )
        return [
            Reason(
                "quiet",
                text,
                _day(spoken or case.opened_at),
                "say",
                _("メッセージを送る"),
                _("近況を一言たずねるだけでも、次の動きにつながります。"),
                is_open=True,
            )
        ]
    return [
        Reason(
            "long",
            _("ボールの期限は守られていますが、この段階が長く続いています: %(next)s")
            % {"next": case.ball_next or _("次の一手が決まっていません")},
            _day(case.stage_since),
            "advance",
            _("次の段階を考える"),
            _("次の段階に進む条件がそろっていないか、案件の画面で確かめてください。"),
            is_open=True,
        )
    ]


def _day(moment: datetime) -> date:
    return moment.astimezone(clock.TOKYO).date()
