"""What the worker does about agreements every day. Imported by `cases.tasks`."""

from musubi.cases.agreements import actions as agreements
from musubi.notify.tasks import periodic


@periodic("agreements: end those whose day has passed")
def expire():
    agreements.expire_due()


@periodic("agreements: remind of those that end in 90 and 30 days")
def remind():
    agreements.remind_due()


@periodic("agreements: notice which sleep and which woke")
def sleep_and_wake():
    agreements.mark_dormant()
