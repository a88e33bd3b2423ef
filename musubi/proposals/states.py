"""proposal 提案: the table of states."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

ENDINGS = ("withdrawn", "declined")
PROPOSAL = Lifecycle(
    "proposal",
    "提案",
    [
        State("draft", _("下書き"), to=("submitted",), public=_("下書き")),
        State(
            "submitted",
            _("受付"),
            to=("routing", "dialogue", *ENDINGS),
            public=_("受け付けました"),
            requires=("ref", "title", "content"),
            tone="info",
        ),
        State(
            "routing",
            _("照会中"),
            to=("dialogue", "submitted", *ENDINGS),
            public=_("担当課に照会中"),
            tone="info",
        ),
        State("dialogue", _("対話"), to=("accepted", *ENDINGS), public=_("対話中"), tone="active"),
        State(
            "accepted",
            _("連携決定"),
            to=("withdrawn",),
            public=_("連携が決まりました"),
            tone="good",
            closing=True,
        ),
        State("withdrawn", _("取下げ"), public=_("取下げ"), closing=True),
        State(
            "declined",
            _("見送り"),
            to=("submitted", "routing"),
            public=_("今回は見送り"),
            requires=("decline_reason", "feedback"),
            closing=True,
        ),
    ],
)
OPEN = ["submitted", "routing", "dialogue"]
# While these last the proposal itself has the ball; in dialogue its case has it.
WAITING = ["submitted", "routing"]


REFERRAL = Lifecycle(
    "referral",
    "紹介",
    [
        State(
            "offered",
            _("団体の返事待ち"),
            to=("consented", "refused", "lapsed", "withdrawn"),
            public=_("お返事待ち"),
            tone="info",
        ),
        State("consented", _("団体が同意"), public=_("引き継ぎに同意しました"), closing=True, tone="good"),
        State("refused", _("団体が辞退"), public=_("引き継ぎを断りました"), closing=True),
        State("lapsed", _("返事がないまま期限切れ"), public=_("期限が過ぎました"), closing=True),
        State("withdrawn", _("取りやめ"), public=_("自治体が取りやめました"), closing=True),
    ],
)
# An organisation has this many calendar days to say whether its proposal may travel.
REFERRAL_DAYS = 30


class Track(models.TextChoices):
    CHALLENGE = "challenge", _("課題解決型")
    TRIAL = "trial", _("実証実験提案型")
    OPEN = "open", _("自由提案")


class DeclineReason(models.TextChoices):
    """Why not. Every reason goes to the proposer together with feedback in words."""

    BUDGET = "budget", _("予算の見通しが立たない")
    EXISTING = "existing", _("既存の事業と重なる")
    NOT_A_FIT = "not_a_fit", _("課題の内容と合わない")
    CAPACITY = "capacity", _("実施体制が整わない")
    RULES = "rules", _("制度・規則上できない")
    EVIDENCE = "evidence", _("効果の裏付けが足りない")
    TIMING = "timing", _("時期が合わない")
    OTHER_SELECTED = "other_selected", _("ほかの提案を選んだ")
    NO_REPLY = "no_reply", _("連絡がとれない")
    WITHDRAWN = "withdrawn", _("団体からの取下げ")
    OTHER = "other", _("その他")


class Answer(models.TextChoices):
    """What a department says of a proposal routed to it."""

    WAITING = "waiting", _("回答待ち")
    INTERESTED = "interested", _("対話したい")
    CONDITIONAL = "conditional", _("条件つきで対話したい")
    NOT_OURS = "not_ours", _("所管ではない")
    NOT_NOW = "not_now", _("今回は見送りたい")
