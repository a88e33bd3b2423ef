"""How often candidates were acted on, and who is shown: the numbers, their records, and the files."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.challenges.states import Visibility
from musubi.lib import clock
from musubi.matching import actions
from musubi.matching.models import Suggestion
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_suggestion
from tests.factories.people import make_member, make_municipality, make_organisation
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
HERE = "/nagisa/staff/figures/suggestions/"


@pytest.fixture
def challenge(town):
    return make_challenge(town.city, by=town.officer, desk=town.desk)


def row(answer, label: str) -> list[str]:
    """The cells of the table row headed `label`, as read."""
    # The same label may head a bar of the drawing above.
    found = re.findall(rf'<tr><th scope="row">{label}</th>(.*?)</tr>', text(answer), re.S)[-1]
    return [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", found, re.S)]


def test_empty_page_says_what_will_stand_there(town):
    answer = town.at("auditor").get(HERE)
    assert answer.status_code == 200
    assert "この期間には、まだ候補がありません。" in text(answer)


def test_acted_on_is_told_by_rank_and_each_number_leads_to_its_records(town, challenge):
    first, second = make_organisation("いち"), make_organisation("に")
    actions.keep_for_challenge(challenge, [found(town.organisation), found(first), found(second)])
    actions.introduce(challenge.suggestions.get(organisation=town.organisation), by=town.desk, words="ぜひ。")
    misfit = challenge.suggestions.get(organisation=second)
    actions.judge(misfit, by=town.desk, side="municipality", fits=False, reason="scale")
    answer = town.at("officer").get(HERE)
    assert row(answer, "1番目") == ["1", "0", "0", "1", "0", "0", "1", "100%"]
    assert row(answer, "3番目") == ["1", "0", "1", "0", "0", "0", "0", "0%"]
    assert row(answer, "11〜20番目") == ["0", "0", "0", "0", "0", "0", "0", "—"]
    behind = town.at("officer").get(f"{HERE}made/?step=acted&rank=1")
    assert "うみかぜ環境株式会社" in text(behind)
    assert "1件" in text(behind)
    assert f"/nagisa/staff/challenges/{challenge.ref}/suggestions/#suggestion-" in text(behind)
    assert "この条件にあてはまる記録はありません。" in text(
        town.at("officer").get(f"{HERE}made/?step=acted&rank=2")
    )


def test_months_and_years_narrow(town, challenge):
    make_suggestion(challenge, town.organisation)
    Suggestion.objects.update(suggested_at=clock.at(clock.today() - timedelta(days=500)))
    old = Suggestion.objects.get().suggested_at.astimezone(clock.TOKYO)
    assert row(town.at("desk").get(HERE), f"{old.year}年{old.month}月") == ["1", "0", "0", "0%"]
    assert "うみかぜ" in text(town.at("desk").get(f"{HERE}made/?month={old:%Y-%m}"))
    year = old.year - (old.month < 4)
    assert "この期間には、まだ候補がありません。" not in text(town.at("desk").get(f"{HERE}?year={year}"))
    assert "この期間には、まだ候補がありません。" in text(town.at("desk").get(f"{HERE}?year={year - 1}"))


def test_other_municipalities_small_numbers_are_hidden(town, challenge):
    few, many = make_municipality("sukunai", name="少市"), make_municipality("ooi", name="多市")
    make_suggestion(challenge, town.organisation)
    make_suggestion(make_challenge(few), town.organisation)
    for _n in range(4):
        make_suggestion(make_challenge(many), town.organisation)
    answer = town.at("desk").get(HERE)
    assert row(answer, "なぎさ市") == ["1", "0", "0", "0%"]
    # The larger one is hidden with the small one, or a subtraction would give it back.
    assert row(answer, "少市") == ["1", "—", "—", "—"]
    assert row(answer, "多市") == ["4", "—", "—", "—"]


def test_who_is_shown_stands_beside_who_is_a_member(town, challenge):
    town.organisation.size, town.organisation.prefecture = "micro", "見本県"
    town.organisation.save()
    left_out = make_organisation("でていない会", size="large", prefecture="海原県")
    make_member(town.city, left_out)
    make_suggestion(challenge, town.organisation)
    answer = town.at("desk").get(HERE)
    assert row(answer, "5人以下") == ["1", "50%", "1", "100%"]
    assert row(answer, "301人以上") == ["1", "50%", "0", "0%"]
    assert row(answer, "ほかの都道府県") == ["1", "50%", "0", "0%"]
    assert "会員2団体のうち1団体は、いま上位10件のどこにも出ていません。" in text(answer)
    never = text(town.at("desk").get(f"{HERE}never/"))
    assert "でていない会" in never
    assert "うみかぜ" not in never
    members = text(town.at("desk").get(f"{HERE}members/?size=large&region=elsewhere"))
    assert "でていない会" in members
    assert "うみかぜ" not in members
    assert "うみかぜ" in text(town.at("desk").get(f"{HERE}places/?size=micro&region=same"))
    assert "この条件に" in text(town.at("desk").get(f"{HERE}places/?size=unknown&region=unknown"))


def test_what_a_person_may_not_read_is_not_listed(town, challenge):
    make_suggestion(challenge, town.organisation)
    type(challenge).objects.filter(pk=challenge.pk).update(visibility=Visibility.DEPARTMENT)
    assert challenge.title not in text(town.at("other").get(f"{HERE}made/"))
    assert challenge.title in text(town.at("desk").get(f"{HERE}made/"))


@pytest.mark.parametrize(
    "address",
    ["other/", "made/?rank=7", "made/?step=won", "made/?month=2026-13", "made/?month=9999-12", "made/?month=x",
     "made/?year=x", "members/?size=giant", "places/?region=moon"],
)  # fmt: skip
def test_what_names_nothing_is_not_found(town, address):
    assert town.at("desk").get(HERE + address).status_code == 404


def test_files_hold_the_same_numbers(town, challenge):
    make_suggestion(challenge, town.organisation)
    answer = town.at("desk").get("/nagisa/staff/figures/suggestions.csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "表,行,項目,数"
    assert "順位,1番目,候補にした,1" in lines
    assert "規模,規模が未登録,上位10件,1" in lines
    assert answer["Cache-Control"] == "private, no-store"
    book = town.at("desk").get("/nagisa/staff/figures/suggestions.xlsx")
    assert book.content[:2] == b"PK"
    assert town.at("desk").get("/nagisa/staff/figures/suggestions.pdf").status_code == 404


def test_pages_cost_the_same_for_one_and_for_twenty(town):
    def cost() -> list[int]:
        spent = []
        for address in (HERE, f"{HERE}made/", f"{HERE}never/", f"{HERE}places/"):
            with CaptureQueriesContext(connection) as asked:
                assert town.at("desk").get(address).status_code == 200
            spent.append(len(asked))
        return spent

    make_member(town.city, make_organisation())
    make_suggestion(make_challenge(town.city, by=town.officer, desk=town.desk), town.organisation)
    cost()
    before = cost()
    seeds = [make_organisation() for _n in range(20)]
    for seed in seeds:
        make_member(town.city, seed)
    actions.keep_for_challenge(
        make_challenge(town.city, by=town.officer, desk=town.desk), [found(seed) for seed in seeds]
    )
    assert cost() == before
