"""Telling people what no single journal entry stands behind: a reminder, a digest.

The caller's transaction is where the caller keeps what makes it happen once.
"""

from collections.abc import Iterable

from musubi.lib import clock
from musubi.notify.actions import mail_body, one_line
from musubi.notify.models import Delivery, Notice
from musubi.notify.queries import who_want_mail
from musubi.notify.registry import Kind, Letter


def inform(kind: Kind, letters: Iterable[Letter]) -> list[Notice]:
    """A notice for each letter, and a mail besides to those who want this kind by mail. Three statements at most."""
    now = clock.now()
    notices = Notice.objects.bulk_create(
        Notice(
            user=letter.user,
            kind=kind.verb,
            title=one_line(letter.title),
            body=letter.body,
            path=letter.path,
            at=now,
        )
        for letter in letters
    )
    wanting = who_want_mail(kind, list({notice.user_id for notice in notices})) if notices else set()
    Delivery.objects.bulk_create(
        Delivery(
            notice=notice,
            user=notice.user,
            address=notice.user.email,
            subject=notice.title,
            body=mail_body(notice, always=kind.always),
            created_at=now,
            next_try_at=now,
        )
        for notice in notices
        if notice.user_id in wanting
    )
    return notices


def mail(kind: Kind, letters: Iterable[Letter]) -> int:
    """A mail for each letter, and no notice: for what only gathers what lies in other lists. Returns how many.

    Whether each person wants it is the caller's to ask (`who_want_mail`), before the letters are written.
    """
    now = clock.now()
    return len(
        Delivery.objects.bulk_create(
            Delivery(
                user=letter.user,
                address=letter.user.email,
                subject=one_line(letter.title),
                body=mail_body(
                    Notice(user=letter.user, body=letter.body, path=letter.path), always=kind.always
                ),
                created_at=now,
                next_try_at=now,
            )
            for letter in letters
        )
    )
