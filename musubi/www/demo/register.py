"""Agreements: signed after something was achieved together, and what the worker says of them in the last days."""

from datetime import date, timedelta

from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Agreement, Case
from musubi.lib import clock
from musubi.www.demo.player import Story, open_day
from musubi.www.demo.town import Town

# So many days before the build the worker looked through the registers.
LOOKED = 3


def agreement(town: Town, words: dict, today: date) -> Story:
    """It names the cases with an outcome it rests on. `expires_in` counts days from the build, `expires` is a date."""
    yield clock.at(words["drafted"])
    organisation = town.cast.organisation(words["org"])
    resting_on = Case.objects.filter(
        municipality=town.municipality, organisations=organisation, outcome_count__gt=0
    )
    row = agreements.draft_agreement(
        town.departments[words["department"]],
        [organisation],
        by=town.desk,
        kind=words["kind"],
        title=words["title"],
        items=words["items"],
        cases=resting_on,
    )
    yield clock.at(words["signed"])
    expires_on = (
        today + timedelta(days=words["expires_in"]) if "expires_in" in words else words.get("expires")
    )
    agreements.sign_agreement(
        Agreement.objects.get(pk=row.pk), by=town.desk, signed_on=clock.today(), expires_on=expires_on
    )


def looked_through(today: date) -> Story:
    """The worker, a few days before the build: what ends soon, and what sleeps."""
    yield clock.at(open_day(today - timedelta(days=LOOKED)), 6)
    agreements.expire_due()
    agreements.remind_due()
    agreements.mark_dormant()
