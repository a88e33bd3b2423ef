"""The whole demo, built once in one test: its figures are the scenario's, and everything in it went through actions."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import F, Q

from musubi.cases.models import Agreement, Case, Meeting, Post, Todo, Trial
from musubi.cases.radar.pace import Paces, Source
from musubi.cases.radar.signs import standings
from musubi.cases.states import OPEN
from musubi.challenges.models import Challenge
from musubi.fund.models import Application, Call, Contribution, Fund
from musubi.gatherings.models import Gathering
from musubi.journal.models import Entry
from musubi.lib import clock, lgcode
from musubi.notify.models import Notice
from musubi.outcomes.figures import evidence, figures
from musubi.outcomes.figures_words import lines
from musubi.outcomes.models import Outcome, Reading, Story
from musubi.people.models import Department, Member, Municipality, Organisation, Staff, User
from musubi.plan.models import Indicator, Plan
from musubi.proposals.models import Proposal, Referral
from musubi.solutions.models import Solution
from musubi.www.demo.building import NEWS, build, is_built

pytestmark = pytest.mark.django_db

FIXED = [
    "municipality",
    "fiscal_year",
    "members",
    "gatherings",
    "proposals",
    "trials",
    "agreements",
    "cases_open",
    "funnel",
    "dialogues_by_channel",
    "challenges_realised_share",
    "months_to_start",
]
# One journal verb for each kind of row; a row without it was put there past the actions.
BORN = {
    Municipality: "municipality.founded",
    Department: "department.added",
    Staff: "staff.appointed",
    Organisation: "organisation.registered",
    Member: "member.applied",
    Solution: "solution.drafted",
    Challenge: "challenge.drafted",
    Proposal: ("proposal.drafted", "proposal.submitted"),
    Gathering: "gathering.drafted",
    Case: "case.opened",
    Trial: "trial.planned",
    Agreement: "agreement.drafted",
    Outcome: "outcome.recorded",
    Story: "story.drafted",
    Plan: "plan.adopted",
    Indicator: "indicator.added",
    Fund: "fund.opened",
    Contribution: "contribution.pledged",
    Call: "call.prepared",
    Application: "application.started",
}


def from_command(city, *arguments) -> dict:
    out = StringIO()
    call_command("figures", city.slug, "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def check_hamanagi(city):
    found = figures(city)
    assert list(found)[: len(FIXED)] == FIXED
    assert found["municipality"] == "hamanagi"
    assert found["fiscal_year"] is None
    assert found["gatherings"] == {"exchange": 0, "matching": 1, "subcommittee": 0}
    assert found["proposals"] == {"total": 19, "challenge": 19, "trial": 0, "open": 0}
    assert found["trials"] == {"total": 0, "challenge": 0, "trial": 0}
    assert found["agreements"] == 2
    assert found["cases_open"] >= 30
    assert found["funnel"] == {"challenges": 4, "proposals": 19, "dialogues": 10, "realised": 2}
    assert found["dialogues_by_channel"] == {"event": 7, "other": 3}
    assert found["challenges_realised_share"] == 0.5
    assert found["months_to_start"] == {"litter_bags": 4}
    assert figures(city, 2022)["funnel"] == found["funnel"]


def check_hamanagi_story(city):
    challenges = {row.code: row for row in Challenge.objects.filter(municipality=city)}
    assert set(challenges) == {"carbon_neutral", "sea_litter", "litter_bags", "literacy_course"}
    assert {row.channel for row in challenges.values()} == {"national"}
    assert {code for code, row in challenges.items() if row.state == "resolved"} == {
        "litter_bags",
        "literacy_course",
    }
    # Realised by dialogue after the event, not at it.
    event = Gathering.objects.get(municipality=city, kind="matching")
    assert event.starts_at.astimezone(clock.TOKYO).month == 12
    for outcome in Outcome.objects.filter(case__challenge__code__in=["litter_bags", "literacy_course"]):
        assert Meeting.objects.filter(case=outcome.case, held_at__gt=event.ends_at).exists()
    (story,) = Story.objects.filter(municipality=city)
    assert (story.state, story.outcome.case.challenge.code) == ("published", "literacy_course")
    # The bags went from dialogue straight to implementation, with a reason.
    moves = Post.objects.filter(case__challenge__code="litter_bags", kind="stage")
    (skip,) = [move for move in moves if move.data == {"from": "dialogue", "to": "implementation"}]
    assert skip.body
    for agreement in Agreement.objects.filter(municipality=city):
        first = Outcome.objects.filter(case__in=agreement.cases.all()).earliest("recorded_at")
        assert clock.at(agreement.signed_on) > first.recorded_at
    moving = Case.objects.filter(municipality=city, stage__in=OPEN, agreements=None, challenge=None)
    assert moving.count() >= 30
    assert set(moving.values_list("stage", flat=True)) >= {
        "intake", "dialogue", "planning", "trial", "implementation", "paused"
    }  # fmt: skip
    assert moving.filter(ball_organisation__isnull=False).count() >= 5
    assert moving.filter(ball_department__isnull=False).count() >= 5
    today = clock.today()
    assert 3 <= moving.filter(ball_due_on__lt=today).count() <= moving.count() / 2
    assert moving.filter(ball_due_on__range=(today, today + timedelta(days=7))).count() >= 3


def check_hamanagi_now(city):
    """What case work looks like on the day of the build: talks, to-dos, an answer by mail, a second match."""
    today = clock.today()
    talks = Meeting.objects.filter(case__municipality=city)
    offered = talks.get(state="offered")
    assert [slot.answers.count() for slot in offered.slots.all()] == [2, 2, 2]
    assert offered.case.ball_next == "都合を答える"
    assert offered.case.holder in offered.case.organisations.all()
    fixed = talks.get(state="fixed")
    assert today < fixed.held_at.astimezone(clock.TOKYO).date() == fixed.case.ball_due_on
    assert fixed.case.holder == fixed.case.lead
    done, *still = Todo.objects.filter(case__municipality=city).order_by("due_on")
    assert (done.meeting.state, done.doer) == ("held", done.case.lead)
    assert done.done_at is not None
    assert [(todo.doer == todo.case.lead, todo.done_at, todo.due_on > today) for todo in still] == [
        (False, None, True),
        (True, None, True),
    ]
    assert (done.case.holder, done.case.ball_next) == (still[0].doer, still[0].text)
    mail = Post.objects.get(case__municipality=city, data__mail=True)
    assert (mail.side, mail.kind) == ("organisation", "message")
    assert mail.quoted.startswith("> ")
    referral = Referral.objects.get(proposal__municipality=city)
    assert (referral.state, referral.proposal.state) == ("offered", "declined")
    assert referral.expires_on > today


def check_shiokaze(city):
    found = figures(city, 2024)
    assert found["members"] == 17
    assert found["gatherings"] == {"exchange": 2, "matching": 0, "subcommittee": 4}
    assert found["proposals"] == {"total": 17, "challenge": 8, "trial": 9, "open": 0}
    assert found["trials"] == {"total": 2, "challenge": 1, "trial": 1}
    assert figures(city, 2025)["gatherings"]["exchange"] == 2
    assert figures(city, 2025)["trials"] == {"total": 1, "challenge": 1, "trial": 0}
    first, second = Gathering.objects.filter(
        municipality=city, kind="exchange", starts_at__range=(clock.at(date(2025, 4, 1)), clock.at(date(2026, 3, 31)))
    ).order_by("starts_at")  # fmt: skip
    assert first.starts_at.astimezone(clock.TOKYO).date() == date(2025, 9, 4)
    assert second.starts_at.astimezone(clock.TOKYO).date() == date(2026, 2, 5)
    sittings = Gathering.objects.filter(municipality=city, kind="subcommittee")
    assert {row.department.name for row in sittings} == {"環境課"}
    plan = Plan.objects.get(municipality=city)
    assert (plan.first_year, plan.last_year, plan.headquarters_since) == (2024, 2026, 2023)
    assert (plan.adopted_on.year, plan.adopted_on.month) == (2024, 10)
    indicators = plan.indicators.all()
    assert len(indicators) >= 5
    assert indicators.filter(direction="down").exclude(baseline=F("target")).exists()
    assert indicators.filter(baseline=F("target")).count() == 1
    assert Reading.objects.filter(indicator__in=indicators).count() >= 5
    open_now = Challenge.objects.filter(municipality=city, state__in=["published", "matched"])
    assert open_now.filter(deadline__gt=clock.today()).count() >= 3
    assert Proposal.objects.filter(municipality=city, state="submitted").count() == 2
    waiting = Proposal.objects.filter(municipality=city, state="routing")
    assert waiting.filter(ball_due_on__lt=clock.today()).exists()
    assert waiting.filter(ball_due_on__gte=clock.today()).exists()


def check_evidence(city, year):
    found = figures(city, year)
    counted = {
        line.evidence: line.value
        for line in lines(found)
        if line.evidence and line.path.split(".")[0] not in ("months_to_start", "median_workdays")
        and line.unit != "%"
    }  # fmt: skip
    assert {key: len(evidence(city, key, year)[1]) for key in counted} == counted


def check_journal():
    written = {(entry.verb, entry.kind, entry.object_id) for entry in Entry.objects.all()}
    for model, verbs in BORN.items():
        verbs = (verbs,) if isinstance(verbs, str) else verbs
        rows = model.objects.all()
        if model is Department:
            rows = rows.filter(is_desk=False)  # made with its municipality
        for pk in rows.values_list("pk", flat=True):
            assert any((verb, model._meta.model_name, pk) in written for verb in verbs), (model, pk)
    moments = list(Entry.objects.order_by("id").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert not Entry.objects.filter(done_at=None).exists()
    assert not Entry.objects.exclude(error="").exists()


def check_constraints():
    for model in apps.get_models():
        if not model.__module__.startswith("musubi."):
            continue
        for constraint in model._meta.constraints:
            condition = getattr(constraint, "condition", None)
            if condition is not None and type(constraint).__name__ == "CheckConstraint":
                assert not model._base_manager.exclude(Q(condition) | Q(pk=None)).exists(), constraint.name


def check_people():
    users = User.objects.all()
    assert {user.email.rpartition("@")[2] for user in users} == {"demo.example"}
    assert not any(user.has_usable_password() for user in users)
    for city in Municipality.objects.all():
        assert lgcode.check(city.code) == city.code
        roles = Counter(Staff.objects.filter(municipality=city).values_list("role", flat=True))
        assert set(roles) == {"desk", "officer", "manager", "administrator", "auditor"}
    assert not Organisation.objects.exclude(corporate_number=None).exists()


def check_radar(city):
    """It has learned from the years before, and singles out some cases, not all of them."""
    found = standings(Case.objects.filter(municipality=city), Paces(city.pk))
    assert {each.usual.source for each in found if each.stage == "dialogue"} <= set(Source) - {Source.LIMIT}
    signed = [each for each in found if each.signs]
    assert 0 < len(signed) < len(found)


def check_notices():
    """Told on the day of what it tells of; what is older than the news has been read."""
    assert Notice.objects.count() > 300
    entries = {entry.pk: entry.at for entry in Entry.objects.all()}
    assert all(notice.at == entries[notice.entry_id] for notice in Notice.objects.all())
    assert not Notice.objects.filter(read_at=None, at__lt=clock.now() - NEWS).exists()
    assert Notice.objects.filter(read_at=None).exists()


def check_words():
    """No title is used twice for two things of a kind, and nothing was left half-written."""
    for model in (Challenge, Case, Proposal, Organisation):
        name = "name" if model is Organisation else "title"
        rows = model.objects.values_list(name, flat=True)
        assert [title for title, n in Counter(rows).items() if n > 1] == []
    for body in Post.objects.exclude(body="").values_list("body", flat=True):
        assert not re.search(r"TODO|XXX|ほげ|テスト", body)


@pytest.mark.parametrize("today", [date(2026, 11, 21), date(2028, 4, 2)])
def test_demo_tells_the_scenario(today, subtests):
    with clock.standing_at(clock.at(today, 18)):
        shares = []
        build(progress=lambda share, moment: shares.append(share))
        assert is_built()
        assert shares == sorted(shares)
        assert shares[-1] <= 1
        shiokaze, hamanagi = (Municipality.objects.get(slug=slug) for slug in ("shiokaze", "hamanagi"))
        checks = [
            (check_hamanagi, hamanagi),
            (check_hamanagi_story, hamanagi),
            (check_hamanagi_now, hamanagi),
            (check_shiokaze, shiokaze),
            *(
                (check_evidence, city, year)
                for city in (shiokaze, hamanagi)
                for year in (None, 2022, 2024, 2025)
            ),
            *((check_radar, city) for city in (shiokaze, hamanagi)),
            (check_journal,),
            (check_constraints,),
            (check_people,),
            (check_notices,),
            (check_words,),
        ]
        for check, *arguments in checks:
            with subtests.test(check.__name__, arguments=[str(one) for one in arguments]):
                check(*arguments)
        with subtests.test("the command prints what the page counts"):
            assert from_command(hamanagi) == json.loads(json.dumps(figures(hamanagi)))
            assert from_command(shiokaze, "--fiscal-year", "令和6") == json.loads(
                json.dumps(figures(shiokaze, 2024))
            )
