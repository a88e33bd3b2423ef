from musubi.people.models import Organisation
from musubi.solutions import actions
from musubi.solutions.models import Solution
from tests.factories.people import make_organisation


def make_solution(organisation: Organisation | None = None, *, state: str = "published", **words) -> Solution:
    """A solution brought to `state` through the actions."""
    words = {
        "title": "浜辺のごみを見分ける学習キット",
        "summary": "採ったごみを子どもが自分で分類し、記録できる教材を貸し出します。",
        **words,
    }
    solution = actions.draft_solution(organisation or make_organisation(), by=None, **words)
    if state != "draft":
        actions.publish_solution(solution, by=None)
    if state == "withdrawn":
        actions.withdraw_solution(solution, by=None)
    return solution
