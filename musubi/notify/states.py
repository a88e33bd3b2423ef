"""The life of a mail, and how often and how long the worker tries."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

DELIVERY = Lifecycle(
    "delivery",
    "メール",
    [
        State("queued", _("送信待ち"), to=("sending", "cancelled"), tone="info"),
        State("sending", _("送信中"), to=("sent", "queued", "failed", "cancelled"), tone="info"),
        State("sent", _("送信済"), closing=True, tone="good"),
        State("failed", _("送信失敗"), to=("queued",), closing=True, tone="bad"),
        State("cancelled", _("取消"), closing=True),
    ],
)

# A claim older than this belongs to a worker that died. One mail takes 20 seconds at most (EMAIL_TIMEOUT).
LEASE = timedelta(minutes=5)

# What is waited after the first, the second … failure; the failure after the last of them is the end.
MAIL_WAITS = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
]
MAIL_TRIES = len(MAIL_WAITS) + 1
ENTRY_WAITS = [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)]
ENTRY_TRIES = len(ENTRY_WAITS) + 1
