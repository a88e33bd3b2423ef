"""The settings of reminding, one click to nudge whoever is late, and a waiting proposal handed on."""

from datetime import date

import pytest

from musubi.ball.models import Escalation
from musubi.ball.queries import escalation_of
from musubi.cases import actions
from musubi.journal.models import Entry
from musubi.lib import clock
from tests.factories.cases import make_contact
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 8)
RIGHT = {"soon_days": "2", "manager_days": "4", "desk_days": "9", "hour": "7"}


@pytest.fixture
def admin(town):
    return town.at("administrator")


@pytest.fixture
def case(town):
    """Lies with 環境課 since 1 June; was due on the 4th."""
    with clock.standing_at(date(2026, 6, 1)):
        row = make_contact(town.city, town.organisation, officer=town.officer)
        actions.hand_ball(row, town.env, by=town.desk, next_step="返事をする", due_on=date(2026, 6, 4))
    return row


@pytest.fixture
def proposal(town):
    with clock.standing_at(date(2026, 6, 1)):
        return make_proposal(
            town.city,
            town.organisation,
            by=town.representative,
            state="routing",
            departments=[town.env],
            desk=town.desk,
        )


# --- settings


def test_settings_of_reminding_are_shown_with_the_days_of_an_example(town, admin):
    with clock.standing_at(MONDAY):
        page = admin.get("/nagisa/staff/settings/reminders/").content.decode()
    assert (
        "令和8年6月22日(月)が期限のものは、令和8年6月19日(金)・令和8年6月22日(月)・令和8年6月23日(火)に持っている人へ、"
        "令和8年6月25日(木)に管理職へも、令和8年6月29日(月)にデスクへも知らせます。" in page
    )


def test_settings_of_reminding_are_saved(town, admin):
    answer = admin.post("/nagisa/staff/settings/reminders/", RIGHT)
    assert (answer.status_code, answer["Location"]) == (302, "/nagisa/staff/settings/")
    row = escalation_of(town.city)
    assert (row.soon_days, row.manager_days, row.desk_days, row.hour) == (2, 4, 9, 7)
    assert "7時から" in admin.get("/nagisa/staff/settings/").content.decode()


def test_settings_of_reminding_that_do_not_go_up_come_back_with_what_was_typed(town, admin):
    answer = admin.post("/nagisa/staff/settings/reminders/", RIGHT | {"desk_days": "3"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "デスクに知らせるまでの日数は、管理職に知らせるまでの日数より大きく" in page
    assert 'value="3"' in page
    assert not Escalation.objects.exists()


# --- nudging


def test_late_holder_is_nudged_from_the_case_in_one_click(town, case):
    desk, address = town.at("desk"), f"/nagisa/staff/cases/{case.ref}/"
    with clock.standing_at(MONDAY):
        assert "環境課に催促する" in desk.get(address).content.decode()
        answer = desk.post(f"{address}nudge/", follow=True)
        assert "催促しました。" in answer.content.decode()
        again = desk.post(f"{address}nudge/")
    assert again.status_code == 422
    assert "環境課には、きょうすでに催促しました。" in again.content.decode()
    assert Entry.objects.filter(verb="case.nudged").count() == 1


def test_holder_is_not_offered_to_nudge_oneself(town, case):
    with clock.standing_at(MONDAY):
        page = town.at("officer").get(f"/nagisa/staff/cases/{case.ref}/").content.decode()
    assert "環境課に催促する" not in page


def test_holder_in_time_is_not_nudged_from_the_top_of_the_page(town, case):
    with clock.standing_at(date(2026, 6, 4)):
        page = town.at("desk").get(f"/nagisa/staff/cases/{case.ref}/").content.decode()
    assert "環境課に催促する" not in page


def test_department_that_is_asked_is_nudged_from_the_proposal(town, proposal):
    desk, address = town.at("desk"), f"/nagisa/staff/proposals/{proposal.ref}/"
    routing = proposal.routings.get()
    with clock.standing_at(MONDAY):
        assert f"{address}nudge/{routing.pk}/" in desk.get(address).content.decode()
        first = desk.post(f"{address}nudge/{routing.pk}/", follow=True).content.decode()
        second = desk.post(f"{address}nudge/{routing.pk}/", follow=True).content.decode()
    assert "環境課に催促しました。" in first
    assert "環境課には、きょうすでに催促しました。" in second
    assert Entry.objects.filter(verb="proposal.nudged").count() == 1


def test_question_of_another_proposal_is_not_nudged(town, proposal):
    other = make_proposal(town.city, state="routing", desk=town.desk, departments=[town.env])
    answer = town.at("desk").post(f"/nagisa/staff/proposals/{proposal.ref}/nudge/{other.routings.get().pk}/")
    assert answer.status_code == 404


# --- a proposal by hand


def test_proposal_is_handed_to_the_desk(town, proposal):
    officer, address = town.at("officer"), f"/nagisa/staff/proposals/{proposal.ref}/ball/"
    desk = town.city.departments.get(is_desk=True)
    assert address in officer.get(f"/nagisa/staff/proposals/{proposal.ref}/").content.decode()
    page = officer.get(address).content.decode()
    assert (str(desk) in page, "環境課" in page) == (True, True)
    answer = officer.post(address, {"to": desk.pk, "next_step": "ほかの課にも聞いてほしい", "due_on": ""})
    assert answer.status_code == 302
    proposal.refresh_from_db()
    assert (proposal.holder, proposal.ball_next) == (desk, "ほかの課にも聞いてほしい")


def test_proposal_is_not_handed_until_yesterday_and_nothing_typed_is_lost(town, proposal):
    with clock.standing_at(MONDAY):
        answer = town.at("officer").post(
            f"/nagisa/staff/proposals/{proposal.ref}/ball/",
            {"to": town.env.pk, "next_step": "見直す", "due_on": "2026-06-07"},
        )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "期限には、今日以降の日付を入れてください。" in page
    assert ('value="見直す"' in page, 'value="2026-06-07"' in page) == (True, True)
