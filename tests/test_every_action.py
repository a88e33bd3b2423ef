"""The check that the suite shows what becomes of every action: it sees what a test does itself, and nothing else."""

import json
from uuid import uuid4

import pytest
from django.db import connection

from musubi.challenges import actions
from musubi.journal.queries import history
from musubi.lib.errors import Missing, NotAllowed, Refused
from tests import every_action
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.plan import make_indicator, make_plan

DRAFT = "challenges.actions.draft_challenge"


class Second(every_action.Watch):
    """Beside the one that watches the whole run, where there is one."""

    TOOL = 5


@pytest.fixture
def seen(tmp_path, db):
    watch = Second(tmp_path)
    with connection.execute_wrapper(watch.asked):
        yield watch.seen
    watch.end()


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer")


def test_actions_are_found_where_they_are_written_and_helps_to_them_are_not():
    found = every_action.actions()
    assert {DRAFT, "cases.actions.opening.open_case", "cases.trials.actions.plan_trial"} <= set(found)
    assert found[DRAFT] is actions.draft_challenge
    left_out = {"cases.actions.open_case", "cases.actions.steps.posted", "journal.actions.write"}
    assert not left_out & set(found)


def test_every_line_of_the_tables_names_something_there_is():
    found = every_action.actions()
    assert [name for name, _outcome in every_action.NEVER if name not in found] == []
    assert not set(every_action.HELPERS) & set(found)
    assert {outcome for _name, outcome in every_action.NEVER} <= set(every_action.OUTCOMES)


def test_what_a_test_calls_itself_is_seen(seen, officer):
    department = officer.staff.get().department
    with pytest.raises(Missing):
        actions.draft_challenge(department, by=officer, title="")
    assert seen == {DRAFT: {"refused"}}
    with pytest.raises(NotAllowed):
        actions.draft_challenge(department, by=make_staff(make_municipality(), "desk"), title="落ち葉")
    assert seen == {DRAFT: {"refused", "not allowed"}}
    actions.draft_challenge(department, by=officer, title="落ち葉")
    assert seen == {DRAFT: {"refused", "not allowed", "done"}}


def test_an_entry_counts_when_the_test_looks_at_it(seen, officer):
    challenge = actions.draft_challenge(officer.staff.get().department, by=officer, title="落ち葉")
    assert seen[DRAFT] == {"done"}
    assert history(challenge).count() == 1
    assert seen[DRAFT] == {"done", "journal"}


def test_an_entry_that_another_action_wrote_does_not_count(seen, officer):
    department, key = officer.staff.get().department, uuid4()
    actions.draft_challenge(department, by=officer, title="落ち葉", key=key)
    assert history(actions.draft_challenge(department, by=officer, title="落ち葉", key=key)).count() == 2
    assert "challenges.actions.save_challenge" not in seen


def test_what_a_factory_does_counts_but_not_its_entries(seen, officer):
    challenge = make_challenge(by=officer, state="draft")
    assert history(challenge).count() == 1
    assert seen == {DRAFT: {"done"}}
    with pytest.raises(Refused, match="数字"):
        make_indicator(make_plan(), baseline="たくさん")
    assert seen["plan.actions.add_indicator"] == {"refused"}


def test_what_a_page_does_does_not_count(seen, officer, client):
    challenge = make_challenge(officer.staff.get().municipality, by=officer, state="draft")
    client.force_login(officer)
    page = f"/{challenge.municipality.slug}/staff/challenges/{challenge.ref}/submit/"
    assert client.post(page).status_code == 302
    assert history(challenge).last().verb == "challenge.submitted"
    assert seen == {DRAFT: {"done"}}


def test_complaints_name_the_action_and_what_was_never_seen():
    seen = {"a.act": {"done", "refused", "not allowed", "journal"}, "b.act": {"done"}}
    never = {("b.act", "refused"): "there is no state"}
    assert every_action.complaints(["a.act", "b.act", "c.act"], seen, never) == [
        "b.act: never seen not allowed, journal",
        "c.act: never seen done, refused, not allowed, journal",
    ]


def test_complaints_name_a_line_that_is_no_longer_true():
    seen = {"a.act": set(every_action.OUTCOMES)}
    never = {("a.act", "refused"): "there is no state", ("gone.act", "refused"): "there is no state"}
    assert every_action.complaints(["a.act"], seen, never) == [
        "a.act: seen refused after all; take its line out of NEVER",
        "gone.act: there is no such action; take its line out of NEVER",
    ]


def test_notes_of_several_workers_are_added_up(tmp_path):
    (tmp_path / "1.json").write_text(json.dumps({"a.act": ["done"]}))
    (tmp_path / "2.json").write_text(json.dumps({"a.act": ["journal"], "b.act": ["done"]}))
    assert every_action.add_up(tmp_path) == {"a.act": {"done", "journal"}, "b.act": {"done"}}
