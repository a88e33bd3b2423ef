"""What the worker does about challenges every day."""

from musubi.challenges import actions
from musubi.notify.tasks import periodic


@periodic("challenges: ask about what expires soon")
def ask_to_renew():
    actions.ask_to_renew_due()


@periodic("challenges: close what has expired")
def expire():
    actions.expire_due()
