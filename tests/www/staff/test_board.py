"""The board and the list of cases: moved with and without a pointer, narrowed, sorted, and never slower."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from musubi.cases import actions
from musubi.cases.models import Case
from musubi.lib import clock
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def contact(city, officer):
    return make_contact(city, officer=officer, title="ベンチの修理")


def board(client, city, **query):
    return client.get(reverse("staff-cases", args=[city.slug]), query)


def cards(page) -> dict[str, list[dict]]:
    return {column["stage"]: column["cards"] for column in page.context["columns"]}


def move(client, case, to, **data):
    return client.post(
        reverse("staff-case-act", args=[case.municipality.slug, case.ref, "advance"]),
        {"to": to, "back": "board", **data},
    )


def test_a_card_carries_where_it_may_be_dropped(client, city, officer, contact):
    client.force_login(officer)

    (card,) = cards(board(client, city))["intake"]

    assert (card["may_move"], card["next"]) == (True, "dialogue")
    assert card["move_to"] == reverse("staff-case-act", args=[city.slug, contact.ref, "advance"])


def test_an_auditor_sees_cards_that_cannot_be_moved(client, city, contact):
    client.force_login(make_staff(city, "auditor"))

    page = board(client, city)

    assert cards(page)["intake"][0]["may_move"] is False
    assert "board.js" not in page.text
    assert board(client, city, move=contact.ref).status_code == 404


def test_a_drop_on_the_next_column_moves_the_case_and_comes_back_to_its_card(client, city, officer, contact):
    client.force_login(officer)

    answer = move(client, contact, "dialogue")

    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('staff-cases', args=[city.slug])}#case-{contact.ref}"
    assert Case.objects.get(pk=contact.pk).stage == "dialogue"


def test_a_drop_that_skips_stages_leads_to_a_form_that_asks_why(client, city, officer, contact):
    client.force_login(officer)

    page = board(client, city, move=contact.ref, to="planning")

    assert page.context["wants_reason"] is True
    assert page.context["move_form"].initial == {"to": "planning"}
    assert "やり取りか打合せが一つ以上" in page.text


def test_without_a_reason_the_skip_is_refused_and_nothing_is_lost(client, city, officer, contact):
    actions.say(contact, by=officer, body="お話を伺いました。", asks=False)
    client.force_login(officer)

    answer = move(client, contact, "planning", reason="")

    assert answer.status_code == 422
    assert "理由を書いてください" in answer.text
    assert Case.objects.get(pk=contact.pk).stage == "intake"
    assert move(client, contact, "planning", reason="話が早くまとまった").status_code == 302


def test_a_card_in_hand_may_be_laid_aside(client, city, officer, contact):
    client.force_login(officer)

    page = board(client, city, move=contact.ref, to="paused")

    assert page.context["move_form"].code == "pause"


def test_a_card_of_another_department_cannot_be_taken_in_hand(client, city, contact):
    client.force_login(make_staff(city, "officer"))

    assert board(client, city, move=contact.ref).status_code == 404


def test_the_list_narrows_to_whose_turn_it_is(client, city, officer, contact):
    asked = make_case(city, officer=officer, title="遊具の点検")
    actions.say(asked, by=officer, body="見積りをください。")
    client.force_login(officer)

    def titles(**query):
        return [case.title for case, _words in board(client, city, view="list", **query).context["rows"]]

    assert titles(ball="mine") == ["ベンチの修理"]
    assert titles(ball="departments") == ["ベンチの修理"]
    assert titles(ball="organisations") == ["遊具の点検"]
    assert titles(ball="late") == []
    assert titles(owned="on") == titles()
    assert titles(ball="nonsense", sort="nonsense") == titles()
    with clock.standing_at(clock.now() + timedelta(days=60)):
        assert len(titles(ball="late")) == 2


def test_the_list_is_sorted_as_asked_and_says_so(client, city, officer):
    with clock.standing_at(clock.now() - timedelta(days=30)):
        old = make_contact(city, officer=officer, title="古い相談")
    make_contact(city, officer=officer, title="新しい相談")
    actions.advance(old, "dialogue", by=officer)
    client.force_login(officer)

    def listed(sort):
        page = board(client, city, view="list", sort=sort)
        return page.context["sorted_by"], [case.title for case, _words in page.context["rows"]]

    assert listed("new") == ("開始の新しい順", ["新しい相談", "古い相談"])
    assert listed("stage") == ("この段階が長い順", ["新しい相談", "古い相談"])
    assert listed("")[0] == "期限の近い順"


@pytest.mark.parametrize("view", ["", "list"])
def test_three_hundred_cases_cost_no_more_statements_than_three(client, city, officer, view):
    client.force_login(officer)

    def statements_with(more: int) -> int:
        for number in range(more):
            made = make_contact(city, officer=officer)
            if number % 2:
                actions.advance(made, "dialogue", by=officer)
        with CaptureQueriesContext(connection) as seen:
            board(client, city, view=view)
        return len(seen)

    statements_with(1)  # what a process asks for once
    assert statements_with(2) == statements_with(40)


def test_a_moved_card_says_so_itself(client, city, officer, contact):
    client.force_login(officer)

    answer = move(client, contact, "dialogue")

    page = client.get(answer.url)
    assert answer.url.endswith(f"#case-{contact.ref}")
    assert page.content.decode().count(f'id="told-case-{contact.ref}"') == 1


def test_a_move_is_read_on_top_where_the_card_is_not_shown(client, city, officer, contact):
    client.force_login(officer)
    move(client, contact, "dialogue")

    page = board(client, city, q="ほかの案件")

    assert 'id="told"' in page.content.decode()


def test_board_and_list_say_which_cases_they_count(client, city, officer, contact):
    client.force_login(officer)

    assert "進行中だけ" in board(client, city).content.decode().split('class="list-head"')[1][:200]
    assert "完了・見送りも含む" in board(client, city, view="list").content.decode()
    narrowed = board(client, city, view="list", open_only="on").content.decode()
    assert "完了・見送りも含む" not in narrowed
    assert "完了・見送りも含む" not in board(client, city, view="list", stage="intake").content.decode()
