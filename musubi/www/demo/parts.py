"""Short stories that both municipalities tell: members, solutions, gatherings, the turn of the year."""

from datetime import date, datetime, timedelta

from musubi.challenges import actions as challenges
from musubi.gatherings import actions as gatherings
from musubi.lib import clock
from musubi.people import actions as people
from musubi.solutions import actions as solution_actions
from musubi.www.demo.player import Story, day, open_day
from musubi.www.demo.town import Town, read


def member(town: Town, key: str, joined: date, message: str = "") -> Story:
    """An organisation applies, and the desk takes it in two days later."""
    yield clock.at(joined)
    row = people.apply_for_membership(
        town.cast.organisation(key),
        town.municipality,
        message or "課題を早く知り、できることから一緒に始めたいです。",
        by=town.cast.speaker(key),
    )
    yield clock.at(open_day(joined + timedelta(days=2), 1), 14)
    people.admit_member(row, by=town.desk)


def applicant(town: Town, key: str, today: date, days: int, message: str) -> Story:
    """Asked to join some days before the build, and waits for the desk."""
    yield clock.at(open_day(today - timedelta(days=days)), 15)
    people.apply_for_membership(
        town.cast.organisation(key), town.municipality, message, by=town.cast.speaker(key)
    )


def solutions(town: Town, name: str) -> Story:
    """What organisations offer, published by themselves."""
    for words in read("solutions")[name]:
        words = dict(words)
        yield clock.at(words.pop("published"))
        key = words.pop("org")
        speaker = town.cast.speaker(key)
        row = solution_actions.draft_solution(town.cast.organisation(key), by=speaker, **words)
        solution_actions.publish_solution(row, by=speaker)


def held(town: Town, key: str, starts_at: datetime, report: str, *, hours: float = 2, **words) -> Story:
    """A gathering from its announcement five weeks before to the report a week after."""
    yield clock.at(open_day(starts_at.date() - timedelta(days=35)))
    row = gatherings.draft_gathering(
        town.departments[key],
        by=town.desk,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        **words,
    )
    gatherings.open_gathering(row, by=town.desk)
    yield clock.at(open_day(starts_at.date() - timedelta(days=2)), 17)
    gatherings.close_gathering(row, by=town.desk)
    yield starts_at + timedelta(hours=hours)
    gatherings.hold(row, by=town.desk)
    yield clock.at(open_day(starts_at.date() + timedelta(days=7), 1))
    gatherings.report(row, report, by=town.desk)


def ahead(
    town: Town, key: str, today: date, *, announced: int, in_days: int, hours: float = 2, **words
) -> Story:
    """A gathering to come, open for sign-up on the day of the build."""
    yield clock.at(open_day(today - timedelta(days=announced)), 11)
    starts_at = clock.at(open_day(today + timedelta(days=in_days), 1), 14)
    row = gatherings.draft_gathering(
        town.departments[key],
        by=town.desk,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        **words,
    )
    gatherings.open_gathering(row, by=town.desk)


def turns_of_the_year(today: date) -> Story:
    """Each 1 April the product itself closes what has passed its date, in all municipalities."""
    for year in range(2023, today.year + 1):
        if date(year, 4, 1) < today:
            yield day(year, 4, 1, 3)
            challenges.expire_due()
