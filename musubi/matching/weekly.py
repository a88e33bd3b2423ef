"""The weekly digest: once a week, on its first business morning, each representative is told of new open challenges
that match what their organisations offer, or a search they saved.

A round may be killed at any statement and be gone on with, by the same worker or by another at the same time: the row
that says a person was looked at this week, the mail, and what it mentioned are written in one transaction. After days
without a worker there is one digest, with all that is new. Nobody is told of a challenge twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.lib.workdays import is_workday
from musubi.matching import ask, notices, queries, reasons, searching
from musubi.matching.models import Mentioned, Refreshed, SavedSearch, Suggestion, WeeklyDigest
from musubi.matching.notices import WEEKLY, Line
from musubi.notify import direct
from musubi.notify.queries import who_want_mail
from musubi.people.models import Representative, User

HOUR = 8
CHUNK = 50
# Of what one seed is suggested for; of one mail.
PLACES, MOST = 10, 10
# How many answers to a search are looked at for those that are new.
LOOKED_AT = 50

ROUND = "weekly"


def week_due() -> date | None:
    """The Monday of the week whose digests may be written now: from 8 o'clock of its first business day."""
    today = clock.today()
    if clock.now().astimezone(clock.TOKYO).hour < HOUR or not is_workday(today):
        return None
    return today - timedelta(days=today.weekday())


def write(stop: Callable[[], bool] = lambda: False) -> int:
    """Write the digests of this week that were not yet; returns how many mails were queued. Raises
    `engine.index.Preparing` where a search could not be asked: then those wait."""
    week = week_due()
    if week is None:
        return 0
    done = {"kind": ROUND, "object_id": week.toordinal()}
    if Refreshed.objects.filter(**done).exists():
        return 0
    count = 0
    while not stop():
        people = _waiting(week)
        if not people:
            Refreshed.objects.bulk_create([Refreshed(**done, at=clock.now())], ignore_conflicts=True)
            break
        count += _write_to(people, week)
    return count


def _waiting(week: date) -> list[int]:
    """Representatives (ids) not looked at yet this week."""
    acts = Representative.objects.filter(user=OuterRef("pk"), ended_at=None)
    seen = WeeklyDigest.objects.filter(user=OuterRef("pk"), week=week)
    people = User.objects.filter(Exists(acts), ~Exists(seen), is_active=True)
    return list(people.order_by("pk").values_list("pk", flat=True)[:CHUNK])


def _write_to(people: list[int], week: date) -> int:
    lines = lines_for(who_want_mail(WEEKLY, people))
    claim, now = uuid4(), clock.now()
    with transaction.atomic():
        WeeklyDigest.objects.bulk_create(
            [WeeklyDigest(user_id=pk, week=week, at=now, claim=claim) for pk in people], ignore_conflicts=True
        )
        # Another worker may have been faster with some: it writes to those.
        ours = WeeklyDigest.objects.filter(user__in=people, week=week, claim=claim).order_by("user_id")
        ours = [pk for pk in ours.values_list("user_id", flat=True) if lines.get(pk)]
        users = User.objects.in_bulk(ours)
        Mentioned.objects.bulk_create(
            [Mentioned(user_id=pk, challenge=line.challenge, at=now) for pk in ours for line in lines[pk]],
            ignore_conflicts=True,
        )
        letters = []
        for pk in ours:
            with translation.override(users[pk].language):
                letters.append(notices.weekly(users[pk], lines[pk]))
        return direct.mail(WEEKLY, letters)


def lines_for(people: set[int]) -> dict[int, list[Line]]:
    """What there is to tell each of the people (ids), in their language: what they search for first, then what is
    suggested to their organisations; nothing that they were told of before. Raises `engine.index.Preparing`."""
    acts: dict[int, set[int]] = defaultdict(set)
    seats = Representative.objects.filter(user__in=people, ended_at=None)
    for person, owner in seats.values_list("user", "organisation"):
        acts[person].add(owner)
    owners = set().union(*acts.values())
    suggested: dict[int, list[Suggestion]] = defaultdict(list)
    for row in _suggested(owners):
        suggested[row.organisation_id].append(row)
    searches: dict[int, list[SavedSearch]] = defaultdict(list)
    for search in _searches(people):
        if search.organisation_id in acts[search.user_id]:
            searches[search.user_id].append(search)
    told: dict[int, set[int]] = defaultdict(set)
    for person, challenge in Mentioned.objects.filter(user__in=people).values_list("user", "challenge"):
        told[person].add(challenge)
    languages = dict(User.objects.filter(pk__in=people).values_list("pk", "language"))

    found = {}
    for person in sorted(people):
        with translation.override(languages[person]):
            rows = [row for owner in sorted(acts[person]) for row in suggested[owner]]
            rows.sort(key=lambda row: (-row.score, row.pk))
            lines: dict[int, Line] = {}
            for search in searches[person]:
                new = [(challenge, why) for challenge, why in answers(search) if challenge.pk not in lines]
                lines |= {challenge.pk: Line(challenge, why, True) for challenge, why in new[: search.most]}
            for row in rows:
                if row.challenge_id not in told[person]:
                    lines.setdefault(row.challenge_id, Line(row.challenge, _why(row)))
            found[person] = list(lines.values())[:MOST]
    return found


def _suggested(owners: set[int]):
    rows = queries.of_organisations(owners).filter(
        seed_rank__lte=PLACES, likeness__gte=ask.FAIR, state__in=["suggested", "fits"]
    )
    return rows.select_related("challenge__municipality", "organisation", "solution")


def _searches(people: set[int]):
    return (
        SavedSearch.objects.filter(user__in=people, is_active=True)
        .select_related("organisation")
        .prefetch_related("goals", "fields", "municipalities")
        .order_by("created_at", "pk")
    )


def _why(row: Suggestion) -> str:
    names = {
        "what": row.solution or row.organisation,
        "reason": reasons.say(row.reasons[0]) if row.reasons else "",
    }
    return _("「%(what)s」と内容が近い課題です。%(reason)s") % names


def answers(search: SavedSearch) -> list[tuple[Challenge, str]]:
    """What a saved search finds now among what its organisation may read and its person was not told of, best first,
    each with why it is told. Raises `engine.index.Preparing`."""
    found = searching.find(
        search.organisation,
        text=search.text,
        goals=[goal.pk for goal in search.goals.all()],
        fields=[field.pk for field in search.fields.all()],
        municipalities=[city.pk for city in search.municipalities.all()],
        without=Mentioned.objects.filter(user=search.user_id).values("challenge"),
        limit=LOOKED_AT,
    )
    said = _("保存した検索「%(name)s」に合う課題です。") % {"name": search.name}
    return [(row, said + (reasons.say(why[0]) if why else "")) for row, why in found]
