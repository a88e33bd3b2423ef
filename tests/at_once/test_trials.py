"""Several people at once at one trial or one agreement: measures stand, nothing is told or begun twice."""

from datetime import date, timedelta

import pytest

from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Agreement, Reading, Trial
from musubi.cases.trials import actions as trials
from musubi.cases.trials import measures
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.trials import agree, make_trial

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
OTHER = [{"name": "電気使用量の削減率", "unit": "%", "threshold": "1"}]


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(city, officer, person):
    company = person.represents.get().organisation
    return make_case(city, company, officer=officer, by=person)


def entries(verb: str) -> int:
    return Entry.objects.filter(verb=verb).count()


def change(trial, officer):
    words = {name: getattr(trial, name) for name in ("title", "field", "starts_on", "ends_on")}
    trials.change_plan(trial, by=officer, measures=OTHER, **words)


def test_a_plan_approved_and_changed_at_once_is_what_was_approved(case, officer, desk):
    trial = make_trial(case, by=officer, manager=desk)
    agree(case, by=officer)
    screens = [seen(trial), seen(trial)]
    results = race(
        lambda: trials.approve_trial(screens[0], by=desk, version=1), lambda: change(screens[1], officer)
    )
    assert told(results) == 1
    approved = results[0] is None
    row = seen(trial)
    assert row.state == ("approved" if approved else "planned")
    assert [measure.threshold for measure in measures.measures(row)] == ([10, 3] if approved else [1])


def test_change_that_slips_in_before_the_approval_is_written_is_not_approved(
    case, officer, desk, monkeypatch
):
    trial = make_trial(case, by=officer, manager=desk)
    agree(case, by=officer)
    results = cut_in(
        monkeypatch,
        journal,
        "write",
        first=lambda: trials.approve_trial(seen(trial), by=desk, version=1),
        second=lambda: change(seen(trial), officer),
    )
    assert told(results) == 1
    assert (seen(trial).state, len(seen(trial).measures)) == ("approved", 2)


def test_reading_and_report_at_once_leave_no_reading_after_the_report(case, officer, desk, person):
    trial = make_trial(case, by=officer, manager=desk, state="running")
    Trial.objects.filter(pk=trial.pk).update(starts_on=date(2020, 1, 1), ends_on=date(2020, 3, 1))
    screens = [seen(trial), seen(trial)]
    results = race(
        lambda: trials.add_reading(screens[0], 0, "5", by=person),
        lambda: trials.report_trial(screens[1], by=officer, findings="5%減った。"),
    )
    assert results[1] is None
    assert Reading.objects.count() == (0 if isinstance(results[0], Exception) else 1)
    assert seen(trial).state == "reported"


def test_two_decisions_at_once_leave_one(case, officer, desk):
    trial = make_trial(case, by=officer, manager=desk, state="reported")
    screens = [seen(trial), seen(trial)]
    results = race(
        lambda: trials.decide_trial(screens[0], by=desk, decision="adopt", reason="満たした。"),
        lambda: trials.decide_trial(screens[1], by=desk, decision="stop", reason="費用が合わない。"),
    )
    assert told(results) == 1
    assert entries("trial.decided") == 1


def test_two_continuations_at_once_are_one(case, officer, desk):
    trial = make_trial(case, by=officer, manager=desk, state="decided", decision="extend")
    words = {
        "starts_on": date(2026, 12, 1),
        "ends_on": date(2027, 5, 31),
        "manager": desk,
        "knows_late": True,
    }
    results = race(*(lambda: make_trial(case, by=officer, extends=seen(trial), **words) for _ in range(2)))
    assert told(results) == 1
    assert Trial.objects.filter(extends=trial).count() == 1


def test_two_renewals_at_once_are_one_and_two_workers_remind_once(case, desk):
    agreement = agreements.draft_agreement(
        case.lead,
        list(case.organisations.all()),
        by=desk,
        kind="individual",
        title="分別の協定",
        cases=[case],
    )
    signed_on = clock.today() - timedelta(days=400)
    soon = clock.today() + timedelta(days=20)
    agreements.sign_agreement(agreement, by=desk, signed_on=signed_on, expires_on=soon)
    screens = [seen(agreement), seen(agreement)]
    results = race(*(lambda a=a: agreements.renew_agreement(a, by=desk) for a in screens))
    assert told(results) == 1
    assert Agreement.objects.count() == 2
    with clock.standing_at(date(2026, 6, 3)):
        day = clock.today()
    Agreement.objects.filter(pk=agreement.pk).update(expires_on=day + timedelta(days=20))

    def remind():
        with clock.standing_at(day):
            return agreements.remind_due()

    assert sorted(race(remind, remind)) == [0, 1]
    assert entries("agreement.expiring") == 1
