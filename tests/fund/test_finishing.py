"""A call is finished once all that came of it has come to its end."""

from datetime import date

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Call
from musubi.journal.queries import history
from musubi.lib.errors import NotAllowed, Refused
from tests.at_once.race import seen
from tests.factories.fund import make_application, make_call, make_edition, make_fund, screen
from tests.factories.people import make_municipality, make_representative, make_staff
from tests.fund.after import accept, award_of, fix, on, report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with on(4, 10, 2026):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def award(city):
    return award_of(make_fund(city))


@pytest.fixture
def call(award) -> Call:
    return award.application.call


def finish(call, desk) -> str:
    actions.finish_call(seen(call), by=desk)
    return seen(call).state


def settle(award) -> None:
    """500,000 yen are still to be paid, and are."""
    accept(award)
    report(award, 625_000)
    fix(award)
    actions.pay(award.payments.get(), by=None)


def test_a_call_is_finished_when_its_awards_are_settled(award, call, desk):
    for step in (lambda: None, lambda: accept(award), lambda: report(award, 625_000), lambda: fix(award)):
        step()
        with pytest.raises(Refused, match="まだ終わっていない事業が1件"):
            finish(call, desk)
    actions.pay(award.payments.get(), by=None)
    assert finish(call, desk) == "finished"
    entry = history(call).last()
    assert (entry.verb, entry.actor) == ("call.finished", desk.name)
    with pytest.raises(Refused):
        finish(call, desk)


def test_where_an_outcome_is_due_it_is_waited_for(award, call, desk):
    Call.objects.update(outcome_on=date(2026, 9, 30))
    settle(award)
    with pytest.raises(Refused):
        finish(call, desk)
    actions.report_outcome(award, by=award.application.filed_by, outcome="藻場が増えた。")
    assert finish(call, desk) == "finished"


def test_what_was_revoked_has_ended(award, call, desk):
    accept(award)
    actions.revoke(award, by=None, reason="虚偽の申請")
    assert finish(call, desk) == "finished"


def test_who_waits_in_reserve_is_told_first(city, desk):
    with on(6, 12):
        call = make_call(make_fund(city), edition=make_edition(city, has_reserve=True))
        make_application(call)
    with on(8, 25):
        for one in screen(call):
            actions.prepare_decision(one, by=None, outcome="reserve", reasons="予算の範囲に入らない。")
        with pytest.raises(Refused):
            finish(call, desk)
        actions.release(call, by=None)
    with pytest.raises(Refused):
        finish(call, desk)
    actions.drop_reserve(call.applications.get(), by=None, reason="財源が増えなかったため")
    assert finish(call, desk) == "finished"


def test_finish_call_is_the_secretariats(award, call, city):
    settle(award)
    for person in (make_staff(city, "manager"), make_staff(make_municipality()), make_representative()):
        with pytest.raises(NotAllowed):
            actions.finish_call(call, by=person)
    assert seen(call).state == "released"


def test_the_page_of_the_call_finishes_it(client, award, call, desk):
    client.force_login(desk)
    page = reverse("staff-fund-call", args=["shiokaze", call.ref])
    act = reverse("staff-fund-call-act", args=["shiokaze", call.ref, "finish", call.pk])
    assert "まだ終わっていない事業が1件" in client.get(page).content.decode()
    assert client.post(act).status_code == 422
    settle(award)
    assert act.removeprefix(page) in client.get(page).content.decode()
    assert client.post(act).status_code == 302
    after = client.get(page).content.decode()
    assert seen(call).state == "finished"
    assert ("act/finish" in after, "募集を終了した" in after) == (False, True)
