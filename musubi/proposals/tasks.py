"""What the worker does for proposals by itself: it reminds whoever must act next, and lets old offers lapse."""

from musubi.ball import tasks as ball
from musubi.notify.tasks import periodic
from musubi.proposals import referrals
from musubi.proposals.watched import PROPOSALS, QUESTIONS


@periodic("期限のお知らせ(提案)", every=ball.EVERY)
def remind() -> int:
    """Remind of every proposal and every question that is due, each once. Returns how many."""
    return ball.remind(PROPOSALS) + ball.remind(QUESTIONS)


@periodic("団体の返事がないまま期限を過ぎた紹介を閉じる")
def lapse() -> int:
    """Offers of a declined proposal that nobody answered in time lapse. Returns how many."""
    return referrals.lapse_due()
