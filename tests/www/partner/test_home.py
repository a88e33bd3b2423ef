"""今日."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions as cases
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_member, make_municipality, make_staff, make_user
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


def test_home_without_sign_in_asks_for_it(client):
    response = client.get("/my/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/my/")


def test_home_without_an_organisation_says_what_to_do(client, text):
    client.force_login(make_user())
    page = text(client.get("/my/"))
    assert "はじめに、あなたの団体を登録しましょう" in page
    assert 'href="/my/organisations/new/"' in page


def test_home_that_is_empty_invites_to_join(here, text):
    page = text(here.get("/my/"))
    assert "自治体の会員になりましょう" in page
    assert "いま、あなたが動く番のものはありません。" in page


def test_home_shows_whose_turn_it_is_in_every_municipality(here, city, company, person, text):
    other = make_municipality("kitahama", name="北浜市")
    officer = make_staff(city, "officer", make_department(city, "環境課"))
    with clock.standing_at(clock.now() - timedelta(days=40)):
        late = make_case(city, company, officer=officer, by=person, title="ごみ袋の共同製作")
        cases.say(late, by=officer, body="日数を教えてください。")
    make_proposal(other, company, by=person, title="移動図書室")
    page = text(here.get("/my/"))
    mine, theirs = page.split('id="theirs"')
    assert "ごみ袋の共同製作" in mine
    assert "営業日超過" in mine
    assert "移動図書室" not in mine
    assert "移動図書室" in theirs
    assert "北浜市 公民連携デスク" in theirs


def test_home_lists_the_one_due_first_on_top(here, city, company, person, text):
    with clock.standing_at(clock.now() - timedelta(days=10)):
        make_proposal(city, company, by=person, title="先の提案")
    make_proposal(city, company, by=person, title="後の提案")
    page = text(here.get("/my/"))
    assert page.index("先の提案") < page.index("後の提案")


def test_home_shows_nothing_of_another_organisation(there, city, company, person, text):
    make_proposal(city, company, by=person, state="draft", title="秘密の下書き")
    make_proposal(city, company, by=person, title="秘密の提案")
    make_case(city, company, by=person, title="秘密の案件")
    assert "秘密" not in text(there.get("/my/"))


def test_home_costs_the_same_for_one_row_and_for_many(here, city, company, person):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert here.get("/my/").status_code == 200
        return len(queries)

    def fill():
        make_proposal(city, company, by=person)
        make_proposal(city, company, by=person, state="draft")
        make_proposal(city, company, by=person, state="routing")
        case = make_case(city, company, by=person)
        cases.say(case, by=case.owner, body="ご都合は。")
        make_challenge(city, goals=[14])

    make_member(city, company)
    make_solution(company, goals=[14])
    fill()
    one = cost()
    for _ in range(4):
        fill()
    assert cost() == one
