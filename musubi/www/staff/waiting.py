"""What waits for a person: the counts of the menu, and the rows of today's page."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import CharField, Count, Value
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.cases.models import Case
from musubi.cases.queries import lying_with
from musubi.cases.rules import has_adoption_route
from musubi.cases.states import CASE
from musubi.cases.states import OPEN as CASES_OPEN
from musubi.challenges.models import Challenge
from musubi.challenges.queries import to_check
from musubi.lib import clock
from musubi.lib.workdays import workdays_between
from musubi.people.models import Member, Municipality
from musubi.people.permissions import Can, Reach, authority
from musubi.people.queries import closing_days
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.queries import inbox, questions_to

MOST_ROWS = 50


@dataclass(frozen=True)
class Menu:
    """Counts (0 where a page is not the person's) and what the person may open."""

    inbox: int = 0
    answered: int = 0
    questions: int = 0
    cases: int = 0
    check: int = 0
    returned: int = 0
    members: int = 0
    desk: bool = False
    may_manage: bool = False
    may_read_journal: bool = False
    may_import: bool = False
    fund: bool = False

    @property
    def today(self) -> int:
        return (
            self.inbox
            + self.answered
            + self.questions
            + self.cases
            + self.check
            + self.returned
            + self.members
        )


def menu(request, municipality: Municipality) -> Menu:
    """The person's menu: one statement, kept on the request."""
    kept = request.__dict__.setdefault("_staff_menu", {})
    if municipality.pk not in kept:
        kept[municipality.pk] = _menu(request.user, municipality)
    return kept[municipality.pk]


def _menu(user, municipality: Municipality) -> Menu:
    mine = authority(user)
    asked = {"cases": _cases(user, municipality), "questions": _questions(user, municipality)}
    asked["returned"] = _returned(user, municipality)
    desk = mine.may_in(Can.ROUTE_PROPOSAL, municipality.pk, Reach.MUNICIPALITY)
    if desk:
        asked["inbox"] = Proposal.objects.filter(municipality=municipality, state="submitted")
        asked["answered"] = _all_answered(municipality).select_related(None)
        asked["check"] = to_check(municipality)
        asked["members"] = Member.objects.filter(municipality=municipality, state="applied")
    counting = [
        rows.order_by().values(name=Value(name, CharField())).annotate(n=Count("pk")).values_list("name", "n")
        for name, rows in asked.items()
    ]
    counts = dict(counting[0].union(*counting[1:], all=True).order_by())
    return Menu(
        **counts,
        desk=desk,
        may_manage=mine.may_in(Can.MANAGE_MUNICIPALITY, municipality.pk) or user.is_operator,
        may_read_journal=mine.may_in(Can.SEE_JOURNAL, municipality.pk),
        may_import=mine.may_in(Can.IMPORT, municipality.pk),
        fund=mine.may_in(Can.SEE_FUND, municipality.pk),
    )


def acts_for(user, can: Can, municipality: Municipality) -> frozenset[int]:
    """The departments for which the person works with `can`: the ones their seats cover."""
    return frozenset().union(
        *(seat.covers for seat in authority(user).in_municipality(municipality.pk) if can in seat.role.grants)
    )


def _cases(user, municipality):
    departments = acts_for(user, Can.MOVE_CASE, municipality)
    return Case.objects.filter(
        municipality=municipality, ball_department__in=departments, stage__in=CASES_OPEN
    )


def _questions(user, municipality):
    departments = acts_for(user, Can.ANSWER_ROUTING, municipality)
    return Routing.objects.filter(
        department__in=departments,
        answer="waiting",
        proposal__municipality=municipality,
        proposal__state="routing",
    )


def _returned(user, municipality):
    """Drafts the desk has sent back, of the departments the person writes for."""
    departments = acts_for(user, Can.WRITE_CHALLENGE, municipality)
    return Challenge.objects.filter(
        municipality=municipality, department__in=departments, state="draft"
    ).exclude(remarks="")


# --- today ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One row of today's page: what it is, whose, since when, by when, and the next step.

    `href` is the thing's page, `act` the address of the form that takes the step.
    """

    kind: str
    icon: str
    title: str
    href: str
    act: str
    who: str
    step: str
    since: datetime | None = None
    due: date | None = None
    left: str = ""

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < clock.today()


def due_words(due: date | None, closed) -> str:
    """How long something may still lie, in business days: あと3営業日, 本日まで, 2営業日超過."""
    if due is None:
        return ""
    today = clock.today()
    if due == today:
        return _("本日まで")
    days = abs(workdays_between(today, due, closed=closed))
    if due > today:
        return ngettext("あと%(n)d営業日", "あと%(n)d営業日", days) % {"n": days}
    return ngettext("%(n)d営業日超過", "%(n)d営業日超過", days) % {"n": max(days, 1)}


def tasks(user, municipality: Municipality, desk: bool) -> list[Task]:
    """Everything that waits for the person, the oldest first; the page shows what is overdue above the rest."""
    closed = closing_days(municipality.pk)
    slug = municipality.slug
    found: list[Task] = []

    def add(name: str, ref, due=None, *, form: str = "", **facts) -> None:
        href = reverse(name, args=[slug, ref])
        found.append(Task(href=href, act=href + form, due=due, left=due_words(due, closed), **facts))

    for routing in questions_to(acts_for(user, Can.ANSWER_ROUTING, municipality), municipality)[:MOST_ROWS]:
        proposal = routing.proposal
        add(
            "staff-proposal",
            proposal.ref,
            routing.due_on,
            form=f"#answer-{routing.pk}",
            kind=_("照会"),
            icon="message",
            title=proposal.title,
            who=f"{proposal.organisation} → {routing.department}",
            step=_("照会に回答する"),
            since=routing.asked_at,
        )
    for case in lying_with(acts_for(user, Can.MOVE_CASE, municipality), municipality)[:MOST_ROWS]:
        add(
            "staff-case",
            case.ref,
            case.ball_due_on,
            form="?act={0}#act-{0}".format(_next_form(case)),
            kind=_("案件・%(stage)s") % {"stage": CASE[case.stage].label},
            icon="board",
            title=case.title,
            who=f"{_('、').join(o.name for o in case.organisations.all())} → {case.ball_department}",
            step=case.ball_next or _("次の一手を決める"),
            since=case.ball_since,
        )
    for challenge in (
        _returned(user, municipality).select_related("department").order_by("created_at")[:MOST_ROWS]
    ):
        add(
            "staff-challenge",
            challenge.ref,
            kind=_("差戻し"),
            icon="undo",
            title=challenge.title,
            who=str(challenge.department),
            step=_("指摘を直して、もう一度確認を依頼する"),
            since=challenge.submitted_at,
        )
    if desk:
        for proposal in inbox(municipality)[:MOST_ROWS]:
            add(
                "staff-proposal",
                proposal.ref,
                proposal.ball_due_on,
                form="#route",
                kind=_("新しい提案"),
                icon="inbox",
                title=proposal.title,
                who=str(proposal.organisation),
                step=proposal.ball_next or _("照会先を決める"),
                since=proposal.submitted_at,
            )
        for proposal in _all_answered(municipality)[:MOST_ROWS]:
            add(
                "staff-proposal",
                proposal.ref,
                proposal.ball_due_on,
                form="#open",
                kind=_("回答がそろった提案"),
                icon="document",
                title=proposal.title,
                who=str(proposal.organisation),
                step=proposal.ball_next,
                since=proposal.ball_since,
            )
        for challenge in to_check(municipality).select_related("department")[:MOST_ROWS]:
            add(
                "staff-challenge",
                challenge.ref,
                form="#check",
                kind=_("課題の確認依頼"),
                icon="flag",
                title=challenge.title,
                who=str(challenge.department),
                step=_("内容を確かめて公開する"),
                since=challenge.submitted_at,
            )
        waiting = Member.objects.filter(municipality=municipality, state="applied").select_related(
            "organisation"
        )
        for member in waiting.order_by("applied_at")[:MOST_ROWS]:
            add(
                "staff-member",
                member.pk,
                kind=_("会員の申込み"),
                icon="people",
                title=member.organisation.name,
                who=member.organisation.get_kind_display(),
                step=_("申込みを確認する"),
                since=member.applied_at,
            )
    longest_ago = clock.at(date(2000, 1, 1))
    return sorted(found, key=lambda task: (task.since or longest_ago, task.due or date.max))


def _next_form(case: Case) -> str:
    """Which of the case page's forms the holder of its ball most likely wants, by what the row itself says."""
    if case.stage == "paused":
        return "resume"
    spoken = case.last_spoken_at
    if spoken and abs(case.ball_since - spoken) < timedelta(minutes=1):
        return "say"  # the ball came with words: somebody waits for an answer
    if case.stage == "planning" and not has_adoption_route(case):
        return "adoption"
    return "say" if case.stage in ("intake", "dialogue") else "advance"


def _all_answered(municipality: Municipality):
    """Routed proposals whose ball has come back to the desk."""
    return (
        Proposal.objects.filter(municipality=municipality, state="routing", ball_department__is_desk=True)
        .select_related("organisation")
        .order_by("ball_due_on", "id")
    )
