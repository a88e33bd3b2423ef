"""challenge 課題: the table of states, and the steps in which its visibility widens."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

CHALLENGE = Lifecycle(
    "challenge",
    "課題",
    [
        State("draft", _("下書き"), to=("checking",)),
        State(
            "checking",
            _("確認待ち"),
            to=("draft", "published"),
            requires=("problem", "goal_image"),
            tone="info",
        ),
        State(
            "published", _("公開中"), to=("matched", "closed", "resolved"), public=_("募集中"), tone="good"
        ),
        State(
            "matched", _("連携中"), to=("resolved", "closed", "published"), public=_("連携中"), tone="active"
        ),
        State("resolved", _("解決"), public=_("解決"), closing=True, tone="done"),
        State(
            "closed", _("終了"), to=("published",), public=_("終了"), requires=("close_reason",), closing=True
        ),
    ],
)
LISTED = ["published", "matched", "resolved"]


class Visibility(models.IntegerChoices):
    """Each step lets more people read; widening is a step of its own, so are the numbers' gaps for later ones."""

    DEPARTMENT = 10, _("課内")
    MUNICIPALITY = 20, _("庁内")
    MEMBERS = 30, _("会員")
    PUBLIC = 40, _("公開")


class Scale(models.TextChoices):
    SMALL = "small", _("小さく具体的")
    LARGE = "large", _("大きな社会課題")


class Channel(models.TextChoices):
    """How a need, a proposal or a case came."""

    SITE = "site", _("サイト")
    NATIONAL = "national", _("地方創生SDGs官民連携プラットフォーム")
    EVENT = "event", _("イベント")
    WALK_IN = "walk_in", _("持ち込み")
    REFERRAL = "referral", _("紹介")
    MAIL = "mail", _("メール")


class CloseReason(models.TextChoices):
    WITHDRAWN = "withdrawn", _("取りやめ")
    EXPIRED = "expired", _("掲載期限")
    BUDGET = "budget", _("予算の事情")
    OTHER = "other", _("その他")
