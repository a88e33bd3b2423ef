"""Whose turn it is: the open proposals and cases of a person's organisations, each with its ball."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases import queries as cases
from musubi.cases.models import Case
from musubi.cases.states import CASE
from musubi.cases.states import OPEN as OPEN_STAGES
from musubi.lib import clock
from musubi.lib.lifecycle import State
from musubi.people.models import ClosingDay
from musubi.proposals import queries as proposals
from musubi.proposals.models import Proposal, Referral
from musubi.proposals.states import PROPOSAL, REFERRAL, WAITING
from musubi.www.case_record import days_words, is_mine
from musubi.www.templatetags.pieces import days_left


@dataclass(frozen=True)
class Turn:
    """One open thing: where it leads, and who must act next, since when and by when. `left` says it in words."""

    kind: str
    title: str
    href: str
    ref: str
    where: str
    organisation: str
    state: State
    holder: str
    mine: bool
    task: str
    since: datetime
    due: date | None
    late: bool
    left: str
    step: str = ""


def turns(user, more: list[Turn] = ()) -> tuple[list[Turn], list[Turn]]:
    """(what waits for the person's organisations, what waits for others), each with the one due first on top; `more`
    are those of other topics.

    Three statements and those that load the rows' relations, whatever there is.
    """
    open_proposals = list(proposals.of_organisations(user).filter(state__in=WAITING))
    open_cases = list(cases.of_organisations(user).filter(stage__in=OPEN_STAGES))
    closed = closing_days({thing.municipality_id for thing in [*open_proposals, *open_cases]})
    found = [proposal_turn(p, closed[p.municipality_id]) for p in open_proposals]
    found += [case_turn(c, user, closed[c.municipality_id]) for c in open_cases]
    found += [referral_turn(r) for r in proposals.referrals_waiting_for(user)]
    found += more
    found.sort(key=lambda turn: (turn.due or date.max, turn.since))
    return [t for t in found if t.mine], [t for t in found if not t.mine]


def proposal_turn(proposal: Proposal, closed=()) -> Turn:
    """A proposal that waits (`ball.Held` in its states submitted and routing), in the proposer's words."""
    if proposal.state == "submitted":
        task = _("提案を確認し、どの課で検討するかを決めます")
    elif proposal.ball_department.is_desk:
        task = _("担当課の回答をまとめ、これからの進め方を決めます")
    else:
        task = _("担当課が提案を検討しています")
    return Turn(
        kind=_("提案"),
        title=str(proposal),
        href=reverse("my-proposal", args=[proposal.pk]),
        ref=proposal.ref,
        where=proposal.municipality.display_name,
        organisation=proposal.organisation.display_name,
        state=PROPOSAL[proposal.state],
        holder=f"{proposal.municipality.display_name} {proposal.holder.display_name}",
        mine=False,
        task=task,
        since=proposal.ball_since,
        due=proposal.ball_due_on,
        late=proposal.is_overdue,
        left=days_words(proposal, closed),
    )


def referral_turn(referral: Referral) -> Turn:
    """An offer to take a declined proposal elsewhere, which waits for the organisation's word."""
    proposal = referral.proposal
    city, target = proposal.municipality.display_name, referral.target
    name = target.display_name if referral.department_id else target.title
    return Turn(
        kind=_("提案の紹介"),
        title=str(proposal),
        href=reverse("my-referral", args=[referral.pk]),
        ref=proposal.ref,
        where=city,
        organisation=proposal.organisation.display_name,
        state=REFERRAL[referral.state],
        holder=proposal.organisation.display_name,
        mine=True,
        task=_("「%(name)s」で検討してもよいか返事をする") % {"name": name},
        since=referral.offered_at,
        due=referral.expires_on,
        late=False,
        left=days_left(referral.expires_on, clock.today()),
        step=_("内容を見て返事をする"),
    )


def case_turn(case: Case, user, closed=()) -> Turn:
    """An open case, seen by somebody who represents one of its organisations."""
    city = case.municipality.display_name
    name = case.holder.display_name
    return Turn(
        kind=_("連携案件"),
        title=case.title,
        href=reverse("my-case", args=[case.municipality.slug, case.ref]),
        ref=case.ref,
        where=city,
        organisation="、".join(o.display_name for o in case.organisations.all()),
        state=CASE[case.stage],
        holder=f"{city} {name}" if case.ball_department_id else name,
        mine=is_mine(case, user),
        task=case.ball_next,
        since=case.ball_since,
        due=case.ball_due_on,
        late=case.is_overdue,
        left=days_words(case, closed),
    )


def closing_days(municipalities) -> dict[int, set[date]]:
    """The closing days of several municipalities (ids) at once."""
    found: dict[int, set[date]] = defaultdict(set)
    rows = ClosingDay.objects.filter(municipality__in=municipalities)
    for pk, day in rows.values_list("municipality_id", "day"):
        found[pk].add(day)
    return found
