from datetime import date

import pytest

from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.solutions import actions
from musubi.solutions.models import Solution
from musubi.solutions.queries import find, published
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_organisation("見本環境サービス株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, is_owner=False)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def test_draft_solution_belongs_to_the_organisation(company, person):
    solution = actions.draft_solution(
        company,
        by=person,
        title=" 省エネ診断 ",
        summary="建物を診断します。",
        goals=[7, 13],
        fields=["environment"],
    )
    solution.refresh_from_db()
    assert (solution.organisation, solution.title, solution.state) == (company, "省エネ診断", "draft")
    assert [goal.number for goal in solution.goals.all()] == [7, 13]
    assert [field.code for field in solution.fields.all()] == ["environment"]
    entry = history(solution).get()
    assert (entry.verb, entry.actor_id, entry.municipality) == ("solution.drafted", person.pk, "")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "あ" * 121}, "title"),
        ({"title": "題", "cost": "円" * 201}, "cost"),
    ],
)
def test_draft_solution_with_bad_words_says_where(company, person, words, field):
    with pytest.raises(Refused) as refusal:
        actions.draft_solution(company, by=person, **words)
    assert refusal.value.field == field
    assert not Solution.objects.exists()


def test_draft_solution_for_another_organisation_is_not_allowed(company):
    with pytest.raises(NotAllowed):
        actions.draft_solution(company, by=make_representative(), title="よその団体")


def test_draft_solution_by_the_desk_is_not_allowed(company):
    with pytest.raises(NotAllowed):
        actions.draft_solution(company, by=make_staff(make_municipality(), "desk"), title="代わりに")


def test_draft_solution_takes_no_unknown_words(company, person):
    with pytest.raises(TypeError):
        actions.draft_solution(company, by=person, title="題", state="published")


def test_save_solution_is_found_by_the_new_words(company, person):
    solution = make_solution(company, title="読書の記録")
    actions.save_solution(solution, by=person, title="防災倉庫の点検", cost=solution.cost, goals=[11])
    assert list(find(published(), text="防災")) == [solution]
    assert list(find(published(), text="読書")) == []
    assert history(solution).last().data == {"changed": ["title"]}
    assert [goal.number for goal in solution.goals.all()] == [11]


def test_save_solution_in_public_keeps_its_summary(company, person):
    solution = make_solution(company)
    with pytest.raises(Missing) as refusal:
        actions.save_solution(solution, by=person, summary=" ")
    assert refusal.value.field == "summary"
    assert Solution.objects.get(pk=solution.pk).summary != ""


def test_save_solution_that_was_withdrawn_meanwhile_is_a_conflict(company, person):
    solution = make_solution(company)
    seen_before = Solution.objects.get(pk=solution.pk)
    actions.withdraw_solution(solution, by=person)
    with pytest.raises(Conflict):
        actions.save_solution(seen_before, by=person, title="別の題")


def test_save_solution_by_another_organisation_is_not_allowed(company):
    with pytest.raises(NotAllowed):
        actions.save_solution(make_solution(company), by=make_representative(), title="題")


def test_publish_solution_without_a_summary_is_refused(company, person):
    solution = make_solution(company, state="draft", summary="")
    with pytest.raises(Missing) as refusal:
        actions.publish_solution(solution, by=person)
    assert refusal.value.field == "summary"


def test_publish_solution_twice_is_refused(company, person):
    with pytest.raises(Refused, match="公開中"):
        actions.publish_solution(make_solution(company), by=person)


def test_publish_solution_by_another_organisation_is_not_allowed(company):
    with pytest.raises(NotAllowed):
        actions.publish_solution(make_solution(company, state="draft"), by=make_representative())


def test_withdraw_solution_and_publish_again_keeps_its_place(company, person):
    with clock.standing_at(date(2025, 4, 1)):
        solution = make_solution(company)
    with clock.standing_at(date(2025, 6, 1)):
        actions.withdraw_solution(solution, by=person)
        assert not published().exists()
        actions.publish_solution(solution, by=person)
    solution.refresh_from_db()
    assert (solution.state, solution.published_at) == ("published", clock.at(date(2025, 4, 1)))
    assert verbs(solution) == [
        "solution.drafted",
        "solution.published",
        "solution.withdrawn",
        "solution.published",
    ]


def test_withdraw_a_draft_is_refused(company, person):
    with pytest.raises(Refused, match="下書き"):
        actions.withdraw_solution(make_solution(company, state="draft"), by=person)


def test_withdraw_solution_of_another_organisation_is_not_allowed(company):
    with pytest.raises(NotAllowed):
        actions.withdraw_solution(make_solution(company), by=make_representative())
