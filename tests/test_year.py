"""A year of a busy city: no open thing without a holder, every reminder once, whenever the worker dies."""

from collections import Counter

import pytest
from django.core import mail
from django.db import connection

from musubi.ball.models import Digest
from musubi.ball.notices import REMINDED
from musubi.ball.states import Step
from musubi.lib import clock
from musubi.lib.workdays import is_workday
from musubi.notify import tasks as worker
from musubi.notify.models import Delivery, Notice
from tests import lives, year

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lived(settings):
    settings.MAIL_CONFIGURED = True
    worker.discover()
    # The whole of it on one database; a third shows that the other one does the same.
    part = 1 if connection.vendor == "sqlite" else 3
    return year.live(seed=2025, days=365 // part, activities=year.ACTIVITIES // part)


def test_a_busy_year_leaves_nothing_without_a_holder_and_reminds_of_everything_once(lived):
    assert lived.activities in (year.ACTIVITIES, year.ACTIVITIES // 3)
    assert lived.made.keys() >= year.USUAL.keys()
    assert lived.deaths > lived.activities // 20
    lives.check_holders()

    # What was reminded of is what should have been, each step of each ball once.
    kinds = [table.kind for table in year.TABLES]
    assert year.reminded(kinds) == lived.expected
    # How far the longest neglected ball came is luck; `tests/ball` specifies each step.
    assert {step for *_ball, step in lived.expected} >= {Step.SOON, Step.TODAY, Step.LATE}
    told = Counter(Notice.objects.filter(kind=REMINDED).values_list("user", "path", "at"))
    assert [notice for notice, times in told.items() if times > 1] == []

    # One digest a person and business morning, whatever died, and none on any other day.
    digests = Delivery.objects.filter(notice=None, subject__startswith="今日のまとめ")
    mornings = Counter(
        (user, at.astimezone(clock.TOKYO).date()) for user, at in digests.values_list("user_id", "created_at")
    )
    assert mornings.keys() <= set(Digest.objects.values_list("user_id", "day"))
    # The year begins with nothing late: a third of it sees few reminders, and so few digests.
    is_whole = lived.activities == year.ACTIVITIES
    assert len(mornings) > (lived.activities // 20 if is_whole else len(lived.expected))
    assert [morning for morning, times in mornings.items() if times > 1] == []
    assert all(is_workday(day) for _user, day in mornings)

    # Every mail went out; twice only where the worker died between sending and noting it.
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"sent"}
    sent = Counter(message.extra_headers["Message-ID"] for message in mail.outbox)
    assert sum(times - 1 for times in sent.values()) <= lived.deaths
