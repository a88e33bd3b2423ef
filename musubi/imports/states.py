"""An import 取り込み: the table of states, and what can be imported."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

RUN = Lifecycle(
    "run",
    "取り込み",
    [
        State("previewed", _("確認中"), to=("imported", "abandoned"), tone="info"),
        State("imported", _("取り込み済み"), closing=True, tone="done"),
        State("abandoned", _("取りやめ"), closing=True),
    ],
)


class Kind(models.TextChoices):
    CHALLENGES = "challenges", _("課題")
    ORGANISATIONS = "organisations", _("団体・会員")
    PROPOSALS = "proposals", _("提案")
    CONTRIBUTIONS = "contributions", _("ファンドへの拠出")


class Result(models.TextChoices):
    """What becomes of one row. Only `IMPORTED` ones are written; every other one is reported."""

    IMPORTED = "imported", _("取り込み")
    DUPLICATE = "duplicate", _("重複")
    ERROR = "error", _("エラー")
    LEFT_OUT = "left_out", _("対象外")
    HELD = "held", _("見合わせ")
