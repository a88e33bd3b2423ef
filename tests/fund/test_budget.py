"""An application's budget against its terms: how the grant comes about, and all that stands against sending it."""

from datetime import date
from fractions import Fraction

import pytest

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.budget import Problem, costs_of, problems, reckoned, terms_of
from musubi.fund.models import CostLine
from musubi.fund.states import Phase
from musubi.fund.terms.amounts import Category, Direction, Rounding, Terms
from musubi.lib import clock
from musubi.lib.errors import Refused
from tests.factories.fund import fill_application, make_application, make_call, make_edition, make_fund
from tests.factories.people import make_municipality, make_organisation, make_representative

pytestmark = pytest.mark.django_db

WAGES = {"category": "wages", "label": "担当者", "yen": 1_000_000}
FIRST = [{"stage": "first", "name": "効果"}]
WHOLE = Parts(
    years=[{"year": 1, "unit": 1}], categories=[{"code": "wages", "name": "人件費"}], criteria=FIRST
)


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 12)):
        yield


def application_under(state: str = "draft", *, parts=None, costs=None, **rules):
    city = make_municipality()
    edition = make_edition(city, **({"parts": parts} if parts else {}), **rules)
    return make_application(make_call(make_fund(city), edition=edition), state=state, costs=costs)


def save(application, **words) -> None:
    person = make_representative(application.organisation)
    actions.save_application(application, by=person, version=application.version, **words)


def found(application) -> list[str]:
    return [problem.field for problem in problems(application)]


# --- terms and costs ---------------------------------------------------------------------------------------------


def test_the_terms_of_each_year():
    edition = make_edition(make_municipality(), own_above=1, own_below=5, tax="deduct")
    categories = (
        Category("wages"),
        Category("things"),
        Category("travel", cap=200_000),
        Category("food", eligible=False),
    )
    assert terms_of(edition, 1) == Terms(
        Fraction(4, 5),
        5_000_000,
        Rounding(1000, Direction.DOWN),
        categories,
        own_share=Fraction(1, 5),
        tax="deduct",
    )
    assert (terms_of(edition, 2).rate, terms_of(edition, 2).cap) == (Fraction(1, 2), 3_000_000)
    with pytest.raises(Refused, match="3年目の助成はありません"):
        terms_of(edition, 3)


def test_a_share_is_a_part_of_a_hundred():
    parts = Parts(
        years=WHOLE.years,
        categories=[{"code": "wages", "name": "人件費"}, {"code": "travel", "name": "旅費", "share": 30}],
        criteria=FIRST,
    )
    application = application_under(
        parts=parts, costs=[WAGES, {"category": "travel", "label": "船", "yen": 1_000_001}]
    )
    # 30 % of 2,000,001 is 600,000.3
    assert [step.yen for step in reckoned(application)] == [
        2_000_001,
        2_000_001,
        1_600_000,
        1_600_000,
    ]


def test_costs_are_added_up_by_category_and_phase():
    application = application_under(
        costs=[WAGES, {**WAGES, "yen": 1}, {"category": "food", "label": "弁当", "yen": 500}]
    )
    wages = application.edition.categories.get(code="wages")
    CostLine.objects.create(
        application=application, phase=Phase.ACTUAL, category=wages, label="担当者", yen=7
    )
    assert costs_of(application) == {"wages": 1_000_001, "food": 500}
    assert costs_of(application, Phase.ACTUAL) == {"wages": 7}
    assert costs_of(application, Phase.CHANGE) == {}


def test_the_grant_step_by_step():
    application = application_under(
        costs=[WAGES, {"category": "travel", "label": "船", "yen": 300_000}], tax="deduct"
    )
    save(application, other_grants=100_000, income=50_000, deductible_tax=10_500)
    assert [(step.code, step.yen) for step in reckoned(application)] == [
        ("costs", 1_300_000),
        ("eligible", 1_300_000),
        ("categories", 1_200_000),
        ("tax", 1_189_500),
        ("other_money", 1_039_500),
        ("rate", 831_600),
        ("rounded", 831_000),
    ]


def test_sums_are_right_to_the_yen_at_the_largest():
    application = application_under(parts=WHOLE, costs=[{**WAGES, "yen": 10**15 - 1}])
    save(application, requested=10**15 - 1, own_money=0)
    assert (reckoned(application)[-1].yen, problems(application)) == (10**15 - 1, [])
    save(application, requested=10**15)
    assert problems(application) == [
        Problem(
            "requested",
            "申請額1,000,000,000,000,000円は、助成できる額999,999,999,999,999円を超えています。"
            "申請額を下げるか、経費を見直してください。",
        ),
        Problem(
            "own_money",
            "収入(申請額・自己資金・ほかの助成金・事業の収入)の合計1,000,000,000,000,000円が、"
            "経費の合計999,999,999,999,999円より1円多くなっています。同じ額にしてください。",
        ),
    ]


def test_two_hundred_lines_of_the_largest_sum():
    application = application_under(parts=WHOLE)
    save(application, costs=[{**WAGES, "yen": 10**15}] * 200)
    assert reckoned(application)[-1].yen == 200 * 10**15


# --- what stands against sending it ------------------------------------------------------------------------------


def test_nothing_stands_against_one_that_is_right():
    assert problems(application_under()) == []


def test_an_empty_draft_is_told_everything_at_once():
    call = make_call(make_fund())
    company = make_organisation()
    draft = actions.start_application(call, by=make_representative(company), organisation=company)
    texts = ["title", "purpose", "content", "schedule", "structure", "effect", "future"]
    assert found(draft) == ["representative_name", *texts, "costs"]
    assert problems(draft)[1] == Problem("title", "「事業名」を入力してください。")
    assert problems(draft)[-1] == Problem("costs", "経費を1行以上入力してください。")


def test_who_does_business_alone_needs_no_representative():
    application = application_under()
    save(application, representative_name="")
    assert found(application) == ["representative_name"]
    application.organisation.kind = "sole"
    assert found(application) == []


def test_lines_of_nothing_are_no_costs():
    application = application_under()
    save(application, costs=[{**WAGES, "yen": 0}] * 3)
    assert found(application) == ["costs"]


def test_every_line_without_a_label_is_named():
    application = application_under()
    save(application, costs=[{**WAGES, "label": "", "yen": 500_000}, {**WAGES, "label": " ", "yen": 500_000}])
    assert [problem.words for problem in problems(application)] == [
        "経費の1行目の「内訳」を入力してください。",
        "経費の2行目の「内訳」を入力してください。",
    ]


@pytest.mark.parametrize(
    ("money", "fields"),
    [
        ({"requested": 0, "own_money": 1_000_000}, ["requested"]),
        ({"requested": 1, "own_money": 999_999}, []),
        ({"requested": 800_000, "own_money": 200_000}, []),
        ({"requested": 800_001, "own_money": 199_999}, ["requested"]),
        ({"requested": 800_000, "own_money": 199_999}, ["own_money"]),
        ({"requested": 800_000, "own_money": 200_001}, ["own_money"]),
        # Other money is taken off before the rate: (1,000,000 - 500,000) × 4/5.
        ({"requested": 400_000, "own_money": 100_000, "other_grants": 500_000}, []),
        ({"requested": 401_000, "own_money": 99_000, "other_grants": 500_000}, ["requested"]),
        ({"requested": 400_000, "own_money": 100_000, "income": 500_000}, []),
    ],
)
def test_income_equals_cost_to_the_yen(money, fields):
    application = application_under()
    save(application, **money)
    assert found(application) == fields


def test_what_is_lacking_is_said_in_yen():
    application = application_under()
    save(application, own_money=199_999)
    (problem,) = problems(application)
    assert problem.words == (
        "収入(申請額・自己資金・ほかの助成金・事業の収入)の合計999,999円が、"
        "経費の合計1,000,000円より1円足りません。同じ額にしてください。"
    )


def test_what_can_be_asked_for_is_said_where_nothing_was():
    application = application_under()
    save(application, requested=0, own_money=1_000_000)
    (problem,) = problems(application)
    assert problem.words == "申請額を入力してください。この経費では800,000円まで申請できます。"


def test_ineligible_cost_is_borne_but_not_granted():
    application = application_under(costs=[{"category": "food", "label": "弁当", "yen": 1_000}, WAGES])
    person = make_representative(application.organisation)
    fill_application(application, person, requested=800_000, costs=[WAGES, {**WAGES, "category": "food"}])
    assert problems(application) == []
    save(application, requested=800_001, own_money=1_199_999)
    assert found(application) == ["requested"]


def test_papers_that_are_required_now_are_asked_for():
    papers = [
        {"code": "accounts", "name": "決算書"},
        {"code": "photo", "name": "写真", "is_required": False},
        {"code": "bills", "name": "領収書", "for_report": True},
    ]
    parts = Parts(years=WHOLE.years, categories=WHOLE.categories, criteria=FIRST, papers=papers)
    application = application_under(parts=parts)
    save(application, requested=1_000_000, own_money=0)
    assert problems(application) == [Problem("papers", "「決算書」を添付してください。")]


def test_an_organisation_that_is_not_supported_any_more_is_told_first():
    application = application_under(kinds=["company"])
    application.organisation.kind = "npo"
    assert problems(application) == [
        Problem(
            "organisation",
            "団体の種別が対象(企業)、という条件に合いません。"
            "登録されている種別は「NPO・公益団体」です。違うときは、団体の情報を直してください。",
        )
    ]
