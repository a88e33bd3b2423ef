"""The event log: valid by the standard's own schema, and what a process-mining reader expects beyond it."""

import hashlib
import json
import re
from collections import Counter
from datetime import date, datetime
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions as cases
from musubi.cases.agreements import actions as agreements
from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from musubi.outcomes.event_log import event_log, objects
from musubi.outcomes.event_log.vocabulary import BECOMES, FACTS, OBJECTS, STATE
from musubi.proposals import actions as proposals
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_organisation, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db

SCHEMA = Path(__file__).parents[1] / "data" / "ocel20-schema-json.json"
SUM = "bd3dfc26a35c5a6d49e3e4adc049aa41c1efe31576dfd564e3e399d7b04f3dc6"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", name="秘密 花子")


@pytest.fixture
def lived(city, desk, officer):
    """A challenge answered, worked on and realised in two fiscal years, an agreement, a decline, a draft."""
    section = officer.staff.get().department
    company = make_organisation("みなと化成株式会社")
    person = make_organisation("秘密 太郎", kind="sole")
    with clock.standing_at(date(2025, 5, 12)):
        need = make_challenge(city, by=officer, desk=desk, title="秘密の課題")
    with clock.standing_at(date(2025, 6, 2)):
        proposal = make_proposal(
            city,
            company,
            challenge=need,
            track="challenge",
            state="routing",
            departments=[section],
            desk=desk,
        )
        other = make_proposal(city, person, title="秘密の提案")
    with clock.standing_at(date(2025, 6, 9)):
        proposals.decline(other, by=desk, reason="timing", feedback="秘密の言葉")
        case = make_case(city, proposal=proposal, officer=officer)
        cases.say(case, by=officer, body="秘密の話")
    with clock.standing_at(date(2025, 7, 1)):
        cases.advance(case, "planning", by=officer)
        cases.pause(case, by=officer, until=date(2025, 9, 1), reason="秘密の理由")
    with clock.standing_at(date(2026, 5, 7)):
        cases.resume(case, by=officer)
        agreement = agreements.draft_agreement(
            section, [company], by=desk, kind="individual", title="秘密の協定"
        )
        agreements.sign_agreement(agreement, by=desk, signed_on=date(2026, 5, 7))
        agreements.link_case(agreement, case, by=desk)
        outcomes.record_outcome(
            case, by=officer, kind="donation", title="秘密の成果", summary="…", started_on=date(2026, 5, 7)
        )
        make_proposal(city, company, state="draft")
        make_contact(make_municipality(), company)
    return {"need": need, "proposal": proposal, "other": other, "case": case, "agreement": agreement}


def log(city, year=None) -> dict:
    return json.loads("".join(event_log(city, year)))


def thing(found, kind, row) -> dict:
    return next(one for one in found["objects"] if one["id"] == f"{kind}:{row.pk}")


def history(found, kind, row, name) -> list[str]:
    return [one["value"] for one in thing(found, kind, row)["attributes"] if one["name"] == name]


def check(found: dict) -> None:
    """What readers of event logs rely on."""
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_bytes())).validate(found)
    declared = {
        part: {
            one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in found[f"{part}Types"]
        }
        for part in ("object", "event")
    }
    for part in ("object", "event"):
        ids = [one["id"] for one in found[f"{part}s"]]
        assert len(set(ids)) == len(ids)
        names = [one["name"] for one in found[f"{part}Types"]]
        assert len(set(names)) == len(names)
        for one in found[f"{part}s"]:
            attributes = declared[part][one["type"]]
            for attribute in one["attributes"]:
                assert_is(attribute["value"], attributes[attribute["name"]])
                if part == "object":
                    assert MOMENT.fullmatch(attribute["time"])
            pairs = [(r["objectId"], r["qualifier"]) for r in one["relationships"]]
            assert len(set(pairs)) == len(pairs)
    known = {one["id"] for one in found["objects"]}
    for one in [*found["objects"], *found["events"]]:
        assert {relation["objectId"] for relation in one["relationships"]} <= known, one["id"]
    for event in found["events"]:
        assert event["relationships"], "an event of no object is lost to every reader"
        assert MOMENT.fullmatch(event["time"])
    times = [event["time"] for event in found["events"]]
    assert times == sorted(times)


def assert_is(value: str, kind: str) -> None:
    assert kind in ("string", "time", "integer", "float", "boolean")
    if kind == "time":
        assert MOMENT.fullmatch(value)
        datetime.fromisoformat(value)
    if kind == "integer":
        assert re.fullmatch(r"-?\d+", value)
    if kind == "boolean":
        assert value in ("true", "false")


def test_schema_is_the_published_one():
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() == SUM
    jsonschema.Draft7Validator.check_schema(json.loads(SCHEMA.read_bytes()))


def test_log_is_valid_and_whole(city, lived):
    found = log(city)
    check(found)
    kinds = Counter(one["type"] for one in found["objects"])
    assert (kinds["challenge"], kinds["proposal"], kinds["case"], kinds["agreement"]) == (1, 2, 1, 1)
    assert kinds["organisation"] == 2
    verbs = [event["type"] for event in found["events"]]
    assert verbs.index("proposal.submitted") < verbs.index("case.opened") < verbs.index("outcome.recorded")
    assert set(verbs) == {one["name"] for one in found["eventTypes"]}


def test_schema_refuses_a_broken_log(city, lived):
    found = log(city)
    del found["events"][0]["time"]
    with pytest.raises(jsonschema.ValidationError):
        check(found)


def test_log_of_a_municipality_without_records_is_valid(city):
    check(log(city))
    assert log(city, 2025)["events"] == []


def test_state_of_an_object_changes_with_its_events(city, lived):
    found = log(city)
    stages = [one for one in thing(found, "case", lived["case"])["attributes"] if one["name"] == "stage"]
    assert [one["value"] for one in stages] == ["dialogue", "planning", "paused", "planning"]
    assert stages[1]["time"] == "2025-07-01T01:00:00.000000Z"
    assert history(found, "proposal", lived["other"], "state") == ["draft", "submitted", "declined"]
    assert history(found, "proposal", lived["proposal"], "state")[-1] == "accepted"
    assert history(found, "agreement", lived["agreement"], "state") == ["drafting", "active"]


@pytest.mark.parametrize(("kind", "row"), [(k, r) for k, r in (("challenge", "need"), ("case", "case"))])
def test_object_ends_where_the_record_is(city, lived, kind, row):
    thing_ = lived[row]
    thing_.refresh_from_db()
    assert history(log(city), kind, thing_, STATE[kind])[-1] == getattr(thing_, STATE[kind])


def test_objects_hang_together(city, lived):
    found = log(city)

    def links(kind, row):
        return {(r["qualifier"], r["objectId"]) for r in thing(found, kind, row)["relationships"]}

    case, proposal, need = lived["case"], lived["proposal"], lived["need"]
    assert {
        ("takes up", f"proposal:{proposal.pk}"),
        ("works on", f"challenge:{need.pk}"),
        ("led by", f"department:{case.lead_id}"),
        ("party", f"organisation:{proposal.organisation_id}"),
    } <= links("case", case)
    assert ("covers", f"case:{case.pk}") in links("agreement", lived["agreement"])
    assert ("answers", f"challenge:{need.pk}") in links("proposal", proposal)
    opened = next(event for event in found["events"] if event["type"] == "case.opened")
    assert {r["qualifier"] for r in opened["relationships"]} == {"subject", "takes up", "works on", "party"}
    recorded = next(event for event in found["events"] if event["type"] == "outcome.recorded")
    assert recorded["relationships"][0] == {"objectId": f"case:{case.pk}", "qualifier": "subject"}
    routed = next(event for event in found["events"] if event["type"] == "proposal.routed")
    assert {"objectId": f"department:{case.lead_id}", "qualifier": "asked"} in routed["relationships"]


def test_no_person_and_no_written_word_is_in_it(city, lived, officer, desk):
    text = "".join(event_log(city))
    assert "秘密" not in text
    for person in (officer, desk, lived["proposal"].author):
        assert person.name not in text
        assert person.email not in text
    assert "みなと化成株式会社" in text


def test_fiscal_year_takes_its_events_and_what_they_hang_on(city, lived):
    first, second = log(city, 2025), log(city, 2026)
    check(first)
    check(second)
    assert {event["time"][:4] for event in second["events"]} == {"2026"}
    assert len(first["events"]) + len(second["events"]) == len(log(city)["events"])
    # The proposal was silent in the second year, but the case takes it up.
    assert thing(second, "proposal", lived["proposal"])
    assert f"proposal:{lived['other'].pk}" not in {one["id"] for one in second["objects"]}
    # What came after the year is not known in it.
    assert history(first, "case", lived["case"], "stage") == ["dialogue", "planning", "paused"]
    assert "agreement" not in {one["type"] for one in first["objects"]}


def test_draft_that_was_thrown_away_is_told_of_no_more(city):
    draft = make_proposal(city, state="draft")
    proposals.discard(draft, by=draft.author)
    found = log(city)
    check(found)
    assert [event for event in found["events"] if event["type"].startswith("proposal")] == []


def test_chunks_make_no_difference(city, lived, monkeypatch):
    whole = log(city)
    monkeypatch.setattr(objects, "CHUNK", 1)
    monkeypatch.setattr("musubi.outcomes.event_log.events.CHUNK", 2)
    monkeypatch.setattr("musubi.outcomes.event_log.writing.PIECE", 1)
    assert log(city) == whole


def test_statements_do_not_grow_with_the_records(city, lived, officer, desk):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            log(city)
        return len(queries)

    once = statements()
    for _ in range(3):
        make_case(city, officer=officer, desk=desk)
    assert statements() == once


def test_vocabulary_names_states_and_types_that_exist():
    assert {verb.split(".")[0] for verb in BECOMES} == set(STATE)
    assert all(state in OBJECTS[kind] for kind, state in STATE.items())
    allowed = {"string", "time", "integer", "float", "boolean"}
    assert {kind for facts in FACTS.values() for kind in facts.values()} <= allowed


def test_command_writes_a_whole_file_or_none(city, lived, tmp_path):
    path = tmp_path / "log.json"
    err = StringIO()
    call_command("export-events", "minato", "--fiscal-year", "令和7", "--out", str(path), stderr=err)
    assert json.loads(path.read_text()) == log(city, 2025)
    assert str(path) in err.getvalue()
    assert list(tmp_path.iterdir()) == [path]
    out = StringIO()
    call_command("export-events", "minato", stdout=out)
    check(json.loads(out.getvalue()))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "「nowhere」という自治体はありません"),
        (["minato", "--fiscal-year", "x"], "「x」は年度として読めません"),
        (["minato", "--out", "/nowhere/log.json"], "に書き込めません"),
    ],
)
def test_command_says_what_is_wrong(city, arguments, says):
    with pytest.raises(CommandError, match=says) as refused:
        call_command("export-events", *arguments)
    assert refused.value.returncode == 2
