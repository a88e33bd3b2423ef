"""Writing one line of a case's thread. Only actions call this."""

from musubi.cases.models import Case, Post
from musubi.cases.states import Side
from musubi.lib import clock
from musubi.people.models import User
from musubi.people.permissions import authority


def side_of(case: Case, user: User | None) -> dict:
    """Where the person stands in this case: columns `side`, `department_id`, `organisation_id` of a post."""
    if user is None:
        return {"side": Side.SYSTEM}
    mine = authority(user)
    for organisation_id in case.organisation_ids:
        if organisation_id in mine.organisation_ids:
            return {"side": Side.ORGANISATION, "organisation_id": organisation_id}
    for seat in mine.in_municipality(case.municipality_id):
        if seat.role.code == "desk":
            return {"side": Side.DESK, "department_id": seat.department_id}
    for seat in mine.in_municipality(case.municipality_id):
        if seat.department_id:
            return {"side": Side.DEPARTMENT, "department_id": seat.department_id}
    return {"side": Side.DESK}


def post(case: Case, kind: str, *, by: User | None, body: str = "", internal: bool = False, **more) -> Post:
    """Add a line. `more` may carry `meeting`, `file` and `data`."""
    return Post.objects.create(
        case=case,
        kind=kind,
        at=clock.now(),
        author=by,
        body=body,
        internal=internal,
        **side_of(case, by),
        **more,
    )
