"""case 連携案件, trial 実証実験, agreement 協定, meeting 打合せ: the tables of states."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

PATH = ["intake", "dialogue", "planning", "trial", "evaluation", "implementation", "completed"]
_LABELS = {
    "intake": _("受付"),
    "dialogue": _("対話"),
    "planning": _("企画"),
    "trial": _("実証"),
    "evaluation": _("検証"),
    "implementation": _("事業化"),
    "completed": _("完了"),
}


def _onward(stage: str) -> tuple[str, ...]:
    """Every later stage (skips want a reason), the one before (going back wants one too), pause and close."""
    here = PATH.index(stage)
    back = (PATH[here - 1],) if here else ()
    return (*back, *PATH[here + 1 :], "paused", "closed")


CASE = Lifecycle(
    "case",
    "連携案件",
    [
        *(
            State(stage, _LABELS[stage], to=_onward(stage), public=_LABELS[stage], tone="active")
            for stage in PATH
            if stage != "completed"
        ),
        State("completed", _LABELS["completed"], public=_LABELS["completed"], closing=True, tone="done"),
        State(
            "paused",
            _("保留"),
            to=(*PATH[:-1], "closed"),
            public=_("保留"),
            requires=("paused_until",),
            tone="warn",
        ),
        # Only where its proposal, asked about again elsewhere, is taken up after all: the record goes on.
        State(
            "closed",
            _("見送り"),
            to=("dialogue",),
            public=_("見送り"),
            requires=("close_reason", "feedback"),
            closing=True,
        ),
    ],
)
OPEN = CASE.open

TRIAL = Lifecycle(
    "trial",
    "実証実験",
    [
        State("planned", _("計画"), to=("approved", "cancelled")),
        State("approved", _("承認"), to=("running", "cancelled"), public=_("実施予定"), tone="info"),
        State("running", _("実施中"), to=("reported", "cancelled"), public=_("実施中"), tone="active"),
        State(
            "reported",
            _("報告"),
            to=("decided",),
            public=_("結果を検証中"),
            requires=("findings",),
            tone="info",
        ),
        State(
            "decided",
            _("判定"),
            public=_("判定済み"),
            requires=("decision", "decision_reason"),
            closing=True,
            tone="done",
        ),
        State("cancelled", _("取りやめ"), public=_("取りやめ"), requires=("decision_reason",), closing=True),
    ],
)
RAN = ["running", "reported", "decided"]


class CostSide(models.TextChoices):
    MUNICIPALITY = "municipality", _("自治体")
    ORGANISATION = "organisation", _("団体")
    OTHER = "other", _("その他(補助金など)")


class TrialDecision(models.TextChoices):
    ADOPT = "adopt", _("本格導入")
    EXTEND = "extend", _("継続")
    STOP = "stop", _("終了")


class Direction(models.TextChoices):
    """Which side of its threshold a measure wants to be on."""

    AT_LEAST = "at_least", _("以上")
    AT_MOST = "at_most", _("以下")


# What next year's initial budget passes through, in order, and the day (month, day) that is usual in Japan.
BUDGET_DAYS = {
    "hearing": "09-15",
    "request": "10-31",
    "review": "01-20",
    "assembly_opens": "03-01",
    "assembly_votes": "03-20",
}

AGREEMENT = Lifecycle(
    "agreement",
    "協定",
    [
        State("drafting", _("調整"), to=("review", "signed")),
        State("review", _("法務確認"), to=("drafting", "signed")),
        State("signed", _("締結"), to=("active",), public=_("締結"), requires=("signed_on",), tone="good"),
        State("active", _("有効"), to=("renewed", "expired", "terminated"), public=_("有効"), tone="good"),
        State("renewed", _("更新"), public=_("更新"), closing=True),
        State("expired", _("満了"), public=_("満了"), closing=True),
        State("terminated", _("解除"), public=_("解除"), requires=("end_reason",), closing=True),
    ],
)
CONCLUDED = ["signed", "active"]


class AgreementKind(models.TextChoices):
    COMPREHENSIVE = "comprehensive", _("包括連携協定")
    INDIVIDUAL = "individual", _("個別連携協定")
    MEMORANDUM = "memorandum", _("覚書")


MEETING = Lifecycle(
    "meeting",
    "打合せ",
    [
        State("offered", _("日程調整中"), to=("fixed", "cancelled"), public=_("日程調整中"), tone="info"),
        State("fixed", _("予定"), to=("fixed", "held", "cancelled"), public=_("予定"), tone="active"),
        State("held", _("実施済"), public=_("実施済"), closing=True, tone="done"),
        State("cancelled", _("中止"), public=_("中止"), requires=("cancel_reason",), closing=True),
    ],
)


class SlotAnswerKind(models.TextChoices):
    YES = "yes", _("行ける")
    MAYBE = "maybe", _("調整できる")
    NO = "no", _("行けない")


class StayEnd(models.TextChoices):
    """How a stay at a stage ended. A pause only ends the watching (it is censored); the other two are answers."""

    MOVED = "moved", _("進んだ")
    PAUSED = "paused", _("保留になった")
    CLOSED = "closed", _("見送りになった")


class PostKind(models.TextChoices):
    """What one line of a case's thread is."""

    MESSAGE = "message", _("メッセージ")
    NOTE = "note", _("内部メモ")
    MEETING = "meeting", _("打合せ")
    FILE = "file", _("資料")
    STAGE = "stage", _("段階")
    BALL = "ball", _("ボール")
    DECISION = "decision", _("決定")


class Side(models.TextChoices):
    DESK = "desk", _("デスク")
    DEPARTMENT = "department", _("部署")
    ORGANISATION = "organisation", _("団体")
    SYSTEM = "system", _("システム")
