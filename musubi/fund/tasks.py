"""What the worker does for the fund by itself: days that come are told once each, letters are issued and made.

Each reminder is an entry of the journal, which is the mark that it was given: who is told is in `notices`.
"""

from collections import defaultdict
from datetime import timedelta

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from musubi.fund.letters.batches import make_waiting
from musubi.fund.letters.issuing import issue_waiting
from musubi.fund.models import Application, Assignment, Award, Call, Claim
from musubi.fund.states import APPLICATION, CALL
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.lifecycle import hold
from musubi.notify.tasks import beside, periodic

EVERY = timedelta(minutes=10)
# Nobody wants a reminder in the night.
MORNING = 8
BEFORE_CLOSING = timedelta(days=3)
BEFORE_CORRECTION = timedelta(days=3)
BEFORE_REPORT, BEFORE_CLAIM = timedelta(days=14), timedelta(days=5)


beside("助成の通知書")(make_waiting)


@periodic("助成: 通知書の発行", every=timedelta(minutes=1))
def issue_letters() -> int:
    return issue_waiting()


@periodic("助成: 募集の始まりと締切", every=EVERY)
def tell_of_calls() -> int:
    """The members hear that a call has opened, and three days before its end who still has a draft."""
    now = clock.now()
    told = 0
    running = Call.objects.filter(state="published", opens_at__lte=now, closes_at__gt=now)
    for call in _untold(running, "call.opened"):
        told += _mark("call.opened", call)
    for call in running.filter(closes_at__lte=now + BEFORE_CLOSING):
        # One that was put off comes near a second time.
        told += _mark("call.closing_soon", call, closes_at=call.closes_at.isoformat())
    return told


@periodic("助成: 採点と報告と返還の期限", every=EVERY)
def remind() -> int:
    """Corrections, sheets, acceptances, reports and claims that are due or late; from eight in the morning."""
    if clock.now().astimezone(clock.TOKYO).hour < MORNING:
        return 0
    return _corrections() + _late_sheets() + _acceptances() + _reports() + _outcomes() + _claims()


def _corrections() -> int:
    """What was returned, three days before the day it is wanted by and when that has passed: once each."""
    today = clock.today()
    rows = Application.objects.filter(
        state="returned",
        call__state__in=["published", "screening"],
        correct_by__lte=today + BEFORE_CORRECTION,
    )
    told = 0
    for application in rows.select_related("call__fund__municipality"):
        due = application.correct_by
        told += _mark("application.correction_due", application, due_on=due.isoformat(), is_over=due < today)
    return told


def _late_sheets() -> int:
    sheets = Assignment.objects.filter(
        state="assigned", due_on__lt=clock.today(), application__call__state="screening"
    ).filter(
        models.Q(stage="first", application__state="checked")
        | models.Q(stage="second", application__state="first_passed")
    )
    late: dict[tuple, list[Assignment]] = defaultdict(list)
    for sheet in sheets.select_related("member", "application__call__fund__municipality"):
        late[sheet.application.call, sheet.stage, sheet.due_on].append(sheet)
    told = 0
    for (call, stage, due_on), rows in late.items():
        before = Entry.objects.filter(verb="call.sheets_late", kind="call", object_id=call.pk)
        known = {pk for data in before.values_list("data", flat=True) for pk in data["sheets"]}
        if new := [sheet for sheet in rows if sheet.pk not in known]:
            told += _mark(
                "call.sheets_late",
                call,
                stage=stage,
                due_on=due_on.isoformat(),
                users=sorted({sheet.member.user_id for sheet in new}),
                sheets=sorted(sheet.pk for sheet in new),
            )
    return told


def _acceptances() -> int:
    rows = Award.objects.filter(accepted_at=None, application__state="awarded")
    waiting = _untold(rows.select_related("application__edition"), "award.acceptance_wanted")
    return sum(
        _mark("award.acceptance_wanted", award)
        for award in waiting
        if award.decided_on + timedelta(days=award.application.edition.acceptance_days) <= clock.today()
    )


def _reports() -> int:
    rows = Award.objects.filter(application__state__in=["awarded", "advanced", "change_requested"])
    return _days("award.report_due", rows, "report_on")


def _outcomes() -> int:
    return _days("award.outcome_due", Award.objects.filter(application__state="settled"), "outcome_on")


def _days(verb: str, rows: models.QuerySet[Award], column: str) -> int:
    today = clock.today()
    near = rows.filter(**{f"application__call__{column}__lte": today + BEFORE_REPORT})
    told = 0
    for award in near.select_related("application__call__fund__municipality"):
        due = getattr(award.application.call, column)
        told += _mark(verb, award, due_on=due.isoformat(), is_over=due < today)
    return told


def _claims() -> int:
    today = clock.today()
    rows = Claim.objects.filter(returned_on=None, due_on__lte=today + BEFORE_CLAIM)
    told = 0
    for claim in rows.select_related("award__application__call__fund__municipality"):
        verb = "claim.overdue" if claim.due_on < today else "claim.due_soon"
        told += _mark(verb, claim.award, claim=claim.pk)
    return told


def _untold(rows: models.QuerySet, verb: str) -> models.QuerySet:
    told = Entry.objects.filter(verb=verb, kind=rows.model._meta.model_name, object_id=OuterRef("pk"))
    return rows.exclude(Exists(told))


@transaction.atomic
def _mark(verb: str, thing: models.Model, **data) -> bool:
    """Write the entry, unless there is one that says the same already: two workers at once write one."""
    hold(thing, {Call: CALL.subject, Application: APPLICATION.subject}.get(type(thing), "交付決定"))
    same = Entry.objects.filter(verb=verb, kind=thing._meta.model_name, object_id=thing.pk)
    if any(entry.data == data for entry in same):
        return False
    journal.write(verb, thing, by=None, **data)
    return True
