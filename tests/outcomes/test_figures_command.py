import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from musubi.outcomes.figures import figures
from musubi.outcomes.management.commands.figures import parse_year
from tests.factories.people import make_municipality
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


def run(*arguments) -> str:
    out = StringIO()
    call_command("figures", *arguments, stdout=out)
    return out.getvalue()


def test_json_is_what_the_figures_say():
    city = make_municipality("hamanagi")
    make_proposal(city)
    assert json.loads(run("hamanagi", "--json")) == figures(city)
    assert json.loads(run("hamanagi", "--fiscal-year", "2024", "--json")) == figures(city, 2024)


def test_table_names_each_number():
    city = make_municipality("hamanagi", name="浜凪市")
    make_proposal(city)
    shown = run("hamanagi", "--fiscal-year", "令和6").splitlines()
    assert shown[0] == "浜凪市 令和6年度(2024年度)"
    assert "提案\t0件" in shown
    assert "提案\t1件" in run("hamanagi").splitlines()


def test_unknown_city_is_named_with_those_there_are():
    make_municipality("hamanagi")
    with pytest.raises(CommandError) as error:
        run("namihama")
    assert str(error.value) == (
        "「namihama」という自治体はありません。アドレスの名前(英小文字)で指定してください。登録されている自治体: hamanagi"
    )
    assert error.value.returncode == 2


def test_missing_city_asks_for_one():
    with pytest.raises(
        CommandError, match="自治体を指定してください.*自治体はまだ一つも登録されていません。"
    ):
        run()


@pytest.mark.parametrize("text", ["abc", "24", "平成30", "", "20244", "令和"])
def test_bad_year_is_refused(text):
    make_municipality("hamanagi")
    with pytest.raises(CommandError, match="年度として読めません") as error:
        run("hamanagi", "--fiscal-year", text)
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2024", 2024),
        ("２０２４年度", 2024),
        ("令和6", 2024),
        ("令和元年度", 2019),
        ("r6", 2024),
        ("R6年", 2024),
    ],
)
def test_years_are_read_as_people_write_them(text, year):
    assert parse_year(text) == year
