"""The kinds of letters, and how the product writes them until a municipality writes them its own way."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class LetterKind(models.TextChoices):
    """Every official letter and form, in the order of a year."""

    APPLICATION = "application", _("交付申請書の写し")
    RECEIPT = "receipt", _("申請受付書")
    SCORES = "scores", _("審査採点集計表")
    INVITATION = "invitation", _("プレゼンテーション審査のご案内")
    MINUTES = "minutes", _("審査会議事録")
    AWARD = "award", _("交付決定通知書")
    REFUSAL = "refusal", _("不交付決定通知書")
    RESERVE = "reserve", _("補欠通知書")
    ADVANCE = "advance", _("概算払請求書")
    CHANGE = "change", _("変更承認通知書")
    REPORT = "report", _("実績報告書の写し")
    FIXING = "fixing", _("額の確定通知書")
    REVOCATION = "revocation", _("交付決定取消通知書")
    CLAIM = "claim", _("返還請求書")
    GIFT_RECEIPT = "gift-receipt", _("拠出金受領書")
    GIFT_THANKS = "gift-thanks", _("拠出のお礼状")


K = LetterKind
# What the municipality sends out: it gets a number, is kept as it was, and may bear the seal.
SENT = (
    K.RECEIPT, K.INVITATION, K.AWARD, K.REFUSAL, K.RESERVE, K.CHANGE, K.FIXING, K.REVOCATION, K.CLAIM, K.GIFT_RECEIPT,
    K.GIFT_THANKS,
)  # fmt: skip
# What an organisation sends to the municipality.
HANDED_IN = (K.APPLICATION, K.ADVANCE, K.REPORT)
# What stays in the house.
INTERNAL = (K.SCORES, K.MINUTES)
# Sent out, but under the application's own number, and never kept: a correction is received anew, and a time that was
# changed makes a new invitation.
UNNUMBERED = (K.RECEIPT, K.INVITATION)

BLOCKS = {
    "form": _("様式番号"),
    "number": _("文書番号と日付"),
    "to": _("宛先"),
    "from": _("差出人と公印"),
    "title": _("題名"),
    "body": _("本文"),
    "facts": _("記(内容と条件)"),
    "tables": _("表"),
    "notes": _("備考"),
    "contact": _("問い合わせ先"),
}
ORDER = list(BLOCKS)
# In millimetres and points.
MARGINS = {"top": 25, "right": 22, "bottom": 22, "left": 25}
SIZE = 10.5


class Wording(NamedTuple):
    """How a kind is written: its form's number (empty for none), its title, its text, what is always added."""

    form: str
    title: str
    body: str
    conditions: str = ""
    notes: str = ""


DEFAULTS: dict[str, Wording] = {
    K.APPLICATION: Wording(
        "1",
        "{制度名} 交付申請書",
        "{制度名}の交付を受けたいので、関係書類を添えて、次のとおり申請します。",
    ),
    K.RECEIPT: Wording(
        "",
        "申請受付書",
        "{制度名}の交付申請を、次のとおり受け付けました。審査の結果は、結果の発表のときに、すべての申請者に同時にお知らせします。",
        notes="この受付書は、申請が届いたことをお知らせするもので、交付を約束するものではありません。",
    ),
    K.INVITATION: Wording(
        "",
        "プレゼンテーション審査のご案内",
        "{申請日}付けで申請のあった{制度名}について、第一次審査(書類)を通過したので、お知らせします。\n"
        "つきましては、次のとおり第二次審査(プレゼンテーション)を行いますので、ご出席ください。",
        notes="この案内は、交付を約束するものではありません。審査の結果は、結果の発表のときに、すべての申請者に同時にお知らせします。",
    ),
    K.SCORES: Wording("", "審査採点集計表", "{募集名}の{審査}の採点を、次のとおり集計しました。"),
    K.MINUTES: Wording("", "審査会議事録", ""),
    K.AWARD: Wording(
        "2",
        "{制度名} 交付決定通知書",
        "{申請日}付けで申請のあった{制度名}について、次のとおり交付することに決定したので、通知します。",
        conditions="助成金を、交付の決定を受けた事業以外に使わないこと。\n"
        "事業の内容や経費の配分を変えるとき、または事業を中止するときは、あらかじめ承認を受けること。\n"
        "事業が終わったときは、期限までに実績報告書を提出すること。\n"
        "助成金の額が確定したあと、概算払を受けた額がこれを超えるときは、その差額を返還すること。\n"
        "収入と支出を明らかにした帳簿と証拠書類を、事業が終わった年度の翌年度から5年間保存すること。",
    ),
    K.REFUSAL: Wording(
        "3",
        "{制度名} 不交付決定通知書",
        "{申請日}付けで申請のあった{制度名}について、審査の結果、交付しないことに決定したので、通知します。",
    ),
    K.RESERVE: Wording(
        "3",
        "{制度名} 審査結果(補欠)通知書",
        "{申請日}付けで申請のあった{制度名}について、審査の結果、補欠とすることに決定したので、通知します。"
        "交付を受ける団体に辞退などがあったときは、順位に従って、あらためて交付を決定します。",
    ),
    K.ADVANCE: Wording(
        "5",
        "{制度名} 概算払請求書",
        "{決定日}付け{文書番号}で交付決定を受けた{制度名}について、次のとおり概算払を請求します。",
    ),
    K.CHANGE: Wording(
        "7",
        "{制度名} 変更{可否}通知書",
        "{変更申請日}付けで申請のあった{制度名}の変更について、次のとおり{可否}することに決定したので、通知します。",
    ),
    K.REPORT: Wording(
        "8",
        "{制度名} 実績報告書",
        "{決定日}付け{文書番号}で交付決定を受けた{制度名}の事業が終わったので、関係書類を添えて、次のとおり報告します。",
    ),
    K.FIXING: Wording(
        "9",
        "{制度名} 交付額確定通知書",
        "{決定日}付け{文書番号}で交付決定をした{制度名}について、実績報告書の審査と検査の結果、"
        "次のとおり交付額を確定したので、通知します。",
    ),
    K.REVOCATION: Wording(
        "10",
        "{制度名} 交付決定取消通知書",
        "{決定日}付け{文書番号}で交付決定をした{制度名}について、次のとおり交付決定を取り消したので、通知します。",
    ),
    K.CLAIM: Wording(
        "11",
        "{制度名} 返還{請求か命令}書",
        "{決定日}付け{文書番号}で交付決定をした{制度名}について、次のとおり返還してください。",
        notes="期限までに返還されないときは、期限の翌日から返還の日までの日数に応じて、年{延滞金の率}の割合で計算した延滞金を加えて納めていただきます。",
    ),
    K.GIFT_RECEIPT: Wording("", "拠出金受領書", "{ファンド名}への拠出金として、次のとおり受領いたしました。"),
    K.GIFT_THANKS: Wording(
        "",
        "拠出のお礼",
        "時下ますますご清栄のこととお喜び申し上げます。日ごろから、{自治体名}のまちづくりに格別のご理解とご協力を賜り、厚くお礼申し上げます。\n"
        "このたびは、{ファンド名}に{拠出額}のご拠出を賜り、誠にありがとうございました。お寄せいただいたご厚意は、「{使いみち}」のために、大切に使わせていただきます。\n"
        "拠出金の使いみちと、支援した事業の成果は、ファンドのページで公開してまいります。今後とも、変わらぬお力添えをくださいますよう、お願い申し上げます。",
    ),
}
