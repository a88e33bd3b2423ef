from musubi.challenges import actions
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.people.models import Municipality, User
from tests.factories.people import make_municipality, make_staff


def make_challenge(
    municipality: Municipality | None = None,
    *,
    state: str = "published",
    visibility: int = Visibility.PUBLIC,
    by: User | None = None,
    desk: User | None = None,
    **words,
) -> Challenge:
    """A challenge brought to `state` through the actions. `by` is the officer, `desk` the desk officer."""
    municipality = municipality or make_municipality()
    by = by or make_staff(municipality, "officer")
    department = by.staff.get().department
    words = {
        "title": "海岸清掃で集めたごみの分別を続けたい",
        "problem": "年に約40回の海岸清掃で集めたごみの分別に、職員2人で週6時間かかっている。",
        "goal_image": "来年度末までに、分別にかかる時間を半分の週3時間にする。",
        **words,
    }
    challenge = actions.draft_challenge(department, by=by, **words)
    if state == "draft":
        return challenge
    actions.ask_for_check(challenge, by=by)
    if state == "checking":
        return challenge
    desk = desk or make_staff(municipality, "desk")
    actions.publish(challenge, by=desk, visibility=visibility)
    if state == "matched":
        actions.match(challenge, by=desk)
    elif state == "resolved":
        actions.resolve(challenge, by=desk)
    elif state == "closed":
        actions.close(challenge, by=desk, reason="withdrawn")
    return challenge
