from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.matching import ask, documents, live
from musubi.people.models import Organisation
from musubi.solutions import actions as solutions
from musubi.solutions.models import Solution
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_staff
from tests.factories.solutions import make_solution

SORTING = {
    "title": "海岸清掃のごみの分別",
    "summary": "海岸清掃で集めたごみの分別を、学生と半分の時間で行います。",
}


def test_rebuild_holds_what_may_be_found(index):
    city = make_municipality()
    shown, draft = make_challenge(city), make_challenge(city, state="draft")
    solution = make_solution(make_member(city).organisation, **SORTING)
    index()
    found = live.matcher().reader.keys()
    assert found == {
        documents.key_of(shown),
        documents.key_of(solution),
        documents.key_of(solution.organisation),
    }
    assert found == documents.every_key()
    assert documents.key_of(draft) not in found
    answers = ask.for_challenge(
        shown, solutions=Solution.objects.all(), organisations=Organisation.objects.all()
    )
    assert [answer.thing for answer in answers] == [solution]


def test_follow_takes_in_what_happened_since(index):
    city = make_municipality()
    desk = make_staff(city, "desk")
    first = make_challenge(city, desk=desk)
    solution = make_solution(make_member(city).organisation, **SORTING)
    index()
    assert index.follow() == 0
    second = make_challenge(city, desk=desk, title="防災無線が聞こえない地区へ知らせたい")
    solutions.withdraw_solution(solution, by=None)
    index.follow()
    assert live.matcher().reader.keys() == documents.every_key()
    challenges.close(second, by=desk, reason="withdrawn")
    index.follow()
    assert live.matcher().reader.keys() == documents.every_key()
    assert [answer.thing for answer in ask.for_seed(solution, challenges=Challenge.objects.all())] == [first]
