"""Finished cases with the stays they left behind, for what is learned from them."""

from datetime import date, datetime, timedelta
from itertools import count

from musubi.cases.models import Case, Post, Stay
from musubi.lib import clock
from musubi.people.models import Department, User
from tests.factories.people import make_user

_number = count(1)


def make_stay(
    department: Department,
    days: int,
    *,
    stage: str = "dialogue",
    track: str = "",
    end: str = "moved",
    since: date = date(2024, 6, 3),
    owner: User | None = None,
    then: str = "",
) -> Stay:
    """One stay of a finished case, begun at ten in the morning of `since` and ended `days` days later; `then` names the
    stage it moved on to (a stay of a day), otherwise it was completed."""
    begun = clock.at(since)
    until = begun + timedelta(days=days)
    case = Case.objects.create(
        municipality_id=department.municipality_id,
        ref=f"past-{next(_number)}",
        title="過去の案件",
        lead=department,
        owner=owner or make_user(),
        channel="site",
        stage="completed",
        stage_since=begun,
        opened_at=begun,
        closed_at=until + timedelta(days=1),
    )
    facts = {
        "case": case,
        "municipality_id": department.municipality_id,
        "department": department,
        "track": track,
    }
    stay = Stay.objects.create(stage=stage, since=begun, until=until, end=end, **facts)
    if then:
        Stay.objects.create(stage=then, since=until, until=until + timedelta(days=1), end="moved", **facts)
    return stay


def make_stays(department: Department, days: list[int], **facts) -> list[Stay]:
    """A stay of each length."""
    owner = facts.pop("owner", None) or make_user()
    return [make_stay(department, each, owner=owner, **facts) for each in days]


def make_line(stay: Stay, day: int, kind: str = "message", *, side: str = "department") -> Post:
    """A line in the stay's thread, `day` days after the stay began, at noon."""
    at: datetime = stay.since + timedelta(days=day, hours=2)
    return Post.objects.create(case=stay.case, kind=kind, side=side, at=at, body="記録")
