import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.solutions.models import Solution
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db

NEW = "/my/solutions/new/"
WORDS = {"title": "漁網のごみ袋", "summary": "回収した漁網から袋を作ります。", "goals": ["14"]}


def test_new_solution_is_a_draft(here, company):
    response = here.post(NEW, WORDS | {"organisation": company.pk, "do": "save"})
    solution = Solution.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/my/solutions/{solution.pk}/")
    assert (solution.state, solution.organisation) == ("draft", company)
    assert [goal.pk for goal in solution.goals.all()] == [14]


def test_new_solution_is_published_where_the_button_says_so(here, company):
    here.post(NEW, WORDS | {"organisation": company.pk, "do": "publish"})
    assert Solution.objects.get().state == "published"


def test_new_solution_without_a_title_keeps_the_words(here, company, text):
    response = here.post(NEW, WORDS | {"organisation": company.pk, "title": ""})
    assert response.status_code == 422
    assert "回収した漁網から袋を作ります。" in text(response)
    assert not Solution.objects.exists()


def test_new_solution_published_without_a_summary_stays_a_draft_and_says_why(here, company, text):
    response = here.post(
        NEW, {"title": "漁網のごみ袋", "organisation": company.pk, "do": "publish"}, follow=True
    )
    assert "「できること」が入力されていません" in text(response)
    assert Solution.objects.get().state == "draft"


def test_new_solution_of_another_organisation_is_refused(here, stranger):
    other = stranger.represents.get().organisation
    assert here.post(NEW, WORDS | {"organisation": other.pk}).status_code == 422
    assert not Solution.objects.exists()


def test_edit_changes_the_words(here, company):
    solution = make_solution(company)
    here.post(f"/my/solutions/{solution.pk}/", WORDS)
    solution.refresh_from_db()
    assert solution.title == "漁網のごみ袋"


def test_edit_of_a_published_one_without_a_summary_keeps_the_words(here, company, text):
    solution = make_solution(company)
    response = here.post(f"/my/solutions/{solution.pk}/", WORDS | {"summary": "", "needs": "場所がほしい"})
    assert response.status_code == 422
    assert "場所がほしい" in text(response)
    solution.refresh_from_db()
    assert solution.summary != ""


def test_edit_of_another_organisation_is_not_found(there, company):
    published = make_solution(company)
    assert there.get(f"/my/solutions/{published.pk}/").status_code == 404
    assert there.post(f"/my/solutions/{published.pk}/", WORDS).status_code == 404
    assert there.post(f"/my/solutions/{published.pk}/withdraw/").status_code == 404


def test_withdraw_and_publish_again(here, company):
    solution = make_solution(company)
    assert here.get(f"/my/solutions/{solution.pk}/withdraw/").status_code == 405
    here.post(f"/my/solutions/{solution.pk}/withdraw/")
    solution.refresh_from_db()
    assert solution.state == "withdrawn"
    here.post(f"/my/solutions/{solution.pk}/", WORDS | {"do": "publish"})
    solution.refresh_from_db()
    assert solution.state == "published"


def test_solutions_cost_the_same_for_one_row_and_for_many(here, company):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.get("/my/solutions/").status_code == 200
        return len(queries)

    make_solution(company)
    one = cost()
    for _ in range(4):
        make_solution(company)
    assert cost() == one


def test_solutions_when_empty_say_what_to_do(here, text):
    assert "ソリューションはまだありません" in text(here.get("/my/solutions/"))
