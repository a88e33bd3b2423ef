"""What a text is for, and the facts that may stand in it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a text is written for, in the order of a week's work."""

    FIRST_ANSWER = "first_answer", _("最初の返事")
    ASK_MATERIAL = "ask_material", _("資料のお願い")
    MEETING_OFFER = "meeting_offer", _("打合せのお願い")
    REMINDER = "reminder", _("お返事のお願い")
    ROUTING_ANSWER = "routing_answer", _("照会への回答")
    DECLINE = "decline", _("見送り")
    INTRODUCTION = "introduction", _("課題の紹介")


# {name}: what stands in its place; the invented values show an editor how a text will read.
PLACEHOLDERS: dict[str, str] = {
    "団体名": "うみかぜ環境株式会社",
    "担当者名": "潮見 遥",
    "件名": "海岸清掃のごみ量を画像で測る",
    "整理番号": "A-2026-012",
    "提案名": "スマートフォンで測る海岸ごみマップ",
    "自治体名": "なぎさ市",
    "担当課": "環境課",
    "所属": "環境課",
    "職員名": "森 和子",
    "期限": "令和8年6月19日(金)",
}
# Where a fact is not known: to be filled in by hand before sending.
BLANK = "（　　）"
