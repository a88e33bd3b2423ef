"""How long a case stays at each stage is kept while it moves."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps

from musubi.cases import actions
from musubi.cases.models import Case, Stay
from musubi.lib import clock
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer")


@pytest.fixture
def contact(officer):
    with clock.standing_at(date(2026, 6, 1)):
        return make_contact(officer.staff.get().municipality, officer=officer)


def stays(case: Case) -> list[tuple]:
    """(stage, days until it ended or None, how it ended) of each stay, oldest first."""
    return [
        (stay.stage, (stay.until - stay.since).days if stay.until else None, stay.end)
        for stay in Stay.objects.filter(case=case).order_by("id")
    ]


def live(case: Case, officer) -> None:
    """In dialogue after 4 days, laid aside after 10, taken up after 20, given up after 23."""
    with clock.standing_at(date(2026, 6, 5)):
        actions.advance(case, "dialogue", by=officer)
    with clock.standing_at(date(2026, 6, 11)):
        actions.pause(case, by=officer, until=date(2026, 7, 1), reason="担当課の繁忙期")
    with clock.standing_at(date(2026, 6, 21)):
        actions.resume(case, by=officer)
    with clock.standing_at(date(2026, 6, 24)):
        actions.close(case, by=officer, reason="budget", feedback="来年度にまたご相談ください。")


LIVED = [("intake", 4, "moved"), ("dialogue", 6, "paused"), ("dialogue", 3, "closed")]


def test_an_opened_case_stays_at_its_first_stage(contact):
    assert stays(contact) == [("intake", None, "")]
    assert Stay.objects.get(case=contact).since == contact.opened_at


def test_a_case_on_a_proposal_carries_its_track():
    case = make_case(track="open")

    stay = Stay.objects.get(case=case)

    assert (stay.stage, stay.track, stay.department, stay.municipality) == (
        "dialogue",
        "open",
        case.lead,
        case.municipality,
    )


def test_every_move_ends_a_stay_and_a_pause_is_none(contact, officer):
    live(contact, officer)

    assert stays(contact) == LIVED


def test_a_completed_case_stays_nowhere(contact, officer):
    Case.objects.filter(pk=contact.pk).update(outcome_count=1)
    contact.refresh_from_db()
    actions.say(contact, by=officer, body="始めましょう。")

    actions.advance(contact, "completed", by=officer, reason="小さく終わった")

    assert [(stage, end) for stage, _, end in stays(contact)] == [("intake", "moved")]
    assert not Stay.objects.filter(case=contact, until=None).exists()


def test_the_stays_of_older_cases_are_read_from_their_threads(contact, officer):
    live(contact, officer)
    Stay.objects.all().delete()

    import_module("musubi.cases.migrations.0006_fill_case_work").fill(apps, None)

    assert stays(contact) == LIVED


def test_a_stay_that_is_open_ends_once(contact, officer):
    with clock.standing_at(clock.now() + timedelta(days=1)):
        actions.advance(contact, "dialogue", by=officer)

    assert Stay.objects.filter(case=contact, until=None).count() == 1
