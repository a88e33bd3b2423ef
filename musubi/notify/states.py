from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

DELIVERY = Lifecycle(
    "delivery",
    "メール",
    [
        State("queued", _("送信待ち"), to=("sending", "cancelled"), tone="info"),
        State("sending", _("送信中"), to=("sent", "queued", "failed"), tone="info"),
        State("sent", _("送信済"), closing=True, tone="good"),
        State("failed", _("送信失敗"), to=("queued",), closing=True, tone="bad"),
        State("cancelled", _("取消"), closing=True),
    ],
)
