"""What the worker does for cases by itself: it reminds whoever must act next, and gathers the morning's digest."""

from musubi.ball import tasks as ball
from musubi.cases.agreements import tasks as agreement_tasks  # noqa: F401  registers the agreements' periodic work
from musubi.cases.mail import chores as mail_chores  # noqa: F401  registers what is done about mail and files
from musubi.cases.radar import tasks as radar_tasks  # noqa: F401  registers the nightly learning
from musubi.cases.watched import CASES
from musubi.notify.tasks import periodic
from musubi.proposals.watched import PROPOSALS, QUESTIONS


@periodic("期限のお知らせ(案件)", every=ball.EVERY)
def remind() -> int:
    """Remind of every open case that is due, each step once. Returns how many were reminded of.

    Reminds where it is a business day and the municipality's hour has come (8 o'clock unless set otherwise).
    """
    return ball.remind(CASES)


@periodic("朝のまとめ", every=ball.EVERY)
def write_digests() -> int:
    """One mail on a business morning to everybody with something due, late, or to look after. Returns how many."""
    return ball.digests([PROPOSALS, QUESTIONS, CASES])
