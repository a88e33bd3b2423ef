"""The states of what a fund is made of, and the words for its choices."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

EDITION = Lifecycle(
    "edition",
    _("制度の版"),
    [
        State("draft", _("編集中"), to=("in_use",)),
        State("in_use", _("使用中"), to=("retired",), tone="good"),
        State("retired", _("以前の版"), closing=True),
    ],
)

CONTRIBUTION = Lifecycle(
    "contribution",
    _("拠出"),
    [
        State("pledged", _("約束"), to=("received", "cancelled"), public=_("拠出予定"), tone="info"),
        State("received", _("受領済み"), to=("returned",), public=_("拠出済み"), tone="good"),
        State("returned", _("返還済み"), public=_("返還済み"), closing=True),
        State("cancelled", _("取りやめ"), public=_("取りやめ"), closing=True),
    ],
)

CALL = Lifecycle(
    "call",
    _("募集"),
    [
        State("draft", _("準備中"), to=("published", "cancelled")),
        State("published", _("公開中"), to=("screening", "cancelled"), public=_("募集"), tone="good"),
        State("screening", _("審査中"), to=("released", "cancelled"), public=_("審査中"), tone="active"),
        State("released", _("結果発表済み"), to=("finished",), public=_("交付決定"), tone="done"),
        State("finished", _("終了"), public=_("終了"), closing=True),
        State("cancelled", _("中止"), public=_("中止"), closing=True),
    ],
)

# What follows `checked` is known to the secretariat alone until it is released (`musubi.fund.curtain`): pages for
# applicants read `Application.shown_state`. One that failed can still be withdrawn until then: a refusal would tell.
APPLICATION = Lifecycle(
    "application",
    _("助成申請"),
    [
        State("draft", _("下書き"), to=("submitted", "withdrawn")),
        State("submitted", _("申請"), to=("checked", "returned", "withdrawn"), tone="info"),
        State("returned", _("補正依頼"), to=("submitted", "withdrawn"), tone="active"),
        State("checked", _("形式確認済"), to=("first_passed", "first_failed", "withdrawn"), tone="info"),
        State("first_passed", _("一次通過"), to=("second_passed", "second_failed", "withdrawn")),
        State("first_failed", _("一次不通過"), to=("withdrawn",), closing=True),
        State(
            "second_passed", _("二次通過"), to=("awarded", "not_awarded", "reserve", "withdrawn"), tone="info"
        ),
        State("second_failed", _("二次不通過"), to=("withdrawn",), closing=True),
        State("not_awarded", _("不交付決定"), closing=True),
        State("reserve", _("補欠"), to=("awarded", "not_awarded", "withdrawn"), tone="info"),
        State(
            "awarded",
            _("交付決定"),
            to=("change_requested", "advanced", "reported", "withdrawn", "revoked"),
            tone="good",
        ),
        State("change_requested", _("変更申請"), to=("awarded", "advanced", "withdrawn", "revoked")),
        # Back to awarded or fixed: what was paid or came back had been recorded by mistake.
        State(
            "advanced", _("概算払済"), to=("awarded", "change_requested", "reported", "revoked"), tone="good"
        ),
        State("reported", _("実績報告"), to=("fixed", "revoked"), tone="info"),
        State("fixed", _("額の確定"), to=("settled", "revoked"), tone="info"),
        State("settled", _("精算済"), to=("fixed", "outcome_reported", "revoked"), tone="good"),
        State("outcome_reported", _("成果報告済"), to=("revoked",), tone="done"),
        State("withdrawn", _("取下げ"), closing=True),
        State("revoked", _("交付決定の取消"), closing=True),
    ],
)
# What leads to no award, or to none any more.
NO_LONGER_RUNS = ["withdrawn", "first_failed", "second_failed", "not_awarded", "revoked"]

ASSIGNMENT = Lifecycle(
    "assignment",
    _("審査の割当て"),
    [
        State("assigned", _("採点待ち"), to=("scored", "recused", "taken_back"), tone="info"),
        State("scored", _("採点済み"), to=("assigned", "recused"), tone="good"),
        State("recused", _("除斥"), closing=True),
        State("taken_back", _("割当て取消し"), closing=True),
    ],
)

CHANGE = Lifecycle(
    "change",
    _("変更申請"),
    [
        State("requested", _("申請"), to=("approved", "refused", "withdrawn"), tone="info"),
        State("approved", _("承認"), closing=True, tone="good"),
        State("refused", _("不承認"), closing=True),
        State("withdrawn", _("取下げ"), closing=True),
    ],
)

PAYMENT = Lifecycle(
    "payment",
    _("支払"),
    [
        State("requested", _("請求"), to=("paid", "cancelled"), tone="info"),
        # Back to requested: it had been recorded by mistake.
        State("paid", _("支払済み"), to=("requested",), closing=True, tone="good"),
        State("cancelled", _("取消し"), closing=True),
    ],
)


class Account(models.TextChoices):
    """The accounts of a fund. Cash + advances + claims always equal free + committed + payable; promises stand apart."""

    CASH = "cash", _("現金預金")
    ADVANCES = "advances", _("概算払")
    CLAIMS = "claims", _("返還請求")
    FREE = "free", _("使える資金")
    COMMITTED = "committed", _("交付決定額")
    PAYABLE = "payable", _("未払の助成金")
    PLEDGES = "pledges", _("拠出の約束")
    PROMISED = "promised", _("約束された拠出")


# A posting has both its sides in one of these: see `Posting`.
MONEY = ["cash", "advances", "claims", "free", "committed", "payable"]
PROMISES = ["pledges", "promised"]


class Source(models.TextChoices):
    """Where money comes from."""

    PUBLIC = "public", _("公費")
    ORGANISATION = "organisation", _("企業・団体")
    PERSON = "person", _("個人")


class Earmark(models.TextChoices):
    """What money is meant for."""

    GENERAL = "general", _("使いみちを指定しない")
    GOAL = "goal", _("SDGsゴール")
    THEME = "theme", _("テーマ")
    PROGRAMME = "programme", _("助成制度")


class Stage(models.TextChoices):
    FIRST = "first", _("第一次審査(書類)")
    SECOND = "second", _("第二次審査(プレゼンテーション)")


class Recusal(models.TextChoices):
    """What becomes of a total where members were recused."""

    MEAN = "mean", _("残りの委員の平均で比べる")
    FILL = "fill", _("除斥した委員の分を、ほかの委員の平均で補う(小数点以下切捨て)")


class Tie(models.TextChoices):
    """Who comes first of two with the same total."""

    CRITERION = "criterion", _("重みの大きい項目の点が高いほう")
    LESS = "less", _("申請額が少ないほう")
    DRAW = "draw", _("委員会で決める")


class ConsumptionTax(models.TextChoices):
    IGNORE = "ignore", _("扱わない")
    DEDUCT = "deduct", _("申請のときに控除する")
    REPORT = "report", _("あとで報告して返還する")


class FormStyle(models.TextChoices):
    """How a form's number is written; municipalities differ."""

    BEFORE = "before", _("様式第1号")
    AFTER = "after", _("第1号様式")


class Phase(models.TextChoices):
    """Which budget a cost belongs to."""

    PLAN = "plan", _("申請時の予算")
    CHANGE = "change", _("変更後の予算")
    ACTUAL = "actual", _("実績")


class PaymentKind(models.TextChoices):
    ADVANCE = "advance", _("概算払")
    REST = "rest", _("精算払")
