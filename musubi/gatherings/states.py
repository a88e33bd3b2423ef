"""gathering イベント: the table of states."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

GATHERING = Lifecycle(
    "gathering",
    "イベント",
    [
        State("draft", _("下書き"), to=("open", "cancelled")),
        State(
            "open", _("受付中"), to=("full", "closed", "held", "cancelled"), public=_("受付中"), tone="good"
        ),
        State("full", _("満席"), to=("open", "closed", "held", "cancelled"), public=_("満席"), tone="warn"),
        State("closed", _("締切"), to=("held", "open", "cancelled"), public=_("受付終了"), tone="neutral"),
        State("held", _("開催済"), to=("reported",), public=_("開催済"), tone="done"),
        State("reported", _("報告済"), public=_("開催済"), requires=("report",), closing=True, tone="done"),
        State("cancelled", _("中止"), public=_("中止"), requires=("cancel_reason",), closing=True),
    ],
)
LISTED = ["open", "full", "closed", "held", "reported", "cancelled"]
TOOK_PLACE = ["held", "reported"]


class Kind(models.TextChoices):
    EXCHANGE = "exchange", _("交流会")
    MATCHING = "matching", _("マッチングイベント")
    SUBCOMMITTEE = "subcommittee", _("専門部会")
    BRIEFING = "briefing", _("説明会")
    WORKSHOP = "workshop", _("検討会")
    CEREMONY = "ceremony", _("委嘱式")
