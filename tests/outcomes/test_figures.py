from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions as cases
from musubi.cases.agreements import actions as agreements
from musubi.cases.trials import actions as trials
from musubi.challenges import actions as challenges
from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from musubi.outcomes.figures import evidence, figures, years
from musubi.outcomes.figures_queries import SOURCES
from musubi.outcomes.figures_words import lines
from musubi.people import actions as people
from musubi.proposals import actions as proposals
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db

NOW = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def today():
    with clock.standing_at(NOW):
        yield


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


def department(officer):
    return officer.staff.get().department


def count(city, key, year=None):
    return evidence(city, key, year)[1].count()


def talked(city, desk, officer, challenge, *, gathering=None, day=date(2024, 12, 10)):
    """A case on `challenge` with one meeting on the record."""
    with clock.standing_at(day):
        proposal = make_proposal(
            city,
            challenge=challenge,
            track="challenge",
            state="routing",
            departments=[department(officer)],
            desk=desk,
        )
        case = make_case(city, proposal=proposal, officer=officer)
        cases.record_meeting(
            case, by=officer, held_at=clock.now(), minutes="役割分担を話した。", gathering=gathering
        )
    return case


def realise(case, officer, *, day, kind="donation"):
    with clock.standing_at(day):
        return outcomes.record_outcome(
            case, by=officer, kind=kind, title="配布開始", summary="3万枚を配った。", started_on=day
        )


def published(city, desk, officer, *, day, **words):
    with clock.standing_at(day):
        return make_challenge(city, by=officer, desk=desk, **words)


def matching_event(city, day=date(2024, 12, 10)):
    with clock.standing_at(date(2024, 10, 1)):
        return make_gathering(city, kind="matching", state="held", starts_at=clock.at(day, 9))


def test_figures_of_a_municipality_without_records(city):
    found = figures(city)
    assert {key: found[key] for key in list(found)[:11]} == {
        "municipality": city.slug,
        "fiscal_year": None,
        "members": 0,
        "gatherings": {"exchange": 0, "matching": 0, "subcommittee": 0},
        "proposals": {"total": 0, "challenge": 0, "trial": 0, "open": 0},
        "trials": {"total": 0, "challenge": 0, "trial": 0},
        "agreements": 0,
        "cases_open": 0,
        "funnel": {"challenges": 0, "proposals": 0, "dialogues": 0, "realised": 0},
        "dialogues_by_channel": {"event": 0, "other": 0},
        "challenges_realised_share": None,
    }
    assert found["months_to_start"] == {}
    assert found["median_workdays"] == {"first_answer": None, "decision": None}
    assert found["by_fiscal_year"] == []
    assert years(city) == [2026]


def test_members_are_those_at_the_end_of_the_year_or_today(city):
    make_member(city, joined_on=date(2025, 3, 31))
    make_member(city, joined_on=date(2025, 4, 1))
    make_member(city, joined_on=date(2024, 5, 1), left_on=date(2025, 6, 1), state="left")
    assert figures(city, 2024)["members"] == 2
    assert figures(city, 2025)["members"] == 2
    assert figures(city)["members"] == figures(city, 2026)["members"] == 2
    assert figures(city, 2023)["members"] == 0


def test_proposals_by_track_and_by_the_day_they_came_in_japan(city):
    for track, moment in [
        ("open", datetime(2025, 3, 31, 23, 59, tzinfo=clock.TOKYO)),
        ("trial", datetime(2025, 4, 1, 0, 0, tzinfo=clock.TOKYO)),
    ]:
        with clock.standing_at(moment):
            make_proposal(city, track=track)
    make_proposal(city, state="draft")
    make_proposal(state="submitted")
    assert figures(city)["proposals"] == {"total": 2, "challenge": 0, "trial": 1, "open": 1}
    assert figures(city, 2024)["proposals"] == {"total": 1, "challenge": 0, "trial": 0, "open": 1}
    assert [row.track for row in evidence(city, "proposals", 2025)[1]] == ["trial"]


def test_trials_count_once_they_have_begun(city, desk, officer):
    proposal = make_proposal(
        city, track="trial", state="routing", departments=[department(officer)], desk=desk
    )
    case = make_case(city, proposal=proposal, officer=officer)
    words = {
        "title": "夜間照明の実証",
        "field": "市民公園",
        "starts_on": date(2026, 7, 1),
        "ends_on": date(2026, 9, 30),
        "measures": [{"name": "消費電力", "unit": "%", "threshold": 70}],
    }
    begun = trials.plan_trial(case, by=officer, **words)
    given_up = trials.plan_trial(case, by=officer, **words)
    cases.set_adoption_route(
        case, by=officer, budget="公園費", department=case.lead, deadline=date(2026, 10, 30)
    )
    for trial in (begun, given_up):
        trials.approve_trial(trial, by=desk)
    assert figures(city)["trials"]["total"] == 0
    for trial in (begun, given_up):
        trials.start_trial(trial, by=officer)
    trials.cancel_trial(given_up, by=officer, reason="機器の故障")
    assert figures(city, 2026)["trials"] == {"total": 1, "challenge": 0, "trial": 1}
    assert list(evidence(city, "trials-trial")[1]) == [begun]
    assert figures(city, 2025)["trials"]["total"] == 0


def test_gatherings_count_when_held(city):
    with clock.standing_at(date(2025, 5, 1)):
        make_gathering(city, kind="exchange", state="held")
        make_gathering(city, kind="subcommittee", state="reported")
        make_gathering(city, kind="exchange", state="open")
        make_gathering(city, kind="exchange", state="cancelled")
    assert figures(city, 2025)["gatherings"] == {"exchange": 1, "matching": 0, "subcommittee": 1}
    assert figures(city, 2026)["gatherings"] == {"exchange": 0, "matching": 0, "subcommittee": 0}


def test_agreements_count_while_in_force(city, desk):
    made = []
    for day in (date(2025, 3, 1), date(2025, 5, 1)):
        agreement = agreements.draft_agreement(
            department(desk), [make_organisation()], by=desk, kind="comprehensive", title="包括連携協定"
        )
        agreements.sign_agreement(agreement, by=desk, signed_on=day)
        made.append(agreement)
    agreements.draft_agreement(
        department(desk), [make_organisation()], by=desk, kind="memorandum", title="覚書"
    )
    assert figures(city)["agreements"] == 2
    assert list(evidence(city, "agreements", 2024)[1]) == made[:1]
    agreements.terminate_agreement(made[0], by=desk, reason="相手の事業が終わったため。")
    assert figures(city)["agreements"] == 1


def test_open_cases_are_those_that_had_not_ended_when_the_year_did(city, officer):
    with clock.standing_at(date(2025, 2, 3)):
        first = make_contact(city, officer=officer)
    with clock.standing_at(date(2025, 5, 7)):
        cases.close(first, by=officer, reason="timing", feedback="来年度にご相談ください。")
        make_contact(city, officer=officer)
    assert [figures(city, year)["cases_open"] for year in (2023, 2024, 2025, 2026)] == [0, 1, 1, 1]
    assert figures(city)["cases_open"] == 1
    assert list(evidence(city, "cases_open", 2024)[1]) == [first]


def test_funnel_follows_the_challenges_of_the_year_to_the_end(city, desk, officer):
    event = matching_event(city)
    bags = published(city, desk, officer, day=date(2024, 9, 2), code="litter_bags")
    other = published(city, desk, officer, day=date(2024, 9, 3))
    draft = make_challenge(city, by=officer, state="draft")
    at_event = talked(city, desk, officer, bags, gathering=event)
    talked(city, desk, officer, bags, day=date(2025, 3, 10))
    with clock.standing_at(date(2025, 3, 3)):
        make_proposal(city, challenge=other, track="challenge")
    realise(at_event, officer, day=date(2025, 4, 7))
    found = figures(city)
    assert found["funnel"] == {"challenges": 2, "proposals": 3, "dialogues": 2, "realised": 1}
    assert found["dialogues_by_channel"] == {"event": 1, "other": 1}
    assert found["challenges_realised_share"] == 0.5
    assert found["months_to_start"] == {"litter_bags": 4}
    assert figures(city, 2024)["funnel"] == found["funnel"]
    assert figures(city, 2025)["funnel"] == {"challenges": 0, "proposals": 0, "dialogues": 0, "realised": 0}
    assert figures(city, 2024)["proposals"]["challenge"] == 3
    assert draft not in evidence(city, "funnel-challenges")[1]


def test_dialogue_needs_a_meeting_or_a_message_and_counts_an_organisation_once(city, desk, officer):
    bags = published(city, desk, officer, day=date(2026, 4, 2))
    company = make_organisation()
    silent = make_contact(city, officer=officer, challenge=bags)
    met = make_contact(city, company, officer=officer, challenge=bags)
    again = make_contact(city, company, officer=officer, challenge=bags)
    cases.record_meeting(silent, by=officer, held_at=clock.at(date(2026, 7, 1)), place="これから")
    assert figures(city)["funnel"]["dialogues"] == 0
    cases.say(met, by=officer, body="お話を聞かせてください。")
    cases.say(again, by=officer, body="続きです。")
    assert figures(city)["dialogues_by_channel"] == {"event": 0, "other": 1}
    assert list(evidence(city, "dialogues-other")[1]) == [company]


def test_first_talk_decides_the_channel(city, desk, officer):
    event = matching_event(city)
    bags = published(city, desk, officer, day=date(2024, 9, 2))
    before = talked(city, desk, officer, bags, day=date(2024, 11, 1))
    cases.record_meeting(
        before, by=officer, held_at=clock.at(date(2024, 12, 10)), minutes="再会", gathering=event
    )
    assert figures(city)["dialogues_by_channel"] == {"event": 0, "other": 1}


def test_exchange_gathering_is_not_the_matching_event(city, desk, officer):
    with clock.standing_at(date(2024, 10, 1)):
        exchange = make_gathering(city, kind="exchange", state="held", starts_at=clock.at(date(2024, 12, 10)))
    bags = published(city, desk, officer, day=date(2024, 9, 2))
    case = talked(city, desk, officer, bags, gathering=exchange)
    realise(case, officer, day=date(2025, 4, 1))
    assert figures(city)["dialogues_by_channel"] == {"event": 0, "other": 1}
    assert figures(city)["months_to_start"] == {}


@pytest.mark.parametrize("kind", ["trial_done", "publicity", "agreement_only"])
def test_outcome_that_meets_no_need_realises_nothing(city, desk, officer, kind):
    bags = published(city, desk, officer, day=date(2024, 9, 2))
    case = talked(city, desk, officer, bags)
    realise(case, officer, day=date(2025, 4, 1), kind=kind)
    found = figures(city)
    assert found["funnel"]["realised"] == 0
    assert found["outcomes"]["total"] == found["outcomes"][kind] == 1


@pytest.mark.parametrize(
    ("start", "months"),
    [(date(2024, 12, 31), 0), (date(2025, 1, 6), 1), (date(2025, 4, 30), 4), (date(2026, 1, 5), 13)],
)
def test_months_to_start_are_calendar_months(city, desk, officer, start, months):
    event = matching_event(city)
    bags = published(city, desk, officer, day=date(2024, 9, 2))
    realise(talked(city, desk, officer, bags, gathering=event), officer, day=start)
    assert figures(city)["months_to_start"] == {bags.ref: months}


def test_same_code_twice_falls_back_to_the_number(city, desk, officer):
    event = matching_event(city)
    for day in (date(2024, 9, 2), date(2024, 9, 3)):
        row = published(city, desk, officer, day=day, code="bags")
        realise(talked(city, desk, officer, row, gathering=event), officer, day=date(2025, 4, 1))
    assert figures(city)["months_to_start"] == {"bags": 4, row.ref: 4}


def test_median_times_are_in_the_municipalitys_own_working_days(city, desk, officer):
    with clock.standing_at(date(2026, 5, 1)):
        proposal = make_proposal(city, state="submitted")
        people.set_closing_day(city, date(2026, 5, 8), by=None, name="開庁記念日")
    with clock.standing_at(date(2026, 5, 11)):  # after three holidays, a weekend and the town's own day
        proposals.decline(proposal, by=desk, reason="timing", feedback="来年度にご相談ください。")
    make_proposal(city, state="withdrawn")
    found = figures(city)
    assert found["median_workdays"] == {"first_answer": 2, "decision": 2}
    assert found["declines"] == {"total": 1, "timing": 1}
    assert found["by_fiscal_year"] == [
        {
            "fiscal_year": 2026,
            "challenges": 0,
            "proposals": 2,
            "outcomes": 0,
            "median_workdays_to_first_answer": 2,
            "median_workdays_to_decision": 2,
        }
    ]
    assert count(city, "first_answer") == count(city, "decision") == 1


def test_every_evidence_key_is_a_number_and_every_number_counts_its_evidence(city, desk, officer):
    event = matching_event(city)
    bags = published(city, desk, officer, day=date(2024, 9, 2), code="litter_bags")
    realise(talked(city, desk, officer, bags, gathering=event), officer, day=date(2025, 4, 7))
    make_member(city)
    make_proposal(city, state="declined", desk=desk)
    counted = {
        line.evidence: line.value
        for line in lines(figures(city))
        if line.evidence
        and line.path.split(".")[0] not in ("months_to_start", "median_workdays")
        and line.unit != "%"
    }
    assert {key: count(city, key) for key in counted} == counted
    assert counted["funnel-dialogues"] == counted["declines-timing"] == 1
    unreachable = {key for key in SOURCES if key not in counted and not key.startswith("declines-")}
    # The funnels' steps lead to these; see tests/www/public/test_figures_breakdowns.py.
    steps = {"challenge-answered", "challenge-dialogue"}
    ends = {"dialogue", "accepted", "realised", "open", "declined", "withdrawn"}
    assert unreachable == {"first_answer", "decision", *steps, *(f"proposal-{end}" for end in ends)}


def test_figures_cost_the_same_whatever_the_number_of_records(city, desk, officer):
    def statements(year):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            figures(city, year)
        return len(queries)

    event = matching_event(city)
    bags = published(city, desk, officer, day=date(2024, 9, 2))
    realise(talked(city, desk, officer, bags, gathering=event), officer, day=date(2025, 4, 7))
    once = statements(None), statements(2024)
    for _ in range(3):
        row = published(city, desk, officer, day=date(2024, 9, 2))
        realise(talked(city, desk, officer, row, gathering=event), officer, day=date(2025, 4, 7))
        make_member(city)
    assert (statements(None), statements(2024)) == once
    assert once[0] <= 22


def test_years_begin_with_the_first_record(city, desk, officer):
    challenges.draft_challenge(department(officer), by=officer, title="下書きは数えない")
    make_member(city, joined_on=date(2023, 4, 1))
    assert years(city) == [2026, 2025, 2024, 2023]
