"""Cases are moved on the board: by pointer, by keyboard alone, and without scripts."""

import pytest
from playwright.sync_api import expect

from musubi.cases import actions
from musubi.cases.models import Case
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_staff

BENCH = "ベンチの修理"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "公園課"), name="青木 海")


@pytest.fixture
def case(city, officer):
    made = make_contact(city, officer=officer, title=BENCH)
    actions.say(made, by=officer, body="現地を見てきました。", asks=False)
    return made


def stage(case) -> str:
    return Case.objects.values_list("stage", flat=True).get(pk=case.pk)


def test_card_is_dragged_to_the_next_column(walker, officer, case):
    walk = walker(officer).go("/nagihama/staff/cases/")
    column = walk.page.locator("[data-stage=dialogue]")

    with walk.page.expect_navigation():
        walk.page.locator(f"#case-{case.ref}").drag_to(column)

    walk.look().sees("段階を進めました。")
    expect(column).to_contain_text(BENCH)
    assert stage(case) == "dialogue"


def test_card_dragged_over_other_columns_asks_why(walker, officer, case):
    walk = walker(officer).go("/nagihama/staff/cases/")

    with walk.page.expect_navigation():
        walk.page.locator(f"#case-{case.ref}").drag_to(walk.page.locator("[data-stage=planning]"))

    walk.look().sees(f"「{BENCH}」を「企画」へ", "理由を一言お書きください")
    walk.fill("理由", "話が早くまとまった").press("進める").sees("段階を進めました。")
    assert stage(case) == "planning"


def test_card_is_moved_by_the_keyboard_alone(walker, officer, case):
    walk = walker(officer).go("/nagihama/staff/cases/")
    page = walk.page
    says = page.locator("[data-board-says]")
    walk.link(f"移す : {BENCH}").focus()

    page.keyboard.press("ArrowRight")
    expect(says).to_have_text("移す先: 対話")
    page.keyboard.press("ArrowLeft")
    expect(says).to_have_text("元の段階")
    page.keyboard.press("Escape")
    expect(says).to_have_text("")
    page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    walk.look().sees("段階を進めました。")
    assert stage(case) == "dialogue"


@pytest.mark.parametrize("width", [360, 1280])
def test_card_is_moved_without_scripts(walker, officer, case, width):
    walk = walker(officer, width=width, scripts=False).go("/nagihama/staff/cases/")

    walk.follow(f"移す : {BENCH}").sees(f"「{BENCH}」を移す")
    walk.choose("どの段階へ", "対話").press("進める").sees("段階を進めました。")

    assert stage(case) == "dialogue"
