from datetime import date, timedelta
from decimal import Decimal

import pytest

from musubi.cases import actions as cases
from musubi.cases.models import Case
from musubi.challenges.models import Challenge
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.outcomes import actions
from musubi.outcomes.models import Outcome, Reading, Story
from musubi.plan import actions as plan
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db
DAY = date(2026, 4, 1)
WORDS = {"title": "ごみ袋を3万枚配布", "summary": "市内12か所で配った。", "started_on": DAY}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def case(city, officer, desk):
    challenge = make_challenge(city, by=officer, desk=desk)
    return make_case(city, officer=officer, desk=desk, track="challenge", challenge=challenge)


@pytest.fixture
def outcome(case, officer):
    return actions.record_outcome(case, by=officer, kind="donation", **WORDS)


@pytest.fixture
def story(outcome, officer):
    return actions.write_story(outcome, by=officer, title="市民とつくる海", body="本文", goals=[14])


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def test_record_outcome_resolves_the_challenge_and_counts_on_the_case(case, outcome):
    case = Case.objects.get(pk=case.pk)
    assert (case.outcome_count, case.started_on) == (1, DAY)
    assert Challenge.objects.get(pk=case.challenge_id).state == "resolved"
    assert verbs(outcome) == ["outcome.recorded"]


@pytest.mark.parametrize("kind", ["publicity", "trial_done", "agreement_only"])
def test_record_outcome_that_does_not_meet_the_need_leaves_the_challenge_open(case, officer, kind):
    actions.record_outcome(case, by=officer, kind=kind, **WORDS)
    assert Challenge.objects.get(pk=case.challenge_id).state == "matched"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"kind": "nothing"}, "kind"), ({"title": " "}, "title"), ({"summary": ""}, "summary")],
)
def test_record_outcome_with_a_gap_says_which(case, officer, change, field):
    with pytest.raises(Missing) as refusal:
        actions.record_outcome(case, by=officer, **{"kind": "donation", **WORDS, **change})
    assert refusal.value.field == field
    assert Outcome.objects.count() == 0


def test_record_outcome_of_a_closed_case_is_refused(case, officer):
    cases.close(case, by=officer, reason="timing", feedback="また来年に。")
    with pytest.raises(Refused, match="見送りになった案件"):
        actions.record_outcome(case, by=officer, kind="donation", **WORDS)


def test_record_outcome_far_ahead_is_refused(case, officer):
    words = {**WORDS, "started_on": clock.today() + timedelta(days=400)}
    with pytest.raises(Refused) as refusal:
        actions.record_outcome(case, by=officer, kind="donation", **words)
    assert refusal.value.field == "started_on"


def test_record_outcome_by_the_organisation_or_an_auditor_is_not_allowed(city, case):
    for stranger in (make_representative(case.organisations.get()), make_staff(city, "auditor")):
        with pytest.raises(NotAllowed):
            actions.record_outcome(case, by=stranger, kind="donation", **WORDS)


def test_write_story_twice_is_refused(story, outcome, officer):
    assert (story.state, [goal.number for goal in story.goals.all()]) == ("draft", [14])
    assert verbs(story) == ["story.drafted"]
    with pytest.raises(Refused, match="もうあります"):
        actions.write_story(outcome, by=officer, title="二つ目", body="本文")


@pytest.mark.parametrize("words", [{"title": " ", "body": "本文"}, {"title": "見出し", "body": ""}])
def test_write_story_without_words_is_refused(outcome, officer, words):
    with pytest.raises(Missing):
        actions.write_story(outcome, by=officer, **words)
    assert Story.objects.count() == 0


def test_write_story_by_another_department_is_not_allowed(city, outcome):
    with pytest.raises(NotAllowed):
        actions.write_story(outcome, by=make_staff(city, "officer"), title="見出し", body="本文")


def test_save_story_changes_its_words(story, officer):
    actions.save_story(story, by=officer, title="新しい見出し", body="新しい本文", goals=[])
    story = Story.objects.get(pk=story.pk)
    assert (story.title, story.goals.count()) == ("新しい見出し", 0)
    assert verbs(story)[-1] == "story.saved"


def test_save_story_that_was_published_meanwhile_is_a_conflict(story, officer, desk):
    seen_by_officer = Story.objects.get(pk=story.pk)
    actions.publish_story(story, by=desk)
    with pytest.raises(Conflict):
        actions.save_story(seen_by_officer, by=officer, title="見出し", body="本文")


def test_save_story_by_another_department_is_not_allowed(city, story):
    with pytest.raises(NotAllowed):
        actions.save_story(story, by=make_staff(city, "officer"), title="見出し", body="本文")
    assert Story.objects.get(pk=story.pk).title == "市民とつくる海"


def test_show_effort_is_the_desks_and_once_is_enough(story, officer, desk):
    with pytest.raises(NotAllowed):
        actions.show_effort(story, by=officer, shows=not story.shows_effort)
    screen = Story.objects.get(pk=story.pk)
    shows = not story.shows_effort
    actions.show_effort(story, by=desk, shows=shows)
    with pytest.raises(Conflict):
        actions.show_effort(screen, by=desk, shows=shows)
    assert Story.objects.get(pk=story.pk).shows_effort is shows
    assert verbs(story)[-1] == ("story.effort_shown" if shows else "story.effort_hidden")


def test_publish_story_is_the_desks_and_withdraw_takes_it_down(story, officer, desk):
    with pytest.raises(NotAllowed):
        actions.publish_story(story, by=officer)
    actions.publish_story(story, by=desk)
    with pytest.raises(Refused):
        actions.publish_story(story, by=desk)
    with pytest.raises(NotAllowed):
        actions.withdraw_story(story, by=officer)
    actions.withdraw_story(story, by=desk)
    assert Story.objects.get(pk=story.pk).state == "withdrawn"
    assert verbs(story) == ["story.drafted", "story.published", "story.withdrawn"]


def test_withdraw_a_draft_story_is_refused(story, desk):
    with pytest.raises(Refused):
        actions.withdraw_story(story, by=desk)


def test_read_indicator_is_one_value_a_year(city, desk, officer):
    row = plan.adopt_plan(city, title="SDGs計画", first_year=2024, last_year=2026, by=desk)
    indicator = plan.add_indicator(
        row,
        name="海岸清掃の参加者",
        unit="人",
        direction="up",
        baseline=Decimal(6000),
        baseline_year=2023,
        target=Decimal(9000),
        target_year=2026,
        by=desk,
    )
    with pytest.raises(NotAllowed):
        actions.read_indicator(indicator, by=officer, year=2024, value=Decimal(7000))
    actions.read_indicator(indicator, by=desk, year=2024, value=Decimal(7000))
    actions.read_indicator(indicator, by=desk, year=2024, value=Decimal(7100), source="環境課の集計")
    assert [reading.value for reading in Reading.objects.all()] == [Decimal(7100)]
    assert Entry.objects.filter(verb="indicator.read").count() == 2


def test_outcome_keeps_money_and_time_saved_and_spent_where_known(case, officer):
    known = {"yen_saved": 0, "hours_saved": 120, "yen_spent": 450_000}
    outcome = actions.record_outcome(case, by=officer, kind="donation", **WORDS, **known)
    outcome.refresh_from_db()
    found = (outcome.yen_saved, outcome.hours_saved, outcome.yen_spent, outcome.hours_spent)
    assert found == (0, 120, 450_000, None)


def test_show_effort_is_the_desks_and_happens_once(story, desk, officer):
    with pytest.raises(NotAllowed):
        actions.show_effort(story, by=officer, shows=True)
    actions.show_effort(story, by=desk, shows=True)
    with pytest.raises(Conflict):
        actions.show_effort(Story.objects.get(pk=story.pk), by=desk, shows=True)
    actions.show_effort(story, by=desk, shows=False)
    assert Story.objects.get(pk=story.pk).shows_effort is False
    assert verbs(story) == ["story.drafted", "story.effort_shown", "story.effort_hidden"]
