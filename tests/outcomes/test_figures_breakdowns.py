"""How far proposals and challenges came, how long it took, and what of that everybody may see."""

from datetime import date

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from musubi.cases import actions as cases
from musubi.lib import clock
from musubi.notify.models import Notice
from musubi.notify.tasks import tell_waiting
from musubi.outcomes import actions as outcomes
from musubi.outcomes.figures import evidence, facts, figures
from musubi.outcomes.figures.small import LEAST, REST, hide_small, is_telling, merge_small
from musubi.proposals import actions as proposals
from musubi.proposals import referrals
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with clock.standing_at(date(2026, 6, 15)):
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


def section(officer):
    return officer.staff.get().department


def row(found, dimension, key):
    return next(one for one in found[dimension] if one["key"] == str(key))


def test_proposal_funnel_follows_each_to_its_end(city, desk, officer):
    make_proposal(city)
    make_proposal(city, state="declined", desk=desk)
    make_proposal(city, state="withdrawn")
    talking = make_case(city, officer=officer, desk=desk)
    done = make_case(city, officer=officer, desk=desk)
    cases.say(done, by=officer, body="始めましょう。")
    cases.advance(done, "planning", by=officer)
    outcomes.record_outcome(
        done, by=officer, kind="donation", title="寄贈", summary="届いた。", started_on=date(2026, 6, 15)
    )
    found = figures(city)
    assert found["proposal_funnel"] == {
        "received": 5,
        "answered": 3,
        "dialogue": 2,
        "accepted": 1,
        "realised": 1,
    }
    by_track = row(found["proposals_by"], "track", "open")
    assert (by_track["open"], by_track["declined"], by_track["withdrawn"]) == (2, 1, 1)
    assert talking.proposal.state == "dialogue"


def test_proposal_is_counted_for_one_department_alone(city, desk, officer):
    other = make_staff(city, "officer")
    case = make_case(city, officer=officer, desk=desk)  # its lead
    need = make_challenge(city, by=other, desk=desk)
    make_proposal(city, challenge=need, track="challenge")  # its challenge's
    make_proposal(
        city, state="routing", departments=[section(other), section(officer)], desk=desk
    )  # the first
    make_proposal(city)  # none yet
    found = figures(city)["proposals_by"]
    assert [(r["key"], r["received"]) for r in found["department"]] == sorted(
        [(str(section(officer).pk), 1), (str(section(other).pk), 2)],
        key=lambda pair: list(facts_order(city)).index(int(pair[0])),
    ) + [("", 1)]
    mine = figures(city, department=section(officer).pk)
    assert mine["department"] == section(officer).name
    assert mine["proposals"]["total"] == mine["proposal_funnel"]["received"] == 1
    assert mine["cases_open"] == 1
    assert mine["funnel"]["challenges"] == 0
    assert case.lead == section(officer)
    assert figures(city, department=section(other).pk)["funnel"]["challenges"] == 1


def facts_order(city):
    return city.departments.order_by("position", "id").values_list("pk", flat=True)


def test_challenges_by_department_count_how_far_they_came(city, desk, officer):
    need = make_challenge(city, by=officer, desk=desk, channel="national")
    make_challenge(city, by=officer, desk=desk)
    make_case(city, officer=officer, desk=desk, challenge=need, track="challenge")
    found = figures(city)
    assert found["challenge_funnel"] == {"published": 2, "answered": 1, "dialogue": 1, "realised": 0}
    assert row(found["challenges_by"], "channel", "national")["answered"] == 1
    assert row(found["challenges_by"], "department", section(officer).pk)["published"] == 2


def test_times_take_what_is_still_open_into_account(city, desk):
    for days in (2, 4):
        with clock.standing_at(date(2026, 4, 1)):
            answered = make_proposal(city)
        with clock.standing_at(date(2026, 4, 1 + days)):
            proposals.decline(answered, by=desk, reason="timing", feedback="来年度にご相談ください。")
    assert figures(city)["times"]["first_answer"] == {
        "count": 2,
        "ended": 2,
        "median_days": 2,
        "p80_days": 4,
    }
    with clock.standing_at(date(2026, 4, 1)):
        for _ in range(3):
            make_proposal(city)  # open for 75 days
    found = figures(city)
    assert found["times"]["first_answer"] == {"count": 5, "ended": 2, "median_days": None, "p80_days": None}
    assert found["times_by_fiscal_year"][0]["decision"]["ended"] == 2


def test_withdrawn_proposal_is_watched_until_it_left(city):
    with clock.standing_at(date(2026, 4, 1)):
        proposal = make_proposal(city)
    with clock.standing_at(date(2026, 4, 3)):
        proposals.withdraw(proposal, by=proposal.author)
    fact = facts.proposal_facts(city)[0]
    assert (fact.left - fact.received, fact.decided, fact.is_open) == (2, None, False)
    assert figures(city)["times"]["decision"]["ended"] == 0


def test_receipt_is_the_acknowledgement(city):
    make_proposal(city)
    assert figures(city)["times"]["acknowledged"]["ended"] == 0
    tell_waiting()
    assert Notice.objects.filter(kind="proposal.submitted", path__startswith="/my/").exists()
    assert figures(city)["times"]["acknowledged"] == {"count": 1, "ended": 1, "median_days": 0, "p80_days": 0}


def test_stage_times_are_the_stays(city, desk, officer):
    with clock.standing_at(date(2026, 4, 1)):
        case = make_case(city, officer=officer, desk=desk)
    with clock.standing_at(date(2026, 4, 11)):
        cases.say(case, by=officer, body="始めましょう。")
        cases.advance(case, "planning", by=officer)
    found = figures(city)["stage_times"]
    assert found["dialogue"] == {"count": 1, "ended": 1, "median_days": 10, "p80_days": 10}
    assert found["planning"] == {"count": 1, "ended": 0, "median_days": None, "p80_days": None}
    assert figures(city, 2025)["stage_times"]["dialogue"]["count"] == 0


def test_day_in_japan_comes_out_of_the_database(city):
    with clock.standing_at(clock.at(date(2026, 4, 1), 0, 30)):  # still 31 March in UTC
        make_proposal(city)
    assert date.fromordinal(facts.proposal_facts(city)[0].received) == date(2026, 4, 1), connection.vendor


def test_effort_is_public_only_where_a_story_tells_it(city, desk, officer):
    case = make_case(city, officer=officer, desk=desk)
    kept = outcomes.record_outcome(
        case, by=officer, kind="implemented", title="省力化", summary="…", started_on=date(2026, 6, 1),
        yen_saved=300_000, hours_saved=120,
    )  # fmt: skip
    outcomes.record_outcome(
        case,
        by=officer,
        kind="publicity",
        title="広報",
        summary="…",
        started_on=date(2026, 6, 2),
        yen_saved=1,
    )
    found = figures(city)["effort"]
    assert (found["realised"]["yen_saved"], found["realised"]["yen_saved_known"]) == (300_000, 1)
    assert (found["publicity"]["count"], found["publicity"]["yen_saved"]) == (1, 1)
    assert found["trial_done"] == {
        "count": 0, "yen_saved": None, "yen_saved_known": 0, "hours_saved": None, "hours_saved_known": 0,
        "yen_spent": None, "yen_spent_known": 0, "hours_spent": None, "hours_spent_known": 0,
    }  # fmt: skip
    assert figures(city, public=True)["effort"]["realised"]["yen_saved"] is None
    story = outcomes.write_story(kept, by=desk, title="省力化の話", body="楽になった。")
    story.shows_effort = True
    story.save(update_fields=["shows_effort"])
    assert figures(city, public=True)["effort"]["realised"]["yen_saved"] is None
    outcomes.publish_story(story, by=desk)
    assert figures(city, public=True)["effort"]["realised"]["hours_saved"] == 120
    assert figures(city, public=True)["effort"]["realised"]["count"] == 1


def test_public_figures_put_small_declines_together(city, desk):
    for reason in ["budget"] * 3 + ["timing", "rules"]:
        proposal = make_proposal(city)
        proposals.decline(proposal, by=desk, reason=reason, feedback="来年度にご相談ください。")
    assert figures(city)["declines"] == {"total": 5, "budget": 3, "rules": 1, "timing": 1}
    # Two small ones would come out of the subtraction 5 − 3: the third joins them, and nothing is left to tell.
    assert figures(city, public=True)["declines"] == {"total": 5}
    for reason in ["budget", "existing", "existing", "existing", "capacity"]:
        proposal = make_proposal(city)
        proposals.decline(proposal, by=desk, reason=reason, feedback="来年度にご相談ください。")
    assert figures(city, public=True)["declines"] == {"total": 10, "budget": 4, "existing": 3, REST: 3}


def test_public_figures_hide_how_few_proposals_ended(city, desk):
    make_proposal(city, state="declined", desk=desk)
    found = figures(city, public=True)
    assert found["declines"] == {"total": None}
    assert found["proposal_funnel"]["received"] == 1
    assert found["proposal_funnel"]["accepted"] is None
    assert "declined" not in found["proposals_by"]["track"][0]
    assert found["times"]["decision"]["median_days"] is None


def test_second_matches_are_counted_and_small_ones_kept(city, desk, officer):
    section = officer.staff.get().department
    for _ in range(2):
        declined = make_proposal(city, state="declined", desk=desk)
        referrals.offer(declined, section, by=desk, reason="防災の取組みに近いため。")
    found = figures(city)["second_matches"]
    assert (found["total"], found["offered"], found["consented"]) == (2, 2, 0)
    assert figures(city, 2025)["second_matches"]["total"] == 0
    assert figures(city, public=True)["second_matches"] == {"total": None}
    assert evidence(city, "second-matches")[1].count() == 2


counts = st.lists(st.integers(0, 9), max_size=12).map(
    lambda numbers: [{"key": str(i), "label": "", "n": n, "m": n // 2} for i, n in enumerate(numbers)]
)


@given(counts)
def test_merged_rows_keep_the_sum_and_none_is_small(rows):
    merged = merge_small(rows, by="n")
    assert sum(r["n"] for r in merged) == sum(r["n"] for r in rows)
    assert sum(r["m"] for r in merged) == sum(r["m"] for r in rows)
    if sum(r["n"] for r in rows) >= LEAST:
        assert all(r["n"] >= LEAST for r in merged)
    if is_telling(merged, by="n"):
        assert len(merged) > 1


@given(counts)
def test_hidden_rows_cannot_be_subtracted(rows):
    shown = hide_small(rows, by="n")
    assert [(r["key"], r["n"]) for r in shown] == [(r["key"], r["n"]) for r in rows]
    hidden = sum(r["n"] for r in shown if r["m"] is None)
    assert all(r["m"] is None for r in shown if 0 < r["n"] < LEAST)
    assert hidden == 0 or hidden >= LEAST or hidden == sum(r["n"] for r in rows)
